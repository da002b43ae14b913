/** Arguments of which a function makes SQL that it runs: as they come, and not quoted. */
import type { Routine } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { codeOf } from './bodies.ts';

/** Characters of a body that is read, each assignment up to its end: longer ones are nobody's handwriting. */
const longest = 30_000;

/**
 * The argument that reaches EXECUTE unquoted, itself or by a variable; null where none does, or where the body compares
 * it with what it allows first.
 */
export function executedArgument({ arguments: all, body, language }: Routine): string | null {
  if (language !== 'plpgsql' || body.length > longest) return null;
  const code = codeOf(body).withStrings;
  const texts = all.filter(
    ({ mode, name, type }) =>
      (mode === 'in' || mode === 'inout') && name !== null && /^(text|character|citext|json)/.test(type),
  );
  for (const { name } of texts) {
    if (isCompared(name!, code)) continue;
    const tainted = new Set([name!]);
    // Assigned in the order in which they stand: one pass over them.
    for (const [, variable, value] of code.matchAll(/(?<![\w.])"?(\w+)"?\s*:?=\s*((?:'[^']*'|[^;'])*);/g))
      if (reaches(value!, tainted)) tainted.add(variable!);
    for (const [, executed] of code.matchAll(executing)) if (reaches(executed!, tainted)) return name;
  }
  return null;
}

/** EXECUTE of PL/pgSQL up to INTO, USING or the end; not GRANT EXECUTE, nor EXECUTE FUNCTION. */
const executing =
  /(?<!\b(?:grant|revoke|option for)\s+)\bexecute\s+(?!on\b|function\b|procedure\b)((?:'[^']*'|[^;'])*?)(?=\binto\b|\busing\b|\bloop\b|;)/gi;

function reaches(expression: string, names: ReadonlySet<string>): boolean {
  const loose = unformatted(expression).replace(
    /\bquote_(?:ident|literal|nullable)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)/gi,
    ' ',
  );
  const bare = loose.replace(/'(?:[^']|'')*'/g, "''");
  return [...names].some((name) =>
    new RegExp(`(?<![\\w.])"?${escapeRegExp(name)}"?(?![\\w(])`, 'i').test(bare),
  );
}

/** `format('… %I … %s', a, b)`: what stands for %I and %L is quoted and goes. */
function unformatted(expression: string): string {
  const call = /\bformat\s*\(\s*(?:e|E)?('(?:[^']|'')*')\s*(?:,([\s\S]*))?\)\s*$/.exec(expression.trim());
  if (call === null) return expression;
  const before = expression.trim().slice(0, call.index);
  const values = splitByComma(call[2] ?? '');
  let next = 0;
  const raw = [...call[1]!.matchAll(/%(?:(\d+)\$)?-?\d*([sIL%])/g)].flatMap(([, position, kind]) => {
    if (kind === '%') return [];
    const at = position === undefined ? next : Number(position) - 1;
    next = at + 1;
    return kind === 's' ? [values[at] ?? ''] : [];
  });
  return `${before} ${raw.join(' ')}`;
}

function splitByComma(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [word] of text.matchAll(/'(?:[^']|'')*'|[()[\],]|[^'()[\],]+/g)) {
    if (/^[([]$/.test(word)) depth += 1;
    if (/^[)\]]$/.test(word)) depth -= 1;
    if (word === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += word;
  }
  return parts;
}

/** Held against a list, a pattern or the catalog before: what gets through may be only what was meant. */
const isCompared = (name: string, code: string) =>
  new RegExp(
    `(?<![\\w.])"?${escapeRegExp(name)}"?\\s*\\)*\\s*(?:=|<>|!=|!?~|(?:not\\s+)?(?:i?like|in|similar)\\b)|\\b(?:=|<>)\\s*(?:any|all)?\\s*\\(?\\s*"?${escapeRegExp(name)}"?(?![\\w])|=\\s*(?:lower|upper|trim|btrim)?\\s*\\(?\\s*"?${escapeRegExp(name)}"?\\s*\\)?\\s*(?:and|or|then|\\)|;)|\\b(?:to_regclass|lower|upper|trim|btrim|regexp_\\w+|position|strpos|starts_with)\\s*\\(\\s*"?${escapeRegExp(name)}"?|\\bcase\\s+"?${escapeRegExp(name)}"?`,
    'i',
  ).test(code.replace(/:=\s*"?\w+"?\s*;/g, ''));
