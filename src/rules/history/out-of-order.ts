import type { Migration, MigrationElsewhere } from '../../model/migration.ts';
import { rule } from '../rule.ts';
import { freeVersion, renameTo } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

export default rule({
  id: 'history/out-of-order',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'an added file that is older than the newest one on the base',
  why: '"supabase db push" refuses a local file that is older than the newest version on the remote ("Found local migration files to be inserted before the last migration on remote database"). From zero it runs before files that production ran first: the two databases can differ.',
  remedy: 'Give the file a new timestamp, later than the newest one on the base.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: true,
  file({ facts, changed, report }) {
    if (facts.history.all || changed.change === 'edited') return;
    const { migration } = changed;
    const { base, baseTip } = facts.history;
    const newest = [...base, ...baseTip].reduce<Migration | MigrationElsewhere | null>(
      (found, each) => (found === null || each.version > found.version ? each : found),
      null,
    );
    if (newest === null || migration.version >= newest.version) return;
    const where =
      'where' in newest
        ? `which came to "${newest.where}" since this branch was made`
        : 'the newest migration on the base';
    const version = freeVersion(facts, migration.path);
    const fileName = `${version}_${migration.name}.sql`;
    // Where the base is ahead of the clock, or does not name its files by time, no date is late enough.
    const isLate = version > newest.version;
    report({
      message: `"${migration.fileName}" is older than "${newest.path.split('/').at(-1)}", ${where}. "supabase db push" refuses it, and from zero it runs before files that production ran first. ${isLate ? `Rename it to "${fileName}"` : `Give it a version behind "${newest.version}"`}.`,
      at: startOf(migration.path),
      object: migration.path,
      ...(isLate
        ? {
            help: shFence(
              gitMove(migration.path, `${migration.path.slice(0, -migration.fileName.length)}${fileName}`),
            ),
            fix: renameTo(migration, fileName),
          }
        : {}),
    });
  },
});
