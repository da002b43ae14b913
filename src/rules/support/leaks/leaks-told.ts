/** What is said of a leak: what was seen, why it was possible, what it hangs on, and where. */
import type { AccessCell } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { Problem } from '../../rule.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, apiRolesOf } from '../callers/roles.ts';
import { captureSaid } from '../policies/captured.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { isOfChange } from '../statements/changed-statement.ts';
import { mendingFirst } from '../ways-out/mend-first.ts';
import { listed, named, upper } from '../words/words.ts';
import { leaksOf, roleOf } from './access.ts';
import { changedPart, homeOfTable, originOf } from './access-places.ts';
import { applying, blindTo, capturedOf } from './applying.ts';
import { onlyUntil, untilFirst } from './first-come.ts';
import { isOutOfReach, outOfReach } from './footing.ts';
import type { Leak, LeakGroup } from './leak.ts';
import { lostGuard, refusedMaker } from './lost-guard.ts';
import { isMild } from './mildness.ts';
import { reproOf } from './repro.ts';

/** Reports the groups that a rule tells. */
export function tellLeaks(
  rule: string,
  context: { facts: Facts; report(problem: Problem): void; preexisting(problem: Problem): void },
  why: (group: LeakGroup) => Omit<Problem, 'at' | 'object' | 'evidence'>,
): void {
  for (const group of leaksOf(context.facts)) {
    if (group.rule !== rule) continue;
    const [first] = group.leaks;
    const told = why(group);
    const lost = lostGuard(group, context.facts);
    const refused = refusedMaker(group, context.facts);
    const message = [told.message, ...conditionsOf(group, context.facts)].join(' ');
    const problem: Problem = {
      severity: isMild(group, context.facts) ? 'warning' : undefined,
      repro: reproOf(group.leaks.flatMap(({ cell }) => cell.proof)),
      ...told,
      ...(told.help !== undefined && {
        // What stands in a function of its owner's is asked past the policies.
        help:
          group.object.kind === 'function'
            ? told.help
            : mendingFirst(told.help, group.object.object, context.facts.head),
      }),
      message,
      ...(lost !== null && {
        severity: 'warning' as const,
        message: `${message} "${lost}" did not apply here and guards the table: with it this may be otherwise.`,
      }),
      ...(refused !== null && {
        severity: 'warning' as const,
        message: `${message} Only "${refused}" makes the table, and Postgres refuses that file as a whole for its syntax error.`,
      }),
      at: homeOf(group, context.facts),
      object: group.object.object,
      evidence: ['probe'],
      key: `${first!.principal} ${[...new Set(group.leaks.map(({ command }) => command))].sort().join(' ')}`,
      causes: [...new Set([...group.also, ...explains(group)])],
    };
    if (group.preexisting) context.preexisting(problem);
    else context.report(problem);
  }
}

/** What every leak of a group hangs on, as sentences. */
function conditionsOf(group: LeakGroup, facts: Facts): string[] {
  const { leaks, alike } = group;
  const until = untilFirst(group, facts);
  if (until !== null) return [onlyUntil(until)];
  const cells = leaks.map(({ cell }) => cell);
  const [{ footing }] = cells as [AccessCell];
  const states = [...new Set(cells.flatMap(({ state }) => state ?? []))];
  if (cells.every(({ state }) => state !== undefined))
    return [`It is so for rows where ${states.join(' or ')}.`];
  if (cells.every((cell) => isOutOfReach(cell.footing, facts))) return [outOfReach(footing!)];
  if (!cells.every((cell) => cell.footing?.given === 'sign-up')) return [];
  const others = alike.length === 0 ? '' : ` It is so with ${named(alike)} too.`;
  return [`Sign-up makes everybody "${footing!.rank}" in "${footing!.table}", by its own words.${others}`];
}

/** Schema rules whose finding on the same object says what the probe proved. */
function explains({ object, opener }: LeakGroup): readonly string[] {
  if (object.kind === 'view') return ['views/definer', 'views/materialized', 'views/auth-users'];
  if (object.kind === 'function') return ['functions/exposed-definer', 'functions/revoke-incomplete'];
  if (object.kind === 'bucket') return ['storage/open-policy'];
  if (opener === 'off') return ['rls/disabled', 'rls/policies-without-rls', 'rls/turned-off', 'rls/realtime'];
  return [
    'rls/always-true',
    'rls/tautology',
    'rls/null-user',
    'rls/misnamed',
    'rls/loosened',
    'access/widened',
  ];
}

/** Why it was possible, as a sentence, and what to do: `way`, unless a name that a sub-select took says more. */
export function causeOf({ opener, object, leaks }: LeakGroup, state: SchemaState, way = ''): string {
  const why = (sentence: string) => `${sentence} ${way}`.trimEnd();
  if (opener === 'off') return why(`Row level security is off on "${object.object}".`);
  const table = state.tables.get(object.object);
  const taken = capturedOf({ leaks, opener }, table, state);
  if (taken.length > 0) {
    const those = taken.map(({ policy }) => policy.name);
    return `${those.length === 1 ? `Policy "${those[0]}" lets it through` : `Policies ${named(those)} let it through`}: ${captureSaid(taken[0]!.capture)}, so the sub-select is not tied to the row. Write "${table!.name}.${taken[0]!.capture.taken.name}".`;
  }
  if (opener === null) return why(manyOf(leaks, table, state));
  const blind = [opener.using, opener.check].every((expression) => !looksAtCaller(expression?.node, state));
  const everybody = apiRolesOf(opener).includes('anon') && !opener.rolesStated;
  return why(
    `Policy "${opener.name}" ${blind ? 'does not look at who is asking' : 'lets it through'}${everybody ? ', and names no role' : ''}.`,
  );
}

/** Several policies apply: which of them it was, or whether it took two, the rows do not tell. */
function manyOf(leaks: readonly Leak[], table: Table | undefined, state: SchemaState): string {
  const all = applying(leaks, table);
  const blind = blindTo(leaks, table);
  // By their own words some let everybody of that role through: the others have no part in it.
  const open = (blind.length > 0 ? blind : all).filter((policy) =>
    leaks.some(
      ({ command, principal }) =>
        command !== 'execute' && letsThrough(policy, command, roleOf(principal) as ApiRole, table!, state),
    ),
  );
  const names = (open.length > 0 ? open : blind.length > 0 ? blind : all).map(({ name }) => name);
  if (names.length === 0) return 'No policy limits it.';
  return names.length === 1
    ? `Policy "${names[0]}" lets it through.`
    : `The policies that apply (${named(names)}) let it through.`;
}

export const commandsSeen = (leaks: readonly Leak[]) =>
  upper([...new Set(leaks.map(({ command }) => command))]);

/** What was run, as whom, and what came back. */
export function seen(leaks: readonly Leak[]): string {
  // Under a condition the proof begins with what was done to meet it.
  const proofs = leaks.flatMap(({ cell }) =>
    cell.proof.filter(({ as }) => !as.startsWith('superuser')).slice(0, 1),
  );
  return listed([...new Set(proofs.map(({ as, result }) => `${as}: ${result}`))].slice(0, 3));
}

function homeOf({ object, opener, leaks }: LeakGroup, facts: Facts): Place | null {
  const { command } = leaks[0]!;
  if (opener === null) {
    const origins = blindTo(leaks, facts.head.tables.get(object.object)).map(({ origin }) => origin);
    const changed = origins.find((origin) => isOfChange(origin, facts));
    if (changed !== undefined) return changed;
  }
  if (opener === null || opener === 'off') return homeOfTable(facts, object.object, command);
  if (isOfChange(opener.origin, facts)) return opener.origin;
  return changedPart(facts, object.object, command) ?? opener.origin ?? originOf(object.object, facts);
}
