/** Postgres' errors, brought back to the file they come from. */
import { DatabaseError, type EngineLost } from '../database/engine.ts';
import type { MigrationError, SqlError } from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';

/** A plain object of the error's fields: facts are compared and printed. */
export function sqlError(error: SqlError): SqlError {
  const { sqlstate, message, detail, hint, position, where, schema, table, column, dataType, constraint } =
    error;
  return { sqlstate, message, detail, hint, position, where, schema, table, column, dataType, constraint };
}

/** Where there is no statement of Postgres' to quote: our own words under a SQLSTATE that says the same. */
export function ownError(sqlstate: string, message: string): SqlError {
  return {
    sqlstate,
    message,
    detail: null,
    hint: null,
    position: null,
    where: null,
    schema: null,
    table: null,
    column: null,
    dataType: null,
    constraint: null,
  };
}

/** A time limit is one fact, whether the server cancelled the statement or the embedded engine was ended. */
export function timeLimitError(lost: EngineLost): SqlError {
  return lost.reason === 'time-limit'
    ? ownError('57014', 'canceling statement due to statement timeout')
    : ownError('XX000', lost.message);
}

export const isTimeLimit = (error: SqlError): boolean => error.sqlstate === '57014';

/** Runs, and answers with the SQL error instead of throwing it. Anything else is thrown on. */
export async function attempt(work: () => Promise<unknown>): Promise<SqlError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof DatabaseError) return sqlError(error);
    throw error;
  }
}

/**
 * Line and column of an error in its file: by Postgres' position where the statement was sent as it stands, by the line
 * in a DO block where CONTEXT names one, else the statement's first character.
 */
export function placeOfError(
  source: SourceFile,
  statement: Statement | null,
  error: SqlError,
  verbatim: boolean,
): { readonly line: number; readonly column: number } {
  if (statement === null) return { line: 1, column: 1 };
  if (verbatim && error.position !== null) {
    return source.position(statement.start + offsetOfCharacter(statement.sql, error.position));
  }
  const inBlock = /inline_code_block line (\d+)/.exec(error.where ?? '');
  if (statement.kind === 'DoStmt' && inBlock) {
    const body = /\$\w*\$|'/.exec(statement.sql);
    if (body) {
      const first = source.position(statement.start + body.index).line;
      return { line: Math.min(first + Number(inBlock[1]) - 1, statement.span.endLine), column: 1 };
    }
  }
  return { line: statement.span.line, column: statement.span.column };
}

/** UTF-16 offset of a 1-based position in characters. */
export function offsetOfCharacter(text: string, position: number): number {
  let offset = 0;
  for (let seen = 1; seen < position && offset < text.length; seen += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

export function migrationError(
  source: SourceFile,
  statement: Statement | null,
  error: SqlError,
  verbatim: boolean,
  alsoOnBase: boolean,
): MigrationError {
  const { line, column } = placeOfError(source, statement, error, verbatim);
  return { ...sqlError(error), line, lineColumn: column, alsoOnBase };
}
