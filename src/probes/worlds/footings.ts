/**
 * Rows of A's that its reach hangs on, and that say something of their own: one that nobody comes to have by itself was
 * laid for the probes' sake, and a rank that sign-up gives to everybody is meant, by its own words. Taken away, what
 * stays closed is bound to them.
 */
import type { Session } from '../../database/engine.ts';
import type { AccessCell, Escalation, Footing, ObjectAccess } from '../../model/access.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { type Attempt, type Attempted, attemptAll } from '../acting/attempt.ts';
import { type Identity, userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import type { Reading } from '../predicate/reading.ts';
import { rank } from '../rank.ts';
import { type Ownership, ownerValue } from '../rows/owners.ts';
import { type Planner, uniqueKeys } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import { type World, whereIs } from '../rows/world.ts';
import type { SignUps } from '../sign-up.ts';

export interface FootingContext {
  readonly session: Session;
  readonly state: SchemaState;
  readonly world: World;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly signUps: SignUps;
  /** Tables that hold no row of A's unless a world lays one. */
  readonly absent: ReadonlySet<string>;
  /** Whether a user comes to be in a table by itself. */
  readonly joins: (key: string) => boolean;
  readonly searchPath: (schema: string) => string;
}

interface Known extends Footing {
  /** Takes A's footing away. */
  readonly change: string;
}

export async function findFootings(context: FootingContext): Promise<Known[]> {
  const { state, ownership, absent, signUps } = context;
  const found: Known[] = [];
  if (!signUps.runs.some(({ status }) => status === 'works')) return found;
  for (const key of [...ownership.trusted].toSorted()) {
    const table = state.tables.get(key);
    if (table === undefined || absent.has(key)) continue;
    if (signUps.creates.has(key)) found.push(...(await ranksOfAll(context, table)));
    else if (isPersons(context, table) && !context.joins(key)) {
      const row = context.world.row(key, userA);
      if (row !== undefined)
        found.push({ table: key, given: 'nowhere', change: `delete from ${key} where ${whereIs(row)}` });
    }
  }
  return found;
}

/** One row for each user, which says who it is: a profile, and no order or project that it may come to have. */
const isPersons = ({ ownership }: FootingContext, table: Table): boolean =>
  ownership
    .ownersOf(table.key)
    .some(({ column }) => uniqueKeys(table).some((columns) => columns.join() === column));

/** Ranks of whoever runs a project. */
const high = /admin|moderator|manager|staff|super|root/i;

/** Ranks that the trigger writes for everybody, as a word of its own; not those in what the new user founds by it. */
async function ranksOfAll(context: FootingContext, table: Table): Promise<Known[]> {
  const { session, state, planner, ownership } = context;
  const [owner] = ownership
    .ownersOf(table.key)
    .filter(({ form, caller }) => form === 'plain' && caller.kind === 'uid');
  const people = new Set(ownership.ownersOf(table.key).map(({ column }) => column));
  const isGlobal = table.foreignKeys.every(({ columns }) => columns.every((column) => people.has(column)));
  if (owner === undefined || !isGlobal) return [];
  const words = [...state.routines.values()]
    .filter(({ returns, body }) => returns === 'trigger' && body.includes(table.name))
    .map(({ body }) => body)
    .join('\n');
  const own = `${name(owner.column)} = ${literal(ownerValue(owner, userA))}`;
  const found: Known[] = [];
  for (const [column, choice] of planner.choices(table.key)) {
    if (!rank.test(column)) continue;
    const rows = await session.query(
      `select distinct ${name(column)}::text as held from ${table.key} where ${own}`,
    );
    for (const { held } of rows) {
      if (held == null || !high.test(held) || !words.includes(literal(held))) continue;
      const where = `${own} and ${name(column)} = ${literal(held)}`;
      const lower = [choice.closed, ...choice.others].find((value) => value !== held);
      // One row for each rank, or one row for each user.
      const perRank = uniqueKeys(table).some((columns) => columns.length > 1 && columns.includes(column));
      if (!perRank && lower === undefined) continue;
      found.push({
        table: table.key,
        given: 'sign-up',
        rank: held,
        change: perRank
          ? `delete from ${table.key} where ${where}`
          : `update ${table.key} set ${name(column)} = ${literal(lower!)} where ${where}`,
      });
    }
  }
  return found;
}

/** The objects, with the footing of A's on which each leak hangs. */
export async function withFootings(
  context: FootingContext,
  footings: readonly Known[],
  objects: readonly ObjectAccess[],
  readings: ReadonlyMap<string, Reading>,
  identities: readonly Identity[],
): Promise<ObjectAccess[]> {
  const asked = objects.flatMap(({ object, cells }) =>
    cells.flatMap((cell) => {
      const identity = identities.find(({ principal }) => principal === cell.principal);
      if (identity === undefined || !isReach(cell)) return [];
      return (
        footings
          .filter(({ table }) => readings.get(object)?.tables.has(table))
          // Its own row is what it hands on there.
          .filter(
            ({ table, given }) => given === 'sign-up' || table !== object || cell.subject !== 'transfer',
          )
          .flatMap((footing) =>
            attemptsOf(context, object, cell, identity).map((attempt) => ({ cell, footing, attempt })),
          )
      );
    }),
  );
  const attempted = await attemptAll(
    context.session,
    asked.flatMap(({ attempt, footing }) => [
      attempt,
      { ...attempt, prepare: [...(attempt.prepare ?? []), ...quietly([footing.change])] },
    ]),
  );
  const bound = new Map<AccessCell, Footing>();
  const free = new Map<AccessCell, Footing>();
  for (const [at, { cell, footing }] of asked.entries()) {
    const [there, away] = [attempted[at * 2]!, attempted[at * 2 + 1]!];
    if (!works(there) || away.unprepared !== null || bound.has(cell) || free.get(cell) === footing) continue;
    const { change: _, ...what } = footing;
    if (works(away)) free.set(cell, footing);
    else bound.set(cell, what);
  }
  const repeated = new Set(asked.flatMap(({ cell }, at) => (works(attempted[at * 2]!) ? [cell] : [])));
  /** A row of nobody's that is gone by now can't be asked for again: it is reached as another's is. */
  const likeOthers = (cell: AccessCell, { cells }: ObjectAccess): Footing | undefined => {
    if (cell.subject !== 'unowned' || cell.outcome !== 'allowed' || repeated.has(cell)) return undefined;
    const others = cells.filter(
      ({ principal, command, subject, outcome }) =>
        principal === cell.principal &&
        command === cell.command &&
        subject === 'foreign' &&
        outcome === 'allowed',
    );
    return others.every((other) => bound.has(other)) ? bound.get(others[0]!) : undefined;
  };
  return objects.map((object) => ({
    ...object,
    cells: object.cells.map((cell) => {
      const footing = bound.get(cell) ?? likeOthers(cell, object);
      return footing === undefined ? cell : { ...cell, footing };
    }),
  }));
}

const isReach = (cell: AccessCell): boolean =>
  (cell.principal === 'user' || cell.principal === 'user-anonymous') &&
  cell.subject !== 'own' &&
  cell.outcome === 'allowed' &&
  (cell.when === null || cell.acrossTenants === true);

/** The statement that was seen to work, and what was done before it: B's row may have been in the way. */
function attemptsOf(
  { state, searchPath, world }: FootingContext,
  object: string,
  { proof, subject }: AccessCell,
  identity: Identity,
): Attempt[] {
  const before = proof.filter(({ as }) => as === 'superuser (the condition)').map(({ sql }) => sql);
  const attempt = {
    identity,
    searchPath: searchPath(state.tables.get(object)?.schema ?? 'public'),
    sql: proof.find(({ as }) => !as.startsWith('superuser'))!.sql,
  };
  const row = world.row(object, userB);
  const named = row !== undefined && (subject === 'transfer' || subject === 'spoof');
  return [
    { ...attempt, prepare: quietly(before) },
    ...(named
      ? [{ ...attempt, prepare: quietly([...before, `delete from ${object} where ${whereIs(row)}`]) }]
      : []),
  ];
}

const works = ({ unprepared, outcome }: Attempted): boolean =>
  unprepared === null && outcome.ok && Math.max(outcome.rows.length, outcome.affected) > 0;

/** Who raises its own rank must be there to begin with: where no policy lets anybody in, only the server does. */
export function withFooting(
  escalation: Escalation,
  context: FootingContext,
  objects: readonly ObjectAccess[],
): Escalation {
  const { joins, signUps, state } = context;
  const { object, kind } = escalation;
  const table = state.tables.get(object);
  const isEntered = objects
    .find((entry) => entry.object === object)
    ?.cells.some((cell) => cell.principal.startsWith('user') && cell.command === 'insert' && passes(cell));
  return /^(role-column|function|hook)$/.test(kind) &&
    signUps.runs.some(({ status }) => status === 'works') &&
    table !== undefined &&
    isPersons(context, table) &&
    !isEntered &&
    !joins(object)
    ? { ...escalation, footing: { table: object, given: 'nowhere' } }
    : escalation;
}
