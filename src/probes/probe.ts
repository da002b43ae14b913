/** Who can reach which rows on this state of the database: seen by acting as everybody, all of it rolled back. */

import type { Engine, Session } from '../database/engine.ts';
import type { AccessMatrix, ObjectAccess, PolicyError } from '../model/access.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { SchemaState, Table } from '../model/schema.ts';
import { probeChannels } from './around/channels.ts';
import { probeFunctions } from './around/functions.ts';
import { probeBuckets } from './around/storage.ts';
import { type AroundContext, probeViews } from './around/views.ts';
import { readCatalog } from './catalog.ts';
import { findEscalations } from './escalation/index.ts';
import { basisOf, contentsOf, type Remembered, type Remembering } from './memory.ts';
import { planned, planOnce } from './planned.ts';
import { addEarlier, readPolicies, signedColumns } from './predicate/index.ts';
import { emptyReading, type Reading } from './predicate/reading.ts';
import {
  anon,
  claimsOf,
  type Identity,
  searchPathOf,
  serviceRole,
  signedIn,
  signedInAnonymously,
  userA,
  userB,
  withClaims,
} from './principals.ts';
import { queued } from './queued.ts';
import { literal, name } from './quote.ts';
import { askingRoutines } from './refusals.ts';
import { ownerValue, platformSchemas, readOwnership } from './rows/owners.ts';
import { createPlanner } from './rows/plan.ts';
import { settle } from './rows/settle.ts';
import { quietly } from './rows/triggers.ts';
import { absentTables, createTrustedRows } from './rows/trust.ts';
import { createValues } from './rows/values.ts';
import { World } from './rows/world.ts';
import { signUpUsers } from './sign-up.ts';
import { summarize } from './summary.ts';
import { askedOfNewRows } from './tables/asked.ts';
import { asksItself, prepared, type TableContext, withoutRow } from './tables/case.ts';
import { isOfNobody } from './tables/of-nobody.ts';
import { findPolicyErrors, unproven } from './tables/policy-errors.ts';
import { refusedColumns } from './tables/refused-values.ts';
import { leaving, standingIn, withStanding } from './tables/standing.ts';
import { casesOf, probeCases } from './tables/table.ts';
import { layUnowned } from './tables/unowned.ts';
import { plainColumns } from './tables/updates.ts';
import { findFootings, withFooting, withFootings } from './worlds/footings.ts';
import { conditionalCells } from './worlds/index.ts';
import { joinedByThemselves, ofMembersAlone } from './worlds/joining.ts';
import { tryWithRights } from './worlds/rights.ts';
import { sharesOf, withoutShares } from './worlds/shares.ts';
import { withStates } from './worlds/states.ts';
import { withUnsatisfied } from './worlds/unsatisfied.ts';

export interface ProbeOptions {
  readonly project: Pick<
    Project,
    'exposedSchemas' | 'extraSearchPath' | 'anonymousSignIns' | 'phoneSignIns'
  > &
    Partial<Pick<Project, 'buckets'>>;
  /** Read from the catalog of this very state. */
  readonly state: SchemaState;
  /** The matrix of the base, when the head is probed: whose rows are told the same way on both. */
  readonly before?: AccessMatrix | null;
  /** The state of the base: its policies told rows apart that the head's may no longer tell apart. */
  readonly beforeState?: SchemaState | null;
  /** Objects left out, by key: a statement on them ended the engine before. */
  readonly leaveOut?: ReadonlySet<string>;
  /** What was seen of tables on another state of the same database: those that nothing changed for are taken from it. */
  readonly memory?: Remembering | null;
  /** From how many milliseconds on a statement's plan is kept for the next time; absent, what long is. */
  readonly keepPlansFromMs?: number;
  /** Told before each object, so that a caller knows which one ended the engine; null where none is at hand. */
  readonly onObject?: (object: string | null) => void;
}

export async function probe(engine: Engine, options: ProbeOptions): Promise<AccessMatrix> {
  return engine.act((session) => probeAs(session, engine.kind, options));
}

async function probeAs(acting: Session, kind: Engine['kind'], options: ProbeOptions): Promise<AccessMatrix> {
  // A server's database speaks English already, and only a superuser may say so.
  const english = kind === 'embedded' ? "set local lc_messages = 'C'; " : '';
  const planning = planned(acting, options.keepPlansFromMs);
  await acting.exec('begin');
  try {
    const session = queued(planning);
    await session.exec(
      `${english}set local timezone = 'UTC'; set local row_security = on; set local datestyle = 'ISO, MDY'; set local client_min_messages = 'error'; ${planOnce}; set constraints all deferred`,
    );
    return await probeInside(session, options);
  } finally {
    const kept = planning.prepared().map((name) => `; deallocate ${name}`);
    await acting.exec(`rollback${kept.join('')}`).catch(() => undefined);
  }
}

async function probeInside(session: Session, options: ProbeOptions): Promise<AccessMatrix> {
  const { state, project } = options;
  const exposed = new Set(project.exposedSchemas);
  const searchPath = (schema: string) => searchPathOf(schema, project.extraSearchPath);
  const notChecked: NotChecked[] = [];
  const skipTo = (list: NotChecked[]) => (what: string, why: string) =>
    void list.push({ what, why, file: null, line: null });
  const skip = skipTo(notChecked);

  const readings = new Map<string, Reading>();
  for (const table of state.tables.values()) {
    const reading = table.policies.length > 0 ? readPolicies(table, state) : emptyReading();
    const was = options.beforeState?.tables.get(table.key);
    if (was !== undefined && was.policies.length > 0) {
      addEarlier(reading, readPolicies(was, options.beforeState!), state);
    }
    readings.set(table.key, reading);
  }
  const catalog = await readCatalog(session, [...new Set([...exposed, 'storage', 'realtime'])]);
  const remembering = options.memory && {
    ...options.memory,
    contents: await contentsOf(session, state),
  };
  const values = createValues(state, catalog);
  const signUps = await signUpUsers(session, state, values, {
    anonymous: project.anonymousSignIns,
    phone: project.phoneSignIns,
  });
  const ownership = readOwnership(
    state,
    readings,
    await functionsThatGiveUid(session, readings, searchPath('public')),
    new Map(options.before?.objects.map((object) => [object.object, object.ownerColumns])),
    (key, column) =>
      options.beforeState?.tables.get(key)?.columns.some(({ name }) => name === column) === true,
  );
  const absent = absentTables(state, readings, ownership, signUps.creates);
  const planner = createPlanner(state, readings, ownership, values, absent);
  const world = new World(session, state, planner, ownership, values, signUps, (object) =>
    options.onObject?.(object),
  );

  for (const key of options.leaveOut ?? []) world.failures.set(key, 'a row there broke the database');

  const probed = [...state.tables.values()]
    .filter(
      (table) =>
        exposed.has(table.schema) &&
        // Older projects expose "storage" too: its tables are the platform's, and buckets are probed by themselves.
        !platformSchemas.has(table.schema) &&
        table.kind !== 'foreign' &&
        !options.leaveOut?.has(table.key),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const { failing, raised } = await findPolicyErrors(
    session,
    probed,
    catalog.privileges,
    searchPath,
    readings,
    options.onObject,
  );
  const policyErrors: PolicyError[] = [];
  const asking = askingRoutines(state);

  const needs = (table: Table) => new Set([...planner.ancestors(table.key), table.key]);
  const common = new Set<string>();
  for (const table of probed) {
    const needed = needs(table);
    if (![...needed].some((key) => absent.has(key) || options.leaveOut?.has(key)))
      for (const key of needed) common.add(key);
  }
  for (const user of [userA, userB]) {
    await world.takeSignUps(user);
    await world.lay(common, user);
  }
  const settled = async (what: string, skip: ReturnType<typeof skipTo>) => {
    const why = catalog.deferred ? await settle(session) : null;
    if (why !== null) skip(what, `the rows laid for it break what is checked at COMMIT: ${why}`);
  };
  await settled('writes', skip);
  await forgetAbsent(session, absent, ownership);

  const identities: Identity[] = [anon, signedIn(userA), serviceRole];
  if (project.anonymousSignIns) identities.splice(2, 0, signedInAnonymously(userA));
  const trusted = createTrustedRows(session, world, planner);
  const tables: ObjectAccess[] = [];
  const probeTable = async (table: Table): Promise<Remembered> => {
    const left: NotChecked[] = [];
    const skip = skipTo(left);
    const restore = world.mark();
    for (const user of [userA, userB]) await world.lay(needs(table), user);
    await settled(`writes on ${table.key}`, skip);
    options.onObject?.(table.key);
    const [a, b] = [userA, userB].map((user) =>
      isOfNobody(table, user, { state, readings, ownership, world }) ? undefined : world.row(table.key, user),
    );
    const standing = standingIn(
      { table, planner, ownership },
      readings.get(table.key)!,
      state,
      absent,
      world,
    );
    const known: TableContext = {
      session,
      table,
      planner,
      ownership,
      values,
      privileges: catalog.privileges,
      searchPath: searchPath(table.schema),
      deferred: catalog.deferred,
      asking,
      asked: await askedOfNewRows(session, {
        table,
        state,
        values,
        ownership,
        laid: (ownership.isOwned(table.key) ? (a ?? b) : (b ?? a))?.values ?? {},
      }),
      bySignUp: signUps.creates.has(table.key),
      standing,
      signed: signedColumns(table, state, options.beforeState),
      compared: new Set(
        readings
          .get(table.key)!
          .callers.filter((atom) => atom.table === table.key)
          .map((atom) => atom.column),
      ),
    };
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
    const subjects = { a, b, unowned };
    const cases = casesOf(context, subjects, identities);
    const reading = readings.get(table.key)!;
    const shares = sharesOf(table, reading, planner, ownership, state, signUps.creates);
    const closing = withoutShares(shares, world);
    const trustsItself = asksItself(reading, table.key);
    const inClosed = cases
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
      trusted: withStanding(trusted, standing),
      shares,
      skip,
    };
    const cells = unproven(
      await withUnsatisfied(worlds, [...closed, ...(await conditionalCells(worlds, closed))]),
      raised.filter((error) => error.object === table.key),
    );
    const errors = failing.filter((error) => error.object === table.key);
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
      notChecked: left,
    };
  };
  const basis =
    remembering &&
    basisOf({
      ...remembering,
      state,
      planner,
      ownership,
      absent,
      signUps,
      options: [project, identities, [...(options.leaveOut ?? [])]],
    });
  await session.exec('savepoint of_table');
  for (const table of probed) {
    options.onObject?.(table.key);
    const known = basis?.(table) ?? '';
    const seen = remembering?.seen.get(known) ?? (await probeTable(table));
    remembering?.seen.set(known, seen);
    tables.push(seen.access);
    policyErrors.push(...seen.errors);
    notChecked.push(...seen.notChecked);
  }
  await session.exec('release savepoint of_table');
  const joins = joinedByThemselves(state, tables, signUps.creates);
  const ground = { session, state, world, planner, ownership, signUps, absent, joins, searchPath };
  const footings = await findFootings(ground);
  const objects = await withFootings(ground, footings, ofMembersAlone(tables, joins), readings, identities);
  const found = await findEscalations(
    {
      session,
      state,
      planner,
      ownership,
      privileges: catalog.privileges,
      world,
      searchPath,
      exposed,
      trusted,
      createdBySignUp: signUps.creates,
    },
    objects,
    readings,
  );
  const escalations = found.map((escalation) => withFooting(escalation, ground, tables));
  objects.push(
    ...(await probeAround(options, {
      session,
      world,
      searchPath,
      trusted,
      objects,
      skip,
      bySignUp: signUps.creates,
      probing: {
        session,
        planner,
        ownership,
        values,
        privileges: catalog.privileges,
        deferred: catalog.deferred,
        asking,
        bySignUp: false,
      },
    })),
  );
  return { objects, signUps: signUps.runs, policyErrors, escalations, notChecked };
}

/** Views, functions and buckets: ways around the tables' own policies. B has a row everywhere here. */
async function probeAround(
  options: ProbeOptions,
  known: Pick<
    AroundContext,
    'session' | 'world' | 'searchPath' | 'trusted' | 'skip' | 'bySignUp' | 'probing'
  > & {
    readonly objects: readonly ObjectAccess[];
  },
): Promise<ObjectAccess[]> {
  const { state, project } = options;
  const { session, world } = known;
  const context: AroundContext = {
    ...known,
    state,
    privileges: known.probing.privileges,
    exposed: new Set(project.exposedSchemas),
    leaveOut: options.leaveOut ?? new Set(),
    onObject: (object) => options.onObject?.(object),
    tables: new Map(known.objects.map((table) => [table.object, table])),
  };
  await session.exec('savepoint around');
  const restore = world.mark();
  const wanted = [...state.tables.values()]
    .filter((table) => !platformSchemas.has(table.schema))
    .map((table) => table.key);
  await world.lay(wanted, userB);
  const buckets = new Map(
    [
      ...state.buckets.values(),
      ...(project.buckets ?? []).map(({ name, public: open }) => ({ id: name, public: open })),
    ].map((bucket) => [bucket.id, bucket]),
  );
  const found = [
    ...(await probeViews(context)),
    ...(await probeFunctions(context)),
    ...(await probeBuckets(
      context,
      [...buckets.values()],
      project.anonymousSignIns ? [signedInAnonymously(userA)] : [],
    )),
    ...(await probeChannels(context, project.anonymousSignIns ? [signedInAnonymously(userA)] : [])),
  ];
  restore();
  await session.exec('rollback to savepoint around; release savepoint around');
  return found;
}

/** Helper functions without arguments that give the caller's id, asked of Postgres as two different callers. */
async function functionsThatGiveUid(
  session: Session,
  readings: ReadonlyMap<string, Reading>,
  searchPath: string,
): Promise<Set<string>> {
  const asked = new Set<string>();
  for (const reading of readings.values()) {
    for (const atom of reading.callers) if (atom.caller.kind === 'function') asked.add(atom.caller.key);
  }
  const giving = new Set<string>();
  for (const key of [...asked].toSorted()) {
    const call = key.replace(/\(.*\)$/s, '()');
    const outcomes = await session.batch([
      'savepoint ask',
      `select set_config('search_path', '${searchPath.replaceAll("'", "''")}', true)`,
      withClaims(claimsOf(userA)),
      `select ${call}::text as given`,
      withClaims(claimsOf(userB)),
      `select ${call}::text as given`,
      'rollback to savepoint ask',
      'release savepoint ask',
    ]);
    const given = (index: number) => {
      const outcome = outcomes[index]!;
      return outcome.ok ? (outcome.rows[0]?.given ?? null) : null;
    };
    if (given(3) === userA.id && given(5) === userB.id) giving.add(key);
  }
  return giving;
}

/** Triggers may have put A and B among people with rights: that is a world of its own, and not this one. */
async function forgetAbsent(
  session: Session,
  absent: ReadonlySet<string>,
  ownership: ReturnType<typeof readOwnership>,
): Promise<void> {
  if (absent.size === 0) return;
  const statements = [...absent].toSorted().flatMap((key) => {
    const owners = ownership.ownersOf(key).filter((owner) => owner.form === 'plain');
    if (owners.length === 0) return [];
    const condition = owners
      .map((owner) => {
        const people = [userA, userB].map((user) => literal(ownerValue(owner, user)));
        return `lower(${name(owner.column)}::text) in (${people.join(', ')})`;
      })
      .join(' or ');
    return [`delete from ${key} where ${condition}`];
  });
  if (statements.length > 0) await session.exec(quietly(statements).join(';\n'));
}
