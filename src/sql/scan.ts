/**
 * A scan of SQL for what the parser drops: comments, and where statements end. It knows Postgres' lexical structure
 * (manual, 4.1): strings, escape strings, quoted identifiers, dollar quotes, nested block comments.
 */
import type { SqlComment } from '../model/sql.ts';
import { endOfBlockComment, type Positions } from './text.ts';

export interface Scan {
  /** In order; those inside strings (a function's body) left out. */
  readonly comments: readonly SqlComment[];
  /** Offsets of semicolons outside strings, comments and parentheses. */
  readonly semicolons: readonly number[];
}

const interesting = /--|\/\*|'|"|\$|;|\(|\)/g;

export function scan(text: string, positions: Positions): Scan {
  const comments: SqlComment[] = [];
  const semicolons: number[] = [];
  let depth = 0;
  const search = new RegExp(interesting);
  while (search.test(text)) {
    let next = search.lastIndex;
    const last = text[next - 1]!;
    const sign = last === '-' ? '--' : last === '*' ? '/*' : last;
    const at = next - sign.length;
    switch (sign) {
      case '--':
      case '/*': {
        const block = sign === '/*';
        next = block ? endOfBlockComment(text, at) : endOfLine(text, at);
        comments.push({
          start: at,
          end: next,
          text: text.slice(at, next),
          line: positions.position(at).line,
          endLine: positions.position(next).line,
          block,
        });
        break;
      }
      case "'":
        next = endOfString(text, at, isEscapeString(text, at));
        break;
      case '"':
        next = endOfQuoted(text, at, '"');
        break;
      case '$':
        next = endOfDollar(text, at);
        break;
      case '(':
        depth += 1;
        break;
      case ')':
        depth = Math.max(0, depth - 1);
        break;
      default:
        if (depth === 0) semicolons.push(at);
    }
    search.lastIndex = next;
  }
  return { comments, semicolons };
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

/** `E'…'` knows backslashes; the E must not be the end of another word. */
function isEscapeString(text: string, at: number): boolean {
  return /(^|[^\w$])e$/i.test(text.slice(Math.max(0, at - 2), at));
}

function endOfString(text: string, at: number, escapes: boolean): number {
  if (!escapes) return endOfQuoted(text, at, "'");
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === "'") {
      if (text[i + 1] !== "'") return i + 1;
      i += 1;
    }
  }
  return text.length;
}

function endOfQuoted(text: string, at: number, quote: string): number {
  for (let end = text.indexOf(quote, at + 1); end !== -1; end = text.indexOf(quote, end + 2)) {
    if (text[end + 1] !== quote) return end + 1;
  }
  return text.length;
}

function endOfDollar(text: string, at: number): number {
  // `a$b` is an identifier and `$1` a parameter: neither opens a string.
  if (at > 0 && /[\w$\u0080-\uffff]/.test(text[at - 1]!)) return at + 1;
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text.slice(at, at + 130));
  if (tag === null) return at + 1;
  const end = text.indexOf(tag[0], at + tag[0].length);
  return end === -1 ? text.length : end + tag[0].length;
}
