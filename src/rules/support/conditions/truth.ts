/** What a predicate comes to whatever the row holds: three-valued logic over what is known without data. */
import type { Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { claimOf, isUserId } from '../callers/caller.ts';
import {
  bare,
  columnParts,
  constantOf,
  functionName,
  operatorOf,
  remembered,
  someNode,
} from '../syntax/tree.ts';

export type Truth = 'true' | 'false' | 'null' | 'unknown';

export interface World {
  /** Table the predicate stands on: its NOT NULL columns are never null. */
  readonly table: Table | null;
  /**
   * Who asks. Where nobody is signed in `auth.uid()` and what is drawn from it are null; for a user they are not, and
   * the role is `authenticated`.
   */
  readonly who: 'anyone' | 'nobody' | 'user';
  /** Columns that hold NULL in every row. */
  readonly nulls?: ReadonlySet<string>;
}

/** `true`, `(true)`, `(select true)`: a policy that says openly that it lets everything through. */
export function isPlainTrue(node: SyntaxNode | null): boolean {
  return bare(node)?.A_Const?.boolval?.boolval === true;
}

/** Open to everybody who is signed in, or to everybody at all. */
export const opensTo = (node: SyntaxNode | null): 'everybody' | 'users' | null =>
  node === null ? null : opens(node);

const opens = remembered((node: SyntaxNode): 'everybody' | 'users' | null => {
  if (isPlainTrue(node)) return 'everybody';
  return truthOf(node, { table: null, who: 'user' }) === 'true' &&
    truthOf(node, { table: null, who: 'anyone' }) !== 'true'
    ? 'users'
    : null;
});

export function truthOf(node: SyntaxNode | null, world: World): Truth {
  const inner = bare(node);
  if (inner === null) return 'unknown';
  const constant = constantOf(inner);
  if (constant !== undefined) return fromConstant(constant);
  if (inner.BoolExpr !== undefined) return combine(inner.BoolExpr, world);
  if (inner.NullTest !== undefined) return nullTest(inner.NullTest, world);
  if (inner.BooleanTest !== undefined) return booleanTest(inner.BooleanTest, world);
  if (inner.A_Expr !== undefined) return compare(inner.A_Expr, world);
  if (inner.SubLink?.subLinkType === 'EXISTS_SUBLINK')
    return exists(inner.SubLink.subselect?.SelectStmt, world);
  // IN over no row at all.
  if (inner.SubLink?.subLinkType === 'ANY_SUBLINK')
    return exists(inner.SubLink.subselect?.SelectStmt, world) === 'false' ? 'false' : 'unknown';
  return isNull(inner, world) ? 'null' : 'unknown';
}

/** True where nobody is signed in, and not for everybody anyway: `auth.uid() is null`, and what is OR'ed to it. */
export const holdsForNobody = (node: SyntaxNode, table: Table): boolean =>
  truthOf(node, { table, who: 'anyone' }) === 'unknown' && truthOf(node, { table, who: 'nobody' }) === 'true';

/** False or null whatever else is true: of `null and x` no more is known, and no more is needed. */
export function neverHolds(node: SyntaxNode | null, world: World): boolean {
  const inner = bare(node);
  const args: SyntaxNode[] = inner?.BoolExpr?.args ?? [];
  if (inner?.BoolExpr?.boolop === 'AND_EXPR') return args.some((arg) => neverHolds(arg, world));
  if (inner?.BoolExpr?.boolop === 'OR_EXPR') return args.every((arg) => neverHolds(arg, world));
  const truth = truthOf(inner, world);
  return truth === 'null' || truth === 'false';
}

function fromConstant(constant: string | number | boolean | null): Truth {
  if (constant === null) return 'null';
  if (typeof constant === 'boolean') return constant ? 'true' : 'false';
  if (/^(t|true|yes|on|1)$/i.test(String(constant))) return 'true';
  return /^(f|false|no|off|0)$/i.test(String(constant)) ? 'false' : 'unknown';
}

function combine({ boolop, args }: SyntaxNode, world: World): Truth {
  const truths = (args as SyntaxNode[]).map((arg) => truthOf(arg, world));
  if (boolop === 'NOT_EXPR') {
    const [only] = truths;
    return only === 'true' ? 'false' : only === 'false' ? 'true' : only!;
  }
  const deciding: Truth = boolop === 'OR_EXPR' ? 'true' : 'false';
  if (truths.includes(deciding)) return deciding;
  if (truths.includes('unknown')) return 'unknown';
  return truths.includes('null') ? 'null' : boolop === 'OR_EXPR' ? 'false' : 'true';
}

function nullTest({ arg, nulltesttype }: SyntaxNode, world: World): Truth {
  const wantsNull = nulltesttype === 'IS_NULL';
  const inner = bare(arg);
  if (inner !== null && isNull(inner, world)) return wantsNull ? 'true' : 'false';
  if (inner !== null && isNeverNull(inner, world)) return wantsNull ? 'false' : 'true';
  return 'unknown';
}

function booleanTest({ arg, booltesttype }: SyntaxNode, world: World): Truth {
  const truth = truthOf(arg, world);
  if (truth === 'unknown') return 'unknown';
  const asked = String(booltesttype).replace(/^IS_(NOT_)?/, '');
  const is = asked === 'UNKNOWN' ? truth === 'null' : truth === asked.toLowerCase();
  return is !== String(booltesttype).startsWith('IS_NOT_') ? 'true' : 'false';
}

function compare(expression: SyntaxNode, world: World): Truth {
  const left = bare(expression.lexpr);
  const right = bare(expression.rexpr);
  if (left === null || right === null) return 'unknown';
  const operator = operatorOf(expression);
  const distinct = expression.kind === 'AEXPR_DISTINCT';
  if (expression.kind === 'AEXPR_NOT_DISTINCT' || distinct) {
    const alike = same(left, right) || (isNull(left, world) && isNull(right, world));
    return alike ? (distinct ? 'false' : 'true') : 'unknown';
  }
  if (world.who === 'user' && isRole(left) && asksForUsers(expression)) return 'true';
  if (expression.kind !== 'AEXPR_OP') {
    const asksLeft =
      /^AEXPR_(IN|LIKE|ILIKE|BETWEEN)$/.test(expression.kind) ||
      // Over no element at all it is false.
      (expression.kind === 'AEXPR_OP_ANY' && right.A_ArrayExpr?.elements !== undefined);
    return asksLeft && isNull(left, world) ? 'null' : 'unknown';
  }
  if (isNull(left, world) || isNull(right, world)) return 'null';
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== undefined && b !== undefined && typeof a === typeof b) {
    if (operator === '=') return a === b ? 'true' : 'false';
    if (operator === '<>' || operator === '!=') return a !== b ? 'true' : 'false';
    return 'unknown';
  }
  const reflexive = operator === '=' || operator === '>=' || operator === '<=';
  return reflexive && same(left, right) && isNeverNull(left, world) ? 'true' : 'unknown';
}

const isRole = (node: SyntaxNode) => claimOf(node)?.join('.') === 'role';

/** `auth.role() = 'authenticated'`, or a list with it. */
function asksForUsers({ kind, name, rexpr }: SyntaxNode): boolean {
  if (operatorOf({ name }) !== '=') return false;
  const items: SyntaxNode[] = kind === 'AEXPR_IN' ? (rexpr.List?.items ?? []) : [rexpr];
  return items.some((item) => constantOf(item) === 'authenticated');
}

function exists(select: SyntaxNode | undefined, world: World): Truth {
  // An aggregate gives a row where there is none.
  if (select === undefined || select.op !== 'SETOP_NONE' || calls(select.targetList)) return 'unknown';
  if (select.whereClause === undefined) return select.fromClause === undefined ? 'true' : 'unknown';
  if (neverHolds(select.whereClause, world)) return 'false';
  // Whether the tables hold a row is not known.
  return select.fromClause === undefined ? truthOf(select.whereClause, world) : 'unknown';
}

const calls = (list: SyntaxNode[] | undefined): boolean =>
  (list ?? []).some((node) => someNode(node, (kind) => kind === 'FuncCall'));

/** The same column, or the same call: equal unless null. */
function same(left: SyntaxNode, right: SyntaxNode): boolean {
  if (left.ColumnRef !== undefined && right.ColumnRef !== undefined) {
    const a = columnParts(left.ColumnRef);
    return a.length > 0 && a.join('.') === columnParts(right.ColumnRef).join('.');
  }
  return isUserId(left) && isUserId(right);
}

function isNull(node: SyntaxNode, world: World): boolean {
  const inner = bare(node);
  if (inner === null) return false;
  if (constantOf(inner) === null) return true;
  if (world.nulls !== undefined && isNullColumn(inner, world.nulls, world)) return true;
  if (world.who !== 'nobody') return false;
  if (isUserId(inner)) return true;
  const call = inner.FuncCall;
  if (call !== undefined) {
    const { schema, name } = functionName(call);
    return schema === 'auth' && name === 'email';
  }
  // The anonymous key is a token too: it has a role, and no subject.
  return claimOf(inner)?.join('.') === 'sub' || claimOf(inner)?.join('.') === 'email';
}

/** The column itself, or what comes of NULL: most operators and functions give NULL back. */
function isNullColumn(node: SyntaxNode, nulls: ReadonlySet<string>, world: World): boolean {
  if (node.ColumnRef !== undefined) return nulls.has(columnParts(node.ColumnRef).at(-1) ?? '');
  const given = (arg: SyntaxNode | null | undefined) => arg != null && isNull(arg, world);
  if (node.A_Expr?.kind === 'AEXPR_OP')
    return operatorOf(node.A_Expr) !== '||' && (given(node.A_Expr.lexpr) || given(node.A_Expr.rexpr));
  return (
    node.FuncCall !== undefined &&
    strict.test(functionName(node.FuncCall).name) &&
    (node.FuncCall.args ?? []).some(given)
  );
}

/** Functions of Postgres that are null where an argument is. */
const strict =
  /^(char_length|character_length|length|octet_length|lower|upper|btrim|ltrim|rtrim|abs|round|trunc|floor|ceil|mod|cardinality|array_length|jsonb?_typeof|jsonb?_array_length|date_trunc|date_part|extract|regexp_replace|replace|substring|position|starts_with)$/;

function isNeverNull(node: SyntaxNode, { table, who }: World): boolean {
  if (who === 'user' && isUserId(node)) return true;
  const constant = constantOf(node);
  if (constant !== undefined) return constant !== null;
  if (node.ColumnRef === undefined || table === null) return false;
  const parts = columnParts(node.ColumnRef);
  if (parts.length > 1 && parts.at(-2) !== table.name) return false;
  const column = table.columns.find(({ name }) => name === parts.at(-1));
  return column?.notNull === true || table.primaryKey?.columns.includes(parts.at(-1)!) === true;
}
