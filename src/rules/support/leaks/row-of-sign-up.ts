/** The row that sign-up makes for everybody, where sign-up fails here: it is missing to the probes alone. */
import type { Escalation } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Table } from '../../../model/schema.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { filledAtSignUp } from '../callers/sign-up.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { alternatives } from '../syntax/tree.ts';

/**
 * A user inserted its own row under its id, which is a key, and nobody may delete one: whoever signed up has that row
 * already. It went through because no sign-up worked that would have made it.
 */
export function insertsWhatSignUpMakes({ object, steps }: Escalation, { access, head }: Facts): boolean {
  const table = head.tables.get(object);
  const signUps = access?.head.signUps ?? [];
  if (table === undefined || signUps.length === 0 || signUps.some(({ status }) => status === 'works'))
    return false;
  const column = filledAtSignUp(table, head);
  return (
    steps.length > 0 &&
    steps.every(({ command }) => command === 'insert') &&
    column !== undefined &&
    isKey(column, table) &&
    table.rls &&
    policiesFor('delete', table).length === 0 &&
    policiesFor('insert', table).every((policy) =>
      alternatives(predicateOf(policy, 'insert')?.node ?? null).every((node) =>
        ownComparisons(readPredicate(node, table, head)).some(
          (own) => own.column.name === column && own.operator === '=' && own.other.is === 'user-id',
        ),
      ),
    )
  );
}

const isKey = (column: string, { primaryKey, uniques }: Table) =>
  [primaryKey, ...uniques].some((key) => key?.columns.join() === column);

const policiesFor = (command: 'insert' | 'delete', { policies }: Table) =>
  policies.filter(
    (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, 'authenticated'),
  );
