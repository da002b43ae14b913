/** Values that only one user's rows hold: where they come out, that user's data came out. */
import type { SchemaState } from '../../model/schema.ts';
import { type User, userA, userB } from '../acting/principals.ts';
import type { World } from './world.ts';

export interface Marker {
  readonly text: string;
  /** Tables that hold it, each with the column. */
  readonly columns: ReadonlyMap<string, string>;
}

/** Ids and texts that the probes made: a default or a word of the schema stands in many rows. */
const ours = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|probe|@[a-z]{3}\.example$/;

/** Texts of B's rows that stand in no row of A's; long enough not to be met by chance. */
export function markersOf(world: World, state: SchemaState, user: User = userB): readonly Marker[] {
  const others = new Set<string>();
  const found = new Map<string, Map<string, string>>();
  const other = user === userB ? userA : userB;
  for (const table of state.tables.values()) {
    for (const value of Object.values(world.row(table.key, other)?.values ?? {}))
      if (value !== null) others.add(value);
  }
  // Who signs up has a row in auth.users that no world lays.
  for (const column of ['id', 'email'] as const) found.set(user[column], new Map([['auth.users', column]]));
  for (const key of [...state.tables.keys()].toSorted()) {
    for (const [column, value] of Object.entries(world.row(key, user)?.values ?? {})) {
      if (value === null || value.length < 8 || others.has(value)) continue;
      if (!ours.test(value)) continue;
      const columns = found.get(value);
      if (columns === undefined) found.set(value, new Map([[key, column]]));
      else if (!columns.has(key)) columns.set(key, column);
    }
  }
  return [...found].map(([text, columns]) => ({ text, columns }));
}
