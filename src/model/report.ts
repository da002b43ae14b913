/** The report contract: what `check --format json` prints. Fields can be added, never changed; enumerations are open. */
import type { AccessChange, ObjectAccess, SignUpRun } from './access.ts';
import type { Finding, NotChecked, SuppressedFinding } from './finding.ts';
import type { ChangeKind } from './migration.ts';
import type { GrantsEra, MigrationRun, SeenLock, TestFileRun } from './replay.ts';
import type { RollbackResult, SchemaDiff } from './rollback.ts';

export type Verdict = 'pass' | 'fail' | 'incomplete';
export type FailOn = 'error' | 'warning' | 'never';

/** Why stages are skipped in a run that was to try nothing. */
export const onlyRead = 'only the SQL was read';

export type StageId = 'discover' | 'read' | 'replay' | 'inspect' | 'probe' | 'rollback' | 'judge';
export interface StageReport {
  readonly id: StageId;
  readonly status: 'done' | 'partial' | 'skipped' | 'failed';
  readonly reason: string | null;
}

export interface MigrationReport {
  readonly path: string;
  readonly version: string;
  readonly name: string;
  readonly change: ChangeKind;
  readonly status: MigrationRun['status'];
  readonly grants: GrantsEra;
  readonly durationMs: number;
  readonly error: {
    readonly sqlstate: string;
    readonly message: string;
    readonly line: number;
    readonly alsoOnBase: boolean;
  } | null;
  readonly statements: readonly {
    readonly line: number;
    readonly endLine: number;
    readonly kind: string;
    readonly durationMs: number;
    readonly locks: readonly SeenLock[];
    readonly rewrites: readonly string[];
  }[];
}

export const checklistIds = [
  'naming',
  'primary-keys',
  'timestamps',
  'foreign-keys',
  'rls-enabled',
  'policies',
  'service-role',
  'foreign-key-indexes',
  'filter-indexes',
  'comments',
  'applies',
  'access-tested',
  'secrets',
  'rollback',
] as const;
export type ChecklistId = (typeof checklistIds)[number];
export interface ChecklistItem {
  readonly id: ChecklistId;
  readonly title: string;
  readonly status: 'pass' | 'fail' | 'warn' | 'skip';
  readonly detail: string;
}

export type DiagramChange = 'added' | 'removed' | 'changed' | 'unchanged';

/** What the diagram of the schema draws: tables that changed, and their neighbours by foreign key. */
export interface SchemaDiagram {
  readonly tables: readonly {
    readonly table: string;
    readonly change: DiagramChange;
    readonly columns: readonly {
      readonly name: string;
      readonly type: string;
      readonly primaryKey: boolean;
      readonly foreignKey: boolean;
      readonly change: DiagramChange;
    }[];
  }[];
  readonly references: readonly {
    readonly from: string;
    readonly to: string;
    readonly columns: readonly string[];
    readonly unique: boolean;
    readonly change: DiagramChange;
  }[];
}

export interface ProjectReport {
  readonly path: string;
  readonly verdict: Verdict;
  readonly failOn: FailOn;
  readonly base: {
    readonly ref: string | null;
    readonly sha: string | null;
    readonly reproducible: boolean | null;
    /** Migrations of the base that applied whole, of all. */
    readonly applied: number | null;
    readonly total: number | null;
  };
  readonly engine: {
    readonly kind: 'embedded' | 'server';
    readonly postgres: string;
    readonly grants: GrantsEra | 'mixed';
    /** Where no setting says it and the files' dates do. */
    readonly grantsBy?: 'date';
    /** Said where it differs from what `config.toml` asks for. */
    readonly note: string | null;
  } | null;
  readonly stages: readonly StageReport[];
  readonly migrations: readonly MigrationReport[];
  readonly findings: readonly Finding[];
  readonly preexisting: { readonly error: number; readonly warning: number; readonly info: number };
  readonly suppressed: readonly SuppressedFinding[];
  readonly notChecked: readonly NotChecked[];
  readonly checklist: readonly ChecklistItem[];
  readonly access: {
    readonly objects: readonly ObjectAccess[];
    readonly changes: readonly AccessChange[];
    readonly signUps: readonly SignUpRun[];
  };
  readonly rollback: readonly RollbackResult[];
  readonly schemaDiff: SchemaDiff;
  /** Null where no table changed. */
  readonly diagram: SchemaDiagram | null;
  readonly tests: readonly TestFileRun[];
  readonly timings: { readonly totalMs: number; readonly stages: Readonly<Record<string, number>> };
  /** How much was really checked: "pass" is never written without it. */
  readonly coverage: {
    readonly statements: number;
    readonly statementsChecked: number;
    readonly objects: number;
    readonly objectsProbed: number;
  };
}

export interface Report {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'supabase-migration-guard'; readonly version: string };
  readonly verdict: Verdict;
  readonly failOn: FailOn;
  readonly projects: readonly ProjectReport[];
  /** Set with `incomplete` when no project could be looked at at all. */
  readonly problem: string | null;
}
