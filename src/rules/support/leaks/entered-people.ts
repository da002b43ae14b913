/** People whom others enter: players of a tournament, guests of an event, who may have no account at all. */
import type { Facts } from '../../../model/facts.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { opensTo } from '../conditions/truth.ts';
import { isReadElsewhere } from '../owners/name-read.ts';
import { type LeakGroup, onlyNamesOthers } from './leak.ts';

/**
 * By their policy all who signed in insert such rows, each with a name of its own, and the account may stay empty. No
 * other table's policy asks who stands there: nothing is gained by it.
 */
export function isEnteredByOthers({ object, leaks, opener }: LeakGroup, { head }: Facts): boolean {
  const table = head.tables.get(object.object);
  if (table === undefined || opener === 'off' || !people.test(table.name)) return false;
  return (
    table.columns.some(({ name }) => names.test(name)) &&
    table.policies.some(
      (policy) =>
        policy.permissive &&
        covers(policy, 'insert') &&
        appliesTo(policy, 'authenticated') &&
        opensTo(predicateOf(policy, 'insert')?.node ?? null) === 'users',
    ) &&
    leaks.every(({ cell }) => cell.command === 'insert') &&
    onlyNamesOthers(
      leaks,
      (column) =>
        table.columns.find(({ name }) => name === column)?.notNull === false &&
        !isReadElsewhere(table, column, head),
    )
  );
}

const people =
  /(^|_)(participants?|players?|guests?|attendees?|contestants?|competitors?|entrants?|athletes?|racers?|runners?|riders?)$/i;

const names = /^((display|full|first|last|player|guest|participant|attendee)_?)?name$/i;
