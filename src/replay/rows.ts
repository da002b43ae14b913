/** Statements that apply on empty tables and fail on tables with rows: on which rows, and how to count them. */
import type { Session } from '../database/engine.ts';
import type { RowsFailure, SqlError } from '../model/replay.ts';
import type { Statement, SyntaxNode } from '../model/sql.ts';
import type { MigrationFile } from './file.ts';

/** What stood before the changed migrations ran. */
export interface RowsBefore {
  /** `schema.table.column`, unquoted. */
  readonly columns: ReadonlySet<string>;
  /** Tables that held the project's own rows, `schema.table`, unquoted. */
  readonly seeded: ReadonlySet<string>;
}

export async function rowsBefore(session: Session): Promise<RowsBefore> {
  const columns = await session.query(`
    select n.nspname || '.' || c.relname as table, a.attname as column, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`);
  const tables = new Map(columns.map(({ table, key }) => [table!, key!]));
  const seeded = new Set<string>();
  const outcomes = await session.batch(
    [...tables.values()].map((key) => `select exists (select from ${key}) as rows`),
  );
  for (const [i, table] of [...tables.keys()].entries()) {
    const outcome = outcomes[i];
    if (outcome?.ok && outcome.rows[0]?.rows === 't') seeded.add(table);
  }
  return { columns: new Set(columns.map(({ table, column }) => `${table}.${column}`)), seeded };
}

/** Data exceptions and broken constraints (manual, appendix A): what rows can do to a statement. */
const isAboutRows = (error: SqlError): boolean => /^(22|23)/.test(error.sqlstate);

/** Statements that meet rows which stood before. An INSERT may collide with rows that were made up here. */
const meetsRows = new Set([
  'AlterTableStmt',
  'IndexStmt',
  'AlterDomainStmt',
  'UpdateStmt',
  'DeleteStmt',
  'DoStmt',
  'CreateStmt',
]);

/** Null where the failure says nothing about the statement. */
export function rowsFailure(
  file: MigrationFile,
  statement: Statement,
  error: SqlError,
  before: RowsBefore,
): RowsFailure | null {
  if (!isAboutRows(error) || !meetsRows.has(statement.kind)) return null;
  const table = tableOf(statement, error);
  const stood = (column: string) => table === null || before.columns.has(`${table}.${column}`);
  const columns = columnsOf(statement, error).map((column) =>
    error.sqlstate === '23502' && !stood(column)
      ? (copiedInto(column, table, file, statement) ?? column)
      : column,
  );
  // Nobody can have put values into a column that this very pull request adds.
  const always = columns.length > 0 && columns.every((column) => !stood(column));
  const on = table !== null && before.seeded.has(table) ? 'seeds' : always ? 'always' : 'values';
  return {
    path: file.path,
    index: statement.index,
    line: statement.span.line,
    error,
    on: always ? 'always' : on,
    table,
    countQuery: table === null ? null : countQuery(table, columns, statement, error, always),
  };
}

function tableOf({ node }: Statement, error: SqlError): string | null {
  if (error.table !== null) return `${error.schema ?? 'public'}.${error.table}`;
  const relation: SyntaxNode | undefined = node.relation;
  return relation?.relname ? `${relation.schemaname ?? 'public'}.${relation.relname}` : null;
}

/** Columns the error is about: its own field, its detail, or the constraint as the statement writes it. */
function columnsOf(statement: Statement, error: SqlError): readonly string[] {
  if (error.column !== null) return [error.column];
  const key = /^Key \((.+?)\)=/.exec(error.detail ?? '')?.[1];
  if (key) return key.split(', ').map(unquoted);
  const constraint = constraintOf(statement, error);
  if (constraint) return [...new Set(columnRefs(constraint.raw_expr))];
  return [];
}

/** An UPDATE above fills the new column from another: `set tax_id = fiscal_id`. That one's rows decide. */
function copiedInto(
  column: string,
  table: string | null,
  { source }: MigrationFile,
  { index: at }: Statement,
): string | null {
  const fills = source.statements.flatMap(({ kind, node, index }) =>
    kind === 'UpdateStmt' &&
    index < at &&
    node.fromClause === undefined &&
    `${node.relation?.schemaname ?? 'public'}.${node.relation?.relname}` === table
      ? (node.targetList ?? []).filter(({ ResTarget: target }: SyntaxNode) => target?.name === column)
      : [],
  );
  return fills.length === 1
    ? (fills[0].ResTarget.val?.ColumnRef?.fields?.at(-1)?.String?.sval ?? null)
    : null;
}

function constraintOf({ node }: Statement, error: SqlError): SyntaxNode | null {
  for (const { AlterTableCmd: cmd } of node.cmds ?? []) {
    const column: string | undefined = cmd?.def?.ColumnDef?.colname;
    const own: SyntaxNode[] = cmd?.def?.Constraint
      ? [cmd.def.Constraint]
      : (cmd?.def?.ColumnDef?.constraints ?? []).map((entry: SyntaxNode) => entry.Constraint);
    for (const constraint of own) {
      if (constraint?.contype !== 'CONSTR_CHECK') continue;
      // A column's own CHECK is named after table and column where it has no name.
      if (
        constraint.conname === error.constraint ||
        (column && error.constraint?.includes(`_${column}_check`))
      ) {
        return constraint;
      }
    }
  }
  return null;
}

function columnRefs(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(columnRefs);
  if (node === null || typeof node !== 'object') return [];
  const { ColumnRef: reference, ...rest } = node as SyntaxNode;
  const own = reference?.fields?.at(-1)?.String?.sval;
  return [...(own ? [own] : []), ...Object.values(rest).flatMap(columnRefs)];
}

function countQuery(
  table: string,
  columns: readonly string[],
  statement: Statement,
  error: SqlError,
  always: boolean,
): string | null {
  const from = `select count(*) from ${table.split('.').map(ident).join('.')}`;
  if (always) return from;
  const list = columns.map(ident).join(', ');
  switch (error.sqlstate) {
    case '23502':
      return columns.length > 0
        ? `${from} where ${columns.map((c) => `${ident(c)} is null`).join(' or ')}`
        : null;
    case '23505':
      if (columns.length === 0) return null;
      return `select count(*) from (select ${list} from ${table.split('.').map(ident).join('.')} where ${columns.map((c) => `${ident(c)} is not null`).join(' and ')} group by ${list} having count(*) > 1) doubles`;
    case '23503': {
      const parent = /is not present in table "([^"]+)"/.exec(error.detail ?? '')?.[1];
      const key = foreignKeyOf(statement, parent ?? '');
      if (!key || columns.length === 0) return null;
      const match = columns
        .map((column, i) => `p.${ident(key.columns[i] ?? 'id')} = c.${ident(column)}`)
        .join(' and ');
      return `${from} c where ${columns.map((c) => `c.${ident(c)} is not null`).join(' and ')} and not exists (select from ${key.table} p where ${match})`;
    }
    case '23514': {
      const text = checkText(statement.sql, error.constraint);
      return text === null ? null : `${from} where not (${text})`;
    }
    default:
      return null;
  }
}

function foreignKeyOf({ node }: Statement, parent: string): { table: string; columns: string[] } | null {
  const constraints: SyntaxNode[] = (node.cmds ?? []).flatMap(({ AlterTableCmd: cmd }: SyntaxNode) =>
    cmd?.def?.Constraint
      ? [cmd.def.Constraint]
      : (cmd?.def?.ColumnDef?.constraints ?? []).map((entry: SyntaxNode) => entry.Constraint),
  );
  const found = constraints.find(
    ({ contype, pktable }) => contype === 'CONSTR_FOREIGN' && pktable?.relname === parent,
  );
  if (!found) return null;
  const { schemaname, relname } = found.pktable;
  return {
    table: `${ident(schemaname ?? 'public')}.${ident(relname)}`,
    columns: (found.pk_attrs ?? []).map((entry: SyntaxNode) => entry.String.sval),
  };
}

/** The expression of `CHECK (…)` as written, of the named constraint or of the only one. */
function checkText(sql: string, constraint: string | null): string | null {
  const named = constraint === null ? -1 : sql.search(new RegExp(`\\b${constraint}\\b`));
  const start = /\bcheck\s*\(/gi;
  start.lastIndex = Math.max(0, named);
  const match = start.exec(sql);
  if (!match) return null;
  let depth = 1;
  let quoted = false;
  const from = start.lastIndex;
  for (let i = from; i < sql.length; i += 1) {
    if (sql[i] === "'") quoted = !quoted;
    if (quoted) continue;
    if (sql[i] === '(') depth += 1;
    if (sql[i] === ')') depth -= 1;
    if (depth === 0) return sql.slice(from, i).trim();
  }
  return null;
}

const ident = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
const unquoted = (name: string): string => name.replace(/^"(.*)"$/, '$1').replaceAll('""', '"');
