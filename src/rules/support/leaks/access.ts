/** From what the probes saw to what is wrong: leaks, each with the statement that opened it. */
import type { AccessCell, AccessMatrix, ObjectAccess, Principal } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { Problem } from '../../rule.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, apiRolesOf, appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { opensTo, truthOf } from '../conditions/truth.ts';
import { isRead } from '../owners/name-read.ts';
import { captureOf, captureSaid } from '../policies/captured.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { isDeclaredPublic, isFilledIn, isOpenBehind } from '../policies/openness.ts';
import { isListed } from '../policies/storage.ts';
import { isOfChange } from '../statements/changed-statement.ts';
import { isShownOnPurpose } from '../views/published-views.ts';
import { mendingFirst } from '../ways-out/mend-first.ts';
import { listed, named, upper } from '../words/words.ts';
import { changedPart, homeOfTable, originOf } from './access-places.ts';
import { onlyUntil, untilFirst } from './first-come.ts';
import { isOutOfReach, outOfReach } from './footing.ts';
import { showsDefaultsAlone } from './granted.ts';
import type { Leak, LeakGroup } from './leak.ts';
import { lostGuard } from './lost-guard.ts';
import { isMild } from './mildness.ts';

const cache = new WeakMap<Facts, readonly LeakGroup[]>();

export function leaksOf(facts: Facts): readonly LeakGroup[] {
  let groups = cache.get(facts);
  if (groups === undefined) {
    const access = facts.access;
    groups =
      access === null
        ? []
        : bySignUpOnce(access.head.objects.flatMap((object) => groupLeaks(object, access.base, facts)));
    cache.set(facts, groups);
  }
  return groups;
}

/** What everybody may who has the rank that sign-up gives to all has one cause: it is told once, where it is gravest. */
function bySignUpOnce(groups: readonly LeakGroup[]): LeakGroup[] {
  const causeOf = ({ leaks, preexisting }: LeakGroup) => {
    const [footing] = leaks.map(({ cell }) => cell.footing);
    return leaks.every(
      ({ cell }) => cell.footing?.given === 'sign-up' && cell.footing.table === footing!.table,
    )
      ? `${preexisting} ${footing!.table}`
      : null;
  };
  const first = new Map<string, LeakGroup>();
  for (const group of groups) {
    const cause = causeOf(group);
    const known = cause === null ? undefined : first.get(cause);
    if (cause !== null && (known === undefined || gravity.indexOf(group.rule) < gravity.indexOf(known.rule)))
      first.set(cause, group);
  }
  return groups.flatMap((group) => {
    const cause = causeOf(group);
    if (cause === null) return [group];
    if (first.get(cause) !== group) return [];
    const alike = groups.filter((other) => other.object !== group.object && causeOf(other) === cause);
    return [{ ...group, alike: [...new Set(alike.map(({ object }) => object.object))].toSorted() }];
  });
}

/** Seen, and bound to nothing: a row that a flag shows, or a membership opens, is nobody's leak. */
export const isFree = (cell: AccessCell, kind: ObjectAccess['kind'] = 'table') =>
  cell.outcome === 'allowed' &&
  // A plain membership of one's own organisation that opens another one's rows is no membership's doing.
  (cell.acrossTenants === true ||
    // Of a view or a function `via` names the table whose guarded row came out.
    ((cell.when === null || withinReach.test(cell.when) || isVisitorsChange(cell)) &&
      (cell.via === null || kind === 'view' || kind === 'function')));

/** A second factor is a limit on how somebody signs in, and none on whose rows it opens: everybody can set one up. */
const withinReach = /^a token whose claim aal is "aal2"$/;

/** What a row holds opens it to be read, by a visitor too; that it lets visitors change somebody's row is never meant. */
const isVisitorsChange = ({ principal, command, subject, when }: AccessCell) =>
  principal === 'anon' &&
  (command === 'update' || command === 'delete') &&
  subject === 'foreign' &&
  when?.startsWith('rows where ') === true;

function groupLeaks(object: ObjectAccess, base: AccessMatrix | null, facts: Facts): LeakGroup[] {
  const before = base?.objects.find((other) => other.object === object.object && other.kind === object.kind);
  const table = facts.head.tables.get(object.object) ?? null;
  // What the configuration declares is judged by access/declared alone.
  const declared = facts.access?.declared[object.object];
  const leaks = object.cells.filter(
    (cell) =>
      declared?.[cell.principal]?.[cell.command] === undefined && isLeak(cell, object, table, facts.head),
  );
  const groups = new Map<string, Leak[]>();
  const openers = new Map<string, LeakGroup['opener']>();
  for (const cell of leaks) {
    const was = before !== undefined && wasOpen(cell, before, facts);
    const opener = object.kind === 'table' ? openerOf(cell, table, facts.head) : null;
    // What visitors can, users can too: that is told once.
    const widest = leaks.find((other) => isVisitors(other, cell)) ?? cell;
    const key = `${was} ${opener === 'off' ? 'off' : opener === null ? aboutOf(widest, object) : `policy ${opener.name}`}`;
    openers.set(key, opener);
    groups.set(key, [...(groups.get(key) ?? []), { cell, command: cell.command, principal: cell.principal }]);
  }
  return [...groups].flatMap(([key, those]) => {
    const opener = openers.get(key) ?? null;
    const rules = [...new Set(those.map(({ cell }) => aboutOf(cell, object)))].sort(
      (a, b) => gravity.indexOf(a) - gravity.indexOf(b),
    );
    const [rule, ...also] = isCheckUnion(those, opener, table, facts.head)
      ? ['rls/check-union', ...rules]
      : rules;
    return [
      { object, rule: rule!, also, leaks: those, opener, alike: [], preexisting: key.startsWith('true') },
    ];
  });
}

const isVisitors = (other: AccessCell, cell: AccessCell) =>
  other.principal === 'anon' && other.command === cell.command && other.subject === cell.subject;

/** The base let it through too; or the change does not touch the object and the base could not be asked. */
function wasOpen(cell: AccessCell, before: ObjectAccess, facts: Facts): boolean {
  const asked = before.cells.filter((other) => sameQuestion(cell, other));
  // Rows of one kind, and now all; who was let in, and now everybody: that is more.
  const asMuch = ({ state, footing }: AccessCell) =>
    (state === undefined || state === cell.state) &&
    (footing?.given !== 'nowhere' || cell.footing?.given === 'nowhere');
  if (asked.some((other) => isFree(other, before.kind) && asMuch(other))) return true;
  return asked.every(({ outcome }) => outcome === 'unknown') && !isTouched(before, facts);
}

/** Whose row it is can be read differently on both sides: a foreign row on one, a row of nobody on the other. */
const sameQuestion = (a: AccessCell, b: AccessCell) =>
  a.principal === b.principal &&
  a.command === b.command &&
  (a.subject === b.subject || (a.subject !== 'own' && b.subject === 'unowned'));

export function isTouched({ object, kind }: ObjectAccess, { changeSets }: Facts): boolean {
  const ref = `${kind === 'function' ? 'routine' : kind} ${object}`;
  return changeSets.some(({ touched }) => touched.has(ref));
}

/** Graver first: who needs no account, then who changes, then who reads. */
const gravity = [
  'access/anon-write',
  'access/cross-user-write',
  'access/cross-user-delete',
  'access/anon-read',
  'access/cross-user-read',
  'access/ownership-transfer',
  'access/insert-spoof',
  'access/definer-view',
  'access/definer-function',
  'access/storage',
];

function aboutOf({ principal, command, subject }: AccessCell, { kind }: ObjectAccess): string {
  if (kind === 'view') return 'access/definer-view';
  if (kind === 'function') return 'access/definer-function';
  if (kind === 'bucket' || kind === 'channel') return 'access/storage';
  if (principal === 'anon') return command === 'select' ? 'access/anon-read' : 'access/anon-write';
  if (command === 'select') return 'access/cross-user-read';
  if (command === 'delete') return 'access/cross-user-delete';
  if (command === 'insert') return 'access/insert-spoof';
  return subject === 'transfer' ? 'access/ownership-transfer' : 'access/cross-user-write';
}

export const roleOf = (principal: Principal) =>
  principal === 'anon' ? 'anon' : principal === 'service_role' ? 'service_role' : 'authenticated';

function isLeak(cell: AccessCell, object: ObjectAccess, table: Table | null, state: SchemaState): boolean {
  if (cell.principal === 'service_role' || !isFree(cell, object.kind)) return false;
  const { command, subject, principal } = cell;
  const owned = object.ownerColumns.length > 0;
  if (object.kind === 'function') return subject === 'foreign';
  if (object.kind === 'view')
    return (
      (subject === 'foreign' || subject === 'spoof') &&
      cell.via !== null &&
      !isOpenBehind(object.object, command, roleOf(principal), state) &&
      !(command === 'select' && isPublishedView(object.object, state))
    );
  if (object.kind === 'bucket' || object.kind === 'channel') {
    return (
      (subject === 'foreign' || subject === 'spoof') &&
      (command !== 'select' || !isListed(object, roleOf(principal) as ApiRole, state))
    );
  }
  if (command === 'select') {
    // Rows without an owner are shared; a table whose rows are nobody's is rls/disabled's to tell.
    if (subject !== 'foreign' && !(principal === 'anon' && subject === 'own')) return false;
    return (
      (owned || limits(table, state)) &&
      !isDeclaredPublic(table, roleOf(principal), state) &&
      !showsDefaultsAlone(table, roleOf(principal), object.ownerColumns, state)
    );
  }
  if (command === 'insert') return subject === 'spoof' && !isFilledIn(cell, table, state);
  if (subject === 'own') return principal === 'anon';
  return (
    subject === 'foreign' ||
    subject === 'transfer' ||
    (subject === 'unowned' && (owned || principal === 'anon'))
  );
}

/** views/definer tells it. */
const isPublishedView = (key: string, state: SchemaState) => {
  const view = state.views.get(key);
  return view?.kind === 'view' && isShownOnPurpose(view, state);
};

/** Some policy of the table looks at the caller: its rows were meant to be somebody's. */
const limits = (table: Table | null, state: SchemaState) =>
  table?.policies.some(({ using, check }) =>
    [using, check].some((expression) => looksAtCaller(expression?.node, state)),
  ) === true;

/** The policy without which it would not be so, where one can be named. */
function openerOf(cell: AccessCell, table: Table | null, state: SchemaState): LeakGroup['opener'] {
  if (table === null) return null;
  if (!table.rls) return 'off';
  const command = cell.command as Command;
  const those = table.policies.filter(
    (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, roleOf(cell.principal)),
  );
  if (those.length === 1) return those[0]!;
  const open = those.filter((policy) => !looksAtCaller(predicateOf(policy, command)?.node, state));
  // A row that no state of it showed was let through by a policy that asks for none, if one of them is such.
  const role = roleOf(cell.principal);
  const whole = those.filter(
    (policy) =>
      truthOf(predicateOf(policy, command)?.node ?? null, {
        table,
        who: role === 'anon' ? 'nobody' : 'user',
      }) === 'true' ||
      (role !== 'anon' && opensTo(predicateOf(policy, command)?.node ?? null) === 'users'),
  );
  if (cell.state === undefined && cell.when === null && whole.length === 1) return whole[0]!;
  return open.find(({ command: of }) => of === 'all') ?? open[0] ?? null;
}

/** Changed rows where several UPDATE policies apply, and which of them it took is not plain. */
function isCheckUnion(
  leaks: readonly Leak[],
  opener: LeakGroup['opener'],
  table: Table | null,
  state: SchemaState,
): boolean {
  if (opener !== null || table === null) return false;
  if (leaks.some(({ cell }) => cell.command !== 'update')) return false;
  const role = roleOf(leaks[0]!.principal);
  const those = table.policies.filter(
    (policy) => policy.permissive && covers(policy, 'update') && appliesTo(policy, role),
  );
  // One of them asks for the owner of the new row, another does not: only together can they let it go.
  const checks = those.map((policy) => (policy.check ?? policy.using)?.node);
  return (
    checks.some((node) => looksAtCaller(node, state)) &&
    new Set(those.map(({ check, using }) => (check ?? using)?.text)).size > 1
  );
}

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
    const message = [told.message, ...conditionsOf(group, context.facts)].join(' ');
    const problem: Problem = {
      severity: isMild(group, context.facts) ? 'warning' : undefined,
      repro: reproOf(group.leaks.map(({ cell }) => cell)),
      ...told,
      ...(told.help !== undefined && {
        help: mendingFirst(told.help, group.object.object, context.facts.head),
      }),
      message,
      ...(lost !== null && {
        severity: 'warning' as const,
        message: `${message} "${lost}" did not apply here and guards the table: with it this may be otherwise.`,
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

/** Policies of which a sub-select took a name of the row for its own: that lets it through. */
export function capturedOf(
  { leaks, opener }: Pick<LeakGroup, 'leaks' | 'opener'>,
  table: Table | undefined,
  state: SchemaState,
) {
  if (table === undefined || opener === 'off') return [];
  return applying(leaks, table).flatMap((policy) => {
    const found = opener === null || opener === policy ? captureOf(policy, table, state) : null;
    return found?.capture.taken.name === found?.capture.other.name && found !== null
      ? [{ policy, ...found }]
      : [];
  });
}

const applying = (leaks: readonly Leak[], table: Table | undefined): readonly Policy[] =>
  (table?.policies ?? []).filter(
    (policy) =>
      policy.permissive &&
      leaks.some(
        ({ command, principal }) =>
          command !== 'execute' && covers(policy, command) && appliesTo(policy, roleOf(principal)),
      ),
  );

/** Of them those that do not ask for a name that was forged: one that does has not let it through. */
function blindTo(leaks: readonly Leak[], table: Table | undefined): readonly Policy[] {
  const forged = leaks.map(({ cell }) => (cell.subject === 'spoof' ? cell.columns : []));
  return applying(leaks, table).filter((policy) =>
    forged.every(
      (columns) => columns.length > 0 && !columns.some((column) => isRead(column, table!, [policy])),
    ),
  );
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

export function reproOf(cells: readonly AccessCell[]): string | undefined {
  const proofs = cells.flatMap(({ proof }) => proof);
  if (proofs.length === 0) return undefined;
  return [...new Set(proofs.map(({ as, sql, result }) => `-- as ${as}\n${sql}\n-- ${result}`))].join('\n\n');
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
