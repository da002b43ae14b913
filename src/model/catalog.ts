/** The whole schema of a database at one moment, object by object, with the SQL that makes and drops each. */

export type CatalogKind =
  | 'database'
  | 'role'
  | 'membership'
  | 'setting'
  | 'schema'
  | 'extension'
  | 'type'
  | 'function'
  | 'procedure'
  | 'aggregate'
  | 'sequence'
  | 'sequence owner'
  | 'table'
  | 'foreign table'
  | 'view'
  | 'materialized view'
  | 'column'
  | 'default'
  | 'constraint'
  | 'index'
  | 'rls'
  | 'policy'
  | 'trigger'
  | 'rule'
  | 'statistics'
  | 'publication'
  | 'publication table'
  | 'event trigger'
  | 'foreign data wrapper'
  | 'server'
  | 'user mapping'
  | 'text search dictionary'
  | 'text search configuration'
  | 'operator'
  | 'cast'
  | 'collation'
  | 'conversion'
  | 'default privilege'
  | 'grant'
  | 'comment'
  | 'security label'
  | 'bucket'
  | 'cron job'
  | 'queue'
  | 'other';

export interface CatalogObject {
  /** `kind identity`: unique within a snapshot. */
  readonly id: string;
  readonly kind: CatalogKind;
  /** Postgres' own spelling: `public.t`, `public.t.c`, `public.f(uuid)`, `"own rows" on public.t`, `table public.t to anon`. */
  readonly identity: string;
  /** Id of the object this one is part of: it goes when that one goes. */
  readonly parent: string | null;
  /** All there is to say about it, for people: SQL where Postgres has a form for it. */
  readonly definition: string;
  /** The same for programs: what decides how it can be altered. Canonical JSON. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Statements that make it where everything it depends on is there; empty where it comes with its parent, or can't be made again. */
  readonly create: readonly string[];
  /** Null where no statement drops it by itself. */
  readonly drop: readonly string[] | null;
  /** Ids of the objects it needs. */
  readonly dependencies: readonly string[];
  /**
   * Address within this database (`pg_class 16385`, for columns with the number): the same before and after a rename.
   * No part of the fingerprint. Null for what has no address of its own (grants, comments).
   */
  readonly address: string | null;
}

export interface Snapshot {
  readonly objects: ReadonlyMap<string, CatalogObject>;
  /** `show server_version_num` / 10000. */
  readonly major: number;
  /** Owners' and PUBLIC's privileges on a new object, before default privileges: letters of an aclitem by object class. */
  readonly ownerPrivileges: Readonly<
    Record<'table' | 'sequence' | 'function' | 'type' | 'schema' | 'wrapper' | 'server', string>
  >;
}

const contents = new WeakMap<CatalogObject, string>();

/** What two objects of one identity must have in common to be the same. */
export function contentOf(object: CatalogObject): string {
  let content = contents.get(object);
  if (content === undefined) {
    content = JSON.stringify([object.definition, object.properties]);
    contents.set(object, content);
  }
  return content;
}
