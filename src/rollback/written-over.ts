/**
 * Rows and values that a file writes over, where it made a copy of them before: what brings them back. Only where it is
 * certain: the copy was made before anything else wrote on the table, holds the key of its rows, and is not touched again.
 */
import { literal } from '../database/catalog/quote.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { columnsOf, type Filling, fillings, unquoted } from './copies.ts';
import type { Claim } from './data.ts';
import type { PlannedStatement } from './plan.ts';
import { keysOf } from './rows.ts';
import { tableNamed } from './tables.ts';

export interface BroughtBack {
  readonly of: string;
  readonly copy: string;
  /** Whose values come back; null: whole rows do. */
  readonly columns: readonly string[] | null;
  /** The first of them tells whether it is there. */
  readonly statements: readonly PlannedStatement[];
  readonly claims: readonly Claim[];
}

/** In the order in which they are to be run: what was written last comes back first. */
export function broughtBack(
  lost: readonly Claim[],
  source: SourceFile,
  before: Snapshot,
  after: Snapshot,
): BroughtBack[] {
  const claims = lost.filter(({ by }) => by !== undefined);
  if (claims.length === 0) return [];
  // The last one before a statement is the nearest to it.
  const copies = fillings(source, before, after)
    .filter((copy) => isLeftAlone(copy, source, after))
    .reverse();
  const indexOf = ({ by }: Claim) => (by ? source.statements.indexOf(by) : source.statements.length);
  const around = { source, before, after };
  const undone = new Set<number>();
  const list: BroughtBack[] = [];
  for (const claim of claims.sort((a, b) => indexOf(a) - indexOf(b))) {
    const index = indexOf(claim);
    const written = writesOn(claim.table!, source, before).filter((at) => !undone.has(at));
    for (const copy of copies) {
      const others = written.filter((at) => at < (selects(copy) ? index : copy.index));
      if (copy.of !== claim.table || copy.index > index || others.length > 0) continue;
      const isSame = (one: BroughtBack) =>
        one.copy === copy.copy && (one.columns === null) === (claim.columns === null);
      const same = list.findIndex(isSame);
      const one = bringBack(same === -1 ? [claim] : [...list[same]!.claims, claim], copy, around);
      if (one === null) continue;
      undone.add(index);
      if (same === -1) list.unshift(one);
      else list[same] = one;
      break;
    }
  }
  return list;
}

interface Around {
  readonly source: SourceFile;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/** What several statements wrote over, values or rows, in one. */
function bringBack(
  claims: readonly Claim[],
  copy: Filling,
  { source, before, after }: Around,
): BroughtBack | null {
  const { of, held } = copy;
  const writers = claims.map(({ by }) => by ?? null);
  if (!writers.every((by) => by?.kind !== 'MergeStmt' && holdsAll(copy, by))) return null;
  const property = (column: string, name: string) =>
    before.objects.get(`column ${of}.${column}`)?.properties[name];
  const isSame = (id: string) => {
    const address = before.objects.get(id)?.address;
    return address != null && after.objects.get(id)?.address === address;
  };
  const isHeld = (column: string) => {
    const place = held.place(column);
    if (held.json !== null || place === null) return place !== null;
    const type = after.objects.get(`column ${copy.copy}.${place}`)?.properties.type;
    return type === property(column, 'type');
  };
  const changed = valuesChanged(of, source, before);
  const isKey = (column: string) =>
    isSame(`column ${of}.${column}`) &&
    isHeld(column) &&
    !changed.has(column) &&
    property(column, 'notNull') === true;
  const key = keysOf(of, before).find((names) => names.every(isKey));
  if (!isSame(`table ${of}`) || key === undefined) return null;
  const common = { of, copy: copy.copy, claims };
  if (claims[0]!.columns === null) {
    const { written, identities } = columnsOf(of, before);
    if (!written.every(isHeld)) return null;
    const rows = { columns: written, identities, key };
    const numbered = writers.some((by) => by?.kind === 'TruncateStmt' && by.node.restart_seqs)
      ? written.filter((column) => identities.includes(column) || ownsSequence(of, column, before))
      : [];
    const note =
      writers.every((by) => by?.kind === 'DeleteStmt' && by.node.whereClause) && !selects(copy)
        ? 'rows come from the copy that the migration kept; those that somebody deleted since come back too'
        : 'rows come from the copy that the migration kept';
    const next = numbered.map((column) => ({
      sql: `SELECT setval(pg_get_serial_sequence(${literal(of)}, ${literal(unquoted(column))}), max(${column})) FROM ${of}`,
      note: null,
    }));
    return { ...common, columns: null, statements: [{ sql: insert(copy, rows), note }, ...next] };
  }
  const columns = [...new Set(claims.flatMap(({ columns: some }) => some ?? []))];
  if (!columns.every((column) => isSame(`column ${of}.${column}`) && isHeld(column))) return null;
  const typed = columns.map((name) => ({ name, type: String(property(name, 'type')) }));
  const note = 'values come from the copy that the migration kept; what was written over them since goes';
  return { ...common, columns, statements: [{ sql: update(copy, typed, key), note }] };
}

/** A column's place in the copy, as the statement reads it. */
const reads =
  ({ held }: Filling) =>
  (column: string) =>
    held.json === null ? `k.${held.place(column)}` : `r.${column}`;

const fromCopy = ({ of, copy, held }: Filling) =>
  held.json === null ? `${copy} AS k` : `${copy} AS k, jsonb_populate_record(NULL::${of}, ${held.json}) AS r`;

function insert(
  copy: Filling,
  { columns, identities, key }: Readonly<Record<'columns' | 'identities' | 'key', readonly string[]>>,
): string {
  const read = reads(copy);
  const overriding = identities.length === 0 ? '' : 'OVERRIDING SYSTEM VALUE ';
  const same = key.map((name) => `t.${name} = ${read(name)}`).join(' AND ');
  return `INSERT INTO ${copy.of} (${columns.join(', ')}) ${overriding}SELECT ${columns.map(read).join(', ')} FROM ${fromCopy(copy)} WHERE NOT EXISTS (SELECT FROM ${copy.of} AS t WHERE ${same})`;
}

function update(
  copy: Filling,
  columns: readonly { readonly name: string; readonly type: string }[],
  key: readonly string[],
): string {
  const read = reads(copy);
  const set = columns.map(({ name }) => `${name} = ${read(name)}`).join(', ');
  const same = key.map((name) => `t.${name} = ${read(name)}`).join(' AND ');
  const differs = columns.map(({ name, type }) => {
    const as = hasNoEquality.test(type) ? '::text' : '';
    return `t.${name}${as} IS DISTINCT FROM ${read(name)}${as}`;
  });
  const test = differs.length === 1 ? differs[0]! : `(${differs.join(' OR ')})`;
  return `UPDATE ${copy.of} AS t SET ${set} FROM ${fromCopy(copy)} WHERE ${same} AND ${test}`;
}

const hasNoEquality = /^(json|xml|point|line|lseg|box|path|polygon|circle)\b/;

const selects = ({ select }: Filling) => select.whereClause !== undefined;

/** Every row that the statement writes on: all there are, or those that the same condition picks. */
function holdsAll({ select, of }: Filling, by: Statement | null): boolean {
  if (select.whereClause === undefined) return true;
  if (by === null || by.kind === 'TruncateStmt') return false;
  const { whereClause, usingClause, fromClause, withClause } = by.node;
  if (usingClause || fromClause || withClause || whereClause === undefined) return false;
  const table = unquoted(of.slice(of.indexOf('.') + 1));
  const own = (relation: SyntaxNode | undefined) => relation?.alias?.aliasname ?? table;
  const condition = (node: SyntaxNode, name: string) => JSON.stringify(bare(node, name));
  const copied = condition(select.whereClause, own(select.fromClause[0].RangeVar));
  return copied === condition(whereClause, own(by.node.relation)) && !hangsOnMore(copied);
}

/** A condition that looks into other tables, or calls what may, need not pick the same rows a second time. */
function hangsOnMore(condition: string): boolean {
  const called = condition.match(/"FuncCall":/g)?.length ?? 0;
  return condition.includes('"SubLink":') || (condition.match(steady)?.length ?? 0) < called;
}

const steady =
  /"FuncCall":\{"funcname":\[(?:\{"String":\{"sval":"pg_catalog"\}\},)?\{"String":\{"sval":"(?:now|lower|upper|length|btrim|date_trunc)"\}\}\]/g;

/** Without where it stands in the text, and without the table's own name before its columns. */
function bare(node: SyntaxNode, table: string): unknown {
  if (Array.isArray(node)) return node.map((each) => bare(each, table));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, value]): [string, unknown][] => {
      if (name === 'location') return [];
      const isOwn = name === 'fields' && value.length === 2 && value[0]?.String?.sval === table;
      return [[name, bare(isOwn ? value.slice(1) : value, table)]];
    }),
  );
}

const writing: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** They may write on any table that they name. */
const runsCode: ReadonlySet<string> = new Set(['DoStmt', 'CallStmt']);

/** Where statements of the file write on rows of a table, by their index. */
function writesOn(table: string, { statements }: SourceFile, at: Snapshot): number[] {
  return statements.flatMap(({ kind, node, sql }, index) => {
    const relations: SyntaxNode[] =
      kind === 'TruncateStmt'
        ? (node.relations ?? []).map((one: SyntaxNode) => one.RangeVar)
        : writing.has(kind)
          ? [node.relation]
          : [];
    const isHidden = runsCode.has(kind) && sql.includes(unquoted(table.slice(table.indexOf('.') + 1)));
    return isHidden || relations.some((relation) => tableNamed(at, relation) === table) ? [index] : [];
  });
}

/** Filled once, by this statement, and not written on behind it. */
const isLeftAlone = ({ copy, index }: Filling, source: SourceFile, after: Snapshot): boolean =>
  writesOn(copy, source, after).every((at) => at === index);

/** Columns that an UPDATE or MERGE of the file writes on. */
function valuesChanged(table: string, { statements }: SourceFile, before: Snapshot): ReadonlySet<string> {
  const { all } = columnsOf(table, before);
  const changed = statements.flatMap(({ kind, node }): string[] => {
    if (tableNamed(before, node.relation) !== table) return [];
    if (kind === 'MergeStmt') return all;
    if (kind !== 'UpdateStmt') return [];
    const names = (node.targetList ?? []).map((target: SyntaxNode) => target.ResTarget?.name);
    return all.filter((column) => names.includes(unquoted(column)));
  });
  return new Set(changed);
}

const ownsSequence = (table: string, column: string, of: Snapshot) =>
  [...of.objects.values()].some(
    ({ kind, properties }) => kind === 'sequence' && properties.owned === `column ${table}.${column}`,
  );
