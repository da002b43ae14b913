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

interface Held {
  /** What JSON is to be read back from, of the copy `k`; null where values stand in columns of their own. */
  readonly json: string | null;
  /** Where a column stands in the copy; null where it does not. */
  readonly place: (column: string) => string | null;
}

/** `CREATE TABLE copy AS SELECT … FROM table`, where the copy is there afterwards and the table, or columns of it, are not. */
export function keptCopies(source: SourceFile, before: Snapshot, after: Snapshot): KeptCopy[] {
  return source.statements.flatMap(copyingStatements).flatMap((node): KeptCopy[] => {
    const { of, copy } = namesIn(node, before, after);
    if (of === null || copy === null || before.objects.has(`table ${copy}`)) return [];
    const select = node.query.SelectStmt as SyntaxNode;
    const all = before.objects.get(`table ${of}`)!.properties.columns as string[];
    const held = heldIn(select, all);
    if (held === null) return [];
    const property = (column: string, name: string) =>
      before.objects.get(`column ${of}.${column}`)?.properties[name];
    const written = all.filter((column) => property(column, 'generated') === null);
    const identities = written.filter((column) => property(column, 'identity'));
    if (!after.objects.has(`table ${of}`)) {
      const whole =
        select.whereClause === undefined && written.every((column) => held.place(column) !== null);
      return whole && written.length > 0 ? [{ of, copy, columns: written, key: null, identities, held }] : [];
    }
    const isThere = (column: string) => after.objects.has(`column ${of}.${column}`);
    const columns = written.filter(
      (column) => !isThere(column) && !identities.includes(column) && held.place(column) !== null,
    );
    const key = keysOf(of, before).find((names) =>
      names.every((name) => isThere(name) && held.place(name) !== null),
    );
    if (columns.length === 0 || key === undefined || !leavesOutNullsOnly(select.whereClause, columns))
      return [];
    return [{ of, copy, columns, key, identities: [], held }];
  });
}

/** Tables that the file makes from rows of others, whether all of them can be brought back from there or not. */
export function copiesMade(
  source: SourceFile,
  before: Snapshot,
  after: Snapshot,
): ReadonlyMap<string, string> {
  const made = source.statements.flatMap(copyingStatements).flatMap((node): [string, string][] => {
    const { of, copy } = namesIn(node, before, after);
    return of === null || copy === null || before.objects.has(`table ${copy}`) ? [] : [[copy, of]];
  });
  return new Map(made);
}

/** By itself, or in a block that looks first whether what it copies is there. */
function copyingStatements({ kind, node, sql }: Pick<Statement, 'kind' | 'node' | 'sql'>): SyntaxNode[] {
  if (kind === 'CreateTableAsStmt')
    return node.objtype === 'OBJECT_TABLE' && !node.into?.skipData ? [node] : [];
  if (kind !== 'DoStmt') return [];
  return (sql.match(/\bcreate\s+table\b[^;']*?\bas\s+select\b[^;']*;/gi) ?? []).flatMap((text) =>
    (parseStatements(text) ?? []).flatMap(copyingStatements),
  );
}

function namesIn(node: SyntaxNode, before: Snapshot, after: Snapshot) {
  const from: SyntaxNode[] = node.query?.SelectStmt?.fromClause ?? [];
  return {
    of: from.length === 1 ? tableNamed(before, from[0]!.RangeVar) : null,
    copy: tableNamed(after, node.into?.rel),
  };
}

/** Where the query puts each column; null where it leaves rows out or makes them up. */
function heldIn(select: SyntaxNode, columns: readonly string[]): Held | null {
  const { limitCount, limitOffset, distinctClause, groupClause, havingClause, op } = select;
  if ([limitCount, limitOffset, distinctClause, groupClause, havingClause].some((part) => part !== undefined))
    return null;
  if (op !== undefined && op !== 'SETOP_NONE') return null;
  const from = select.fromClause[0].RangeVar as SyntaxNode;
  const row: string = from.alias?.aliasname ?? from.relname;
  const named = (name: string | undefined) => columns.find((column) => unquoted(column) === name);
  const places = new Map<string, string>();
  let inJson = false;
  for (const { ResTarget: target } of select.targetList ?? []) {
    const argument = jsonOf(target?.val);
    const field = (argument ?? target?.val)?.ColumnRef?.fields?.at(-1);
    const name: string | undefined = field?.String?.sval;
    const column = named(name);
    if (argument === null && field?.A_Star !== undefined) for (const each of columns) places.set(each, each);
    else if (argument !== null && column === undefined && name === row)
      return { json: `k.${quoted(target.name ?? 'to_jsonb')}`, place: (each) => each };
    else if (column !== undefined && argument === null)
      places.set(column, target.name === undefined ? column : quoted(target.name));
    else if (column !== undefined && target.name === name) {
      inJson = true;
      places.set(column, column);
    }
  }
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

const quoted = (name: string) =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
