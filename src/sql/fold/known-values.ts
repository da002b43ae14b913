/**
 * Values that are known, and what Postgres' operators and format() make of them. The SQL is a stranger's: what would take
 * long, or a lot of room, is not known.
 */
import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, quoteLiteral } from '../names.ts';
import type { Row, Value } from './catalog-rows.ts';

/** `undefined`: not known. */
export type Known = Value | undefined;

/** Characters of a text, and elements of an array, beyond which nobody writes a migration. */
const textLimit = 1_000_000;
const listLimit = 10_000;
/** Characters of a text times those of its pattern. */
const searchLimit = 10_000_000;

export function known(values: readonly Known[]): Known {
  return values.includes(undefined) ? undefined : (values as readonly Value[]);
}

export function isRow(value: Known): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function constant(node: SyntaxNode): Known {
  if (node.isnull) return null;
  if (node.sval !== undefined) return node.sval.sval ?? '';
  if (node.ival !== undefined) return node.ival.ival ?? 0;
  if (node.boolval !== undefined) return node.boolval.boolval === true;
  if (node.fval !== undefined) return Number(node.fval.fval);
  return undefined;
}

export function binary(name: string, left: Value, right: Value): Known {
  switch (name) {
    case '=':
      return left === right || (typeof left !== typeof right && String(left) === String(right));
    case '<>':
      return left !== right;
    case '||':
      return Array.isArray(left) || Array.isArray(right)
        ? shortList([left, right].flat())
        : joined([left, right]);
    case '<':
      return left! < right!;
    case '>':
      return left! > right!;
    case '<=':
      return left! <= right!;
    case '>=':
      return left! >= right!;
    case '+':
      return typeof left === 'number' && typeof right === 'number' ? left + right : undefined;
    case '-':
      return typeof left === 'number' && typeof right === 'number' ? left - right : undefined;
    case '~':
    case '~*':
    case '!~':
    case '!~*':
      return matches(String(left), String(right), name.endsWith('*'), name.startsWith('!'));
    default:
      return undefined;
  }
}

/** The texts one after the other. */
export function joined(values: readonly Value[], separator = ''): Known {
  const texts = values.map((value) => (value === null ? '' : String(value)));
  const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  return length > textLimit ? undefined : texts.join(separator);
}

export function replaced(text: string, from: string, to: string): Known {
  return from === '' ? text : joined(text.split(from), to);
}

const shortList = (values: readonly Value[]): Known => (values.length > listLimit ? undefined : values);

/** Where JavaScript and Postgres read a pattern alike, and no text makes a search long. */
function matches(text: string, pattern: string, ignoreCase: boolean, negated: boolean): Known {
  const quantifiers = pattern.replace(/\\[\s\S]/g, '').match(/[*+?{]/g)?.length ?? 0;
  const isPlain = !/\\[^dDsSwW\W]|\[\[|\)[*+?{]|\(\?|\*\*\*/.test(pattern);
  if (!isPlain || quantifiers > 2 || text.length > 500) return undefined;
  try {
    return new RegExp(pattern, ignoreCase ? 'is' : 's').test(text) !== negated;
  } catch {
    return undefined;
  }
}

/** LIKE, in one sweep: a `%` takes more only where what follows it did not fit. */
export function like(text: string, pattern: string, ignoreCase: boolean, negated: boolean): Known {
  if (text.length * pattern.length > searchLimit) return undefined;
  const letters = ignoreCase ? text.toLowerCase() : text;
  const wanted = (ignoreCase ? pattern.toLowerCase() : pattern).match(/\\[\s\S]|[\s\S]/g) ?? [];
  const fits = (at: number, index: number) => {
    const token = wanted[index];
    return token === '_' || (token !== undefined && token !== '%' && token.at(-1) === letters[at]);
  };
  let index = 0;
  let percent = -1;
  let resume = 0;
  for (let at = 0; at < letters.length; ) {
    if (wanted[index] === '%') {
      percent = index;
      resume = at;
      index += 1;
    } else if (fits(at, index)) {
      at += 1;
      index += 1;
    } else if (percent !== -1) {
      resume += 1;
      at = resume;
      index = percent + 1;
    } else return negated;
  }
  return wanted.slice(index).every((token) => token === '%') !== negated;
}

/** format() with %s, %I, %L and positions. */
export function formatted([template, ...values]: readonly Value[]): Known {
  if (typeof template !== 'string') return undefined;
  let next = 0;
  let wrong = false;
  const parts: string[] = [];
  let end = 0;
  for (const match of template.matchAll(/%(?:(\d+)\$)?([sIL%])/g)) {
    const [whole, position, kind] = match;
    parts.push(template.slice(end, match.index));
    end = match.index + whole.length;
    if (kind === '%') {
      parts.push('%');
      continue;
    }
    const at = position === undefined ? next : Number(position) - 1;
    next = at + 1;
    const value = values[at];
    if (value === undefined || (typeof value === 'object' && value !== null)) wrong = true;
    else if (value === null) parts.push(kind === 'L' ? 'NULL' : '');
    else
      parts.push(
        kind === 'I' ? quoteIdent(String(value)) : kind === 'L' ? quoteLiteral(String(value)) : String(value),
      );
  }
  return wrong ? undefined : joined([...parts, template.slice(end)]);
}
