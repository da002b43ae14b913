import type { SeedFailure } from '../../model/replay.ts';
import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/seed-failed',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a seed that worked before the change and fails after it',
  why: 'The files of `[db.seed].sql_paths` are run on the schema that the change leads to, as `supabase db reset` and preview branches run them: there the first error ends the command, and no row of the file is there. Where the seed fails, it is run on the base too. It is an error where it worked there or is new, and a note where it failed already. With `--all` no seed is run.',
  remedy:
    'Change the seed in the same pull request: the new name of a column, a value for one that is required.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/local-development/seeding-your-database'],
  fixable: false,
  // One fault, and the same way out: a default.
  backs: ['safety/not-null-without-default'],
  facts({ facts, report }) {
    const failure = facts.replay?.seedFailure;
    if (!failure) return;
    const { path, line, error, onBase, cause } = failure;
    // What is missing may be what the base failed to make.
    const known = onBase === 'applied' || facts.replay?.base.reproducible === true;
    const fault = `"${path}" fails at line ${line}: ${error.message} (SQLSTATE ${error.sqlstate}).`;
    report({
      message: `${since[onBase]} ${fault} "supabase db reset" and preview branches end there, without its rows. ${onBase === 'failed' ? 'Mend the seed.' : 'Mend the seed in the same pull request.'}`,
      at:
        cause === null || onBase !== 'applied'
          ? linesOf(path, line)
          : linesOf(cause.path, cause.line, cause.endLine),
      object: path,
      key: error.sqlstate,
      ...(onBase === 'failed' || !known ? { severity: 'info' as const } : {}),
      ...(error.detail === null ? {} : { help: `\`\`\`\nDETAIL: ${error.detail}\n\`\`\`` }),
    });
  },
});

const since: Readonly<Record<SeedFailure['onBase'], string>> = {
  applied: 'After this change the seed does not run any more.',
  absent: 'The seed does not run on the schema of this change.',
  failed: 'The seed does not run, and did not before this change.',
};
