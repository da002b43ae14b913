/** A run that only reads the SQL: apart from the other stages, so that it loads no database. */
import type { DiscoveredProject } from '../changes/discover.ts';
import type { ProjectSettings } from '../config/load.ts';
import type { Facts } from '../model/facts.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import { onlyRead, type ProjectReport } from '../model/report.ts';
import type { TriedWayOut, WayOut } from '../model/way-out.ts';
import type { Reading } from './read.ts';
import type { CheckSettings } from './settings.ts';
import type { StageBook } from './stages.ts';

export interface Examination {
  readonly facts: Facts;
  readonly engine: ProjectReport['engine'];
  readonly notChecked: readonly NotChecked[];
  /** Where the head still stands, for who tries something on it; null where no access was looked at, or no more is asked for. */
  readonly database: ExaminedDatabase | null;
}

export interface ExaminedDatabase {
  /** Runs ways out on it, for good, and looks again. Throws where that can't be seen. */
  mended(ways: readonly WayOut[]): Promise<Mended>;
  close(): Promise<void>;
}

/** What was seen once they stood. */
export interface Mended {
  readonly tried: readonly TriedWayOut[];
  readonly facts: Facts;
}

export interface ExamineInput {
  readonly found: DiscoveredProject;
  readonly project: Project;
  readonly config: ProjectSettings;
  readonly reading: Reading;
  readonly settings: CheckSettings;
  readonly book: StageBook;
}

export const readsOnly = ({ settings, config }: ExamineInput) =>
  settings.stages === 'static' || config.engine.kind === 'none';

export function examineNothing(input: ExamineInput): Examination {
  for (const id of ['replay', 'inspect', 'probe', 'rollback'] as const)
    input.book.note(id, 'skipped', onlyRead);
  return { facts: factsRead(input), engine: null, notChecked: [], database: null };
}

/** What is known before any database: the facts of a run that only reads. */
export function factsRead({ found, project, reading, settings }: ExamineInput): Facts {
  return {
    project,
    history: found.history,
    changeSets: reading.changeSets,
    sources: reading.sources,
    clientCalls: reading.clientCalls,
    base: reading.base,
    head: reading.head,
    eraOf: reading.eraOf,
    eraByDate: reading.eraByDate,
    replay: null,
    access: null,
    rollback: null,
    schemaDiff: null,
    now: settings.now,
  };
}
