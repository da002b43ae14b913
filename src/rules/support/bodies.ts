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

/** Without comments, white space folded: two bodies that do the same text-wise are equal. */
export const normalBody = (body: string) =>
  codeOf(body).withStrings.replace(/\s+/g, ' ').trim().toLowerCase();
