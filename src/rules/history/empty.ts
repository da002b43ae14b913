import { rule } from '../rule.ts';
import { startOf } from '../support/statements/places.ts';

export default rule({
  id: 'history/empty',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a migration without a statement and without a comment that says why',
  why: 'An empty file applies and gets a row in the history. It is the usual stand-in for a version that exists on the remote only, and just as often a file that somebody forgot to save.',
  remedy:
    'Write the SQL, remove the file, or say in a comment why it is empty.\n\n```sql\n-- Applied on the dashboard: stand-in for the remote version.\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/reference/cli/supabase-migration-fetch'],
  fixable: false,
  file({ source, changed, report }) {
    if (source.issue !== null || source.statements.length > 0 || source.comments.length > 0) return;
    if (changed.migration.text === null) return;
    report({
      message: `"${changed.migration.fileName}" holds no statement. It applies, gets a row in the history and does nothing. Write the SQL, remove the file, or say in a comment why it is empty.`,
      at: startOf(source.path),
      object: source.path,
    });
  },
});
