import type { Facts } from '../../model/facts.ts';
import type { Migration } from '../../model/migration.ts';
import { timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { lastMinute, oneByOne } from '../support/files/renamed-together.ts';
import { undoneBy } from '../support/files/undone.ts';
import { freeVersion, renameTo, snakeCase } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

export default rule({
  id: 'history/file-name',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a file name other than "YYYYMMDDHHMMSS_snake_case.sql", or a version that is no real date',
  why: 'The version decides when a migration runs, and the CLI compares versions as strings. Dates without a time and sequence numbers collide as soon as two people work at once, and sort between others where nobody expects them. A note where all files of the project count in one width and no other has this number.',
  remedy: 'Let the CLI name the file: `npx supabase migration new <name>`.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: true,
  file({ facts, changed, report }) {
    if (changed.change === 'edited') return;
    const { migration } = changed;
    const snake = snakeCase(migration.name);
    if (timeOf(migration.version) === null) {
      const version = rightVersion(facts, migration);
      const fileName = version === null ? null : `${version}_${snake}.sql`;
      const ahead = numberAhead(facts, migration);
      if (ahead !== null) {
        report({
          message: `"${migration.fileName}" has version "${migration.version}", which is no date and time of 14 digits. As a string "${ahead}", which the project has, sorts behind every date of today, so a name after the clock would run before it. Go on counting, in the same width.`,
          at: startOf(migration.path),
          object: migration.path,
          severity: 'info',
          help: toTheClock,
        });
        return;
      }
      if (countsOn(facts, migration)) {
        report({
          message: `"${migration.fileName}" has version "${migration.version}", which is no date and time of 14 digits. All migrations of the project count that way, in one width, so they run in this order; two people who work at once take the same number.`,
          at: startOf(migration.path),
          object: migration.path,
          severity: 'info',
          help: toTheClock,
        });
        return;
      }
      const isNewest = version !== null && !version.startsWith(migration.version);
      // Behind all others by the clock: alone only where those of its day stay as they are.
      const isAlone = isNewest && facts.history.base.some((each) => each.version === migration.version);
      const together = isAlone ? null : togetherWith(facts, migration, fileName === null);
      report({
        message: `"${migration.fileName}" has version "${migration.version}", which is ${whatIsWrong(migration.version)} ${
          together !== null
            ? together.advice
            : fileName === null
              ? 'Name it after the time at which it was made, 14 digits'
              : `Rename it to "${fileName}"`
        }.${together?.told ?? ''}`,
        at: startOf(migration.path),
        object: migration.path,
        // Fourteen digits sort as they should: what counts up from zero, or stands before the clock, is another way to write it.
        severity: /^0{4}\d{10}$/.test(migration.version) ? 'info' : 'warning',
        ...(together !== null
          ? { help: together.help }
          : fileName === null
            ? {}
            : {
                help: shFence(
                  gitMove(
                    migration.path,
                    `${migration.path.slice(0, -migration.fileName.length)}${fileName}`,
                  ),
                ),
              }),
        ...(facts.history.all || fileName === null || together !== null
          ? {}
          : { fix: renameTo(migration, fileName) }),
      });
      return;
    }
    if (migration.name === snake) return;
    const fileName = `${migration.version}_${snake}.sql`;
    report({
      message: `"${migration.fileName}" is not in snake_case. The Supabase CLI takes it, the house style does not. Rename it to "${fileName}".`,
      at: startOf(migration.path),
      object: migration.path,
      severity: 'info',
      help: shFence(
        gitMove(migration.path, `${migration.path.slice(0, -migration.fileName.length)}${fileName}`),
      ),
      ...(facts.history.all ? {} : { fix: renameTo(migration, fileName) }),
    });
  },
});

/** With others that stand beside it under such a version; null where that is no way. */
function togetherWith(
  facts: Facts,
  migration: Migration,
  hasNoTurn: boolean,
): { advice: string; help: string; told: string } | null {
  const { history } = facts;
  const { head } = history;
  const ofTheDay = head.filter(
    (each) => each.version === migration.version && undoneBy(each, history) === null,
  );
  const together = ofTheDay.length > 1 ? oneByOne(ofTheDay, facts) : null;
  if (together !== null && [...together.lines.keys()].some(({ path }) => path === migration.path))
    return {
      told: together.told,
      advice: 'A time of that day would move it before the others of the day: rename them together',
      help: `Where none of that day has been applied yet, in their order:\n\n${shFence([...together.lines.values()].join('\n'))}\n\nWhere one has been, \`db push\` takes another only behind all files: \`npx supabase migration new\` names it.`,
    };
  const minute = hasNoTurn ? lastMinute(migration, head) : null;
  return minute === null
    ? null
    : {
        advice: `Rename it to "${minute.fileName}"${minute.others === 0 ? '' : `, together with the ${minute.others === 1 ? 'one' : minute.others} beside it`}`,
        help: minute.help,
        told: '',
      };
}

const toTheClock =
  'Versions are compared as strings. To change to the clock, rename all files first, and mend the history of each database with `npx supabase migration repair`.';

/**
 * Every file has a number as wide as this one's, and this one's is its own: they sort as they were counted. Two of one
 * number elsewhere are told there.
 */
function countsOn({ history }: Facts, { version }: Migration): boolean {
  return (
    history.head.length > 1 &&
    history.head.every(
      (other) =>
        other.version.length === version.length &&
        // With fourteen digits it is the time of day that counts on.
        (version.length < 14 || other.version.slice(0, 8) === version.slice(0, 8)),
    ) &&
    history.head.filter((other) => other.version === version).length === 1
  );
}

/** A number of the project's that this file must not pass, and that a date would: "21" stands behind "20261127". */
function numberAhead(facts: Facts, { path, fileName }: Migration): string | null {
  const clock = freeVersion(facts, path);
  return (
    facts.history.head.find(
      ({ version, fileName: other }) => version.length < 8 && other < fileName && version > clock,
    )?.version ?? null
  );
}

/** Names of other lengths collide and sort between others; one of 14 digits that no clock shows stands ahead of the time. */
const whatIsWrong = (version: string) =>
  version.length === 14
    ? 'no date and time. Files that are named after the clock may sort before or behind it, whichever was made first.'
    : 'no date and time of 14 digits. Versions are compared as strings, so it can collide with another file or run out of turn.';

/**
 * A day without a time becomes its first free second; what is the newest file moves behind all others. Null where others
 * were made since: only its author knows when it was made, and it must not pass them.
 */
function rightVersion(facts: Facts, migration: Migration): string | null {
  const taken = new Set(facts.history.head.map(({ version }) => version));
  const newestOnBase = facts.history.base.reduce(
    (newest, { version }) => (version > newest ? version : newest),
    '',
  );
  if (migration.version.length < 14) {
    for (let second = 0; second < 60; second += 1) {
      const version = `${migration.version.padEnd(12, '0')}${String(second).padStart(2, '0')}`;
      // The CLI sorts by file name and compares versions: "20260119000000_" stands before "20260119_" and after it.
      const keepsOrder = facts.history.head.every(
        ({ fileName }) => fileName >= migration.fileName || fileName < `${version}_`,
      );
      if (timeOf(version) !== null && !taken.has(version) && version > newestOnBase && keepsOrder)
        return version;
    }
  }
  return facts.history.head.some(({ fileName }) => fileName > migration.fileName)
    ? null
    : freeVersion(facts, migration.path);
}
