/** Files that get other versions together, so that they stay in their order. */
import type { Migration } from '../../../model/migration.ts';
import { formatVersion, timeOf } from '../../../project/version.ts';
import { gitMove, shFence } from '../words/words.ts';
import { snakeCase, startsWithDay } from './versions.ts';

/** Files of one day: each gets a second of it, in their order. Null where others of that day have a time. */
export function oneByOne(
  own: readonly Migration[],
  head: readonly Migration[],
): ReadonlyMap<Migration, string> | null {
  const [first] = own;
  if (first === undefined || !/^\d{8}$/.test(first.version) || !startsWithDay(first.version)) return null;
  if (head.some(({ version }) => version.length > 8 && version.startsWith(first.version))) return null;
  return new Map(
    mendsBehind(own).map((each, at) => [each, moved(each, `${first.version}${String(at).padStart(6, '0')}`)]),
  );
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
