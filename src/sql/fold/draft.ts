/**
 * The state while one file is folded: maps that are copied when they are first written to, name resolution by the
 * search path, and a record of what was touched. The objects in the maps are never changed, only replaced.
 */
import type { Place } from '../../model/finding.ts';
import type { GrantsEra } from '../../model/replay.ts';
import type {
  Bucket,
  DataType,
  DefaultPrivilege,
  Extension,
  Namespace,
  ObjectKind,
  ObjectRef,
  Publication,
  Routine,
  SchemaState,
  Sequence,
  Table,
  Unknown,
  View,
} from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { isBuiltinType, keyOf, qualified, serialType, strings, typeName } from '../names.ts';
import { extensionOfType } from './extensions.ts';
import { type Holder, Lookups } from './lookups.ts';
import { SharedMap } from './shared-map.ts';

export interface ObjectOfKind {
  schema: Namespace;
  table: Table;
  view: View;
  routine: Routine;
  type: DataType;
  sequence: Sequence;
  extension: Extension;
  publication: Publication;
  bucket: Bucket;
}

/** Entries below which a copy costs nothing. */
const smallMap = 64;

/** A map that is an older state's own until something is written. */
class Layer<V> {
  #entries: ReadonlyMap<string, V>;
  #own: Map<string, V> | SharedMap<V> | null = null;

  constructor(entries: ReadonlyMap<string, V>) {
    this.#entries = entries;
  }
  get entries(): ReadonlyMap<string, V> {
    return this.#entries;
  }
  set(key: string, value: V): void {
    this.#writable().set(key, value);
  }
  delete(key: string): void {
    this.#writable().delete(key);
  }
  #writable(): Map<string, V> | SharedMap<V> {
    if (this.#own === null) {
      this.#own = this.#entries.size < smallMap ? new Map(this.#entries) : SharedMap.from<V>(this.#entries);
      this.#entries = this.#own;
    }
    return this.#own;
  }
}

/** Of the newest state: the next file's fold takes them along and keeps them up. */
const lookupsOf = new WeakMap<SchemaState, Lookups>();

type Layers = { readonly [K in ObjectKind]: Layer<ObjectOfKind[K]> };

/** `"$user", public, extensions` is what Supabase sets for `postgres`; no schema is called after a role here. */
const defaultSearchPath: readonly string[] = ['public', 'extensions'];
export const migrationRole = 'postgres';
export const temporarySchema = 'pg_temp';

/**
 * What working out the DO blocks and functions of one file may cost: a row of a query is one. Loops in loops of functions
 * that call functions end, whoever wrote them.
 */
const effortLimit = 1_000_000;

export class Draft {
  readonly #before: SchemaState;
  readonly #layers: Layers;
  readonly #touched = new Map<string, ObjectRef>();
  readonly #born = new Set<string>();
  #lookups: Lookups | null = null;
  /** Objects as the lookups know them, where they have been replaced since. */
  readonly #stale = {
    table: new Map<string, Table | undefined>(),
    view: new Map<string, View | undefined>(),
    routine: new Map<string, Routine | undefined>(),
  };
  #unknown: Unknown[] | null = null;
  defaultPrivileges: readonly DefaultPrivilege[];
  era: GrantsEra | null;
  #temporary = false;
  searchPath: readonly string[] = defaultSearchPath;
  role = migrationRole;

  constructor(before: SchemaState) {
    this.#before = before;
    this.#layers = {
      schema: new Layer(before.schemas),
      table: new Layer(before.tables),
      view: new Layer(before.views),
      routine: new Layer(before.routines),
      type: new Layer(before.types),
      sequence: new Layer(before.sequences),
      extension: new Layer(before.extensions),
      publication: new Layer(before.publications),
      bucket: new Layer(before.buckets),
    };
    this.defaultPrivileges = before.defaultPrivileges;
    this.era = before.era;
  }

  // — objects —

  all<K extends ObjectKind>(kind: K): ReadonlyMap<string, ObjectOfKind[K]> {
    return this.#layers[kind].entries;
  }
  get<K extends ObjectKind>(kind: K, key: string): ObjectOfKind[K] | undefined {
    return this.#layers[kind].entries.get(key);
  }
  has(kind: ObjectKind, key: string): boolean {
    return this.#layers[kind].entries.has(key);
  }
  /** A new object. */
  create<K extends ObjectKind>(kind: K, value: ObjectOfKind[K]): void {
    this.#born.add(`${kind} ${identity(value)}`);
    this.put(kind, value);
  }
  /** Replaces an object by a changed version of itself. */
  put<K extends ObjectKind>(kind: K, value: ObjectOfKind[K]): void {
    const key = identity(value);
    if (this.get(kind, key) === value) return;
    this.#outdate(kind, key);
    this.#layers[kind].set(key, value);
    this.touch(kind, key);
    if (kind === 'table') this.changedTables?.add(key);
  }
  remove(kind: ObjectKind, key: string): void {
    if (!this.has(kind, key)) return;
    this.#outdate(kind, key);
    this.#layers[kind].delete(key);
    this.#born.delete(`${kind} ${key}`);
    this.touch(kind, key);
  }
  /** The same object under another name. */
  move<K extends ObjectKind>(kind: K, from: string, value: ObjectOfKind[K]): void {
    const born = this.#born.has(`${kind} ${from}`);
    this.remove(kind, from);
    if (born) this.create(kind, value);
    else this.put(kind, value);
  }
  update<K extends ObjectKind>(
    kind: K,
    key: string,
    change: (object: ObjectOfKind[K]) => ObjectOfKind[K],
  ): void {
    const object = this.get(kind, key);
    if (object !== undefined) this.put(kind, change(object));
  }
  /** Changes every object of a kind for which `change` gives something else. */
  each<K extends ObjectKind>(kind: K, change: (object: ObjectOfKind[K]) => ObjectOfKind[K]): void {
    const entries = this.all(kind);
    for (const object of entries.values()) {
      const changed = change(object);
      if (changed !== object) this.put(kind, changed);
    }
  }
  #outdate(kind: ObjectKind, key: string): void {
    if (kind !== 'table' && kind !== 'view' && kind !== 'routine') return;
    const stale: Map<string, unknown> = this.#stale[kind];
    if (!stale.has(key)) stale.set(key, this.get(kind, key));
  }
  /** Brought up to date when they are asked for. */
  get lookups(): Lookups {
    if (this.#lookups === null) {
      this.#lookups = lookupsOf.get(this.#before) ?? new Lookups(this.#before);
      // They hold for one state only, and that is this one from now on.
      lookupsOf.delete(this.#before);
    }
    const { table, view, routine } = this.#stale;
    if (table.size > 0) this.#refresh('table', table, this.#lookups);
    if (view.size > 0) this.#refresh('view', view, this.#lookups);
    for (const [key, before] of routine) this.#lookups.replaceRoutine(before, this.get('routine', key));
    routine.clear();
    return this.#lookups;
  }
  #refresh(kind: 'table' | 'view', stale: Map<string, Holder | undefined>, lookups: Lookups): void {
    for (const [key, before] of stale) lookups.replaceHolder(before, this.get(kind, key));
    stale.clear();
  }
  touch(kind: ObjectKind, key: string): void {
    const ref = `${kind} ${key}`;
    if (!this.#touched.has(ref)) this.#touched.set(ref, { kind, key });
  }

  // — what could not be followed —

  /** Blocks with exception handlers around the statement: what is there already, or is missing, is none of their errors. */
  tolerant = 0;
  /** Tables that a DO block changes, while one is run. */
  changedTables: Set<string> | null = null;
  /** Functions that are being followed. */
  calls = 0;
  #effort = effortLimit;

  /** Takes so much of what may be spent on this file's DO blocks and functions; false where nothing is left. */
  spend(effort: number): boolean {
    this.#effort -= effort;
    return this.#effort >= 0;
  }

  /** Something is made that is there already: an error in Postgres, unless it is caught. */
  again(place: Place, what: string, object: ObjectRef | null = null): void {
    if (this.tolerant === 0) this.unknown(place, `${what} is created again`, object, 'else');
  }

  unknown(place: Place, why: string, object: ObjectRef | null, about: Unknown['about']): void {
    this.#unknown ??= [...this.#before.unknown];
    this.#unknown.push({ place, about, why, object });
    // The note is no change to the table.
    const changed = this.changedTables;
    this.changedTables = null;
    if (object?.kind === 'table') {
      this.update('table', object.key, (table) => ({
        ...table,
        unknown: [...table.unknown, { about, why }],
      }));
    } else if (object?.kind === 'view') {
      this.update('view', object.key, (view) => ({ ...view, unknown: [...view.unknown, { about, why }] }));
    }
    this.changedTables = changed;
  }

  // — names —

  resetSearchPath(): void {
    this.searchPath = defaultSearchPath;
  }

  /** Schema that an object made without one goes into. */
  get creationSchema(): string {
    return this.searchPath.find((schema) => this.#layers.schema.entries.has(schema)) ?? 'public';
  }
  /** Key for something to be made: temporary relations live in a schema of their own. */
  newRelation(range: SyntaxNode): { schema: string; name: string; key: string } {
    const temporary = range.relpersistence === 't' || range.schemaname === temporarySchema;
    if (temporary) this.#temporary = true;
    const schema = temporary ? temporarySchema : (range.schemaname ?? this.creationSchema);
    return { schema, name: range.relname, key: keyOf(schema, range.relname) };
  }
  newName(parts: readonly string[]): { schema: string; name: string; key: string } {
    const { schema, name } = qualified(parts);
    const inSchema = schema ?? this.creationSchema;
    return { schema: inSchema, name, key: keyOf(inSchema, name) };
  }
  /** Key of an existing relation; where nothing has that name, the key it would most likely have. */
  relation(range: SyntaxNode): string {
    return this.resolve(range.schemaname ?? null, range.relname ?? '', (key) => this.isRelation(key));
  }
  relationNamed(parts: readonly string[]): string {
    const { schema, name } = qualified(parts);
    return this.resolve(schema, name, (key) => this.isRelation(key));
  }
  resolve(schema: string | null, name: string, exists: (key: string) => boolean): string {
    if (schema !== null) return keyOf(schema, name);
    for (const candidate of [temporarySchema, ...this.searchPath]) {
      const key = keyOf(candidate, name);
      if (exists(key)) return key;
    }
    // pg_catalog comes first in every search path; that its relations are no part of a state makes no difference.
    const fallback = /^pg_/.test(name) ? 'pg_catalog' : this.creationSchema;
    return keyOf(this.get('extension', name)?.schema ?? fallback, name);
  }
  isRelation(key: string): boolean {
    return this.has('table', key) || this.has('view', key) || this.has('sequence', key);
  }
  /** Key of a type's own name; a table's or view's row type counts. */
  typeKey(schema: string | null, name: string): string {
    const fromExtension = schema === null ? extensionOfType(name) : undefined;
    const extension = fromExtension === undefined ? undefined : this.get('extension', fromExtension);
    return this.resolve(
      schema,
      name,
      (key) =>
        this.has('type', key) ||
        this.has('table', key) ||
        this.has('view', key) ||
        (extension !== undefined && key === keyOf(extension.schema, name)),
    );
  }
  typeName(type: SyntaxNode | undefined, modifiers = true): string {
    if (type?.pct_type) return this.#typeOfColumn(strings(type.names)) ?? 'unknown';
    return typeName(type, { resolve: (schema, name) => this.typeKey(schema, name), modifiers });
  }
  /** True where the type is Postgres' own, or one that this state holds. */
  knowsType(type: SyntaxNode): boolean {
    const { schema, name } = qualified(strings(type.names));
    if (serialType(type) !== null || type.pct_type) return true;
    if ((schema === null || schema === 'pg_catalog') && isBuiltinType(name)) return true;
    const key = this.typeKey(schema, name);
    return (
      this.has('type', key) ||
      this.has('table', key) ||
      this.has('view', key) ||
      extensionOfType(name) !== undefined
    );
  }
  #typeOfColumn(parts: readonly string[]): string | undefined {
    const table = this.get('table', this.relationNamed(parts.slice(0, -1)));
    return table?.columns.find((column) => column.name === parts.at(-1))?.type;
  }

  // — the end —

  finish(): { state: SchemaState; touched: readonly ObjectRef[]; created: readonly ObjectRef[] } {
    if (this.#temporary) {
      for (const [ref, { key }] of this.#touched) {
        if (key.startsWith(`${temporarySchema}.`)) this.#touched.delete(ref);
      }
      for (const kind of ['table', 'view', 'sequence'] as const) {
        for (const [key, object] of this.all(kind)) {
          if (object.schema === temporarySchema) this.#forget(kind, key);
        }
      }
    }
    const state: SchemaState = {
      source: 'folded',
      schemas: this.all('schema'),
      tables: this.all('table'),
      views: this.all('view'),
      routines: this.all('routine'),
      types: this.all('type'),
      sequences: this.all('sequence'),
      extensions: this.all('extension'),
      publications: this.all('publication'),
      buckets: this.all('bucket'),
      defaultPrivileges: this.defaultPrivileges,
      unknown: this.#unknown ?? this.#before.unknown,
      era: this.era,
    };
    const unchanged =
      this.#touched.size === 0 &&
      state.defaultPrivileges === this.#before.defaultPrivileges &&
      state.unknown === this.#before.unknown &&
      state.era === this.#before.era;
    const after = unchanged ? this.#before : state;
    lookupsOf.set(after, this.lookups);
    return {
      state: after,
      touched: [...this.#touched.values()],
      created: [...this.#touched.entries()]
        .filter(([ref]) => this.#born.has(ref))
        .map(([, object]) => object),
    };
  }
  #forget(kind: 'table' | 'view' | 'sequence', key: string): void {
    this.#outdate(kind, key);
    this.#layers[kind].delete(key);
    this.#touched.delete(`${kind} ${key}`);
  }
}

/** What an object is keyed by in its map. */
function identity(object: ObjectOfKind[ObjectKind]): string {
  if ('key' in object) return object.key;
  return 'id' in object ? object.id : object.name;
}
