/** Whose part of the application a call stands in, by its folders: `src/pages/student/Notes.tsx`. */
import type { ClientCall } from '../../../model/client.ts';
import type { Table } from '../../../model/schema.ts';
import { parties } from '../words/person-names.ts';
import { placesNamed } from './client-calls.ts';

const people = `${parties}|member`;

const folder = new RegExp(`(?:^|/)\\(?(${people})s?\\)?(?=/)`, 'i');
const column = new RegExp(`^(${people})_?(?:user_?|profile_?)?(?:uu)?id$`, 'i');

/**
 * A line of SQL comment before what leaves rows to whom that column names: the code does it in the part of somebody else,
 * whom no column of the table names. Empty where it does not, or nobody can say.
 */
export function saidOfOthersPart(
  table: Table,
  owner: string | undefined,
  calls: readonly ClientCall[],
): string {
  const named = column.exec(owner ?? '')?.[1]?.toLowerCase();
  const parts = calls.map(({ path }) => folder.exec(path)?.[1]?.toLowerCase());
  const [who] = parts;
  return named === undefined ||
    who === undefined ||
    who === named ||
    parts.some((part) => part !== who) ||
    table.columns.some(({ name }) => name.toLowerCase().includes(who))
    ? ''
    : `-- "${owner}" names ${a(named)}, and the code does it in the part of ${a(who)} (${placesNamed(calls)}), whom this refuses: first give the row a column that names the ${who}\n`;
}

const a = (word: string) => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
