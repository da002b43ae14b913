/**
 * Lists of people with rights whose rows others must hang on: `plans.owner_email not null references admin_users`. A's own
 * rows put A into such a list. A stranger is in none: for others' rows A is taken out, and its place there is a condition.
 */
import type { SchemaState } from '../../model/schema.ts';
import { userA } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import type { RowValues } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import type { TrustedRows } from '../rows/trust.ts';
import { type LaidRow, updating, type World, whereIs } from '../rows/world.ts';
import type { Case, Subjects, TableContext } from './case.ts';

/** Lists that `table`'s policies read, and that A is in for nothing but its rows. Members of a parent are in their own. */
export function standingIn(
  { table, planner, ownership }: Pick<TableContext, 'table' | 'planner' | 'ownership'>,
  reading: Reading,
  state: SchemaState,
  absent: ReadonlySet<string>,
  world: World,
): string[] {
  const around = planner.ancestors(table.key);
  const ofParent = (key: string) => {
    const people = new Set(ownership.ownersOf(key).map(({ column }) => column));
    return state.tables
      .get(key)!
      .foreignKeys.some(
        ({ references, columns }) =>
          references !== key && around.has(references) && !columns.some((column) => people.has(column)),
      );
  };
  return [...reading.tables]
    .filter(
      (key) =>
        key !== table.key &&
        absent.has(key) &&
        around.has(key) &&
        world.row(key, userA) !== undefined &&
        !ofParent(key),
    )
    .toSorted();
}

/** Values of B's row that lead to its place in a list: what A writes in another's name hangs on that one's. */
export const placesOf = ({ values }: LaidRow, { table, standing }: TableContext): RowValues =>
  Object.fromEntries(
    table.foreignKeys
      .filter(({ references }) => standing?.includes(references))
      .flatMap(({ columns }) => columns.map((column) => [column, values[column] ?? null])),
  );

/** Statements that take A out of the lists, wherever it is not its own row that needs A there. */
export function leaving(
  { subject, identity }: Pick<Case, 'subject' | 'identity'>,
  context: TableContext,
  { a, b }: Subjects,
  world: World,
): readonly string[] {
  if (subject === 'own' || identity.role !== 'authenticated') return [];
  const rows = (context.standing ?? []).flatMap((key) => world.row(key, userA) ?? []);
  if (rows.length === 0) return [];
  // A row that is handed on still hangs on somebody's place.
  const owners = new Set(context.ownership.ownersOf(context.table.key).map(({ column }) => column));
  const places = Object.entries(b === undefined ? {} : placesOf(b, context)).filter(
    ([column]) => !owners.has(column),
  );
  return quietly([
    ...(subject === 'transfer' && a !== undefined && places.length > 0
      ? [updating(context.table.key, Object.fromEntries(places), [a])]
      : []),
    ...rows.map((row) => `delete from ${row.table.key} where ${whereIs(row)}`),
  ]);
}

/** A's rows there are laid again by whatever world wants A among the people. */
export const withStanding = (trusted: TrustedRows, standing: readonly string[]): TrustedRows => ({
  async rowIn(table, user) {
    const known = await trusted.rowIn(table, user);
    return 'failure' in known || user !== userA || !standing.includes(table)
      ? known
      : { ...known, inserts: [`${known.again.replace(/ returning \*$/, '')} on conflict do nothing`] };
  },
});
