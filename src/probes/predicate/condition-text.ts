/** A condition as Postgres prints it, cut at the AND or OR at its top. */

/** The branches of an OR; the whole where there is none. */
export const alternatives = (text: string): string[] => partsOf(text, /^or$/i);

/** What all must hold of an AND; the whole where there is none. */
export const conjuncts = (text: string): string[] => partsOf(text, /^and$/i);

function partsOf(text: string, word: RegExp): string[] {
  const bare = text.trim();
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: sign, index } of bare.matchAll(/'(?:[^']|'')*'|[()]|\b(?:or|and)\b/gi)) {
    if (sign === '(') depth += 1;
    else if (sign === ')') {
      depth -= 1;
      // One pair of parentheses around it all.
      if (depth === 0 && index === bare.length - 1 && bare[0] === '(' && parts.length === 0 && start === 0)
        if (closesAt(bare) === index) return partsOf(bare.slice(1, -1), word);
    } else if (word.test(sign) && depth === 0) {
      parts.push(bare.slice(start, index));
      start = index + sign.length;
    }
  }
  return [...parts, bare.slice(start)];
}

/** Where the parenthesis that a text begins with is closed. */
function closesAt(text: string): number {
  let depth = 0;
  for (const { 0: sign, index } of text.matchAll(/'(?:[^']|'')*'|[()]/g)) {
    if (sign === '(') depth += 1;
    else if (sign === ')' && --depth === 0) return index;
  }
  return -1;
}
