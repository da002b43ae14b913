/** Workflow commands: they need no token, and so work on pull requests from forks. */
import type { Finding, Severity } from '../model/finding.ts';
import type { Report } from '../model/report.ts';
import { shortened } from './escape.ts';
import { bySeverity, counts, countWords, currentOf } from './report.ts';

/** GitHub shows 10 errors, 10 warnings and 10 notices of a step and drops the rest without a word. */
export const perType = 10;
/** Longest message that the runner passes on, in characters. */
export const messageLimit = 4096;

export type AnnotationLevel = 'error' | 'warning' | 'notice';

export interface Annotation {
  readonly level: AnnotationLevel;
  readonly title: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
}

const levels: Readonly<Record<Severity, AnnotationLevel>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

export const annotationOf = (finding: Finding): Annotation => ({
  level: levels[finding.severity] ?? 'notice',
  title: finding.rule,
  message: finding.help === null ? finding.message : `${finding.message}\n\n${finding.help}`,
  file: finding.file,
  line: finding.line,
  column: finding.column,
  endLine: finding.endLine,
  // GitHub refuses columns on annotations over several lines.
  endColumn: finding.endLine === finding.line ? finding.endColumn : null,
});

/** Gravest first, ten of a kind; the last notice says what was left out. */
export function annotations(report: Report): {
  readonly shown: readonly Annotation[];
  readonly left: readonly Finding[];
} {
  const shown: Finding[] = [];
  const left: Finding[] = [];
  const room: Record<AnnotationLevel, number> = { error: perType, warning: perType, notice: perType - 1 };
  for (const finding of [...currentOf(report)].sort(bySeverity)) {
    const level = levels[finding.severity] ?? 'notice';
    (room[level] > 0 ? shown : left).push(finding);
    room[level] -= 1;
  }
  const list = shown.map(annotationOf);
  return { shown: left.length === 0 ? list : [...list, remainder(left)], left };
}

const remainder = (left: readonly Finding[]): Annotation => ({
  level: 'notice',
  title: 'More findings',
  message: `${countWords(counts(left))} more are not shown here, because GitHub shows ${perType} of a kind: the job summary lists them.`,
  file: null,
  line: null,
  column: null,
  endLine: null,
  endColumn: null,
});

/** One line of the runner's command language (actions/toolkit, `command.ts`). */
export function workflowCommand(annotation: Annotation): string {
  const multiline = annotation.endLine !== null && annotation.endLine !== annotation.line;
  const properties = {
    title: annotation.title,
    file: annotation.file,
    line: annotation.line,
    endLine: annotation.endLine,
    col: multiline ? null : annotation.column,
    endColumn: multiline ? null : annotation.endColumn,
  };
  const written = Object.entries(properties)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${property(String(value))}`);
  return `::${annotation.level} ${written.join(',')}::${data(shortened(annotation.message, messageLimit))}`;
}

const data = (value: string): string =>
  value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (value: string): string => data(value).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** `--format github`: what a step prints. */
export const workflowCommands = (report: Report): string =>
  annotations(report)
    .shown.map((annotation) => `${workflowCommand(annotation)}\n`)
    .join('');

/**
 * Text for the log of a step, in which the runner obeys no commands: it looks for them at the start of every line, after
 * white space, and SQL or a Postgres message may hold one. The token must be one that nobody can guess.
 */
export const withoutCommands = (text: string, token: string): string =>
  `::stop-commands::${token}\n${text}${text.endsWith('\n') ? '' : '\n'}::${token}::\n`;
