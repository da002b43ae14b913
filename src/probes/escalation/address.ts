/** A list knows its people by what their own row says, an address: A writes there what B's says, and passes for B. */
import type { Escalation } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import type { Reading } from '../predicate/reading.ts';
import { quietly } from '../rows/triggers.ts';
import { asA, type EscalationContext, foreignPrizes, opened, type Prize, within } from './attempt.ts';
import { stepsOf, updateOf } from './sent.ts';

/** `list` is the table whose row opens the prizes. */
export async function byAddress(
  context: EscalationContext,
  list: Table,
  prizes: readonly Prize[],
  readings: ReadonlyMap<string, Reading>,
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  for (const link of linksTo(context, list, readings)) {
    const escalation = await passedFor(context, link, list, prizes);
    if (escalation !== null) found.push(escalation);
  }
  return found;
}

/** A column of the user's own row, which it may write, and the one of the list that is compared with it. */
interface Link {
  readonly own: Table;
  readonly column: string;
  readonly listed: string;
}

function linksTo(
  { state, ownership, privileges }: EscalationContext,
  list: Table,
  readings: ReadonlyMap<string, Reading>,
): readonly Link[] {
  const links = [...readings.values()].flatMap(({ links }) =>
    links.flatMap(({ left, right }) => [[left, right] as const, [right, left] as const]),
  );
  const found = new Map<string, Link>();
  for (const [near, far] of links) {
    const own = state.tables.get(near.table);
    if (far.table !== list.key || own === undefined || own === list) continue;
    const owners = ownership.ownersOf(own.key);
    const isOwn = owners.some(
      ({ caller, form, column }) => caller.kind === 'uid' && form === 'plain' && column !== near.column,
    );
    const isKey = [own.primaryKey, ...own.foreignKeys].some((key) => key?.columns.includes(near.column));
    if (!isOwn || isKey || privileges('authenticated', 'update', own.key)?.includes(near.column) !== true)
      continue;
    found.set(`${own.key} ${near.column} ${far.column}`, { own, column: near.column, listed: far.column });
  }
  return [...found.values()];
}

/** The list holds B, in the state that opens the most: A's own entry, with B's address in it. */
async function passedFor(
  context: EscalationContext,
  { own, column, listed }: Link,
  list: Table,
  prizes: readonly Prize[],
): Promise<Escalation | null> {
  const { world, planner, session } = context;
  const [first] = prizes.filter(({ cell }) => cell.subject === 'foreign' || cell.subject === 'unowned');
  const entry = first?.cell.proof.filter(({ as }) => as.startsWith('superuser')).map(({ sql }) => sql) ?? [];
  if (entry.length === 0) return null;
  return within(context, async () => {
    await world.lay([...planner.ancestors(own.key), own.key], userA);
    const mine = world.row(own.key, userA);
    if (mine === undefined || mine.values[column] !== userA.email) return null;
    const [from, to] = [userA.email, userB.email].map(literal);
    const laid = await session.batch(
      quietly([...entry, `update ${list.key} set ${name(listed)} = ${to} where ${name(listed)} = ${from}`]),
      { stopOnError: true },
    );
    if (laid.some(({ ok }) => !ok)) return null;
    const reach = foreignPrizes(context, prizes);
    if ((await opened(context, reach)) !== null) return null;
    const sent = updateOf(mine, { [column]: userB.email });
    const { outcome, proof } = await asA(context, own, sent.sql);
    if (!outcome.ok || outcome.affected === 0) return null;
    const prize = await opened(context, reach);
    return prize === null
      ? null
      : {
          object: own.key,
          opens: prize.opens,
          principal: 'user',
          kind: 'role-column',
          steps: stepsOf([sent]),
          reaches: prize.reaches,
          proof: [proof, prize.proof],
        };
  });
}
