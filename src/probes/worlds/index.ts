/**
 * What stayed closed in the all-closed world is tried again in others: rows with other values, the caller among the
 * people a policy trusts, a request that brings something. What opens is conditional, and the condition is what was done.
 */
import type { AccessCell } from '../../model/access.ts';
import { type Attempted, attemptAll } from '../acting/attempt.ts';
import { resultOf } from '../acting/outcome.ts';
import { type Claims, type Identity, userA } from '../acting/principals.ts';
import { passes, withoutTenants } from '../cells.ts';
import { quietly } from '../rows/triggers.ts';
import { updating } from '../rows/world.ts';
import { type Case, mayEverPass } from '../tables/case.ts';
import { leaving } from '../tables/standing.ts';
import { casesOf } from '../tables/table.ts';
import { combinedWorlds, onlyTogether } from './combined.ts';
import { ownParentWorlds } from './parents.ts';
import { claimWorlds, headerWorlds, merge } from './requests.ts';
import { everyRowOpen, rowsOf, rowWorlds, withRowsOpen } from './rows.ts';
import { shareWorlds, withoutShares } from './shares.ts';
import { openValues, type Spec, shownAll, type WorldContext } from './spec.ts';
import { belowWorlds, besideWorlds, naming, sharesTenant, trustedTables, trustWorlds } from './trust.ts';

export const keyOf = (cell: Pick<AccessCell, 'principal' | 'command' | 'subject'>): string =>
  `${cell.principal} ${cell.command} ${cell.subject}`;

/** What another world may turn: a trigger that refused the value everybody sent may ask for a member too. */
const refusals: ReadonlySet<string> = new Set(['filtered', 'check-failed', 'unknown']);

/** Worlds of rows and of requests. */
export const simpleWorlds = async (context: WorldContext): Promise<Spec[]> => [
  ...rowWorlds(context),
  ...ownParentWorlds(context),
  ...claimWorlds(context),
  ...(await headerWorlds(context)),
  ...(await shareWorlds(context)),
];

/** Worlds in which the caller is among people with rights. */
export async function peopleWorlds(context: WorldContext): Promise<Spec[]> {
  const people: Spec[] = [];
  for (const worlds of [trustWorlds, besideWorlds, belowWorlds])
    for (const key of trustedTables(context)) people.push(...(await worlds(context, key)));
  return people;
}

/** Worlds in which the caller's row names the very row, where it can't be in the same organisation. */
export async function namingWorlds(context: WorldContext): Promise<Spec[]> {
  const found: Spec[] = [];
  for (const key of trustedTables(context))
    if (!sharesTenant(context, key)) found.push(...(await naming(context, key)));
  return found;
}

/** Cells that open under a condition. */
export async function conditionalCells(
  context: WorldContext,
  closed: readonly AccessCell[],
): Promise<AccessCell[]> {
  const passing = new Set(closed.filter(passes).map(keyOf));
  const wanted = new Set(
    closed
      .filter(
        (cell) =>
          cell.principal !== 'service_role' &&
          refusals.has(cell.outcome) &&
          cell.subject !== 'transfer' &&
          mayEverPass(context.table, cell.principal, cell.command),
      )
      .map(keyOf)
      .filter((key) => !passing.has(key)),
  );
  if (wanted.size === 0) return [];
  const specs = await simpleWorlds(context);
  const people = await peopleWorlds(context);
  const combined = await combinedWorlds(context, [...people, ...(await namingWorlds(context))]);
  specs.push(...people, ...combined);
  const opened = onlyTogether(specs, await tryAll(context, wanted, specs), keyOf);
  const found = distil(opened);
  const rest = without(wanted, found);
  // What takes a rank in the closed world may be any member's where the row stands open.
  const plainly = new Set(opened.flatMap((cells, index) => (specs[index]!.ranked ? [] : cells.map(keyOf))));
  const byRank = new Set(found.map(keyOf).filter((key) => !plainly.has(key)));
  const plain = withRowsOpen(
    context,
    people.filter(({ ranked }) => !ranked),
  ).filter(({ when }) => !trustedTables(context).some((key) => when?.includes(`${key}.`)));
  const both = everyRowOpen(context);
  // The rows alone first: what they open to everybody is no member's.
  const open = both === null ? plain : [both, ...plain];
  if (byRank.size > 0 && plain.length > 0) found.push(...distil(await tryAll(context, byRank, open)));
  // What opens by being there may also be what must be there: a subscription beside the membership.
  const further: Spec[] =
    context.shares.length === 0
      ? []
      : specs.filter(({ shared, known }) => !shared && !known).map((spec) => withShares(context, spec));
  further.push(...withRowsOpen(context, [...people, ...combined.filter(({ known }) => known !== true)]));
  further.push(...hangingTogether(context, [...people, ...further]));
  if (both !== null) further.push(both);
  for (const key of trustedTables(context)) {
    // A row in another organisation opens that organisation: nothing to find out.
    const toOthers = found.some((cell) => cell.via === key && cell.subject !== 'own');
    if (!toOthers && !sharesTenant(context, key)) further.push(...(await naming(context, key)));
  }
  if (rest.size > 0 && further.length > 0) found.push(...distil(await tryAll(context, rest, further)));
  if (found.length === 0) {
    const all = await everythingOpen(context);
    if (all !== null) found.push(...(await tryAll(context, wanted, [all])).flat());
  }
  return found.map((cell) => (isByRowsAlone(cell, found) ? withoutTenants(cell) : cell));
}

/** What the rows' own state opens to whoever asks, no membership opens. */
const isByRowsAlone = (cell: AccessCell, found: readonly AccessCell[]): boolean =>
  cell.acrossTenants === true &&
  found.some(
    (other) =>
      keyOf(other) === keyOf(cell) && other.via === null && cell.when?.startsWith(`${other.when}, and `),
  );

const withShares = ({ shares }: WorldContext, spec: Spec): Spec => ({
  ...spec,
  shared: true,
  when: `${spec.when}, and a row in ${shares.join(', in ')} for it`,
});

/**
 * Rows that are nobody's may hang on something all the same: the settings of a cup that somebody leads. The row that
 * hangs on the same as the caller's rows is asked for then.
 */
function hangingTogether(
  { ownership, table, subjects, planner }: WorldContext,
  specs: readonly Spec[],
): Spec[] {
  const { a } = subjects;
  if (a === undefined || ownership.isOwned(table.key) || planner.ancestors(table.key).size === 0) return [];
  return specs
    .filter(({ via }) => via !== null)
    .map((spec) => ({ ...spec, rows: { ...subjects, b: a }, when: `${spec.when}, which leads to it` }));
}

const without = (wanted: ReadonlySet<string>, cells: readonly AccessCell[]): Set<string> =>
  new Set([...wanted].filter((key) => !cells.some((cell) => keyOf(cell) === key)));

/** One cell a condition; where a plain row in a table suffices, a rank in it is no news. */
function distil(bySpec: readonly (readonly AccessCell[])[]): AccessCell[] {
  const found: AccessCell[] = [];
  for (const cell of bySpec.flat()) {
    const same = found.filter((other) => keyOf(other) === keyOf(cell));
    if (same.some((other) => other.when === cell.when || other.when === null)) continue;
    if (
      same.some((other) => other.via !== null && other.via === cell.via && cell.when!.startsWith(other.when!))
    )
      continue;
    if (same.some((other) => other.via === null && cell.when!.startsWith(`${other.when}, and `))) continue;
    found.push(cell);
  }
  return found;
}

/** Runs the wanted cases in every world, in one round trip; those that pass come back with their condition. */
export async function tryAll(
  context: WorldContext,
  wanted: ReadonlySet<string>,
  specs: readonly Spec[],
): Promise<AccessCell[][]> {
  const cases = specs.map((spec) => {
    const seen = new Set<string>();
    const who = identitiesOf(context, spec);
    const all = context.cases?.(who) ?? casesOf(context, spec.rows ?? context.subjects, who, spec.choose);
    return all.filter((entry) => {
      const key = keyOf({ ...entry, principal: entry.identity.principal });
      // An UPDATE of several column groups is one question here.
      const id = entry.command === 'insert' ? `${key} ${entry.columns.join()}` : key;
      if (!wanted.has(key) || seen.has(id)) return false;
      if (spec.subjects?.includes(entry.subject) === false) return false;
      seen.add(id);
      return true;
    });
  });
  const closing = withoutShares(context.shares, context.world);
  const attempted = await attemptAll(
    context.session,
    cases.flatMap((list, index) =>
      list.map(({ attempt, ...entry }) => ({
        ...attempt,
        prepare: [
          ...leaving(entry, context, context.subjects, context.world),
          ...(specs[index]!.shared ? [] : closing),
          ...quietly(specs[index]!.changes),
          ...(attempt.prepare ?? []),
        ],
      })),
    ),
  );
  let at = 0;
  return cases.map((list, index) =>
    list.flatMap((entry) => {
      const cell = cellOf(entry, attempted[at]!, specs[index]!);
      at += 1;
      return cell === null ? [] : [cell];
    }),
  );
}

function identitiesOf(context: WorldContext, spec: Spec): Identity[] {
  return context.identities
    .filter((identity) => identity.principal !== 'service_role')
    .filter((identity) => !spec.onlyUsers || identity.principal !== 'anon')
    .map((identity) => ({
      ...identity,
      ...(spec.headers !== undefined && { headers: spec.headers }),
      ...(spec.claims !== undefined &&
        identity.principal !== 'anon' && { claims: merge(identity.claims, spec.claims) }),
    }));
}

function cellOf(entry: Case, attempted: Attempted, spec: Spec): AccessCell | null {
  if (attempted.unprepared !== null) return null;
  const verdict = entry.judge(attempted);
  if (verdict.outcome !== 'allowed' && verdict.outcome !== 'constraint') return null;
  return {
    principal: entry.identity.principal,
    command: entry.command,
    subject: entry.subject,
    outcome: verdict.outcome,
    columns: verdict.columns ?? entry.columns,
    representation: true,
    when: spec.when,
    via: spec.via,
    ...(spec.ownTenant &&
      (entry.subject === 'foreign' || entry.subject === 'spoof') && { acrossTenants: true }),
    proof: [
      ...spec.changes.map((sql) => ({ as: 'superuser (the condition)', sql, result: 'done' })),
      ...(spec.claims?.user_metadata === undefined
        ? []
        : [
            {
              as: entry.identity.label,
              sql: `-- supabase.auth.updateUser({ data: ${JSON.stringify(spec.claims.user_metadata)} })`,
              result: 'the next token carries it',
            },
          ]),
      {
        as: [
          entry.identity.label,
          ...Object.entries(spec.headers ?? {}).map(([header, value]) => `with ${header}: ${value}`),
        ].join(', '),
        sql: entry.attempt.sql,
        result: resultOf(attempted.outcome),
      },
    ],
    reason: verdict.reason,
  };
}

/** Where nothing opened by itself: all values, all people with rights and all claims together. */
async function everythingOpen(context: WorldContext): Promise<Spec | null> {
  const { reading, planner, ownership } = context;
  const changes: string[] = [];
  const parts: string[] = [];
  for (const key of [...reading.tables].toSorted()) {
    if (!context.state.tables.has(key) || key === context.table.key) continue;
    const row = await context.trusted.rowIn(key, userA);
    if ('failure' in row) continue;
    const open = openValues(planner, key);
    changes.push(...row.inserts.filter((sql) => !changes.includes(sql)));
    if (Object.keys(open).length > 0) changes.push(updating(key, open, [row.row]));
    if (ownership.trusted.has(key) || Object.keys(open).length > 0) {
      parts.push(`a row in ${key}${Object.keys(open).length > 0 ? ` with ${shownAll(open)}` : ''}`);
    }
  }
  const own = openValues(planner, context.table.key);
  const rows = rowsOf(context, context.table.key);
  if (Object.keys(own).length > 0 && rows.length > 0) {
    changes.push(updating(context.table.key, own, rows));
    parts.push(`rows where ${shownAll(own)}`);
  }
  let claims: Claims = {};
  for (const spec of claimWorlds(context)) {
    // With another's id or address the caller is somebody else, and all of the above is not its own.
    if ('sub' in spec.claims! || 'email' in spec.claims!) continue;
    claims = merge(spec.claims!, claims);
    parts.push(spec.when!);
    changes.push(...spec.changes);
  }
  if (parts.length < 2) return null;
  return {
    changes,
    when: parts.join(', and '),
    via: [...reading.tables].find((key) => ownership.trusted.has(key)) ?? null,
    choose: new Map(Object.entries(own)),
    claims,
    shared: true,
    onlyUsers: true,
  };
}
