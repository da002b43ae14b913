/** A has a plain row among people with rights and raises its own rank: by UPDATE, or out and in again. */
import type { Escalation, Proof } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal } from '../acting/quote.ts';
import { isGiven, rank } from '../rank.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { insertion, type LaidRow, normalized, updating, whereIs } from '../rows/world.ts';
import {
  asA,
  closedTo,
  type EscalationContext,
  foreignPrizes,
  opened,
  type Prize,
  within,
} from './attempt.ts';
import { callsThatWrite } from './calls.ts';
import { callOf, deleteOf, insertInto, type Sent, stepsOf, updateOf } from './sent.ts';

interface Way {
  readonly kind: 'role-column' | 'function';
  send(row: LaidRow): readonly Sent[];
}

export async function byRank(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const columns = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => (rank.test(column) || isGiven(table, column)) && choice.open.length > 0,
  );
  const found: Escalation[] = [];
  for (const [column, choice] of columns) {
    const relevant = prizes.filter((prize) => prize.cell.when!.includes(`${column} = `));
    if (relevant.length === 0) continue;
    for (const value of choice.open.slice(0, 4)) {
      // What that very rank opens is looked at first.
      const asked = (prize: Prize) => prize.cell.when!.includes(`${column} = ${literal(value)}`);
      const ordered = [...relevant.filter(asked), ...relevant.filter((prize) => !asked(prize))];
      for (const way of await waysUp(context, table, column, value)) {
        if (found.some((escalation) => escalation.kind === way.kind)) continue;
        const escalation = await raised(context, table, ordered, { column, value }, way);
        if (escalation !== null) found.push(escalation);
      }
    }
  }
  return found;
}

async function raised(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
  { column, value }: { readonly column: string; readonly value: Value },
  way: Way,
): Promise<Escalation | null> {
  const hangsOn = ({ opens }: Prize) => context.planner.ancestors(opens).has(table.key);
  return within(context, async () => {
    const row = await plainRow(context, table);
    if (row === null || row.values[column] === value) return null;
    // What hangs on the row that A changes is A's own.
    const [hanging, others] = [prizes.filter(hangsOn), prizes.filter((prize) => !hangsOn(prize))];
    const reach = hasOwner(context, table)
      ? foreignPrizes(context, prizes)
      : [...others, ...foreignPrizes(context, hanging)];
    const closed = await closedTo(context, reach);
    if (closed.length === 0) return null;
    const proofs: Proof[] = [];
    const sent = way.send(row);
    for (const { sql } of sent) {
      const { outcome, proof } = await asA(context, table, sql);
      if (!outcome.ok || outcome.affected === 0) return null;
      proofs.push(proof);
    }
    const [stored] = await context.session.query(`select * from ${table.key} where ${whereIs(row)}`);
    if (stored === undefined || normalized(table, stored)[column] !== value) return null;
    const prize = await opened(context, closed);
    return prize === null
      ? null
      : {
          object: table.key,
          opens: prize.opens,
          principal: 'user',
          kind: way.kind,
          steps: stepsOf(sent),
          reaches: prize.reaches,
          proof: [...proofs, prize.proof],
        };
  });
}

/** Keys to organisations that somebody owns. */
const ownedTenants = ({ ownership }: EscalationContext, table: Table) =>
  table.foreignKeys.filter(
    (key) =>
      key.references !== table.key &&
      ownership.ownersOf(key.references).length > 0 &&
      !ownership.ownersOf(table.key).some((owner) => key.columns.includes(owner.column)),
  );

const hasOwner = (context: EscalationContext, table: Table): boolean =>
  ownedTenants(context, table).length > 0;

/** A's row; where an organisation has an owner, in B's: in its own A may do as it likes. */
async function plainRow(context: EscalationContext, table: Table): Promise<LaidRow | null> {
  const { world, planner, session } = context;
  for (const user of [userA, userB]) await world.lay([...planner.ancestors(table.key), table.key], user);
  const mine = world.row(table.key, userA);
  const theirs = world.row(table.key, userB);
  if (mine === undefined) return null;
  const columns = ownedTenants(context, table).flatMap((key) => key.columns);
  if (columns.length === 0) return mine;
  if (theirs === undefined) return null;
  const tenant = Object.fromEntries(columns.map((column) => [column, theirs.values[column] ?? null]));
  const moved = await session.batch([...quietly([updating(table.key, tenant, [mine])])]);
  return moved.every((outcome) => outcome.ok) ? { ...mine, values: { ...mine.values, ...tenant } } : null;
}

async function waysUp(
  context: EscalationContext,
  table: Table,
  column: string,
  value: Value,
): Promise<Way[]> {
  const { privileges } = context;
  const ways: Way[] = [];
  if (privileges('authenticated', 'update', table.key)?.includes(column))
    ways.push({
      kind: 'role-column',
      send: (row) => [updateOf(row, { [column]: value })],
    });
  const settable = privileges('authenticated', 'insert', table.key);
  if (settable?.includes(column) && privileges('authenticated', 'delete', table.key) !== null)
    ways.push({
      kind: 'role-column',
      send: (row) => {
        const written = table.columns.filter(
          (each) => each.generated === null && each.identity === null && settable.includes(each.name),
        );
        const values = Object.fromEntries(
          written.map((each) => [each.name, each.name === column ? value : (row.values[each.name] ?? null)]),
        );
        return [
          deleteOf(row),
          { ...insertInto(table, values), sql: insertion(table, values).replace(/ returning \*$/, '') },
        ];
      },
    });
  for (const sql of await callsThatWrite(context, table))
    ways.push({ kind: 'function', send: () => [callOf(sql)] });
  return ways;
}
