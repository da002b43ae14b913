/** A row that was laid for a user without the parent that would make it the user's, where policies show such rows to all. */
import type { SchemaState, Table } from '../../model/schema.ts';
import type { User } from '../acting/principals.ts';
import { readPolicies } from '../predicate/index.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Ownership } from '../rows/owners.ts';
import type { World } from '../rows/world.ts';

interface Ground {
  readonly state: SchemaState;
  readonly readings: ReadonlyMap<string, Reading>;
  readonly ownership: Ownership;
  readonly world: World;
}

/**
 * `team_id is null or is_member(team_id)`: without a team the row is one that comes with the project. A policy that asks
 * for nothing shows the rows of teams as well.
 */
export function isOfNobody(table: Table, user: User, ground: Ground, depth = 0): boolean {
  const { state, readings, ownership, world } = ground;
  const row = world.row(table.key, user);
  const columns = ownership.columnsOf(table.key);
  if (row === undefined || depth > 4 || columns.length === 0 || ownership.ownersOf(table.key).length > 0)
    return false;
  const atoms = readings.get(table.key)?.values ?? [];
  const shown = (column: string) =>
    atoms.some(
      (atom) => atom.home && atom.table === table.key && atom.column === column && atom.open.includes(null),
    );
  const hangsOnNobody = (column: string) =>
    table.foreignKeys
      .filter(({ columns: key }) => key.includes(column))
      .some(({ references }) => {
        const parent = state.tables.get(references);
        return parent !== undefined && parent !== table && isOfNobody(parent, user, ground, depth + 1);
      });
  const isEmpty = (column: string) => (row.values[column] ?? null) === null;
  return (
    columns.every((column) => isEmpty(column) || hangsOnNobody(column)) &&
    columns.some((column) => (isEmpty(column) ? shown(column) : hangsOnNobody(column))) &&
    asksAlways(table, state)
  );
}

const asksAlways = (table: Table, state: SchemaState): boolean =>
  table.rls &&
  table.policies
    .filter(({ permissive, command }) => permissive && (command === 'select' || command === 'all'))
    .every((policy) => {
      const { callers, values, claims, tables, functions } = readPolicies(
        { ...table, policies: [policy] },
        state,
      );
      return callers.length + values.length + claims.length + tables.size + functions.size > 0;
    });
