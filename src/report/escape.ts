/**
 * Text that somebody else wrote (SQL, names, Postgres' messages, paths) on its way into Markdown or HTML.
 *
 * Two readers see it on GitHub: the Markdown parser, and filters that run on the rendered text and turn `@name`, `#1` and
 * commit ids into links. Character references stop the first; the second never looks into code, and does not put two
 * text nodes together, so that `<span>@</span>name` stays what it is without an invisible character in a copied name.
 */

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const reference = (character: string): string => named[character] ?? `&#${character.codePointAt(0)};`;

/** Text between HTML tags or in a quoted attribute. */
export const html = (value: string): string => visible(value).replace(/[&<>"']/g, reference);

/**
 * Control characters and those that change the direction of text are shown as their code point: what is read here
 * must be what is in the file ("Trojan Source", CVE-2021-42574).
 */
export function visible(value: string): string {
  return value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (character) => `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
}

const oneLine = (value: string): string => visible(value).replace(/\s+/g, ' ').trim();

/**
 * What Markdown or one of GitHub's filters could take for markup: `@name`, `#1`, `GH-1`, `https://`, `www.`, `:tada:` and
 * `$math$` besides the characters of CommonMark and of tables.
 */
const markup = /[@$&<\\`*_[\]|~]|#(?=\d)|(?<=\bGH)-(?=\d)|:(?=\/\/|[\w+-]+:)|(?<=\bwww)\./gi;
/** At the start of a line these open a heading, a list, a quotation or an underline. */
const opening = /^(?:[#>=+-]|\d+(?=[.)]))/;
const filtered = /[@$#:.-]/;

function literal(value: string): string {
  return value.replace(markup, (found) =>
    filtered.test(found) ? `<span>${found}</span>` : reference(found),
  );
}

/** What GitHub would turn into a link to a commit; of a UUID the whole. */
const commitLike =
  /(?<![0-9A-Za-z])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{7,64})(?![0-9A-Za-z])/;

/** One line of prose. */
export function text(value: string): string {
  const line = oneLine(value);
  const opener = opening.exec(line)?.[0] ?? '';
  const rest = line
    .slice(opener.length)
    .split(commitLike)
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : literal(part)))
    .join('');
  return opener === '' ? rest : `<span>${html(opener)}</span>${rest}`;
}

/** A name or a piece of SQL inside a line, in tables too. */
export function code(value: string): string {
  const line = oneLine(value);
  if (line === '') return '';
  // A pipe ends a table's cell even inside back-ticks, and `\|` is read in two ways: HTML has neither trouble.
  if (line.includes('|')) return `<code>${literal(line)}</code>`;
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Prose whose names stand in double quotes, as Postgres prints them, or in back-ticks: the names become code. */
export function prose(value: string): string {
  return oneLine(value)
    .split(/"((?:[^"]|""){1,200})"|`([^`]{1,200})`/)
    .map((part = '', index) => {
      // Between two pieces of prose stand both groups, one of them empty.
      if (index % 3 === 1) return code(part.replaceAll('""', '"'));
      if (index % 3 === 2) return code(part);
      const inner = part.trim();
      return inner === '' ? part : part.replace(inner, () => text(inner));
    })
    .join('');
}

/** A block of code. The fence is longer than any run of back-ticks inside. */
export function block(value: string, language = ''): string {
  const body = visible(value.replace(/\r\n?/g, '\n')).replace(/\n+$/, '');
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}${language}\n${body}\n${fence}`;
}

function longestRun(value: string): number {
  return Math.max(0, ...(value.match(/`+/g) ?? []).map((run) => run.length));
}

/** Path or address as the target of a link: nothing in it can end the link or the attribute. */
export function target(path: string): string {
  return encodeURI(visible(path)).replace(
    /[()#?*'@$&]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Cut at a character, never inside one, and say so. */
export function shortened(value: string, length: number): string {
  if (value.length <= length) return value;
  const cut = value.slice(0, length - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
