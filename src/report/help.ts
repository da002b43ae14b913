/** A finding's help is prose with fenced pieces of SQL or shell; a help that is all SQL needs no fence. */

export interface HelpPart {
  /** Language of a piece of code; null for prose. */
  readonly language: string | null;
  readonly text: string;
}

const fence = /^(`{3,})(\w*)[ \t]*\n([\s\S]*?)\n\1[ \t]*$/gm;
const sql =
  /^\s*(--|(alter|create|drop|grant|revoke|set|reset|update|insert|delete|select|do|comment|begin|with)\b)/i;

/** "Comment on it.", "Set a default." are told from `comment on …;`, `set …;`. */
const isSql = (text: string): boolean => sql.test(text) && (/^\s*[-a-z]/.test(text) || text.includes(';'));
const isSentence = (text: string): boolean => /^[A-Z][^;]*[.:]$/s.test(text);

export function helpParts(help: string): readonly HelpPart[] {
  const parts: HelpPart[] = [];
  const prose = (text: string) => {
    let code = false;
    for (const paragraph of text.trim().split(/\n{2,}/)) {
      const follows: boolean = code;
      // Below a statement what is no sentence is more of it: the body of a function with its empty lines.
      code = isSql(paragraph) || (follows && !isSentence(paragraph));
      if (code && follows) {
        const { text: above } = parts.pop()!;
        parts.push({ language: 'sql', text: `${above}\n\n${paragraph}` });
      } else if (paragraph !== '') parts.push({ language: code ? 'sql' : null, text: paragraph });
    }
  };
  let at = 0;
  for (const match of help.matchAll(fence)) {
    prose(help.slice(at, match.index));
    parts.push({ language: match[2] ?? '', text: match[3] ?? '' });
    at = match.index + match[0].length;
  }
  prose(help.slice(at));
  return parts;
}

/** Without the paragraphs and the pieces of SQL that stand in it already: merged findings bring the same ones along. */
export function withoutRepeats(help: string): string {
  const said = new Set<string>();
  return pieces(help)
    .filter((piece) => !said.has(piece) && said.add(piece))
    .join('\n\n');
}

/** Paragraphs, and fenced pieces whole with their blank lines. */
function pieces(help: string): readonly string[] {
  const found: string[] = [];
  const paragraphs = (text: string) => found.push(...text.split(/\n{2,}/));
  let at = 0;
  for (const match of help.matchAll(fence)) {
    paragraphs(help.slice(at, match.index));
    found.push(match[0]);
    at = match.index + match[0].length;
  }
  paragraphs(help.slice(at));
  return found.map((piece) => piece.replace(/^\n+|\s+$/g, '')).filter((piece) => piece !== '');
}
