/** A CHECK over columns that the change adds and that nothing has filled yet: they are NULL in every row. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import type { FileContext } from '../../rule.ts';
import { truthOf, type World } from '../conditions/truth.ts';
import { bare, columnParts, visitTree } from '../syntax/tree.ts';
import { isLeftEmpty } from './emptiness.ts';

/** No row breaks it, whatever else the rows hold: Postgres takes NULL for passed. */
export function passesOnNull(
  expression: SyntaxNode | undefined,
  table: string,
  statement: Statement,
  context: FileContext,
): boolean {
  if (expression === undefined) return false;
  const nulls = nullsIn(expression, table, statement, context);
  return nulls.size > 0 && passes(expression, { table: null, who: 'anyone', nulls });
}

/** Columns whose NULL breaks it in every row that is there; empty where that is not certain. */
export function failsOnNull(
  expression: SyntaxNode | undefined,
  table: string,
  statement: Statement,
  context: FileContext,
): readonly string[] {
  if (expression === undefined) return [];
  const nulls = nullsIn(expression, table, statement, context);
  return nulls.size > 0 && truthOf(expression, { table: null, who: 'anyone', nulls }) === 'false'
    ? [...nulls]
    : [];
}

/** A column that the change adds and that nothing has filled yet. */
export const isNullInAll = (
  column: string | undefined,
  table: string,
  statement: Statement,
  context: FileContext,
): boolean =>
  column !== undefined &&
  isLeftEmpty(column, table, statement, statementsThatFill(context), context.set.before);

function nullsIn(
  expression: SyntaxNode,
  table: string,
  statement: Statement,
  context: FileContext,
): ReadonlySet<string> {
  const names = new Set<string>();
  visitTree([expression], (kind, node) => {
    if (kind === 'ColumnRef') names.add(columnParts(node).at(-1) ?? '');
  });
  const statements = statementsThatFill(context);
  return new Set(
    [...names].filter((name) => isLeftEmpty(name, table, statement, statements, context.set.before)),
  );
}

/** Without blocks that write no row and call nothing: one that asks whether a constraint is there fills no column. */
const statementsThatFill = ({ statements }: FileContext): readonly Statement[] =>
  statements.filter(
    ({ kind, sql }) => kind !== 'DoStmt' || /\b(update|insert|merge|execute|perform|call)\b/i.test(sql),
  );

/** Never false: true, or NULL. */
function passes(node: SyntaxNode, world: World): boolean {
  const { boolop, args } = (bare(node)?.BoolExpr ?? {}) as { boolop?: string; args?: SyntaxNode[] };
  if (boolop === 'AND_EXPR') return (args ?? []).every((arg) => passes(arg, world));
  if (boolop === 'OR_EXPR' && (args ?? []).some((arg) => passes(arg, world))) return true;
  const truth = truthOf(node, world);
  return truth === 'true' || truth === 'null';
}
