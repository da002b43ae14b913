/** What an expression of a function's body comes to where nobody is signed in: nulls spread, and comparisons with them. */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { parseStatements } from '../../../sql/parse.ts';
import { claimOf, isUserId, routinesCalled } from '../callers/caller.ts';
import { inputsOf } from '../callers/inputs.ts';
import { bare, columnParts, constantOf, functionName, operatorOf, someNode } from '../syntax/tree.ts';
import { neverHolds, type Truth, truthOf } from './truth.ts';

/** Variables whose value is known; all others may hold anything. */
export type Known = ReadonlyMap<string, SyntaxNode>;

export const nothing: SyntaxNode = { A_Const: { isnull: true } };
const anything: SyntaxNode = { ParamRef: { number: 0 } };
export const constant = (value: boolean): SyntaxNode => ({
  A_Const: { boolval: value ? { boolval: true } : {} },
});
const text = (value: string): SyntaxNode => ({ A_Const: { sval: { sval: value } } });

const nobody = { table: null, who: 'nobody' } as const;

export const isNothing = (node: SyntaxNode | null) => node !== null && constantOf(bare(node)) === null;

/** Null where the text is no expression. */
export function expressionOf(written: string): SyntaxNode | null {
  const [statement] = parseStatements(`select ${written}`) ?? [];
  return statement?.node.targetList?.[0]?.ResTarget?.val ?? null;
}

export function truthWithoutUser(node: SyntaxNode, known: Known, state: SchemaState): Truth {
  return truthOf(withoutUser(node, known, state), nobody);
}

/** The WHERE lets no row through. */
export const keepsAllOut = (where: SyntaxNode | undefined, known: Known, state: SchemaState) =>
  where !== undefined && neverHolds(withoutUser(where, known, state), nobody);

/** The same expression, what is known of it put in. */
export function withoutUser(node: SyntaxNode, known: Known, state: SchemaState, depth = 0): SyntaxNode {
  const put = (value: SyntaxNode): SyntaxNode => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(put) as unknown as SyntaxNode;
    const reads = value.FuncCall !== undefined || value.A_Expr !== undefined;
    if (reads && isUserId(value)) return nothing;
    const claim = reads ? claimOf(value) : null;
    // The anonymous key is a token too: it says its role, and nothing of a user.
    if (claim !== null && claim.length > 0) return claim.join('.') === 'role' ? text('anon') : nothing;
    if (value.ColumnRef !== undefined) {
      const parts = columnParts(value.ColumnRef);
      return (parts.length <= 2 && known.get(parts[0]!)) || value;
    }
    const inner = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, put(each)]));
    if (inner.FuncCall !== undefined) return called(inner, state, depth);
    if (inner.CoalesceExpr !== undefined) return coalesced(inner.CoalesceExpr.args ?? []);
    if (inner.TypeCast !== undefined && isNothing(inner.TypeCast.arg)) return nothing;
    if (inner.SubLink?.subLinkType === 'EXPR_SUBLINK')
      return selected(inner.SubLink.subselect?.SelectStmt, inner);
    if (inner.A_Expr !== undefined) return operated(inner);
    return inner;
  };
  return put(node);
}

function coalesced(args: readonly SyntaxNode[]): SyntaxNode {
  const first = args.find((arg) => !isNothing(arg));
  return first === undefined ? nothing : constantOf(bare(first)) === undefined ? anything : first;
}

/** `(select role from profiles where id = null)`: no row, and no value. */
function selected(select: SyntaxNode | undefined, whole: SyntaxNode): SyntaxNode {
  const value = select?.targetList?.[0]?.ResTarget?.val;
  if (select === undefined || value === undefined || select.op !== 'SETOP_NONE') return whole;
  if (select.fromClause === undefined && select.whereClause === undefined) return value;
  return isEmpty(select) ? nothing : whole;
}

const isEmpty = (select: SyntaxNode) =>
  select.whereClause !== undefined &&
  neverHolds(select.whereClause, nobody) &&
  !someNode(select.targetList, (kind) => kind === 'FuncCall');

function operated(whole: SyntaxNode): SyntaxNode {
  const { kind, lexpr, rexpr } = whole.A_Expr;
  if (kind === 'AEXPR_NULLIF') return isNothing(lexpr) ? nothing : anything;
  const spreads =
    kind === 'AEXPR_OP'
      ? !/^(=|<>|!=)$/.test(operatorOf(whole.A_Expr)) && (isNothing(lexpr) || isNothing(rexpr))
      : /^AEXPR_(OP_A(NY|LL)|I?LIKE|SIMILAR|BETWEEN\w*)$/.test(kind) && isNothing(lexpr);
  return spreads ? nothing : whole;
}

let left = Number.POSITIVE_INFINITY;

/** A search that may take so many steps. */
export function within<T>(steps: number, search: () => T): T {
  const before = left;
  left = steps;
  try {
    return search();
  } finally {
    left = before;
  }
}

/** False where no step is left. */
export function spend(): boolean {
  left -= 1;
  return left >= 0;
}

/** Functions that give null for null, and helpers of the project that read a row of the caller's. */
function called(whole: SyntaxNode, state: SchemaState, depth: number): SyntaxNode {
  const args: readonly SyntaxNode[] = whole.FuncCall.args ?? [];
  const { schema, name } = functionName(whole.FuncCall);
  if ((schema === null || schema === 'pg_catalog') && /^(lower|upper|[blr]?trim)$/.test(name))
    return args.some(isNothing) ? nothing : whole;
  const [helper, ...others] = routinesCalled(whole.FuncCall, state);
  if (helper === undefined || others.length > 0 || depth > 2 || !spend()) return whole;
  if (helper.strict && args.some(isNothing)) return nothing;
  return given(helper, args, state, depth) ?? whole;
}

/** What a helper of one SELECT gives; undefined where that depends on more. */
function given(
  { language, body, arguments: all, returns }: Routine,
  args: readonly SyntaxNode[],
  state: SchemaState,
  depth: number,
): SyntaxNode | undefined {
  if (language !== 'sql' || /^(setof|table)\b/i.test(returns)) return undefined;
  const statements = parseStatements(body) ?? [];
  const [only] = statements;
  if (statements.length !== 1 || only?.kind !== 'SelectStmt') return undefined;
  const taken = inputsOf({ arguments: all });
  const known = new Map(
    taken.flatMap(({ name }, at) =>
      name !== null && args[at] !== undefined && constantOf(bare(args[at])) !== undefined
        ? [[name, args[at]] as const]
        : [],
    ),
  );
  const link = { SubLink: { subLinkType: 'EXPR_SUBLINK', subselect: { SelectStmt: only.node } } };
  const value = withoutUser(link, known, state, depth + 1);
  if (isNothing(value)) return nothing;
  const truth = truthOf(value, nobody);
  return truth === 'true' || truth === 'false'
    ? constant(truth === 'true')
    : truth === 'null'
      ? nothing
      : undefined;
}
