/** Which indexes help to find rows by which columns. */
import type { Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';

/** True where some index (a key's included) has those columns, in any order, in front. */
export function isIndexed(table: Table, columns: readonly string[]): boolean {
  const wanted = new Set(columns);
  const leads = (listed: readonly (string | null)[]) =>
    wanted.size <= listed.length &&
    listed.slice(0, wanted.size).every((name) => name !== null && wanted.has(name));
  if (table.primaryKey !== null && leads(table.primaryKey.columns)) return true;
  if (table.uniques.some((key) => leads(key.columns))) return true;
  return table.indexes.some((index) => {
    if (!index.valid) return false;
    // GIN, BRIN, hash …: one column of theirs can be found by itself wherever it stands.
    if (index.method !== 'btree') return columns.length === 1 && index.columns.includes(columns[0]!);
    return leads(index.columns);
  });
}

/** House pattern: `idx_<table>_<column>`, within the 63 bytes of a name. */
export function indexName(table: Table, columns: readonly string[]): string {
  const name = `idx_${table.name}_${columns.join('_')}`.slice(0, 63);
  // IF NOT EXISTS passes over a name that an index of other columns bears.
  const isTaken = table.indexes.some((index) => index.name === name);
  return quoteIdent(isTaken ? `${name.slice(0, 61)}_2` : name);
}

/** On a table that holds rows already it is built by a statement that has a migration for itself. */
export function createIndex(table: Table, columns: readonly string[], concurrently: boolean): string {
  const built = `${indexName(table, columns)} on ${table.key} (${columns.map(quoteIdent).join(', ')});`;
  return concurrently
    ? `-- in a migration of its own\ncreate index concurrently ${built}`
    : `create index if not exists ${built}`;
}
