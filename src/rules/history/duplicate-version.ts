import type { Facts } from '../../model/facts.ts';
import type { Migration } from '../../model/migration.ts';
import { timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { foundationsOf, namesAny } from '../support/files/file-objects.ts';
import { type Apart, apart, oneByOne, type Renamed } from '../support/files/renamed-together.ts';
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
    const behind = head.slice(index + 1).filter((each) => each.version !== migration.version);
    const own = head.filter((each) => each.version === migration.version && !isRollback(each));
    const together = apart(own, facts);
    const day = together === null ? oneByOne(own, facts) : null;
    const told = together?.told || day?.told || '';
    // Behind all others it gets the time at which it is renamed.
    const version =
      told !== '' || together?.isAhead === true
        ? null
        : index === head.length - 1
          ? freeVersion(facts, migration.path)
          : (together?.versions.get(migration) ?? null);
    const fileName = version === null ? null : `${version}_${migration.name}.sql`;
    const help = () => {
      const folder = migration.path.slice(0, -migration.fileName.length);
      if (fileName !== null) return shFence(gitMove(migration.path, `${folder}${fileName}`));
      if (together !== null) return secondsApart(together, migration, behind[0]);
      return day !== null ? allOfTheDay(day) : inWords(migration, behind, facts);
    };
    report({
      message: `"${migration.fileName}" has the same version as "${other.path.split('/').at(-1)}"${where}. The history table's key is the version, so the second file fails with 23505, or never runs where the first was applied. Rename one of them.${told}`,
      at: startOf(migration.path),
      object: migration.path,
      help: help(),
      ...(all || fileName === null ? {} : { fix: renameTo(migration, fileName) }),
    });
  },
});

/** Digits behind a number sort before its own file, by `_`: between two that follow each other none lies. */
function inWords(migration: Migration, behind: readonly Migration[], { sources }: Facts): string {
  const [next] = behind;
  const { version } = migration;
  if (
    next === undefined ||
    version.length !== next.version.length ||
    Number(next.version) - Number(version) !== 1
  )
    return `Give it a version of its own that keeps its place${next === undefined ? '' : `, before "${next.fileName}"`}.`;
  const none = `No version lies between it and "${next.fileName}"`;
  const source = sources.get(migration.path);
  const names = source === undefined ? [] : foundationsOf(source);
  if (names.length === 0)
    return `${none}. Where none of those behind needs it, name it after the last of them; else number it and them anew, where none has been applied yet.`;
  const user = behind.find(({ path }) => {
    const other = sources.get(path);
    return other !== undefined && namesAny(other, names);
  });
  return user === undefined
    ? `${none}, and none of those behind names what it makes: name it after the last of them.`
    : `${none}, and "${user.fileName}" names what it makes or changes: number it and those behind it anew, where none has been applied yet.`;
}

function secondsApart(
  { lines, versions, isAhead }: Apart,
  { version }: Migration,
  next: Migration | undefined,
): string {
  const moves = shFence(...lines.values());
  if (!isAhead) return moves;
  const applied = [...versions.values()].join(' ');
  const why =
    next === undefined || timeOf(version) === null
      ? `No clock shows the time "${version}", nor a second behind it:`
      : `No version is free before "${next.fileName}", so`;
  return `${why} ${versions.size === 1 ? 'the other moves ahead and passes' : 'the others move ahead and pass'} no file:\n\n${moves}\n\nWhere a database has run ${versions.size === 1 ? 'it' : 'them'} already, its history is to follow: \`npx supabase migration repair --status applied ${applied}\`, and \`--status reverted ${version}\` where the file that keeps that version has not run.`;
}

const allOfTheDay = ({ lines, told }: Renamed): string =>
  `All of that day in ${told === '' ? 'their order (look that none needs a later one)' : 'the order in which they need each other'}, where none has been applied yet:\n\n${shFence(...lines.values())}`;
