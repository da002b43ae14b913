/** The report as Markdown for GitHub: pull request comment, job summary, `--format markdown`. */
import type { ProjectReport, Report } from '../model/report.ts';
import { text } from './escape.ts';
import { assumedGrants, counts, countWords, current, seconds, untouched } from './report.ts';
import { changesSection, matrixSection } from './sections/access.ts';
import { checklistSection } from './sections/checklist.ts';
import { findingsSection } from './sections/findings.ts';
import { lockSection } from './sections/locks.ts';
import { heading, opening } from './sections/opening.ts';
import { type Amount, type MarkdownLinks, mark } from './sections/parts.ts';
import { suppressedSection, testsSection, uncheckedSection } from './sections/remarks.ts';
import { rollbackSection } from './sections/rollback.ts';
import { schemaSection } from './sections/schema.ts';

export type { Amount, MarkdownLinks } from './sections/parts.ts';

export const noLinks: MarkdownLinks = { file: () => null, docs: () => null, whole: null };

const everything: Amount = {
  findings: 200,
  notes: true,
  help: true,
  proofs: true,
  diagram: true,
  rows: 200,
  rollbackSql: true,
  sections: true,
};
const short: Amount = { ...everything, notes: false, proofs: false, diagram: false, rollbackSql: false };

/** Each step leaves more out. */
export const ladder: readonly Amount[] = [
  everything,
  { ...everything, rows: 60, rollbackSql: false },
  { ...short, findings: 120, rows: 40 },
  { ...short, findings: 60, rows: 20, help: false },
  { ...short, findings: 15, rows: 10, help: false },
  { ...short, findings: 0, rows: 0, help: false, sections: false },
];

/** The fullest form whose measured length is within the limit; at last the first line alone. */
export function fitted(
  report: Report,
  links: MarkdownLinks,
  limit: number,
  measure: (body: string) => number,
  wrap: (body: string) => string = (body) => body,
): string {
  for (const [step, amount] of ladder.entries()) {
    const body = wrap(markdown(report, links, amount, step > 0));
    if (measure(body) <= limit) return body;
  }
  return wrap(`${heading(report)}\n`);
}

export function markdown(
  report: Report,
  links: MarkdownLinks = noLinks,
  amount: Amount = everything,
  shortened = false,
): string {
  const several = report.projects.length > 1;
  const parts = [
    opening(report),
    shortened ? remainder(links) : '',
    ...report.projects
      .slice(0, amount.sections ? 50 : 5)
      .flatMap((project) => [
        several ? `## ${text(project.path)}: ${projectLine(project)}` : '',
        ...projectBody(project, links, amount),
      ]),
    untouched(report) || report.projects.length === 0 ? '' : footer(report),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function remainder({ whole }: MarkdownLinks): string {
  const where =
    whole === null ? 'the job summary and the report file have' : `[the whole report](${whole}) has`;
  return `_Too long for one comment: ${where} what is left out here._`;
}

function projectLine(project: ProjectReport): string {
  const found = countWords(counts(current(project)));
  return `${mark[project.verdict] ?? '⚠️'} ${found === '' ? 'nothing found' : found}`;
}

function projectBody(project: ProjectReport, links: MarkdownLinks, amount: Amount): readonly string[] {
  if (!amount.sections) return [checklistSection(project)];
  return [
    changesSection(project, amount),
    findingsSection(project, links, amount),
    checklistSection(project),
    matrixSection(project, amount),
    schemaSection(project, amount),
    lockSection(project, amount),
    rollbackSection(project, amount),
    testsSection(project, amount),
    uncheckedSection(project, amount),
    suppressedSection(project, links, amount),
  ];
}

function footer(report: Report): string {
  const engines = new Set(
    report.projects.flatMap(({ engine }) =>
      engine === null
        ? []
        : [
            text(
              [`Postgres ${engine.postgres} (${engine.kind})`, assumedGrants(engine)]
                .filter(Boolean)
                .join('; '),
            ),
          ],
    ),
  );
  const total = report.projects.reduce((sum, project) => sum + project.timings.totalMs, 0);
  const stages = new Map<string, number>();
  for (const project of report.projects) {
    for (const [stage, ms] of Object.entries(project.timings.stages).slice(0, 20)) {
      stages.set(stage, (stages.get(stage) ?? 0) + ms);
    }
  }
  const parts = [...stages].filter(([, ms]) => ms >= 1).map(([stage, ms]) => `${text(stage)} ${seconds(ms)}`);
  const time = `${seconds(total)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
  return `<sub>${[...engines, time, text(`supabase-migration-guard ${report.tool.version}`)].join(' · ')}</sub>`;
}
