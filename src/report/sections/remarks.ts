/** What was not checked, the project's own tests, and what was ignored with a reason. */
import type { ProjectReport } from '../../model/report.ts';
import { code, prose, shortened, text } from '../escape.ts';
import { plural } from '../report.ts';
import { type Amount, capped, fileName, folded, type MarkdownLinks } from './parts.ts';

export function uncheckedSection(project: ProjectReport, amount: Amount): string {
  const rows = project.notChecked;
  const tests = project.tests.filter((run) => run.status !== 'passed');
  const parts: string[] = [];
  if (project.tests.length > 0) {
    const failed = tests.map(
      (run) =>
        `- ${code(run.path)}: ${run.status === 'failed' ? `${run.failed} failed` : text(run.status)}${run.detail === null ? '' : `. ${prose(shortened(run.detail, 400))}`}`,
    );
    const summary = `Database tests: ${project.tests.length - tests.length} of ${plural(project.tests.length, 'file')} passed`;
    parts.push(
      failed.length === 0
        ? `${summary}.`
        : folded(
            summary,
            capped(failed, amount.rows, (shown) => shown.join('\n')),
          ),
    );
  }
  if (rows.length > 0) {
    const lines = rows.map((entry) => {
      const where =
        entry.file === null
          ? ''
          : ` (${code(entry.file)}${entry.line === null ? '' : `, line ${entry.line}`})`;
      return `- ${prose(shortened(entry.what, 200))}: ${prose(shortened(entry.why, 400))}${where}`;
    });
    parts.push(
      folded(
        `Not checked: ${rows.length}`,
        capped(lines, amount.rows, (shown) => shown.join('\n')),
      ),
    );
  }
  return parts.join('\n\n');
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
