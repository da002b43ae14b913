import { timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { freeVersion, renameTo } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

const day = 86_400_000;

export default rule({
  id: 'history/future-version',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a version more than a day ahead of now',
  why: 'Until that day comes, every migration that is named after the clock is older than this one, and "supabase db push" refuses it as out of order.',
  remedy: 'Name the file after the present time.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: true,
  file({ facts, changed, report }) {
    if (changed.change === 'edited') return;
    const { migration } = changed;
    const time = timeOf(migration.version);
    if (time === null || time <= facts.now + day) return;
    const fileName = `${freeVersion(facts, migration.path)}_${migration.name}.sql`;
    report({
      message: `"${migration.fileName}" is dated ${new Date(time).toISOString().slice(0, 10)}, which is in the future. Until then every migration named after the clock is refused as out of order. Rename it to "${fileName}".`,
      at: startOf(migration.path),
      object: migration.path,
      help: shFence(
        gitMove(migration.path, `${migration.path.slice(0, -migration.fileName.length)}${fileName}`),
      ),
      ...(facts.history.all ? {} : { fix: renameTo(migration, fileName) }),
    });
  },
});
