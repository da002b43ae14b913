/** Everything the stages found out about one project, for the rules to judge. Stages produce facts and never findings. */
import type { AccessFacts } from './access.ts';
import type { ClientCall, StorageCall } from './client.ts';
import type { History, Migration, Project } from './migration.ts';
import type { GrantsEra, ReplayFacts } from './replay.ts';
import type { RollbackResult, SchemaDiff } from './rollback.ts';
import type { FoldStep, SchemaState } from './schema.ts';
import type { SourceFile } from './sql.ts';

/** One changed migration, read and folded. */
export interface ChangedMigration {
  readonly migration: Migration;
  readonly change: 'added' | 'edited' | 'renamed';
  readonly source: SourceFile;
  readonly step: FoldStep;
}

/**
 * What is judged together: the pull request's changed migrations; with `--all`, each migration by itself.
 * "New" and "existed before" always mean: against `before`.
 */
export interface ChangeSet {
  readonly migrations: readonly ChangedMigration[];
  readonly before: SchemaState;
  readonly after: SchemaState;
  /** Keys (`kind key`) of what this set touched and of what it made. */
  readonly touched: ReadonlySet<string>;
  readonly created: ReadonlySet<string>;
}

export interface Facts {
  readonly project: Project;
  readonly history: History;
  readonly changeSets: readonly ChangeSet[];
  /** Syntax of every migration of the head by path. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  /** What the application's code asks of the database; empty where the change touches no table, view, function or bucket. */
  readonly clientCalls: readonly ClientCall[];
  /** What it asks of buckets; empty where that is. */
  readonly storageCalls: readonly StorageCall[];
  /** State at the end of base and head: folded, overlaid with the catalog where the replay ran. */
  readonly base: SchemaState;
  readonly head: SchemaState;
  readonly eraOf: (version: string) => GrantsEra;
  /** No setting says it: the dates in the files' names do. */
  readonly eraByDate: boolean;
  readonly replay: ReplayFacts | null;
  readonly access: AccessFacts | null;
  readonly rollback: readonly RollbackResult[] | null;
  readonly schemaDiff: SchemaDiff | null;
  /** "Now", for rules about dates: milliseconds since 1970, UTC. */
  readonly now: number;
}
