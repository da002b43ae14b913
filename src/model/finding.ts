/** What a rule says about a migration. The shapes here are part of the report contract (`docs/report.schema.json`). */

export type Severity = 'error' | 'warning' | 'info';

/** How a fact was come by: read from the SQL, or seen happening in Postgres. */
export type Evidence = 'static' | 'replay' | 'catalog' | 'probe' | 'rollback';

/** A stretch of a file. Lines and columns are 1-based; columns count UTF-16 code units, the end is exclusive. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A stretch of a named file. `file` is relative to the repository root, with forward slashes. */
export interface Place extends Span {
  readonly file: string;
}

export interface Edit {
  readonly file: string;
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

/** A change that certainly mends the finding. Edits never overlap; a rename is of whole files. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
  readonly rename?: { readonly from: string; readonly to: string };
}

export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly evidence: readonly Evidence[];
  /** Rule, object, role and command, hashed: never a line number. */
  readonly fingerprint: string;
  /** True where this pull request brings it; false where the base already had it. */
  readonly new: boolean;
  /** With `--all`: path of the later migration that mends it. Such findings do not gate. */
  readonly mendedBy: string | null;
  /** What is wrong, why it matters, what to do: three sentences at most, names in double quotes. */
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
  /** Postgres' own spelling, quoted where needed: `public.t`, `public."My table"`, `public.f(uuid)`. */
  readonly object: string | null;
  /** Ids of rules whose findings were merged into this one because they explain it. */
  readonly causes: readonly string[];
  /** The way out, in full: usually the SQL to write instead. */
  readonly help: string | null;
  readonly docs: string;
  /** SQL that shows it again by hand. */
  readonly repro: string | null;
  readonly fix: Fix | null;
}

export interface SuppressedFinding {
  readonly finding: Finding;
  readonly reason: string;
  readonly by: 'comment' | 'config';
  readonly file: string;
  readonly line: number | null;
}

/** "Could not check" is an answer; silence is not. */
export interface NotChecked {
  readonly what: string;
  readonly why: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Access that is not known: all of an object's, or what that policy of it opens. */
  readonly access?: { readonly object: string; readonly policy: string | null };
}
