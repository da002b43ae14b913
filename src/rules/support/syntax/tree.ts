/** Small reading helpers for libpg_query's trees, as written or as Postgres deparses them. */
import type { SyntaxNode } from '../../../model/sql.ts';
import { qualified, strings } from '../../../sql/names.ts';
import { isNodeName } from '../../walk.ts';

/** Calls `visit` for every named node, outermost first; where it answers false, what is inside is passed over. */
export function visitTree(
  root: SyntaxNode | null | undefined,
  // biome-ignore lint/suspicious/noConfusingVoidType: a visitor that only looks need not answer.
  visit: (kind: string, node: SyntaxNode) => boolean | void,
): void {
  if (root === null || root === undefined) return;
  if (Array.isArray(root)) {
    for (const item of root) if (typeof item === 'object') visitTree(item, visit);
    return;
  }
  for (const key in root) {
    const value: unknown = root[key];
    if (typeof value !== 'object' || value === null) continue;
    if (isNodeName(key) && visit(key, value as SyntaxNode) === false) continue;
    visitTree(value as SyntaxNode, visit);
  }
}

/** True where some named node fits. */
export function someNode(
  root: SyntaxNode | null | undefined,
  fits: (kind: string, node: SyntaxNode) => boolean,
): boolean {
  let found = false;
  visitTree(root, (kind, node) => {
    found ||= fits(kind, node);
    return !found;
  });
  return found;
}

/** A function of one tree or object, computed once for each: they are never changed, and many states share them. */
export function remembered<From extends object, To>(find: (from: From) => To): (from: From) => To {
  const known = new WeakMap<From, { readonly found: To }>();
  return (from) => {
    const entry = known.get(from);
    if (entry !== undefined) return entry.found;
    const found = find(from);
    known.set(from, { found });
    return found;
  };
}

/** All named nodes of a tree by their kind. */
const inventory = remembered((root: SyntaxNode): ReadonlyMap<string, readonly SyntaxNode[]> => {
  const found = new Map<string, SyntaxNode[]>();
  visitTree(root, (kind, node) => {
    const known = found.get(kind);
    if (known === undefined) found.set(kind, [node]);
    else known.push(node);
  });
  return found;
});

/** The nodes of one kind, outermost first: one walk answers for all kinds of a tree that many rules look at. */
export const nodesOf = (root: SyntaxNode, kind: string): readonly SyntaxNode[] =>
  inventory(root).get(kind) ?? none;
const none: readonly SyntaxNode[] = [];

export const functionCalls = (root: SyntaxNode): readonly SyntaxNode[] => nodesOf(root, 'FuncCall');

/** Name of a FuncCall. */
export function functionName(call: SyntaxNode): { schema: string | null; name: string } {
  return qualified(strings(call.funcname));
}

/** The operator of an A_Expr: `=`, `->>`. */
export function operatorOf(expression: SyntaxNode): string {
  return strings(expression.name).at(-1) ?? '';
}

/** Parts of a ColumnRef: `['m', 'org_id']`; a star is left out. */
export function columnParts(ref: SyntaxNode): string[] {
  return strings((ref.fields ?? []).filter((field: SyntaxNode) => field.String !== undefined));
}

/** The bare or cast name of a column, whichever table's. */
export function isColumn(node: SyntaxNode | null | undefined, name: string): boolean {
  const ref = bare(node)?.ColumnRef;
  return ref !== undefined && columnParts(ref).at(-1) === name;
}

/** A scalar `(select x)` without FROM is x; a cast is what it casts. */
export function bare(node: SyntaxNode | null | undefined): SyntaxNode | null {
  let inner = node ?? null;
  for (;;) {
    if (inner === null) return null;
    const next: SyntaxNode | null =
      inner.TypeCast?.arg ?? scalarSelect(inner) ?? inner.CollateClause?.arg ?? null;
    if (next === null) return inner;
    inner = next;
  }
}

/** What `(select x)` gives where it has neither FROM nor WHERE. */
export function scalarSelect(node: SyntaxNode): SyntaxNode | null {
  const link = node.SubLink;
  if (link?.subLinkType !== 'EXPR_SUBLINK') return null;
  const select = link.subselect?.SelectStmt;
  if (select === undefined || select.fromClause !== undefined || select.whereClause !== undefined)
    return null;
  if (select.targetList?.length !== 1) return null;
  return select.targetList[0].ResTarget?.val ?? null;
}

/** A constant's value: null for NULL, undefined for what is no constant. */
export function constantOf(node: SyntaxNode | null): string | number | boolean | null | undefined {
  const constant = bare(node)?.A_Const;
  if (constant === undefined) return undefined;
  if (constant.isnull) return null;
  // protobuf leaves out zero values: `{ boolval: {} }` is false, `{ ival: {} }` is 0.
  if (constant.boolval !== undefined) return constant.boolval.boolval === true;
  if (constant.ival !== undefined) return constant.ival.ival ?? 0;
  if (constant.fval !== undefined) return Number(constant.fval.fval);
  return constant.sval?.sval ?? constant.bsval?.bsval ?? '';
}

/** Branches of an OR at the top, else the predicate itself. */
export function alternatives(node: SyntaxNode | null): SyntaxNode[] {
  if (node === null) return [];
  const or = node.BoolExpr?.boolop === 'OR_EXPR' ? (node.BoolExpr.args as SyntaxNode[]) : null;
  return or === null ? [node] : or.flatMap(alternatives);
}

/** Parts of an AND at the top, else the predicate itself. */
export function conjuncts(node: SyntaxNode | null | undefined): SyntaxNode[] {
  if (node === null || node === undefined) return [];
  const and = node.BoolExpr?.boolop === 'AND_EXPR' ? (node.BoolExpr.args as SyntaxNode[]) : null;
  return and === null ? [node] : and.flatMap(conjuncts);
}
