/** The text of a foreign key: a comment that says what its delete is meant to do, and where ON DELETE goes. */
import type { Edit } from '../../../model/finding.ts';
import type { ForeignKey } from '../../../model/schema.ts';
import type { SourceFile } from '../../../model/sql.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { tokenize } from '../../../sql/tokens.ts';
import { offsetOf } from '../statements/places.ts';

/** A comment at the key, or above the statement and naming the other table, says that the delete shall be refused. */
export function isSaidToBeMeant(source: SourceFile | undefined, key: ForeignKey): boolean {
  if (source === undefined || key.origin === null) return false;
  const at = offsetOf(source, key.origin.line, key.origin.column);
  const statement = source.statements.find(({ start, end }) => start <= at && at < end);
  if (statement === undefined) return false;
  const before = Math.max(
    0,
    ...source.statements.map(({ end }) => end).filter((end) => end <= statement.start),
  );
  const lineStart = source.text.lastIndexOf('\n', at) + 1;
  const lineEnd = source.text.indexOf('\n', at);
  const said = (from: number, to: number) =>
    source.comments
      .filter(({ start }) => from <= start && start < to)
      .map(({ text }) => text.replace(/^\s*(--|\/\*)/, ''))
      .join(' ');
  const above = said(before, statement.start);
  const table = key.references.split('.').at(-1)!;
  return (
    refusesDelete.test(said(lineStart, lineEnd === -1 ? source.text.length : lineEnd)) ||
    (refusesDelete.test(above) && new RegExp(`\\b${escapeRegExp(table)}\\b`, 'i').test(above))
  );
}

const refusesDelete = /\bno action\b|\b(no|not|never|without)\s+(on delete )?cascad(e|ing)\b/i;

/** Behind `references x [(columns)] [match full]`, inside the place that the key comes from. */
export function insertion(source: SourceFile, key: ForeignKey, action: string): Edit | null {
  const { file, line, column, endLine, endColumn } = key.origin!;
  const start = offsetOf(source, line, column);
  const end = offsetOf(source, endLine, endColumn);
  const tokens = tokenize(source.text, start, end);
  const references = tokens.filter(({ kind, text }) => kind === 'word' && text === 'references');
  // Several in one place (ADD COLUMN a …, ADD COLUMN b …): which is meant is not certain.
  if (references.length !== 1) return null;
  let at = tokens.indexOf(references[0]!) + 1;
  const depth = references[0]!.depth;
  while (tokens[at + 1]?.text === '.') at += 2;
  if (tokens[at] === undefined) return null;
  if (tokens[at + 1]?.text === '(') {
    at = tokens.findIndex((token, index) => index > at && token.text === ')' && token.depth === depth);
  }
  if (tokens[at + 1]?.text === 'match') at += 2;
  const last = tokens[at];
  if (last === undefined) return null;
  const { line: endAt, column: columnAt } = source.position(last.end);
  return {
    file,
    startLine: endAt,
    startColumn: columnAt,
    endLine: endAt,
    endColumn: columnAt,
    text: ` on delete ${action}`,
  };
}
