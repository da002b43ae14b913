/** Getting at tables: those that are there, those nobody knows of, and the children of one. */
import type { Column, Table } from '../../model/schema.ts';
import type { Draft } from './draft.ts';
import { Failed } from './failed.ts';
import { initialGrants } from './grants.ts';
import type { Site } from './site.ts';

/** No statement of the migrations makes it. */
export const isKnownByName = ({ unknown }: Pick<Table, 'unknown'>): boolean =>
  unknown.some(({ about }) => about === 'object');

/** The table a statement alters; one that nothing made is remembered by name, with what is said about it. */
export function tableToAlter(draft: Draft, key: string, site: Site): Table {
  const table = draft.get('table', key);
  if (table !== undefined) return table;
  if (draft.tolerant > 0) throw new Failed();
  const [schema, name] = splitKey(key);
  draft.put('table', { ...emptyTable(key, schema, name), origin: null });
  draft.unknown(site.origin, 'no migration creates this table', { kind: 'table', key }, 'object');
  return draft.get('table', key)!;
}

export function emptyTable(key: string, schema: string, name: string, owner = 'postgres'): Table {
  return {
    kind: 'table',
    key,
    schema,
    name,
    parent: null,
    columns: [],
    primaryKey: null,
    uniques: [],
    exclusions: [],
    foreignKeys: [],
    checks: [],
    indexes: [],
    policies: [],
    triggers: [],
    grants: [],
    rls: false,
    forceRls: false,
    comment: null,
    owner,
    origin: null,
    rlsOrigin: null,
    unknown: [],
  };
}

export function newTable(draft: Draft, at: { key: string; schema: string; name: string }): Table {
  return {
    ...emptyTable(at.key, at.schema, at.name, draft.role),
    grants: initialGrants(draft, 'tables', at.schema),
  };
}

/** Partitions and inheriting tables. */
export function childrenOf(draft: Draft, key: string): Table[] {
  return draft.lookups.childrenOf(key).flatMap((child) => draft.get('table', child) ?? []);
}

/** Children, their children, and so on. */
export function descendants(draft: Draft, key: string): Table[] {
  return childrenOf(draft, key).flatMap((child) => [child, ...descendants(draft, child.key)]);
}

export function columnOf(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name);
}

/** Schema and name of a key: the reverse of `keyOf`. */
export function splitKey(key: string): [schema: string, name: string] {
  const parts = key.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
  const plain = parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
  return [plain[0] ?? 'public', plain[1] ?? ''];
}
