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
  readonly kind: 'table' | 'routine or view';
}

/**
 * Another file that makes the same, so that to run this one does harm: a table is there already, and a function or a
 * view of a newer file is set back to what it was. Without digits in its name nobody can tell which one is newer.
 */
function rivalOf(entry: SkippedEntry, { history }: Facts): Rival | null {
  const name = fileNameOf(entry);
  const text = entry.text ?? '';
  const others = [
    ...history.head.map(({ fileName, text: its }) => ({ fileName, text: its ?? '', runs: true })),
    ...history.skipped
      .filter((other) => other.reason === 'name' && other.path < entry.path)
      .map((other) => ({ fileName: fileNameOf(other), text: other.text ?? '', runs: false })),
  ];
  const hasDigits = /^\d/.test(name);
  for (const { fileName, text: its } of others) {
    const table = tablesIn(text).find((each) => tablesIn(its).includes(each));
    if (table !== undefined) return { name: table, fileName, kind: 'table' };
  }
  for (const { fileName, text: its, runs } of others) {
    if (!runs || (hasDigits && fileName < name)) continue;
    const again = replacedIn(text).find((each) => replacedIn(its).includes(each));
    if (again !== undefined) return { name: again, fileName, kind: 'routine or view' };
  }
  return null;
}

const fileNameOf = ({ path }: SkippedEntry) => path.split('/').at(-1)!;

/** Tables whose creation fails where they are there. */
const tablesIn = (text: string) =>
  namesIn(text, /^[ \t]*create\s+table\s+(?!if\b)((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gim);

const replacedIn = (text: string) =>
  namesIn(
    text,
    /^[ \t]*create\s+(?:or\s+replace\s+)?(?:function|procedure|view)\s+((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gim,
  );

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
      const rival = isOlder && other?.kind !== 'table' ? null : other;
      say({
        message: `The Supabase CLI skips "${name}" because ${why[entry.reason]}. It does not run what lies there, and nothing fails. ${
          entry.reason === 'folder'
            ? 'Move what shall run directly into "supabase/migrations".'
            : aside
              ? 'Keep it elsewhere if it is not meant to run.'
              : rival === null
                ? 'Rename the file.'
                : `"${rival.fileName}" makes "${rival.name}" too: run only what is still missing, or remove the file.`
        }`,
        at: startOf(entry.path),
        object: entry.path,
        severity: aside ? 'info' : 'error',
        ...(entry.reason === 'name' && !aside && rival === null
          ? {
              help: `Rename it:\n\n\`\`\`sh\ngit mv ${entry.path} ${entry.path.slice(0, -name.length)}${newName}\n\`\`\`${isOlder ? `\n\nNewer files build on it, so its version stays. Where those ran already, \`supabase db push --include-all\` runs it.${other === null ? '' : ` That sets "${other.name}" back to what it was before "${other.fileName}": make it anew behind it.`}` : ''}`,
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
              help: `Compare it with "${rival.fileName}". What is still missing goes into a migration of its own: \`npx supabase migration new <name>\` makes one.`,
            }),
      });
    });
  },
});
