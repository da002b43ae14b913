/** Where the statement being folded stands, and the text its tree's locations point into. */
import type { Place, Span } from '../../model/finding.ts';
import type { Expression } from '../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../model/sql.ts';
import { endOfElement, insideParentheses, tokenize } from '../tokens.ts';

export interface Site {
  readonly text: string;
  /** The statement within `text`. */
  readonly start: number;
  readonly end: number;
  /** The whole statement. */
  readonly origin: Place;
  /** Offset in `text` of a `location` of the statement's tree; the statement's start where the tree has none. */
  offset(node: SyntaxNode | undefined): number;
  place(start: number, end: () => number): Place;
}

/** A statement of a file. */
export function siteOf(source: SourceFile, statement: Statement): Site {
  const { path, text } = source;
  return {
    text,
    start: statement.start,
    end: statement.end,
    origin: { file: path, ...statement.span },
    offset: (node) => {
      // libpg_query leaves out a location of 0, which only the file's first character has.
      const byte = node?.location;
      return byte === undefined || byte < 0 ? statement.start : source.offsetOfByte(byte);
    },
    place: (start, end) => new LazyPlace(path, () => spanOf(source, start, end())),
  };
}

/** A statement that stands in no file of its own (put together by EXECUTE): all of it stands where it is run. */
export function siteAt(origin: Place, text: string, { start, end }: Statement): Site {
  return {
    text,
    start,
    end,
    origin,
    offset: (node) =>
      node?.location === undefined || node.location < 0
        ? start
        : Buffer.from(text).subarray(0, node.location).toString().length,
    place: () => origin,
  };
}

function spanOf(source: SourceFile, start: number, end: number): Span {
  const from = source.position(start);
  const to = source.position(end);
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** Most places are never looked at: lines and columns are worked out when they are. */
class LazyPlace implements Place {
  readonly file: string;
  readonly #find: () => Span;
  #span: Span | undefined;

  constructor(file: string, find: () => Span) {
    this.file = file;
    this.#find = find;
  }
  get #found(): Span {
    this.#span ??= this.#find();
    return this.#span;
  }
  get line(): number {
    return this.#found.line;
  }
  get column(): number {
    return this.#found.column;
  }
  get endLine(): number {
    return this.#found.endLine;
  }
  get endColumn(): number {
    return this.#found.endColumn;
  }
}

/** The place of a list element: a column, a constraint, a table in a list. */
export function elementPlace(site: Site, node: SyntaxNode | undefined): Place {
  if (node?.location === undefined) return site.origin;
  const start = site.offset(node);
  return site.place(start, () => endOfElement(site.text, start, site.end));
}

/** An expression as written: its text is cut out of the file when it is asked for. */
class WrittenExpression implements Expression {
  readonly node: SyntaxNode;
  readonly #cut: () => string;
  #text: string | undefined;

  constructor(node: SyntaxNode, cut: () => string) {
    this.node = node;
    this.#cut = cut;
  }
  get text(): string {
    this.#text ??= this.#cut().trim();
    return this.#text;
  }
}

export const writtenExpression = (node: SyntaxNode, cut: () => string): Expression =>
  new WrittenExpression(node, cut);

/** `using ( … )`, `check ( … )`: what stands in the parentheses behind a keyword. */
export function expressionBehind(
  site: Site,
  keyword: string,
  node: SyntaxNode,
  from = site.start,
): Expression {
  return writtenExpression(node, () => {
    const found = insideParentheses(site.text, keyword, from, site.end);
    return found === null ? '' : site.text.slice(found.start, found.end);
  });
}

/** What stands behind the last of a keyword that is in no parentheses: `where …` of an index, `as …` of a view. */
export function restBehind(site: Site, keyword: string, which: 'first' | 'last'): string {
  const tokens = tokenize(site.text, site.start, site.end);
  const words = tokens.filter(
    (token) => token.kind === 'word' && token.depth === 0 && token.text === keyword,
  );
  const word = which === 'first' ? words[0] : words.at(-1);
  return word === undefined ? '' : site.text.slice(word.end, site.end).trim();
}

/** The smallest location in a tree: where an expression begins, but for parentheses before it. */
export function firstLocation(node: unknown): number {
  let first = Number.POSITIVE_INFINITY;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'location') {
          if (typeof inner === 'number' && inner >= 0 && inner < first) first = inner;
        } else if (typeof inner === 'object') visit(inner);
      }
    }
  };
  visit(node);
  return first;
}

/** SET DEFAULT …, in a list of commands: from the first parenthesis behind the keyword to the comma or the end. */
export function looseExpression(site: Site, node: SyntaxNode): Expression {
  return writtenExpression(node, () => {
    let start = site.offset({ location: firstLocation(node) });
    while (/[\s(]/.test(site.text[start - 1] ?? '')) start -= 1;
    return site.text.slice(start, endOfElement(site.text, start, site.end));
  });
}

/** The elements of the first list in parentheses behind a keyword, as written: the columns of an index. */
export function listBehind(site: Site, keyword: string, from = site.start): string[] {
  const tokens = tokenize(site.text, from, site.end);
  const word = tokens.findIndex((token) => token.kind === 'word' && token.text === keyword);
  const open = tokens.findIndex((token, at) => at > word && token.text === '(');
  if (word === -1 || open === -1) return [];
  const depth = tokens[open]!.depth + 1;
  const elements: string[] = [];
  let start = tokens[open]!.end;
  for (const token of tokens.slice(open + 1)) {
    const ends =
      token.kind === 'sign' && (token.depth < depth || (token.depth === depth && token.text === ','));
    if (!ends) continue;
    elements.push(site.text.slice(start, token.start).trim());
    start = token.end;
    if (token.depth < depth) break;
  }
  return elements;
}
