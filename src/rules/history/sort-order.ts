import type { Migration } from '../../model/migration.ts';
import { formatVersion, timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { overviewOf, startsWithDay } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shFence } from '../support/words/words.ts';

export default rule({
  id: 'history/sort-order',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a version whose order as a string is not its order as a number, or that begins with another',
  why: 'The Supabase CLI sorts versions as strings: "10_b" runs before "9_a", and "088_x" before every version that begins with a year. It lists files by their names and the history by its versions: where one version begins with another, "20260114" and "20260114093000", the two lists differ, and db push stops.',
  remedy: 'Use 14 digits for every version: `YYYYMMDDHHMMSS`.',
  since: '0.1.0',
  sources: ['https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/list.go'],
  fixable: false,
  file({ facts, set, changed, report }) {
    if (changed.change === 'edited') return;
    const { migration } = changed;
    const { lengths } = overviewOf(facts.history);
    // One that begins with another is longer.
    const twin =
      lengths.size < 2
        ? undefined
        : facts.history.head.find(({ version }) => isBeginning(version, migration.version));
    if (twin !== undefined) {
      const [short, long] =
        twin.version.length < migration.version.length ? [twin, migration] : [migration, twin];
      // Told once: at the shorter where it is new, else at the first that begins with it.
      const first = facts.history.head.find(
        ({ version }) => version.length > short.version.length && version.startsWith(short.version),
      );
      const isOld = set.migrations.every((each) => each.migration.path !== short.path);
      if (migration !== short && (facts.history.all || migration !== first || !isOld)) return;
      const fileName = nameBehind(short, facts.history.head);
      const path = `${short.path.slice(0, -short.fileName.length)}${fileName}`;
      report({
        message: `Version "${long.version}" begins with "${short.version}". As files "${long.fileName}" stands before "${short.fileName}", in the history of the database behind it: once "${short.fileName}" ran, "supabase db push" stops ("Remote migration versions not found in local migrations directory"). ${fileName === null ? `Give "${short.fileName}" another number` : `Rename "${short.fileName}" to "${fileName}"`}${short === migration ? '' : ', and mend the history of each database that ran it'}.`,
        at: startOf(migration.path),
        object: migration.path,
        key: 'beginning',
        ...(fileName === null
          ? {}
          : {
              help: shFence(
                [
                  gitMove(short.path, path),
                  ...(short === migration
                    ? []
                    : [
                        '# for each database that ran it',
                        `npx supabase migration repair --status reverted ${short.version}`,
                        `npx supabase migration repair --status applied ${fileName.slice(0, 14)}`,
                      ]),
                ].join('\n'),
              ),
            }),
      });
      return;
    }
    // Where nearly all files count alike, an odd one among them is the one to speak of.
    const alike = (lengths.get(migration.version.length) ?? 1) - 1;
    const count = facts.history.head.length - 1;
    if (alike >= 0.8 * count && count > 1) return;
    const others = facts.history.head.filter(({ path }) => path !== migration.path);
    const number = meant(migration.version);
    const other = others.find(({ version }) => {
      const theirs = meant(version);
      if (theirs === number || theirs < number === version < migration.version) return false;
      // "0145" between "014" and "015" is put there on purpose: as a number it would stand far off.
      const [low, high] = theirs < number ? [theirs, number] : [number, theirs];
      const longer = theirs < number ? migration.version : version;
      return !(longer.startsWith('0') && high - low > 10n);
    });
    if (other === undefined) return;
    const [first, second] = migration.version < other.version ? [migration, other] : [other, migration];
    report({
      message: `The Supabase CLI sorts versions as strings, so "${first.fileName}" runs before "${second.fileName}", although its number is higher. Give every version 14 digits.`,
      at: startOf(migration.path),
      object: migration.path,
    });
  },
});

const isBeginning = (a: string, b: string) => a !== b && (a.startsWith(b) || b.startsWith(a));

/** A day gets a time behind the others of that day, where it stands as a file; null where it is no day. */
function nameBehind({ version, name }: Migration, head: readonly Migration[]): string | null {
  if (version.length !== 8 || !startsWithDay(version)) return null;
  const times = head
    .filter((other) => other.version.startsWith(version))
    .map((other) => timeOf(other.version) ?? 0);
  const next = formatVersion(Math.max(...times) + 1000);
  return next.startsWith(version) && !head.some((other) => other.version === next)
    ? `${next}_${name}.sql`
    : null;
}

/**
 * The number a version means: a day is its beginning, whatever of the time is left out or mistyped, also one that no
 * calendar has ("20261132").
 */
function meant(version: string): bigint {
  const date = /^(19|20)\d{6,11}$/.test(version);
  return BigInt(date ? version.padEnd(14, '0') : version);
}
