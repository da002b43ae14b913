/** From an object's origin to the statement that made it, and edits there. */
import type { ChangeSet } from '../../../model/facts.ts';
import type { Edit, Evidence, Fix } from '../../../model/finding.ts';
import type { Origin, SchemaState } from '../../../model/schema.ts';
import type { SourceFile, Statement } from '../../../model/sql.ts';
import { escapeRegExp } from '../../../sql/text.ts';

/** Where the facts about a state come from. */
export const evidenceOf = (state: SchemaState): readonly Evidence[] =>
  state.source === 'folded' ? ['static'] : ['catalog'];

/** True where that place is in a file of this pull request: the only files it may mend. */
export function isChanged(set: ChangeSet, origin: Origin): boolean {
  return origin !== null && set.migrations.some((changed) => changed.source.path === origin.file);
}

export interface Found {
  readonly source: SourceFile;
  readonly statement: Statement;
}

/** The statement of a changed file that stands at a place; null inside a DO block and in files of the base. */
export function statementAt(set: ChangeSet, origin: Origin): Found | null {
  if (origin === null) return null;
  const source = set.migrations.find((changed) => changed.source.path === origin.file)?.source;
  const statement = source?.statements.find(
    ({ kind, span }) =>
      kind !== 'DoStmt' &&
      (span.line < origin.line || (span.line === origin.line && span.column <= origin.column)) &&
      (span.endLine > origin.line || (span.endLine === origin.line && span.endColumn > origin.column)),
  );
  return source === undefined || statement === undefined ? null : { source, statement };
}

/** Inserts text at a UTF-16 offset. */
export function insertAt(source: SourceFile, offset: number, text: string): Edit {
  return replaceRange(source, offset, offset, text);
}

export function replaceRange(source: SourceFile, start: number, end: number, text: string): Edit {
  const from = source.position(start);
  const to = source.position(end);
  return {
    file: source.path,
    startLine: from.line,
    startColumn: from.column,
    endLine: to.line,
    endColumn: to.column,
    text,
  };
}

/** Puts a statement (with its semicolon) on lines of its own behind another. */
export function appendAfter({ source, statement }: Found, sql: string): Edit {
  const behind = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*;/.exec(source.text.slice(statement.end));
  if (behind === null) return insertAt(source, statement.end, `;\n\n${sql}`);
  return insertAt(source, statement.end + behind[0].length, `\n\n${sql}`);
}

/**
 * A fix that appends a statement behind the one at `origin`; undefined where that is not this pull request's to mend.
 * Where a later statement gives the object the name that the SQL calls it by, or undoes what the SQL does (`undone`), it
 * goes behind that one.
 */
export function appendFix(
  set: ChangeSet,
  origin: Origin,
  title: string,
  sql: string,
  undone: (statement: Statement) => boolean = () => false,
): Fix | undefined {
  const found = statementAt(set, origin);
  if (found === null) return undefined;
  const sources = set.migrations.map(({ source }) => source);
  const later = sources
    .slice(sources.indexOf(found.source))
    .flatMap((source) =>
      source.statements
        .filter(({ start }) => source !== found.source || start > found.statement.start)
        .map((statement) => ({ source, statement })),
    );
  const last = later.findLast(({ statement }) => givesNameIn(sql, statement) || undone(statement));
  return { title, edits: [appendAfter(last ?? found, sql)] };
}

function givesNameIn(sql: string, { kind, node }: Statement): boolean {
  const name: string | undefined =
    kind === 'RenameStmt' ? node.newname : kind === 'AlterObjectSchemaStmt' ? node.newschema : undefined;
  return name !== undefined && new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`).test(sql);
}

/** REVOKE: a GRANT before it may be in vain. */
export const isRevoke = ({ kind, node }: Statement): boolean => kind === 'GrantStmt' && !node.is_grant;
