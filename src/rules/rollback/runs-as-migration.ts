import { rule } from '../rule.ts';
import { startOf } from '../support/places.ts';
import { undoneBy } from '../support/undone.ts';
import { gitMove, shFence } from '../support/words.ts';

export default rule({
  id: 'rollback/runs-as-migration',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a rollback that runs right behind what it undoes',
  why: 'The Supabase CLI knows no way back: every "<digits>_<name>.sql" in "supabase/migrations" is a migration and runs, sorted by its version. A rollback that lies there beside its migration is deployed with it, and undoes it.',
  remedy:
    'Keep it where nothing runs by itself.\n\n```sh\ngit mv supabase/migrations/20260101000001_rollback_add_note.sql supabase/rollback/20260101000000_add_note.sql\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: false,
  file({ facts, changed, report }) {
    const { migration } = changed;
    const { head } = facts.history;
    const target = undoneBy(migration, facts.history);
    if (target === null) return;
    const shared = target.version === migration.version;
    const early = head.findIndex(({ path }) => path === migration.path) < head.indexOf(target);
    const what = shared
      ? `and shares its version with "${target.fileName}": the push stops at the second of them`
      : early
        ? `and before "${target.fileName}", which it should undo: what it takes away is not there yet`
        : `and undoes "${target.fileName}" in the same deployment`;
    report({
      message: `"${migration.fileName}" runs as a migration, ${what}. The Supabase CLI runs every file of "supabase/migrations". Move it to "supabase/rollback/${target.fileName}".`,
      at: startOf(migration.path),
      object: migration.path,
      ...(early && !shared ? { severity: 'warning' as const } : {}),
      help: shFence(
        gitMove(
          migration.path,
          `${migration.path.replace(/migrations\/[^/]*$/, '')}rollback/${target.fileName}`,
        ),
      ),
    });
  },
});
