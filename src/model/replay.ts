/** What was seen while migrations ran. */
import type { NotChecked } from './finding.ts';

/** Postgres' error report, field by field (protocol-error-fields in the manual). */
export interface SqlError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  /** 1-based character position in the statement that was sent; null where Postgres gave none. */
  readonly position: number | null;
  /** CONTEXT. */
  readonly where: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly dataType: string | null;
  readonly constraint: string | null;
}

/** Lock modes as `pg_locks.mode` prints them (manual, 13.3 Explicit Locking). */
export type LockMode =
  | 'AccessShareLock'
  | 'RowShareLock'
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'ExclusiveLock'
  | 'AccessExclusiveLock';

export interface SeenLock {
  /** Key of a table, index or view that existed before the pull request. */
  readonly relation: string;
  readonly mode: LockMode;
  /** `manual`: nobody saw it, since the statement runs outside a transaction; it is what the manual says. */
  readonly source?: 'manual';
}

export interface StatementRun {
  readonly index: number;
  readonly line: number;
  readonly endLine: number;
  readonly kind: string;
  readonly durationMs: number;
  /** Locks this statement took that were not held before it, on relations that existed before the pull request. */
  readonly locks: readonly SeenLock[];
  /** Tables whose file was written anew (`relfilenode` changed). */
  readonly rewrites: readonly string[];
  readonly status: 'applied' | 'failed' | 'skipped' | 'not-checkable' | 'not-run';
  readonly error: SqlError | null;
  /** Why it was skipped or can't be checked. */
  readonly reason: string | null;
}

export interface MigrationRun {
  readonly path: string;
  readonly version: string;
  readonly status: 'applied' | 'partial' | 'failed' | 'skipped' | 'not-checkable' | 'not-run';
  readonly grants: GrantsEra;
  readonly durationMs: number;
  /** All statements of a changed migration; only failed ones of the base. */
  readonly statements: readonly StatementRun[];
  readonly error: MigrationError | null;
}

export interface MigrationError extends SqlError {
  /** Where in the file: 1-based line and UTF-16 column. (`column` is Postgres' column-name field.) */
  readonly line: number;
  readonly lineColumn: number;
  readonly alsoOnBase: boolean;
}

/** Whether new objects in `public` are granted to the API roles by default (`supabase-facts`: two eras). */
export type GrantsEra = 'automatic' | 'explicit';

/** A statement that applies on empty tables and fails on tables with rows. */
export interface RowsFailure {
  readonly path: string;
  readonly index: number;
  readonly line: number;
  readonly error: SqlError;
  /** `seeds`: on the project's own rows. `always`: on any row whatever. `values`: it depends on what the rows hold. */
  readonly on: 'seeds' | 'always' | 'values';
  readonly table: string | null;
  /** Query that counts the rows that would stop it; null where none is known. */
  readonly countQuery: string | null;
}

/** Statement that stops a second run of the same migration. */
export interface RerunFailure {
  readonly path: string;
  readonly index: number;
  readonly line: number;
  readonly error: SqlError;
}

/** A function body that names what does not exist, or does not type-check. */
export interface BrokenFunction {
  readonly function: string;
  readonly path: string | null;
  readonly line: number | null;
  readonly error: SqlError;
  readonly bodyLine: number | null;
  /** The table whose trigger fails by it, where the function serves others too. */
  readonly table: string | null;
  /** A handler in the body catches it. */
  readonly swallowed: boolean;
}

export interface TestFileRun {
  readonly path: string;
  readonly status: 'passed' | 'failed' | 'error' | 'not-checkable';
  readonly passed: number;
  readonly failed: number;
  readonly detail: string | null;
}

/** The first statement of the project's seeds that fails on the head, where the CLI stops. */
export interface SeedFailure {
  readonly path: string;
  readonly line: number;
  readonly error: SqlError;
  /** What the seeds did on the base; `absent`: that seed was not there, or there was nothing to lay it on. */
  readonly onBase: 'applied' | 'failed' | 'absent';
  /** The changed statement that takes or changes what the seed needs. */
  readonly cause: { readonly path: string; readonly line: number; readonly endLine: number } | null;
}

/** A pgTAP file of the project that fails on the head. */
export interface TestFailure {
  readonly path: string;
  readonly line: number | null;
  /** The first failing line of TAP, or the error that stopped the file. */
  readonly says: string;
  /** `fewer`: fewer of its tests failed there. `absent`: it was not there. `unknown`: it could not be run there. */
  readonly onBase: 'passed' | 'fewer' | 'failed' | 'absent' | 'unknown';
}

/** CREATE … IF NOT EXISTS that did nothing although what exists differs. */
export interface SkippedCreate {
  readonly path: string;
  readonly index: number;
  readonly line: number;
  readonly object: string;
  readonly difference: string;
}

export interface ReplayFacts {
  readonly base: {
    readonly reproducible: boolean;
    /** Migrations of the base that applied whole, and all of them. */
    readonly applied: number;
    readonly total: number;
    readonly firstFailure: { readonly path: string; readonly line: number; readonly error: SqlError } | null;
    /** Names that the base's failed statements would have made, or that nothing makes: what may be missing here. */
    readonly failedStatements: number;
  };
  readonly runs: readonly MigrationRun[];
  readonly rows: readonly RowsFailure[];
  readonly reruns: readonly RerunFailure[];
  readonly brokenFunctions: readonly BrokenFunction[];
  readonly skippedCreates: readonly SkippedCreate[];
  readonly tests: readonly TestFileRun[];
  readonly testFailures: readonly TestFailure[];
  readonly seedFailure: SeedFailure | null;
  /** Differences between base-then-changes and string order from zero, one line each. */
  readonly orderDifferences: readonly string[];
  readonly notChecked: readonly NotChecked[];
}
