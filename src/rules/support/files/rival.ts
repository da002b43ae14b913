/** Another file that makes what a skipped one makes, so that to run the skipped one does harm. */
import type { Facts } from '../../../model/facts.ts';
import type { SkippedEntry } from '../../../model/migration.ts';
import {
  doesMore,
  type FileObject,
  type FileObjects,
  isReplaceable,
  type MadeObject,
  objectsOf,
} from './file-objects.ts';
import { fileNameOf, isNeededBefore, mayBeNewer, type NamedFile, runningFiles, sourceOf } from './skipped.ts';

export interface Rival {
  /** What both are about. */
  readonly name: string;
  readonly fileName: string;
  /** `differs`: a function of other arguments or another result; `altered`: newer settings of a function. */
  readonly kind: 'table' | 'replaced' | 'dropped' | 'copy' | 'differs' | 'altered';
  /** Nothing is left of what the skipped file makes. */
  readonly isWhole: boolean;
}

/** The first of them: a copy, a table that is there already, a newer file that makes the same anew or takes it back. */
export function rivalOf(entry: SkippedEntry, facts: Facts): Rival | null {
  const own = { fileName: fileNameOf(entry), source: sourceOf(entry) };
  const running = runningFiles(facts);
  const skipped = facts.history.skipped
    .filter((other) => other.reason === 'name' && other !== entry)
    .map((other) => ({ fileName: fileNameOf(other), source: sourceOf(other) }));
  const before = skipped.filter(({ source }) => source.path < entry.path);
  return (
    copyOf(own, [...running, ...skipped]) ??
    tableTwice(own, [...running, ...before]) ??
    settled(
      own,
      running.filter((file) => mayBeNewer(file, entry)),
    )
  );
}

function copyOf(own: NamedFile, others: readonly NamedFile[]): Rival | null {
  const { made } = objectsOf(own.source);
  const copy = others.find(
    ({ fileName, source }) =>
      areCopies(own.fileName, fileName) && made.some(({ key }) => objectsOf(source).makes.has(key)),
  );
  return copy === undefined
    ? null
    : { name: stemOf(copy.fileName), fileName: copy.fileName, kind: 'copy', isWhole: true };
}

/** Both make a table, and neither asks whether it is there. */
function tableTwice(own: NamedFile, others: readonly NamedFile[]): Rival | null {
  const { made, tables } = objectsOf(own.source);
  for (const { fileName, source } of others) {
    const twice = made.find(({ key }) => tables.has(key) && objectsOf(source).tables.has(key));
    if (twice !== undefined) return { name: twice.label, fileName, kind: 'table', isWhole: false };
  }
  return null;
}

/** To run it behind the newer file would set back what that one says. */
function settled(own: NamedFile, newer: readonly NamedFile[]): Rival | null {
  const { made, makes } = objectsOf(own.source);
  const settles = ({ drops, makes: anew }: FileObjects, object: FileObject) =>
    drops.has(object.key) ||
    // With the table that the file makes goes what it makes on it.
    (object.table !== null && makes.has(object.table) && drops.has(object.table)) ||
    (isReplaceable(object) && anew.has(object.key));
  const pairs = made.flatMap((object) => {
    const by = newer.find(({ source }) => settles(objectsOf(source), object));
    return by === undefined ? [] : [{ object, by }];
  });
  // A function tells more than a policy that calls it.
  const first = pairs.find(({ object }) => object.table === null) ?? pairs[0];
  if (first === undefined) return altered(made, newer);
  const { object, by } = first;
  // What stands at the end is what is set back.
  const last = newer.findLast(({ source }) => settles(objectsOf(source), object)) ?? by;
  return {
    name: object.label,
    fileName: last.fileName,
    kind: kindOf(object, last, newer),
    isWhole: pairs.length === made.length && !isNeededBefore(object, by, newer) && !doesMore(own.source),
  };
}

/** Made anew, a function loses what was set on it since. */
function altered(made: readonly MadeObject[], newer: readonly NamedFile[]): Rival | null {
  for (const { key, label } of made) {
    const by = newer.findLast(({ source }) => objectsOf(source).alters.has(key));
    if (by !== undefined) return { name: label, fileName: by.fileName, kind: 'altered', isWhole: false };
  }
  return null;
}

function kindOf(object: MadeObject, last: NamedFile, newer: readonly NamedFile[]): Rival['kind'] {
  const signatures = newer
    .flatMap(({ source }) => objectsOf(source).made)
    .filter(({ key }) => key === object.key)
    .map(({ signature }) => signature);
  if (object.signature !== null && signatures.some((signature) => signature !== object.signature))
    return 'differs';
  return objectsOf(last.source).makes.has(object.key) ? 'replaced' : 'dropped';
}

/** Beside each other lie `003_x.sql`, `3_x_v2.sql`, `x copy.sql`: one migration, of which one is to run. */
function areCopies(name: string, other: string): boolean {
  const [own, its] = [name, other].map((each) => /^\d+/.exec(each)?.[0]);
  const isSameNumber = own === undefined || its === undefined || Number(own) === Number(its);
  return (
    stemOf(name).length > 3 &&
    stemOf(name) === stemOf(other) &&
    (isSameNumber || [name, other].some((each) => copyMark.test(withoutEnding(each))))
  );
}

const copyMark = /[ ._-]+\(?(copy( \d+)?|v\d+|\d+|final|fixed)\)?$/i;

const withoutEnding = (name: string) => name.replace(/\.\w+$/, '');

const stemOf = (name: string) => {
  let stem = withoutEnding(name).replace(/^\d+[ ._-]*/, '');
  while (copyMark.test(stem)) stem = stem.replace(copyMark, '');
  return stem.toLowerCase();
};
