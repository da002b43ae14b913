/** The way back: where it was found, whether it ran, what it left. */
export interface RollbackResult {
  /** Migration it undoes. */
  readonly path: string;
  readonly plan: 'file' | 'section' | 'generated' | 'none';
  /** Where a given plan stands. */
  readonly planPath: string | null;
  readonly planLine: number | null;
  readonly status: 'restores' | 'differs' | 'failed' | 'irreversible' | 'not-run';
  readonly sql: string | null;
  /** What is left, object by object; or the error; or which data is lost. */
  readonly differences: readonly string[];
  readonly losesData: readonly string[];
  readonly error: {
    readonly sqlstate: string;
    readonly message: string;
    /** Postgres' DETAIL: what depends on it, which row stands in the way. */
    readonly detail?: string | null;
    readonly line: number | null;
  } | null;
  readonly detail: string | null;
  /** Whether the migration ran once more after it and led to the same catalog; null where that was not tried. */
  readonly upAgain?: boolean | null;
  /** Where the given plan does not lead back: a generated one that does. */
  readonly alternative?: string | null;
}

export interface SchemaDiffEntry {
  /** `table`, `column`, `policy`, `index`, `constraint`, `function`, `trigger`, `grant`, `view`, … */
  readonly kind: string;
  readonly object: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface SchemaDiff {
  readonly added: readonly SchemaDiffEntry[];
  readonly removed: readonly SchemaDiffEntry[];
  readonly changed: readonly SchemaDiffEntry[];
}
