/** Copies that a migration kept of what it takes away: whole tables, or columns beside the key of their rows. */
import type { Snapshot } from '../model/catalog.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { parseStatements } from '../sql/parse.ts';
import { keysOf } from './rows.ts';
import { tableNamed } from './tables.ts';

export interface KeptCopy {
  /** The table that was copied, as it is called before. */
  readonly of: string;
  /** The table that was made from it. */
  readonly copy: string;
  /** The whole table goes, and these are its columns that can be written; or these alone go. As Postgres quotes them. */
  readonly columns: readonly string[];
  /** What a row of the copy is known by; null where the whole table goes. */
  readonly key: readonly string[] | null;
  /** Those of the columns that number themselves (GENERATED AS IDENTITY). */
  readonly identities: readonly string[];
  /** How the copy holds them. */
  readonly held: Held;
}

export interface Held {
  /** What JSON is to be read back from, of the copy `k`; null where values stand in columns of their own. */
  readonly json: string | null;
  /** Where a column stands in the copy; null where it does not. */
  readonly place: (column: string) => string | null;
}

/** Copies that are there afterwards, where the table that was copied, or columns of it, are not. */
export function keptCopies(source: SourceFile, before: Snapshot, after: Snapshot): KeptCopy[] {
  return fillings(source, before, after).flatMap(({ of, copy, select, held }): KeptCopy[] => {
    const { all, written, identities } = columnsOf(of, before);
    if (!after.objects.has(`table ${of}`)) {
      const whole =
        select.whereClause === undefined && written.every((column) => held.place(column) !== null);
      return whole && written.length > 0 ? [{ of, copy, columns: written, key: null, identities, held }] : [];
    }
    const isThere = (column: string) => after.objects.has(`column ${of}.${column}`);
    const columns = all.filter(
      (column) =>
        written.includes(column) &&
        !isThere(column) &&
        !identities.includes(column) &&
        held.place(column) !== null,
    );
    const key = keysOf(of, before).find((names) =>
      names.every((name) => isThere(name) && held.place(name) !== null),
    );
    if (columns.length === 0 || key === undefined || !leavesOutNullsOnly(select.whereClause, columns))
      return [];
    return [{ of, copy, columns, key, identities: [], held }];
  });
}

/** Of a table, as Postgres quotes them: all, those that can be written, and those of them that number themselves. */
export function columnsOf(table: string, of: Snapshot) {
  const all = of.objects.get(`table ${table}`)!.properties.columns as string[];
  const property = (column: string, name: string) =>
    of.objects.get(`column ${table}.${column}`)?.properties[name];
  const written = all.filter((column) => property(column, 'generated') === null);
  return { all, written, identities: written.filter((column) => property(column, 'identity')) };
}

/** Tables that the file makes from rows of others, whether all of them can be brought back from there or not. */
export function copiesMade(
  source: SourceFile,
  before: Snapshot,
  after: Snapshot,
): ReadonlyMap<string, string> {
  const copies = copying(source).filter(({ isMade }) => isMade);
  const made = copies.flatMap((one): [string, string][] => {
    const { of, copy } = namesIn(one, before, after);
    return of === null || copy === null || before.objects.has(`table ${copy}`) ? [] : [[copy, of]];
  });
  return new Map(made);
}

/** A table that the file makes and fills from rows of one that stood before. */
export interface Filling {
  /** Of the statement, in the file. */
  readonly index: number;
  readonly of: string;
  readonly copy: string;
  readonly select: SyntaxNode;
  readonly held: Held;
}

export function fillings(source: SourceFile, before: Snapshot, after: Snapshot): Filling[] {
  return copying(source).flatMap((one): Filling[] => {
    const { index, select, isMade } = one;
    const { of, copy } = namesIn(one, before, after);
    if (of === null || copy === null || before.objects.has(`table ${copy}`)) return [];
    const there = columnsOf(copy, after).all;
    const into = one.into ?? (isMade ? null : there.map(unquoted));
    const held = heldIn(select, columnsOf(of, before).all, there, into);
    return held === null ? [] : [{ index, of, copy, select, held }];
  });
}

interface Copying {
  readonly index: number;
  readonly relation: SyntaxNode;
  readonly select: SyntaxNode;
  /** Names that the columns get there, where the statement gives them. */
  readonly into: readonly string[] | null;
  /** It makes the table too. */
  readonly isMade: boolean;
}

const copying = ({ statements }: SourceFile): Copying[] =>
  statements.flatMap((statement, index) => copyingIn(statement).map((one) => ({ ...one, index })));

/** `CREATE TABLE … AS`, `SELECT … INTO`, `INSERT … SELECT`; the first also in a block that looks first whether what it copies is there. */
function copyingIn({ kind, node, sql }: Pick<Statement, 'kind' | 'node' | 'sql'>): Omit<Copying, 'index'>[] {
  const made = (into: SyntaxNode, select: SyntaxNode) => {
    const names = into.colNames?.map((name: SyntaxNode) => name.String.sval as string) ?? null;
    return [{ relation: into.rel as SyntaxNode, select, into: names, isMade: true }];
  };
  if (kind === 'CreateTableAsStmt') {
    const select = node.query?.SelectStmt;
    return node.objtype === 'OBJECT_TABLE' && !node.into?.skipData && select ? made(node.into, select) : [];
  }
  if (kind === 'SelectStmt') return node.intoClause ? made(node.intoClause, node) : [];
  if (kind === 'InsertStmt') {
    const select = node.selectStmt?.SelectStmt;
    if (!select?.fromClause || node.onConflictClause || node.withClause) return [];
    const names: string[] = (node.cols ?? []).map((column: SyntaxNode) => column.ResTarget?.name);
    return [{ relation: node.relation, select, into: names.length > 0 ? names : null, isMade: false }];
  }
  if (kind !== 'DoStmt') return [];
  return (sql.match(/\bcreate\s+table\b[^;']*?\bas\s+select\b[^;']*;/gi) ?? []).flatMap((text) =>
    (parseStatements(text) ?? []).flatMap(copyingIn),
  );
}

function namesIn({ relation, select }: Omit<Copying, 'index'>, before: Snapshot, after: Snapshot) {
  const from: SyntaxNode[] = select.fromClause ?? [];
  return {
    of: from.length === 1 ? tableNamed(before, from[0]!.RangeVar) : null,
    copy: tableNamed(after, relation),
  };
}

/**
 * Where the query puts each column among those `there`; null where it leaves rows out or makes them up. `into`: the names
 * that its results get there, in their order.
 */
function heldIn(
  select: SyntaxNode,
  columns: readonly string[],
  there: readonly string[],
  into: readonly string[] | null,
): Held | null {
  const { limitCount, limitOffset, distinctClause, groupClause, havingClause, op, withClause } = select;
  const parts = [limitCount, limitOffset, distinctClause, groupClause, havingClause, withClause];
  if (parts.some((part) => part !== undefined)) return null;
  if (op !== undefined && op !== 'SETOP_NONE') return null;
  const from = select.fromClause[0].RangeVar as SyntaxNode;
  const row: string = from.alias?.aliasname ?? from.relname;
  const named = (name: string | undefined) => columns.find((column) => unquoted(column) === name);
  const placed = (name: string | undefined) => there.find((column) => unquoted(column) === name) ?? null;
  const places = new Map<string, string | null>();
  let inJson = false;
  let at = 0;
  /** What the next column of the result is called in the copy. */
  const next = (name: string) => (into === null ? name : into[at++]);
  for (const { ResTarget: target } of select.targetList ?? []) {
    const argument = jsonOf(target?.val);
    const field = (argument ?? target?.val)?.ColumnRef?.fields?.at(-1);
    const name: string | undefined = field?.String?.sval;
    const column = named(name);
    if (argument === null && field?.A_Star !== undefined) {
      for (const each of columns) places.set(each, placed(next(unquoted(each))));
      continue;
    }
    const place = next(target?.name ?? (argument === null ? name : 'to_jsonb'));
    if (argument !== null && column === undefined && name === row)
      return { json: `k.${placed(place)}`, place: (each) => each };
    if (column !== undefined && argument === null) places.set(column, placed(place));
    else if (column !== undefined && place === name) {
      inJson = true;
      places.set(column, column);
    }
  }
  // More of them than there are places: not what was read.
  if (into !== null && at > into.length) return null;
  return { json: inJson ? 'to_jsonb(k)' : null, place: (column) => places.get(column) ?? null };
}

/** What `to_jsonb(…)` is given. */
function jsonOf(value: SyntaxNode | undefined): SyntaxNode | null {
  const call = value?.FuncCall;
  const isJson = call?.funcname?.at(-1)?.String?.sval === 'to_jsonb' && call.args?.length === 1;
  return isJson ? call.args[0] : null;
}

/** No condition, or `WHERE c IS NOT NULL` for the one column: what is left out held nothing. */
function leavesOutNullsOnly(where: SyntaxNode | undefined, columns: readonly string[]): boolean {
  if (where === undefined) return true;
  const test = where.NullTest;
  return (
    columns.length === 1 &&
    test?.nulltesttype === 'IS_NOT_NULL' &&
    test.arg?.ColumnRef?.fields?.at(-1)?.String?.sval === unquoted(columns[0]!)
  );
}

export const unquoted = (name: string) =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
