/**
 * Whether a table holds no rows where a statement of a changed file runs. What reads, rewrites or locks it then costs
 * nothing, and no value is there to stop it or to be lost.
 */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { serialType } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { commandsOf, hasConstraint } from '../statements/statements.ts';
import { keyOfRangeVar } from '../syntax/names.ts';

/** What a statement tells of a table's rows: it takes them all, it runs only where there are none, or it puts many in. */
interface Telling {
  readonly start: number;
  readonly tells: 'emptied' | 'empty' | 'filled';
}

/**
 * Above, TRUNCATE or a DELETE without WHERE took all rows, or a column that is NOT NULL and has no default was added: that
 * succeeds on an empty table alone, so one added below tells the same of what stands above it. Rows that the file writes
 * out itself are few.
 */
export function emptiness(statements: readonly Statement[], before: SchemaState) {
  let byTable: ReadonlyMap<string, readonly Telling[]> | null = null;
  return (table: string, own: Statement): boolean => {
    byTable ??= tellings(statements, before);
    const told = byTable.get(table) ?? [];
    const above = told.findLast(({ start }) => start < own.start);
    if (above !== undefined && above.tells !== 'filled') return true;
    return told.find(({ start, tells }) => start >= own.start && tells !== 'filled')?.tells === 'empty';
  };
}

/** By table, in the order of the file. */
function tellings(statements: readonly Statement[], before: SchemaState) {
  const byTable = new Map<string, Telling[]>();
  for (const { table, ...telling } of statements.flatMap((statement) =>
    tellingsOf(statement, statements, before),
  )) {
    const told = byTable.get(table);
    if (told === undefined) byTable.set(table, [telling]);
    else told.push(telling);
  }
  for (const told of byTable.values()) told.sort((a, b) => a.start - b.start);
  return byTable;
}

function tellingsOf(
  statement: Statement,
  statements: readonly Statement[],
  before: SchemaState,
): (Telling & { readonly table: string })[] {
  const { kind, node, start } = statement;
  const emptied = allRowsTakenBy(statement);
  if (emptied.length > 0) return emptied.map((table) => ({ table, start, tells: 'emptied' }));
  if (kind !== 'InsertStmt' && kind !== 'AlterTableStmt') return [];
  const table = keyOfRangeVar(node.relation);
  if (kind === 'InsertStmt')
    return node.selectStmt?.SelectStmt?.fromClause === undefined ? [] : [{ table, start, tells: 'filled' }];
  return commandsOf(node).some(
    (command) =>
      isRequired(command, table, before) ||
      (command.subtype === 'AT_SetNotNull' &&
        isLeftEmpty(command.name, table, statement, statements, before)),
  )
    ? [{ table, start, tells: 'empty' }]
    : [];
}

/** Tables that a TRUNCATE, or a DELETE without WHERE, leaves without a row. */
export function allRowsTakenBy({ kind, node }: Statement): string[] {
  if (kind === 'TruncateStmt')
    return (node.relations ?? []).map(({ RangeVar }: SyntaxNode) => keyOfRangeVar(RangeVar));
  return kind === 'DeleteStmt' && node.whereClause === undefined && node.usingClause === undefined
    ? [keyOfRangeVar(node.relation)]
    : [];
}

/** ADD COLUMN … NOT NULL (or PRIMARY KEY) that no default fills, of a column that is not there already. */
export function isRequired(
  { subtype, def, missing_ok: unlessThere }: SyntaxNode,
  table: string,
  before: SchemaState,
): boolean {
  const column: SyntaxNode | undefined = subtype === 'AT_AddColumn' ? def?.ColumnDef : undefined;
  if (column === undefined || serialType(column.typeName) !== null) return false;
  const has = (type: string) => hasConstraint(column, type) !== null;
  if (!has('CONSTR_NOTNULL') && !has('CONSTR_PRIMARY')) return false;
  if (['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'].some(has)) return false;
  const known = before.tables.get(table);
  return unlessThere !== true || !known?.columns.some(({ name }) => name === column.colname);
}

/**
 * The file adds the column without a default, and no statement between gives it a value, nor a trigger that one fires: SET
 * NOT NULL then finds a NULL in every row. IF NOT EXISTS adds it surely only where all columns of the table are known.
 */
export function isLeftEmpty(
  column: string,
  table: string,
  own: Statement,
  statements: readonly Statement[],
  before: SchemaState,
): boolean {
  const known = before.tables.get(table);
  if (known === undefined || known.columns.some(({ name }) => name === column)) return false;
  const added = statements.find(
    ({ kind, node, start }) =>
      kind === 'AlterTableStmt' &&
      start <= own.start &&
      keyOfRangeVar(node.relation) === table &&
      commandsOf(node).some(
        ({ subtype, def, missing_ok: unlessThere }) =>
          subtype === 'AT_AddColumn' &&
          def?.ColumnDef?.colname === column &&
          (unlessThere !== true || known.unknown.length === 0) &&
          serialType(def.ColumnDef.typeName) === null &&
          ['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'].every(
            (type) => hasConstraint(def.ColumnDef, type) === null,
          ),
      ),
  );
  if (added === undefined) return false;
  const named = new RegExp(`(?<![\\w$])${escapeRegExp(column)}(?![\\w$])`, 'i');
  const isTouched = (node: SyntaxNode) =>
    keyOfRangeVar(node.relation) === table && firesBeforeUpdate(table, own, statements, before);
  return !statements.some(
    ({ kind, node, sql, start }) =>
      start > added.start &&
      start < own.start &&
      (/^(Do|Call|Select)Stmt$/.test(kind) ||
        (/^(Update|Insert|Merge)Stmt$/.test(kind) && named.test(sql)) ||
        (kind === 'UpdateStmt' && isTouched(node))),
  );
}

/** A row trigger may fill what the UPDATE itself does not name. */
const firesBeforeUpdate = (
  table: string,
  own: Statement,
  statements: readonly Statement[],
  before: SchemaState,
) =>
  before.tables.get(table)?.triggers.some(({ timing, level }) => timing === 'before' && level === 'row') ===
    true ||
  statements.some(
    ({ kind, node, start }) =>
      kind === 'CreateTrigStmt' && start < own.start && keyOfRangeVar(node.relation) === table,
  );

/** `id boolean primary key`, or a key that a CHECK binds to one value: settings, a counter. One row is read and locked in no time. */
export function holdsOneRow(table: Table | undefined): boolean {
  const [column, ...others] = table?.primaryKey?.columns ?? [];
  if (table === undefined || column === undefined || others.length > 0) return false;
  const one = new RegExp(
    `^[\\s(]*"?${escapeRegExp(column)}"?\\s*(=\\s*('[^']*'|[\\w]+)(::["\\w]+)?|is\\s+true)?[\\s)]*$`,
    'i',
  );
  return (
    table.columns.some(({ name, type }) => name === column && type === 'boolean') ||
    table.checks.some(({ expression }) => one.test(expression.text))
  );
}

/** What stands below fails on any row: a column that is NOT NULL and has no default. */
export const needsNoRows = (
  table: string,
  { start }: Statement,
  { statements, keyOf }: Pick<FileContext, 'statements' | 'keyOf'>,
) =>
  statements.some(
    (later) =>
      later.start > start &&
      later.kind === 'AlterTableStmt' &&
      keyOf(later.node.relation) === table &&
      commandsOf(later.node).some(
        ({ subtype, def }) =>
          subtype === 'AT_AddColumn' &&
          def?.ColumnDef !== undefined &&
          hasConstraint(def.ColumnDef, 'CONSTR_NOTNULL') !== null &&
          hasConstraint(def.ColumnDef, 'CONSTR_DEFAULT') === null,
      ),
  );

/** The file writes the rows anew below, with their values. */
export const isFilledAgain = (
  table: string,
  { start }: Statement,
  { statements, keyOf }: Pick<FileContext, 'statements' | 'keyOf'>,
) =>
  statements.some(
    ({ kind, node, start: at }) =>
      at > start &&
      kind === 'InsertStmt' &&
      keyOf(node.relation) === table &&
      node.selectStmt?.SelectStmt?.valuesLists !== undefined,
  );
