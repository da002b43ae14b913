/** The one door to the parser: Postgres' own grammar (libpg_query) in WebAssembly. */
import type { Span } from '../model/finding.ts';
import type { SourceFile, SqlComment, Statement, SyntaxIssue, SyntaxNode } from '../model/sql.ts';
import { scan } from './scan.ts';
import { readSuppressions } from './suppressions.ts';
import { createPositions, lowerBound, type Positions } from './text.ts';

interface RawStatement {
  readonly stmt?: SyntaxNode;
  /** Bytes of UTF-8. */
  readonly stmt_location?: number;
  /** Bytes of UTF-8; absent where the statement reaches to the end of the text. */
  readonly stmt_len?: number;
}

let parser: typeof import('./libpg-query.ts') | undefined;

/**
 * Loads the parser and compiles its WebAssembly: not before it is called, so that the caller can say how. Everything
 * below throws until it has resolved once.
 */
export async function loadParser(): Promise<void> {
  parser ??= await import('./libpg-query.ts');
  await parser.loadModule();
}

/**
 * Statements, comments and suppressions of one file. Never throws for what the text holds: where Postgres can't parse
 * it, `issue` says where first, and `statements` holds those that can be parsed by themselves.
 */
export function parseSource(path: string, text: string): SourceFile {
  const positions = createPositions(text);
  const { comments, semicolons } = scan(text, positions);
  const toStatements = (raw: readonly RawStatement[], read = text) =>
    raw.flatMap((entry, index) => toStatement(entry, index, read, comments, positions));
  let statements: readonly Statement[] = [];
  let issue: SyntaxIssue | null = null;
  try {
    statements = toStatements(parseRaw(text));
  } catch (error) {
    const offset = errorOffset(error, text);
    issue = { message: errorMessage(error), span: tokenSpan(text, offset, positions) };
    statements = recover(text, semicolons, toStatements);
  }
  return {
    path,
    text,
    statements,
    comments,
    suppressions: readSuppressions(comments, statements),
    issue,
    position: positions.position,
    offsetOfByte: positions.offsetOfByte,
  };
}

/** The tree of one expression, as it stands in a policy or a default; null where it can't be parsed. */
export function parseExpression(text: string): SyntaxNode | null {
  try {
    const [first] = parseRaw(`select ${text}`);
    return first?.stmt?.SelectStmt?.targetList?.[0]?.ResTarget?.val ?? null;
  } catch {
    return null;
  }
}

/** Trees of the statements in a piece of SQL that is no file (a function's body); null where it can't be parsed. */
export function parseStatements(text: string): readonly Statement[] | null {
  const source = parseSource('', text);
  return source.issue === null ? source.statements : null;
}

function parseRaw(text: string): readonly RawStatement[] {
  // The parser refuses empty text; for Postgres it is a file without statements.
  if (text.trim() === '') return [];
  const nul = text.indexOf('\0');
  // libpg_query reads C strings: what stands behind a NUL would be left out without a word.
  if (nul !== -1) throw new NulCharacter(nul);
  return (parser!.parseSync(text) as { stmts?: RawStatement[] }).stmts ?? [];
}

class NulCharacter extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('invalid byte sequence for encoding "UTF8": 0x00');
    this.offset = offset;
  }
}

function toStatement(
  raw: RawStatement,
  index: number,
  text: string,
  comments: readonly SqlComment[],
  positions: Positions,
): Statement[] {
  const [kind, node] = only(raw.stmt);
  if (kind === null) return [];
  const from = raw.stmt_location ?? 0;
  let start = positions.offsetOfByte(from);
  let end = raw.stmt_len ? positions.offsetOfByte(from + raw.stmt_len) : text.length;
  // libpg_query counts the comments before (and, for the last one, behind) a statement as its own.
  for (;;) {
    while (start < end && isSpace(text, start)) start += 1;
    const comment = comments[lowerBound(comments.length, (i) => comments[i]!.start >= start)];
    if (comment === undefined || comment.start !== start || comment.end > end) break;
    start = comment.end;
  }
  for (;;) {
    while (end > start && (isSpace(text, end - 1) || text[end - 1] === ';')) end -= 1;
    const comment = comments[lowerBound(comments.length, (i) => comments[i]!.end >= end)];
    if (comment === undefined || comment.end !== end || comment.start < start) break;
    end = comment.start;
  }
  return [{ index, kind, node, start, end, sql: text.slice(start, end), span: positions.span(start, end) }];
}

/**
 * What can be parsed of a text with an error: statement by statement, as far as semicolons tell them apart. Lines for
 * psql only (`\\restrict`, the data of `COPY … FROM stdin`) are passed over.
 */
function recover(
  text: string,
  semicolons: readonly number[],
  toStatements: (raw: readonly RawStatement[], read: string) => readonly Statement[],
): readonly Statement[] {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ');
  const plain = text
    .replaceAll('\0', ' ')
    .replace(/(^copy\s[^;]*\sfrom\s+stdin[^;]*;)([\s\S]*?^\\\.$)/gim, (match) => blank(match))
    .replace(/^\\[a-z!?].*$/gim, blank);
  const ends = plain.slice(semicolons.at(-1) ?? 0).trim() === '' ? semicolons : [...semicolons, plain.length];
  const raw: RawStatement[] = [];
  let from = 0;
  let fromByte = 0;
  for (const end of ends) {
    const piece = plain.slice(from, end);
    try {
      for (const { stmt, stmt_location = 0, stmt_len } of parseRaw(piece)) {
        shiftLocations(stmt, fromByte);
        const length = stmt_len ?? Buffer.byteLength(piece) - stmt_location;
        raw.push({ stmt, stmt_location: fromByte + stmt_location, stmt_len: length });
      }
    } catch {
      // This one is the error, or a part of it.
    }
    fromByte += Buffer.byteLength(plain.slice(from, end + 1));
    from = end + 1;
  }
  return toStatements(raw, plain);
}

/** Trees of a piece count their `location`s from its start: counted from the file's start they mean what they should. */
function shiftLocations(tree: unknown, by: number): void {
  if (typeof tree !== 'object' || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'location' && typeof value === 'number' && value >= 0)
      (tree as SyntaxNode).location = value + by;
    else if (typeof value === 'object') shiftLocations(value, by);
  }
}

function errorOffset(error: unknown, text: string): number {
  if (error instanceof NulCharacter) return error.offset;
  // The cursor counts characters (code points), not bytes and not UTF-16 units.
  const characters = error instanceof parser!.SqlError ? error.position : 0;
  let offset = 0;
  for (let seen = 0; seen < characters && offset < text.length; seen += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return Math.min(offset, text.length);
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The word at an offset, or the one character there; at the end of the text, the last character. */
function tokenSpan(text: string, offset: number, positions: Positions): Span {
  const start = Math.min(offset, Math.max(0, text.trimEnd().length - 1));
  const word = /^[\p{L}\p{N}_$]+/u.exec(text.slice(start, start + 200));
  return positions.span(start, Math.min(text.length, start + (word?.[0].length ?? 1)));
}

function only(tree: SyntaxNode | undefined): [string, SyntaxNode] | [null, null] {
  for (const key in tree) return [key, tree[key]];
  return [null, null];
}

const isSpace = (text: string, at: number) => ' \t\n\r\f\v'.includes(text[at]!);
