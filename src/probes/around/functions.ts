/** `security definer` functions that API roles may call: what of B's they give out or change that B's policies guard. */

import type { Outcome, Row } from '../../database/engine.ts';
import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { Routine, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { describe, resultOf, rowsCalled } from '../acting/outcome.ts';
import {
  anon,
  become,
  becomeAdmin,
  type Identity,
  signedIn,
  type User,
  userA,
  userB,
  userC,
} from '../acting/principals.ts';
import { literal, qualified } from '../acting/quote.ts';
import { passes, summarize } from '../cells.ts';
import { readRoutine } from '../predicate/index.ts';
import {
  argumentSets,
  exposedDefiners,
  inputsOf,
  preparing,
  secretsOf,
  signatureOf,
  waits,
  withParent,
  withSmaller,
} from '../rows/arguments.ts';
import { type Marker, markersOf } from '../rows/markers.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';
import { sensitive } from '../tables/updates.ts';
import { inTheWayOf, type MadeRows, madeIn, rowsMadeBy } from './function-inserts.ts';
import { countedIn } from './function-numbers.ts';
import { type AroundContext, hiddenTable } from './views.ts';

const identities: readonly Identity[] = [anon, signedIn(userA)];
/** Sets of arguments that are mended after a key found no row. */
const repairs = 3;

export async function probeFunctions(context: AroundContext): Promise<ObjectAccess[]> {
  const routines = exposedDefiners(context).filter(({ key }) => !context.leaveOut.has(key));
  const callable = await callableBy(context, routines);
  const markers = markersOf(context.world, context.state, userB);
  const objects: ObjectAccess[] = [];
  for (const routine of routines) {
    context.onObject(routine.key);
    const cells: AccessCell[] = [];
    for (const identity of identities) {
      const allowed = callable.has(`${identity.role} ${routine.key}`);
      if (!allowed) {
        cells.push(cellOf(identity, { outcome: 'no-permission', reason: 'EXECUTE is not granted' }, []));
        continue;
      }
      if (waits(routine)) {
        cells.push(
          cellOf(identity, { outcome: 'unknown', reason: 'it waits (pg_sleep), and was not called' }, []),
        );
        continue;
      }
      const watched = tablesIn(context, routine.body);
      const secrets = secretsOf(context, routine, watched);
      const sets = [...argumentSets(context, routine, watched, userB)];
      const [first] = sets;
      if (first !== undefined && secrets.length > 0) {
        sets.push(
          first.map((value, index) => (secrets.some((secret) => secret.index === index) ? null : value)),
        );
      }
      const own: AccessCell[] = [];
      const stranger = await call(context, routine, identity, markers, watched, sets, own);
      cells.push(stranger, ...own);
      if (stranger.outcome === 'error' && identity.role === 'authenticated') {
        // Whom it looks up may be nobody: `if team <> my_team() then raise` lets a null pass.
        const newcomer = await call(context, routine, signedIn(userC), markers, watched, sets, []);
        if (newcomer.outcome === 'allowed')
          cells.push({ ...newcomer, reason: `${newcomer.reason}, for a user who has signed up and no more` });
      }
      if (first === undefined || stranger.outcome === 'allowed') continue;
      for (const { index, argument, column, value } of secrets) {
        const right = [first.map((other, at) => (at === index ? value : other))];
        const cell = await call(context, routine, identity, markers, watched, right, []);
        if (cell.outcome === 'allowed')
          cells.push({ ...cell, when: `the argument ${argument} is the row's ${column}` });
      }
    }
    objects.push({
      object: routine.key,
      kind: 'function',
      rls: null,
      summary: summarize(cells),
      cells,
      ownerColumns: [],
    });
  }
  return objects;
}

async function callableBy(context: AroundContext, routines: readonly Routine[]): Promise<Set<string>> {
  if (routines.length === 0) return new Set();
  const rows = await context.session.query(
    routines
      .flatMap((routine) =>
        identities.map(
          (identity) =>
            `select ${literal(`${identity.role} ${routine.key}`)} as who where has_function_privilege(${literal(identity.role)}, to_regprocedure(${literal(signatureOf(routine))}), 'execute')`,
        ),
      )
      .join(' union all '),
  );
  return new Set(rows.map((row) => row.who!));
}

function cellOf(
  identity: Identity,
  verdict: Pick<AccessCell, 'outcome' | 'reason'> & Partial<AccessCell>,
  proof: AccessCell['proof'],
): AccessCell {
  return {
    principal: identity.principal,
    command: 'execute',
    subject: 'foreign',
    columns: [],
    representation: true,
    when: null,
    via: null,
    proof,
    ...verdict,
  };
}

/** What a call of one function is watched by. */
interface Trial {
  readonly context: AroundContext;
  readonly routine: Routine;
  readonly identity: Identity;
  readonly markers: readonly Marker[];
  /** Tables that its body names. */
  readonly watched: readonly Table[];
  /** Rows that it may make in B's name. */
  readonly made: readonly MadeRows[];
}

interface Attempt {
  readonly values: readonly Value[];
  /** What is changed of B's rows for the call. */
  readonly gone: readonly string[];
}

/** A call that ran, and what the rows looked like before and after. */
interface Ran extends Attempt {
  readonly sql: string;
  readonly rows: readonly Row[];
  readonly outcome: Outcome;
  readonly theirs: Looks;
  readonly own: Looks;
  readonly inName: Looks;
}

interface Looks {
  readonly before: readonly Outcome[];
  readonly after: readonly Outcome[];
}

async function call(
  context: AroundContext,
  routine: Routine,
  identity: Identity,
  markers: readonly Marker[],
  watched: readonly Table[],
  sets: readonly (readonly Value[])[],
  /** Filled: what it does to A's own rows beyond what A may do. */
  own: AccessCell[],
): Promise<AccessCell> {
  const made = rowsMadeBy(context, routine, identity);
  const trial: Trial = { context, routine, identity, markers, watched, made };
  let last: { sql: string; outcome: Outcome } | null = null;
  let ran: { sql: string; outcome: Outcome } | null = null;
  const answered: Ran[] = [];
  const without = quietly(
    rightsAskedBy(context, routine).map((row) => `delete from ${row.table.key} where ${whereIs(row)}`),
  );
  const queue: Attempt[] = sets.map((values) => ({ values, gone: [] }));
  const prepared = quietly(preparing(context, routine, watched));
  if (prepared.length > 0) queue.push(...sets.slice(0, 1).map((values) => ({ values, gone: prepared })));
  const tried = new Set(queue.map((entry) => JSON.stringify(entry)));
  for (const { values, gone } of queue) {
    const done = await callOnce(trial, without, { values, gone });
    const { sql, outcome } = done;
    // What it refused once, it refuses; other arguments may not even have come so far.
    if (last === null || !refused(last.outcome)) last = { sql, outcome };
    if (!outcome.ok) {
      const mended = {
        values:
          withParent(context, routine, outcome.error, values) ?? withSmaller(outcome.error, values) ?? values,
        gone: [...gone, ...inTheWayOf(context, outcome.error, made)],
      };
      if (!tried.has(JSON.stringify(mended)) && tried.size < sets.length + repairs) {
        tried.add(JSON.stringify(mended));
        queue.push(mended);
      }
      continue;
    }
    ran = last;
    if (identity.role === 'authenticated' && own.length === 0) own.push(...changesOwn(trial, done));
    const cell = changesTheirs(trial, done) ?? makesInTheirName(trial, done) ?? (await givesOut(trial, done));
    if (cell !== null) return cell;
    answered.push(done);
  }
  const counted = await countedIn(trial, answered, without);
  if (counted !== null) return cellOf(identity, ...counted);
  if (ran !== null) {
    return cellOf(identity, { outcome: 'filtered', reason: null }, [
      { as: identity.label, sql: ran.sql, result: resultOf(ran.outcome) },
    ]);
  }
  if (last === null)
    return cellOf(identity, { outcome: 'unknown', reason: 'no arguments could be made' }, []);
  const error = last.outcome.ok ? null : last.outcome.error;
  const proof = [{ as: identity.label, sql: last.sql, result: resultOf(last.outcome) }];
  return error !== null && refused(last.outcome)
    ? cellOf(identity, { outcome: 'error', reason: describe(error) }, proof)
    : cellOf(identity, { outcome: 'unknown', reason: error === null ? null : describe(error) }, proof);
}

async function callOnce(trial: Trial, without: readonly string[], { values, gone }: Attempt): Promise<Ran> {
  const { context, routine, identity, watched, made } = trial;
  const given = inputsOf(routine).map((argument, index) => `${literal(values[index]!)}::${argument.type}`);
  const sql = `select * from ${qualified(routine.schema, routine.name)}(${given.join(', ')})`;
  const look = [
    ...watched.map((table) => lookAt(context, table, userB)),
    ...watched.map((table) => lookAt(context, table, userA)),
    ...made.map(({ question }) => question),
  ];
  const opening = ['savepoint call', ...without, ...gone];
  const outcomes = await context.session.batch([
    ...opening,
    ...look,
    become(identity, context.searchPath(routine.schema)),
    sql,
    becomeAdmin,
    ...look,
    'rollback to savepoint call',
    'release savepoint call',
  ]);
  const calledAt = opening.length + look.length + 1;
  const outcome = outcomes[calledAt]!;
  const before = outcomes.slice(opening.length, opening.length + look.length);
  const after = outcomes.slice(calledAt + 2, calledAt + 2 + look.length);
  const looks = (from: number, to: number): Looks => ({
    before: before.slice(from, to),
    after: after.slice(from, to),
  });
  const n = watched.length;
  return {
    values,
    gone,
    sql,
    rows: outcome.ok ? outcome.rows : [],
    outcome,
    theirs: looks(0, n),
    own: looks(n, 2 * n),
    inName: looks(2 * n, look.length),
  };
}

const proofOf = ({ identity }: Trial, { sql, outcome }: Ran) => ({
  as: identity.label,
  sql,
  result: resultOf(outcome),
});

const proofOfChanges = ({ gone }: Ran) =>
  gone
    .filter((statement) => /^update /.test(statement))
    .map((statement) => ({ as: 'superuser (control)', sql: statement, result: 'OK' }));

/** What no UPDATE as A could do to A's own row: at most one, of the first such table. */
function changesOwn(trial: Trial, ran: Ran): readonly AccessCell[] {
  const { context, identity, watched } = trial;
  for (const [index, table] of watched.entries()) {
    const columns = changedColumns(ran.own.before[index]!, ran.own.after[index]!);
    const closed = columns.filter((column) => !mayUpdateOwn(context, table, column));
    if (closed.length === 0) continue;
    const reason = `it changed ${closed.join(', ')} of user A's own row in ${table.key}, which an UPDATE can't`;
    return [
      cellOf(
        identity,
        {
          subject: 'own',
          outcome: 'allowed',
          columns: closed,
          via: table.key,
          reached: { how: 'changed' },
          reason,
        },
        [proofOf(trial, ran)],
      ),
    ];
  }
  return [];
}

function changesTheirs(trial: Trial, ran: Ran): AccessCell | null {
  const { context, identity, watched } = trial;
  const changed = watched.find((_, index) => {
    const before = ran.theirs.before[index]!;
    const after = ran.theirs.after[index]!;
    const there = before.ok && before.rows.length > 0;
    return there && after.ok && JSON.stringify(before.rows) !== JSON.stringify(after.rows);
  });
  const before = proofOfChanges(ran);
  if (changed === undefined || mayWrite(context, identity, changed, before.length > 0)) return null;
  const proof = proofOf(trial, ran);
  return cellOf(
    identity,
    {
      outcome: 'allowed',
      reason: `a row of user B's in ${changed.key} changed`,
      via: changed.key,
      reached: { how: 'changed' },
    },
    [...before, { ...proof, result: `${proof.result}, and user B's row in ${changed.key} changed` }],
  );
}

function makesInTheirName(trial: Trial, ran: Ran): AccessCell | null {
  const { context, routine, identity, made } = trial;
  const inName = madeIn(made, ran.inName.before, ran.inName.after);
  if (inName === undefined) return null;
  const asks = context.probing.asking.has(routine.name);
  const proof = proofOf(trial, ran);
  return cellOf(
    identity,
    {
      outcome: 'allowed',
      reason: `a row in ${inName.key} was made in user B's name`,
      via: inName.key,
      reached: { how: 'made' },
      when: asks ? 'what the function asks of its caller holds' : null,
    },
    [...proofOfChanges(ran), { ...proof, result: `${proof.result}, and one of user B's in ${inName.key}` }],
  );
}

async function givesOut(trial: Trial, ran: Ran): Promise<AccessCell | null> {
  const { context, identity, markers, watched } = trial;
  // Whose id it is, is no secret of a row.
  const passed = [userB.id, ...ran.values.filter((value): value is string => value !== null)].map(plain);
  // What was handed in comes back from many functions, as it was or as a slug: that gives nothing away.
  const given = givenOut(ran.rows, markers).filter(
    (marker) => !passed.some((text) => text.includes(plain(marker.text))),
  );
  const read = new Set(watched.map(({ key }) => key));
  const hidden = given.length === 0 ? null : hiddenTable(context, identity.principal, given, read);
  if (hidden === null || (await isSeenAnyway(context, identity, hidden, ran.gone))) return null;
  const marker = given.find(({ columns }) => columns.has(hidden))!;
  return cellOf(
    identity,
    {
      outcome: 'allowed',
      reason: `it gave out ${literal(marker.text)} of ${hidden}`,
      via: hidden,
      reached: { how: 'gave', column: marker.columns.get(hidden)! },
    },
    [
      ...proofOfChanges(ran),
      {
        ...proofOf(trial, ran),
        result: `${rowsCalled(ran.rows.length)}, among them ${literal(marker.text)} of user B`,
      },
    ],
  );
}

/**
 * A's rows in tables that the function looks the caller up in, where no user puts itself: a list of admins that no
 * policy reads. A stranger is in none.
 */
function rightsAskedBy(context: AroundContext, routine: Routine): LaidRow[] {
  const { state, world, tables } = context;
  const asked = new Set(readRoutine(routine, state).callers.map(({ table }) => table));
  return [...asked].flatMap((key) => {
    const row = world.row(key, userA);
    const referenced = [...state.tables.values()].some((table) =>
      table.foreignKeys.some(({ references }) => references === key),
    );
    const enters = tables
      .get(key)
      ?.cells.some(
        (cell) =>
          cell.principal === 'user' && cell.command === 'insert' && cell.subject === 'own' && passes(cell),
      );
    return row === undefined || referenced || enters || context.bySignUp.has(key) ? [] : [row];
  });
}

/** An exception that the function raises itself is its refusal; any other error says nothing. */
const refused = (outcome: Outcome): boolean =>
  !outcome.ok && /^(P0001|42501|28000|PT4\d\d)$/.test(outcome.error.sqlstate);

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');

function givenOut(rows: readonly Row[], markers: readonly Marker[]): Marker[] {
  const text = rows.map((row) => Object.values(row).join('\n')).join('\n');
  return markers.filter((marker) => text.includes(marker.text));
}

/** A user's row, as text. */
function lookAt(context: AroundContext, table: Table, user: User): string {
  const row = context.world.row(table.key, user);
  if (row === undefined) return 'select null as row where false';
  return `select to_jsonb(t)::text as row from ${table.key} t where ${whereIs(row)}`;
}

function changedColumns(before: Outcome, after: Outcome): string[] {
  const read = (outcome: Outcome): Record<string, unknown> | null =>
    outcome.ok && outcome.rows[0]?.row ? JSON.parse(outcome.rows[0].row) : null;
  const old = read(before);
  const now = read(after);
  if (old === null || now === null) return [];
  return Object.keys(old).filter((column) => JSON.stringify(old[column]) !== JSON.stringify(now[column]));
}

/** True where an UPDATE as A changes that column, and for clocks that a trigger sets. */
const mayUpdateOwn = (context: AroundContext, table: Table, column: string): boolean =>
  /(_at|_on|date|time)$/.test(column) ||
  (context.tables.get(table.key)?.cells ?? []).some(
    (cell) =>
      cell.principal === 'user' &&
      cell.command === 'update' &&
      cell.subject === 'own' &&
      passes(cell) &&
      // Plain columns are tried a few at a time: one of them stands for the others.
      (cell.columns.includes(column) || !sensitive.test(column)),
  );

/** Tables named in a body of which B has a row. */
function tablesIn(context: AroundContext, body: string): Table[] {
  return [...context.state.tables.values()]
    .filter(
      (table) =>
        context.world.row(table.key, userB) !== undefined &&
        new RegExp(`\\b${escapeRegExp(table.name)}\\b`).test(body),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, 6);
}

/** `inSome`: some of its rows at least, by what they hold. */
const mayWrite = (context: AroundContext, identity: Identity, table: Table, inSome: boolean): boolean =>
  context.tables
    .get(table.key)
    ?.cells.some(
      (cell) =>
        cell.principal === identity.principal &&
        (cell.command === 'update' || cell.command === 'delete') &&
        (cell.subject === 'foreign' || cell.subject === 'unowned') &&
        (cell.when === null || inSome) &&
        passes(cell),
    ) ?? false;

/** Of a row that was changed for the call: the policies may show it to everybody as it is now. */
async function isSeenAnyway(
  { session, world, searchPath }: AroundContext,
  identity: Identity,
  key: string,
  prepared: readonly string[],
): Promise<boolean> {
  const row = world.row(key, userB);
  if (prepared.length === 0 || row === undefined) return false;
  const outcomes = await session.batch([
    'savepoint seen',
    ...prepared,
    become(identity, searchPath(row.table.schema)),
    `select 1 as one from ${key} where ${whereIs(row)}`,
    'rollback to savepoint seen',
    'release savepoint seen',
  ]);
  const outcome = outcomes.at(-3)!;
  return outcome.ok && outcome.rows.length > 0;
}
