/** Which data is lost: what the catalog and the SQL let expect, held against what tables with rows lost for good. */
import type { RowsSeen } from '../database/rows/read.ts';
import type { Claim } from './data.ts';

/** What became of one table's rows. */
interface TableLoss {
  /** Rows there were. */
  readonly of: number;
  readonly gone: number;
  /** Rows that hold another value, or none, by column; as Postgres quotes it. */
  readonly changed: ReadonlyMap<string, number>;
}

/** Tables that lost something, or hold other values; those that gained rows are none. */
export function compareRows(before: RowsSeen, now: RowsSeen): Map<string, TableLoss> {
  const losses = new Map<string, TableLoss>();
  for (const [table, was] of before) {
    const is = now.get(table);
    let gone = 0;
    const changed = new Map<string, number>();
    for (const [key, row] of was.rows) {
      const other = is?.rows.get(key);
      if (other === undefined) {
        gone += 1;
        continue;
      }
      for (const [name, quoted] of was.columns) {
        if (JSON.stringify(row[name] ?? null) !== JSON.stringify(other[name] ?? null))
          changed.set(quoted, (changed.get(quoted) ?? 0) + 1);
      }
    }
    if (gone > 0 || changed.size > 0) losses.set(table, { of: was.rows.size, gone, changed });
  }
  return losses;
}

export interface Sight {
  readonly before: RowsSeen;
  readonly after: RowsSeen;
  readonly back: RowsSeen;
}

/**
 * Each loss with what was seen of it. A claim is dropped where the migration took the values away and the way back
 * brought them all: a copy was kept. What nobody claimed and was seen is added.
 */
export function lossesSeen(claims: readonly Claim[], { before, after, back }: Sight): string[] {
  const taken = compareRows(before, after);
  const lost = compareRows(before, back);
  const told = new Set<string>();
  const list: string[] = [];
  for (const { text, table, columns } of claims) {
    const rows = table === null ? undefined : before.get(table);
    const loss = table === null ? undefined : lost.get(table);
    if (table === null) list.push(text);
    else if (rows === undefined || rows.rows.size === 0) list.push(`${text} (not seen: no row was there)`);
    else if (loss !== undefined && touches(loss, columns)) {
      if (columns === null) told.add(table);
      else for (const column of columns) told.add(`${table}.${column}`);
      list.push(`${text} (seen: ${amount(loss, columns)})`);
    } else if (!touches(taken.get(table), columns)) list.push(`${text} (not seen on the rows tried)`);
  }
  for (const [table, loss] of lost) {
    if (told.has(table)) continue;
    if (loss.gone > 0) {
      const what = before.get(table)!.keyed ? 'rows' : 'rows or values';
      list.push(`${what} of ${table} (seen: ${amount(loss, null)})`);
    }
    const columns = [...loss.changed.keys()].filter((column) => !told.has(`${table}.${column}`));
    if (columns.length > 0)
      list.push(`former values of ${columns.join(', ')} in ${table} (seen: ${amount(loss, columns)})`);
  }
  return list;
}

const touches = (loss: TableLoss | undefined, columns: readonly string[] | null): boolean =>
  loss !== undefined && (loss.gone > 0 || (columns ?? []).some((column) => loss.changed.has(column)));

/** `2 of 3 rows` */
function amount({ of, gone, changed }: TableLoss, columns: readonly string[] | null): string {
  const most = Math.max(0, ...(columns ?? []).map((column) => changed.get(column) ?? 0));
  return `${columns === null ? gone : gone + most} of ${of} row${of === 1 ? '' : 's'}`;
}
