/** Migrations as files, and what a pull request does to them. */

export type ChangeKind = 'added' | 'edited' | 'renamed' | 'removed' | 'unchanged';

/** One file that the Supabase CLI would run. */
export interface Migration {
  /** Relative to the repository root, with forward slashes. */
  readonly path: string;
  /** File name without the folder. */
  readonly fileName: string;
  /** The digits before the first underscore, compared as a string, as the CLI does. */
  readonly version: string;
  /** What stands between the version and `.sql`. */
  readonly name: string;
  /** Text with a UTF-8 byte-order mark removed; null where the bytes are no UTF-8 text. */
  readonly text: string | null;
  /** Why `text` is null. */
  readonly unreadable: string | null;
}

/** A file or folder in `supabase/migrations` that the CLI passes over. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: 'name' | 'folder' | 'legacy-init' | 'link';
  /** Of a file whose name is no migration's: what it holds, which may say whom it is for. */
  readonly text?: string | null;
}

export interface Change {
  readonly kind: Exclude<ChangeKind, 'unchanged'>;
  /** Path on the head; on the base where the file was removed. */
  readonly path: string;
  readonly previousPath: string | null;
  /** Text on the base of an edited, renamed or removed file. */
  readonly before: string | null;
}

/** A migration that is not in this checkout. */
export interface MigrationElsewhere {
  readonly version: string;
  readonly path: string;
  /** `#12`, or the name of a branch. */
  readonly where: string;
}

/** The migrations of base and head in the order the CLI runs them, and the difference. */
export interface History {
  readonly base: readonly Migration[];
  readonly head: readonly Migration[];
  readonly skipped: readonly SkippedEntry[];
  readonly skippedOnBase: readonly SkippedEntry[];
  readonly changes: readonly Change[];
  /** Changed files under `supabase/` that are no migrations (config.toml, seeds, tests, the guard's own config). */
  readonly otherChanges: readonly string[];
  /** What other open pull requests add. */
  readonly openPullRequests: readonly MigrationElsewhere[];
  /** What came to the base branch since this branch was made: on its tip, and neither in `base` nor in `head`. */
  readonly baseTip: readonly MigrationElsewhere[];
  /** The remote database's history, where it was given. */
  readonly remote: readonly RemoteVersion[] | null;
  /** Files that would be changes, had the remote database not run them already: they stand in the base. */
  readonly ranBefore: readonly string[];
  /** The commit that `base` was read from; null where no git was asked. */
  readonly baseCommit: string | null;
  /** True with `--all`: every migration is judged as its own pull request. */
  readonly all: boolean;
}

export interface RemoteVersion {
  readonly version: string;
  readonly name: string | null;
  readonly statements: readonly string[] | null;
}

/** What `supabase/config.toml` and its neighbours say, as far as it decides what a migration does. */
export interface Project {
  /** Folder that holds `supabase/`, relative to the repository root; `.` for the root itself. */
  readonly path: string;
  /** Absolute path of that folder. */
  readonly root: string;
  readonly major: number;
  /** `[api].schemas`: what the Data API shows. */
  readonly exposedSchemas: readonly string[];
  readonly extraSearchPath: readonly string[];
  /** `[api].auto_expose_new_tables`; null where it is not said. */
  readonly autoExposeNewTables: boolean | null;
  /** By the words of its template, new tables are granted to nobody where that is not said. */
  readonly unsetHides: boolean;
  /**
   * The file speaks of that setting, be it in a comment: the CLI that wrote it knows projects that expose nothing by
   * themselves. Or there is no file, and nothing tells how old the project is.
   */
  readonly namesAutoExpose: boolean;
  /** `[auth.third_party.*]` that is enabled: Clerk, Firebase and others sign users in. */
  readonly thirdPartyAuth: boolean;
  readonly anonymousSignIns: boolean;
  readonly phoneSignIns: boolean;
  readonly seeds: readonly { readonly path: string; readonly sql: string }[];
  readonly roles: { readonly path: string; readonly sql: string } | null;
  /** `[auth.hook.*]` with a `pg-functions://` URI: hook name to `schema.function`. */
  readonly hooks: readonly { readonly name: string; readonly uri: string }[];
  /** `[storage.buckets.*]`. */
  readonly buckets: readonly { readonly name: string; readonly public: boolean }[];
  /** `supabase/tests`: what `supabase test db` runs. */
  readonly tests: readonly { readonly path: string; readonly sql: string }[];
  /** Other files in there, for a test to include. */
  readonly testParts: readonly { readonly path: string; readonly sql: string }[];
  /** Things in `config.toml` that could not be read: said once, never fatal. */
  readonly notes: readonly string[];
}
