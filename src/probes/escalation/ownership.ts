/** A writes its own name into the owner column of a row of B's: as a stranger, then as a plain member beside B. */
import type { AccessCell, Escalation, ObjectAccess } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { attemptAll } from '../acting/attempt.ts';
import { resultOf } from '../acting/outcome.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { ownerValue } from '../rows/owners.ts';
import type { RowValues } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import { whereIs } from '../rows/world.ts';
import { type EscalationContext, user, within } from './attempt.ts';
import { assigned, stepsOf, updateOf } from './sent.ts';

export async function byOwnership(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  for (const { object, cells } of objects) {
    const table = context.state.tables.get(object);
    if (table === undefined || isOpen(cells)) continue;
    const allowed = context.privileges('authenticated', 'update', object);
    const owners = context.ownership
      .ownersOf(object)
      .filter((owner) => owner.author && owner.form === 'plain' && allowed?.includes(owner.column));
    // The user's own row, keyed by its id, is nothing to take.
    if (owners.length === 0 || owners.some((owner) => table.primaryKey?.columns.includes(owner.column)))
      continue;
    const set = Object.fromEntries(owners.map((owner) => [owner.column, ownerValue(owner, userA)]));
    for (const members of [null, ...membersOf(context, table)]) {
      const escalation = await taken(context, table, set, members);
      if (escalation === null) continue;
      found.push(escalation);
      break;
    }
  }
  return found;
}

/** Whoever may change B's row anyhow takes nothing by it. */
const isOpen = (cells: readonly AccessCell[]): boolean =>
  cells.some(
    (cell) =>
      cell.principal === 'user' &&
      cell.command === 'update' &&
      cell.subject === 'foreign' &&
      cell.when === null &&
      passes(cell),
  );

const membersOf = (context: EscalationContext, table: Table): Table[] =>
  [...context.ownership.trusted]
    .toSorted()
    .flatMap((key) => context.state.tables.get(key) ?? [])
    .filter(
      (members) =>
        members.key !== table.key && members.foreignKeys.some((key) => key.references === table.key),
    );

async function taken(
  context: EscalationContext,
  table: Table,
  set: RowValues,
  members: Table | null,
): Promise<Escalation | null> {
  const { world, planner, session } = context;
  return within(context, async () => {
    for (const each of [userA, userB]) {
      await world.lay([...planner.ancestors(table.key), table.key], each);
      if (members !== null) await world.lay([...planner.ancestors(members.key), members.key], each);
    }
    const b = world.row(table.key, userB);
    if (b === undefined) return null;
    const before: string[] = [];
    const a = world.row(table.key, userA);
    // A key of owner and something else holds one row of A's.
    if (a !== undefined && members === null) before.push(`delete from ${table.key} where ${whereIs(a)}`);
    if (members !== null) {
      const mine = world.row(members.key, userA);
      const key = members.foreignKeys.find((each) => each.references === table.key);
      if (mine === undefined || key === undefined) return null;
      const there = key.columns.map(
        (column, index) => `${name(column)} = ${literal(b.values[key.referencedColumns[index]!] ?? null)}`,
      );
      before.push(`update ${members.key} set ${there.join(', ')} where ${whereIs(mine)}`);
    }
    const sent = updateOf(b, set);
    const [attempted] = await attemptAll(session, [
      {
        identity: user,
        searchPath: context.searchPath(table.schema),
        prepare: quietly(before),
        sql: sent.sql,
        readBack: `select 1 as taken from ${table.key} where ${whereIs(b)} and ${assigned(set).join(' and ')}`,
      },
    ]);
    const { outcome, stored, unprepared } = attempted!;
    if (unprepared !== null || !outcome.ok || outcome.affected === 0 || !stored?.length) return null;
    const condition = before
      .slice(members === null ? before.length : -1)
      .map((sql) => ({ as: 'superuser (the condition)', sql, result: 'done' }));
    return {
      object: table.key,
      opens: table.key,
      principal: 'user',
      kind: 'ownership',
      steps: stepsOf([sent]),
      ...(members !== null && { asMember: true }),
      proof: [...condition, { as: user.label, sql: sent.sql, result: resultOf(outcome) }],
    };
  });
}
