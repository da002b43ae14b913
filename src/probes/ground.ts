/** What all probes stand on: what policies read, whose a row is, what a row needs, and rows of A and B that are there. */
import type { Session } from '../database/engine.ts';
import type { AccessMatrix } from '../model/access.ts';
import type { Project } from '../model/migration.ts';
import type { SchemaState, Table } from '../model/schema.ts';
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
} from './acting/principals.ts';
import { literal, name } from './acting/quote.ts';
import { type ProbeCatalog, readCatalog } from './catalog.ts';
import { addEarlier, readPolicies } from './predicate/index.ts';
import { emptyReading, type Reading } from './predicate/reading.ts';
import { askingRoutines } from './refusals.ts';
import { type Ownership, ownerValue, platformSchemas, readOwnership } from './rows/owners.ts';
import { createPlanner, type Planner } from './rows/plan.ts';
import { settle } from './rows/settle.ts';
import { quietly } from './rows/triggers.ts';
import { absentTables, createTrustedRows, type TrustedRows } from './rows/trust.ts';
import { createValues, type ValueSource } from './rows/values.ts';
import { World } from './rows/world.ts';
import { type SignUps, signUpUsers } from './sign-up.ts';

export interface GroundOptions {
  readonly project: Pick<Project, 'exposedSchemas' | 'extraSearchPath' | 'anonymousSignIns' | 'phoneSignIns'>;
  /** Read from the catalog of this very state. */
  readonly state: SchemaState;
  /** The matrix of the base, when the head is probed: whose rows are told the same way on both. */
  readonly before?: AccessMatrix | null;
  /** The state of the base: its policies told rows apart that the head's may no longer tell apart. */
  readonly beforeState?: SchemaState | null;
  /** Objects left out, by key: a statement on them ended the engine before. */
  readonly leaveOut?: ReadonlySet<string>;
  /** Told before each object, so that a caller knows which one ended the engine; null where none is at hand. */
  readonly onObject?: (object: string | null) => void;
}

export interface Ground {
  readonly session: Session;
  readonly state: SchemaState;
  readonly beforeState: SchemaState | null;
  readonly catalog: ProbeCatalog;
  readonly exposed: ReadonlySet<string>;
  readonly searchPath: (schema: string) => string;
  /** Who acts. */
  readonly identities: readonly Identity[];
  /** What the policies of each table read. */
  readonly readings: ReadonlyMap<string, Reading>;
  readonly values: ValueSource;
  readonly signUps: SignUps;
  readonly ownership: Ownership;
  /** Tables that hold no row of A's unless a world lays one. */
  readonly absent: ReadonlySet<string>;
  readonly planner: Planner;
  readonly world: World;
  readonly trusted: TrustedRows;
  /** Names of functions that look at who acts. */
  readonly asking: ReadonlySet<string>;
}

/** Users have signed up, and nothing else is laid yet. */
export async function groundOf(session: Session, options: GroundOptions): Promise<Ground> {
  const { state, project } = options;
  const exposed = new Set(project.exposedSchemas);
  const searchPath = (schema: string) => searchPathOf(schema, project.extraSearchPath);
  const readings = readingsOf(state, options.beforeState ?? null);
  const catalog = await readCatalog(session, [...new Set([...exposed, 'storage', 'realtime'])]);
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
      options.beforeState?.tables.get(key)?.columns.some((each) => each.name === column) === true,
  );
  const absent = absentTables(state, readings, ownership, signUps.creates);
  const planner = createPlanner(state, readings, ownership, values, absent);
  const world = new World(session, state, planner, ownership, values, signUps, (object) =>
    options.onObject?.(object),
  );
  for (const key of options.leaveOut ?? []) world.failures.set(key, 'a row there broke the database');
  return {
    session,
    state,
    beforeState: options.beforeState ?? null,
    catalog,
    exposed,
    searchPath,
    identities: [
      anon,
      signedIn(userA),
      ...(project.anonymousSignIns ? [signedInAnonymously(userA)] : []),
      serviceRole,
    ],
    readings,
    values,
    signUps,
    ownership,
    absent,
    planner,
    world,
    trusted: createTrustedRows(session, world, planner),
    asking: askingRoutines(state),
  };
}

/** Tables that are asked: older projects expose "storage" too, whose tables are the platform's; buckets are probed by themselves. */
export const probedTables = ({ state, exposed }: Ground, leaveOut?: ReadonlySet<string>): readonly Table[] =>
  [...state.tables.values()]
    .filter(
      (table) =>
        exposed.has(table.schema) &&
        !platformSchemas.has(table.schema) &&
        table.kind !== 'foreign' &&
        !leaveOut?.has(table.key),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** The table itself, and all that its rows point to. */
export const needsOf = ({ planner }: Ground, table: Table): ReadonlySet<string> =>
  new Set([...planner.ancestors(table.key), table.key]);

/** Rows of A and B wherever a table needs them and no right hangs on it. What is wrong with them, or null. */
export async function layCommon(
  ground: Ground,
  tables: readonly Table[],
  leaveOut?: ReadonlySet<string>,
): Promise<string | null> {
  const { session, absent, ownership, world } = ground;
  const common = new Set<string>();
  for (const table of tables) {
    const needed = needsOf(ground, table);
    if (![...needed].some((key) => absent.has(key) || leaveOut?.has(key)))
      for (const key of needed) common.add(key);
  }
  for (const user of [userA, userB]) {
    await world.takeSignUps(user);
    await world.lay(common, user);
  }
  const why = await settled(ground);
  await forgetAbsent(session, absent, ownership);
  return why;
}

/** What is checked at COMMIT is checked now; why the rows that were laid fail there, or null. */
export async function settled({ session, catalog }: Ground): Promise<string | null> {
  const why = catalog.deferred ? await settle(session) : null;
  return why === null ? null : `the rows laid for it break what is checked at COMMIT: ${why}`;
}

function readingsOf(state: SchemaState, before: SchemaState | null): ReadonlyMap<string, Reading> {
  const readings = new Map<string, Reading>();
  for (const table of state.tables.values()) {
    const reading = table.policies.length > 0 ? readPolicies(table, state) : emptyReading();
    const was = before?.tables.get(table.key);
    if (before !== null && was !== undefined && was.policies.length > 0)
      addEarlier(reading, readPolicies(was, before), state);
    readings.set(table.key, reading);
  }
  return readings;
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
  ownership: Ownership,
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
