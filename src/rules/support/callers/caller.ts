/** Does an expression look at who is asking? Directly, or through a helper function. */

import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { isKnownByName } from '../../../sql/fold/table-access.ts';
import { keyOf } from '../../../sql/names.ts';
import { type Code, codeOf } from '../syntax/bodies.ts';
import { functionCalls, functionName, nodesOf, remembered, someNode, visitTree } from '../syntax/tree.ts';
import { isPlatform } from './roles.ts';

/** `auth.uid()` and its like: functions of schema `auth` that read the request's token. */
const authFunctions = new Set(['uid', 'jwt', 'role', 'email']);

/** Whether a FuncCall reads the token or the session itself. */
export function readsRequest(call: SyntaxNode): boolean {
  const { schema, name } = functionName(call);
  if (schema === 'auth') return authFunctions.has(name);
  if (name !== 'current_setting') return name === 'pg_has_role';
  const setting = call.args?.[0]?.A_Const?.sval?.sval ?? call.args?.[0]?.TypeCast?.arg?.A_Const?.sval?.sval;
  // A setting named by an expression may be the claims.
  return (
    setting === undefined ||
    /^(request\.|role$|app\.|\w+\.\w*(user|tenant|org|role|account|team|member|claim|jwt|uid))/.test(setting)
  );
}

const sessionRoles = new Set([
  'SVFOP_CURRENT_USER',
  'SVFOP_SESSION_USER',
  'SVFOP_USER',
  'SVFOP_CURRENT_ROLE',
]);

/** True where the outcome can differ from caller to caller. A function nobody knows is taken to look. */
export function looksAtCaller(node: SyntaxNode | null | undefined, state: SchemaState): boolean {
  if (node === null || node === undefined) return false;
  const known = looked.get(node);
  if (known?.routines === state.routines && known.views === state.views) return known.looks;
  // A view may name itself: WITH RECURSIVE, or a name that a CTE has too.
  looked.set(node, { routines: state.routines, views: state.views, looks: false });
  const looks = looksAnew(node, state);
  looked.set(node, { routines: state.routines, views: state.views, looks });
  return looks;
}

// A state shares its maps of routines and views with the one before where none of them changed.
const looked = new WeakMap<
  SyntaxNode,
  {
    readonly routines: SchemaState['routines'];
    readonly views: SchemaState['views'];
    readonly looks: boolean;
  }
>();

const looksAnew = (node: SyntaxNode, state: SchemaState): boolean =>
  nodesOf(node, 'SQLValueFunction').some(({ op }) => sessionRoles.has(op)) ||
  functionCalls(node).some((call) => readsRequest(call) || callLooks(call, state)) ||
  nodesOf(node, 'RangeVar').some((relation) => viewLooks(relation, state));

/**
 * Of a policy's condition: it looks at the caller itself, or reads in a sub-select what policies show of another table.
 * Those are asked as the caller there too.
 */
export const asksForCaller = (
  node: SyntaxNode | null | undefined,
  state: SchemaState,
  seen: ReadonlySet<string> = new Set(),
): boolean =>
  looksAtCaller(node, state) ||
  someNode(node, (kind, inner) => {
    if (kind !== 'RangeVar') return false;
    const key = keyOf(inner.schemaname ?? 'public', inner.relname ?? '');
    const table = state.tables.get(key);
    // No migration makes it: what its policies show is not known.
    if (table === undefined ? !state.views.has(key) : isKnownByName(table)) return true;
    if (table === undefined || !table.rls || seen.has(key)) return false;
    const deeper = new Set(seen).add(key);
    return table.policies
      .filter(({ command, permissive }) => permissive && (command === 'all' || command === 'select'))
      .every(({ using }) => asksForCaller(using?.node, state, deeper));
  });

/** A view of the caller's own rows: `select is_admin from my_profile`. */
function viewLooks(relation: SyntaxNode, state: SchemaState): boolean {
  const view = state.views.get(keyOf(relation.schemaname ?? 'public', relation.relname ?? ''));
  return view !== undefined && looksAtCaller(view.definition.node, state);
}

function callLooks(call: SyntaxNode, state: SchemaState): boolean {
  const known = routinesCalled(call, state);
  if (known.length > 0)
    return known.some((routine) => routineLooksAtCaller(routine, state) || leavesCallerOut(call, routine));
  const { schema, name } = functionName(call);
  if (schema === null) return !builtins.test(name);
  return !passiveSchemas.has(schema);
}

/** `is_member(team_id)` of a function whose last argument is `auth.uid()` where nobody gives it. */
const leavesCallerOut = (call: SyntaxNode, { defaultCalls, arguments: all }: Routine) =>
  (defaultCalls ?? []).some((name) => /^(auth\.)?(uid|jwt|role|email)$/.test(name)) &&
  (call.args ?? []).length < all.filter(({ mode }) => mode !== 'out' && mode !== 'table').length;

/** What policies use of Postgres' own functions; any other name is a function that no migration made. */
const builtins =
  /^(now|clock_timestamp|statement_timestamp|transaction_timestamp|timezone|date_trunc|date_part|extract|age|make_interval|to_(char|date|timestamp|number|tsvector|tsquery|json|jsonb)|lower|upper|initcap|[blr]?trim|length|char_length|octet_length|left|right|substring|substr|split_part|position|strpos|replace|concat|concat_ws|format|md5|starts_with|regexp_\w+|string_to_array|string_agg|array_\w+|cardinality|unnest|generate_\w+|jsonb?_\w+|row_to_json|count|min|max|sum|avg|bool_(and|or)|every|abs|ceil|floor|round|random|greatest|least|coalesce|nullif|gen_random_uuid|uuid_generate_v4|similarity|foldername|filename|extension|int4range|tstzrange|daterange|pg_catalog)$/;

/** Functions of these schemas say nothing about the caller (what of `auth` does is dealt with above). */
const passiveSchemas = new Set([
  'pg_catalog',
  'storage',
  'extensions',
  'realtime',
  'vault',
  'pgmq',
  'cron',
  'net',
]);

/** Routines of the state that a FuncCall may mean. */
export function routinesCalled(call: SyntaxNode, state: SchemaState): readonly Routine[] {
  const { schema, name } = functionName(call);
  return routinesNamed(state, schema, name);
}

export function routinesNamed(state: SchemaState, schema: string | null, name: string): readonly Routine[] {
  const named = indexOf(state).get(name) ?? [];
  if (schema !== null) return named.filter((routine) => routine.schema === schema);
  const shown = named.filter((routine) => routine.schema === 'public');
  // CAST(x AS y) is syntax and no call of a function that the platform keeps under that name.
  return shown.length > 0 ? shown : named.filter((routine) => !isPlatform(routine.schema));
}

const indices = new WeakMap<SchemaState['routines'], Map<string, Routine[]>>();
function indexOf(state: SchemaState): Map<string, Routine[]> {
  let index = indices.get(state.routines);
  if (index === undefined) {
    index = new Map();
    for (const routine of state.routines.values()) {
      const known = index.get(routine.name);
      if (known === undefined) index.set(routine.name, [routine]);
      else known.push(routine);
    }
    indices.set(state.routines, index);
  }
  return index;
}

const direct =
  /\bauth"?\s*\.\s*"?(uid|jwt|role|email)"?\s*\(|\bcurrent_setting"?\s*\(\s*'(request\.|role'|(?!app\.settings\.)\w+\.\w*(user|tenant|org|role|account|team|member|claim|jwt|uid))|\b(current_user|session_user|current_role)\b|\bpg_has_role\s*\(/i;

const asksDirectly = remembered(({ withStrings }: Code) => direct.test(withStrings));

/** Whether a routine's body reads who is asking, itself or through what it calls. */
export function routineLooksAtCaller(
  routine: Routine,
  state: SchemaState,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  if (seen.has(routine.key)) return false;
  const code = codeOf(routine.body);
  if (asksDirectly(code) || asksElsewhere(code, state)) return true;
  const deeper = new Set(seen).add(routine.key);
  return callsIn(code, state).some((called) => routineLooksAtCaller(called, state, deeper));
}

/** Routines of the state that a piece of code calls. */
export function callsIn(code: Code, state: SchemaState): Routine[] {
  return callNames(code).flatMap(({ schema, name }) => routinesNamed(state, schema, name));
}

/** A call of a function that no migration made and whose name asks about the caller: `is_admin()`, made by hand. */
const asksElsewhere = (code: Code, state: SchemaState) =>
  callNames(code).some(
    ({ schema, name }) =>
      (schema === null || !passiveSchemas.has(schema)) &&
      asking.test(name) &&
      !builtinsThatAsk.test(name) &&
      routinesNamed(state, schema, name).length === 0,
  );

const asking =
  /^(is|has|can|my|current|get_(my|current|auth))_|^(require|assert)_(\w+_)?(admin|user|role|owner|member)/;
const builtinsThatAsk =
  /^(has_\w+_privilege|current_(setting|database|schemas?|query|catalog)|is_(normalized))$/;

/** Names in front of a parenthesis, as dumps quote them too: `"public"."is_admin"()`. */
const callNames = remembered((code: Code): readonly { schema: string | null; name: string }[] => {
  const calls = code.bare
    .replaceAll('"', '')
    .matchAll(/(?:\b([a-z_][\w$]*)\s*\.\s*)?\b([a-z_][\w$]*)\s*\(/gi);
  return [...calls].map(([, schema, name]) => ({
    schema: schema?.toLowerCase() ?? null,
    name: name!.toLowerCase(),
  }));
});

/** What reads the signed-in user's id: `auth.uid()`, or `sub` of the token. */
export function isUserId(node: SyntaxNode | null): boolean {
  if (node === null) return false;
  const call = node.FuncCall;
  if (call !== undefined) {
    const { schema, name } = functionName(call);
    return schema === 'auth' && name === 'uid';
  }
  return claimOf(node)?.join('.') === 'sub';
}

/** Path into the token that an expression reads: `auth.jwt() -> 'app_metadata' ->> 'role'` is `['app_metadata', 'role']`. */
export function claimOf(node: SyntaxNode | null | undefined): string[] | null {
  const inner = strip(node);
  if (inner === null) return null;
  const call = inner.FuncCall;
  if (call !== undefined) {
    const { schema, name } = functionName(call);
    if (schema === 'auth' && name === 'jwt') return [];
    if (schema === 'auth' && name === 'role') return ['role'];
    if (schema === 'auth' && name === 'email') return ['email'];
    if (name === 'current_setting') {
      const setting = String(strip(call.args?.[0])?.A_Const?.sval?.sval ?? '');
      if (setting === 'request.jwt.claims') return [];
      // PostgREST sets the role of each request.
      if (setting === 'role') return ['role'];
      return setting.startsWith('request.jwt.claim.') ? [setting.slice('request.jwt.claim.'.length)] : null;
    }
    return null;
  }
  const expression = inner.A_Expr;
  if (expression?.kind !== 'AEXPR_OP') return null;
  const operator = expression.name?.at(-1)?.String?.sval;
  if (operator !== '->' && operator !== '->>' && operator !== '#>' && operator !== '#>>') return null;
  const path = claimOf(expression.lexpr);
  const step = strip(expression.rexpr)?.A_Const?.sval?.sval;
  if (path === null || step === undefined) return null;
  return [...path, ...(operator.startsWith('#') ? step.replace(/[{}]/g, '').split(',') : [step])];
}

function strip(node: SyntaxNode | null | undefined): SyntaxNode | null {
  let inner = node ?? null;
  for (;;) {
    const link = inner?.SubLink;
    const select = link?.subLinkType === 'EXPR_SUBLINK' ? link.subselect?.SelectStmt : undefined;
    const scalar = select?.fromClause === undefined ? select?.targetList?.[0]?.ResTarget?.val : undefined;
    const next: SyntaxNode | undefined = inner?.TypeCast?.arg ?? scalar ?? nullif(inner);
    if (next === undefined) return inner;
    inner = next;
  }
}

// `nullif(current_setting('request.jwt.claims', true), '')::jsonb`, and coalesce in the same place.
function nullif(node: SyntaxNode | null): SyntaxNode | undefined {
  if (node?.A_Expr?.kind === 'AEXPR_NULLIF') return node.A_Expr.lexpr;
  return node?.CoalesceExpr?.args?.[0];
}

/** Paths of claims that an expression reads, the longest of each chain. */
export function claimsRead(root: SyntaxNode | null | undefined): readonly string[][] {
  return root === null || root === undefined ? [] : claimsIn(root);
}

const claimsIn = remembered((root: SyntaxNode): readonly string[][] => {
  const found: string[][] = [];
  visitTree(root, (kind, node) => {
    if (kind !== 'FuncCall' && kind !== 'A_Expr') return true;
    const path = claimOf({ [kind]: node });
    if (path === null || path.length === 0) return true;
    found.push(path);
    return false;
  });
  return found;
});

/** Whether an expression asks for the caller's role: `auth.role()`, a claim of that name, `current_user`, a helper. */
export function testsRole(node: SyntaxNode | null | undefined, state: SchemaState): boolean {
  if (claimsRead(node).some((path) => path.at(-1) === 'role' || path.includes('app_metadata'))) return true;
  return someNode(node, (kind, inner) => {
    if (kind === 'SQLValueFunction') return sessionRoles.has(inner.op);
    if (kind !== 'FuncCall' || readsRequest(inner)) return false;
    return callLooks(inner, state);
  });
}
