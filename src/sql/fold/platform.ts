/** What a Supabase project has before its first migration, as the platform's own catalog shows it. */
import type { GrantsEra } from '../../model/replay.ts';
import type { DefaultPrivilege, Expression, Grant, Privilege, SchemaState } from '../../model/schema.ts';
import { printedExpression, printedQuery } from '../printed.ts';
import { Draft } from './draft.ts';
import { enterEra } from './eras.ts';
import { platformJson } from './platform-state.ts';

export interface EmptyStateOptions {
  readonly era: GrantsEra;
}

let automatic: SchemaState | undefined;

export function emptyState(options: EmptyStateOptions): SchemaState {
  automatic ??= { ...reviveState(platformJson), era: 'automatic' };
  if (options.era === 'automatic') return automatic;
  const draft = new Draft(automatic);
  enterEra(draft, 'explicit');
  return draft.finish().state;
}

/** Maps as lists, expressions as their text, a grantee's privileges in one string. */
export function serialiseState(state: SchemaState): string {
  const { unknown: _unknown, era: _era, source: _source, defaultPrivileges, ...maps } = state;
  const lists = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, [...map.values()]]));
  return JSON.stringify({ ...lists, defaultPrivileges: packDefaults(defaultPrivileges) }, (key, value) => {
    if (key === 'origin' || key === 'rlsOrigin' || value === null) return undefined;
    if (key === 'grants') return packGrants(value);
    if (typeof value?.text === 'string' && 'node' in value) return value.text;
    return value;
  });
}

// Left out above where null: put back, so that every object has all its fields.
const nullable: Readonly<Record<string, readonly string[]>> = {
  columns: ['default', 'identity', 'generated', 'sequence', 'comment', 'origin'],
  indexes: ['predicate', 'origin'],
  policies: ['using', 'check', 'comment', 'origin'],
  tables: ['parent', 'primaryKey', 'comment', 'origin', 'rlsOrigin'],
  views: ['comment', 'origin'],
  routines: ['comment', 'origin'],
  arguments: ['name'],
  sequences: ['ownedBy', 'origin'],
};
const withOrigin = ['origin'];
const objectLists = new Set([
  'schemas',
  'types',
  'extensions',
  'buckets',
  'uniques',
  'exclusions',
  'foreignKeys',
  'checks',
  'triggers',
]);

type Bag = Record<string, unknown>;

export function reviveState(json: string): SchemaState {
  const raw = restored(JSON.parse(json)) as Record<string, Bag[]> & { defaultPrivileges: Bag };
  const map = (name: string, identity: string, change: (object: Bag) => Bag = (object) => object) =>
    new Map(raw[name]?.map((object) => [String(object[identity]), change(object)])) as never;
  return {
    source: 'folded',
    schemas: map('schemas', 'name'),
    tables: map('tables', 'key', reviveTable),
    views: map('views', 'key', (view) => ({ ...view, definition: printedQuery(String(view.definition)) })),
    routines: map('routines', 'key'),
    types: map('types', 'key'),
    sequences: map('sequences', 'key'),
    extensions: map('extensions', 'name'),
    publications: map('publications', 'name'),
    buckets: map('buckets', 'id'),
    defaultPrivileges: unpackDefaults(raw.defaultPrivileges as never),
    unknown: [],
    era: null,
  };
}

/** The object with all its fields, and those in it. */
function restored(object: Bag): Bag {
  for (const key in object) {
    const value = object[key];
    if (key === 'grants') object[key] = unpackGrants(value as string[]);
    else if (Array.isArray(value)) {
      if (value.every(isBag)) object[key] = value.map((item: Bag) => withNulls(key, restored(item)));
    } else if (isBag(value)) restored(value);
  }
  return object;
}

const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null;

function withNulls(list: string, object: Bag): Bag {
  for (const field of nullable[list] ?? (objectLists.has(list) ? withOrigin : [])) object[field] ??= null;
  return object;
}

function reviveTable(table: Bag): Bag {
  const list = (name: string) => table[name] as Bag[];
  const primaryKey = table.primaryKey as Bag | null;
  return {
    ...table,
    primaryKey: primaryKey && { ...primaryKey, origin: null },
    columns: list('columns').map((column) => revive(column, 'default', 'generated')),
    checks: list('checks').map((check) => revive(check, 'expression')),
    indexes: list('indexes').map((index) => ({
      ...revive(index, 'predicate'),
      expressions: (index.expressions as string[]).map(printedExpression),
    })),
    policies: list('policies').map((policy) => revive(policy, 'using', 'check')),
  };
}

function revive(object: Bag, ...names: readonly string[]): Bag {
  const parsed = names.map((name): [string, Expression | null] => {
    const text = object[name];
    return [name, typeof text === 'string' ? printedExpression(text) : null];
  });
  return { ...object, ...Object.fromEntries(parsed) };
}

function packGrants(grants: readonly Grant[]): string[] {
  const packed = new Map<string, string[]>();
  for (const { grantee, privilege, columns, grantable } of grants) {
    const key = `${grantee}:${columns?.join(',') ?? ''}`;
    packed.set(key, [...(packed.get(key) ?? []), `${privilege}${grantable ? '*' : ''}`]);
  }
  return [...packed].map(([key, privileges]) => `${key}:${privileges.join(',')}`);
}

const unpacked = new Map<string, readonly Grant[]>();

/** Most objects of one owner have the same: they share one list. */
function unpackGrants(packed: readonly string[]): readonly Grant[] {
  const key = packed.join(' ');
  let grants = unpacked.get(key);
  if (grants === undefined) {
    grants = packed.flatMap(unpackGrant);
    unpacked.set(key, grants);
  }
  return grants;
}

function unpackGrant(entry: string): Grant[] {
  const [grantee, columns, privileges] = entry.split(':') as [string, string, string];
  return privileges.split(',').map((privilege) => ({
    grantee,
    privilege: privilege.replace('*', '') as Privilege,
    columns: columns === '' ? null : columns.split(','),
    origin: null,
    ...(privilege.endsWith('*') ? { grantable: true } : {}),
  }));
}

function packDefaults(defaults: readonly DefaultPrivilege[]): string[] {
  const packed = new Map<string, string[]>();
  for (const { role, schema, objects, grantee, privilege } of defaults) {
    const key = `${role}:${schema ?? ''}:${objects}:${grantee}`;
    packed.set(key, [...(packed.get(key) ?? []), privilege]);
  }
  return [...packed].map(([key, privileges]) => `${key}:${privileges.join(',')}`);
}

function unpackDefaults(packed: readonly string[]): DefaultPrivilege[] {
  return packed.flatMap((entry) => {
    const [role, schema, objects, grantee, privileges] = entry.split(':') as [
      string,
      string,
      string,
      string,
      string,
    ];
    return privileges.split(',').map((privilege) => ({
      role,
      schema: schema === '' ? null : schema,
      objects: objects as DefaultPrivilege['objects'],
      grantee,
      privilege: privilege as Privilege,
    }));
  });
}
