/** RENAME and SET SCHEMA: the object under its new key, and everything that names it. */
import type { DataType, Expression, Routine, Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { functionKey, keyOf, qualified, quoteIdent, strings } from '../names.ts';
import { escapeRegExp } from '../text.ts';
import type { Draft } from './draft.ts';
import { truncated } from './generated-names.ts';
import { findIndex, type indexNamed } from './indexes.ts';
import { mentions, rewritten, tableMentions, type Uses, usesOf } from './references.ts';
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

// — relations —

/** Under another name, in another schema, or both; with a table go its indexes and the sequences it owns. */
export function moveRelation(draft: Draft, from: string, schema: string | null, name: string | null): void {
  const sequence = draft.get('sequence', from);
  if (sequence !== undefined) {
    const to = { schema: schema ?? sequence.schema, name: name ?? sequence.name };
    const key = keyOf(to.schema, to.name);
    draft.move('sequence', from, { ...sequence, ...to, key });
    draft.each('table', (table) =>
      table.columns.some((column) => column.sequence === from)
        ? {
            ...table,
            columns: table.columns.map((c) => (c.sequence === from ? { ...c, sequence: key } : c)),
          }
        : table,
    );
    renameInExpressions(draft, sequence.name, to.name, (uses) => sequenceLiterals(uses, from, key));
    return;
  }
  const relation = draft.get('table', from) ?? draft.get('view', from);
  if (relation === undefined) return;
  const to = { schema: schema ?? relation.schema, name: name ?? relation.name };
  const key = keyOf(to.schema, to.name);
  if (key === from) return;
  // First what names it, while it can still be found under its old name.
  renameInExpressions(draft, relation.name, to.name, (uses) => relationNodes(uses, from, to));
  renameType(draft, from, key);
  const view = draft.get('view', from);
  if (view !== undefined) draft.move('view', from, { ...view, ...to, key });
  const table = draft.get('table', from);
  if (table !== undefined) {
    draft.move('table', from, { ...table, ...to, key });
    moveTableReferences(draft, from, key);
    for (const owned of [...draft.all('sequence').values()]) {
      if (!owned.ownedBy?.startsWith(`${from}.`)) continue;
      const ownedBy = `${key}${owned.ownedBy.slice(from.length)}`;
      draft.put('sequence', { ...owned, ownedBy });
      if (schema !== null) moveRelation(draft, owned.key, schema, null);
    }
  }
  draft.each('view', (other) =>
    other.reads.includes(from)
      ? { ...other, reads: other.reads.map((read) => (read === from ? key : read)).sort() }
      : other,
  );
}

function moveTableReferences(draft: Draft, from: string, to: string): void {
  draft.each('table', (table) => {
    const parent = table.parent === from ? to : table.parent;
    const foreignKeys = table.foreignKeys.some((fk) => fk.references === from)
      ? table.foreignKeys.map((fk) => (fk.references === from ? { ...fk, references: to } : fk))
      : table.foreignKeys;
    return parent === table.parent && foreignKeys === table.foreignKeys
      ? table
      : { ...table, parent, foreignKeys };
  });
  draft.each('publication', (publication) =>
    publication.tables.some((member) => member.table === from)
      ? {
          ...publication,
          tables: publication.tables.map((member) =>
            member.table === from ? { ...member, table: to } : member,
          ),
        }
      : publication,
  );
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

// — routines, types, schemas, roles —

function moveRoutine(draft: Draft, key: string, schema: string | null, name: string | null): void {
  const routine = draft.get('routine', key);
  if (routine === undefined) return;
  const to = { schema: schema ?? routine.schema, name: name ?? routine.name };
  const moved: Routine = {
    ...routine,
    ...to,
    key: `${keyOf(to.schema, to.name)}${key.slice(keyOf(routine.schema, routine.name).length)}`,
  };
  draft.move('routine', key, moved);
  const oldName = keyOf(routine.schema, routine.name);
  const newName = keyOf(to.schema, to.name);
  if (routine.arguments.length === 0) {
    for (const kind of ['table', 'view'] as const) {
      draft.each(kind, (holder) =>
        holder.triggers.some((trigger) => trigger.function === oldName)
          ? {
              ...holder,
              triggers: holder.triggers.map((trigger) =>
                trigger.function === oldName ? { ...trigger, function: newName } : trigger,
              ),
            }
          : holder,
      );
    }
  }
  renameInExpressions(draft, routine.name, to.name, (uses) => {
    const nodes = new Map<SyntaxNode, SyntaxNode>();
    for (const call of uses.functions) {
      if (call.name !== routine.name || (call.schema ?? routine.schema) !== routine.schema) continue;
      const funcname = [to.schema, to.name].map((part) => ({ String: { sval: part } }));
      nodes.set(call.node, { ...call.node, funcname });
    }
    return nodes;
  });
}

function moveType(draft: Draft, from: string, schema: string | null, name: string | null): void {
  const type = draft.get('type', from);
  if (type === undefined) return;
  const to = { schema: schema ?? type.schema, name: name ?? type.name };
  const moved: DataType = { ...type, ...to, key: keyOf(to.schema, to.name) };
  draft.move('type', from, moved);
  renameType(draft, from, moved.key);
}

/** In columns, arguments and results, and so in the keys of routines. */
function renameType(draft: Draft, from: string, to: string): void {
  const swap = (type: string) => {
    const at = type.startsWith('SETOF ') ? 6 : 0;
    if (!type.startsWith(from, at)) return type;
    const rest = type.slice(at + from.length);
    return /^(\(.*\))?(\[\])?$/.test(rest) ? `${type.slice(0, at)}${to}${rest}` : type;
  };
  draft.each('table', (table) =>
    table.columns.some((column) => swap(column.type) !== column.type)
      ? { ...table, columns: table.columns.map((column) => ({ ...column, type: swap(column.type) })) }
      : table,
  );
  for (const routine of [...draft.all('routine').values()]) {
    const args = routine.arguments.map((arg) => ({ ...arg, type: swap(arg.type) }));
    const returns = routine.returns.startsWith('TABLE(')
      ? `TABLE(${args
          .filter((arg) => arg.mode === 'table')
          .map((arg) => (arg.name === null ? arg.type : `${quoteIdent(arg.name)} ${arg.type}`))
          .join(', ')})`
      : swap(routine.returns);
    const same = args.every((arg, at) => arg.type === routine.arguments[at]!.type);
    if (same && returns === routine.returns) continue;
    const inputs = args.filter((arg) => arg.mode !== 'out' && arg.mode !== 'table').map((arg) => arg.type);
    const key = functionKey(routine.schema, routine.name, inputs);
    draft.move('routine', routine.key, { ...routine, arguments: args, returns, key });
  }
}

function renameSchema(draft: Draft, from: string, to: string): void {
  const schema = draft.get('schema', from);
  if (schema === undefined) return;
  draft.move('schema', from, { ...schema, name: to });
  for (const kind of ['table', 'view', 'sequence'] as const) {
    for (const object of [...draft.all(kind).values()]) {
      // A table takes its own sequences along.
      if (object.schema === from && draft.has(kind, object.key)) moveRelation(draft, object.key, to, null);
    }
  }
  for (const routine of [...draft.all('routine').values()]) {
    if (routine.schema === from) moveRoutine(draft, routine.key, to, null);
  }
  for (const type of [...draft.all('type').values()]) {
    if (type.schema === from) moveType(draft, type.key, to, null);
  }
  draft.each('extension', (extension) =>
    extension.schema === from ? { ...extension, schema: to } : extension,
  );
  draft.each('publication', (publication) =>
    publication.schemas.includes(from)
      ? { ...publication, schemas: publication.schemas.map((name) => (name === from ? to : name)) }
      : publication,
  );
  draft.defaultPrivileges = draft.defaultPrivileges.map((entry) =>
    entry.schema === from ? { ...entry, schema: to } : entry,
  );
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

// — expressions —

type Replacements = ReadonlyMap<SyntaxNode, SyntaxNode>;

/** Writes every expression anew that names something which gets another name. */
function renameInExpressions(
  draft: Draft,
  oldName: string,
  newName: string,
  find: (uses: Uses) => Replacements,
): void {
  const change = <T extends Expression | null>(expression: T, own: string): T => {
    if (expression === null || !mentions(expression, oldName)) return expression;
    return rewritten(expression, find(usesOf(draft, expression.node, own)), oldName, newName) as T;
  };
  draft.each('view', (view) => {
    const definition = change(view.definition, '');
    return definition === view.definition ? view : { ...view, definition };
  });
  draft.each('table', (table) => {
    if (!tableMentions(table, oldName)) return table;
    const own = table.key;
    let different = false;
    const map = <T>(list: readonly T[], each: (entry: T) => T): readonly T[] => {
      const changed = list.map(each);
      if (changed.every((entry, at) => entry === list[at])) return list;
      different = true;
      return changed;
    };
    const policies = map(table.policies, (policy) => {
      const using = change(policy.using, own);
      const check = change(policy.check, own);
      return using === policy.using && check === policy.check ? policy : { ...policy, using, check };
    });
    const checks = map(table.checks, (check) => {
      const expression = change(check.expression, own);
      return expression === check.expression ? check : { ...check, expression };
    });
    const columns = map(table.columns, (column) => {
      const value = change(column.default, own);
      const generated = change(column.generated, own);
      return value === column.default && generated === column.generated
        ? column
        : { ...column, default: value, generated };
    });
    const indexes = map(table.indexes, (index) => {
      const predicate = change(index.predicate, own);
      const expressions = index.expressions.map((expression) => change(expression, own));
      const same = expressions.every((expression, at) => expression === index.expressions[at]);
      return predicate === index.predicate && same ? index : { ...index, predicate, expressions };
    });
    return different ? { ...table, policies, checks, columns, indexes } : table;
  });
}

function relationNodes(uses: Uses, from: string, to: { schema: string; name: string }): Replacements {
  const nodes = new Map<SyntaxNode, SyntaxNode>();
  for (const use of uses.relations) {
    if (use.key !== from || use.node.relname === undefined) continue;
    // Columns are qualified by the old name where there is no alias: it becomes one.
    const alias = use.node.alias ?? { aliasname: use.node.relname };
    nodes.set(use.node, { ...use.node, schemaname: to.schema, relname: to.name, alias });
  }
  return nodes;
}

function sequenceLiterals(uses: Uses, from: string, to: string): Replacements {
  const nodes = new Map<SyntaxNode, SyntaxNode>();
  const literal = { A_Const: { sval: { sval: to } } };
  for (const use of uses.relations) {
    if (use.key !== from) continue;
    if (use.node.TypeCast !== undefined) {
      nodes.set(use.node, { TypeCast: { ...use.node.TypeCast, arg: literal } });
    } else if (use.node.FuncCall !== undefined) {
      nodes.set(use.node, { FuncCall: { ...use.node.FuncCall, args: [literal] } });
    }
  }
  return nodes;
}
