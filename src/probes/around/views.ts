/** Views and materialized views: what comes out of them that the same principal can't read from the tables below. */

import type { Outcome, Session } from '../../database/engine.ts';
import type { AccessCell, ObjectAccess, Principal } from '../../model/access.ts';
import type { NotChecked } from '../../model/finding.ts';
import type { SchemaState, View } from '../../model/schema.ts';
import { type Attempted, attemptAll } from '../acting/attempt.ts';
import { resultOf, rowsCalled, verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, serviceRole, signedIn, userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import type { Privileges } from '../catalog.ts';
import { passes, summarize } from '../cells.ts';
import { type Marker, markersOf } from '../rows/markers.ts';
import type { TrustedRows } from '../rows/trust.ts';
import type { World } from '../rows/world.ts';
import type { TableContext } from '../tables/case.ts';
import { unreached } from './cells.ts';
import { cellsUnderConditions } from './view-worlds.ts';
import { baseOf, writeThrough } from './view-writes.ts';

export interface AroundContext {
  readonly session: Session;
  readonly state: SchemaState;
  readonly world: World;
  readonly privileges: Privileges;
  readonly searchPath: (schema: string) => string;
  readonly exposed: ReadonlySet<string>;
  readonly leaveOut: ReadonlySet<string>;
  readonly onObject: (object: string) => void;
  /** What was seen on the tables themselves. */
  readonly tables: ReadonlyMap<string, ObjectAccess>;
  /** Tables in which every sign-up makes a row. */
  readonly bySignUp: ReadonlySet<string>;
  readonly trusted: TrustedRows;
  /** What the table probes know, but for the table itself. */
  readonly probing: Omit<TableContext, 'table' | 'searchPath' | 'compared'>;
  skip(what: string, why: string, access?: NotChecked['access']): void;
}

const identities: readonly Identity[] = [anon, signedIn(userA), serviceRole];
/** Rows that are looked through; the users' rows are among the first wherever a view does not sort. */
const enough = 2000;

export async function probeViews(context: AroundContext): Promise<ObjectAccess[]> {
  const objects: ObjectAccess[] = [];
  const theirs = markersOf(context.world, context.state, userB);
  const own = markersOf(context.world, context.state, userA);
  for (const key of [...context.state.views.keys()].toSorted()) {
    const view = context.state.views.get(key)!;
    if (!context.exposed.has(view.schema) || context.leaveOut.has(key)) continue;
    context.onObject(key);
    objects.push(await probeView(context, view, theirs, own));
  }
  return objects;
}

async function probeView(
  context: AroundContext,
  view: View,
  theirs: readonly Marker[],
  own: readonly Marker[],
): Promise<ObjectAccess> {
  const { session } = context;
  const behind = tablesBehind(view, context.state);
  await session.exec('savepoint of_view');
  if (view.kind === 'materialized view') {
    const [refreshed] = await session.batch([`refresh materialized view ${view.key}`]);
    if (!refreshed!.ok) await session.exec('rollback to savepoint of_view');
  }
  const sql = (columns: string) => `select ${columns} from ${view.key} limit ${enough}`;
  const listOf = (identity: Identity | null) => {
    const held = identity === null ? null : context.privileges(identity.role, 'select', view.key);
    return held === null || held.length >= view.columns.length ? '*' : held.map(name).join(', ');
  };
  const whos: (Identity | null)[] = [null, null, ...identities];
  const attempted = await attemptAll(
    session,
    whos.map((identity, index) => ({
      identity,
      // A view that asks who calls gives B's rows to B alone: that is how they are known to be there.
      controlClaims: signedIn(index === 0 ? userA : userB).claims,
      searchPath: context.searchPath(view.schema),
      sql: sql(listOf(identity)),
    })),
  );
  const control = attempted[0]!.outcome;
  const asB = attempted[1]!.outcome;
  const asInvoker = await seenAsInvoker(context, view, attempted.slice(2), theirs, listOf);
  const read: ReadView = {
    context,
    view,
    behind,
    theirs,
    own,
    reached:
      (control.ok && seen(control.rows, theirs) !== null) || (asB.ok && seen(asB.rows, theirs) !== null),
    control,
  };
  const cells: AccessCell[] = identities.flatMap((identity, index) =>
    cellsRead(
      read,
      identity,
      sql(listOf(identity)),
      attempted[index + 2]!.outcome,
      asInvoker.get(identity.principal),
    ),
  );
  const base = baseOf(view, context.state);
  if (base !== null) cells.push(...(await cellsUnderConditions(context, view, base, cells)));
  cells.push(...(await writeThrough(context, view)));
  await session.exec('rollback to savepoint of_view; release savepoint of_view');
  return {
    object: view.key,
    kind: 'view',
    rls: null,
    summary: summarize(cells),
    cells,
    ownerColumns: [],
  };
}

interface ReadView {
  readonly context: AroundContext;
  readonly view: View;
  readonly behind: ReadonlySet<string>;
  readonly theirs: readonly Marker[];
  readonly own: readonly Marker[];
  /** A row of B's is there to be seen: by the superuser, or by B. */
  readonly reached: boolean;
  readonly control: Outcome;
}

/** What one principal saw of B's rows in the view, and of A's own. */
function cellsRead(
  read: ReadView,
  identity: Identity,
  sql: string,
  outcome: Outcome,
  anyway: ReadonlySet<Marker> | undefined,
): readonly AccessCell[] {
  const { context, view, theirs, own } = read;
  const result = outcome.ok ? rowsCalled(outcome.rows.length) : resultOf(outcome);
  const proof = { as: identity.label, sql, result };
  const cell = (subject: AccessCell['subject'], more: Partial<AccessCell>): AccessCell => ({
    ...unreached(identity, subject, [proof]),
    ...more,
  });
  if (!outcome.ok) return [cell('foreign', verdictOf(outcome.error, view, 'select'))];
  const { rows } = outcome;
  const marker = seen(rows, theirs);
  const ofOthers = () => {
    if (marker !== null) {
      const told = seenAll(rows, theirs).filter((each) => anyway?.has(each) !== true);
      return cell('foreign', {
        outcome: 'allowed',
        via: hiddenTable(context, identity.principal, told, read.behind),
        columns: columnsWith(rows, theirs),
        proof: [{ ...proof, result: `${result}, among them ${literal(marker.text)} of user B` }],
      });
    }
    if (read.reached) return cell('foreign', {});
    if (!read.control.ok) return cell('foreign', { outcome: 'unknown', reason: resultOf(read.control) });
    return read.control.rows.length > 0 && rows.length > 0
      ? cell('unowned', { outcome: 'allowed' })
      : cell('foreign', {
          outcome: 'unknown',
          reason: "no row of user B's reaches this view in the probes' world",
        });
  };
  const isOwnSeen = identity.role === 'authenticated' && seen(rows, own) !== null;
  return [ofOthers(), ...(isOwnSeen ? [cell('own', { outcome: 'allowed' })] : [])];
}

/** What of it each principal sees as well where the view reads as its caller: that passes by no policy. */
async function seenAsInvoker(
  { session, searchPath, state }: AroundContext,
  view: View,
  attempted: readonly Attempted[],
  theirs: readonly Marker[],
  listOf: (identity: Identity) => string,
): Promise<Map<Principal, ReadonlySet<Marker>>> {
  const those = identities.filter(({ role }, index) => {
    const { outcome } = attempted[index]!;
    return role !== 'service_role' && outcome.ok && seen(outcome.rows, theirs) !== null;
  });
  if (those.length === 0) return new Map();
  let source = view.key;
  if (view.kind === 'materialized view') {
    const [found] = await session.query(
      `select rtrim(pg_get_viewdef(${literal(view.key)}::regclass), '; ') as query`,
    );
    source = `(${found?.query}) as copied`;
  }
  const asked = await attemptAll(
    session,
    those.map((identity) => ({
      identity,
      prepare: viewsBehind(view, state).map(({ key }) => `alter view ${key} set (security_invoker = true)`),
      searchPath: searchPath(view.schema),
      sql: `select ${listOf(identity)} from ${source} limit ${enough}`,
    })),
  );
  return new Map(
    those.map(({ principal }, index) => {
      const { outcome, unprepared } = asked[index]!;
      const rows = unprepared === null && outcome.ok ? outcome.rows : [];
      return [principal, new Set(seenAll(rows, theirs))];
    }),
  );
}

/** The view itself and those that it reads, whichever can read as their caller. */
function viewsBehind(view: View, state: SchemaState, found = new Set<View>()): readonly View[] {
  if (!found.has(view)) {
    found.add(view);
    for (const key of view.reads) {
      const inner = state.views.get(key);
      if (inner !== undefined) viewsBehind(inner, state, found);
    }
  }
  return [...found].filter(({ kind }) => kind === 'view');
}

/** Tables that it reads, through other views too. */
function tablesBehind(view: View, state: SchemaState, seen = new Set<View>()): ReadonlySet<string> {
  if (seen.has(view)) return new Set();
  seen.add(view);
  return new Set(
    view.reads.flatMap((key) => {
      const inner = state.views.get(key);
      return inner === undefined ? [key] : [...tablesBehind(inner, state, seen)];
    }),
  );
}

type Rows = readonly Readonly<Record<string, string | null>>[];

function seenAll(rows: Rows, markers: readonly Marker[]): Marker[] {
  const text = rows.map((row) => Object.values(row).join('\n')).join('\n');
  return markers.filter((marker) => text.includes(marker.text));
}

const seen = (rows: Rows, markers: readonly Marker[]): Marker | null => seenAll(rows, markers)[0] ?? null;

function columnsWith(rows: Rows, markers: readonly Marker[]): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (value !== null && markers.some((marker) => value.includes(marker.text))) found.add(column);
    }
  }
  return [...found];
}

/** A table whose row came out although the principal can't read it there; null where all of it is open anyway. */
export function hiddenTable(
  context: AroundContext,
  principal: Principal,
  markers: readonly Pick<Marker, 'columns'>[],
  /** Tables to name before others. */
  behind: ReadonlySet<string> = new Set(),
): string | null {
  const open = (table: string): boolean =>
    context.tables
      .get(table)
      ?.cells.some(
        (cell) =>
          cell.principal === principal &&
          cell.command === 'select' &&
          (cell.subject === 'foreign' || cell.subject === 'unowned') &&
          cell.when === null &&
          passes(cell),
      ) ?? false;
  // A value that an open table holds too is no secret.
  const secret = markers.filter((marker) => ![...marker.columns.keys()].some(open));
  const counts = new Map<string, number>();
  for (const marker of secret) {
    for (const table of marker.columns.keys()) counts.set(table, (counts.get(table) ?? 0) + 1);
  }
  const owned = [...counts].filter(([table]) => (context.tables.get(table)?.ownerColumns.length ?? 1) > 0);
  // A user's id stands in auth.users too: the project's own table is meant.
  const first = ([table]: readonly [string, number]) =>
    (behind.has(table) ? 0 : 2) + (table.startsWith('auth.') ? 1 : 0);
  return (
    owned.toSorted((a, b) => first(a) - first(b) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null
  );
}
