import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, typeName } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { stillInsertsWithout } from '../support/application/client-calls.ts';
import { alterExisting, reportLock, sql } from '../support/statements/statements.ts';
import { allRowsTakenBy, isRequired } from '../support/tables/emptiness.ts';

export default rule({
  id: 'safety/not-null-without-default',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'replay'],
  summary: 'ADD COLUMN … NOT NULL without a default on a table that exists',
  why: 'Existing rows get NULL in the new column, which the constraint forbids: the statement fails with 23502 as soon as the table has one row. On an empty local database it passes. Where the code of the repository inserts rows without the column, the first such place is told.',
  remedy:
    "Give it a default, or add it nullable, fill it, and set NOT NULL in a later migration.\n\n```sql\nalter table public.note add column slug text not null default '';\nalter table public.note alter column slug drop default;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterExisting(['AT_AddColumn'], (command, table, statement, context, { place }) => {
    const column = command.def?.ColumnDef;
    if (!isRequired(command, table, context.set.before) || isEmptied(table, context)) return;
    if (command.missing_ok === true && isDeclaredHere(column.colname, table, context)) return;
    const name = quoteIdent(column.colname);
    const type = typeName(column.typeName);
    reportLock(context, statement, {
      message: `Column "${column.colname}" of "${table}" is NOT NULL and has no default. The statement fails with 23502 as soon as the table holds one row.${stillInsertsWithout(table, column.colname, context.set.after, context.facts)} Give it a default, or add it nullable, fill it and set NOT NULL later.`,
      at: place,
      object: table,
      key: column.colname,
      help: sql(
        `alter table ${table} add column ${name} ${type};`,
        `update ${table} set ${name} = …;`,
        `-- in the next migration`,
        `alter table ${table} alter column ${name} set not null;`,
      ),
    });
  }),
});

/** A file that empties the table first knows what it does. */
const isEmptied = (table: string, { source }: FileContext) =>
  source.statements.some((statement) => allRowsTakenBy(statement).includes(table));

/** CREATE TABLE IF NOT EXISTS of the file has the column, and no file before it the table: ADD … IF NOT EXISTS does nothing. */
const isDeclaredHere = (column: string, table: string, { statements, keyOf, set }: FileContext) =>
  !set.before.tables.has(table) &&
  statements.some(
    ({ kind, node }) =>
      kind === 'CreateStmt' &&
      keyOf(node.relation) === table &&
      (node.tableElts ?? []).some(({ ColumnDef }: SyntaxNode) => ColumnDef?.colname === column),
  );
