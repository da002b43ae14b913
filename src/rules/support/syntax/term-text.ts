/** One term of a condition as its author wrote it. */
import type { Expression } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { parseExpression } from '../../../sql/parse.ts';
import { type Token, tokenize } from '../../../sql/tokens.ts';
import { onOneLine } from './bodies.ts';

const longest = 80;

/** Pairs of edges that are parsed at most; longer conditions go without their words. */
const most = 300;

/** Null where it is not found among the operands of AND and OR. */
export function termText(
  { text }: Expression,
  term: SyntaxNode,
  isSame: (a: SyntaxNode, b: SyntaxNode) => boolean,
): string | null {
  const tokens = tokenize(text);
  let tried = 0;
  for (const [at, { start, depth }] of tokens.entries()) {
    if (!isEdge(tokens[at - 1], 'before')) continue;
    for (let to = at; to < tokens.length && tokens[to]!.depth >= depth; to += 1) {
      if (tokens[to]!.depth !== depth || !isEdge(tokens[to + 1], 'behind')) continue;
      tried += 1;
      if (tried > most) return null;
      const written = text.slice(start, tokens[to]!.end);
      const node = parseExpression(written);
      if (node !== null && isSame(node, term)) return shortened(onOneLine(written));
    }
  }
  return null;
}

/** Where an operand may start or end: the whole's ends, a parenthesis, AND, OR, WHERE. */
const isEdge = (token: Token | undefined, side: 'before' | 'behind') =>
  token === undefined ||
  (token.kind === 'word' && /^(and|or|where|not)$/.test(token.text)) ||
  token.text === (side === 'before' ? '(' : ')');

const shortened = (text: string) =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).trimEnd()}…`;
