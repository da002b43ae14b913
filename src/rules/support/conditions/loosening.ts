/** What a policy no longer asks for: conditions that fell out of an AND while all else stayed as it was. */
import type { Expression, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { isUserId } from '../callers/caller.ts';
import { termText } from '../syntax/term-text.ts';
import { bare, columnParts, functionName, nodesOf, remembered, someNode, visitTree } from '../syntax/tree.ts';
import { named } from '../words/words.ts';
import { isEnforced } from './enforced.ts';
import { opensTo, truthOf } from './truth.ts';

/** As the end of a sentence about the policy; null where it asks for as much as before, or for something else. */
export function conditionsLost(was: Policy, now: Policy, table: Table, state: SchemaState): string | null {
  const checkOf = ({ using, check }: Policy): Expression | null => check ?? using;
  for (const [before, after] of [
    [was.using, now.using],
    [checkOf(was), checkOf(now)],
  ]) {
    const found =
      before?.node && after?.node
        ? compared(before, before.node, after.node, was.permissive, table, state)
        : null;
    if (found !== null) return found;
  }
  return null;
}

function compared(
  written: Expression,
  before: SyntaxNode,
  after: SyntaxNode,
  permissive: boolean,
  table: Table,
  state: SchemaState,
): string | null {
  // That a permissive policy is true for everybody is told by rls/always-true.
  if (!permissive && isAlways(after, table) && !isAlways(before, table)) return 'limits nothing any more';
  const loss = lossOf(before, after);
  if (loss === null) return null;
  // Whoever is compared with the user's id is signed in.
  const asksWho = someNode(after, (kind, node) => isUserId({ [kind]: node }));
  const parts = loss.parts.filter(
    (part) =>
      !(asksWho && opensTo(part) === 'users') &&
      !onlyTells(part) &&
      (loss.either || !isEnforced(part, after, table, state)) &&
      !(opensTo(after) === null && hidesDeleted(part)),
  );
  if (parts.length === 0) return null;
  // What another condition still asks is not lost.
  const kept = new Set(namesIn(after));
  const tables = [...new Set(parts.flatMap(tablesIn))].filter((name) => !tablesIn(after).includes(name));
  if (tables.length > 0 && !loss.either) return `no longer looks at ${named(tables)}`;
  const names = [...new Set(parts.flatMap(namesIn))].filter((name) => !kept.has(name));
  const terms = (names.length === 0 ? parts : []).map((part) => termText(written, part, sameShape));
  const what =
    names.length > 0
      ? named(names.slice(0, 4))
      : terms.length === 0 || terms.includes(null)
        ? 'a condition'
        : named((terms as string[]).slice(0, 4));
  return loss.either ? `asks for one of ${what}, where it asked for all` : `no longer asks for ${what}`;
}

/** `true`, `… or true`, `auth.uid() is not null`: of whoever is signed in it asks nothing. */
const isAlways = (node: SyntaxNode, table: Table) =>
  opensTo(node) !== null || truthOf(node, { table, who: 'anyone' }) === 'true';

/** `deleted_at is null`, `not is_deleted`: which rows count, and not who may see them. */
function hidesDeleted(part: SyntaxNode): boolean {
  const test = bare(part);
  const asked =
    (test?.NullTest?.nulltesttype === 'IS_NULL' ? test.NullTest.arg : undefined) ??
    (test?.BoolExpr?.boolop === 'NOT_EXPR' ? test.BoolExpr.args?.[0] : undefined) ??
    (/^IS_(FALSE|NOT_TRUE)$/.test(test?.BooleanTest?.booltesttype ?? '')
      ? test!.BooleanTest.arg
      : undefined) ??
    (test?.A_Expr?.kind === 'AEXPR_OP' && bare(test.A_Expr.rexpr)?.A_Const?.boolval !== undefined
      ? test.A_Expr.lexpr
      : undefined);
  const ref = bare(asked)?.ColumnRef;
  return ref !== undefined && /^(is_)?deleted(_at|_on)?$/i.test(columnParts(ref).at(-1) ?? '');
}

/** `debug('what', …)`: it writes a line, and lets through what it is given. */
const onlyTells = (part: SyntaxNode) =>
  part.FuncCall !== undefined && /^(debug|log|trace|notice)(_|$)/i.test(functionName(part.FuncCall).name);

interface Loss {
  readonly parts: readonly SyntaxNode[];
  /** OR where there was AND. */
  readonly either: boolean;
}

const none: Loss = { parts: [], either: false };

/** Null where something else than a loss tells them apart. */
function lossOf(before: SyntaxNode, after: SyntaxNode): Loss | null {
  if (sameShape(before, after)) return none;
  const all = operands(before, 'AND_EXPR');
  if (all !== null) {
    const left = operands(after, 'AND_EXPR') ?? [after];
    const gone = all.filter((part) => !left.some((other) => sameShape(part, other)));
    const came = left.filter((part) => !all.some((other) => sameShape(part, other)));
    if (came.length === 0) return { parts: gone, either: false };
    const either = operands(after, 'OR_EXPR');
    if (
      either !== null &&
      either.length === all.length &&
      all.every((part) => either.some((other) => sameShape(part, other)))
    )
      return { parts: all, either: true };
    return gone.length === 1 && came.length === 1 ? lossOf(gone[0]!, came[0]!) : null;
  }
  const some = operands(before, 'OR_EXPR');
  const others = operands(after, 'OR_EXPR');
  if (some !== null && others?.length === some.length) {
    const at = some.findIndex((part, index) => !sameShape(part, others[index]!));
    const rest = some.every((part, index) => index === at || sameShape(part, others[index]!));
    return rest ? lossOf(some[at]!, others[at]!) : null;
  }
  return inSubSelect(before, after);
}

/** `exists (select … where …)`, `x in (select … where …)`: all the same but for the inner condition. */
function inSubSelect(before: SyntaxNode, after: SyntaxNode): Loss | null {
  const [old, now] = [before.SubLink, after.SubLink];
  const [from, to] = [old?.subselect?.SelectStmt, now?.subselect?.SelectStmt];
  if (from?.whereClause === undefined || to?.whereClause === undefined) return null;
  const emptied = (link: SyntaxNode, select: SyntaxNode) => ({
    SubLink: { ...link, subselect: { SelectStmt: { ...select, whereClause: null } } },
  });
  return sameShape(emptied(old, from), emptied(now, to)) ? lossOf(from.whereClause, to.whereClause) : null;
}

function operands(node: SyntaxNode, operator: 'AND_EXPR' | 'OR_EXPR'): SyntaxNode[] | null {
  return node.BoolExpr?.boolop === operator ? (node.BoolExpr.args as SyntaxNode[]) : null;
}

/** Alike but for places and for a scalar `(select x)` around x. */
export const sameShape = (a: SyntaxNode, b: SyntaxNode) => shapeOf(a) === shapeOf(b);

const shapeOf = remembered((node: SyntaxNode): string =>
  JSON.stringify(node, (key, value) => {
    if (/location$/.test(key)) return undefined;
    return value !== null && typeof value === 'object' && value.SubLink !== undefined ? bare(value) : value;
  }),
);

/** Tables of which it asks whether there is such a row. */
const tablesIn = (node: SyntaxNode): string[] =>
  nodesOf(node, 'SubLink')
    .filter(({ subLinkType }) => subLinkType === 'EXISTS_SUBLINK')
    .flatMap((link) => nodesOf(link, 'RangeVar'))
    .map(({ relname }) => String(relname ?? ''));

function namesIn(node: SyntaxNode): string[] {
  const columns: string[] = [];
  const functions: string[] = [];
  visitTree(node, (kind, inner) => {
    if (kind === 'ColumnRef') columns.push(...columnParts(inner).slice(-1));
    if (kind === 'FuncCall') functions.push(functionName(inner).name);
  });
  return columns.length > 0 ? columns : functions;
}
