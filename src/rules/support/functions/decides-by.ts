/** A function or trigger that decides by a column of a table: it compares it, and goes another way by what it finds. */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';

export function decidesBy(table: Table, column: string, { routines }: SchemaState): Routine | null {
  const word = (name: string) => new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`, 'i');
  for (const routine of routines.values()) {
    const code = codeOf(routine.body).bare;
    if (!word(table.name).test(code) || !word(column).test(code)) continue;
    if (isAsked(readPart(code), column)) return routine;
  }
  return null;
}

/** What an UPDATE sets and an INSERT lists is written; so is what a trigger puts into NEW. */
const readPart = (code: string): string =>
  code
    .replace(/\bset\b(?![\s\S]{0,40}\btimezone\b)([\s\S]*?)(?=\b(?:where|from|returning)\b|;|$)/gi, ' ')
    .replace(/\binsert\s+into\s+[\w."]+\s*\([^()]*\)/gi, ' ')
    .replace(/\bnew\s*\.\s*"?\w+"?\s*:=/gi, ' ');

function isAsked(code: string, column: string): boolean {
  const name = `(?<![\\w$])"?${escapeRegExp(column)}"?(?![\\w$])`;
  const compares = new RegExp(
    `${name}\\s*\\)*\\s*(?:<|>|=|!=|is\\s+(?:not\\s+)?(?:true|false|null)\\b|not\\s+in\\b|in\\s*\\()|(?:<|>|=)\\s*\\(*\\s*(?:select\\s+)?(?:coalesce\\s*\\(\\s*)?(?:[\\w"]+\\.)?${name}|\\b(?:and|or|where|when|if|not)\\s+(?:not\\s+)?\\(?(?:[\\w"]+\\.)?${name}\\s*(?:\\)|;|and\\b|or\\b|then\\b)`,
    'i',
  );
  // `select credits into left …; if left < amount then`.
  const fetched = new RegExp(`\\bselect\\b[^;]*${name}[^;]*\\binto\\b[^;]*;`, 'i');
  const assigned = new RegExp(`:=\\s*\\(?\\s*select\\b[^;]*${name}[^;]*;`, 'i');
  // `if (select credits from … where id = …) < amount`.
  const looked = new RegExp(
    `\\(\\s*select\\s+(?:coalesce\\s*\\(\\s*)?(?:[\\w"]+\\.)?${name}[^;]*?\\)\\s*(?:<|>|=)`,
    'i',
  );
  const branches = /\bif\b[\s\S]*\bthen\b|\bcase\s+when\b/i;
  return (
    compares.test(code) ||
    looked.test(code) ||
    ((fetched.test(code) || assigned.test(code)) && branches.test(code))
  );
}
