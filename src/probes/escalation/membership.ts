/**
 * A comes to stand in a table of people with rights: for B's organisation where it is one of many, at all where there is
 * one of the whole project. By INSERT, by moving its own row, by calling a function that writes there.
 */
import type { Escalation, Proof } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { attemptAll } from '../acting/attempt.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { rank } from '../rank.ts';
import { ownerValue } from '../rows/owners.ts';
import type { RowValues } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, updating, whereIs } from '../rows/world.ts';
import { shownAll } from '../worlds/spec.ts';
import { asA, type EscalationContext, foreignPrizes, opened, type Prize, user, within } from './attempt.ts';
import { callsThatWrite } from './calls.ts';
import { callOf, deleteOf, insertInto, type Sent, stepsOf, updateOf } from './sent.ts';

interface Rows {
  readonly a: LaidRow;
  readonly b: LaidRow;
}

/** A way in: what A sends, once the rows lie there. */
interface Way {
  readonly kind: 'membership' | 'role-column' | 'function';
  /** True where A stands there already, in its own organisation. */
  readonly member: boolean;
  /** The rank among the members that what A sends gives it. */
  readonly ranked?: Readonly<Record<string, Value>>;
  send(rows: Rows): readonly Sent[];
}

export async function byMembership(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const owners = context.ownership.ownersOf(table.key);
  const tenants = table.foreignKeys
    .filter(
      (key) =>
        key.references !== table.key &&
        context.ownership.isOwned(key.references) &&
        !key.columns.some((column) => owners.some((owner) => owner.column === column)),
    )
    .flatMap((key) => key.columns);
  const scoped = tenants.length > 0;
  const worth = prizes.filter(
    (prize) =>
      scoped ||
      prize.cell.subject === 'foreign' ||
      // What one adds under what one founded is one's own.
      (prize.cell.subject === 'unowned' &&
        !(prize.cell.command === 'insert' && context.planner.ancestors(prize.opens).has(table.key))),
  );
  if (worth.length === 0) return [];
  const found: Escalation[] = [];
  const ways = [
    ...inserts(context, table, tenants),
    ...moves(context, table, tenants),
    ...(await calls(context, table)),
  ];
  for (const way of ways) {
    if (found.some((escalation) => escalation.kind === way.kind)) continue;
    const escalation = await within(context, async () => {
      const rows = await start(context, table, way.member);
      if (rows === null) return null;
      const reach = scoped ? foreignPrizes(context, worth) : worth;
      if ((await opened(context, reach)) !== null) return null;
      const inTheOpen = way.ranked === undefined && (await seesParents(context, table, tenants, rows.b));
      const proofs: Proof[] = [];
      const sent = way.send(rows);
      for (const { sql } of sent) {
        const { outcome, proof } = await asA(context, table, sql);
        if (!outcome.ok) return null;
        proofs.push(proof);
      }
      const prize = proofs.length === 0 ? null : await opened(context, reach);
      return prize === null
        ? null
        : {
            opens: prize.opens,
            steps: stepsOf(sent),
            reaches: prize.reaches,
            proof: [...proofs, prize.proof],
            ...(inTheOpen && { inTheOpen }),
          };
    });
    if (escalation === null) continue;
    const until = await heldByOther(context, table, way);
    found.push({
      ...escalation,
      object: table.key,
      principal: 'user',
      kind: way.kind,
      ...(until !== null && { until }),
    });
  }
  return found;
}

/** The same once B holds that rank: refused then, it is there for the first one alone. What ended it, in words. */
async function heldByOther(context: EscalationContext, table: Table, way: Way): Promise<string | null> {
  const { ranked } = way;
  if (ranked === undefined) return null;
  return within(context, async () => {
    const rows = await start(context, table, way.member);
    if (rows === null) return null;
    const given = await context.session.batch([...quietly([updating(table.key, ranked, [rows.b])])]);
    if (given.some((outcome) => !outcome.ok)) return null;
    for (const { sql } of way.send(rows)) {
      const { outcome } = await asA(context, table, sql);
      if (!outcome.ok) return outcome.error.sqlstate === '42501' ? shownAll(ranked) : null;
    }
    return null;
  });
}

/** A sees the other's organisation, event or group without being in it. */
async function seesParents(
  { session, state, searchPath }: EscalationContext,
  table: Table,
  tenants: readonly string[],
  row: LaidRow,
): Promise<boolean> {
  const statements = table.foreignKeys
    .filter(({ columns }) => columns.some((column) => tenants.includes(column)))
    .map(({ references, columns, referencedColumns }) => ({
      references,
      sql: `select 1 from ${references} where ${columns
        .map((column, at) => `${name(referencedColumns[at]!)} = ${literal(row.values[column] ?? null)}`)
        .join(' and ')}`,
    }));
  const attempted = await attemptAll(
    session,
    statements.map(({ references, sql }) => ({
      identity: user,
      searchPath: searchPath(state.tables.get(references)?.schema ?? 'public'),
      sql,
    })),
  );
  return attempted.length > 0 && attempted.every(({ outcome }) => outcome.ok && outcome.rows.length > 0);
}

/** The users' rows, laid; A's taken away again where it is to get one. */
async function start(context: EscalationContext, table: Table, member: boolean): Promise<Rows | null> {
  const { world, planner, ownership, session } = context;
  for (const user of [userA, userB]) await world.lay([...planner.ancestors(table.key), table.key], user);
  const a = world.row(table.key, userA);
  const b = world.row(table.key, userB);
  if (a === undefined || b === undefined) return null;
  const away = [
    // A row that every sign-up makes is there: A itself has to get it out of the way.
    ...(member || context.createdBySignUp.has(table.key) ? [] : [a]),
    // A share opens by being there, whoever made it.
    ...(ownership.ownersOf(table.key).length === 0 ? [b] : []),
  ];
  if (away.length > 0)
    await session.exec(
      quietly(away.map((row) => `delete from ${table.key} where ${whereIs(row)}`)).join(';'),
    );
  return { a, b };
}

function inserts(context: EscalationContext, table: Table, tenants: readonly string[]): Way[] {
  const allowed = context.privileges('authenticated', 'insert', table.key);
  if (allowed === null) return [];
  const ranks = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => rank.test(column) && choice.open.length > 0,
  );
  const tries: Record<string, Value>[] = [
    {},
    ...ranks.flatMap(([column, choice]) => choice.open.slice(0, 3).map((value) => ({ [column]: value }))),
  ];
  const goesFirst =
    context.createdBySignUp.has(table.key) &&
    context.privileges('authenticated', 'delete', table.key) !== null;
  return tries.map((values) => {
    const ranked = Object.keys(values).length > 0;
    return {
      // Everybody stands there: what comes back in the place of its row is another rank.
      kind: goesFirst && ranked ? 'role-column' : 'membership',
      member: false,
      ...(ranked && { ranked: values }),
      send: (rows) => [
        ...(goesFirst ? [deleteOf(rows.a)] : []),
        insertion(context, table, allowed, rows, tenants, values),
      ],
    };
  });
}

function insertion(
  context: EscalationContext,
  table: Table,
  allowed: readonly string[],
  { a, b }: Rows,
  tenants: readonly string[],
  ranked: Readonly<Record<string, Value>>,
): Sent {
  const states = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => !rank.test(column) && choice.open.length > 0,
  );
  const authors = context.ownership.ownersOf(table.key).filter((owner) => owner.author);
  const values: RowValues = {
    ...a.values,
    ...Object.fromEntries(tenants.map((column) => [column, b.values[column] ?? null])),
    ...Object.fromEntries(authors.map((owner) => [owner.column, ownerValue(owner, userA)])),
    ...Object.fromEntries(states.map(([column, choice]) => [column, choice.open[0]!])),
    ...ranked,
  };
  const columns = table.columns.filter(
    (column) =>
      column.generated === null &&
      column.identity === null &&
      column.sequence === null &&
      allowed.includes(column.name) &&
      values[column.name] != null &&
      (column.default === null ||
        tenants.includes(column.name) ||
        column.name in ranked ||
        context.planner.choice(table.key, column.name) !== null ||
        table.primaryKey?.columns.includes(column.name)),
  );
  return insertInto(table, Object.fromEntries(columns.map(({ name: at }) => [at, values[at]!])));
}

/** A's own row, moved over to B's organisation. */
function moves(context: EscalationContext, table: Table, tenants: readonly string[]): Way[] {
  const allowed = context.privileges('authenticated', 'update', table.key);
  if (tenants.length === 0 || !tenants.every((column) => allowed?.includes(column))) return [];
  if (context.ownership.ownersOf(table.key).length === 0) return [];
  return [
    {
      kind: 'membership',
      member: true,
      send: ({ a, b }) => [
        updateOf(a, Object.fromEntries(tenants.map((column) => [column, b.values[column] ?? null]))),
      ],
    },
  ];
}

async function calls(context: EscalationContext, table: Table): Promise<Way[]> {
  const statements = await callsThatWrite(context, table);
  return statements.map((sql) => ({ kind: 'function', member: false, send: () => [callOf(sql)] }));
}
