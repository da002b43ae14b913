import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/base-failed',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['replay'],
  summary: 'the base itself does not apply from zero',
  why: 'Nearly half of all projects have an older migration that fails on an empty database: tables that were made on the dashboard, a squashed history. The guard goes on statement by statement with what works. What depends on the rest can not be checked, and is not held against the change.',
  remedy:
    'Give the guard a baseline: the schema as production has it.\n\n```sh\nnpx supabase db dump --linked -f supabase/baseline.sql\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/reference/cli/supabase-db-dump'],
  fixable: false,
  facts({ facts, report }) {
    const base = facts.replay?.base;
    if (base === undefined || base.reproducible || base.firstFailure === null) return;
    const { path, line, error } = base.firstFailure;
    report({
      message: `The base does not apply from zero: ${base.total - base.applied} of ${base.total} migrations fail, the first is "${path}" with: ${error.message} (SQLSTATE ${error.sqlstate}). What depends on them was not checked. Give a baseline, "supabase db dump --linked -f supabase/baseline.sql".`,
      at: linesOf(path, line),
      object: path,
    });
  },
});
