/**
 * As much of psql as test files use (`pg_prove` runs them with it): variables, `\set`, `\gset`, `\i` and `\ir`; what only
 * changes the output is passed over. Nothing else: no shell, no `\copy`. Source: the manual's page of psql.
 */

/** A piece of a file: SQL up to a semicolon or a backslash command, or a backslash command. */
export interface PsqlPiece {
  /** SQL as it stands, variables not yet put in; empty where there is only a command. */
  readonly sql: string;
  /** 1-based line of the SQL's first word, or of the command. */
  readonly line: number;
  readonly command: { readonly name: string; readonly words: string } | null;
}

export type Variables = Map<string, string>;

/** Commands that change what is shown, or how errors are shown: nothing here depends on them. */
const silent = new Set([
  'echo',
  'qecho',
  'warn',
  'pset',
  'timing',
  'x',
  'a',
  't',
  'o',
  'encoding',
  'r',
  'unrestrict',
  'restrict',
]);
export const isSilent = (name: string): boolean => silent.has(name);

/** Whether a file needs psql: a backslash that begins a line or ends a query, or a variable in quotes. */
export const needsPsql = (text: string): boolean =>
  /^[ \t]*\\[a-z!?]/im.test(text) || /\\g(?:set|x|exec)?\b/.test(text) || /:'\w+'|:"\w+"/.test(text);

export function splitPsql(text: string): readonly PsqlPiece[] {
  const pieces: PsqlPiece[] = [];
  let start = 0;
  let depth = 0;
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const take = (end: number, command: PsqlPiece['command']) => {
    const raw = text.slice(start, end);
    const lead = leadingBlank(raw);
    if (lead < raw.length || command) {
      pieces.push({ sql: raw.slice(lead), line: lineOf(start + Math.min(lead, raw.length)), command });
    }
  };
  for (let at = 0; at < text.length; ) {
    const behind = pastQuoted(text, at);
    if (behind > at) {
      at = behind;
      continue;
    }
    const char = text[at];
    if (char === '(' || char === '[') depth += 1;
    else if (char === ')' || char === ']') depth = Math.max(0, depth - 1);
    else if (char === ';' && depth === 0) {
      take(at + 1, null);
      start = at + 1;
    } else if (char === '\\') {
      const name = /^\\(\\|[a-z_]+|[!?;])/i.exec(text.slice(at, at + 32))?.[1] ?? '';
      const from = at + 1 + name.length;
      const end = endOfWords(text, from);
      take(at, { name, words: text.slice(from, end).trim() });
      start = end;
      depth = 0;
      at = end;
      continue;
    }
    at += 1;
  }
  take(text.length, null);
  return pieces;
}

/** Puts variables in: `:name`, `:'name'` as a literal, `:"name"` as an identifier. What is not set stays as it is. */
export function interpolate(sql: string, variables: Variables): string {
  let out = '';
  for (let at = 0; at < sql.length; ) {
    const behind = pastQuoted(sql, at);
    if (behind > at) {
      out += sql.slice(at, behind);
      at = behind;
      continue;
    }
    const found =
      sql[at] === ':' && sql[at - 1] !== ':'
        ? /^:(?:(\w+)|'(\w+)'|"(\w+)")/.exec(sql.slice(at, at + 80))
        : null;
    const value = found ? variables.get(found[1] ?? found[2] ?? found[3]!) : undefined;
    if (!found || value === undefined) {
      out += sql[at];
      at += 1;
      continue;
    }
    if (found[1]) out += value;
    else if (found[2]) out += `'${value.replaceAll("'", "''")}'`;
    else out += `"${value.replaceAll('"', '""')}"`;
    at += found[0].length;
  }
  return out;
}

/** `\set name word…`: words are joined without a blank, quotes taken off. Null where the shell is asked (backticks). */
export function setVariable(words: string, variables: Variables): boolean {
  if (words.includes('`')) return false;
  const [name, ...rest] = words.match(/'(?:[^'\\]|''|\\.)*'|\S+/g) ?? [];
  if (!name) return true;
  const value = rest
    .map((word) =>
      word.startsWith("'")
        ? word.slice(1, -1).replace(/''|\\(.)/g, (_, escaped?: string) => escaped ?? "'")
        : interpolate(word, variables),
    )
    .join('');
  variables.set(name, value);
  return true;
}

/** Length of the white space and comments that a text begins with. */
function leadingBlank(text: string): number {
  return /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(text)![0].length;
}

export const isBlank = (text: string): boolean => leadingBlank(text) === text.length;

/** Where the words of a backslash command end: at the end of the line or before the next command. */
function endOfWords(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\n') return at;
    if (text[at] === "'") quoted = !quoted;
    if (text[at] === '\\') {
      if (!quoted) return at;
      at += 1;
    }
  }
  return text.length;
}

/** Behind the string, quoted name, dollar quote or comment that begins at `at`; `at` itself where none does. */
function pastQuoted(text: string, at: number): number {
  const char = text[at];
  const endOf = (index: number, length: number) => (index < 0 ? text.length : index + length);
  if (char === "'") {
    const escapes = /(?:^|\W)e$/i.test(text.slice(Math.max(0, at - 2), at));
    for (let i = at + 1; i < text.length; i += 1) {
      if (escapes && text[i] === '\\') i += 1;
      else if (text[i] === "'") {
        if (text[i + 1] !== "'") return i + 1;
        i += 1;
      }
    }
    return text.length;
  }
  if (char === '"') return endOf(text.indexOf('"', at + 1), 1);
  if (char === '$') {
    if (/\w/.test(text[at - 1] ?? '')) return at;
    const tag = /^\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/i.exec(text.slice(at, at + 80))?.[0];
    return tag ? endOf(text.indexOf(tag, at + tag.length), tag.length) : at;
  }
  if (char === '-' && text[at + 1] === '-') return endOf(text.indexOf('\n', at), 0);
  if (char === '/' && text[at + 1] === '*') {
    let depth = 1;
    let i = at + 2;
    for (; i < text.length && depth > 0; i += 1) {
      if (text.startsWith('/*', i)) {
        depth += 1;
        i += 1;
      } else if (text.startsWith('*/', i)) {
        depth -= 1;
        i += 1;
      }
    }
    return i;
  }
  return at;
}
