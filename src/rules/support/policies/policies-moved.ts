/** Policies that ask for a column which another one replaces: they follow a RENAME, and not this. */
import type { Policy, SchemaState } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';

/** What writes them for the new columns, by the old ones' names. */
export function policiesMoved(
  state: SchemaState,
  key: string,
  columns: ReadonlyMap<string, string>,
  isRewritten: (table: string, policy: Policy) => boolean = () => false,
): readonly string[] {
  const asks = (text: string) => [...columns.keys()].some((from) => nameIn(from).test(text));
  return [...state.tables.values()].flatMap((table) =>
    table.policies.flatMap((policy) => {
      if (isRewritten(table.key, policy)) return [];
      const clauses = Object.entries({ using: policy.using, 'with check': policy.check }).flatMap(
        ([clause, asked]) => (asked && asks(asked.text) ? [{ clause, text: asked.text }] : []),
      );
      const own = table.key === key;
      const bare = key.split('.').at(-1)!;
      if (clauses.length === 0) return [];
      if (!own && !clauses.some(({ text }) => nameIn(bare.replaceAll('"', '')).test(text))) return [];
      const named = `${quoteIdent(policy.name)} on ${table.key}`;
      // In a sub-select the name may be another table's column.
      return !own || clauses.some(({ text }) => /\bselect\b(?!\s+auth\.)/i.test(text))
        ? [`-- policy ${named} asks for it: write it for the new one`]
        : [
            `alter policy ${named}${clauses.map(({ clause, text }) => ` ${clause} (${withNames(text, columns)})`).join('')};`,
          ];
    }),
  );
}

/** An expression in which columns bear other names. */
export const withNames = (text: string, columns: ReadonlyMap<string, string>): string =>
  [...columns].reduce((now, [from, to]) => now.replace(nameIn(from, 'g'), () => quoteIdent(to)), text);

/** A name as a word of its own that no other name is put before or behind. */
export const nameIn = (name: string, flags = ''): RegExp =>
  new RegExp(`(?<![\\w$"'])("${escapeRegExp(name)}"|${escapeRegExp(name)})(?![\\w$."'])`, flags);
