import type { Change, Migration } from '../../model/migration.ts';
import { parseSource } from '../../sql/parse.ts';
import { rule } from '../rule.ts';
import { linesOf, startOf } from '../support/statements/places.ts';
import { shellWord, shFence } from '../support/words/words.ts';

export default rule({
  id: 'history/edited-migration',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a migration of the base that is edited, renamed or removed',
  why: 'A database that ran the file never runs it again: the Supabase CLI compares versions only. What is edited reaches new databases and never production. A renamed file counts as new and runs a second time; a removed one stops "supabase db push" ("Remote migration versions not found in local migrations directory").',
  remedy:
    'Put the file back as it was and write what shall change into a new migration.\n\n```sh\ngit checkout <base> -- supabase/migrations/<file>\nnpx supabase migration new <what changes>\n```',
  since: '0.1.0',
  sources: [
    'https://github.com/supabase/cli/issues/3491',
    'https://supabase.com/docs/guides/deployment/database-migrations',
  ],
  fixable: false,
  facts({ facts, report }) {
    const { base, head, changes, all, baseCommit } = facts.history;
    if (all) return;
    for (const change of changes) {
      if (change.kind === 'added') continue;
      const was = base.find(({ path }) => path === (change.previousPath ?? change.path));
      if (was === undefined) continue;
      const now = head.find(({ path }) => path === change.path);
      const verdict = judge(change, was, now, base);
      if (verdict === null) continue;
      report({
        message: verdict.message,
        at: verdict.line === undefined ? startOf(change.path) : linesOf(change.path, verdict.line),
        object: was.path,
        key: change.kind,
        ...(verdict.mild ? { severity: 'info' as const } : {}),
        help: shFence(
          `git checkout ${baseCommit?.slice(0, 12) ?? 'origin/main'} -- ${shellWord(was.path)}`,
          'npx supabase migration new <what changes>',
        ),
      });
    }
  },
});

function judge(
  change: Change,
  was: Migration,
  now: Migration | undefined,
  base: readonly Migration[],
): { message: string; mild?: boolean; line?: number } | null {
  if (change.kind === 'removed' || now === undefined) {
    return {
      message: `"${was.fileName}" is on the base and is removed here. Databases that ran it keep its version, and "supabase db push" then stops. Put it back and undo its work in a new migration.`,
    };
  }
  if (was.version !== now.version) {
    const shared = base.some(({ path, version }) => path !== was.path && version === was.version);
    if (shared) {
      return {
        message: `"${was.fileName}" is renamed to "${now.fileName}". It shared its version with another file, so it may never have run, and now it will. See that it can run where it did.`,
        mild: true,
      };
    }
    return {
      message: `"${was.fileName}" is on the base and is renamed to "${now.fileName}". Databases that ran it see a missing version and a new one, and run its SQL again. Keep the old version.`,
    };
  }
  if (was.text === now.text) {
    return {
      message: `"${was.fileName}" is renamed to "${now.fileName}" and keeps its version. The Supabase CLI compares versions only, so nothing runs again. Leave it where other branches name the old file.`,
      mild: true,
    };
  }
  const line = firstDifference(was.text ?? '', now.text ?? '');
  const before = parseSource(was.path, was.text ?? '');
  if (before.issue !== null) {
    return {
      message: `"${was.fileName}" is on the base and is edited here. Postgres could not parse it before, so no database has run it as it stood. Mending it in place is right unless it was repaired by hand somewhere.`,
      mild: true,
      line,
    };
  }
  const after = parseSource(now.path, now.text ?? '');
  const statements = (source: typeof before) => source.statements.map(({ sql }) => sql).join(';');
  if (after.issue === null && statements(before) === statements(after)) {
    return {
      message: `"${was.fileName}" is on the base and only its comments or white space change here. Databases that ran it do not notice. Nothing need be done.`,
      mild: true,
      line,
    };
  }
  return {
    message: `"${was.fileName}" is on the base and is edited here. Databases that ran it never run it again, so new databases and production will differ. Put it back and write the change into a new migration.`,
    line,
  };
}

function firstDifference(before: string, after: string): number {
  const old = before.split('\n');
  const lines = after.split('\n');
  const at = lines.findIndex((line, index) => line !== old[index]);
  return at === -1 ? lines.length : at + 1;
}
