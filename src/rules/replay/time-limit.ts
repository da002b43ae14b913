import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/time-limit',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a statement that passes its time limit',
  why: 'On nearly empty tables a statement takes milliseconds. One that runs into the limit waits for something that does not come, loops, or builds something huge. On deployment it holds its locks all that time.',
  remedy:
    'Find what it waits for; where it is meant, raise the limit.\n\n```yaml\nengine:\n  statement-limit: 120\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, statements } of facts.replay?.runs ?? []) {
      for (const { line, endLine, index, status, error, durationMs } of statements) {
        if (status !== 'failed' || error?.sqlstate !== '57014') continue;
        report({
          message: `This statement was ended after ${Math.round(durationMs / 100) / 10} s. On tables as small as here it should take milliseconds, so it waits, loops, or builds something huge. Find out which, or raise "engine.statement-limit".`,
          at: linesOf(path, line, endLine),
          object: path,
          key: String(index),
        });
      }
    }
  },
});
