/** Whether the values of a column that goes are kept: carried over above, checked to be none, or at least read. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { bare, columnParts, conjuncts, someNode } from '../syntax/tree.ts';

/** What the file above does so that the values are kept, or proves: that there are none. Null where it does neither. */
export function whyNothingIsLost(
  context: FileContext,
  drop: Statement,
  table: string,
  column: string,
): string | null {
  if (context.isEmpty(table, drop)) return 'The file itself shows that the table is empty';
  const above = context.statements.filter(({ start }) => start < drop.start);
  if (above.some((statement) => raisesIfHeld(statement, table, column)))
    return 'A check above stops the file where rows hold a value';
  if (above.some((statement) => copiesValues(statement, table, column, context)))
    return 'A statement above carries over what it holds';
  return null;
}

/** A DO block that looks at the column and raises. */
const raisesIfHeld = ({ kind, sql: text }: Statement, table: string, column: string) =>
  kind === 'DoStmt' &&
  /\braise\s+(exception|sqlstate|')/i.test(text) &&
  names(text, splitKey(table)[1]) &&
  new RegExp(`${word(column)}[\\s)]+is\\s+not\\s+null|is\\s+distinct\\s+from[^;]*${word(column)}`, 'i').test(
    text,
  );

/** INSERT … SELECT column FROM table, UPDATE … SET other = column, CREATE TABLE AS: the value itself goes elsewhere. */
function copiesValues(
  { kind, node, sql: text }: Statement,
  table: string,
  column: string,
  context: FileContext,
): boolean {
  if (!/^(Insert|Update|CreateTableAs)Stmt$/.test(kind) || !names(text, splitKey(table)[1])) return false;
  const select = (node.selectStmt ?? node.query)?.SelectStmt;
  const values: readonly SyntaxNode[] =
    kind === 'UpdateStmt'
      ? (node.targetList ?? []).filter(
          ({ ResTarget: target }: SyntaxNode) =>
            target?.name !== column || context.keyOf(node.relation) !== table,
        )
      : (select?.targetList ?? []);
  const targets = values.flatMap(({ ResTarget: target }) => target?.name ?? []);
  return (
    values.some((value) => reads(value, [column])) &&
    conjuncts(select === undefined ? node.whereClause : select.whereClause).every(
      (condition) =>
        reads(condition, [column, ...targets]) ||
        joins(condition) ||
        someNode(condition, (name) => name === 'SubLink'),
    )
  );
}

const reads = (node: SyntaxNode, columns: readonly string[]) =>
  someNode(node, (name, ref) => name === 'ColumnRef' && columns.includes(columnParts(ref).at(-1) ?? ''));

/** `a.id = b.a_id`. */
const joins = ({ A_Expr: comparison }: SyntaxNode) =>
  [comparison?.lexpr, comparison?.rexpr].every((side) => bare(side)?.ColumnRef !== undefined);

const word = (name: string) => `(?<![\\w$])"?${escapeRegExp(name)}"?(?![\\w$])`;
const names = (text: string, ...all: readonly string[]) =>
  all.every((name) => new RegExp(word(name), 'i').test(text));

/** A statement of the file above takes from the table and names the column: what it holds may be kept elsewhere. */
export const isReadAbove = ({ statements }: FileContext, drop: Statement, table: string, column: string) =>
  statements.some(
    ({ kind, sql: text, start }) =>
      start < drop.start &&
      /^(Insert|Update|CreateTableAs)Stmt$/.test(kind) &&
      names(text, splitKey(table)[1], column),
  );
