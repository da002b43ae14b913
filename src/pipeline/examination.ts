/** What a run looks at, and what it knows of it: with a database, or from the SQL alone. */
import type { DiscoveredProject } from '../changes/discover.ts';
import type { ProjectSettings } from '../config/load.ts';
import type { Facts } from '../model/facts.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { ProjectReport } from '../model/report.ts';
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
