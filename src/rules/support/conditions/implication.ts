/** Whether each row that meets one condition meets another, as far as the text of both shows it. */
import type { SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { alternatives, bare, columnParts, conjuncts, constantOf, operatorOf } from '../syntax/tree.ts';

/** False where it is not certain. A NULL passes a CHECK, on both sides alike. */
export function implies(one: SyntaxNode, other: SyntaxNode): boolean {
  if (same(one, other) || isSubset(listOf(one), listOf(other)) || isWithin(rangeOf(one), rangeOf(other)))
    return true;
  const wider = alternatives(other);
  if (wider.length > 1 && wider.some((branch) => implies(one, branch))) return true;
  const from = alternatives(one);
  if (from.length > 1) return from.every((branch) => implies(branch, other));
  const needed = conjuncts(other);
  if (needed.length > 1) return needed.every((part) => implies(one, part));
  const held = conjuncts(one);
  return held.length > 1 && held.some((part) => implies(part, other));
}

const same = (one: SyntaxNode, other: SyntaxNode) => printed(one) === printed(other);

/** `'a'` and `'a'::text` are the same where a text is asked for, and so are a system function with and without its schema. */
const printed = (node: SyntaxNode) =>
  JSON.stringify(node, (key, value) => {
    if (key === 'location' || key === 'rexpr_list_start' || key === 'rexpr_list_end') return undefined;
    if (key === 'funcname' && Array.isArray(value) && value[0]?.String?.sval === 'pg_catalog')
      return value.slice(1);
    return value?.TypeCast?.arg?.A_Const?.sval !== undefined &&
      strings(value.TypeCast.typeName?.names).at(-1) === 'text'
      ? value.TypeCast.arg
      : value;
  });

const isSubset = (one: ValueList | null, other: ValueList | null) =>
  one !== null &&
  other !== null &&
  one.column === other.column &&
  one.values.every((value) => other.values.includes(value));

/** What the one list of a column's values lets through and the other does not; null where they are no such lists. */
export function lostValues(one: SyntaxNode, other: SyntaxNode): ValueList | null {
  const [was, now] = [listOf(one), listOf(other)];
  if (was === null || now === null || was.column !== now.column) return null;
  const values = was.values.filter((value) => value !== null && !now.values.includes(value));
  return { column: was.column, values };
}

export interface ValueList {
  readonly column: string;
  readonly values: readonly unknown[];
}

/** `c in ('a', 'b')`, `c = any (array['a', 'b'])`, `c = 'a'`, one or the other of them; NULL passes a CHECK by itself. */
export function listOf(node: SyntaxNode | null): ValueList | null {
  const inner = bare(node);
  if (inner?.BoolExpr?.boolop === 'OR_EXPR') {
    const parts = (inner.BoolExpr.args as SyntaxNode[]).map(listOf);
    const column = parts.find((part) => part !== null)?.column;
    if (column === undefined || parts.some((part) => part?.column !== column)) return null;
    return { column, values: parts.flatMap((part) => part!.values) };
  }
  const nullTest = inner?.NullTest;
  const tested = bare(nullTest?.arg ?? inner?.A_Expr?.lexpr)?.ColumnRef;
  const column = tested === undefined ? undefined : columnParts(tested).at(-1);
  if (column === undefined) return null;
  if (nullTest !== undefined) return nullTest.nulltesttype === 'IS_NULL' ? { column, values: [] } : null;
  if (operatorOf(inner!.A_Expr) !== '=') return null;
  const right = bare(inner!.A_Expr.rexpr);
  const items: SyntaxNode[] = right?.List?.items ?? right?.A_ArrayExpr?.elements ?? [right];
  const values = items.map((item) => constantOf(bare(item)!));
  return values.includes(undefined) ? null : { column, values };
}

/** Bounds of one expression: `length(c) <= 500`, `n between 1 and 10`, `n > 0`, `n = 1`. */
interface Range {
  readonly of: string;
  readonly from: number;
  readonly to: number;
  /** The bound itself is left out. */
  readonly above?: boolean;
  readonly below?: boolean;
}

function rangeOf(node: SyntaxNode): Range | null {
  const comparison = bare(node)?.A_Expr;
  if (comparison === undefined) return null;
  const of = printed(bare(comparison.lexpr) ?? {});
  if (comparison.kind === 'AEXPR_BETWEEN') {
    const [from, to] = ((comparison.rexpr?.List?.items ?? []) as SyntaxNode[]).map(constantOf);
    return typeof from === 'number' && typeof to === 'number' ? { of, from, to } : null;
  }
  const bound = constantOf(comparison.rexpr ?? null);
  if (comparison.kind !== 'AEXPR_OP' || typeof bound !== 'number') return null;
  switch (operatorOf(comparison)) {
    case '<=':
      return { of, from: Number.NEGATIVE_INFINITY, to: bound };
    case '<':
      return { of, from: Number.NEGATIVE_INFINITY, to: bound, below: true };
    case '>=':
      return { of, from: bound, to: Number.POSITIVE_INFINITY };
    case '>':
      return { of, from: bound, to: Number.POSITIVE_INFINITY, above: true };
    case '=':
      return { of, from: bound, to: bound };
    default:
      return null;
  }
}

const isWithin = (one: Range | null, other: Range | null) =>
  one !== null &&
  other !== null &&
  one.of === other.of &&
  (other.from < one.from || (other.from === one.from && !(other.above === true && one.above !== true))) &&
  (one.to < other.to || (one.to === other.to && !(other.below === true && one.below !== true)));
