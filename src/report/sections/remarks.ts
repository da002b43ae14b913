/** What was not checked, the project's own tests, and what was ignored with a reason. */
import type { ProjectReport } from '../../model/report.ts';
import { code, prose, shortened, text } from '../escape.ts';
import { testWords } from '../report.ts';
import { type Amount, capped, fileName, folded, type MarkdownLinks } from './parts.ts';

export function testsSection(project: ProjectReport, amount: Amount): string {
  const words = testWords(project);
  const failed = project.tests.filter(({ status }) => status !== 'passed');
  if (failed.length === 0) return words === '' ? '' : `${words}.`;
  const lines = failed.map(
    ({ path, status, failed: count, detail }) =>
      `- ${code(path)}: ${status === 'failed' ? `${count} failed` : text(status)}${detail === null ? '' : `. ${prose(shortened(detail, 400))}`}`,
  );
  return folded(
    words,
    capped(lines, amount.rows, (shown) => shown.join('\n')),
  );
}

export function uncheckedSection({ notChecked }: ProjectReport, amount: Amount): string {
  if (notChecked.length === 0) return '';
  const lines = notChecked.map(({ what, why, file, line }) => {
    const where = file === null ? '' : ` (${code(file)}${line === null ? '' : `, line ${line}`})`;
    return `- ${prose(shortened(what, 200))}: ${prose(shortened(why, 400))}${where}`;
  });
  return folded(
    `Not checked: ${notChecked.length}`,
    capped(lines, amount.rows, (shown) => shown.join('\n')),
  );
}

export function suppressedSection(project: ProjectReport, links: MarkdownLinks, amount: Amount): string {
  const rows = project.suppressed.filter(({ finding }) => finding.new);
  if (rows.length === 0) return '';
  const lines = rows.map(({ finding, reason, by, file, line }) => {
    const address = links.file(file, line);
    const place = `${code(fileName(file))}${line === null ? '' : `, line ${line}`}`;
    const object = finding.object === null ? '' : ` on ${code(finding.object)}`;
    return `- ${code(finding.rule)}${object}: ${text(shortened(reason, 300))} (${by === 'config' ? 'by the configuration' : address === null ? place : `[${place}](${address})`})`;
  });
  return folded(
    `Ignored with a reason: ${rows.length}`,
    capped(lines, amount.rows, (shown) => shown.join('\n')),
  );
}
