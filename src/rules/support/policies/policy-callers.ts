/** Policies that call a function: whose roles need its EXECUTE, in the state and in files that it does not show. */
import type { ChangeSet, Facts } from '../../../model/facts.ts';
import type { Migration, SkippedEntry } from '../../../model/migration.ts';
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { routinesCalled } from '../callers/caller.ts';
import { type ApiRole, apiRoles, apiRolesOf } from '../callers/roles.ts';
import { callsOf } from '../conditions/predicates.ts';
import { codeOf } from '../syntax/bodies.ts';
import { remembered } from '../syntax/tree.ts';

/** Roles whose policies call it as the state stands: without EXECUTE their statements fail. */
export const rolesOfPolicies = (routine: Routine, state: SchemaState): readonly ApiRole[] =>
  inOrder(callersIn(state).get(routine.key) ?? []);

/** Policies call it as whoever asks: its EXECUTE must stay. */
export const isCalledByPolicy = (routine: Routine, state: SchemaState): boolean =>
  callersIn(state).has(routine.key);

const known = new WeakMap<SchemaState, ReadonlyMap<string, readonly ApiRole[]>>();

/** By the key of a routine, the roles of the policies that call it. */
function callersIn(state: SchemaState): ReadonlyMap<string, readonly ApiRole[]> {
  let callers = known.get(state);
  if (callers === undefined) {
    const found = new Map<string, readonly ApiRole[]>();
    for (const policy of [...state.tables.values()].flatMap(({ policies }) => policies))
      for (const { key } of callsOf(policy).flatMap((call) => routinesCalled(call, state)))
        found.set(key, [...(found.get(key) ?? []), ...apiRolesOf(policy)]);
    callers = found;
    known.set(state, callers);
  }
  return callers;
}

/** Trigger functions that call it as whoever fires the trigger: without EXECUTE an ordinary write would fail. */
export const callingTriggers = (routine: Routine, { routines }: SchemaState): readonly string[] =>
  callersAmong(
    [...routines.values()].filter(({ returns }) => returns === 'trigger'),
    routine,
  ).map(({ key }) => key);

/** A function or a view calls it with the rights of whoever asks. */
export const isCalledAsCaller = (routine: Routine, { routines, views }: SchemaState): boolean =>
  callersAmong([...routines.values()], routine).length > 0 ||
  [...views.values()].some(({ definition }) => callOf(routine).test(definition.text));

function callersAmong(routines: readonly Routine[], called: Routine): readonly Routine[] {
  const call = callOf(called);
  return routines.filter(
    ({ key, securityDefiner, body }) =>
      key !== called.key && !securityDefiner && call.test(codeOf(body).bare),
  );
}

/** Its name in front of a parenthesis; behind INTO that is a table's. */
const callOf = ({ name }: Routine) =>
  new RegExp(`(?<!\\binto\\s+(?:"?\\w+"?\\.)?)(?<![\\w$])"?${escapeRegExp(name)}"?\\s*\\(`, 'i');

/** A file whose policies call it. */
export interface CallingFile {
  readonly name: string;
  readonly roles: readonly ApiRole[];
}

/** Files that the CLI passes over, which somebody may have run by hand, and those that come after the change. */
export function filesCalling({ name }: Routine, set: ChangeSet, { history }: Facts): readonly CallingFile[] {
  const changed = new Set(set.migrations.map(({ migration }) => migration.path));
  const last = history.head.findLastIndex(({ path }) => changed.has(path));
  return [...history.skipped, ...history.head.slice(last + 1)].flatMap((file) => {
    const roles = inOrder(
      policiesIn(file)
        .filter(({ calls }) => calls.has(name))
        .flatMap((policy) => policy.roles),
    );
    return roles.length === 0 ? [] : [{ name: file.path.split('/').at(-1)!, roles }];
  });
}

const inOrder = (roles: readonly ApiRole[]) => apiRoles.filter((role) => roles.includes(role));

interface WrittenPolicy {
  readonly roles: readonly ApiRole[];
  /** Names in front of a parenthesis. */
  readonly calls: ReadonlySet<string>;
}

/** Read as text, since a file that the CLI passes over is not parsed. */
const policiesIn = remembered(({ text }: Migration | SkippedEntry): readonly WrittenPolicy[] => {
  const written = codeOf(text ?? '').bare.matchAll(
    /\b(?:create|alter)\s+policy\s+(?:"(?:[^"]|"")*"|[\w$]+)([^;]*)/gi,
  );
  return [...written].map(([, rest]) => ({ roles: rolesIn(rest!), calls: callsIn(rest!) }));
});

/** Without TO it is everybody's. */
function rolesIn(policy: string): readonly ApiRole[] {
  const listed = /\bto\s+([\w$",\s]+?)\s*(?:\busing\b|\bwith\s+check\b|$)/i.exec(policy)?.[1];
  if (listed === undefined) return apiRoles;
  const roles = listed.split(',').map((role) => role.trim().replaceAll('"', '').toLowerCase());
  return roles.includes('public') ? apiRoles : apiRoles.filter((role) => roles.includes(role));
}

const callsIn = (policy: string): ReadonlySet<string> =>
  new Set([...policy.matchAll(/([a-z_][\w$]*)"?\s*\(/gi)].map(([, name]) => name!.toLowerCase()));
