/** Tables in which a parent's owner enters somebody: no row in that person's name. */

import type { Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { alternatives } from '../predicate/condition-text.ts';
import { uniqueKeys } from '../rows/plan.ts';
import type { TableContext } from './case.ts';

/** Names of tables with a row for each of a group's people. */
const members =
  /(member|user|participant|guest|attendee|collaborator|teammate|employee|student|player)(s|ships?)?$/i;

/**
 * Members, guests, attendance: a table with one row for each user under each parent. Where a policy asks for the parent
 * alone, the parent's owner enters others by right. Gives the columns that lead to the parent; undefined for any other table.
 */
export function parentsOfEntry(
  { table, ownership }: TableContext,
  command: 'insert' | 'update',
): readonly string[] | undefined {
  const authors = ownership.ownersOf(table.key).filter((owner) => owner.author);
  const [user] = authors;
  if (authors.length !== 1 || user === undefined) return undefined;
  // Somebody whom the row is for, a friend or a recipient, is no group that the caller leads.
  const people = new Set(
    table.foreignKeys
      .filter(({ references }) => references === 'auth.users')
      .flatMap(({ columns }) => columns)
      .concat(ownership.ownersOf(table.key).map(({ column }) => column)),
  );
  const owned = table.foreignKeys
    .filter((key) => key.references !== table.key && ownership.isOwned(key.references))
    .flatMap((key) => key.columns)
    .filter((column) => !people.has(column));
  // A group may be no more than an id, founded by whoever is first in it.
  const parents =
    owned.length > 0 ? owned : othersInKey(table, user.column).filter((column) => !people.has(column));
  if (parents.length === 0) return undefined;
  const oneEach = uniqueKeys(table).some(
    (columns) =>
      columns.length > 1 &&
      columns.includes(user.column) &&
      columns.every((column) => column === user.column || (column !== null && parents.includes(column))),
  );
  // Some know a member by an address until it has signed up, and keep no key of users.
  const called = members.test(table.name);
  // Bare or by the table's name; `events.user_id` is the parent's.
  const column = `"?${escapeRegExp(user.column)}(?![\\w$])`;
  const word = new RegExp(`(?<![\\w."])${column}|\\b${escapeRegExp(table.name)}"?\\.${column}`);
  const those = table.policies.filter(
    (policy) => policy.permissive && (policy.command === 'all' || policy.command === command),
  );
  // One policy lets users enter themselves, another one lets the parent's owner enter anybody.
  const asked =
    those.length > 0 &&
    those.every(({ using, check }) =>
      alternatives((command === 'insert' ? check : (check ?? using))?.text ?? using?.text ?? '').every(
        (branch) => word.test(branch),
      ),
    );
  return (oneEach || (called && parents.length > 0)) && !asked ? parents : undefined;
}

const othersInKey = (table: Table, column: string): readonly string[] =>
  uniqueKeys(table)
    .find((columns) => columns.length > 1 && columns.includes(column) && !columns.includes(null))
    ?.filter((other): other is string => other !== column && other !== null) ?? [];
