/** Versions of migrations: what they say as dates, and which is free. */
import type { Facts } from '../../../model/facts.ts';
import type { Fix } from '../../../model/finding.ts';
import type { History, Migration } from '../../../model/migration.ts';
import { formatVersion, timeOf } from '../../../project/version.ts';

interface Overview {
  readonly byPath: ReadonlyMap<string, Migration>;
  /** How many files have a version; how many have one of a length. */
  readonly versions: ReadonlyMap<string, number>;
  readonly lengths: ReadonlyMap<number, number>;
}

const overviews = new WeakMap<History, Overview>();

/** Of the head's migrations, for rules that look at all of them from each. */
export function overviewOf(history: History): Overview {
  let overview = overviews.get(history);
  if (overview === undefined) {
    const { head } = history;
    overview = {
      byPath: new Map(head.map((migration) => [migration.path, migration])),
      versions: counted(head.map(({ version }) => version)),
      lengths: counted(head.map(({ version }) => version.length)),
    };
    overviews.set(history, overview);
  }
  return overview;
}

function counted<K>(keys: readonly K[]): ReadonlyMap<K, number> {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Versions numbered by hand behind a date tell the day all the same. */
export const startsWithDay = (version: string) => timeOf(`${version.slice(0, 8)}000000`) !== null;

export const snakeCase = (words: string) =>
  words
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '') || 'migration';

/**
 * A version for a file that must move behind all others: now, or a second after the newest. Files of one change that
 * move together keep their order: the n-th gets the n-th second, and those that never ran come last.
 */
export function freeVersion(facts: Facts, path: string): string {
  const { head, baseTip } = facts.history;
  const times = [...head, ...baseTip].map(({ version }) => timeOf(version) ?? 0);
  const newest = Math.max(0, ...times.filter((time) => time <= facts.now + 86_400_000));
  const paths = [...head, ...facts.history.skipped].map((file) => file.path);
  return formatVersion(Math.max(facts.now, newest) + 1000 * (1 + Math.max(0, paths.indexOf(path))));
}

export function renameTo({ path, ...old }: Pick<Migration, 'path' | 'fileName'>, fileName: string) {
  const folder = path.slice(0, path.length - old.fileName.length);
  return {
    title: `Rename the file to "${fileName}"`,
    edits: [],
    rename: { from: path, to: `${folder}${fileName}` },
  } satisfies Fix;
}
