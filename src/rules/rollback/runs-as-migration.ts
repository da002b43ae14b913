import type { SourceFile, SqlComment } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { undoneBy } from '../support/files/undone.ts';
import { linesOf, startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

export default rule({
  id: 'rollback/runs-as-migration',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a rollback, or a "down" section, that runs right behind what it undoes',
  why: 'The Supabase CLI knows no way back: every "<digits>_<name>.sql" in "supabase/migrations" is a migration and runs, sorted by its version. A rollback that lies there beside its migration is deployed with it, and undoes it. So does a section "-- down" (or "-- migrate:down", "-- +goose Down") whose statements are no comments.',
  remedy:
    'Keep it where nothing runs by itself.\n\n```sh\ngit mv supabase/migrations/20260101000001_rollback_add_note.sql supabase/rollback/20260101000000_add_note.sql\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: false,
  file({ facts, changed, report }) {
    const { migration } = changed;
    const { head } = facts.history;
    const target = undoneBy(migration, facts.history);
    if (target === null) {
      const down = liveDownSection(changed.source);
      if (down === null) return;
      report({
        message: `What stands below "${down.text.trim()}" runs too, right behind what it undoes. The Supabase CLI knows no sections: it runs a file from its first line to its last. Make comments of these lines.`,
        at: linesOf(migration.path, down.line),
        object: migration.path,
        key: 'section',
        help: 'Put `-- ` before each line of that section: `migration-guard rollback` finds it there.',
      });
      return;
    }
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

/** The heading of the part that other tools run on the way back, where the file has one for the way there and statements follow. */
function liveDownSection({ comments, statements }: SourceFile): SqlComment | null {
  const down = comments.find(({ text }) =>
    /^--+\s*(migrate:|\+(goose|migrate)\s+)?down\b[\s-]*$/i.test(text),
  );
  if (down === undefined || !statements.some(({ start }) => start > down.end)) return null;
  const up = comments.some(
    ({ text, end }) => end < down.start && /^--+\s*(migrate:|\+(goose|migrate)\s+)?up\b[\s-]*$/i.test(text),
  );
  return up ? down : null;
}
