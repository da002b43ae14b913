/** Words, strings and signs of a stretch of SQL, comments left out: for what a syntax tree has no positions of. */
import { endOfBlockComment } from './text.ts';

export interface Token {
  readonly start: number;
  readonly end: number;
  /** Lower case for words; as written for all else. */
  readonly text: string;
  readonly kind: 'word' | 'identifier' | 'string' | 'number' | 'sign';
  /** Parentheses and brackets around it within the stretch. */
  readonly depth: number;
}

const pattern =
  /(\s+|--[^\n]*)|(\/\*)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|("(?:[^"]|"")*")|('(?:[^']|'')*')|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(\d[\w.]*)|(::|:=|=>|\.\.|<<|>>|[\s\S])/y;

export function* tokensOf(text: string, start = 0, end = text.length): Generator<Token, void, void> {
  let depth = 0;
  let at = start;
  while (at < end) {
    pattern.lastIndex = at;
    const match = pattern.exec(text)!;
    // `end$$`: the stretch ends inside what would be one word.
    let stop = Math.min(pattern.lastIndex, end);
    const [, space, block, word, identifier, string, dollar, number] = match;
    const whole = text.slice(at, stop);
    if (space !== undefined) {
      at = stop;
      continue;
    }
    if (block !== undefined) {
      at = endOfBlockComment(text, at);
      continue;
    }
    if (word !== undefined) {
      // E'…', B'…', N'…', U&'…' are one string; only E knows backslashes.
      const escaped = /^[eE]$/.test(word) && text[stop] === "'";
      if (escaped) stop = endOfEscapeString(text, stop);
      yield {
        start: at,
        end: stop,
        text: escaped ? text.slice(at, stop) : whole.toLowerCase(),
        kind: escaped ? 'string' : 'word',
        depth,
      };
    } else if (dollar !== undefined) {
      const close = text.indexOf(dollar, stop);
      stop = close === -1 ? end : close + dollar.length;
      yield { start: at, end: stop, text: text.slice(at, stop), kind: 'string', depth };
    } else if (identifier !== undefined || string !== undefined || number !== undefined) {
      const kind = identifier !== undefined ? 'identifier' : string !== undefined ? 'string' : 'number';
      yield { start: at, end: stop, text: whole, kind, depth };
    } else {
      if (whole === ')' || whole === ']') depth -= 1;
      yield { start: at, end: stop, text: whole, kind: 'sign', depth };
      if (whole === '(' || whole === '[') depth += 1;
    }
    at = stop;
  }
}

export function tokenize(text: string, start?: number, end?: number): Token[] {
  return [...tokensOf(text, start, end)];
}

function endOfEscapeString(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === "'") {
      if (text[i + 1] !== "'") return i + 1;
      i += 1;
    }
  }
  return text.length;
}

/**
 * End of the list element that starts at an offset: before the comma or the closing parenthesis that ends it, or the
 * semicolon, or the end of the stretch.
 */
export function endOfElement(text: string, start: number, end: number): number {
  let last = start;
  for (const token of tokensOf(text, start, end)) {
    if (token.kind === 'sign' && token.depth <= 0) {
      if (token.depth < 0 || token.text === ',' || token.text === ';') break;
    }
    last = token.end;
  }
  return last;
}

/** The stretch inside the first parentheses behind a keyword: `using ( … )`. */
export function insideParentheses(
  text: string,
  keyword: string,
  start: number,
  end: number,
): { start: number; end: number } | null {
  const tokens = tokenize(text, start, end);
  for (let i = 0; i + 1 < tokens.length; i += 1) {
    const word = tokens[i]!;
    const open = tokens[i + 1]!;
    if (word.kind !== 'word' || word.text !== keyword || open.text !== '(') continue;
    const close = tokens.find((token, at) => at > i + 1 && token.text === ')' && token.depth === open.depth);
    if (close !== undefined) return { start: open.end, end: close.start };
  }
  return null;
}
