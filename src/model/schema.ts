/**
 * The state of a database's schema. One type with two sources: folded from the SQL of all migrations (no engine), and
 * read from the catalog (the truth where the replay ran). Values are immutable; whatever folds makes new ones.
 *
 * Keys are Postgres' own spelling of a qualified name, each part quoted where Postgres would: `public.t`,
 * `public."My table"`; functions carry their identity arguments as `pg_get_function_identity_arguments` prints types:
 * `public.f(uuid, integer)`.
 */
import type { Place } from './finding.ts';
import type { GrantsEra } from './replay.ts';
import type { SyntaxNode } from './sql.ts';

/** Where the SQL that made something stands. Null in a state that was read from the catalog alone. */
export type Origin = Place | null;

export interface Expression {
  /** As written, or as `pg_get_expr` deparses it. */
  readonly text: string;
  /** Parsed; null where it could not be. */
  readonly node: SyntaxNode | null;
}

export interface Column {
  readonly name: string;
  /** As `format_type` prints it: `timestamp with time zone`, `character varying(20)`, `public.mood`. */
  readonly type: string;
  readonly notNull: boolean;
  readonly default: Expression | null;
  readonly identity: 'always' | 'by default' | null;
  readonly generated: Expression | null;
  /** Sequence it owns (serial): key. */
  readonly sequence: string | null;
  readonly comment: string | null;
  readonly origin: Origin;
}

export interface Key {
  readonly name: string;
  readonly columns: readonly string[];
  readonly origin: Origin;
}

export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

export interface ForeignKey extends Key {
  /** Key of the referenced table. */
  readonly references: string;
  /** Empty where the SQL leaves it to the primary key and that is not known. */
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /** False where the SQL names no ON DELETE at all. The catalog can't tell: there it is `onDelete !== 'no action'`. */
  readonly onDeleteStated: boolean;
  readonly validated: boolean;
}

export interface Check {
  readonly name: string;
  readonly expression: Expression;
  readonly validated: boolean;
  readonly origin: Origin;
}

export interface Index {
  readonly name: string;
  /** Plain columns in order; null in the place of an expression. */
  readonly columns: readonly (string | null)[];
  /** What stands in the places of the nulls, in order. */
  readonly expressions: readonly Expression[];
  readonly unique: boolean;
  readonly method: string;
  readonly predicate: Expression | null;
  readonly include: readonly string[];
  /** True where a constraint (primary key, unique, exclusion) stands behind it. */
  readonly constraint: boolean;
  readonly valid: boolean;
  /** Normalised definition without the name, to find doubles. */
  readonly definition: string;
  readonly origin: Origin;
}

export type Command = 'select' | 'insert' | 'update' | 'delete';

export interface Policy {
  readonly name: string;
  readonly command: Command | 'all';
  readonly permissive: boolean;
  /** `public` stands for every role, in lower case as `pg_policies` prints it. */
  readonly roles: readonly string[];
  /** False where the SQL has no TO. */
  readonly rolesStated: boolean;
  readonly using: Expression | null;
  readonly check: Expression | null;
  readonly comment: string | null;
  readonly origin: Origin;
}

export interface Trigger {
  readonly name: string;
  readonly timing: 'before' | 'after' | 'instead of';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  readonly level: 'row' | 'statement';
  /** Key without arguments: `public.handle_new_user`. */
  readonly function: string;
  readonly enabled: boolean;
  readonly origin: Origin;
}

export type Privilege =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'references'
  | 'trigger'
  | 'maintain'
  | 'usage'
  | 'execute'
  | 'create';

export interface Grant {
  /** Role, or `public` for PUBLIC. */
  readonly grantee: string;
  readonly privilege: Privilege;
  /** Column grants: the columns; null for the whole object. */
  readonly columns: readonly string[] | null;
  /** Where a statement granted it by name; null where default privileges did. */
  readonly origin: Origin;
  /** WITH GRANT OPTION. */
  readonly grantable?: boolean;
}

export interface Table {
  readonly kind: 'table' | 'partitioned' | 'partition' | 'foreign';
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  /** Key of the parent of a partition or an inheriting table. */
  readonly parent: string | null;
  readonly columns: readonly Column[];
  readonly primaryKey: Key | null;
  readonly uniques: readonly Key[];
  readonly exclusions: readonly Key[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly indexes: readonly Index[];
  readonly policies: readonly Policy[];
  readonly triggers: readonly Trigger[];
  readonly grants: readonly Grant[];
  readonly rls: boolean;
  readonly forceRls: boolean;
  readonly comment: string | null;
  readonly owner: string;
  readonly origin: Origin;
  /** Statement that last turned RLS on or off. */
  readonly rlsOrigin: Origin;
  /**
   * What the fold could not follow (dynamic SQL; a table that no migration makes). Where there is something, what the
   * table seems to lack proves nothing. Empty from the catalog.
   */
  readonly unknown: readonly Doubt[];
}

export interface View {
  readonly kind: 'view' | 'materialized view';
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  readonly securityInvoker: boolean;
  readonly securityBarrier: boolean;
  readonly definition: Expression;
  readonly columns: readonly string[];
  /** Keys of tables and views it reads. */
  readonly reads: readonly string[];
  readonly indexes: readonly Index[];
  readonly triggers: readonly Trigger[];
  readonly grants: readonly Grant[];
  readonly owner: string;
  readonly comment: string | null;
  readonly origin: Origin;
  /** As of a table: what the fold could not follow. */
  readonly unknown: readonly Doubt[];
}

export interface FunctionArgument {
  readonly name: string | null;
  readonly type: string;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly hasDefault: boolean;
}

export interface Routine {
  readonly kind: 'function' | 'procedure' | 'aggregate';
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  readonly arguments: readonly FunctionArgument[];
  /** Functions that the defaults of its arguments call: `auth.uid` where a call that leaves it out asks for the caller. */
  readonly defaultCalls?: readonly string[];
  /** As printed by `pg_get_function_result`; `trigger`, `SETOF public.t`, `TABLE(a integer)`. */
  readonly returns: string;
  readonly language: string;
  readonly body: string;
  readonly securityDefiner: boolean;
  /** `SET name = value` clauses. */
  readonly config: Readonly<Record<string, string>>;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly strict: boolean;
  readonly grants: readonly Grant[];
  readonly owner: string;
  readonly comment: string | null;
  readonly origin: Origin;
}

export interface DataType {
  readonly kind: 'enum' | 'composite' | 'domain' | 'range';
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly origin: Origin;
}

export interface Sequence {
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  /** Key of the column: `public.t.id`. */
  readonly ownedBy: string | null;
  readonly owner: string;
  readonly grants: readonly Grant[];
  readonly origin: Origin;
}

export interface Namespace {
  readonly name: string;
  readonly owner: string;
  readonly grants: readonly Grant[];
  readonly origin: Origin;
}

export interface Extension {
  readonly name: string;
  readonly schema: string;
  readonly origin: Origin;
}

export interface Publication {
  readonly name: string;
  readonly allTables: boolean;
  /** FOR TABLES IN SCHEMA. */
  readonly schemas: readonly string[];
  readonly tables: readonly { readonly table: string; readonly origin: Origin }[];
}

export interface Bucket {
  readonly id: string;
  readonly public: boolean;
  readonly origin: Origin;
}

export interface DefaultPrivilege {
  readonly role: string;
  /** Null: every schema. */
  readonly schema: string | null;
  readonly objects: 'tables' | 'sequences' | 'functions' | 'types' | 'schemas';
  readonly grantee: string;
  readonly privilege: Privilege;
}

export interface Doubt {
  /**
   * Some of its columns; the whole object, which no migration makes; what else a block does to it that is not followed to
   * its end; any table, where neither text nor table is known; anything else.
   */
  readonly about: 'columns' | 'object' | 'block' | 'any' | 'else';
  readonly why: string;
}

export interface Unknown extends Doubt {
  readonly place: Place;
  /** The one object it is about; null where it may be about any. */
  readonly object: ObjectRef | null;
}

export interface SchemaState {
  readonly source: 'folded' | 'catalog' | 'overlay';
  readonly schemas: ReadonlyMap<string, Namespace>;
  readonly tables: ReadonlyMap<string, Table>;
  readonly views: ReadonlyMap<string, View>;
  readonly routines: ReadonlyMap<string, Routine>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly sequences: ReadonlyMap<string, Sequence>;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly publications: ReadonlyMap<string, Publication>;
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly defaultPrivileges: readonly DefaultPrivilege[];
  /** What the fold could not follow: statement and why. Empty from the catalog. */
  readonly unknown: readonly Unknown[];
  /** Whose default privileges hold at this point; null where the state was read from a catalog. */
  readonly era: GrantsEra | null;
}

/** Any object of a state, by kind and key: `table public.t`, `function public.f(uuid)`. */
export type ObjectKind =
  | 'schema'
  | 'table'
  | 'view'
  | 'routine'
  | 'type'
  | 'sequence'
  | 'extension'
  | 'publication'
  | 'bucket';
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly key: string;
}

/** One step of the fold: a migration, the state before and after it, and what it touched. */
export interface FoldStep {
  readonly path: string;
  readonly before: SchemaState;
  readonly after: SchemaState;
  /** Objects made, altered or dropped by this file, and tables whose policies, indexes, grants … it changed. */
  readonly touched: readonly ObjectRef[];
  /** Those of `touched` that this file made; what it merely renamed or moved is not among them. */
  readonly created: readonly ObjectRef[];
  /** UTF-16 offsets of statements in DO blocks that the state before says are not run. */
  readonly idle: readonly { readonly start: number; readonly end: number }[];
}
