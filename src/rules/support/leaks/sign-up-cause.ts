/** What of the change stops a sign-up that worked before. */
import type { SignUpRun } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { changedStatement, isOfChange } from '../statements/changed-statement.ts';
import { sql } from '../statements/statements.ts';

/** The column, the key or the check that the error names, where the change made it; else its statement that names them. */
export function stoppedBy(run: Pick<SignUpRun, 'error'>, facts: Facts): Place | null {
  const { error } = run;
  if (error === null) return null;
  const names = [...error.message.matchAll(/"([^"]+)"/g)].map(([, name]) => name!.split('.').at(-1)!);
  if (names.length === 0) return null;
  const tables = tablesNamed(names, facts);
  const parts = tables
    .flatMap(({ columns, checks, uniques, foreignKeys }) => [
      ...(error.sqlstate === '42501' ? [] : columns),
      ...checks,
      ...uniques,
      ...foreignKeys,
    ])
    .filter(({ name, origin }) => names.includes(name) && isOfChange(origin, facts));
  if (parts.length > 0) return parts[0]!.origin;
  for (const kinds of [
    /^AlterTableStmt$/,
    /^(Rename|Drop|Grant|Index|CreateTrig|AlterEnum|CreatePolicy)Stmt$/,
  ]) {
    const found = changedStatement(facts, names, kinds);
    if (found !== null) return found;
  }
  return null;
}

/** The required column that nothing fills. */
export function unfilled(
  { error }: Pick<SignUpRun, 'error'>,
  facts: Facts,
): { table: Table; column: string } | null {
  const [, column, relation] =
    (error?.sqlstate === '23502' && /column "([^"]+)" of relation "([^"]+)"/.exec(error.message)) || [];
  if (column === undefined || relation === undefined) return null;
  const table = tablesNamed([relation], facts).find(
    ({ columns, primaryKey }) =>
      primaryKey?.columns.includes(column) !== true &&
      columns.some(({ name, notNull }) => name === column && notNull),
  );
  return table === undefined ? null : { table, column };
}

/** The way out that needs no value: sign-up works again, with the column empty. */
export const nullable = ({ table, column }: { table: Table; column: string }): string =>
  sql(
    `alter table ${quoteIdent(table.schema)}.${quoteIdent(table.name)} alter column ${quoteIdent(column)} drop not null;`,
  );

const tablesNamed = (names: readonly string[], { head }: Facts): readonly Table[] =>
  [...head.tables.values()].filter(({ name }) => names.includes(name));
