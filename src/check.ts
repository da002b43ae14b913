/**
 * The pipeline: discover → read → replay → inspect → probe → roll back → judge → try → report.
 * Stages find facts, rules judge them, what they offer is tried, the report says it; publishing is the caller's.
 */
import { type DiscoveredProject, discover } from './changes/discover.ts';
import type { ProjectReport, Report } from './model/report.ts';
import { assemble, nothingChanged, projectReport } from './pipeline/assemble.ts';
import { configure } from './pipeline/configure.ts';
import { readChange } from './pipeline/read.ts';
import { examineNothing, readsOnly } from './pipeline/read-only.ts';
import { withRemote } from './pipeline/remote.ts';
import type { CheckIo, CheckSettings } from './pipeline/settings.ts';
import { StageBook } from './pipeline/stages.ts';
import { tryWaysOut } from './pipeline/ways-out.ts';
import { readProject, UsageError } from './project/project.ts';
import { mergeFindings } from './report/merge.ts';
import { judge } from './rules/engine.ts';
import { ruleById } from './rules/index.ts';

const silent: CheckIo = { progress() {} };

/**
 * One report over every project that the change touches.
 * Throws UsageError (exit code 2) and CannotCheck (exit code 3); whatever else fails is said in the report.
 */
export async function check(settings: CheckSettings, io: CheckIo = silent): Promise<Report> {
  const projects = await discover(settings);
  if (settings.overrides.remoteUrl && projects.length > 1) {
    throw new UsageError(
      'The remote URL names one database, and the change touches several projects. Name one with "project".',
    );
  }
  const reports: ProjectReport[] = [];
  for (const project of projects) reports.push(await checkProject(project, settings, io));
  return assemble(reports, settings);
}

async function checkProject(
  discovered: DiscoveredProject,
  settings: CheckSettings,
  io: CheckIo,
): Promise<ProjectReport> {
  const book = new StageBook(io.progress);
  const config = await configure(discovered, settings);
  const configured = await readProject(discovered.root, discovered.repositoryRoot);
  if (!discovered.touched) return nothingChanged(discovered, configured, config, book);

  const found = await withRemote(discovered, config, book);
  const reading = await book.time('read', () => readChange(configured, found, config.grantsEra));
  const input = { found, project: reading.project, config, reading, settings, book };
  const examined = readsOnly(input)
    ? examineNothing(input)
    : await (await import('./pipeline/examine.ts')).examine(input);
  try {
    const judged = await book.time('judge', () => judge(examined.facts, config.rules));
    const findings = mergeFindings(judged.findings, ruleById);
    const judgement = {
      ...judged,
      findings: await tryWaysOut(examined, judged, findings, config.rules, book),
      stood: mergeFindings(judged.stood, ruleById),
    };
    return projectReport({ found, config, reading, examined, judgement, book });
  } finally {
    await examined.database?.close();
  }
}
