/** What the Supabase CLI skips: what it holds, and whether it is skipped on purpose. */
import type { Facts } from '../../../model/facts.ts';
import type { SkippedEntry } from '../../../model/migration.ts';
import type { SourceFile } from '../../../model/sql.ts';
import { parseSource } from '../../../sql/parse.ts';
import { remembered } from '../syntax/tree.ts';
import { type FileObject, isReplaceable, type MadeObject, namesAny, objectsOf } from './file-objects.ts';

export const fileNameOf = ({ path }: SkippedEntry) => path.split('/').at(-1)!;

/** Of a folder and a link nothing was read. */
export const sourceOf = remembered((entry: SkippedEntry) => parseSource(entry.path, entry.text ?? ''));

/** A file of the project by its name, which tells its turn. */
export interface NamedFile {
  readonly fileName: string;
  readonly source: SourceFile;
}

export const runningFiles = remembered(({ history, sources }: Facts): readonly NamedFile[] =>
  history.head.map(({ path, fileName }) => ({ fileName, source: sources.get(path)! })),
);

const hasTurn = (entry: SkippedEntry) => /^\d/.test(fileNameOf(entry));

/** Without digits in the skipped file's name nobody can tell which of the two is newer. */
export const mayBeNewer = ({ fileName }: NamedFile, entry: SkippedEntry) =>
  !hasTurn(entry) || fileName > fileNameOf(entry);

/** What stands between the skipped file and the one that makes or drops the object may need it. */
export const isNeededBefore = ({ name }: FileObject, by: NamedFile, newer: readonly NamedFile[]) =>
  newer.some(({ fileName, source }) => fileName < by.fileName && namesAny(source, [name]));

/** By its name, its first lines, or what it makes. */
export const isSetAside = (entry: SkippedEntry, facts: Facts) =>
  (entry.reason === 'folder' ? keptAside : noMigration).test(fileNameOf(entry)) ||
  isForHands(entry.text ?? '') ||
  repeats(entry, facts);

// What people lay beside their migrations on purpose: "meta" is drizzle-kit's.
const keptAside =
  /archive|backup|old|legacy|obsolete|deprecated|disabled|ignore|rollback|down|meta|snapshot|test|template|example|doc|script|seed|manual/i;
const noMigration =
  /^_*(template|example|sample|te?mp|test|draft|proposed|proposal|wip|todo|disabled|seed|schema\.|full_schema|dump|types\.|init_?db|manual|verify|check|debug|diagnos\w*|rollback|cleanup|readme|run_?(me|this|all|in)|apply_?(all|pending|manually)|pending|all_?migrations|combined|consolidated|concatenated|merged|bundled?)(\b|_)|(^|[._-])(rollback|down|undo|test|manual|seed|backup|bak|old)\b/i;

/** Its first lines say that somebody runs it by hand. */
const isForHands = (text: string) =>
  /\bsql[ -]?editor\b|\b(by hand|manually|manual run)\b|\bcopy[ -](and[ -])?paste|\bpaste (this|it|into)|\bdo not (run|apply)\b|\bnot (an? )?(automatic )?migration\b/i.test(
    text.slice(0, 1500),
  );

/**
 * What it makes, migrations make already: a bundle of them for another way in, or a dump. A function that older ones make
 * in other words is one that the file was to mend.
 */
function repeats(entry: SkippedEntry, facts: Facts): boolean {
  const { made } = objectsOf(sourceOf(entry));
  const running = runningFiles(facts);
  const newer = hasTurn(entry) ? running.filter((file) => mayBeNewer(file, entry)) : [];
  const isMade = (object: MadeObject) => {
    const maker = running.find(
      (file) =>
        objectsOf(file.source).makes.has(object.key) &&
        (!isReplaceable(object) || mayBeNewer(file, entry) || hasSame(object, file)),
    );
    return maker !== undefined && (object.table !== null || !isNeededBefore(object, maker, newer));
  };
  return made.length > 1 && made.every(isMade);
}

const hasSame = ({ key, sql }: MadeObject, { source }: NamedFile) =>
  objectsOf(source).made.some((other) => other.key === key && other.sql === sql);
