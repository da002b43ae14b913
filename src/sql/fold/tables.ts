/** CREATE TABLE in all its forms, and ALTER TABLE. */
import type { Column, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { buildColumn, createOwnedSequence, isNull, sequencesOf } from './columns.ts';
import {
  addConstraints,
  dropConstraint,
  type PlacedConstraint,
  putCheck,
  putForeignKey,
} from './constraints.ts';
import type { Draft } from './draft.ts';
import { dropColumn, dropSequence } from './drop.ts';
import { chooseRelationName, joinColumns } from './generated-names.ts';
import { grantsForOwner, roleName } from './grants.ts';
import { columnNamesOf, findIndex, putConstraint } from './indexes.ts';
import { looseExpression, type Site } from './site.ts';
import { childrenOf, columnOf, descendants, madeElsewhere, newTable, tableToAlter } from './table-access.ts';
import { alterComposite } from './types.ts';
import { alterViewOption } from './views.ts';

// — CREATE TABLE —

export function createTable(draft: Draft, node: SyntaxNode, site: Site, foreign = false): void {
  const at = draft.newRelation(node.relation);
  const existing = draft.get('table', at.key);
  const knownByName = existing?.unknown.includes(madeElsewhere) === true && existing.columns.length === 0;
  if (draft.isRelation(at.key) && !knownByName) {
    if (!node.if_not_exists) alreadyThere(draft, at.key, site);
    return;
  }
  const parents: string[] = (node.inhRelations ?? []).map((entry: SyntaxNode) =>
    draft.relation(entry.RangeVar),
  );
  // LIKE t in a CREATE TABLE t means another t: it is looked up before this one is there.
  const likes = new Map<SyntaxNode, string>();
  for (const { TableLikeClause: like } of node.tableElts ?? []) {
    if (like !== undefined) likes.set(like, draft.relation(like.relation));
  }
  const table: Table = {
    ...newTable(draft, at),
    kind: foreign
      ? 'foreign'
      : node.partbound !== undefined
        ? 'partition'
        : node.partspec !== undefined
          ? 'partitioned'
          : 'table',
    parent: parents[0] ?? null,
    origin: site.origin,
  };
  draft.create('table', table);
  if (node.ofTypename !== undefined) ofType(draft, at.key, node.ofTypename, site);
  for (const parent of parents) inheritColumns(draft, at.key, parent, site);
  const constraints: PlacedConstraint[] = [];
  for (const element of node.tableElts ?? []) {
    if (element.ColumnDef !== undefined) {
      const built = buildColumn(draft, at, element.ColumnDef, site);
      putColumn(draft, at.key, built.column, site, element.ColumnDef);
      constraints.push(...built.constraints);
    } else if (element.Constraint !== undefined) {
      constraints.push({ node: element.Constraint, column: null });
    } else if (element.TableLikeClause !== undefined) {
      copyColumns(draft, at.key, element.TableLikeClause, likes.get(element.TableLikeClause)!, site);
    }
  }
  addConstraints(draft, at.key, constraints, site, true);
  for (const parent of parents) inheritRest(draft, at.key, parent, node.partbound !== undefined);
  for (const [like, source] of likes) copyRest(draft, at.key, like, source);
  if (knownByName) keepWhatWasSaid(draft, at.key, existing);
}

function alreadyThere(draft: Draft, key: string, site: Site): void {
  draft.unknown(
    site.origin,
    `${key} is created again`,
    draft.has('table', key) ? { kind: 'table', key } : null,
  );
}

/** Policies, indexes … that earlier statements laid on a table they took for granted. */
function keepWhatWasSaid(draft: Draft, key: string, before: Table): void {
  draft.update('table', key, (table) => ({
    ...table,
    rls: before.rls,
    forceRls: before.forceRls,
    rlsOrigin: before.rlsOrigin,
    policies: before.policies,
    triggers: [...table.triggers, ...before.triggers],
    indexes: [...table.indexes, ...before.indexes.filter((index) => !index.constraint)],
    unknown: before.unknown.filter((why) => why !== madeElsewhere),
  }));
}

/** A column takes the place of an inherited one of its name. */
function putColumn(draft: Draft, key: string, column: Column, site: Site, definition?: SyntaxNode): void {
  draft.update('table', key, (table) => {
    const at = table.columns.findIndex((other) => other.name === column.name);
    const inherited = table.columns[at];
    if (inherited === undefined) return { ...table, columns: [...table.columns, column] };
    // PARTITION OF and OF lists columns without a type, to add defaults and constraints.
    const merged = {
      ...column,
      type: definition?.typeName === undefined ? inherited.type : column.type,
      notNull: column.notNull || inherited.notNull,
      default: column.default ?? inherited.default,
      generated: column.generated ?? inherited.generated,
    };
    return { ...table, columns: table.columns.with(at, merged) };
  });
  if (definition?.typeName !== undefined && !draft.knowsType(definition.typeName)) {
    draft.unknown(site.origin, `type ${column.type} is not made by any migration`, { kind: 'table', key });
  }
}

function ofType(draft: Draft, key: string, type: SyntaxNode, site: Site): void {
  draft.unknown(site.origin, `columns of the type ${draft.typeName(type)}`, { kind: 'table', key });
}

function inheritColumns(draft: Draft, key: string, parent: string, site: Site): void {
  const from = draft.get('table', parent);
  if (from === undefined || from.unknown.includes(madeElsewhere)) {
    draft.unknown(site.origin, `columns of ${parent}, which no migration creates`, { kind: 'table', key });
  }
  for (const column of from?.columns ?? []) {
    putColumn(draft, key, { ...column, sequence: null, identity: null, comment: null }, site);
  }
}

/** Checks always; to a partition keys, indexes, foreign keys and row triggers as well. */
function inheritRest(draft: Draft, key: string, parent: string, partition: boolean): void {
  const from = draft.get('table', parent);
  if (from === undefined) return;
  // The child has no rows yet that could break them.
  for (const check of from.checks) putCheck(draft, draft.get('table', key)!, { ...check, validated: true });
  if (partition) {
    for (const column of from.columns) {
      if (column.identity === null) continue;
      draft.update('table', key, (table) => ({
        ...table,
        columns: table.columns.map((own) =>
          own.name === column.name ? { ...own, identity: column.identity } : own,
        ),
      }));
    }
    clonePartitionParts(draft, key, from);
  }
}

function clonePartitionParts(draft: Draft, key: string, parent: Table): void {
  const current = () => draft.get('table', key)!;
  const taken = new Set<string>();
  for (const index of parent.indexes) {
    const kind =
      parent.primaryKey?.name === index.name
        ? 'primary'
        : parent.uniques.some((unique) => unique.name === index.name)
          ? 'unique'
          : parent.exclusions.some((exclusion) => exclusion.name === index.name)
            ? 'exclusion'
            : null;
    const table = current();
    const twin = table.indexes.find(
      (own) =>
        own.definition === index.definition && (kind === null || own.constraint) && !taken.has(own.name),
    );
    if (twin !== undefined) {
      taken.add(twin.name);
      continue;
    }
    const names = columnNamesOf(index);
    if (kind === 'primary' && table.primaryKey !== null) continue;
    const label =
      kind === 'primary' ? 'pkey' : kind === 'unique' ? 'key' : kind === 'exclusion' ? 'excl' : 'idx';
    const addition = kind === 'primary' ? null : joinColumns(names);
    const name = chooseRelationName(draft, table.schema, table.name, addition, label, kind !== null);
    taken.add(name);
    if (kind === null) draft.put('table', { ...table, indexes: [...table.indexes, { ...index, name }] });
    else putConstraint(draft, table, kind, { ...index, name });
  }
  for (const foreignKey of parent.foreignKeys) {
    const table = current();
    const twin = table.foreignKeys.some(
      (own) =>
        own.references === foreignKey.references &&
        own.columns.join('\0') === foreignKey.columns.join('\0') &&
        own.referencedColumns.join('\0') === foreignKey.referencedColumns.join('\0'),
    );
    if (!twin) putForeignKey(draft, table, { ...foreignKey, validated: true });
  }
  const rowTriggers = parent.triggers.filter((trigger) => trigger.level === 'row');
  const table = current();
  const missing = rowTriggers.filter((trigger) => !table.triggers.some((own) => own.name === trigger.name));
  if (missing.length > 0) draft.put('table', { ...table, triggers: [...table.triggers, ...missing] });
}

// Bits of TableLikeOption (src/include/nodes/parsenodes.h).
const likeComments = 1;
const likeConstraints = 4;
const likeDefaults = 8;
const likeGenerated = 16;
const likeIdentity = 32;
const likeIndexes = 64;

function copyColumns(draft: Draft, key: string, like: SyntaxNode, source: string, site: Site): void {
  const options: number = like.options ?? 0;
  const from = draft.get('table', source);
  if (from === undefined || from.unknown.length > 0) {
    draft.unknown(site.origin, `columns of ${source}, which is not fully known`, { kind: 'table', key });
  }
  const [schema, name] = [draft.get('table', key)!.schema, draft.get('table', key)!.name];
  for (const column of from?.columns ?? []) {
    const identity = (options & likeIdentity) !== 0 ? column.identity : null;
    if (identity !== null) createOwnedSequence(draft, { key, schema, name }, column.name, site);
    putColumn(
      draft,
      key,
      {
        ...column,
        default: (options & likeDefaults) !== 0 ? column.default : null,
        generated: (options & likeGenerated) !== 0 ? column.generated : null,
        identity,
        sequence: null,
        comment: (options & likeComments) !== 0 ? column.comment : null,
        origin: site.origin,
      },
      site,
    );
  }
}

function copyRest(draft: Draft, key: string, like: SyntaxNode, source: string): void {
  const from = draft.get('table', source);
  const options: number = like.options ?? 0;
  if (from === undefined) return;
  const table = () => draft.get('table', key)!;
  if ((options & likeConstraints) !== 0) {
    for (const check of from.checks) putCheck(draft, table(), { ...check, validated: true });
  }
  if ((options & likeIndexes) !== 0) {
    clonePartitionParts(draft, key, { ...from, foreignKeys: [], triggers: [] });
  }
}

// — ALTER TABLE —

export function alterTable(draft: Draft, node: SyntaxNode, site: Site): void {
  if (node.objtype === 'OBJECT_TYPE') {
    alterComposite(draft, node);
    return;
  }
  const key = draft.relation(node.relation);
  const commands: readonly SyntaxNode[] = (node.cmds ?? []).map((entry: SyntaxNode) => entry.AlterTableCmd);
  if (node.objtype === 'OBJECT_INDEX') {
    alterIndex(draft, node, commands);
    return;
  }
  if (draft.has('view', key)) {
    for (const command of commands) alterViewOption(draft, key, command, site);
    return;
  }
  if (draft.has('sequence', key)) {
    for (const command of commands) {
      if (command.subtype !== 'AT_ChangeOwner') continue;
      const owner = roleName(draft, command.newowner);
      draft.update('sequence', key, (sequence) => ({
        ...sequence,
        owner,
        grants: grantsForOwner(sequence.grants, owner),
      }));
    }
    return;
  }
  if (!draft.has('table', key)) {
    if (node.missing_ok || node.objtype !== 'OBJECT_TABLE') return;
    tableToAlter(draft, key, site);
  }
  const only = node.relation.inh !== true;
  const later: PlacedConstraint[] = [];
  const created: PlacedConstraint[] = [];
  for (const command of [...commands].sort((a, b) => pass(a) - pass(b))) {
    if (command.subtype === 'AT_AddConstraint') later.push({ node: command.def.Constraint, column: null });
    else if (command.subtype === 'AT_AddColumn') created.push(...addColumn(draft, key, command, site, only));
    else alterOne(draft, key, command, site, only);
  }
  addConstraints(draft, key, created, site, true);
  addConstraints(draft, key, later, site, false);
  for (const command of commands) if (isLast(command)) alterOne(draft, key, command, site, only, true);
}

/** AlterTablePass: drops go first, then types, then new columns. */
function pass(command: SyntaxNode): number {
  switch (command.subtype) {
    case 'AT_DropColumn':
    case 'AT_DropConstraint':
    case 'AT_DropNotNull':
    case 'AT_DropIdentity':
    case 'AT_DropExpression':
      return 0;
    case 'AT_ColumnDefault':
      return command.def === undefined ? 0 : 3;
    case 'AT_AlterColumnType':
      return 1;
    case 'AT_AddColumn':
      return 2;
    default:
      return 3;
  }
}

/** What may name a constraint that the same statement adds. */
function isLast(command: SyntaxNode): boolean {
  return command.subtype === 'AT_ValidateConstraint' || command.subtype === 'AT_AttachPartition';
}

function addColumn(
  draft: Draft,
  key: string,
  command: SyntaxNode,
  site: Site,
  only: boolean,
): PlacedConstraint[] {
  const table = draft.get('table', key)!;
  const definition: SyntaxNode = command.def.ColumnDef;
  if (columnOf(table, definition.colname) !== undefined) {
    if (!command.missing_ok) {
      draft.again(site.origin, `column ${definition.colname}`, { kind: 'table', key });
    }
    return [];
  }
  const built = buildColumn(draft, table, definition, site);
  putColumn(draft, key, built.column, site, definition);
  if (!only) {
    for (const child of childrenOf(draft, key)) {
      putColumn(draft, child.key, { ...built.column, sequence: null, identity: null }, site);
    }
  }
  return [...built.constraints];
}

function alterOne(
  draft: Draft,
  key: string,
  command: SyntaxNode,
  site: Site,
  only: boolean,
  last = isLast(command) ? null : true,
): void {
  if (last === null) return;
  const table = draft.get('table', key);
  if (table === undefined) return;
  const set = (changes: Partial<Table>) => draft.put('table', { ...table, ...changes });
  /** On this table and on those that inherit from it. */
  const changeColumn = (change: (column: Column) => Column) => {
    for (const target of only ? [table] : [table, ...descendants(draft, key)]) {
      draft.update('table', target.key, (current) => ({
        ...current,
        columns: current.columns.map((column) => (column.name === command.name ? change(column) : column)),
      }));
    }
  };
  switch (command.subtype) {
    case 'AT_DropColumn':
      dropColumn(draft, key, command.name, command.behavior === 'DROP_CASCADE');
      break;
    case 'AT_DropConstraint':
      dropConstraint(draft, table, command.name, command.behavior === 'DROP_CASCADE');
      break;
    case 'AT_ColumnDefault':
      changeColumn((column) => ({
        ...column,
        default: command.def === undefined || isNull(command.def) ? null : looseExpression(site, command.def),
      }));
      break;
    case 'AT_SetNotNull':
      changeColumn((column) => ({ ...column, notNull: true }));
      break;
    case 'AT_DropNotNull':
      changeColumn((column) => ({ ...column, notNull: false }));
      break;
    case 'AT_DropExpression':
      changeColumn((column) => ({ ...column, generated: null }));
      break;
    case 'AT_SetExpression':
      changeColumn((column) => ({ ...column, generated: looseExpression(site, command.def) }));
      break;
    case 'AT_AlterColumnType': {
      const type = draft.typeName(command.def.ColumnDef.typeName);
      changeColumn((column) => ({ ...column, type }));
      break;
    }
    case 'AT_AddIdentity': {
      const constraint = command.def.Constraint;
      createOwnedSequence(draft, table, command.name, site, constraint.options);
      changeColumn((column) => ({
        ...column,
        identity: constraint.generated_when === 'a' ? 'always' : 'by default',
      }));
      break;
    }
    case 'AT_SetIdentity': {
      const generated = (command.def?.List?.items ?? []).find(
        (entry: SyntaxNode) => entry.DefElem?.defname === 'generated',
      )?.DefElem.arg?.Integer?.ival;
      if (generated !== undefined) {
        // The character's code: 'a' for ALWAYS, 'd' for BY DEFAULT.
        changeColumn((column) => ({ ...column, identity: generated === 97 ? 'always' : 'by default' }));
      }
      break;
    }
    case 'AT_DropIdentity':
      if (columnOf(table, command.name)?.identity === null) break;
      for (const sequence of sequencesOf(draft, key, command.name)) dropSequence(draft, sequence.key);
      changeColumn((column) => ({ ...column, identity: null }));
      break;
    case 'AT_ValidateConstraint':
      set({
        checks: table.checks.map((check) =>
          check.name === command.name ? { ...check, validated: true } : check,
        ),
        foreignKeys: table.foreignKeys.map((fk) =>
          fk.name === command.name ? { ...fk, validated: true } : fk,
        ),
      });
      break;
    case 'AT_EnableRowSecurity':
    case 'AT_DisableRowSecurity':
      set({ rls: command.subtype === 'AT_EnableRowSecurity', rlsOrigin: site.origin });
      break;
    case 'AT_ForceRowSecurity':
    case 'AT_NoForceRowSecurity':
      set({ forceRls: command.subtype === 'AT_ForceRowSecurity' });
      break;
    case 'AT_ChangeOwner': {
      const owner = roleName(draft, command.newowner);
      set({ owner, grants: grantsForOwner(table.grants, owner) });
      for (const sequence of draft.all('sequence').values()) {
        if (!sequence.ownedBy?.startsWith(`${key}.`)) continue;
        draft.put('sequence', { ...sequence, owner, grants: grantsForOwner(sequence.grants, owner) });
      }
      break;
    }
    case 'AT_EnableTrig':
    case 'AT_EnableAlwaysTrig':
    case 'AT_EnableReplicaTrig':
    case 'AT_DisableTrig':
      setTriggers(draft, table, command.subtype !== 'AT_DisableTrig', (name) => name === command.name);
      break;
    case 'AT_EnableTrigAll':
    case 'AT_EnableTrigUser':
    case 'AT_DisableTrigAll':
    case 'AT_DisableTrigUser':
      setTriggers(draft, table, command.subtype.startsWith('AT_Enable'), () => true);
      break;
    case 'AT_AddInherit': {
      const parent = draft.relation(command.def.RangeVar);
      set({ parent: table.parent ?? parent });
      break;
    }
    case 'AT_DropInherit':
      set({ parent: null });
      break;
    case 'AT_AttachPartition': {
      const partition = draft.relation(command.def.PartitionCmd.name);
      draft.update('table', partition, (child) => ({ ...child, kind: 'partition', parent: key }));
      if (draft.has('table', partition)) {
        const from = draft.get('table', key)!;
        draft.update('table', partition, (child) => ({
          ...child,
          columns: child.columns.map((column) => {
            const above = columnOf(from, column.name);
            return above === undefined ? column : { ...column, identity: above.identity };
          }),
        }));
        clonePartitionParts(draft, partition, from);
      }
      break;
    }
    case 'AT_DetachPartition':
    case 'AT_DetachPartitionFinalize':
      detach(draft, table, draft.relation(command.def.PartitionCmd.name));
      break;
    default:
      // Storage, statistics, cluster, replica identity, options, rules: nothing a state shows.
      break;
  }
}

/** A detached partition keeps indexes, keys and foreign keys; cloned triggers and identity go. */
function detach(draft: Draft, parent: Table, key: string): void {
  draft.update('table', key, (partition) => ({
    ...partition,
    kind: childrenOf(draft, key).length > 0 ? 'partitioned' : 'table',
    parent: null,
    columns: partition.columns.map((column) => ({ ...column, identity: null })),
    triggers: partition.triggers.filter(
      (trigger) => !parent.triggers.some((above) => above.level === 'row' && above.name === trigger.name),
    ),
  }));
}

function setTriggers(draft: Draft, table: Table, enabled: boolean, which: (name: string) => boolean): void {
  draft.put('table', {
    ...table,
    triggers: table.triggers.map((trigger) => (which(trigger.name) ? { ...trigger, enabled } : trigger)),
  });
  for (const partition of childrenOf(draft, table.key)) {
    if (partition.kind !== 'partition') continue;
    const inherited = (name: string) =>
      which(name) && table.triggers.some((trigger) => trigger.name === name);
    if (partition.triggers.some((trigger) => inherited(trigger.name))) {
      setTriggers(draft, partition, enabled, inherited);
    }
  }
}

/** ALTER INDEX … ATTACH PARTITION and options: the parent's index becomes valid, which the state does not tell. */
function alterIndex(draft: Draft, node: SyntaxNode, commands: readonly SyntaxNode[]): void {
  const found = findIndex(draft, node.relation.schemaname ?? null, node.relation.relname);
  if (found === null) return;
  for (const command of commands) {
    if (command.subtype === 'AT_ChangeOwner') return;
  }
}

// — CREATE TABLE AS, SELECT INTO —

export function tableFromQuery(
  draft: Draft,
  into: SyntaxNode,
  columns: readonly { name: string; type: string }[] | null,
  site: Site,
  ifNotExists: boolean,
): void {
  const at = draft.newRelation(into.rel);
  if (draft.isRelation(at.key)) {
    if (!ifNotExists) alreadyThere(draft, at.key, site);
    return;
  }
  const names = strings(into.colNames);
  draft.create('table', {
    ...newTable(draft, at),
    origin: site.origin,
    columns: (columns ?? []).map(({ name, type }, position) => ({
      name: names[position] ?? name,
      type,
      notNull: false,
      default: null,
      identity: null,
      generated: null,
      sequence: null,
      comment: null,
      origin: site.origin,
    })),
  });
  if (columns === null || columns.some(({ type }) => type === 'unknown')) {
    draft.unknown(site.origin, 'columns of a query', { kind: 'table', key: at.key });
  }
}
