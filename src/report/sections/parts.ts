/** What all sections of the Markdown report are made of. */

export interface MarkdownLinks {
  /** Address of a file at the head, at a line; null where there is none. */
  readonly file: (path: string, line: number | null) => string | null;
  /** Address of a rule's page (`docs/rules/…`). */
  readonly docs: (page: string) => string | null;
  /** Where the whole report can be read when this one had to be shortened. */
  readonly whole: string | null;
}

/** How much of it is written. */
export interface Amount {
  /** Errors and warnings listed; above that they are counted. */
  readonly findings: number;
  readonly notes: boolean;
  /** The way out under each finding. */
  readonly help: boolean;
  readonly proofs: boolean;
  readonly diagram: boolean;
  /** Entries of the schema diff, lock table, access matrix and of lists of what was not checked. */
  readonly rows: number;
  readonly rollbackSql: boolean;
  /** False: nothing but the first lines and the checklist. */
  readonly sections: boolean;
}

export const mark: Readonly<Record<string, string>> = {
  error: '❌',
  warning: '⚠️',
  info: 'ℹ️',
  fail: '❌',
  warn: '⚠️',
  pass: '✅',
  skip: '➖',
  incomplete: '⚠️',
};

export const folded = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** At most `limit` rows, and a line that says how many more there are. */
export function capped<T>(rows: readonly T[], limit: number, draw: (rows: readonly T[]) => string): string {
  const left = rows.length - limit;
  return left > 0 ? `${draw(rows.slice(0, limit))}\n\n… and ${left} more.` : draw(rows);
}

/** Inside an item of a list. */
export const indented = (value: string): string =>
  value
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n');

/** One under the other, without what is empty. */
export const stacked = (...parts: readonly string[]): string =>
  parts.filter((part) => part !== '').join('\n\n');

/** The last part of a path: where the folder is known. */
export const fileName = (path: string): string => path.split('/').at(-1) ?? path;
