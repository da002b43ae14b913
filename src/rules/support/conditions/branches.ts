/** The branches of an OR as they are written, so that a way out leaves the others as they are. */
import type { Expression } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';

export interface Branch {
  readonly node: SyntaxNode;
  readonly text: string;
}

/** The branches of the OR at the top, or the whole as one; null where text and tree can't be brought together. */
export function branchesOf({ node, text }: Expression): readonly Branch[] | null {
  if (node === null) return null;
  const whole = withoutComments(text);
  if (whole === null) return null;
  const or = node.BoolExpr?.boolop === 'OR_EXPR' ? (node.BoolExpr.args as SyntaxNode[]) : null;
  if (or === null) return [{ node, text: whole }];
  const texts = splitByOr(unwrapped(whole));
  return texts.length === or.length ? or.map((each, at) => ({ node: each, text: texts[at]! })) : null;
}

/** What is left of a condition without some branches of its OR; null where nothing is, or it can't be said. */
export function withoutBranches(expression: Expression, gone: (node: SyntaxNode) => boolean): string | null {
  const left = branchesOf(expression)?.filter(({ node }) => !gone(node)) ?? [];
  return left.length === 0 ? null : left.map(({ text }) => text).join(' or ');
}

/** Quoted text, brackets and words, one at a time. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\(|\)|\[|\]|[\w$]+|\s+|[^\w\s]/g;

function splitByOr(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [word] of text.matchAll(token)) {
    if (/^[([]$|^case$/i.test(word)) depth += 1;
    if (/^[)\]]$|^end$/i.test(word)) depth -= 1;
    if (depth === 0 && /^or$/i.test(word)) parts.push('');
    else parts[parts.length - 1] += word;
  }
  return parts.map((part) => part.trim());
}

/** `(a or b)` is a or b: without the parentheses that are around all of it. */
export function unwrapped(written: string): string {
  const text = written.trim();
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  let at = 0;
  for (const [word] of text.matchAll(token)) {
    at += word.length;
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0 && at < text.length) return text;
  }
  return unwrapped(text.slice(1, -1));
}

/** On one line where it was; null where a comment or a quote of another kind makes that a guess. */
function withoutComments(text: string): string | null {
  const bare = text.replace(/'(?:[^']|'')*'/g, "''");
  if (/\/\*|\$\w*\$|\be'/i.test(bare)) return null;
  if (!bare.includes('--')) return text.trim();
  // A comment that holds a quote would be cut in the wrong place.
  const lines = text.split('\n').map((line) => line.replace(/--[^']*$/, '').trimEnd());
  return lines.some((line) => line.replace(/'(?:[^']|'')*'/g, "''").includes('--'))
    ? null
    : lines.join('\n').trim();
}
