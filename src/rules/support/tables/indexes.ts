/** Which table an index belongs to, by the state before and after the change. */
import type { Index, Key, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';

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

export const alike = (a: Index, b: Index) => a.definition === b.definition && a.valid && b.valid;

/** The key whose own index this one repeats. */
export function keyLike(table: Table, index: Index): Key | undefined {
  return keysOver(table, index).find(({ columns }) => columns.length === index.columns.length);
}

/** Keys whose index begins with this plain index's columns. */
export function keysOver(table: Table, index: Index): readonly Key[] {
  if (index.method !== 'btree' || index.predicate !== null || index.include.length > 0) return [];
  if (index.columns.includes(null) || /\b(desc|nulls|collate|_ops)\b/i.test(index.definition)) return [];
  const keys = [...(table.primaryKey === null ? [] : [table.primaryKey]), ...table.uniques];
  return keys.filter(({ columns }) => index.columns.every((name, at) => name === columns[at]));
}

/** CREATE INDEX as it is written, with CONCURRENTLY in the place of IF NOT EXISTS. */
export const concurrently = (text: string) =>
  text.replace(/^(create\s+(?:unique\s+)?index)(\s+if\s+not\s+exists)?/i, `$1 ${keywordLike(text)}`);

/** CONCURRENTLY in the case in which the statement writes its own keywords. */
export const keywordLike = (text: string) => (/^[A-Z]+\b/.test(text) ? 'CONCURRENTLY' : 'concurrently');
