/** What stands at the left edge of a script: functions and constants, each with its text up to its end or the next one. */

export interface Declaration {
  /** Empty for what follows such an end without being declared: `Deno.serve(…)`. */
  readonly name: string;
  /** From its name on, without comments. */
  readonly text: string;
  readonly line: number;
}

const opening =
  /^(?:export\s{1,4})?(?:default\s{1,4})?(?:async\s{1,4})?(?:function\*?|const|let|var|class)\s{1,4}([\w$]{1,80})|^\}[);, \t]{0,10}\r?$/gm;

const mostKnown = 2_000;

/** What a text was read for is asked of it by each file that imports it. */
export function remembered<Read>(read: (text: string) => Read): (text: string) => Read {
  const known = new Map<string, Read>();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      if (known.size === mostKnown) known.clear();
      found = read(text);
      known.set(text, found);
    }
    return found;
  };
}

export const declarationsOf = remembered((text: string): readonly Declaration[] => {
  const opened = [...text.matchAll(opening)];
  let line = 1;
  let counted = 0;
  return opened.map((match, at) => {
    for (; counted < match.index; counted += 1) if (text[counted] === '\n') line += 1;
    const from = match.index + match[0].length;
    return {
      name: match[1] ?? '',
      text: withoutComments(text.slice(from, opened[at + 1]?.index ?? text.length)),
      line,
    };
  });
});

const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]{0,4000}?\*\//g, '').replace(/^[ \t]{0,80}\/\/[^\n]*|[ \t]\/\/ [^\n]*/gm, '');

/** The one that a line stands in. */
export const declarationAt = (text: string, line: number): Declaration | undefined =>
  declarationsOf(text).findLast((each) => each.line <= line);

/** A name of the code in a pattern. */
export const escaped = (name: string): string => name.replaceAll('$', '\\$');

/** Which of a function's parameters bears that name; -1 where none does, or they are taken apart. */
export function parameterOf({ name: own, text }: Declaration, name: string): number {
  const opened = own === '' ? null : /^[^({]{0,200}\(/.exec(text);
  if (opened === null) return -1;
  return (argumentsIn(text.slice(opened[0].length, opened[0].length + 2_000)) ?? []).findIndex(
    (parameter) => /^[\w$]+/.exec(parameter)?.[0] === name,
  );
}

/** Up to the parenthesis that closes them; null where none does. */
export function argumentsIn(text: string): readonly string[] | null {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if ('([{'.includes(text[i]!)) depth += 1;
    else if (')]}'.includes(text[i]!)) depth -= 1;
    if (depth < 0 || (depth === 0 && text[i] === ',')) {
      found.push(text.slice(from, i).trim());
      from = i + 1;
    }
    if (depth < 0) return found.filter((each) => each !== '');
  }
  return null;
}
