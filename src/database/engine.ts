/** The one door to a Postgres. Nothing outside `database/` knows which one stands behind it. */
import type { SqlError } from '../model/replay.ts';

/** Values come as Postgres' text, whatever their type: both engines print the same. */
export type Row = Readonly<Record<string, string | null>>;

/** A statement's error, as Postgres reported it. Thrown by `exec` and `query`, returned by `batch`. */
export class DatabaseError extends Error implements SqlError {
  readonly sqlstate: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly position: number | null;
  readonly where: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly dataType: string | null;
  readonly constraint: string | null;

  constructor(fields: SqlError) {
    super(fields.message);
    this.name = 'DatabaseError';
    this.sqlstate = fields.sqlstate;
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.position = fields.position;
    this.where = fields.where;
    this.schema = fields.schema;
    this.table = fields.table;
    this.column = fields.column;
    this.dataType = fields.dataType;
    this.constraint = fields.constraint;
  }
}

/**
 * The engine is gone: a statement passed its time limit and the worker was ended, it crashed, or the connection broke.
 * Every later call throws this again; go on with a new engine from the last checkpoint.
 */
export class EngineLost extends Error {
  readonly reason: 'time-limit' | 'crash' | 'connection';
  /** Which statement of a batch it was, where that is known. */
  readonly index: number | null;
  constructor(reason: EngineLost['reason'], message: string, index: number | null = null) {
    super(message);
    this.name = 'EngineLost';
    this.reason = reason;
    this.index = index;
  }
}

export type Outcome =
  | { readonly ok: true; readonly rows: readonly Row[]; readonly affected: number; readonly ms: number }
  | { readonly ok: false; readonly error: DatabaseError; readonly ms: number };

export interface BatchOptions {
  /** Stop at the first error; what follows is left out of the answer. Default false. */
  readonly stopOnError?: boolean;
}

/** One connection. Not for use by two callers at once; statements run in the order they are given. */
export interface Session {
  /** Runs one or several statements by the simple protocol (no implicit transaction around a single one). */
  exec(sql: string): Promise<void>;
  /** Rows of one statement; values as text. With parameters by the extended protocol ($1 …). */
  query(sql: string, parameters?: readonly (string | number | boolean | null)[]): Promise<readonly Row[]>;
  /** Several statements, each sent by itself, in one round trip where the engine can: an outcome each, SQL errors never thrown. */
  batch(statements: readonly string[], options?: BatchOptions): Promise<readonly Outcome[]>;
}

/** A state of the database to come back to. Opaque; valid for the engine kind that made it. */
export interface Checkpoint {
  readonly kind: 'embedded' | 'server';
  /** Frees what it holds. */
  drop(): Promise<void>;
}

export interface Engine {
  readonly kind: 'embedded' | 'server';
  /** As `show server_version` says: `17.5`. */
  readonly postgres: string;
  readonly major: number;
  /** Superuser `supabase_admin`: catalogs, rows for the probes, `set local role` to anyone. */
  readonly admin: Session;
  /**
   * What migrations run as: session user `postgres`, no superuser. On the embedded engine it shares the one connection
   * with `admin` (each call switches the session authorization where needed), so a transaction must be ended, or rolled
   * back, before the other session is used.
   */
  readonly postgresRole: Session;
  /**
   * A session that may become any role of the platform's and lays rows past row level security, for as long as `work`
   * takes. What the project made (defaults, triggers, policies, functions) runs there: on a server it is no superuser's,
   * whatever role that code goes back to, so that it reaches nothing outside its database.
   */
  act<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** The state now, no transaction being open. Embedded 0.15 s and 45 MB; server a template database. */
  checkpoint(): Promise<Checkpoint>;
  /** A second engine at that state (embedded 0.7 to 1 s and 0.4 GB). At most two are alive at once: close it. */
  open(from: Checkpoint): Promise<Engine>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Milliseconds after which one statement is given up. Embedded: the worker is ended (EngineLost); server: SQLSTATE 57014. */
  readonly statementLimitMs: number;
  /** Extensions to have at hand beyond those always there (names as in CREATE EXTENSION). */
  readonly extensions: readonly string[];
}
