/** Files that get other versions together, so that they stay in their order. */
import type { Facts } from '../../../model/facts.ts';
import type { Migration } from '../../../model/migration.ts';
import { formatVersion, timeOf } from '../../../project/version.ts';
import { gitMove, shFence } from '../words/words.ts';
import { turnsOf } from './needs.ts';
import { snakeCase, startsWithDay } from './versions.ts';

export interface Renamed {
  /** The line for each file that gets another name, in the order in which they are to run. */
  readonly lines: ReadonlyMap<Migration, string>;
  /** Which file needs which, where the order is not that of their names; with a space before it. */
  readonly told: string;
}

/** Files of one day: each gets a second of it, in their order. Null where others of that day have a time. */
export function oneByOne(own: readonly Migration[], facts: Facts): Renamed | null {
  const [first] = own;
  if (first === undefined || !/^\d{8}$/.test(first.version) || !startsWithDay(first.version)) return null;
  if (facts.history.head.some(({ version }) => version.length > 8 && version.startsWith(first.version)))
    return null;
  const { files, told } = turnsOf(mendsBehind(own), facts);
  const lines = files.map(
    (each, at) => [each, moved(each, `${first.version}${String(at).padStart(6, '0')}`)] as const,
  );
  return { lines: new Map(lines), told };
}

export interface Apart extends Renamed {
  /** The versions behind the lines. */
  readonly versions: ReadonlyMap<Migration, string>;
  /** True where no version is free behind them, so that the first of them move ahead. */
  readonly isAhead: boolean;
}

/**
 * Files of one time, a second apart, where that passes no other file: the first keeps its version, or else the last. What
 * stood on the base keeps it. Null where there is no room.
 */
export function apart(own: readonly Migration[], facts: Facts): Apart | null {
  const { head, baseTip, changes, all } = facts.history;
  const changed = new Set(changes.map(({ path }) => path));
  const moving = own.filter(({ path }) => all || changed.has(path));
  if (moving.length === 0) return null;
  const { version } = moving[0]!;
  const standing = own.length - moving.length + (baseTip.some((other) => other.version === version) ? 1 : 0);
  const { files, told } = turnsOf(moving, facts);
  const others = head.filter((other) => other.version !== version);
  const isFree = (next: string | null): next is string =>
    next !== null &&
    others.every(
      (other) =>
        !other.version.startsWith(next) && other.fileName > `${version}_` === other.fileName > `${next}_`,
    );
  const withSteps = (first: number): ReadonlyMap<Migration, string> | null => {
    const versions = new Map<Migration, string>();
    for (const [at, file] of files.entries()) {
      if (first + at === 0) continue;
      const next = stepped(version, first + at);
      if (!isFree(next)) return null;
      versions.set(file, next);
    }
    return versions;
  };
  const behind = withSteps(standing);
  const versions = behind ?? (standing === 0 ? withSteps(1 - files.length) : null);
  if (versions === null) return null;
  const lines = new Map([...versions].map(([file, next]) => [file, moved(file, next)]));
  return { lines, told, versions, isAhead: behind === null };
}

/** So many seconds on or back; back from a time that no clock shows, the last ones of its day. */
function stepped(version: string, seconds: number): string | null {
  const time = timeOf(version);
  if (time !== null) return formatVersion(time + 1000 * seconds);
  const last = `${version.slice(0, 8)}235959`;
  return seconds < 0 && version.length === 14 && startsWithDay(version) && last < version
    ? formatVersion(timeOf(last)! + 1000 * (seconds + 1))
    : null;
}

const moved = ({ path, fileName, name }: Migration, version: string) =>
  gitMove(path, `${path.slice(0, -fileName.length)}${version}_${name}.sql`);

/** By their names, but `fix_orders` comes behind the `orders` that it mends. */
function mendsBehind(own: readonly Migration[]): readonly Migration[] {
  const ordered: Migration[] = [];
  const place = (migration: Migration) => {
    if (ordered.includes(migration)) return;
    for (const other of own)
      if (
        other.name.length > 3 &&
        other.name.length < migration.name.length &&
        migration.name.includes(other.name)
      )
        place(other);
    ordered.push(migration);
  };
  own.forEach(place);
  return ordered;
}

export interface Respelled {
  /** What this one is called then. */
  readonly fileName: string;
  readonly help: string;
  readonly others: number;
}

/**
 * Times that no clock shows, such as 60:00: this file and those like it beside it get the last minute of the day, where
 * that lies between what stands before them and behind. Null where it does not.
 */
export function lastMinute(own: Migration, head: readonly Migration[]): Respelled | null {
  if (own.version.length !== 14 || !startsWithDay(own.version)) return null;
  const day = own.version.slice(0, 8);
  const isLike = ({ version }: Migration | undefined = own) =>
    version.length === 14 && version.startsWith(day) && timeOf(version) === null;
  const sorted = head.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1));
  const at = sorted.findIndex(({ path }) => path === own.path);
  if (at === -1) return null;
  let from = at;
  while (from > 0 && isLike(sorted[from - 1])) from -= 1;
  let to = at;
  while (to + 1 < sorted.length && isLike(sorted[to + 1])) to += 1;
  const [before, behind] = [sorted[from - 1]?.fileName ?? '', sorted[to + 1]?.fileName];
  const start = timeOf(`${day}235900`)!;
  const group = sorted
    .slice(from, to + 1)
    .map((migration, second) => ({ migration, version: formatVersion(start + 1000 * second) }));
  const last = group.at(-1)!.version;
  if (group.length > 60 || before >= `${day}235900` || (behind !== undefined && behind < `${last}_~`))
    return null;
  const { version } = group[at - from]!;
  return {
    fileName: `${version}_${snakeCase(own.name)}.sql`,
    help: `${group.length === 1 ? 'It keeps its place:' : 'Together they keep their places:'}\n\n${shFence(
      ...group.map(({ migration, version: next }) =>
        moved({ ...migration, name: snakeCase(migration.name) }, next),
      ),
    )}\n\nWhere ${group.length === 1 ? 'it has' : 'they have'} been applied, the history is to follow: \`npx supabase migration repair --status reverted ${own.version}\`, then \`--status applied ${version}\`${group.length === 1 ? '' : ', and so for each'}.`,
    others: group.length - 1,
  };
}
