/**
 * Worlds of rows that open another row by being there: a public link, a share. In the closed world there are none;
 * each is a condition of its own.
 */
import type { SchemaState, Table } from '../../model/schema.ts';
import { userA, userB } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Ownership } from '../rows/owners.ts';
import { type Planner, uniqueKeys } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import { updating, type World, whereIs } from '../rows/world.ts';
import { choicesRead, type Spec, shownAll, type WorldContext } from './spec.ts';

/** Tables of nobody's in which the policies of `table` look for a row that hangs on the probed one or its parents. */
export function sharesOf(
  table: Table,
  reading: Reading,
  planner: Planner,
  ownership: Ownership,
  state: SchemaState,
  createdBySignUp: ReadonlySet<string>,
): string[] {
  return [...reading.tables]
    .filter(
      (key) =>
        key !== table.key &&
        state.tables.has(key) &&
        !ownership.trusted.has(key) &&
        !createdBySignUp.has(key) &&
        ownership.ownersOf(key).length === 0 &&
        !planner.ancestors(table.key).has(key) &&
        hangTogether(planner, table.key, key),
    )
    .toSorted();
}

const hangTogether = (planner: Planner, table: string, share: string): boolean => {
  const around = new Set([...planner.ancestors(table), table]);
  return [...planner.ancestors(share)].some((key) => around.has(key));
};

/** Statements that take the shares of A's and B's rows away. */
export function withoutShares(shares: readonly string[], world: World): readonly string[] {
  return quietly(
    shares.flatMap((key) => {
      const rows = [userA, userB].flatMap((user) => world.row(key, user) ?? []);
      return rows.length === 0
        ? []
        : [`delete from ${key} where ${rows.map((row) => `(${whereIs(row)})`).join(' or ')}`];
    }),
  );
}

export async function shareWorlds(context: WorldContext): Promise<Spec[]> {
  const specs: Spec[] = [];
  const { reading, ownership, planner, table } = context;
  const given = [...reading.tables].filter(
    (key) =>
      key !== table.key &&
      ownership.trusted.has(key) &&
      !planner.ancestors(table.key).has(key) &&
      hangTogether(planner, table.key, key),
  );
  for (const key of [...context.shares, ...given].toSorted()) {
    const row = await context.trusted.rowIn(key, userB);
    if ('failure' in row) continue;
    const { states } = choicesRead(context, key);
    // That its owner is a member there is no secret between the two, and shows the row to nobody else.
    const ownTenant = ownership.trusted.has(key) && isMembership(context, key);
    const plain = {
      via: key,
      shared: true,
      // Only B's is laid where somebody gives it.
      ...(ownership.trusted.has(key) && { subjects: ['foreign', 'unowned'] as const }),
    };
    if (row.inserts.length > 0 || context.shares.includes(key))
      specs.push({ ...plain, ownTenant, changes: row.inserts, when: `a row in ${key} for it` });
    if (Object.keys(states).length > 0)
      specs.push({
        ...plain,
        changes: [...row.inserts, updating(key, states, [row.row])],
        when: `a row in ${key} for it with ${shownAll(states)}`,
      });
  }
  return specs;
}

/** One row for each user under each parent. */
function isMembership({ state, ownership }: WorldContext, key: string): boolean {
  const owners = ownership.ownersOf(key).map((owner) => owner.column);
  const table = state.tables.get(key);
  return (
    table !== undefined &&
    uniqueKeys(table).some(
      (columns) => columns.length > 1 && columns.some((column) => column !== null && owners.includes(column)),
    )
  );
}
