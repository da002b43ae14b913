/** RENAME and SET SCHEMA. */
import type { Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, quoteIdent, strings } from '../names.ts';
import { escapeRegExp } from '../text.ts';
import type { Draft } from './draft.ts';
import { truncated } from './generated-names.ts';
import { findIndex, type indexNamed } from './indexes.ts';
import { moveRelation, moveRoutine, moveType, renameSchema } from './move.ts';
import { renameInExpressions } from './rename-in-expressions.ts';
import { findRoutines } from './routines.ts';
import { childrenOf } from './table-access.ts';

export function renameStatement(draft: Draft, node: SyntaxNode): void {
  const newName = truncated(node.newname ?? '');
  const relation = node.relation === undefined ? null : draft.relation(node.relation);
  switch (node.renameType) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX': {
      // ALTER TABLE … RENAME works on all of them.
      if (relation !== null && draft.isRelation(relation)) moveRelation(draft, relation, null, newName);
      else if (node.relation !== undefined) {
        renameIndex(
          draft,
          findIndex(draft, node.relation.schemaname ?? null, node.relation.relname),
          newName,
        );
      }
      break;
    }
    case 'OBJECT_COLUMN':
      if (relation !== null) renameColumn(draft, relation, node.subname, newName);
      break;
    case 'OBJECT_TABCONSTRAINT':
      if (relation !== null) renameConstraint(draft, relation, node.subname, newName);
      break;
    case 'OBJECT_POLICY':
      if (relation === null) break;
      draft.update('table', relation, (table) => ({
        ...table,
        policies: table.policies.map((policy) =>
          policy.name === node.subname ? { ...policy, name: newName } : policy,
        ),
      }));
      break;
    case 'OBJECT_TRIGGER':
      if (relation !== null) renameTrigger(draft, relation, node.subname, newName);
      break;
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      for (const key of findRoutines(draft, node.object.ObjectWithArgs))
        moveRoutine(draft, key, null, newName);
      break;
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN': {
      const { schema, name } = qualified(strings(node.object?.List?.items));
      moveType(draft, draft.typeKey(schema, name), null, newName);
      break;
    }
    case 'OBJECT_SCHEMA':
      renameSchema(draft, node.subname, newName);
      break;
    case 'OBJECT_PUBLICATION': {
      const publication = draft.get('publication', node.object?.String?.sval ?? '');
      if (publication !== undefined) {
        draft.move('publication', publication.name, { ...publication, name: newName });
      }
      break;
    }
    case 'OBJECT_ROLE':
      renameRole(draft, node.subname, newName);
      break;
    case 'OBJECT_ATTRIBUTE':
      draft.touch('type', draft.typeKey(node.relation?.schemaname ?? null, node.relation?.relname ?? ''));
      break;
    default:
      // Domain constraints, rules, servers, databases, collations …: no part of a state.
      break;
  }
}

export function setSchema(draft: Draft, node: SyntaxNode): void {
  const schema: string = node.newschema;
  switch (node.objectType) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_SEQUENCE':
      moveRelation(draft, draft.relation(node.relation), schema, null);
      break;
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      for (const key of findRoutines(draft, node.object.ObjectWithArgs))
        moveRoutine(draft, key, schema, null);
      break;
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN': {
      const { schema: old, name } = qualified(strings(node.object?.List?.items));
      moveType(draft, draft.typeKey(old, name), schema, null);
      break;
    }
    case 'OBJECT_EXTENSION': {
      const extension = draft.get('extension', node.object?.String?.sval ?? '');
      if (extension === undefined) break;
      draft.put('extension', { ...extension, schema });
      break;
    }
    default:
      break;
  }
}

function renameIndex(draft: Draft, found: ReturnType<typeof indexNamed>, newName: string): void {
  if (found === null) return;
  const { index } = found;
  if (found.kind === 'view') {
    draft.put('view', {
      ...found.holder,
      indexes: found.holder.indexes.map((other) => (other === index ? { ...index, name: newName } : other)),
    });
  } else draft.put('table', renamedConstraint(found.holder, index.name, newName));
}

/** An index and the constraint that stands on it have one name. */
function renamedConstraint(table: Table, oldName: string, newName: string): Table {
  const rename = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
    list.map((entry) => (entry.name === oldName ? { ...entry, name: newName } : entry));
  return {
    ...table,
    primaryKey:
      table.primaryKey?.name === oldName ? { ...table.primaryKey, name: newName } : table.primaryKey,
    uniques: rename(table.uniques),
    exclusions: rename(table.exclusions),
    foreignKeys: rename(table.foreignKeys),
    checks: rename(table.checks),
    indexes: rename(table.indexes),
  };
}

function renameConstraint(draft: Draft, key: string, oldName: string, newName: string): void {
  const table = draft.get('table', key);
  if (table === undefined) return;
  const isCheck = table.checks.some((check) => check.name === oldName);
  draft.put('table', renamedConstraint(table, oldName, newName));
  if (isCheck)
    for (const child of childrenOf(draft, key)) renameConstraint(draft, child.key, oldName, newName);
}

function renameTrigger(draft: Draft, key: string, oldName: string, newName: string): void {
  const rename = <T extends Table | View>(holder: T): T => ({
    ...holder,
    triggers: holder.triggers.map((trigger) =>
      trigger.name === oldName ? { ...trigger, name: newName } : trigger,
    ),
  });
  draft.update('view', key, rename);
  draft.update('table', key, rename);
  for (const child of childrenOf(draft, key)) {
    if (child.kind === 'partition') renameTrigger(draft, child.key, oldName, newName);
  }
}

function renameColumn(draft: Draft, key: string, oldName: string, newName: string): void {
  const view = draft.get('view', key);
  if (view !== undefined) {
    const columns = view.columns.map((column) => (column === oldName ? newName : column));
    draft.put('view', { ...view, columns });
    return;
  }
  const table = draft.get('table', key);
  if (table === undefined) {
    draft.touch('type', key);
    return;
  }
  renameInExpressions(draft, oldName, newName, (uses) => {
    const nodes = new Map<SyntaxNode, SyntaxNode>();
    for (const use of uses.columns) {
      if (use.relation !== key || use.column !== oldName) continue;
      const fields: readonly SyntaxNode[] | undefined = use.node.fields;
      if (fields?.at(-1)?.String === undefined) continue;
      nodes.set(use.node, { ...use.node, fields: fields.with(-1, { String: { sval: newName } }) });
    }
    return nodes;
  });
  const current = draft.get('table', key)!;
  const swap = <T extends string | null>(names: readonly T[]) =>
    names.includes(oldName as T) ? names.map((name) => (name === oldName ? (newName as T) : name)) : names;
  const swapIn = <T extends { readonly columns: readonly string[] }>(constraint: T): T => ({
    ...constraint,
    columns: swap(constraint.columns),
  });
  const printed = (definition: string) =>
    definition.replace(new RegExp(`(?<=[(, ])${escapeRegExp(quoteIdent(oldName))}(?=[,) ])`, 'g'), () =>
      quoteIdent(newName),
    );
  draft.put('table', {
    ...current,
    columns: current.columns.map((column) =>
      column.name === oldName ? { ...column, name: newName } : column,
    ),
    primaryKey: current.primaryKey === null ? null : swapIn(current.primaryKey),
    uniques: current.uniques.map(swapIn),
    exclusions: current.exclusions.map(swapIn),
    foreignKeys: current.foreignKeys.map(swapIn),
    indexes: current.indexes.map((index) => ({
      ...index,
      columns: swap(index.columns),
      include: swap(index.include),
      definition: printed(index.definition),
    })),
    grants: current.grants.map((grant) =>
      grant.columns === null ? grant : { ...grant, columns: swap(grant.columns) },
    ),
  });
  draft.each('table', (other) =>
    other.foreignKeys.some((fk) => fk.references === key && fk.referencedColumns.includes(oldName))
      ? {
          ...other,
          foreignKeys: other.foreignKeys.map((fk) =>
            fk.references === key ? { ...fk, referencedColumns: swap(fk.referencedColumns) } : fk,
          ),
        }
      : other,
  );
  const owned = `${key}.${quoteIdent(oldName)}`;
  draft.each('sequence', (sequence) =>
    sequence.ownedBy === owned ? { ...sequence, ownedBy: `${key}.${quoteIdent(newName)}` } : sequence,
  );
  for (const child of childrenOf(draft, key)) renameColumn(draft, child.key, oldName, newName);
}

function renameRole(draft: Draft, from: string, to: string): void {
  for (const kind of ['table', 'view', 'sequence', 'routine', 'schema'] as const) {
    draft.each(kind, (object) => {
      const grants = object.grants.some((grant) => grant.grantee === from)
        ? object.grants.map((grant) => (grant.grantee === from ? { ...grant, grantee: to } : grant))
        : object.grants;
      const owner = object.owner === from ? to : object.owner;
      return grants === object.grants && owner === object.owner ? object : { ...object, grants, owner };
    });
  }
  draft.each('table', (table) =>
    table.policies.some((policy) => policy.roles.includes(from))
      ? {
          ...table,
          policies: table.policies.map((policy) => ({
            ...policy,
            roles: policy.roles.map((role) => (role === from ? to : role)),
          })),
        }
      : table,
  );
  draft.defaultPrivileges = draft.defaultPrivileges.map((entry) => ({
    ...entry,
    role: entry.role === from ? to : entry.role,
    grantee: entry.grantee === from ? to : entry.grantee,
  }));
}
