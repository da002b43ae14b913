/** The queries and conditions inside a PL/pgSQL body, roughly: enough to see which rows and values it asks for. */

export interface BodyPiece {
  /** A SELECT that holds the expression. */
  readonly sql: string;
  /** Variables it is put into, in order. */
  readonly into: readonly string[];
  /** True for what RETURN gives. */
  readonly returned?: boolean;
}

export function bodyExpressions(body: string): readonly BodyPiece[] {
  const pieces: BodyPiece[] = [];
  for (const part of split(withoutComments(body))) pieces.push(...read(part));
  return pieces;
}

/** Leading words that open a block and say nothing by themselves. */
const openers = /^(?:<<\w+>>|begin\b|declare\b|else\b|loop\b|exception\b|when\s+others\s+then\b|then\b)\s*/i;

function read(part: string): BodyPiece[] {
  let text = part.trim();
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(openers, '').trim();
  }
  if (text === '') return [];
  const condition = /^(?:if|elsif|elseif|while|when)\b\s*(.*?)\s*\b(?:then|loop)\b\s*(.*)$/is.exec(text);
  if (condition) return [...expression(condition[1]!), ...read(condition[2]!)];
  const loop = /^for\s+(\w+)\s+in\s+(?:execute\s+)?(.*?)\s*\bloop\b\s*(.*)$/is.exec(text);
  if (loop) return [...query(loop[2]!), ...read(loop[3]!)];
  const returned = /^return\s+query\s+(.*)$/is.exec(text);
  if (returned) return query(returned[1]!);
  const value = /^return\s+(?!next\b)(.+)$/is.exec(text);
  if (value) return expression(value[1]!).map((piece) => ({ ...piece, returned: true }));
  const performed = /^perform\s+(.*)$/is.exec(text);
  if (performed) return query(`select ${performed[1]}`);
  const assigned =
    /^([a-z_]\w*)(?:\s+(?:constant\s+)?[\w.[\]]+(?:\([\d, ]+\))?)?\s*(?::=|=|\bdefault\b)\s*(.+)$/is.exec(
      text,
    );
  if (assigned && !/^(?:select|with|update|insert|delete|raise)\b/i.test(text)) {
    return expression(assigned[2]!).map((piece) => ({ ...piece, into: [assigned[1]!] }));
  }
  if (/^(?:select|with)\b/i.test(text)) return query(text);
  return [];
}

function query(text: string): BodyPiece[] {
  const into = /\binto\s+(?:strict\s+)?([a-z_][\w.]*(?:\s*,\s*[a-z_][\w.]*)*)/i.exec(text);
  if (into === null) return [{ sql: text, into: [] }];
  const sql = `${text.slice(0, into.index)} ${text.slice(into.index + into[0].length)}`;
  return [{ sql, into: into[1]!.split(',').map((variable) => variable.trim()) }];
}

const expression = (text: string): BodyPiece[] => [{ sql: `select ${text}`, into: [] }];

function withoutComments(body: string): string {
  return body.replace(
    /('(?:[^']|'')*')|--[^\n]*|\/\*.*?\*\//gs,
    (_, quoted: string | undefined) => quoted ?? ' ',
  );
}

/** At semicolons outside quotes. */
function split(body: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quote: string | null = null;
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at]!;
    if (quote !== null) {
      if (character === quote) quote = null;
    } else if (character === "'" || character === '"') {
      quote = character;
    } else if (character === ';') {
      parts.push(body.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(body.slice(start));
  return parts;
}
