/** Small questions to a syntax tree: which column, which constant, without casts and wrappers. */
import type { SyntaxNode } from '../../model/sql.ts';

export const names = (list: readonly SyntaxNode[] | undefined): string[] =>
  (list ?? []).map((item) => item.String?.sval ?? '');

export function columnNames(node: SyntaxNode | undefined): string[] | null {
  const fields: SyntaxNode[] | undefined = node?.ColumnRef?.fields;
  if (fields === undefined || fields.some((field) => field.String === undefined)) return null;
  return fields.map((field) => field.String.sval);
}

/** Without casts and collations. */
export function strip(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let bare = node;
  while (bare?.TypeCast || bare?.CollateClause) bare = bare.TypeCast?.arg ?? bare.CollateClause?.arg;
  return bare;
}

/** Functions that hand their first argument through, as far as a probe cares. */
const transparent = new Set(['lower', 'upper', 'trim', 'btrim', 'nullif', 'to_jsonb', 'quote_literal']);
export function unwrapCall(node: SyntaxNode | undefined): SyntaxNode | undefined {
  if (node?.CoalesceExpr) return node.CoalesceExpr.args?.[0];
  if (node?.A_Expr?.kind === 'AEXPR_NULLIF') return unwrapCall(strip(node.A_Expr.lexpr));
  if (node?.FuncCall && transparent.has(names(node.FuncCall.funcname).at(-1)!)) {
    return unwrapCall(strip(node.FuncCall.args?.[0]));
  }
  return node;
}

/** Text of a constant, `now()` for any reading of the clock, null for NULL; undefined where it is no constant. */
export function constant(
  node: SyntaxNode | undefined,
  bound: (node: SyntaxNode) => { readonly node: SyntaxNode } | null,
): string | null | undefined {
  const bare = strip(unwrapCall(strip(node)));
  if (bare === undefined) return undefined;
  if (bare.A_Const) {
    const { sval, ival, fval, boolval, isnull } = bare.A_Const;
    if (isnull) return null;
    if (sval) return sval.sval ?? '';
    if (ival) return String(ival.ival ?? 0);
    if (fval) return fval.fval;
    if (boolval) return String(boolval.boolval ?? false);
    return undefined;
  }
  if (bare.SQLValueFunction) {
    return /CURRENT_(DATE|TIME)|LOCALTIME/.test(bare.SQLValueFunction.op) ? 'now()' : undefined;
  }
  if (bare.FuncCall) {
    const called = names(bare.FuncCall.funcname).at(-1)!;
    if (
      ['now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp', 'timezone'].includes(called)
    )
      return 'now()';
    return undefined;
  }
  if (bare.A_Expr?.kind === 'AEXPR_OP' && ['+', '-'].includes(bare.A_Expr.name?.at(-1)?.String?.sval)) {
    return constant(bare.A_Expr.lexpr, bound) === 'now()' ? 'now()' : undefined;
  }
  const through = bound(bare);
  return through === null ? undefined : constant(through.node, () => null);
}

/** Elements of `'{a,b}'::text[]`. */
export function arrayLiteral(node: SyntaxNode | undefined): SyntaxNode[] | null {
  const text = node?.A_Const?.sval?.sval;
  if (typeof text !== 'string' || !/^\{.*\}$/s.test(text)) return null;
  return text
    .slice(1, -1)
    .split(',')
    .map((element) => ({ A_Const: { sval: { sval: element.replace(/^"|"$/g, '') } } }));
}
