/** Which data a migration takes away for good: read from the catalog before and after, and from its own statements. */
import type { CatalogObject, Snapshot } from '../model/catalog.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { isStamp } from './stamps.ts';
import { tableNamed } from './tables.ts';

/** What can't be brought back, as far as the schema and the SQL tell. */
export interface Claim {
  readonly text: string;
  /** Null where it is no table's rows. */
  readonly table: string | null;
  /** As Postgres quotes them; null: whole rows. */
  readonly columns: readonly string[] | null;
  /** The table or the column itself goes, with what it holds. */
  readonly goes?: true;
  /** The statement that writes over it; of a type change, null. */
  readonly by?: Statement | null;
}

export function losesData(before: Snapshot, after: Snapshot, source: SourceFile): Claim[] {
  const lost: Claim[] = [];
  const byAddress = new Map<string, CatalogObject>();
  for (const object of after.objects.values()) if (object.address) byAddress.set(object.address, object);
  for (const object of before.objects.values()) {
    const now = object.address === null ? undefined : byAddress.get(object.address);
    if (object.kind === 'table') {
      if (now === undefined)
        lost.push({
          text: `the rows of ${object.identity}`,
          table: object.identity,
          columns: null,
          goes: true,
        });
    } else if (object.kind === 'column') {
      const table = byAddress.get(before.objects.get(object.parent!)?.address ?? '');
      if (table?.kind !== 'table' || object.properties.generated !== null) continue;
      const place = { table: String(object.properties.table), columns: [String(object.properties.name)] };
      if (now === undefined) lost.push({ text: `the values of ${object.identity}`, ...place, goes: true });
      else if (!keepsValues(String(object.properties.type), String(now.properties.type))) {
        const text = `values of ${object.identity} that ${now.properties.type} can not hold as ${object.properties.type} did`;
        lost.push({ text, ...place, by: null });
      }
    } else if (object.kind === 'type' && object.properties.type === 'enum') {
      const labels = after.objects.get(object.id)?.properties.labels as string[] | undefined;
      const gone =
        labels && now === undefined
          ? (object.properties.labels as string[]).filter((l) => !labels.includes(l))
          : [];
      for (const label of gone)
        lost.push({
          text: `which rows held "${label}" of ${object.identity}`,
          table: null,
          columns: null,
        });
    } else if (object.kind === 'bucket' && !after.objects.has(object.id)) {
      lost.push({ text: `the files of bucket "${object.identity}"`, table: null, columns: null });
    }
  }
  return [...lost, ...writes(before, source)];
}

/** Rows that stood before and that the file's own UPDATE, DELETE, TRUNCATE or MERGE writes over. */
function writes(before: Snapshot, source: SourceFile): Claim[] {
  const lost = new Map<string, Claim>();
  for (const statement of source.statements) {
    const { kind, node, span } = statement;
    const add = (text: string, table: string, columns: readonly string[] | null = null) =>
      lost.set(text, { text, table, columns, by: statement });
    const at = `line ${span.line}`;
    if (kind === 'TruncateStmt') {
      for (const relation of node.relations ?? []) {
        const table = tableNamed(before, relation.RangeVar);
        if (table) add(`the rows of ${table} (TRUNCATE, ${at})`, table);
      }
      continue;
    }
    const table = tableNamed(before, node.relation);
    if (!table || table.startsWith('storage.buckets') || table.startsWith('cron.')) continue;
    if (kind === 'DeleteStmt') add(`rows of ${table} (DELETE, ${at})`, table);
    else if (kind === 'MergeStmt') add(`rows of ${table} (MERGE, ${at})`, table);
    else if (kind === 'UpdateStmt') {
      // Filling in what is missing loses nothing; a column that the file itself adds held nothing.
      const columns = (node.targetList ?? [])
        .map((target: SyntaxNode) => target.ResTarget)
        .filter(({ name }: SyntaxNode) => !fillsNulls(node.whereClause, name))
        .flatMap(({ name, val }: SyntaxNode) => {
          const column = columnNamed(before, table, name);
          return column === undefined || isStamp(table, column, val, before) ? [] : [column];
        });
      if (columns.length > 0)
        add(`former values of ${columns.join(', ')} in ${table} (UPDATE, ${at})`, table, columns);
    }
  }
  return [...lost.values()];
}

const columnNamed = (before: Snapshot, table: string, column: string) =>
  [column, `"${column}"`].find((name) => before.objects.has(`column ${table}.${name}`));

/** `WHERE c IS NULL`, alone or among what is ANDed. */
function fillsNulls(where: SyntaxNode | undefined, column: string): boolean {
  if (where?.BoolExpr?.boolop === 'AND_EXPR')
    return where.BoolExpr.args.some((arg: SyntaxNode) => fillsNulls(arg, column));
  const test = where?.NullTest;
  return test?.nulltesttype === 'IS_NULL' && test.arg?.ColumnRef?.fields?.at(-1)?.String?.sval === column;
}

const wider: readonly (readonly string[])[] = [
  ['smallint', 'integer', 'bigint', 'numeric'],
  ['real', 'double precision'],
  ['date', 'timestamp without time zone'],
  ['json', 'jsonb'],
];

/** Whether every value survives the way there and back. */
export function keepsValues(from: string, to: string): boolean {
  if (from === to) return true;
  const [was, is] = [typeParts(from), typeParts(to)];
  if (was.array !== is.array) return false;
  if (is.name === 'text' && !was.array) return true;
  if (was.name === is.name) return is.length === null || (was.length !== null && is.length >= was.length);
  // These keep what they are given; citext only compares another way.
  const texts = ['text', 'character varying', 'citext'];
  const bare = (name: string) => name.replace(/^[^.]*\./, '');
  if (texts.includes(bare(was.name)) && texts.includes(bare(is.name)) && is.length === null) return true;
  if (/^character/.test(was.name) && is.name === 'text') return true;
  if (/^timestamp with/.test(was.name) && /^timestamp with/.test(is.name)) return true;
  return (
    wider.some((family) => family.includes(was.name) && family.indexOf(is.name) > family.indexOf(was.name)) &&
    is.length === null
  );
}

function typeParts(type: string): { name: string; length: number | null; array: boolean } {
  const length = /\((\d+)/.exec(type);
  return {
    name: type
      .replace(/\(.*?\)/, '')
      .replace('[]', '')
      .trim(),
    length: length === null ? null : Number(length[1]),
    array: type.endsWith('[]'),
  };
}
