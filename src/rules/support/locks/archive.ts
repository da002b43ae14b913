/** Where copies of what goes are kept. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { whereColumnIsThere, whereTableIsThere } from '../statements/where-there.ts';

/** A schema that the Data API does not show. */
export const archive = ({ facts }: FileContext): string =>
  ['archive', 'backup', 'private'].find((name) => !facts.project.exposedSchemas.includes(name)) ?? 'archive';

export const withArchive = (context: FileContext): string =>
  `create schema if not exists ${archive(context)};`;

/** Whole tables, before their rows go. */
export const copiesOf = (keys: readonly string[], context: FileContext): readonly string[] => [
  withArchive(context),
  ...keys.map((key) => `create table ${placeFor(key, context)} as table ${key};`),
];

/** Its rows, in a table that hangs on nothing which may go as well, such as the type of a column. */
export const looseCopyOf = (key: string, context: FileContext): string =>
  `create table ${placeFor(key, context)} as select to_jsonb(t) as old_row from ${key} t;`;

const placeFor = (key: string, context: FileContext): string =>
  `${archive(context)}.${quoteIdent(splitKey(key)[1])}`;

/** Columns of a table, by the commands that drop them: the copy must not fail where IF EXISTS lets the statement pass. */
export function copyOfColumns(
  table: string,
  along: readonly SyntaxNode[],
  { node }: Statement,
  context: FileContext,
): readonly string[] {
  const columns = along.map((each): string => each.name);
  const [column] = columns as [string];
  const one = columns.length === 1;
  const mayLack = along.some((each) => each.missing_ok === true);
  const rows =
    mayLack && !one ? `select to_jsonb(t) as old_row from ${table} t` : rowsOf(table, columns, context);
  const copy = `create table ${archive(context)}.${quoteIdent(`${splitKey(table)[1]}_${one ? column : 'columns'}`)} as ${rows};`;
  if (mayLack && one) return whereColumnIsThere(table, column, copy);
  return node.missing_ok === true ? whereTableIsThere(table, copy) : [copy];
}

/** With the key of its rows, where there is one to find them by; a type that the file drops must not be held on to. */
function rowsOf(key: string, columns: readonly string[], { set, statements }: FileContext): string {
  const typeGoes = statements.some(
    ({ kind, node }) => kind === 'DropStmt' && /^OBJECT_(TYPE|DOMAIN)$/.test(node.removeType),
  );
  // The file may take the rows' key away, or change it, before it comes to this column.
  const names = set.before.tables.get(key)?.primaryKey?.columns ?? [];
  const stays = names.length > 0 && set.after.tables.get(key)?.primaryKey?.columns.join() === names.join();
  if (!stays) return typeGoes ? `select to_jsonb(t) as old_row from ${key} t` : `select * from ${key}`;
  const values = columns.map(quoteIdent).map((name) => (typeGoes ? `to_jsonb(${name}) as ${name}` : name));
  const rest = names.filter((each) => !columns.includes(each)).map(quoteIdent);
  return `select ${[...rest, ...values].join(', ')} from ${key}`;
}
