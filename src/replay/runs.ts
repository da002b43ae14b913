/** What a file's steps look like in the facts. */
import type { GrantsEra, MigrationError, MigrationRun, SqlError, StatementRun } from '../model/replay.ts';
import type { SourceFile } from '../model/sql.ts';
import { migrationError } from './errors.ts';
import { type MigrationFile, type Step, SYNTAX } from './file.ts';
import type { StatementTrace } from './trace.ts';

export const fileOf = (path: string, version: string, name: string, source: SourceFile): MigrationFile => ({
  path,
  version,
  name,
  source,
});

export const blank = (
  { path, version }: { path: string; version: string },
  grants: GrantsEra,
): MigrationRun => ({
  path,
  version,
  grants,
  status: 'not-run',
  durationMs: 0,
  statements: [],
  error: null,
});

export const isApplied = (step: Step): boolean => step.outcome === 'applied';

export const failedAt = (index: number, error: SqlError): Step => ({
  index,
  outcome: 'failed',
  ms: 0,
  error,
  reason: null,
  verbatim: false,
});

export function errorOf(file: MigrationFile, step: Step, onBase: boolean): MigrationError {
  const { source } = file;
  if (source.issue && step.index === SYNTAX) {
    return {
      ...step.error!,
      line: source.issue.span.line,
      lineColumn: source.issue.span.column,
      alsoOnBase: onBase,
    };
  }
  return migrationError(source, source.statements[step.index] ?? null, step.error!, step.verbatim, onBase);
}

export function statementRun(
  file: MigrationFile,
  step: Step,
  trace: StatementTrace | undefined,
): StatementRun {
  const statement = file.source.statements[step.index];
  const issue = file.source.issue;
  const status = {
    applied: 'applied',
    failed: 'failed',
    'passed over': 'not-checkable',
    'left out': 'failed',
  } as const;
  return {
    index: step.index,
    line: statement?.span.line ?? issue?.span.line ?? 1,
    endLine: statement?.span.endLine ?? issue?.span.endLine ?? 1,
    kind: statement?.kind ?? '',
    durationMs: step.ms,
    locks: trace?.locks ?? [],
    rewrites: trace?.rewrites ?? [],
    status: status[step.outcome],
    error: step.error,
    reason: step.reason,
  };
}
