/** Arguments of which a function makes SQL that it runs: as they come, and not quoted. */
import type { Routine } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';

/** Characters of a body that is read: longer ones are nobody's handwriting. */
const longest = 30_000;

/**
 * The argument that reaches EXECUTE unquoted, itself or by a variable; null where none does, where the body holds it
 * against what it allows, or where quotes of another kind make that a guess.
 */
export function executedArgument({ arguments: all, body, language }: Routine): string | null {
  if (language !== 'plpgsql' || body.length > longest) return null;
  const code = codeOf(body).withStrings;
  if (/\$\w*\$|\be'/i.test(code.replace(/'[^']*'/g, "''"))) return null;
  const statements: readonly string[] = code.match(/(?:'[^']*'|[^;'])+/g) ?? [];
  const parts = statements.flatMap(partsOf);
  const texts = all.filter(
    ({ mode, name, type }) =>
      (mode === 'in' || mode === 'inout') && name !== null && /^(text|character|citext)/.test(type),
  );
  for (const { name } of texts) {
    if (statements.some((statement) => isCompared(name!, statement))) continue;
    const tainted = new Set([name!]);
    for (const statement of parts) {
      const [, variable, value] = assigning.exec(statement) ?? [];
      if (variable !== undefined && reaches(value!, tainted)) tainted.add(variable);
      const executed = executing.exec(statement)?.[1];
      if (executed !== undefined && reaches(executed, tainted)) return name;
    }
  }
  return null;
}

/** `begin x := 1` and `if … then execute q`: cut at the words that open a block. */
function partsOf(statement: string): string[] {
  const bare = statement.replace(/'[^']*'/g, (literal) => ' '.repeat(literal.length));
  const leads = [...bare.matchAll(/\b(?:declare|begin|then|else|loop)\b/gi)];
  const ends = [...leads.map(({ index }) => index), statement.length];
  return ends.map((end, at) => {
    const lead = leads[at - 1];
    return statement.slice(lead === undefined ? 0 : lead.index + lead[0].length, end).trim();
  });
}

/** `x := …`, `x = …`, and `x [constant] text [not null] := …` of a declaration. */
const assigning =
  /^(?!(?:if|elsif|elseif|while|when|for|return|select|perform|raise|insert|update|delete)\b)"?(\w+)"?(?:\s+(?:constant\s+)?[\w.]+(?:\s*\([\d, ]*\))?(?:\s+not\s+null)?)?\s*(?::=|=|\bdefault\b)\s*([\s\S]+)$/i;

/** Up to INTO or USING; not EXECUTE FUNCTION. */
const executing =
  /(?:^|\bin\s+|\bquery\s+)execute\s+(?!on\b|function\b|procedure\b)((?:'[^']*'|[^'])*?)(?:\b(?:into|using)\b|$)/i;

/** A value of another type can hold no SQL, and a name that is looked up is one that is there. */
const harmless =
  /(?:\b\w+|\([^()]*\))\s*::\s*(?:reg\w+|int\w*|bigint|smallint|numeric|real|double|bool\w*|uuid|date|time\w*|interval)\b|\bquote_(?:ident|literal|nullable)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)/gi;

function reaches(expression: string, names: ReadonlySet<string>): boolean {
  const bare = unformatted(expression)
    .replace(harmless, ' ')
    .replace(/'[^']*'/g, "''");
  return [...names].some((name) =>
    new RegExp(`(?<![\\w.])"?${escapeRegExp(name)}"?(?![\\w(])`, 'i').test(bare),
  );
}

/** `format('… %I … %s', a, b)`: what stands for %I and %L is quoted and goes. */
function unformatted(expression: string): string {
  const call = /\bformat\s*\(/i.exec(expression);
  if (call === null) return expression;
  const from = call.index + call[0].length;
  const to = closingOf(expression, from);
  const [pattern, ...values] = splitByComma(expression.slice(from, to));
  const rest = unformatted(expression.slice(to + 1));
  let next = 0;
  const raw = [...(pattern ?? '').matchAll(/%(?:(\d+)\$)?-?\d*([sIL%])/g)].flatMap(([, position, kind]) => {
    if (kind === '%') return [];
    const at = position === undefined ? next : Number(position) - 1;
    next = at + 1;
    return kind === 's' ? [values[at] ?? ''] : [];
  });
  // What else the pattern is put together from is as raw as %s.
  return [expression.slice(0, call.index), pattern ?? '', ...raw, rest].join(' ');
}

/** Place of the parenthesis that closes the one in front of `from`. */
function closingOf(text: string, from: number): number {
  let depth = 1;
  for (const { 0: word, index } of text.slice(from).matchAll(/'[^']*'|[()]/g)) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0) return from + index;
  }
  return text.length;
}

function splitByComma(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [word] of text.matchAll(/'[^']*'|[()[\],]|[^'()[\],]+/g)) {
    if (/^[([]$/.test(word)) depth += 1;
    if (/^[)\]]$/.test(word)) depth -= 1;
    if (word === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += word;
  }
  return parts;
}

/** Held against a list, a pattern or the catalog: what gets through may be only what was meant. That it is not empty says nothing. */
function isCompared(name: string, statement: string): boolean {
  const word = `"?(?<![\\w.])${escapeRegExp(name)}(?![\\w])"?`;
  const looked = new RegExp(
    `${word}[\\s)]*(?:!?~|(?:not\\s+)?(?:i?like|in|similar)\\b|(?:<>|!=|=)(?!\\s*''))|(?:to_regclass|case)\\s*\\(?\\s*${word}`,
    'i',
  );
  if (looked.test(statement) && !new RegExp(`^${word}\\s*=`, 'i').test(statement)) return true;
  return (
    !assigning.test(statement) &&
    new RegExp(`(?:<>|!=|(?<![:<>!])=)\\s*(?:any|all)?\\s*\\(*\\s*${word}`, 'i').test(statement)
  );
}
