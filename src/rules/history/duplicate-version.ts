import type { Facts } from '../../model/facts.ts';
import type { Migration } from '../../model/migration.ts';
import { formatVersion, timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { oneByOne } from '../support/files/renamed-together.ts';
import { undoneBy } from '../support/files/undone.ts';
import { freeVersion, overviewOf, renameTo } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

export default rule({
  id: 'history/duplicate-version',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'two files of one version',
  why: 'The version is the primary key of "supabase_migrations.schema_migrations". The second file of a version fails with SQLSTATE 23505; where the first one was applied already, the second one never runs.',
  remedy: 'Give the newer file a version of its own.',
  since: '0.1.0',
  sources: ['https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/history.go'],
  fixable: true,
  file({ facts, changed, report }) {
    const { migration } = changed;
    const { head, baseTip, changes, all } = facts.history;
    const alone = overviewOf(facts.history).versions.get(migration.version) === 1;
    if (alone && baseTip.length === 0) return;
    // A rollback beside its migration is moved away, and the version is free: rollback/runs-as-migration says so.
    const isRollback = (each: Migration) => undoneBy(each, facts.history) !== null;
    if (isRollback(migration)) return;
    const changedPaths = new Set(changes.map(({ path }) => path));
    const index = head.findIndex(({ path }) => path === migration.path);
    // Of two changed files the later one is to blame; of a changed and an old one, the changed one.
    const other =
      head.find(
        ({ path, version }, at) =>
          version === migration.version &&
          path !== migration.path &&
          (at < index || (!all && !changedPaths.has(path))) &&
          !isRollback(head[at]!),
      ) ?? baseTip.find(({ version }) => version === migration.version);
    if (other === undefined) return;
    const where = 'where' in other ? `, which came to "${other.where}" since this branch was made` : '';
    const version = versionInPlace(facts, migration);
    const fileName = version === null ? null : `${version}_${migration.name}.sql`;
    const next = head.slice(index + 1).find((behind) => behind.version !== migration.version);
    const own = head.filter((each) => each.version === migration.version && !isRollback(each));
    report({
      message: `"${migration.fileName}" has the same version as "${other.path.split('/').at(-1)}"${where}. The history table's key is the version, so the second file fails with 23505, or never runs where the first was applied. Rename one of them.`,
      at: startOf(migration.path),
      object: migration.path,
      help:
        fileName === null
          ? (allOfTheDay(own, head) ?? inWords(migration, next))
          : shFence(
              gitMove(migration.path, `${migration.path.slice(0, -migration.fileName.length)}${fileName}`),
            ),
      ...(all || fileName === null ? {} : { fix: renameTo(migration, fileName) }),
    });
  },
});

/** Digits behind a number sort before its own file, by `_`: between two that follow each other none lies. */
const inWords = ({ version }: Migration, next: Migration | undefined): string =>
  next !== undefined && version.length === next.version.length && Number(next.version) - Number(version) === 1
    ? `No version lies between it and "${next.fileName}". Where none of those behind needs it, name it after the last of them; else number it and them anew, where none has been applied yet.`
    : `Give it a version of its own that keeps its place${next === undefined ? '' : `, before "${next.fileName}"`}.`;

/** The next free second that passes no other file; behind all others where it is the newest. Null where neither is. */
function versionInPlace(facts: Facts, migration: Migration): string | null {
  const { head } = facts.history;
  const behind = head.filter(({ fileName }) => fileName > migration.fileName);
  if (behind.length === 0) return freeVersion(facts, migration.path);
  const time = timeOf(migration.version);
  if (time === null) return null;
  const version = formatVersion(time + 1000);
  const isFree = head.every((other) => other.version !== version);
  return isFree && behind.every(({ fileName }) => fileName > `${version}_`) ? version : null;
}

function allOfTheDay(own: readonly Migration[], head: readonly Migration[]): string | null {
  const lines = oneByOne(own, head);
  return lines === null
    ? null
    : `All of that day in their order (look that none needs a later one), where none has been applied yet:\n\n${shFence(...lines.values())}`;
}
