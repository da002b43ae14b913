/**
 * Statements of a changed file that name a column which their table does not have, or tie a key between types that no
 * operator compares: Postgres refuses them by what the migrations before made, and the whole file with them.
 */
import type { ClientCall } from '../../../model/client.ts';
import type { ChangedMigration, Facts } from '../../../model/facts.ts';
import type { Column, SchemaState, Table } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { isNodeName } from '../../walk.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { type Refusal, refusedIndex } from './refused.ts';
import { commandsOf, sql } from './statements.ts';

export interface Refused {
  readonly statement: Statement;
  readonly refusal: OfAName;
  /** Where another rule tells it: a CREATE TABLE IF NOT EXISTS above that is skipped, an index on the time. */
  readonly toldBefore: boolean;
}

const known = new WeakMap<ChangedMigration, Refused | null>();

/** The first statement of the file, outside of DO blocks, that Postgres refuses; null where none is known to be. */
export function firstRefused(changed: ChangedMigration): Refused | null {
  let found = known.get(changed);
  if (found === undefined) {
    found = look(changed);
    known.set(changed, found);
  }
  return found;
}

function look({ source, step }: ChangedMigration): Refused | null {
  const { before, after } = step;
  // Names that a file gives for a while are in neither state.
  if (source.statements.some(({ kind, node }) => givesOtherNames(kind, node))) return null;
  for (const statement of source.statements) {
    const onTime = statement.kind === 'IndexStmt' ? refusedIndex(statement.node) : null;
    if (onTime !== null)
      return { statement, refusal: { ...onTime, table: '', column: '', lacks: false }, toldBefore: true };
    const refusal = refusalOf(statement, before, after);
    if (refusal === null) continue;
    const { table, column } = refusal;
    const toldBefore = source.statements.some(
      ({ kind, node, start }) =>
        kind === 'CreateStmt' &&
        node.if_not_exists === true &&
        start < statement.start &&
        keyOfRangeVar(node.relation) === table &&
        (node.tableElts ?? []).some(({ ColumnDef }: SyntaxNode) => ColumnDef?.colname === column),
    );
    return { statement, refusal, toldBefore };
  }
  return null;
}

const givesOtherNames = (kind: string, { name }: SyntaxNode) =>
  /^(RenameStmt|AlterObjectSchemaStmt)$/.test(kind) || (kind === 'VariableSetStmt' && name === 'search_path');

/** It is about this column. */
export interface OfAName extends Refusal {
  readonly table: string;
  readonly column: string;
  /** The table has no such column. */
  readonly lacks: boolean;
}

/** Calls of the code that name a column which is not there by the migrations: it may have been added by hand. */
export const callsThatName = ({ lacks, table, column }: OfAName, facts: Facts): readonly ClientCall[] =>
  lacks
    ? allCallsOn(table, ['select', 'insert', 'update', 'delete'], facts).filter(({ columns }) =>
        columns.includes(column),
      )
    : [];

function refusalOf(statement: Statement, before: SchemaState, after: SchemaState): OfAName | null {
  const { kind, node } = statement;
  if (kind === 'IndexStmt')
    return lacking(
      keyOfRangeVar(node.relation),
      (node.indexParams ?? []).map(({ IndexElem }: SyntaxNode) => IndexElem?.name),
      'CREATE INDEX',
      before,
      after,
    );
  if (kind === 'CreatePolicyStmt')
    return lacking(
      keyOfRangeVar(node.table),
      [...ownNames(node.qual), ...ownNames(node.with_check)],
      'CREATE POLICY',
      before,
      after,
    );
  if (kind === 'UpdateStmt' || kind === 'InsertStmt')
    return lacking(
      keyOfRangeVar(node.relation),
      (node.targetList ?? node.cols ?? []).map(({ ResTarget }: SyntaxNode) => ResTarget?.name),
      kind === 'UpdateStmt' ? 'UPDATE' : 'INSERT',
      before,
      after,
    );
  if (kind === 'AlterTableStmt' && node.objtype === 'OBJECT_TABLE')
    return (
      lacking(
        keyOfRangeVar(node.relation),
        commandsOf(node).flatMap(namesAltered),
        'ALTER TABLE',
        before,
        after,
      ) ?? mismatch(statement, before, after)
    );
  return kind === 'CreateStmt' ? mismatch(statement, before, after) : null;
}

/** Columns that have to be there for a part of ALTER TABLE. */
function namesAltered({ subtype, name, def, missing_ok: ifThere }: SyntaxNode): readonly string[] {
  if (/^AT_(SetNotNull|DropNotNull|ColumnDefault|AlterColumnType)$/.test(subtype)) return [name];
  if (subtype === 'AT_DropColumn') return ifThere === true ? [] : [name];
  if (subtype !== 'AT_AddConstraint') return [];
  const { contype, keys, fk_attrs: own, raw_expr: expression } = def?.Constraint ?? {};
  return contype === 'CONSTR_CHECK'
    ? ownNames(expression)
    : contype === 'CONSTR_FOREIGN'
      ? strings(own)
      : strings(keys);
}

/** Names that only a column of the policy's own table can answer to: bare ones outside of sub-selects. */
function ownNames(tree: unknown): readonly string[] {
  const names: string[] = [];
  const enter = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(enter);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inside] of Object.entries(value)) {
      if (key === 'SubLink') enter((inside as SyntaxNode).testexpr);
      else if (key === 'ColumnRef') {
        const fields = (inside as SyntaxNode).fields ?? [];
        if (fields.length === 1 && fields[0].String !== undefined) names.push(fields[0].String.sval);
      } else if (typeof inside === 'object' && (isNodeName(key) || inside !== null)) enter(inside);
    }
  };
  enter(tree);
  return names;
}

const ofTheSystem = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

function lacking(
  key: string,
  names: readonly (string | undefined)[],
  what: string,
  before: SchemaState,
  after: SchemaState,
): OfAName | null {
  const [old, now] = [before.tables.get(key), after.tables.get(key)];
  const table = now ?? old;
  if (table === undefined || [old, now].some((each) => each !== undefined && !isWhole(each))) return null;
  const has = (name: string) =>
    [old, now].some((each) => each?.columns.some((column) => column.name === name));
  const name = names.find(
    (each): each is string =>
      each !== undefined && !ofTheSystem.has(each) && each !== table.name && !has(each),
  );
  return name === undefined
    ? null
    : {
        table: key,
        column: name,
        lacks: true,
        why: `by the migrations "${key}" has no column "${name}", and ${what} fails with "column "${name}" does not exist" (42703)`,
        way: 'Add the column above it, or name the one that is meant',
        help: sql(`alter table ${key} add column ${name} …; -- above it`),
      };
}

/** Known to its last column. */
const isWhole = ({ kind, columns, unknown, parent }: Table) =>
  (kind === 'table' || kind === 'partitioned') &&
  parent === null &&
  columns.length > 0 &&
  unknown.length === 0;

/** A key of this statement between, say, text and uuid. */
function mismatch(statement: Statement, before: SchemaState, after: SchemaState): OfAName | null {
  const { node, span } = statement;
  const key = keyOfRangeVar(node.relation);
  const table = after.tables.get(key);
  if (table === undefined || commandsOf(node).some(({ subtype }) => subtype === 'AT_AlterColumnType'))
    return null;
  for (const each of table.foreignKeys) {
    const { origin } = each;
    if (origin === null || origin.line < span.line || origin.line > span.endLine) continue;
    const target = after.tables.get(each.references);
    if (target === undefined) continue;
    for (const [at, name] of each.columns.entries()) {
      const own = settled(key, name, before, after);
      const other = settled(each.references, each.referencedColumns[at] ?? '', before, after);
      const [one, two] = [own && family(own), other && family(other)];
      if (one == null || two == null || one === two) continue;
      return {
        table: key,
        column: name,
        lacks: false,
        why: `"${name}" is ${own!.type} and "${each.references}.${other!.name}" is ${other!.type}: no operator compares them, and the key fails with "foreign key constraint "${each.name}" cannot be implemented" (42804)`,
        way: `Give "${name}" the type ${other!.type}`,
        help: `Write \`${name} ${other!.type}\`, as the column that it names.`,
      };
    }
  }
  return null;
}

/** A column whose type is one before and behind the file. */
function settled(key: string, name: string, before: SchemaState, after: SchemaState): Column | null {
  const [old, now] = [before.tables.get(key), after.tables.get(key)];
  if (now === undefined || !isWhole(now) || (old !== undefined && !isWhole(old))) return null;
  const column = now.columns.find((each) => each.name === name);
  const former = old?.columns.find((each) => each.name === name);
  return column === undefined || (former !== undefined && former.type !== column.type) ? null : column;
}

const family = ({ type }: Column) =>
  type === 'uuid'
    ? 'uuid'
    : /^(text|character varying|character|varchar)\b/.test(type) && !type.endsWith('[]')
      ? 'text'
      : /^(smallint|integer|bigint|numeric)\b/.test(type) && !type.endsWith('[]')
        ? 'number'
        : null;
