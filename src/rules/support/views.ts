/** What stands behind a view, and who sees it. */
import type { SchemaState, Table, View } from '../../model/schema.ts';
import { isDeclaredPublic } from './access.ts';
import { looksAtCaller } from './caller.ts';
import { type ApiRole, appliesTo, covers, holders } from './roles.ts';
import { truthOf } from './truth.ts';

/**
 * Tables that a view shows past their policies: through other views that read as their owner too, but for those that
 * `isTold`.
 */
export function tablesBehind(
  view: View,
  state: SchemaState,
  isTold: (inner: View) => boolean = () => false,
  seen: ReadonlySet<string> = new Set(),
): Table[] {
  if (seen.has(view.key)) return [];
  const deeper = new Set(seen).add(view.key);
  return view.reads.flatMap((key) => {
    const inner = state.views.get(key);
    if (inner !== undefined) {
      return inner.securityInvoker || isTold(inner) ? [] : tablesBehind(inner, state, isTold, deeper);
    }
    return state.tables.get(key) ?? [];
  });
}

/** Tables behind a view whose rows are not meant for all who may read it. */
export function guardedTables(view: View, state: SchemaState, isTold?: (inner: View) => boolean): Table[] {
  const roles = holders(view.grants, 'select');
  return [...new Set(tablesBehind(view, state, isTold))].filter(
    (table) => table.rls && !roles.every((role) => isDeclaredPublic(table, role) || isOpenTo(table, role)),
  );
}

export const asksWho = (view: View, state: SchemaState) => looksAtCaller(view.definition.node, state);

/** By a condition that is always true, meant or not (rls/tautology): nothing is left to pass by. */
const isOpenTo = (table: Table, role: ApiRole) =>
  table.policies.some(
    (policy) =>
      policy.permissive &&
      covers(policy, 'select') &&
      appliesTo(policy, role) &&
      truthOf(policy.using?.node ?? null, { table, who: 'anyone' }) === 'true',
  );
