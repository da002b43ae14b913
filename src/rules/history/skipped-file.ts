import type { Facts } from '../../model/facts.ts';
import type { Migration, SkippedEntry } from '../../model/migration.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { startOf } from '../support/places.ts';
import { formatVersion, overviewOf, snakeCase, timeOf } from '../support/versions.ts';

const why = {
  name: 'its name is not "<digits>_<name>.sql"',
  folder: 'it is a folder',
  'legacy-init': 'it sorts first, is called "init" and is older than December 2021',
  link: 'it is a symbolic link',
} satisfies Record<SkippedEntry['reason'], string>;

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

/** What it makes, migrations make already: a bundle of them for another way in, or a dump. */
function repeats(text: string, migrations: readonly Migration[]): boolean {
  const made = new Set(migrations.flatMap((migration) => madeIn(migration.text ?? '')));
  const own = madeIn(text);
  return own.length > 1 && own.every((name) => made.has(name));
}

const madeIn = (text: string): readonly string[] =>
  namesIn(
    text,
    /\bcreate\s+(?:or\s+replace\s+)?(?:table|view|function|policy|(?:unique\s+)?index)\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gi,
  );

/** What the pattern's group holds, without quotes and without "public". */
const namesIn = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name]) =>
    name!
      .replaceAll('"', '')
      .toLowerCase()
      .replace(/^public\s*\.\s*/, ''),
  );

/**
 * With the version that its name begins with, unless another file has that one, or newer ones stand and none of them
 * names what it makes or changes: those may have run, and `db push` refuses a file before them.
 */
function renamed(name: string, text: string, { history, now }: Facts, index: number) {
  const words = name.replace(/\.\w+$/, '');
  const version = /^\d{14}(?!\d)/.exec(words)?.[0];
  const { versions } = overviewOf(history);
  if (version !== undefined && timeOf(version) !== null && !versions.has(version)) {
    const newer = history.head.filter((migration) => migration.version > version);
    const isBuiltOn = newer.some((migration) => namesAny(migration.text ?? '', worksOn(text)));
    if (newer.length === 0 || isBuiltOn)
      return { newName: `${version}_${snakeCase(words.slice(version.length))}.sql`, isOlder: isBuiltOn };
  }
  return { newName: `${formatVersion(now + 1000 * index)}_${snakeCase(words)}.sql`, isOlder: false };
}

/** Names, without their schema, of what it makes or alters. */
const worksOn = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /\b(?:create|alter)\s+(?:or\s+replace\s+)?(?:materialized\s+)?(?:table|view|function|procedure|sequence|type|domain|schema)\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?("[^"]+"|[\w$]+)/gi,
    ),
  ].map(([, name]) => name!.replaceAll('"', ''));

function namesAny(text: string, names: readonly string[]): boolean {
  return (
    names.length > 0 &&
    new RegExp(`(?<![\\w$])(${names.map(escapeRegExp).join('|')})(?![\\w$])`, 'i').test(text)
  );
}

interface Rival {
  readonly name: string;
  readonly fileName: string;
  readonly kind: 'table' | 'replaced' | 'dropped' | 'copy';
  /** Nothing is left of what it makes. */
  readonly isWhole: boolean;
}

/**
 * Another file that makes the same, so that to run this one does harm: a table is there already, and what a newer file
 * makes anew or takes back is set to what it was. Without digits in its name nobody can tell which one is newer.
 */
function rivalOf(entry: SkippedEntry, { history }: Facts): Rival | null {
  const name = fileNameOf(entry);
  const text = entry.text ?? '';
  const skipped = history.skipped
    .filter((other) => other.reason === 'name' && other !== entry)
    .map((other) => ({
      ...objectsIn(other),
      fileName: fileNameOf(other),
      text: other.text ?? '',
      path: other.path,
    }));
  const running = history.head.map((file) => ({
    ...objectsIn(file),
    fileName: file.fileName,
    text: file.text ?? '',
  }));
  const own = objectsIn(entry);
  const isCopy = ({ fileName, made }: Objects & { fileName: string }) =>
    areCopies(name, fileName) && made.some((each) => own.made.includes(each));
  const copy = [...running, ...skipped].find(isCopy);
  if (copy !== undefined)
    return { name: stemOf(copy.fileName), fileName: copy.fileName, kind: 'copy', isWhole: true };
  for (const { fileName, text: its } of [...running, ...skipped.filter(({ path }) => path < entry.path)]) {
    const table = tablesIn(text).find((each) => tablesIn(its).includes(each));
    if (table !== undefined) return { name: table, fileName, kind: 'table', isWhole: false };
  }
  const later = running.filter(({ fileName }) => !/^\d/.test(name) || fileName > name);
  const settled = own.made.flatMap((object) => {
    const by = later.find((file) => settles(file, object));
    return by === undefined ? [] : [{ object, fileName: by.fileName, drops: !by.made.includes(object) }];
  });
  const [first] = settled;
  if (first === undefined) return null;
  // What stands between may need it.
  const isNeeded = later.some(
    ({ fileName, text: its }) => fileName < first.fileName && namesAny(its, [nameOf(first.object)]),
  );
  return {
    name: nameOf(first.object),
    fileName: first.fileName,
    kind: first.drops ? 'dropped' : 'replaced',
    isWhole: settled.length === own.made.length && !isNeeded && !changesMore(text),
  };
}

const settles = ({ made, dropped }: Objects, object: string) =>
  dropped.includes(object) || (/^(routine|view|policy|trigger) /.test(object) && made.includes(object));

/** Rows and rights, and what is altered otherwise, are nobody's to take back. */
const changesMore = (text: string) =>
  /^[ \t]*(insert|update|delete|grant|revoke|do|select|alter(?!\s+table\s+[^;]*?\b(enable|add\s+column)\b))\b/im.test(
    withoutComments(text).replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, ''),
  );

/** Of a key like `policy all on note`: what it is called. */
const nameOf = (object: string) => object.replace(/^\w+ /, '').replace(/ on .*$/, '');

/** Beside each other lie `003_x.sql`, `3_x_v2.sql`, `x copy.sql`: one migration, of which one is to run. */
function areCopies(name: string, other: string): boolean {
  const [own, its] = [name, other].map((each) => /^\d+/.exec(each)?.[0]);
  const isSameNumber = own === undefined || its === undefined || Number(own) === Number(its);
  return (
    stemOf(name).length > 3 &&
    stemOf(name) === stemOf(other) &&
    (isSameNumber || [name, other].some((each) => copyMark.test(each.replace(/\.\w+$/, ''))))
  );
}

const copyMark = /[ ._-]+\(?(copy( \d+)?|v\d+|\d+|final|fixed)\)?$/i;

const stemOf = (name: string) => {
  let stem = name.replace(/\.\w+$/, '').replace(/^\d+[ ._-]*/, '');
  while (copyMark.test(stem)) stem = stem.replace(copyMark, '');
  return stem.toLowerCase();
};

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|--.*$/gm, '');

/** Keys of what a file makes and takes back: `view a`, `routine b`, `policy c on d`, `column d.e`. */
interface Objects {
  readonly made: readonly string[];
  readonly dropped: readonly string[];
}

const objects = new WeakMap<Migration | SkippedEntry, Objects>();

function objectsIn(file: Migration | SkippedEntry): Objects {
  let found = objects.get(file);
  if (found === undefined) {
    const plain = withoutComments(file.text ?? '');
    found = { made: keysOf(plain, 'create', 'add'), dropped: keysOf(plain, 'drop', 'drop') };
    objects.set(file, found);
  }
  return found;
}

const identifier = '(?:"[^"]+"|[\\w$]+)';
const qualified = `${identifier}(?:\\s*\\.\\s*${identifier})?`;

function keysOf(text: string, verb: 'create' | 'drop', columnVerb: 'add' | 'drop'): string[] {
  const whole = new RegExp(
    `\\b${verb}\\s+(?:or\\s+replace\\s+)?(?:materialized\\s+|unique\\s+)?(table|view|function|procedure|index|type)\\s+(?:concurrently\\s+)?(?:if\\s+(?:not\\s+)?exists\\s+)?(${qualified})`,
    'gi',
  );
  const hung = new RegExp(
    `\\b${verb}\\s+(?:or\\s+replace\\s+)?(policy|trigger)\\s+(?:if\\s+exists\\s+)?(${identifier})[^;]*?\\son\\s+(${qualified})`,
    'gi',
  );
  const columns = text.split(';').flatMap((statement) => {
    const table = new RegExp(
      `^\\s*alter\\s+table\\s+(?:if\\s+exists\\s+)?(?:only\\s+)?(${qualified})`,
      'i',
    ).exec(statement)?.[1];
    if (table === undefined) return [];
    const named = new RegExp(
      `\\b${columnVerb}\\s+column\\s+(?:if\\s+(?:not\\s+)?exists\\s+)?(${identifier})`,
      'gi',
    );
    return [...statement.matchAll(named)].map(
      ([, column]) => `column ${plainName(table)}.${plainName(column!)}`,
    );
  });
  return [
    ...[...text.matchAll(whole)].map(([, kind, name]) => {
      const group = kind!.toLowerCase();
      return `${/^(function|procedure)$/.test(group) ? 'routine' : group} ${plainName(name!)}`;
    }),
    ...[...text.matchAll(hung)].map(
      ([, kind, name, table]) => `${kind!.toLowerCase()} ${plainName(name!)} on ${plainName(table!)}`,
    ),
    ...columns,
  ];
}

const plainName = (name: string) =>
  name
    .split(/("[^"]+")/)
    .map((part) => (part.startsWith('"') ? part.slice(1, -1) : part.toLowerCase().replaceAll(/\s/g, '')))
    .join('')
    .replace(/^public\./, '');

const fileNameOf = ({ path }: SkippedEntry) => path.split('/').at(-1)!;

/** Tables whose creation fails where they are there. */
const tablesIn = (text: string) =>
  namesIn(text, /^[ \t]*create\s+table\s+(?!if\b)((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gim);

const undone = ({ kind, name, fileName }: Rival) =>
  kind === 'dropped'
    ? `That brings "${name}" back, which "${fileName}" drops: drop it anew behind it.`
    : `That sets "${name}" back to what it was before "${fileName}": make it anew behind it.`;

function told({ kind, name, fileName, isWhole }: Rival): string {
  const rest = isWhole
    ? 'it looks superseded. Delete it, or run only what is still missing.'
    : 'run only what is still missing, or remove the file.';
  if (kind === 'copy')
    return `"${fileName}" looks like another copy of it, and one of them is to run: keep that one.`;
  return kind === 'dropped'
    ? `"${fileName}" drops "${name}", which it makes: ${rest}`
    : `"${fileName}" makes "${name}" too: ${rest}`;
}

export default rule({
  id: 'history/skipped-file',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a file or folder in "supabase/migrations" that the Supabase CLI passes over',
  why: 'The CLI runs files called "<digits>_<name>.sql" that lie directly in the folder. Of any other file it says one line on stderr and exits with 0; of a folder it says nothing. Security fixes have been lost this way: merged, deployed, and never run.',
  remedy: 'Give the file a name the CLI reads: `npx supabase migration new <name>` makes one.',
  since: '0.1.0',
  sources: ['https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/list.go'],
  fixable: true,
  facts({ facts, report, preexisting }) {
    const before = new Set(facts.history.skippedOnBase.map(({ path }) => path));
    facts.history.skipped.forEach((entry, index) => {
      const name = entry.path.split('/').at(-1)!;
      if (entry.reason === 'name' && !/\.(sql|psql|pgsql)$/i.test(name)) return;
      const say = before.has(entry.path) ? preexisting : report;
      const aside =
        (entry.reason === 'folder' ? keptAside : noMigration).test(name) ||
        isForHands(entry.text ?? '') ||
        repeats(entry.text ?? '', facts.history.head);
      const { newName, isOlder } = renamed(name, entry.text ?? '', facts, index);
      const other = entry.reason === 'name' && !aside ? rivalOf(entry, facts) : null;
      // In its place of old it runs before the newer file, which makes the function anew.
      const rival = isOlder && other !== null && other.kind !== 'table' && !other.isWhole ? null : other;
      say({
        message: `The Supabase CLI skips "${name}" because ${why[entry.reason]}. It does not run what lies there, and nothing fails. ${
          entry.reason === 'folder'
            ? 'Move what shall run directly into "supabase/migrations".'
            : aside
              ? 'Keep it elsewhere if it is not meant to run.'
              : rival === null
                ? 'Rename the file.'
                : told(rival)
        }`,
        at: startOf(entry.path),
        object: entry.path,
        severity: aside ? 'info' : 'error',
        ...(entry.reason === 'name' && !aside && rival === null
          ? {
              help: `Rename it:\n\n\`\`\`sh\ngit mv ${entry.path} ${entry.path.slice(0, -name.length)}${newName}\n\`\`\`${isOlder ? `\n\nNewer files build on it, so its version stays. Where those ran already, \`supabase db push --include-all\` runs it.${other === null ? '' : ` ${undone(other)}`}` : ''}`,
              fix: {
                title: `Rename the file to "${newName}"`,
                edits: [],
                rename: { from: entry.path, to: `${entry.path.slice(0, -name.length)}${newName}` },
              },
            }
          : {}),
        ...(rival === null
          ? {}
          : {
              help: `Compare it with "${rival.fileName}"${rival.isWhole ? ', and delete it if nothing of it is missing' : ''}. What is still missing goes into a migration of its own: \`npx supabase migration new <name>\` makes one.`,
            }),
      });
    });
  },
});
