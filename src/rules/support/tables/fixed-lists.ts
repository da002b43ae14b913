/** Tables whose key takes a few values that a CHECK counts out: grades, weekdays, chapters. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { bare, conjuncts, constantOf, isColumn, operatorOf } from '../syntax/tree.ts';

const many = 1000;

/** The code neither adds to it nor takes from it. */
export function isFixedList(key: string, columns: readonly string[], state: SchemaState, facts: Facts) {
  const [column, ...others] = columns;
  const table = state.tables.get(key);
  return (
    table !== undefined &&
    column !== undefined &&
    others.length === 0 &&
    isCountedOut(column, table) &&
    allCallsOn(key, ['insert', 'delete'], facts).length === 0
  );
}

/** A CHECK leaves the column few values. */
export const isCountedOut = (column: string, { checks }: Table): boolean =>
  checks.some(({ expression: { node } }) => node !== null && countsOut(node, column));

/** `x between 1 and 7`, `x >= 1 and x <= 7`, `x in ('a', 'b')`. */
function countsOut(check: SyntaxNode, column: string): boolean {
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const part of conjuncts(check)) {
    const test = bare(part)?.A_Expr;
    if (test === undefined || !isColumn(test.lexpr, column)) continue;
    const right = test.rexpr ?? null;
    if (test.kind === 'AEXPR_IN') return operatorOf(test) === '=';
    if (test.kind === 'AEXPR_OP_ANY')
      return operatorOf(test) === '=' && bare(right)?.A_ArrayExpr !== undefined;
    const bounds = test.kind === 'AEXPR_BETWEEN' ? right.List.items.map(constantOf) : [constantOf(right)];
    if (!bounds.every((bound: unknown) => typeof bound === 'number')) continue;
    if (bounds.length === 2) [from, to] = bounds;
    else if (/^>=?$/.test(operatorOf(test))) from = bounds[0];
    else if (/^<=?$/.test(operatorOf(test))) to = bounds[0];
  }
  return to - from <= many;
}
