/** What policies open to a role by their own words, whoever asks: published rows, forms, lists for all users. */
import type { AccessCell } from '../../../model/access.ts';
import type { Command, ForeignKey, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { isPlainTrue, opensTo } from '../conditions/truth.ts';
import { bare } from '../syntax/tree.ts';
import { isAddressee } from '../words/visitors-form.ts';

/**
 * Where visitors may insert what they like, a row under another's parent that names nobody, or one that names whom it is
 * for: a form, filled in.
 */
export const isFilledIn = ({ columns }: AccessCell, table: Table | null, state: SchemaState) =>
  visitorsInsert(table, state) &&
  columns.length > 0 &&
  columns.every(
    (column) =>
      table?.foreignKeys.some((key) => key.columns.includes(column) && !leadsToUser(key, state)) ||
      isAddressee(column, table!),
  );

/** A policy lets visitors insert, whatever they are to put into it, and does not look at who is asking. */
export const visitorsInsert = (table: Table | null, state: SchemaState) =>
  table?.rls === true &&
  table.policies.some(
    (policy) =>
      policy.permissive &&
      covers(policy, 'insert') &&
      appliesTo(policy, 'anon') &&
      !looksAtCaller(predicateOf(policy, 'insert')?.node, state),
  );

/** The key of a user, or of a row whose key is a user's: a profile. */
function leadsToUser({ references, referencedColumns }: ForeignKey, state: SchemaState, depth = 0): boolean {
  return (
    references === 'auth.users' ||
    (depth < 4 &&
      state.tables
        .get(references)
        ?.foreignKeys.some(
          (key) =>
            key.columns.length === 1 &&
            key.columns[0] === referencedColumns[0] &&
            leadsToUser(key, state, depth + 1),
        ) === true)
  );
}

/** A SELECT policy for that role says so: it asks for nothing, or leaves some out, the banned and the blocked. */
export const isDeclaredPublic = (
  table: Table | null,
  role: string,
  /** Absent: only what the policies of the table itself say. */
  state?: SchemaState,
  depth = 0,
): boolean =>
  table?.rls === true &&
  table.policies.some(
    (policy) =>
      policy.permissive &&
      policy.command === 'select' &&
      appliesTo(policy, role) &&
      (opensBut(policy.using?.node ?? null, role) ||
        (role !== 'anon' && state !== undefined && isOfOpenParents(policy, 'select', table, state, depth))),
  );

/**
 * Named for signed-in users, asking nothing of who they are, on rows whose parents every user reads: what hangs on a
 * parent that is open to all is open with it.
 */
export function isOfOpenParents(
  policy: Policy,
  command: Command,
  table: Table,
  state: SchemaState,
  depth = 0,
): boolean {
  const parents = table.foreignKeys.filter(
    (key) => key.references !== table.key && !leadsToUser(key, state) && state.tables.has(key.references),
  );
  return (
    policy.rolesStated &&
    depth < 4 &&
    !looksAtCaller(predicateOf(policy, command)?.node, state) &&
    parents.length > 0 &&
    parents.every(({ references }) =>
      isDeclaredPublic(state.tables.get(references)!, 'authenticated', state, depth + 1),
    )
  );
}

/** Open to the role but for what is left out: `not exists (select from bans …)`. */
function opensBut(node: SyntaxNode | null, role: string): boolean {
  const inner = bare(node);
  if (inner?.BoolExpr?.boolop === 'NOT_EXPR') return !isPlainTrue(inner.BoolExpr.args[0]);
  if (inner?.BoolExpr?.boolop === 'AND_EXPR')
    return inner.BoolExpr.args.every((arg: SyntaxNode) => opensBut(arg, role));
  if (inner?.BoolExpr?.boolop === 'OR_EXPR')
    return inner.BoolExpr.args.some((arg: SyntaxNode) => opensBut(arg, role));
  return opensFor(inner, role);
}

/** Policies of the tables behind let the same role do the same: nothing is passed by. */
export function isOpenBehind(
  key: string,
  command: AccessCell['command'],
  role: string,
  state: SchemaState,
): boolean {
  const reads = state.views.get(key)?.reads ?? [];
  return (
    command !== 'execute' &&
    reads.length > 0 &&
    reads.every((read) => isOpenTo(state.tables.get(read) ?? null, command, role))
  );
}

/** A policy lets that role do it to every row, whatever else it lets it do. */
export const isOpenTo = (table: Table | null, command: Command, role: string) =>
  table?.rls === true &&
  !table.policies.some(
    (policy) => !policy.permissive && covers(policy, command) && appliesTo(policy, role),
  ) &&
  table.policies.some(
    (policy) =>
      policy.permissive &&
      covers(policy, command) &&
      // What is open to whoever has not signed in is open to all.
      (appliesTo(policy, role) || appliesTo(policy, 'anon')) &&
      [predicateOf(policy, command), ...(command === 'update' ? [policy.check] : [])].every(
        (expression, at) => (at > 0 && expression === null ? true : opensFor(expression?.node ?? null, role)),
      ),
  );

export const opensFor = (node: SyntaxNode | null, role: string) =>
  opensTo(node) === 'everybody' || (role !== 'anon' && opensTo(node) === 'users');
