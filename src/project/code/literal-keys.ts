/** Keys of an object literal of JavaScript, or a map of Dart, where all of them stand there, and what they are given. */

/** Of the literal that begins at `at` (its `{`); null where a part of it is not known: a spread, a computed key, no end. */
export const literalKeys = (text: string, at: number): readonly string[] | null =>
  literalEntries(text, at)?.map(({ key }) => key) ?? null;

export interface Entry {
  readonly key: string;
  /** As the code writes it, without what stands in parentheses; empty where the key stands for a name of its own. */
  readonly value: string;
}

/** The same with what each is given. */
export function literalEntries(text: string, at: number): readonly Entry[] | null {
  const entries: Entry[] = [];
  const end = Math.min(text.length, at + longest);
  let depth = 0;
  let entry = '';
  for (let i = at; i < end; i += 1) {
    const char = text[i]!;
    // A regular expression is not read.
    if (
      char === '/' &&
      /[(,:=[?&|!]\s*$/.test(text.slice(Math.max(at, i - 20), i)) &&
      text[i + 1] !== '/' &&
      text[i + 1] !== '*'
    )
      return null;
    if (char === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) {
      const mark = text[i + 1] === '/' ? '\n' : '*/';
      const close = text.indexOf(mark, i + 2);
      if (close === -1) return null;
      i = close + mark.length - 1;
      continue;
    }
    if (/['"`]/.test(char)) {
      const close = closingQuote(text, i, end);
      if (close === -1) return null;
      if (depth === 1) entry += text.slice(i, close + 1);
      i = close;
      continue;
    }
    if (/[{([]/.test(char)) {
      depth += 1;
      if (depth > 1) entry += char;
      continue;
    }
    const closes = /[})\]]/.test(char);
    if (closes) depth -= 1;
    if (depth === 0 || (depth === 1 && char === ',')) {
      const key = keyOf(entry);
      if (key === undefined) return null;
      if (key !== null) entries.push({ key, value: /:([\s\S]*)$/.exec(entry)?.[1]?.trim() ?? '' });
      if (depth === 0) return entries;
      entry = '';
    } else if (depth === 1 && !closes) entry += char;
  }
  return null;
}

/** An insert of more is not written by hand. */
const longest = 4_000;

/** `name`, `name: …`, `'name': …`; null for nothing behind the last comma; undefined for what is none of them. */
function keyOf(entry: string): string | null | undefined {
  const plain = entry.trim();
  if (plain === '') return null;
  const match = /^(?:(\w{1,63})|['"](\w{1,63})['"])\s*(?::|$)/.exec(plain);
  return match?.[1] ?? match?.[2];
}

function closingQuote(text: string, at: number, end: number): number {
  for (let i = at + 1; i < end; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === text[at]) return i;
  }
  return -1;
}
