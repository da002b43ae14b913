/** One table: its rows laid, each command tried on them as everybody, the worlds in which its policies answer otherwise. */
import type { PolicyError } from '../model/access.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Table } from '../model/schema.ts';
import { userA, userB } from './acting/principals.ts';
import { summarize } from './cells.ts';
import { type Ground, needsOf, settled } from './ground.ts';
import type { Remembered } from './memory.ts';
import { signedColumns } from './predicate/index.ts';
import type { Reading } from './predicate/reading.ts';
import type { LaidRow } from './rows/world.ts';
import { askedOfNewRows } from './tables/asked.ts';
import { asksItself, prepared, type Subjects, type TableContext, withoutRow } from './tables/case.ts';
import { isOfNobody } from './tables/of-nobody.ts';
import { type PolicyErrors, unproven } from './tables/policy-errors.ts';
import { refusedColumns } from './tables/refused-values.ts';
import { leaving, standingIn, withStanding } from './tables/standing.ts';
import { casesOf, probeCases } from './tables/table.ts';
import { layUnowned } from './tables/unowned.ts';
import { plainColumns } from './tables/updates.ts';
import { conditionalCells } from './worlds/index.ts';
import { tryWithRights } from './worlds/rights.ts';
import { sharesOf, withoutShares } from './worlds/shares.ts';
import { withStates } from './worlds/states.ts';
import { withUnsatisfied } from './worlds/unsatisfied.ts';

/** Leaves the database as it was, at `savepoint of_table`. */
export async function probeTable(
  ground: Ground,
  table: Table,
  { failing, raised }: PolicyErrors,
): Promise<Remembered> {
  const { session, state, planner, ownership, world, identities, trusted, signUps } = ground;
  const notChecked: NotChecked[] = [];
  const skip = (what: string, why: string, access?: NotChecked['access']) =>
    void notChecked.push({ what, why, file: null, line: null, ...(access && { access }) });
  const restore = world.mark();
  for (const user of [userA, userB]) await world.lay(needsOf(ground, table), user);
  const why = await settled(ground);
  if (why !== null) skip(`writes on ${table.key}`, why);
  const reading = ground.readings.get(table.key)!;
  const [a, b] = [userA, userB].map((user) =>
    isOfNobody(table, user, ground) ? undefined : world.row(table.key, user),
  );
  const known = await contextOf(ground, table, reading, { a, b });
  const refused = await refusedColumns(known, { a, b, unowned: undefined }, plainColumns(known));
  const context: TableContext = { ...known, refused };
  // Laid for B without the parent that would make it B's.
  const unowned =
    (await layUnowned(session, context, world)) ??
    (b === undefined ? world.row(table.key, userB) : undefined);
  if (a === undefined || b === undefined) {
    skip(
      `rows of ${table.key}`,
      world.failures.get(table.key) ??
        (unowned === undefined ? 'no row could be laid' : 'what could be laid is a row of nobody'),
    );
  }
  const subjects: Subjects = { a, b, unowned };
  const shares = sharesOf(table, reading, planner, ownership, state, signUps.creates);
  const closing = withoutShares(shares, world);
  const trustsItself = asksItself(reading, table.key);
  const inClosed = casesOf(context, subjects, identities)
    .map((entry) => (trustsItself && a !== undefined ? withoutRow(entry, a) : entry))
    .map((entry) => prepared(entry, [...closing, ...leaving(entry, context, subjects, world)]));
  const seen = await probeCases(context, inClosed);
  const closed = await withStates({ ...context, state, reading, world }, seen, inClosed);
  const worlds = {
    ...context,
    state,
    reading,
    world,
    subjects,
    identities,
    trusted: withStanding(trusted, known.standing),
    shares,
    skip,
  };
  const cells = unproven(
    await withUnsatisfied(worlds, [...closed, ...(await conditionalCells(worlds, closed))]),
    raised.filter((error) => error.object === table.key),
  );
  const errors: readonly PolicyError[] = failing.filter((error) => error.object === table.key);
  const withRights = errors.length === 0 ? [] : await tryWithRights(worlds, inClosed, errors);
  restore();
  // The savepoint itself stays, for the next table.
  await session.exec('rollback to savepoint of_table');
  return {
    access: {
      object: table.key,
      kind: 'table',
      rls: table.rls,
      summary: summarize(cells),
      cells,
      ownerColumns: ownership.columnsOf(table.key),
    },
    errors: withRights,
    notChecked,
  };
}

/** All that the table's cases are made from, but what a trigger refuses. */
async function contextOf(
  ground: Ground,
  table: Table,
  reading: Reading,
  { a, b }: { readonly a: LaidRow | undefined; readonly b: LaidRow | undefined },
) {
  const { session, state, catalog, planner, ownership, values, absent, world } = ground;
  return {
    session,
    table,
    planner,
    ownership,
    values,
    privileges: catalog.privileges,
    searchPath: ground.searchPath(table.schema),
    deferred: catalog.deferred,
    asking: ground.asking,
    asked: await askedOfNewRows(session, {
      table,
      state,
      values,
      ownership,
      laid: (ownership.isOwned(table.key) ? (a ?? b) : (b ?? a))?.values ?? {},
    }),
    bySignUp: ground.signUps.creates.has(table.key),
    standing: standingIn({ table, planner, ownership }, reading, state, absent, world),
    signed: signedColumns(table, state, ground.beforeState),
    compared: new Set(reading.callers.filter((atom) => atom.table === table.key).map((atom) => atom.column)),
  };
}
