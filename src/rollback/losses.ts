/** Which data is lost: what the catalog and the SQL let expect, held against what tables with rows lost for good. */
import type { RowsSeen, TableRows } from '../database/rows/read.ts';
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
  /** Where its way back starts: what the later files took and nobody brought back is missing there. */
  readonly start: RowsSeen;
  readonly back: RowsSeen;
  /** Columns that hold the time of the last change. */
  readonly stamps: (table: string) => ReadonlySet<string>;
}

/**
 * Each loss with what was seen of it. A claim is dropped where the migration took the values away and the way back
 * brought them all: a copy was kept. That nothing was seen is said of the `unkept` alone. What nobody claimed and was
 * seen is added, unless a later file took it, or it is the time of the last change.
 */
export function lossesSeen(
  claims: readonly Claim[],
  unkept: ReadonlySet<Claim>,
  { before, after, start, back, stamps }: Sight,
): string[] {
  const taken = compareRows(before, after);
  const takenLater = compareRows(after, start);
  const lost = compareRows(withoutLater(before, after, start), back);
  const told = new Set<string>();
  const list: string[] = [];
  for (const claim of claims) {
    const { text, table, columns } = claim;
    const rows = table === null ? undefined : before.get(table);
    const loss = table === null ? undefined : lost.get(table);
    if (table === null) list.push(text);
    else if (rows !== undefined && loss !== undefined && touches(loss, columns)) {
      if (columns === null) told.add(table);
      else for (const column of columns) told.add(`${table}.${column}`);
      list.push(`${text} (seen: ${amount(loss, columns)})`);
    } else if (unkept.has(claim)) {
      if (rows === undefined || rows.rows.size === 0) list.push(`${text} (not seen: no row was there)`);
      else if (!touches(taken.get(table), columns)) list.push(`${text} (not seen on the rows tried)`);
      else if (touches(takenLater.get(table), columns))
        list.push(`${text} (not seen: a later file takes them)`);
    }
  }
  for (const [table, loss] of lost) {
    if (told.has(table)) continue;
    if (loss.gone > 0) {
      const what = before.get(table)!.keyed ? 'rows' : 'rows or values';
      list.push(`${what} of ${table} (seen: ${amount(loss, null)})`);
    }
    const later = takenLater.get(table)?.changed;
    const kept = stamps(table);
    const columns = [...loss.changed.keys()].filter(
      (column) => !told.has(`${table}.${column}`) && !later?.has(column) && !kept.has(column),
    );
    if (columns.length > 0)
      list.push(`former values of ${columns.join(', ')} in ${table} (seen: ${amount(loss, columns)})`);
  }
  return list;
}

/** The rows whose loss is this file's: those that its way back found. A row without a key is known by its table alone. */
function withoutLater(before: RowsSeen, after: RowsSeen, start: RowsSeen): RowsSeen {
  const rest = new Map<string, TableRows>();
  for (const [table, was] of before) {
    const there = after.get(table)?.rows;
    const found = start.get(table)?.rows;
    const gone = [...(there?.keys() ?? [])].filter((key) => !found?.has(key));
    const isLater = was.keyed ? new Set(gone) : null;
    const rows = [...was.rows].filter(([key]) => (isLater === null ? gone.length === 0 : !isLater.has(key)));
    rest.set(table, { ...was, rows: new Map(rows) });
  }
  return rest;
}

const touches = (loss: TableLoss | undefined, columns: readonly string[] | null): boolean =>
  loss !== undefined && (loss.gone > 0 || (columns ?? []).some((column) => loss.changed.has(column)));

/** `2 of 3 rows` */
function amount({ of, gone, changed }: TableLoss, columns: readonly string[] | null): string {
  const most = Math.max(0, ...(columns ?? []).map((column) => changed.get(column) ?? 0));
  return `${columns === null ? gone : gone + most} of ${of} row${of === 1 ? '' : 's'}`;
}
