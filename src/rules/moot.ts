/**
 * What need not be said of a file that Postgres can't parse or refuses: none of it runs. What was read of the one may be
 * garbage, and behind the other's statement nothing is locked, rewritten or lost.
 */
import type { Facts } from '../model/facts.ts';
import type { Evidence, Place } from '../model/finding.ts';
import { callsThatName, changedFiles, firstRefused } from './support/statements/refused-names.ts';

// The error itself; the file's name and order; what its text must not hold whether it runs or not.
const stillTold =
  /^(history|config|replay|rollback)\/|^structure\/(syntax|psql-command|header)$|^integrity\/(secret|personal-data)$/;

/** True where a problem was only read from a file whose syntax error comes first. One seen by an engine stays. */
export function isMoot(
  rule: string,
  at: Place | null,
  evidence: readonly Evidence[],
  { sources }: Facts,
): boolean {
  const source = at === null ? undefined : sources.get(at.file);
  if (source === undefined || source.issue === null || stillTold.test(rule)) return false;
  if (evidence.some((each) => each !== 'static')) return false;
  // A command of psql (`\restrict` in a dump) spoils a line, and all around it is sound.
  const { line } = source.issue.span;
  return !source.text.split('\n', line).at(-1)!.trimStart().startsWith('\\');
}

/** True of a lock, a rewrite, a loss or a key that stands behind, or in, a statement of its file that Postgres refuses. */
export function isNeverReached(rule: string, at: Place | null, facts: Facts): boolean {
  if (at === null || !ofWhatRuns.test(rule)) return false;
  const changed = changedFiles(facts).get(at.file);
  const refused = changed === undefined ? null : firstRefused(changed, facts);
  return (
    refused !== null &&
    at.line >= refused.statement.span.line &&
    (refused.isInSkippedCreate || callsThatName(refused.refusal, facts).length === 0)
  );
}

const ofWhatRuns = /^(safety\/.*|integrity\/foreign-key-on-delete|performance\/foreign-key-index)$/;
