/**
 * Where a policy trusts a row or a value, A tries to obtain it with A's own commands, and then to reach what it opens.
 * Counted only where something of B's opens, or a rank that a plain member lacks.
 */

import type { Outcome, Session } from '../database/engine.ts';
import type { AccessCell, Escalation, ObjectAccess, Proof } from '../model/access.ts';
import type { SchemaState, Table } from '../model/schema.ts';
import { attemptAll } from './attempt.ts';
import type { Privileges } from './catalog.ts';
import { resultOf } from './outcome.ts';
import { type Ownership, ownerValue } from './owners.ts';
import type { Planner, RowValues } from './plan.ts';
import { become, becomeAdmin, signedIn, userA, userB } from './principals.ts';
import { literal, name } from './quote.ts';
import { rank } from './rank.ts';
import type { Value } from './values.ts';
import { normalized, type World, whereIs } from './world.ts';

export interface Prize {
  /** Table that opens. */
  readonly opens: string;
  /** Table whose row opens it. */
  readonly via: string;
  /** The cell that was seen to open under that condition. */
  readonly cell: AccessCell;
}

export interface EscalationContext {
  readonly session: Session;
  readonly state: SchemaState;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly privileges: Privileges;
  readonly world: World;
  readonly searchPath: (schema: string) => string;
  readonly exposed: ReadonlySet<string>;
}

const triggersOff = `select set_config('session_replication_role', 'replica', true)`;
const triggersOn = `select set_config('session_replication_role', 'origin', true)`;
const user = signedIn(userA);

/** Conditional cells that somebody else's rows, or nobody's, open by a row of the caller's. */
export function prizesOf(object: string, cells: readonly AccessCell[]): Prize[] {
  return cells
    .filter((cell) => cell.via !== null && cell.when !== null && cell.principal === 'user')
    .filter((cell) => cell.when!.startsWith('a row in '))
    .map((cell) => ({ opens: object, via: cell.via!, cell }));
}

export async function findEscalations(
  context: EscalationContext,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  const vias = [...new Set(prizes.map((prize) => prize.via))].toSorted();
  for (const via of vias) {
    const table = context.state.tables.get(via);
    // What the API does not show can't be written through it.
    if (table === undefined || !context.exposed.has(table.schema)) continue;
    const mine = prizes.filter((prize) => prize.via === via);
    found.push(...(await byRank(context, table, mine)));
    found.push(...(await byMembership(context, table, mine)));
  }
  return found;
}

/** Rows of A's under a parent of B's that A can't see: foreign keys are checked without row level security. */
export async function findForeignParents(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  const cellOf = (object: string, command: AccessCell['command'], subject: AccessCell['subject']) =>
    objects
      .find((entry) => entry.object === object)
      ?.cells.find(
        (cell) =>
          cell.principal === 'user' &&
          cell.command === command &&
          cell.subject === subject &&
          cell.when === null,
      );
  for (const { object } of objects) {
    const table = context.state.tables.get(object);
    const own = cellOf(object, 'insert', 'own');
    const owners = context.ownership.ownersOf(object);
    // Where only the parent says whose a row is, B's parent is B's name: that is an insert in another's name.
    if (table === undefined || own?.outcome !== 'allowed' || owners.length === 0) continue;
    for (const key of table.foreignKeys) {
      const hidden = cellOf(key.references, 'select', 'foreign');
      const named = key.columns.some((column) => owners.some((owner) => owner.column === column));
      if (key.references === object || named || hidden === undefined || hidden.outcome !== 'filtered')
        continue;
      const a = context.world.row(key.references, userA);
      const b = context.world.row(key.references, userB);
      const row = context.world.row(object, userA);
      if (a === undefined || b === undefined || row === undefined) continue;
      const sql = key.referencedColumns.reduce(
        (text, column) =>
          text.replaceAll(literal(a.values[column] ?? null), literal(b.values[column] ?? null)),
        own.proof[0]!.sql,
      );
      if (sql === own.proof[0]!.sql) continue;
      const escalation = await within(context, async () => {
        await context.session.exec(
          `${triggersOff}; delete from ${object} where ${whereIs(row)}; ${triggersOn}`,
        );
        const { outcome, proof } = await asA(context, table, sql);
        if (!outcome.ok || outcome.affected === 0) return null;
        const prize = await opened(context, [{ opens: key.references, via: object, cell: hidden }]);
        const look: Proof = prize?.proof ?? { ...hidden.proof[0]!, result: '0 rows' };
        return { opens: prize === null ? '' : key.references, proof: [proof, look] };
      });
      if (escalation !== null) {
        found.push({
          object,
          opens: escalation.opens,
          principal: 'user',
          kind: 'foreign-parent',
          proof: escalation.proof,
        });
        break;
      }
    }
  }
  return found;
}

/** Runs in a savepoint and leaves nothing. */
async function within<T>(context: EscalationContext, run: () => Promise<T>): Promise<T> {
  const restore = context.world.mark();
  await context.session.exec('savepoint escalation');
  try {
    return await run();
  } finally {
    restore();
    await context.session.exec('rollback to savepoint escalation; release savepoint escalation');
  }
}

/** One statement as A; stays where it worked. */
async function asA(
  context: EscalationContext,
  table: Table,
  sql: string,
): Promise<{ outcome: Outcome; proof: Proof }> {
  const outcomes = await context.session.batch([
    'savepoint attempt',
    become(user, context.searchPath(table.schema)),
    sql,
    becomeAdmin,
  ]);
  const outcome = outcomes[2]!;
  await context.session.exec(
    outcome.ok
      ? `${becomeAdmin}; release savepoint attempt`
      : 'rollback to savepoint attempt; release savepoint attempt',
  );
  return { outcome, proof: { as: user.label, sql, result: resultOf(outcome) } };
}

/** Prizes worth looking at: one statement a table and command, reading first. */
const enough = 10;

/** What opens now, as A: the first prize that holds. */
async function opened(
  context: EscalationContext,
  prizes: readonly Prize[],
): Promise<{ opens: string; proof: Proof } | null> {
  const statements = new Map<string, Prize>();
  for (const prize of [...prizes].toSorted((a, b) => order(a) - order(b))) {
    const { sql } = prize.cell.proof.at(-1)!;
    if (!statements.has(sql)) statements.set(sql, prize);
  }
  const tried = [...statements].slice(0, enough);
  const attempted = await attemptAll(
    context.session,
    tried.map(([sql, prize]) => ({
      identity: user,
      searchPath: context.searchPath(context.state.tables.get(prize.opens)?.schema ?? 'public'),
      sql,
    })),
  );
  for (const [index, [sql, prize]] of tried.entries()) {
    const { outcome } = attempted[index]!;
    const rows = outcome.ok ? Math.max(outcome.rows.length, outcome.affected) : 0;
    if (rows > 0) return { opens: prize.opens, proof: { as: user.label, sql, result: resultOf(outcome) } };
  }
  return null;
}

const order = (prize: Prize): number => (prize.cell.command === 'select' ? 0 : 1);

/** A has a plain row there and raises its own rank. */
async function byRank(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const columns = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => rank.test(column) && choice.open.length > 0,
  );
  const allowed = context.privileges('authenticated', 'update', table.key);
  const found: Escalation[] = [];
  for (const [column, choice] of columns) {
    if (allowed === null || !allowed.includes(column)) continue;
    const relevant = prizes.filter((prize) => prize.cell.when!.includes(`${column} = `));
    if (relevant.length === 0) continue;
    for (const value of choice.open.slice(0, 4)) {
      const escalation = await within(context, async () => {
        await context.world.lay([...context.planner.ancestors(table.key), table.key], userA);
        const row = context.world.row(table.key, userA);
        if (row === undefined || row.values[column] === value) return null;
        if ((await opened(context, relevant)) !== null) return null;
        const sql = `update ${table.key} set ${name(column)} = ${literal(value)} where ${whereIs(row)}`;
        const { outcome, proof } = await asA(context, table, sql);
        if (!outcome.ok || outcome.affected === 0) return null;
        const [stored] = await context.session.query(`select * from ${table.key} where ${whereIs(row)}`);
        if (stored === undefined || normalized(table, stored)[column] !== value) return null;
        const prize = await opened(context, relevant);
        return prize === null ? null : { ...prize, proof: [proof, prize.proof] };
      });
      if (escalation !== null) {
        found.push({
          object: table.key,
          opens: escalation.opens,
          principal: 'user',
          kind: 'role-column',
          proof: escalation.proof,
        });
        break;
      }
    }
  }
  return found;
}

/** A puts itself into the table: for B's organisation where it is one of many, at all where it is one of the whole project. */
async function byMembership(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const allowed = context.privileges('authenticated', 'insert', table.key);
  if (allowed === null) return [];
  const owners = context.ownership.ownersOf(table.key);
  const tenants = table.foreignKeys.filter(
    (key) =>
      key.references !== table.key &&
      !key.columns.some((column) => owners.some((owner) => owner.column === column)),
  );
  const ranks = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => rank.test(column) && choice.open.length > 0,
  );
  const scoped = tenants.some((key) => context.ownership.isOwned(key.references));
  const worth = prizes.filter(
    (prize) => scoped || prize.cell.subject === 'foreign' || prize.cell.subject === 'unowned',
  );
  if (worth.length === 0) return [];
  const tries: Record<string, Value>[] = [
    {},
    ...ranks.flatMap(([column, choice]) => choice.open.slice(0, 3).map((value) => ({ [column]: value }))),
  ];
  for (const rankValues of tries) {
    const escalation = await within(context, async () => {
      const { world, planner } = context;
      for (const of of [userA, userB]) await world.lay([...planner.ancestors(table.key), table.key], of);
      const a = world.row(table.key, userA);
      const b = world.row(table.key, userB);
      if (a === undefined || b === undefined) return null;
      await context.session.exec(
        `${triggersOff}; delete from ${table.key} where ${whereIs(a)}; ${triggersOn}`,
      );
      const reach = scoped ? foreignPrizes(context, worth) : worth;
      if ((await opened(context, reach)) !== null) return null;
      const parents = Object.fromEntries(
        tenants
          .filter((key) => context.ownership.isOwned(key.references))
          .flatMap((key) => key.columns.map((column) => [column, b.values[column] ?? null])),
      );
      const values: RowValues = {
        ...a.values,
        ...parents,
        ...Object.fromEntries(
          owners.filter((owner) => owner.author).map((owner) => [owner.column, ownerValue(owner, userA)]),
        ),
        ...openStates(context, table),
        ...rankValues,
      };
      const columns = table.columns.filter(
        (column) =>
          column.generated === null &&
          column.identity === null &&
          column.sequence === null &&
          allowed.includes(column.name) &&
          values[column.name] != null &&
          (column.default === null ||
            column.name in parents ||
            column.name in rankValues ||
            context.planner.choice(table.key, column.name) !== null ||
            table.primaryKey?.columns.includes(column.name)),
      );
      const sql = `insert into ${table.key} (${columns.map((column) => name(column.name)).join(', ')}) values (${columns.map((column) => literal(values[column.name]!)).join(', ')})`;
      const { outcome, proof } = await asA(context, table, sql);
      if (!outcome.ok || outcome.affected === 0) return null;
      const prize = await opened(context, reach);
      return prize === null ? null : { ...prize, proof: [proof, prize.proof] };
    });
    if (escalation !== null) {
      return [
        {
          object: table.key,
          opens: escalation.opens,
          principal: 'user',
          kind: 'membership',
          proof: escalation.proof,
        },
      ];
    }
  }
  return [];
}

const openStates = (context: EscalationContext, table: Table): Record<string, Value> =>
  Object.fromEntries(
    [...context.planner.choices(table.key)]
      .filter(([column, choice]) => !rank.test(column) && choice.open.length > 0)
      .map(([column, choice]) => [column, choice.open[0]!]),
  );

/** The same statements on B's rows: what a row in B's organisation should open. */
function foreignPrizes(context: EscalationContext, prizes: readonly Prize[]): Prize[] {
  return prizes.flatMap((prize) => {
    if (prize.cell.subject === 'foreign' || prize.cell.subject === 'unowned') return [prize];
    if (prize.cell.command !== 'select') return [];
    const b = context.world.row(prize.opens, userB);
    if (b === undefined) return [];
    const sql = `select * from ${prize.opens} where ${whereIs(b)}`;
    return [{ ...prize, cell: { ...prize.cell, proof: [{ as: user.label, sql, result: '' }] } }];
  });
}
