/** A report on a terminal, in the format that was asked for. */
import { randomUUID } from 'node:crypto';
import { CannotCheck } from '../changes/discover.ts';
import type { FailOn, Report } from '../model/report.ts';
import { unableReport } from '../pipeline/assemble.ts';
import type { CheckIo } from '../pipeline/settings.ts';
import { withoutCommands, workflowCommands } from '../report/annotations.ts';
import { json } from '../report/json.ts';
import { markdown } from '../report/markdown.ts';
import { pretty } from '../report/pretty.ts';
import { sarif } from '../report/sarif.ts';
import { print, type SharedValues, type Terminal, wantsColour } from './command.ts';

/** One line that says which stage runs, on a terminal only, gone when the work is done. */
export async function withProgress<T>(terminal: Terminal, work: (io: CheckIo) => Promise<T>): Promise<T> {
  const live = terminal.stderr.isTTY === true && terminal.env.CI === undefined;
  const progress = (stage: string) => {
    if (live) terminal.stderr.write(`\r\u001b[K${stage}…`);
  };
  try {
    return await work({ progress });
  } finally {
    if (live) terminal.stderr.write('\r\u001b[K');
  }
}

export async function show(report: Report, shared: SharedValues, terminal: Terminal): Promise<void> {
  const text = render(report, shared, terminal);
  const { format, output } = shared;
  // In the log of a workflow's step the runner obeys what looks like a command; the formats for machines hold none of SQL's.
  const inLog = terminal.env.GITHUB_ACTIONS === 'true' && output === null;
  const loose = format === 'pretty' || format === 'markdown';
  await print(terminal, output, inLog && loose ? withoutCommands(text, randomUUID()) : text);
}

function render(report: Report, { format, output }: SharedValues, terminal: Terminal): string {
  switch (format) {
    case 'json':
      return json(report);
    case 'sarif':
      return sarif(report);
    case 'markdown':
      return markdown(report);
    case 'github':
      return workflowCommands(report);
    case 'pretty':
      return pretty(report, { colour: output === null && wantsColour(terminal) });
  }
}

/** With `--format json` the object is printed on exit code 3 too; every other format leaves the sentence to standard error. */
export async function showProblem(error: unknown, shared: SharedValues, terminal: Terminal): Promise<void> {
  if (shared.format !== 'json' || !(error instanceof CannotCheck)) return;
  await show(unableReport(error.message, shared.overrides.failOn ?? 'error'), shared, terminal);
}

/** Why stages did not come to their end, for a command that prints no report; empty where all did. */
export const failedStages = (report: Report): string =>
  report.projects
    .flatMap(({ stages }) => stages)
    .flatMap(({ id, status, reason }) => (status === 'failed' ? [`${id}: ${reason}`] : []))
    .join('; ');

export function exitCode(report: Report): number {
  return { pass: 0, fail: 1, incomplete: 3 }[report.verdict];
}

export type { FailOn };
