/** The changed tables with their neighbours by foreign key: out of two states, and into Mermaid. */
import type { DiagramChange, SchemaDiagram } from '../model/report.ts';
import type { ForeignKey, SchemaState, Table } from '../model/schema.ts';

type DiagramTable = SchemaDiagram['tables'][number];
type Reference = SchemaDiagram['references'][number];

/** Null where no table of the project's own changed its columns or foreign keys. */
export function diagramOf(base: SchemaState, head: SchemaState): SchemaDiagram | null {
  const keys = new Set([...base.tables.keys(), ...head.tables.keys()]);
  const changes = new Map<string, DiagramChange>();
  for (const key of keys) {
    const change = tableChange(base.tables.get(key), head.tables.get(key));
    if (change !== 'unchanged') changes.set(key, change);
  }
  if (changes.size === 0) return null;

  const references = [...keys]
    .sort()
    .flatMap((key) => referencesOf(base.tables.get(key), head.tables.get(key)));
  const near = references.filter((reference) => changes.has(reference.from) || changes.has(reference.to));
  const shown = new Set([...changes.keys(), ...near.flatMap(({ from, to }) => [from, to])]);
  const tables = [...shown].sort().flatMap((key): DiagramTable[] => {
    const before = base.tables.get(key);
    const after = head.tables.get(key);
    // A foreign key to a table that no migration makes.
    if (before === undefined && after === undefined) return [];
    const columns = columnsOf(before, after);
    const change = changes.get(key) ?? 'unchanged';
    // Of a neighbour only its keys matter here.
    const kept = change === 'unchanged' ? columns.filter((c) => c.primaryKey || c.foreignKey) : columns;
    return [{ table: key, change, columns: kept }];
  });
  return { tables, references: near };
}

function tableChange(before: Table | undefined, after: Table | undefined): DiagramChange {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  const columns = columnsOf(before, after).some((column) => column.change !== 'unchanged');
  const references = referencesOf(before, after).some((reference) => reference.change !== 'unchanged');
  return columns || references ? 'changed' : 'unchanged';
}

function columnsOf(before: Table | undefined, after: Table | undefined): DiagramTable['columns'] {
  const names = new Set(
    [...(after ?? before)!.columns, ...(before?.columns ?? [])].map((column) => column.name),
  );
  return [...names].map((name) => {
    const old = before?.columns.find((column) => column.name === name);
    const now = after?.columns.find((column) => column.name === name);
    const table = (now ? after : before)!;
    const change =
      before === undefined || after === undefined
        ? 'unchanged'
        : changeOf(old, now, old?.type === now?.type && old?.notNull === now?.notNull);
    return {
      name,
      type: (now ?? old)!.type,
      primaryKey: table.primaryKey?.columns.includes(name) ?? false,
      foreignKey: table.foreignKeys.some((key) => key.columns.includes(name)),
      change,
    };
  });
}

function referencesOf(before: Table | undefined, after: Table | undefined): readonly Reference[] {
  const identity = (key: ForeignKey) => `${key.columns.join()} ${key.references}`;
  const keys = new Map(
    [...(before?.foreignKeys ?? []), ...(after?.foreignKeys ?? [])].map((k) => [identity(k), k]),
  );
  return [...keys].map(([id, key]) => {
    const old = before?.foreignKeys.find((other) => identity(other) === id);
    const now = after?.foreignKeys.find((other) => identity(other) === id);
    const table = (now ? after : before)!;
    const covers = (columns: readonly string[]) => columns.every((column) => key.columns.includes(column));
    return {
      from: table.key,
      to: key.references,
      columns: key.columns,
      unique:
        (table.primaryKey !== null && covers(table.primaryKey.columns)) ||
        table.uniques.some((unique) => covers(unique.columns)),
      change: changeOf(old, now, true),
    };
  });
}

function changeOf(before: unknown, after: unknown, same: boolean): DiagramChange {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  return same ? 'unchanged' : 'changed';
}

/** More than this and nobody can read the drawing. */
const maxTables = 12;
const maxColumns = 24;

/**
 * Mermaid's grammar has no escapes in names, so that only letters, digits and a few marks go in; the real spelling
 * stands in the schema diff beside it. Null where there are too many tables to draw.
 */
export function mermaid(diagram: SchemaDiagram): string | null {
  if (diagram.tables.length > maxTables) return null;
  const ids = new Map(diagram.tables.map(({ table }, index) => [table, `t${index}`]));
  const lines = ['erDiagram'];
  for (const { table, change, columns } of diagram.tables) {
    const mark = change === 'unchanged' ? '' : ` (${word[change]})`;
    lines.push(`  ${ids.get(table)}["${label(table)}${mark}"] {`);
    for (const column of columns.slice(0, maxColumns)) {
      const keys = [column.primaryKey ? 'PK' : '', column.foreignKey ? 'FK' : ''].filter(Boolean).join(', ');
      const note = column.change === 'unchanged' ? '' : `"${word[column.change]}"`;
      lines.push(
        `    ${[attribute(column.type), attribute(column.name), keys, note].filter(Boolean).join(' ')}`,
      );
    }
    if (columns.length > maxColumns) lines.push(`    and more_${columns.length - maxColumns}`);
    lines.push('  }');
  }
  for (const { from, to, columns, unique, change } of diagram.references) {
    const [child, parent] = [ids.get(from), ids.get(to)];
    if (child === undefined || parent === undefined) continue;
    const note = change === 'unchanged' ? '' : ` (${word[change]})`;
    lines.push(`  ${parent} ||--o${unique ? '|' : '{'} ${child} : "${label(columns.join(' '))}${note}"`);
  }
  return lines.join('\n');
}

const word: Readonly<Record<DiagramChange, string>> = {
  added: 'new',
  removed: 'removed',
  changed: 'changed',
  unchanged: '',
};

const label = (value: string): string =>
  value
    .replaceAll('"', '')
    .replace(/[^\p{L}\p{N}_. -]/gu, '_')
    .slice(0, 80);

const attribute = (value: string): string => {
  const plain = value
    .replaceAll('"', '')
    .replace(/\(\d+,\d+\)/, '')
    .replace(/[^A-Za-z0-9_[\]()-]/g, '_')
    .slice(0, 63);
  // PK, FK and UK are keywords there, in any case.
  return /^[A-Za-z]/.test(plain) && !/^[pfu]k$/i.test(plain) ? plain : `c_${plain}`;
};
