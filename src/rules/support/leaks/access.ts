/** From what the probes saw to what is wrong: leaks, each with the statement that opened it. */
import type { AccessCell, AccessMatrix, ObjectAccess, Principal } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { opensTo, truthOf } from '../conditions/truth.ts';
import { isDeclaredPublic, isFilledIn, isOpenBehind } from '../policies/openness.ts';
import { isListed } from '../policies/storage.ts';
import { isShownOnPurpose } from '../views/published-views.ts';
import { showsDefaultsAlone } from './granted.ts';
import type { Leak, LeakGroup } from './leak.ts';

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
