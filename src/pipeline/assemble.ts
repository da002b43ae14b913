/** From facts and findings to the report object, and the verdict. */
import type { DiscoveredProject } from '../changes/discover.ts';
import type { ProjectSettings } from '../config/load.ts';
import type { AccessMatrix } from '../model/access.ts';
import type { Facts } from '../model/facts.ts';
import type { Finding, NotChecked, Severity } from '../model/finding.ts';
import type { Migration, Project } from '../model/migration.ts';
import type { MigrationRun } from '../model/replay.ts';
import type { FailOn, MigrationReport, ProjectReport, Report, Verdict } from '../model/report.ts';
import { checklist } from '../report/checklist.ts';
import { diagramOf } from '../report/diagram.ts';
import { counts } from '../report/report.ts';
import type { Judgement } from '../rules/engine.ts';
import { version } from '../version.ts';
import type { Examination } from './examination.ts';
import type { Reading } from './read.ts';
import type { CheckSettings } from './settings.ts';
import type { StageBook } from './stages.ts';

const tool = { name: 'supabase-migration-guard', version } as const;
const emptyDiff = { added: [], removed: [], changed: [] };

export function assemble(projects: readonly ProjectReport[], settings: CheckSettings): Report {
  const worst = (['fail', 'incomplete', 'pass'] as const).find((verdict) =>
    projects.some((p) => p.verdict === verdict),
  );
  return {
    schemaVersion: 1,
    tool,
    verdict: worst ?? 'pass',
    failOn: settings.overrides.failOn ?? projects[0]?.failOn ?? 'error',
    projects,
    problem: null,
  };
}

/** The report of a run that could not look at anything. */
export function unableReport(problem: string, failOn: FailOn): Report {
  return { schemaVersion: 1, tool, verdict: 'incomplete', failOn, projects: [], problem };
}

/** No migration is touched: a pass, at once, with nothing booted. */
export function nothingChanged(
  found: DiscoveredProject,
  project: Project,
  config: ProjectSettings,
  book: StageBook,
): ProjectReport {
  const reason = 'nothing under supabase/ changed that concerns migrations';
  for (const id of ['read', 'replay', 'inspect', 'probe', 'rollback', 'judge'] as const)
    book.note(id, 'skipped', reason);
  book.note('discover', 'done', null);
  return {
    path: project.path,
    verdict: 'pass',
    failOn: config.failOn,
    base: { ...found.base, reproducible: null, applied: null, total: null },
    engine: null,
    stages: book.reports,
    migrations: [],
    findings: [],
    preexisting: { error: 0, warning: 0, info: 0 },
    suppressed: [],
    notChecked: [],
    checklist: [],
    access: { objects: [], changes: [], signUps: [] },
    rollback: [],
    schemaDiff: emptyDiff,
    diagram: null,
    tests: [],
    timings: book.timings,
    coverage: { statements: 0, statementsChecked: 0, objects: 0, objectsProbed: 0 },
  };
}

export function projectReport(run: {
  readonly found: DiscoveredProject;
  readonly config: ProjectSettings;
  readonly reading: Reading;
  readonly examined: Examination;
  readonly judgement: Judgement;
  readonly book: StageBook;
}): ProjectReport {
  const { found, config, examined, judgement, book } = run;
  const { facts } = examined;
  book.note('discover', 'done', null);
  book.note('read', 'done', null);
  if (judgement.failed.length > 0) {
    const names = judgement.failed.map(({ rule, message }) => `"${rule}" (${message})`).join(', ');
    book.note('judge', 'failed', `these rules failed and what they would find is not known: ${names}`);
  } else book.note('judge', 'done', null);

  const { findings } = judgement;
  const notChecked = whatWasNotChecked(facts, examined);
  const coverage = coverageOf(facts);
  return {
    path: facts.project.path,
    verdict: verdictOf(findings, notChecked, config, book),
    failOn: config.failOn,
    base: {
      ...found.base,
      reproducible: facts.replay?.base.reproducible ?? null,
      applied: facts.replay?.base.applied ?? null,
      total: facts.replay?.base.total ?? null,
    },
    engine: examined.engine,
    stages: book.reports,
    migrations: migrationReports(facts),
    findings,
    preexisting: counts(judgement.stood),
    suppressed: judgement.suppressed,
    notChecked: [...notChecked, ...onBaseAlone(facts)],
    checklist: checklist({ facts, findings, stages: book.reports }),
    access: {
      objects: facts.access?.head.objects ?? [],
      changes: facts.access?.changes ?? [],
      signUps: facts.access?.head.signUps ?? [],
    },
    rollback: facts.rollback ?? [],
    schemaDiff: facts.schemaDiff ?? emptyDiff,
    diagram: facts.history.all ? null : diagramOf(facts.base, facts.head),
    tests: facts.replay?.tests ?? [],
    timings: book.timings,
    coverage,
  };
}

/**
 * Findings gate where they are new and stand at the end. `incomplete` is the guard's own failure; what the project makes
 * uncheckable gates only with `require: checked`.
 */
function verdictOf(
  findings: readonly Finding[],
  notChecked: readonly NotChecked[],
  config: ProjectSettings,
  book: StageBook,
): Verdict {
  const gates: readonly Severity[] = { error: ['error'], warning: ['error', 'warning'], never: [] }[
    config.failOn
  ] as Severity[];
  if (findings.some((one) => one.new && one.mendedBy === null && gates.includes(one.severity))) return 'fail';
  if (config.requireChecked && notChecked.length > 0) return 'fail';
  return book.failed ? 'incomplete' : 'pass';
}

function whatWasNotChecked(facts: Facts, examined: Examination): readonly NotChecked[] {
  const unreadable = facts.changeSets.flatMap((set) =>
    set.migrations.flatMap(({ migration }) =>
      migration.unreadable === null
        ? []
        : [
            {
              what: `migration "${migration.fileName}"`,
              why: migration.unreadable,
              file: migration.path,
              line: null,
            },
          ],
    ),
  );
  return [
    ...unreadable,
    ...facts.project.notes.map((note) => ({ what: 'config.toml', why: note, file: null, line: null })),
    ...(facts.replay?.notChecked ?? []),
    ...(facts.access?.head.notChecked ?? []),
    ...examined.notChecked,
  ];
}

/**
 * Access that is known after the change and was not before: whether it stays as it is, nobody can say. It gates nothing, or
 * what mends it could not be merged.
 */
function onBaseAlone({ access, base, head }: Facts): readonly NotChecked[] {
  const name = (left: NotChecked['access']) => JSON.stringify([left?.object, left?.policy]);
  const after = new Set(access?.head.notChecked.map((note) => name(note.access)));
  return (access?.base?.notChecked ?? []).flatMap((note) => {
    const left = note.access;
    if (left === undefined || after.has(name(left))) return [];
    const isGone = base.tables.has(left.object) && !head.tables.has(left.object);
    return isGone ? [] : [{ ...note, what: `${note.what}, as it stood before` }];
  });
}

/** Objects that the probes left out as a whole. */
const leftOut = ({ notChecked }: AccessMatrix): readonly string[] =>
  notChecked.flatMap(({ access }) => (access?.policy === null ? [access.object] : []));

function coverageOf(facts: Facts): ProjectReport['coverage'] {
  const runs = new Map(facts.replay?.runs.map((run) => [run.path, run]));
  let statements = 0;
  let statementsChecked = 0;
  for (const { source } of facts.changeSets.flatMap((set) => set.migrations)) {
    statements += source.statements.length;
    const seen = runs
      .get(source.path)
      ?.statements.filter(({ status }) => status === 'applied' || status === 'failed');
    statementsChecked += Math.min(source.statements.length, seen?.length ?? 0);
  }
  const objects = facts.access?.head.objects ?? [];
  const probed = objects.filter((object) => object.cells.some((cell) => cell.outcome !== 'unknown'));
  const left = facts.access === null ? 0 : leftOut(facts.access.head).length;
  return { statements, statementsChecked, objects: objects.length + left, objectsProbed: probed.length };
}

function migrationReports(facts: Facts): readonly MigrationReport[] {
  const runs = new Map(facts.replay?.runs.map((run) => [run.path, run]));
  const changed = new Map(facts.history.changes.map((change) => [change.path, change]));
  const report = (
    migration: Pick<Migration, 'path' | 'version' | 'name'>,
    run: MigrationRun | undefined,
  ): MigrationReport => {
    const change = changed.get(migration.path)?.kind ?? 'unchanged';
    return {
      path: migration.path,
      version: migration.version,
      name: migration.name,
      change,
      status: run?.status ?? 'not-run',
      grants: run?.grants ?? facts.eraOf(migration.version),
      durationMs: run?.durationMs ?? 0,
      error: run?.error
        ? {
            sqlstate: run.error.sqlstate,
            message: run.error.message,
            line: run.error.line,
            alsoOnBase: run.error.alsoOnBase,
          }
        : null,
      statements:
        change === 'unchanged'
          ? []
          : (run?.statements ?? []).map(({ line, endLine, kind, durationMs, locks, rewrites }) => {
              return { line, endLine, kind, durationMs, locks, rewrites };
            }),
    };
  };
  const removed = facts.history.changes.filter((change) => change.kind === 'removed');
  const baseOf = new Map(facts.history.base.map((migration) => [migration.path, migration]));
  return [
    ...facts.history.head.map((migration) => report(migration, runs.get(migration.path))),
    ...removed.flatMap(({ path }) => (baseOf.has(path) ? [report(baseOf.get(path)!, undefined)] : [])),
  ];
}
