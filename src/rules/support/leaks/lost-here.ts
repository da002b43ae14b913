/** What rests on statements that did not apply here: where they ran it may be otherwise. */
import type { Facts } from '../../../model/facts.ts';
import type { SqlError, StatementRun } from '../../../model/replay.ts';
import { escapeRegExp } from '../../../sql/text.ts';

type Failure = Pick<SqlError, 'sqlstate' | 'message'>;

/** What is missing by it, and the file that would have made it. */
export interface Lost {
  readonly name: string;
  readonly path: string;
}

interface Part {
  readonly path: string;
  /** Without comments. */
  readonly text: string;
  readonly error: SqlError | null;
}

/**
 * What the error says is not there, and the file that did not apply and would have made it. `beside` is the text of what
 * raised it: a column of a table that it does not name is another one.
 */
export function lostWith(error: Failure | null, facts: Facts, beside?: string): Lost | null {
  const name = missingIn(error);
  if (error === null || name === null) return null;
  const isColumn = error.sqlstate === '42703';
  // It is there: the search path does not lead to it.
  if (!isColumn && isThere(name, facts)) return null;
  const word = `"?${escapeRegExp(name)}(?!\\w)`;
  const called = `(?:"?\\w+"?\\.)?${word}`;
  const makes = isColumn
    ? columnMaker(word, beside)
    : (text: string) =>
        new RegExp(
          `\\b(?:create\\s+(?:or\\s+replace\\s+)?(?:table|(?:materialized\\s+)?view|function|type)\\s+(?:if\\s+not\\s+exists\\s+)?|rename\\s+to\\s+)${called}`,
          'i',
        ).test(text);
  const part = notApplied(facts).find(({ text }) => makes(text));
  return part === undefined ? null : { name, path: part.path };
}

/**
 * A row that the table refuses, or a column that it lacks: another CREATE TABLE of that table did not apply, nor did what
 * was to change the column or the constraint that the error names; or a migration's own statement was refused by the very
 * same error. What the files were written for is another table.
 */
export function contradictedBy(error: Failure | null, facts: Facts): Lost | null {
  if (error === null || !/^(?:23\d{3}|42703)$/.test(error.sqlstate)) return null;
  const relation = / (?:of relation|for relation|on table) "([^"]+)"/.exec(error.message)?.[1];
  const part = /\b(?:column|constraint) "([^"]+)"/.exec(error.message)?.[1];
  const alters =
    relation === undefined || part === undefined || error.sqlstate === '42703'
      ? null
      : new RegExp(
          `\\balter\\s+table\\s+(?:if\\s+exists\\s+)?(?:only\\s+)?(?:"?\\w+"?\\.)?"?${escapeRegExp(relation)}(?!\\w)[^;]*\\b${escapeRegExp(part)}(?!\\w)`,
          'i',
        );
  const found = notApplied(facts).find(
    (lost) =>
      (lost.error?.sqlstate === error.sqlstate && lost.error.message === error.message) ||
      (lost.error?.sqlstate === '42P07' && lost.error.message === `relation "${relation}" already exists`) ||
      alters?.test(lost.text),
  );
  return found === undefined ? null : { name: relation ?? part ?? '', path: found.path };
}

const missingIn = (error: Failure | null): string | null =>
  /^(?:42703|42P01|42883|42704)$/.test(error?.sqlstate ?? '')
    ? (/"?(?:\w+\.)?(\w+)"?(?:\(.*\))?(?: of relation "\w+")? does not exist/.exec(error!.message)?.[1] ??
      null)
    : null;

const isThere = (name: string, { head }: Facts) =>
  [head.tables, head.views, head.routines, head.types].some((map) =>
    [...map.values()].some((object) => object.name === name),
  );

/** Adds the column to a table that is spoken of, or makes such a table with it. */
function columnMaker(word: string, beside: string | undefined): (text: string) => boolean {
  const adds = new RegExp(
    `\\b(?:add|rename\\s+(?:column\\s+)?\\S+\\s+to)\\s+(?:column\\s+)?(?:if\\s+not\\s+exists\\s+)?${word}`,
    'i',
  );
  const holds = new RegExp(`[(,]\\s*${word}`, 'i');
  return (text) =>
    [...text.matchAll(alterOrCreate)].some(
      ([statement, verb, table]) =>
        (beside === undefined || new RegExp(`(?<!\\w)${escapeRegExp(table!)}(?!\\w)`, 'i').test(beside)) &&
        (verb!.toLowerCase() === 'alter' ? adds : holds).test(statement),
    );
}

const alterOrCreate =
  /\b(alter|create)\s+table\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)[^;]*/gi;

/** Statements that did not apply; where which they are is not known, the whole file. */
function notApplied({ replay, sources }: Facts): Part[] {
  return (replay?.runs ?? []).flatMap(({ path, status, statements, error }): Part[] => {
    const whole = sources.get(path)?.text;
    if (status === 'applied' || whole === undefined) return [];
    const text = withoutComments(whole);
    if (statements.length === 0) return [{ path, text, error }];
    const lines = text.split('\n');
    return statements
      .filter((statement) => statement.status !== 'applied')
      .map((statement) => ({
        path,
        // Behind what can't be read nothing ran.
        text: statement.index < 0 ? text : textOf(statement, lines),
        error: statement.error,
      }));
  });
}

const textOf = ({ line, endLine }: StatementRun, lines: readonly string[]) =>
  lines.slice(line - 1, endLine).join('\n');

/** Line by line as it was. */
const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/--[^\n]*/g, '');
