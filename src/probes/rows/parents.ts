/** What a row points to: by a foreign key, or by what policies join where there is none. */
import type { SchemaState, Table } from '../../model/schema.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Ownership } from './owners.ts';

export interface Parent {
  readonly columns: readonly string[];
  readonly references: string;
  readonly referenced: readonly string[];
  /** The row can't be without it. */
  readonly strong: boolean;
}

export function parentsByTable(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  ownership: Ownership,
): ReadonlyMap<string, readonly Parent[]> {
  const links: Links = new Map();
  for (const reading of readings.values()) {
    for (const { left, right } of reading.links) {
      push(links, `${left.table}.${left.column}`, right);
      push(links, `${right.table}.${right.column}`, left);
    }
  }
  return new Map(
    [...state.tables.values()].map((table) => [table.key, parentsOf(table, state, links, ownership)]),
  );
}

type Links = Map<string, { table: string; column: string }[]>;

function parentsOf(table: Table, state: SchemaState, links: Links, ownership: Ownership): readonly Parent[] {
  const parents: Parent[] = table.foreignKeys.map((key) => ({
    columns: key.columns,
    references: key.references,
    referenced: key.referencedColumns,
    strong: key.columns.every(
      (name) => table.columns.find((column) => column.name === name)?.notNull === true,
    ),
  }));
  const bound = new Set(parents.flatMap((parent) => parent.columns));
  const own = new Set([
    ...ownership.ownersOf(table.key).map((owner) => owner.column),
    ...(table.primaryKey?.columns ?? []),
  ]);
  for (const column of table.columns) {
    if (bound.has(column.name) || own.has(column.name)) continue;
    const link = (links.get(`${table.key}.${column.name}`) ?? []).find((each) => {
      const target = state.tables.get(each.table);
      const isKey = target?.primaryKey?.columns.length === 1 && target.primaryKey.columns[0] === each.column;
      const type = target?.columns.find((candidate) => candidate.name === each.column)?.type;
      return isKey && each.table !== table.key && type === column.type;
    });
    if (link !== undefined)
      parents.push({
        columns: [column.name],
        references: link.table,
        referenced: [link.column],
        strong: false,
      });
  }
  return parents;
}

/** Tables in the order rows can be laid. */
export function sortTables(state: SchemaState, parents: ReadonlyMap<string, readonly Parent[]>): string[] {
  const order: string[] = [];
  const seen = new Map<string, 'open' | 'done'>();
  const visit = (key: string) => {
    if (seen.has(key)) return;
    seen.set(key, 'open');
    // Keys that may be empty can wait: on a circle they are the ones that give.
    for (const strong of [true, false]) {
      for (const parent of parents.get(key) ?? []) if (parent.strong === strong) visit(parent.references);
    }
    seen.set(key, 'done');
    if (state.tables.has(key)) order.push(key);
  };
  for (const key of [...state.tables.keys()].toSorted()) visit(key);
  return order;
}

export function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
