/** A place for a file that the CLI skips, where files that run build on it: before those, and behind what its name follows. */
import type { Facts } from '../../../model/facts.ts';
import type { Migration, SkippedEntry } from '../../../model/migration.ts';
import type { SourceFile } from '../../../model/sql.ts';
import { formatVersion, timeOf } from '../../../project/version.ts';
import { foundationsOf, namesAny, objectsOf } from './file-objects.ts';
import { fileNameOf, isSetAside, runningFiles, sourceOf } from './skipped.ts';
import { snakeCase, startsWithDay } from './versions.ts';

export interface Place {
  /** The name that has the place; null where no version is free. */
  readonly fileName: string | null;
  /** The file that runs right before the place, and the one right behind it. */
  readonly behind: string | null;
  readonly before: string;
}

interface Gap {
  readonly below: Migration | null;
  readonly above: Migration;
}

const places = new WeakMap<Facts, Map<SkippedEntry, Place | null>>();
const gaps = new WeakMap<Facts, Map<SkippedEntry, Gap | null>>();

/** Null where nothing that runs later needs what the file makes or changes. */
export const placeOf = (entry: SkippedEntry, facts: Facts): Place | null =>
  kept(places, findPlace, entry, facts);

const gapOf = (entry: SkippedEntry, facts: Facts): Gap | null => kept(gaps, findGap, entry, facts);

function kept<T>(
  by: WeakMap<Facts, Map<SkippedEntry, T>>,
  find: (entry: SkippedEntry, facts: Facts) => T,
  entry: SkippedEntry,
  facts: Facts,
): T {
  let found = by.get(facts);
  if (found === undefined) {
    found = new Map();
    by.set(facts, found);
  }
  if (!found.has(entry)) found.set(entry, find(entry, facts));
  return found.get(entry)!;
}

function findPlace(entry: SkippedEntry, facts: Facts): Place | null {
  const gap = gapOf(entry, facts);
  if (gap === null) return null;
  const { below, above } = gap;
  // Others that are skipped and want the same place keep their order.
  const earlier = facts.history.skipped.filter((other) => {
    if (other.reason !== 'name' || other.path >= entry.path || isSetAside(other, facts)) return false;
    const theirs = gapOf(other, facts);
    return theirs?.above === above && theirs.below === below;
  });
  const version = versionIn(entry, gap, earlier.length, facts);
  const last = earlier.length === 0 ? null : placeOf(earlier.at(-1)!, facts);
  return {
    fileName: version === null ? null : `${version}_${wordsOf(entry)}.sql`,
    behind: last === null ? (below?.fileName ?? null) : (last.fileName ?? last.behind),
    before: above.fileName,
  };
}

function findGap(entry: SkippedEntry, facts: Facts): Gap | null {
  const { head } = facts.history;
  const index = numberOf(entry) === '' ? byNeed(entry, facts) : byName(entry, facts);
  return index === -1 ? null : { below: head[index - 1] ?? null, above: head[index]! };
}

/** A number tells the place. `026a` and `026A` are both behind `026`. */
function byName(entry: SkippedEntry, facts: Facts): number {
  const name = fileNameOf(entry).toLowerCase();
  const index = facts.history.head.findIndex(({ fileName }) => fileName > name);
  if (index === -1) return -1;
  const names = foundationsOf(sourceOf(entry));
  const newer = runningFiles(facts).slice(index);
  // What is skipped too and has a place behind it may be what needs it.
  const waits = (other: SkippedEntry) =>
    other.reason === 'name' &&
    other.path > entry.path &&
    namesAny(sourceOf(other), names) &&
    gapOf(other, facts) !== null &&
    !isSetAside(other, facts);
  return newer.some(({ source }) => namesAny(source, names)) || facts.history.skipped.some(waits)
    ? index
    : -1;
}

/**
 * Without a number it stands before the first that needs what it makes, unless it needs what only that or a later one
 * makes. A function's body is not looked into before somebody calls it.
 */
function byNeed(entry: SkippedEntry, facts: Facts): number {
  const source = sourceOf(entry);
  const running = runningFiles(facts);
  const made = madeNames([source]);
  const index = running.findIndex((file) =>
    namesAny(
      { statements: file.source.statements.filter(({ kind }) => kind !== 'CreateFunctionStmt') },
      made,
    ),
  );
  if (index === -1) return -1;
  const sources = running.map((file) => file.source);
  const there = new Set([...madeNames(sources.slice(0, index)), ...made]);
  const later = madeNames(sources.slice(index)).filter((name) => !there.has(name));
  return namesAny(source, later) ? -1 : index;
}

const madeNames = (sources: readonly SourceFile[]): readonly string[] =>
  sources.flatMap((source) =>
    objectsOf(source).made.flatMap(({ table, name }) => (table === null ? name : [])),
  );

/** `rank` others come before it in the same place. */
function versionIn(entry: SkippedEntry, gap: Gap, rank: number, { history }: Facts): string | null {
  const low = gap.below?.version ?? '';
  const others = [...history.head, ...history.baseTip];
  const isFree = (version: string) =>
    version > low &&
    version < gap.above.version &&
    // `0261_x.sql` stands before `026_x.sql`, and its version behind: `db push` then misses one of the two.
    !others.some((other) => other.version.startsWith(version) || version.startsWith(other.version));
  const candidates = candidatesIn(entry, gap, rank, history.skipped);
  return candidates.find((version) => version !== null && isFree(version)) ?? null;
}

/** In the kind of the versions around it. */
function candidatesIn(
  entry: SkippedEntry,
  { below, above }: Gap,
  rank: number,
  skipped: readonly SkippedEntry[],
): readonly (string | null)[] {
  const number = numberOf(entry);
  const low = below?.version ?? '';
  if (number === '') return [secondBefore(above.version, 60 - rank), counted(low, 1 + rank)];
  const own = low < number ? number : null;
  if (isDay(number)) {
    const isFirst = isAlone(entry, skipped) && timeOf(above.version) === null;
    return [isFirst ? own : null, onDay(number, low, rank)];
  }
  if (own === null) return [counted(low, 1 + rank)];
  return [rank === 0 ? own : counted(own, rank)];
}

const numberOf = (entry: SkippedEntry) => /^\d*/.exec(fileNameOf(entry))![0];

const isDay = (number: string) => number.length === 8 && startsWithDay(number);

const isAlone = (entry: SkippedEntry, skipped: readonly SkippedEntry[]) =>
  !skipped.some((other) => other !== entry && numberOf(other) === numberOf(entry));

/** The n-th free second of the day, behind what runs below. */
function onDay(day: string, low: string, rank: number): string {
  const last = low.startsWith(day) ? timeOf(low) : null;
  return formatVersion((last === null ? timeOf(`${day}000000`)! : last + 1000) + 1000 * rank);
}

function secondBefore(version: string, seconds: number): string | null {
  const time = timeOf(isDay(version) ? `${version}000000` : version);
  return time === null ? null : formatVersion(time - 1000 * seconds);
}

/** So many seconds or numbers further, of the same length. */
function counted(version: string, by: number): string | null {
  const time = timeOf(version);
  if (time !== null) return formatVersion(time + 1000 * by);
  return /^\d{1,15}$/.test(version) && !isDay(version)
    ? String(Number(version) + by).padStart(version.length, '0')
    : null;
}

function wordsOf(entry: SkippedEntry): string {
  const words = fileNameOf(entry).replace(/\.\w+$/, '');
  const name = words.replace(/^\d+([a-z]{1,2}\d*)?(?=[^a-z0-9]|$)/i, '');
  return snakeCase(/\w/.test(name) ? name : words);
}
