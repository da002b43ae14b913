/** What happens on merge, how much was checked, and what keeps the check from being whole. */
import type { Report } from '../../model/report.ts';
import { code, prose, shortened, text } from '../escape.ts';
import {
  counts,
  countWords,
  coverageWords,
  currentOf,
  headline,
  plural,
  sentence,
  untouched,
} from '../report.ts';
import { mark, stacked } from './parts.ts';

export function heading(report: Report): string {
  // With `fail-on: never` the check passes; what it says of errors is no good news all the same.
  const passes = report.verdict === 'pass' && counts(currentOf(report)).error === 0;
  const sign = report.verdict === 'pass' && !passes ? mark.warning : mark[report.verdict];
  return `### ${sign ?? '⚠️'} ${text(sentence(headline(report)))}`;
}

export function opening(report: Report): string {
  const problem = text(shortened(report.problem ?? '', 1000));
  if (report.projects.length === 0 || untouched(report)) return stacked(heading(report), problem);
  const found = countWords(counts(currentOf(report)));
  const before = report.projects.reduce(
    (sum, { preexisting: { error, warning, info } }) => sum + error + warning + info,
    0,
  );
  const lines = [
    `**${sentence(coverageWords(report))}.** ${found === '' ? 'Nothing found.' : `${sentence(found)}.`}`,
    before > 0
      ? `${plural(before, 'finding')} stood before this pull request and ${before === 1 ? 'is' : 'are'} not listed here: \`migration-guard check --all\` lists ${before === 1 ? 'it' : 'them'}.`
      : '',
    problem,
  ];
  return stacked(heading(report), lines.filter(Boolean).join(' '), caveats(report));
}

/** Said once, on top. */
function caveats(report: Report): string {
  const lines = report.projects.flatMap(({ path, base, engine, stages }) => {
    const named = report.projects.length > 1 ? `${code(path)}: ` : '';
    const halted = stages.filter((stage) => stage.status === 'failed');
    return [
      ...halted.map(
        ({ id, reason }) =>
          `${named}Stage ${code(id)} did not come to its end: ${prose(shortened(reason ?? 'no reason given', 600))}`,
      ),
      base.reproducible === false
        ? `${named}Main does not apply from zero: ${base.applied ?? 0} of ${plural(base.total ?? 0, 'older migration')} did. What fails only because of that is not held against this pull request.`
        : '',
      engine?.note ? `${named}${prose(shortened(engine.note, 600))}` : '',
    ].filter(Boolean);
  });
  return lines.length === 0 ? '' : `> [!NOTE]\n${lines.map((line) => `> ${line}`).join('\n>\n')}`;
}
