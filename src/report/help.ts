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
