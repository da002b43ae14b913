/** Which tables of people with rights stay empty until a world fills them. */
import type { SchemaState } from '../model/schema.ts';
import type { Ownership } from './owners.ts';
import type { Reading } from './predicate.ts';

export function absentTables(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  ownership: Ownership,
  createdBySignUp: ReadonlySet<string>,
): ReadonlySet<string> {
  const absent = new Set<string>();
  for (const key of ownership.trusted) {
    if (createdBySignUp.has(key)) continue;
    const table = state.tables.get(key)!;
    const primary = table.primaryKey?.columns.length === 1 ? table.primaryKey.columns[0]! : null;
    if (primary !== null && isIdentityOf(key, primary)) continue;
    absent.add(key);
  }
  return absent;

  /**
   * Rows of others hang on the user's row there: `orders.customer_id` leads to `customers`, which leads to the user;
   * `posts.author_id` is the id of a profile. Being in it is no right, it is having a profile.
   */
  function isIdentityOf(key: string, primary: string): boolean {
    for (const [home, reading] of readings) {
      const table = state.tables.get(home);
      if (home === key || table === undefined) continue;
      const leading = new Set(
        table.foreignKeys
          .filter((foreign) => foreign.references === key && foreign.columns.length === 1)
          .map((foreign) => foreign.columns[0]!),
      );
      for (const atom of reading.callers) {
        if (atom.table === home && leading.has(atom.column) && required(home, atom.column)) return true;
      }
      for (const { left, right } of reading.links) {
        for (const [near, far] of [
          [left, right],
          [right, left],
        ] as const) {
          if (near.table !== key && far.table === key && far.column === primary && near.table === home)
            return true;
        }
      }
    }
    return false;
  }

  function required(key: string, column: string): boolean {
    return state.tables.get(key)?.columns.find((candidate) => candidate.name === column)?.notNull === true;
  }
}
