import type { TestFailure } from '../../model/replay.ts';
import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/test-failed',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: "one of the project's own database tests that fails",
  why: 'The pgTAP files of `supabase/tests` are run on the schema that the change leads to, on the rows of the seeds, as `supabase test db` runs them. A file that fails is run on the base too: it is an error where it passed there, a warning where it is new, and counted with what stood before where it failed already. What can not be run here (a psql command, an extension) is said under "Database tests" and is no finding. With `--all` no test is run; `engine.tests: false` leaves them out.',
  remedy: 'Mend the migration, or the test where what it asks for is meant to change.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/testing', 'https://pgtap.org/documentation.html'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const { path, line, says, onBase } of facts.replay?.testFailures ?? []) {
      if (onBase === 'unknown') continue;
      // What a new test asks for may be what the base failed to make.
      if (onBase === 'absent' && facts.replay?.base.reproducible === false) continue;
      const say = onBase === 'failed' ? preexisting : report;
      say({
        message: `${words[onBase]} ${line === null ? 'It says' : `Line ${line} says`}: ${says.replace(/[.\s]+$/, '')}. Mend the migration, or the test where that is meant to change.`,
        at: linesOf(path, line ?? 1),
        object: path,
        ...(onBase === 'absent' ? { severity: 'warning' as const } : {}),
      });
    }
  },
});

const words: Readonly<Record<Exclude<TestFailure['onBase'], 'unknown'>, string>> = {
  passed: 'This database test passes before the change and fails after it.',
  fewer: 'More of these database tests fail after the change than before it.',
  failed: 'This database test fails, and failed before the change.',
  absent: 'This database test fails.',
};
