/** Rows that a migration puts into tables that stood before: what takes them out again, where their keys are written in the file. */
import { literal } from '../database/catalog/quote.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { SourceFile, SyntaxNode } from '../model/sql.ts';
import type { PlannedStatement } from './plan.ts';
import { tableNamed } from './tables.ts';

/**
 * DELETE for each plain INSERT of literal rows that names a whole key, last one first. With ON CONFLICT a row may be
 * somebody else's, and with a key made by a default nobody knows which it is: such rows stay.
 */
export function takeOutRows(source: SourceFile, before: Snapshot, after: Snapshot): PlannedStatement[] {
  return source.statements
    .filter(({ kind, node }) => kind === 'InsertStmt' && !node.onConflictClause)
    .flatMap(({ node }) => takeOut(node, before, after) ?? [])
    .reverse();
}

/** Tables of old that keep rows which the file put in: which ones they are is not known from it. */
export function rowsThatStay(source: SourceFile, before: Snapshot, after: Snapshot): string[] {
  const inserts = source.statements.filter(({ kind }) => kind === 'InsertStmt');
  const tables = inserts.flatMap(({ node }) => {
    const table = tableNamed(before, node.relation);
    const isThere = table !== null && after.objects.has(`table ${table}`) && !isCatalog.test(table);
    return isThere && (node.onConflictClause || takeOut(node, before, after) === null) ? [table] : [];
  });
  return [...new Set(tables)];
}

/** Buckets are objects of the catalog's, and jobs are scheduled by a function. */
const isCatalog = /^(storage\.buckets|cron\.job)$/;

function takeOut(node: SyntaxNode, before: Snapshot, after: Snapshot): PlannedStatement | null {
  const table = tableNamed(before, node.relation);
  const lists: SyntaxNode[] = node.selectStmt?.SelectStmt?.valuesLists ?? [];
  if (table === null || lists.length === 0 || !after.objects.has(`table ${table}`) || isCatalog.test(table))
    return null;
  const named: string[] = (node.cols ?? []).map((column: SyntaxNode) => column.ResTarget?.name);
  const columns =
    named.length > 0
      ? named.map(quoted)
      : (before.objects.get(`table ${table}`)!.properties.columns as string[]);
  const rows = lists.map((list) => (list.List?.items ?? []).map(constant) as (string | null)[]);
  const known = (column: string) => rows.every((row) => row[columns.indexOf(column)] != null);
  const key = keysOf(table, before).find((candidate) =>
    candidate.every((column) => columns.includes(column) && known(column)),
  );
  if (key === undefined) return null;
  const tuples = rows.map((row) => {
    const values = key.map((column) => row[columns.indexOf(column)]!);
    return values.length === 1 ? values[0]! : `(${values.join(', ')})`;
  });
  const left = key.length === 1 ? key[0]! : `(${key.join(', ')})`;
  return {
    sql: `DELETE FROM ${table} WHERE ${left} IN (${tuples.join(', ')})`,
    note: 'the rows that the migration put in',
  };
}

/** Primary key first, then what else is unique. */
export function keysOf(table: string, of: Snapshot): string[][] {
  const constraints = [...of.objects.values()].filter(
    ({ kind, properties }) =>
      kind === 'constraint' && properties.table === table && /^[pu]$/.test(String(properties.type)),
  );
  return constraints
    .sort((a, b) => (a.properties.type === b.properties.type ? 0 : a.properties.type === 'p' ? -1 : 1))
    .map(({ properties }) => properties.columns as string[]);
}

/** A literal, with or without a cast, as SQL; null where it is anything else, NULL included. */
function constant(node: SyntaxNode): string | null {
  if (node.TypeCast) return constant(node.TypeCast.arg);
  const value = node.A_Const;
  if (!value || value.isnull) return null;
  if (value.sval) return literal(value.sval.sval ?? '');
  if (value.ival) return String(value.ival.ival ?? 0);
  if (value.fval) return value.fval.fval;
  if (value.boolval) return String(value.boolval.boolval ?? false);
  return null;
}

const quoted = (name: string) =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
