/** Which table an index belongs to, by the state before and after the change. */
import type { Index, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import type { FileContext } from '../rule.ts';

/** By the parts of its name; an index lives in its table's schema. Null where no migration made it. */
export function findIndex(
  { set }: FileContext,
  parts: readonly string[],
): { table: Table; index: Index; existedBefore: boolean } | null {
  const name = parts.at(-1);
  const schema = parts.length > 1 ? parts.at(-2) : null;
  for (const state of [set.before, set.after]) {
    for (const table of state.tables.values()) {
      if (schema !== null && table.schema !== schema) continue;
      const index = table.indexes.find((each) => each.name === name);
      if (index !== undefined) return { table, index, existedBefore: state === set.before };
    }
  }
  return null;
}

export const spell = (parts: readonly string[]) => parts.map(quoteIdent).join('.');
