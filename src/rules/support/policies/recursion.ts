/** Policies that lead back to their own table: what Postgres refuses as infinite recursion (42P17). */
import type { Command, Policy, Routine, SchemaState, Table } from '../../../model/schema.ts';
import { keyOf } from '../../../sql/names.ts';
import { routinesCalled } from '../callers/caller.ts';
import { type ApiRole, apiRoles, appliesTo, commands, covers, holds } from '../callers/roles.ts';
import { callsOf, predicatesOf } from '../conditions/predicates.ts';
import { readPredicate } from '../conditions/scope.ts';
import { codeOf } from '../syntax/bodies.ts';
import { nodesOf, remembered } from '../syntax/tree.ts';

/** Tables in the order they are reached, the first one again at the end. */
export interface Cycle {
  readonly policy: Policy;
  readonly command: Command;
  readonly tables: readonly string[];
}

/**
 * As the rewriter does it (fireRIRrules in rewriteHandler.c): a table whose policies hold a sub-select is kept in a list
 * while these are expanded; a sub-select reads its table under that table's SELECT policies; a table reached again
 * whose policies hold a sub-select is the error. Functions are planned on their own, and a view reads as its owner
 * unless it is a security_invoker view.
 */
export function findCycle(table: Table, state: SchemaState): Cycle | null {
  if (table.policies.every((policy) => readsOf(policy, table, state).length === 0)) return null;
  for (const role of apiRoles) {
    for (const command of commands) {
      if (!holds(table.grants, role, command)) continue;
      for (const policy of asked(table, role, command)) {
        if (!hasSubSelect(policy)) continue;
        for (const next of readsOf(policy, table, state)) {
          const path = follow(next, role, state, [table.key]);
          if (path !== null && path.at(-1) === table.key) return { policy, command, tables: path };
        }
      }
    }
  }
  return null;
}

/** The tables that lead back to the first of them, wherever the table's policies meet such a loop; null where they meet none. */
export function loopOf(table: Table, state: SchemaState): readonly string[] | null {
  const own = findCycle(table, state);
  if (own !== null) return own.tables.slice(0, -1);
  for (const role of apiRoles) {
    for (const command of commands) {
      const reads = asked(table, role, command)
        .filter(hasSubSelect)
        .flatMap((policy) => readsOf(policy, table, state));
      const path = first(reads, (next) => follow(next, role, state, [table.key]));
      if (path !== null) return path.slice(path.indexOf(path.at(-1)!), -1);
    }
  }
  return null;
}

/** A table whose policies lead back to it, met by who reads what that key names; null where it can be read. */
export function recursingBehind(key: string, role: ApiRole, state: SchemaState): Table | null {
  const path = follow(key, role, state, []);
  return path === null ? null : (state.tables.get(path.at(-1)!) ?? null);
}

/** Policies of a table that lead back to it, once row level security is on there. */
export function cyclesOnceOn(table: Table, state: SchemaState): readonly Policy[] {
  if (table.policies.every((policy) => readsOf(policy, table, state).length === 0)) return [];
  const then = { ...state, tables: new Map([...state.tables, [table.key, { ...table, rls: true }]]) };
  return table.policies.filter((policy) =>
    readsOf(policy, table, state).some((key) =>
      apiRoles.some(
        (role) => appliesTo(policy, role) && follow(key, role, then, [table.key])?.at(-1) === table.key,
      ),
    ),
  );
}

function follow(key: string, role: ApiRole, state: SchemaState, active: readonly string[]): string[] | null {
  const view = state.views.get(key);
  if (view?.securityInvoker) {
    return first(view.reads, (next) => follow(next, role, state, active));
  }
  const table = state.tables.get(key);
  if (table === undefined || !table.rls) return null;
  const policies = asked(table, role, 'select').filter(hasSubSelect);
  if (policies.length === 0) return null;
  if (active.includes(key)) return [...active, key];
  return first(
    policies.flatMap((policy) => readsOf(policy, table, state)),
    (next) => follow(next, role, state, [...active, key]),
  );
}

/** Policies a command asks: to change or delete rows by a WHERE they must be readable too. */
const asked = (table: Table, role: ApiRole, command: Command) =>
  table.policies.filter(
    (policy) =>
      appliesTo(policy, role) &&
      (covers(policy, command) || (command !== 'insert' && covers(policy, 'select'))),
  );

const hasSubSelect = (policy: Policy) =>
  predicatesOf(policy).some(({ node }) => nodesOf(node, 'SubLink').length > 0);

/** Tables and views that the conditions of a policy read. */
export const readsOf = (policy: Policy, table: Table, state: SchemaState) =>
  predicatesOf(policy).flatMap(({ node }) => readPredicate(node, table, state).reads);

function first<A, B>(items: readonly A[], find: (item: A) => B | null): B | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

/** A function that a policy calls and that reads, under the caller's rights, what leads back to the policy's table. */
export interface CallCycle {
  readonly policy: Policy;
  readonly routine: Routine;
}

/**
 * The planner does not look into such functions: they call each other until the stack is full (54001), for every row
 * that gets as far as the call.
 */
export function findCallCycle(table: Table, state: SchemaState): CallCycle | null {
  for (const policy of table.policies) {
    if (!apiRoles.some((role) => appliesTo(policy, role))) continue;
    for (const routine of invokersCalled(policy, state)) {
      if (leadsTo(table, routine, routine, state, new Set())) return { policy, routine };
    }
  }
  return null;
}

/** Functions that a policy calls and that run with the rights of whoever asks. */
export const invokersCalled = (policy: Policy, state: SchemaState): Routine[] =>
  callsOf(policy)
    .flatMap((call) => routinesCalled(call, state))
    .filter(({ securityDefiner }) => !securityDefiner);

/** Whether what `routine` reads is read, in the end, under a policy of `table` that calls `goal`. */
function leadsTo(
  table: Table,
  goal: Routine,
  routine: Routine,
  state: SchemaState,
  seen: Set<string>,
): boolean {
  if (seen.has(routine.key)) return false;
  seen.add(routine.key);
  return tablesRead(routine).some((key) => {
    const read = state.tables.get(key);
    if (read?.rls !== true) return false;
    return read.policies
      .filter((policy) => covers(policy, 'select') && apiRoles.some((role) => appliesTo(policy, role)))
      .flatMap((policy) => invokersCalled(policy, state))
      .some(
        (next) => (key === table.key && next.key === goal.key) || leadsTo(table, goal, next, state, seen),
      );
  });
}

/** Tables that stand behind FROM and JOIN in its body. */
export const tablesRead = remembered((routine: Routine): readonly string[] =>
  [
    ...codeOf(routine.body).bare.matchAll(/\b(?:from|join)\s+(?:only\s+)?("?\w+"?(?:\s*\.\s*"?\w+"?)?)/gi),
  ].map(([, name]) => {
    const parts = name!.replace(/["\s]/g, '').split('.');
    return keyOf(parts.length > 1 ? parts[0]! : 'public', parts.at(-1)!);
  }),
);
