/** What stands in the way of `security_invoker`: a policy behind the view that its callers can't pass. */
import type { Policy, SchemaState, Table, View } from '../../../model/schema.ts';
import { appliesTo, covers, holds, reachers } from '../callers/roles.ts';
import { findCycle, readsOf, recursingBehind } from '../policies/recursion.ts';
import { tablesBehind } from './views.ts';

export interface InvokerHazard {
  readonly policy: Policy;
  readonly table: Table;
  /** It reads `auth.users`, which callers may not; or it leads back to its own table. */
  readonly kind: 'users' | 'recursion';
}

export function invokerHazard(view: View, state: SchemaState): InvokerHazard | null {
  const tables = [...new Set(tablesBehind(view, state))].filter(({ rls }) => rls);
  const roles = reachers(view, 'select', state);
  const users = state.tables.get('auth.users');
  for (const table of tables) {
    const policy = table.policies.find(
      (each) =>
        covers(each, 'select') &&
        roles.some((role) => appliesTo(each, role) && !holds(users?.grants ?? [], role, 'select')) &&
        readsOf(each, table, state).includes('auth.users'),
    );
    if (policy !== undefined) return { policy, table, kind: 'users' };
  }
  const then: SchemaState = {
    ...state,
    views: new Map([...state.views, [view.key, { ...view, securityInvoker: true }]]),
  };
  for (const table of tables) {
    const cycle = findCycle(table, then);
    if (cycle?.command === 'select') return { policy: cycle.policy, table, kind: 'recursion' };
  }
  // A policy behind it may read another table, which asks itself.
  for (const role of roles) {
    const table = recursingBehind(view.key, role, then);
    const policy = table === null ? undefined : (findCycle(table, then)?.policy ?? table.policies[0]);
    if (table !== null && policy !== undefined) return { policy, table, kind: 'recursion' };
  }
  return null;
}

/** What to do first, as a sentence without its full stop. */
export const hazardTold = ({ policy, table, kind }: InvokerHazard) =>
  kind === 'users'
    ? `Policy "${policy.name}" of "${table.key}" reads "auth.users", which callers may not: with "security_invoker" the view fails for them ("permission denied for table users"). Mend that policy first`
    : `Policy "${policy.name}" of "${table.key}" then leads back to its own table: with "security_invoker" the view fails ("infinite recursion", 42P17). Mend that policy first`;

/** The same above the SQL. */
export const hazardNote = ({ kind }: InvokerHazard) =>
  kind === 'users'
    ? "-- once no policy behind it reads auth.users: the address is (select auth.jwt() ->> 'email'), the rest is looked up in a security definer function"
    : '-- once no policy behind it leads back to its table: look the row up in a security definer function';
