import type { Facts } from '../../model/facts.ts';
import type { Fix } from '../../model/finding.ts';
import type { History, SkippedEntry } from '../../model/migration.ts';
import { formatVersion, timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';
import { type Place, placeOf } from '../support/files/place-in-turn.ts';
import { type Rival, rivalOf } from '../support/files/rival.ts';
import { fileNameOf, isSetAside, sourceOf } from '../support/files/skipped.ts';
import { overviewOf, renameTo, snakeCase } from '../support/files/versions.ts';
import { startOf } from '../support/statements/places.ts';
import { gitMove, shellWord, shFence } from '../support/words/words.ts';

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
      const name = fileNameOf(entry);
      if (entry.reason === 'name' && !/\.(sql|psql|pgsql)$/i.test(name)) return;
      const say = before.has(entry.path) ? preexisting : report;
      const aside = isSetAside(entry, facts);
      const { advice, ...way } = aside ? leftOut(entry) : wayIn(entry, facts, index);
      say({
        message: `The Supabase CLI skips "${name}" because ${why[entry.reason]}. It does not run what lies there, and nothing fails. ${advice}`,
        at: startOf(entry.path),
        object: entry.path,
        severity: aside ? 'info' : 'error',
        ...way,
      });
    });
  },
});

const why = {
  name: 'its name is not "<digits>_<name>.sql"',
  folder: 'it is a folder',
  'legacy-init': 'it sorts first, is called "init" and is older than December 2021',
  link: 'it is a symbolic link',
} satisfies Record<SkippedEntry['reason'], string>;

interface Way {
  readonly advice: string;
  readonly help?: string;
  readonly fix?: Fix;
}

const moveOut: Way = { advice: 'Move what shall run directly into "supabase/migrations".' };

const leftOut = ({ reason }: SkippedEntry): Way =>
  reason === 'folder' ? moveOut : { advice: 'Keep it elsewhere if it is not meant to run.' };

/** A name that the CLI reads, unless another file makes the same: then the two are to be compared. */
function wayIn(entry: SkippedEntry, facts: Facts, index: number): Way {
  if (entry.reason === 'folder') return moveOut;
  if (entry.reason !== 'name') return { advice: 'Rename the file.' };
  const { fileName, place, isOlder } = newName(entry, facts, index);
  const rival = rivalOf(entry, facts);
  // In its place of old it runs before the newer file, which makes the function anew.
  const isInTurn =
    place !== null && rival?.kind !== 'table' && rival?.kind !== 'differs' && rival?.isWhole !== true;
  if (rival !== null && !isInTurn) return compared(rival);
  if (fileName === null) return putBehind(entry, place, rival);
  if (place === null && isOutdated(entry, facts)) return onceByHand(entry, fileName);
  const fix = renameTo({ path: entry.path, fileName: fileNameOf(entry) }, fileName);
  return {
    advice: 'Rename the file.',
    help: `Rename it:\n\n${shFence(gitMove(entry.path, fix.rename.to))}${isOlder ? `\n\nNewer files build on it, so it keeps its place. Where those ran already, \`supabase db push --include-all\` runs it; where the database has what it makes, \`supabase migration repair --status applied ${fileName.split('_')[0]}\` notes it instead.${rival === null ? '' : ` ${setBack(rival)}`}` : ''}`,
    fix,
  };
}

/** `isOlder`: newer ones stand, which may have run. */
type NewName =
  | { readonly fileName: string; readonly place: Place | null; readonly isOlder: boolean }
  | {
      readonly fileName: null;
      readonly place: Place & { readonly behind: string };
      readonly isOlder: boolean;
    };

/**
 * In its place where newer files need what it makes or changes: with the version that its name begins with, unless another
 * file has that one. Else behind all that may have run: `db push` refuses a file before those.
 */
function newName(entry: SkippedEntry, facts: Facts, index: number): NewName {
  const { history, now } = facts;
  const words = fileNameOf(entry).replace(/\.\w+$/, '');
  const version = /^\d{14}(?!\d)/.exec(words)?.[0];
  const place = placeOf(entry, facts);
  const standing = standingBeside(entry, history);
  const isOlder = (fileName: string) => standing.some((other) => baseName(other.path) > fileName);
  if (version !== undefined && timeOf(version) !== null && !overviewOf(history).versions.has(version)) {
    const fileName = `${version}_${snakeCase(words.slice(version.length))}.sql`;
    if (place !== null || !isOlder(fileName)) return { fileName, place, isOlder: isOlder(fileName) };
  }
  if (place !== null) {
    const { fileName, behind } = place;
    if (fileName !== null) return { fileName, place, isOlder: isOlder(fileName) };
    if (behind !== null) return { fileName, place: { ...place, behind }, isOlder: true };
  }
  const name = version === undefined ? words : words.slice(version.length).replace(/^\W+$/, words);
  const fileName = `${formatVersion(now + 1000 * index)}_${snakeCase(name || words)}.sql`;
  return { fileName, place: null, isOlder: false };
}

/** Those of the change itself ran nowhere yet, where it brings this file too. */
function standingBeside({ path }: SkippedEntry, { all, base, baseTip, head, skippedOnBase }: History) {
  const isNew = !all && base.length > 0 && !skippedOnBase.some((other) => other.path === path);
  return isNew ? [...base, ...baseTip] : head;
}

const baseName = (path: string) => path.split('/').at(-1)!;

/** Digits behind a number sort before its own file, by `_`: between two that follow each other none lies. */
function putBehind(
  { path }: SkippedEntry,
  { behind, before }: Place & { readonly behind: string },
  rival: Rival | null,
): Way {
  const other = shellWord(`${path.slice(0, path.lastIndexOf('/') + 1)}${behind}`);
  return {
    advice: `Newer files build on it, and no version lies between "${behind}" and "${before}". Put what it holds at the end of "${behind}".`,
    help: `Put it there:\n\n${shFence(`(echo; cat ${shellWord(path)}) >> ${other}`, `git rm ${shellWord(path)}`)}\n\nA database where "${behind}" ran does not run it again: run the statements there by hand, unless it has what they make.${rival === null ? '' : ` ${setBack(rival)}`}`,
  };
}

/** Rows alone, and newer files stand: somebody may have run it by hand long ago. */
const isOutdated = (entry: SkippedEntry, facts: Facts) => {
  const { statements } = sourceOf(entry);
  const name = fileNameOf(entry);
  return (
    statements.length > 0 &&
    statements.every(({ kind }) => /^(Update|Delete|Insert|Select)Stmt$/.test(kind)) &&
    statements.some(({ kind }) => /^(Update|Delete)Stmt$/.test(kind)) &&
    /^\d/.test(name) &&
    facts.history.head.some(({ fileName }) => fileName > name)
  );
};

const onceByHand = ({ path }: SkippedEntry, fileName: string): Way => ({
  advice:
    'It changes rows alone, and newer files stand: look whether it ran by hand. Delete it then, and name it anew only where its rows still wait.',
  help: `Where they do:\n\n${shFence(gitMove(path, `${path.slice(0, path.lastIndexOf('/') + 1)}${fileName}`))}`,
});

function compared({ kind, name, fileName, isWhole }: Rival): Way {
  const rest = isWhole
    ? 'it looks superseded. Delete it, or run only what is still missing.'
    : 'run only what is still missing, or remove the file.';
  return {
    advice: beside[kind](`"${fileName}"`, `"${name}"`, rest),
    help: `Compare it with "${fileName}"${isWhole ? ', and delete it if nothing of it is missing' : ''}. What is still missing goes into a migration of its own: \`npx supabase migration new <name>\` makes one.`,
  };
}

const madeTwice = (file: string, object: string, rest: string) => `${file} makes ${object} too: ${rest}`;
const beside: Readonly<Record<Rival['kind'], typeof madeTwice>> = {
  table: madeTwice,
  replaced: madeTwice,
  copy: (file) => `${file} looks like another copy of it, and one of them is to run: keep that one.`,
  dropped: (file, object, rest) => `${file} drops ${object}, which it makes: ${rest}`,
  differs: (file, object, rest) =>
    `${file} makes ${object} with other arguments or another result, and the two can't follow each other: ${rest}`,
  altered: (file, object, rest) =>
    `${file} sets something on ${object}, which making it anew would undo: ${rest}`,
};

const setBack = ({ kind, name, fileName }: Rival) =>
  kind === 'dropped'
    ? `That brings "${name}" back, which "${fileName}" drops: drop it anew behind it.`
    : kind === 'altered'
      ? `That undoes what "${fileName}" sets on "${name}": set it again behind it.`
      : `That sets "${name}" back to what it was before "${fileName}": make it anew behind it.`;
