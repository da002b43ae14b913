/** Whom the probes had to put somewhere first: a row that no statement of the project lets anybody come to. */
import type { Footing } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';

/**
 * Neither sign-up nor the user makes the row, no statement of any file does, and none that might is missing: files that
 * did not apply may give it.
 */
export function isOutOfReach(footing: Footing | undefined, { sources, replay }: Facts): boolean {
  if (footing?.given !== 'nowhere') return false;
  const name = escapeRegExp(footing.table.split('.').at(-1)!.replaceAll('"', ''));
  const made = new RegExp(`\\b(insert|merge)\\s+into\\s+(only\\s+)?("?\\w+"?\\.)?"?${name}"?(?![\\w$])`, 'i');
  const entering = new RegExp(
    `\\bcreate\\s+policy\\b[^;]*?\\bon\\s+("?\\w+"?\\.)?"?${name}"?(?![\\w$])(?!\\s+(as\\s+permissive\\s+)?for\\s+(select|update|delete)\\b)`,
    'i',
  );
  const lost = new Set(replay?.runs.flatMap(({ path, status }) => (status === 'applied' ? [] : [path])));
  return ![...sources].some(([path, { text }]) => made.test(text) || (lost.has(path) && entering.test(text)));
}

export const outOfReach = ({ table }: Footing) =>
  `It takes a row in "${table}", which neither sign-up nor the user makes.`;

/**
 * A table of all accounts, `profiles` or `users` keyed by `auth.users`: who may change its own row there has one. That no
 * file makes it says where it is made, by the server or in the dashboard, and not that some were let in.
 */
export function isOfEveryAccount({ table: key }: Footing, { tables }: SchemaState): boolean {
  const table = tables.get(key);
  const primary = table?.primaryKey?.columns.join();
  return (
    table !== undefined &&
    /^(app_?|auth_?)?(users?|profiles?|accounts?)(_?profiles?)?$/i.test(table.name) &&
    table.foreignKeys.some(
      ({ references, columns }) =>
        references === 'auth.users' &&
        columns.length === 1 &&
        (columns[0] === primary || table.uniques.some((unique) => unique.columns.join() === columns[0])),
    )
  );
}

export const madeElsewhere = ({ table }: Footing) =>
  `Nothing here makes its row in "${table}": the server does, or a trigger that no migration knows.`;
