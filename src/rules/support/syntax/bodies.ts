/** Function bodies as text: good enough to see what they mention, whatever their language. */

export interface Code {
  /** Without comments; string literals emptied. */
  readonly bare: string;
  /** Without comments. */
  readonly withStrings: string;
}

const cache = new Map<string, Code>();

export function codeOf(body: string): Code {
  let code = cache.get(body);
  if (code === undefined) {
    code = read(body);
    // Bodies are read again and again within one run, and never many: a bound keeps a long-lived process small.
    if (cache.size > 5000) cache.clear();
    cache.set(body, code);
  }
  return code;
}

const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

function read(body: string): Code {
  const withStrings = body.replace(tokens, (token) => (/^(--|\/\*)/.test(token) ? ' ' : token));
  const bare = withStrings.replace(tokens, (token) => (token.startsWith("'") ? "''" : token));
  return { bare, withStrings };
}

/** An expression on one line, without comments: its string literals and names stay as they are. */
export const onOneLine = (expression: string): string =>
  codeOf(expression)
    .withStrings.replace(/('(?:[^']|'')*'|"(?:[^"]|"")*")|\s+/g, (_, token?: string) => token ?? ' ')
    .trim();

/** Without comments, white space folded: two bodies that do the same text-wise are equal. */
export const normalBody = (body: string) =>
  codeOf(body).withStrings.replace(/\s+/g, ' ').trim().toLowerCase();

/** All that it changes are numbers, by a fixed amount, and the time: views, uses. They can be driven up, and no more. */
export function onlyCountsUp(text: string): boolean {
  const body = codeOf(text).bare;
  const assigned = [...body.matchAll(/\bset\b([\s\S]*?)(?=\b(?:where|from|returning)\b|;|$)/gi)].flatMap(
    ([, list]) => list!.split(/,(?![^(]*\))/),
  );
  return (
    !/\bdelete\s+from\b/i.test(body) &&
    // A row of its own is more than a number; the first of a count is not.
    (body.match(/\binsert\s+into\b/gi)?.length ?? 0) <= (body.match(/\bon\s+conflict\b/gi)?.length ?? 0) &&
    assigned.some((one) => countsUp.test(one)) &&
    assigned.every((one) => countsUp.test(one) || setsTheTime.test(one))
  );
}

const countsUp = /=\s*(coalesce\s*\(\s*)?[\w.]+(\s*,\s*0\s*\))?\s*\+\s*1\s*$/i;
const setsTheTime = /=\s*now\s*\(\s*\)\s*$/i;
