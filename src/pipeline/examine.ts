/** Stages 3 to 6 on one database: replay, inspect, probe, roll back. See "State plan" in docs/architecture.md. */
import type { DiscoveredProject } from '../changes/discover.ts';
import type { ProjectSettings } from '../config/load.ts';
import type { Facts } from '../model/facts.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { ProjectReport } from '../model/report.ts';
import { Replay } from '../replay/replay.ts';
import { openEngine } from './engine.ts';
import type { Reading } from './read.ts';
import type { CheckSettings } from './settings.ts';
import type { StageBook } from './stages.ts';

export interface Examination {
  readonly facts: Facts;
  readonly engine: ProjectReport['engine'];
  readonly notChecked: readonly NotChecked[];
}

export interface ExamineInput {
  readonly found: DiscoveredProject;
  readonly project: Project;
  readonly config: ProjectSettings;
  readonly reading: Reading;
  readonly settings: CheckSettings;
  readonly book: StageBook;
}

export async function examine(input: ExamineInput): Promise<Examination> {
  const { found, project, config, reading, settings, book } = input;
  const facts: Facts = {
    project,
    history: found.history,
    changeSets: reading.changeSets,
    sources: reading.sources,
    base: reading.base,
    head: reading.head,
    eraOf: reading.eraOf,
    replay: null,
    access: null,
    rollback: null,
    schemaDiff: null,
    now: settings.now,
  };
  if (settings.stages === 'static' || config.engine.kind === 'none') {
    for (const id of ['replay', 'inspect', 'probe', 'rollback'] as const)
      book.note(id, 'skipped', 'only the SQL was read');
    return { facts, engine: null, notChecked: [] };
  }

  const open = () => openEngine(config, [...reading.sources.values(), ...reading.baseSources.values()]);
  const first = await book.run('replay', null, () => book.time('boot', open));
  if (first === null) return { facts, engine: null, notChecked: [] };

  const replay = new Replay({
    engine: first,
    reopen: open,
    project,
    history: found.history,
    sources: reading.sources,
    eraOf: reading.eraOf,
    baseline: null,
  });
  try {
    await book.run('replay', null, async () => {
      await replay.base();
      await replay.mark();
      await replay.changes();
    });
    return {
      facts: { ...facts, replay: replay.facts() },
      engine: { kind: replay.engine.kind, postgres: replay.engine.postgres, grants: 'mixed', note: null },
      notChecked: [],
    };
  } finally {
    await replay.engine.close();
  }
}
