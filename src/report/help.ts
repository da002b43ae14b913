/** A finding's help is prose with fenced pieces of SQL or shell; a help that is all SQL needs no fence. */

export interface HelpPart {
  /** Language of a piece of code; null for prose. */
  readonly language: string | null;
  readonly text: string;
}

const fence = /^(`{3,})(\w*)[ \t]*\n([\s\S]*?)\n\1[ \t]*$/gm;
const sql =
  /^\s*(--|(alter|create|drop|grant|revoke|set|reset|update|insert|delete|select|do|comment|begin|with)\b)/i;

export function helpParts(help: string): readonly HelpPart[] {
  const parts: HelpPart[] = [];
  const prose = (text: string) => {
    const trimmed = text.trim();
    if (sql.test(trimmed)) parts.push({ language: 'sql', text: trimmed });
    else if (trimmed !== '') {
      for (const paragraph of trimmed.split(/\n{2,}/)) parts.push({ language: null, text: paragraph });
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
