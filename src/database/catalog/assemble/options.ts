/** Options of foreign things, as catalogs keep them (`host=db`), the way OPTIONS wants them; empty where there are none. */
import { literal } from '../quote.ts';

export function optionsClause(options: readonly string[] | null): string {
  const pairs = (options ?? []).map((option) => {
    const [name, value] = splitOption(option);
    return `${name} ${literal(value)}`;
  });
  return pairs.length === 0 ? '' : ` OPTIONS (${pairs.join(', ')})`;
}

/** What leads from one list to the other; empty where they agree. */
export function changeOptions(from: readonly string[], to: readonly string[]): string {
  const [was, is] = [new Map(from.map(splitOption)), new Map(to.map(splitOption))];
  const changes = [
    ...[...was.keys()].filter((name) => !is.has(name)).map((name) => `DROP ${name}`),
    ...[...is].flatMap(([name, value]) => {
      if (was.get(name) === value) return [];
      return [`${was.has(name) ? 'SET' : 'ADD'} ${name} ${literal(value)}`];
    }),
  ];
  return changes.length === 0 ? '' : `OPTIONS (${changes.join(', ')})`;
}

function splitOption(option: string): [string, string] {
  const at = option.indexOf('=');
  const name = option.slice(0, at);
  return [/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`, option.slice(at + 1)];
}
