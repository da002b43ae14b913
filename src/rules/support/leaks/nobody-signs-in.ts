/** Rows that no account has to do with, in what is a demo by design: everybody reads them, and functions that visitors call change them. */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { asksForCaller, routineLooksAtCaller } from '../callers/caller.ts';
import { filledAtSignUp } from '../callers/sign-up.ts';
import { isGrantedTo } from '../functions/published.ts';
import { tablesTouched } from '../functions/touched-tables.ts';
import { ownerColumns } from '../owners/owners.ts';
import { isOpenTo } from '../policies/openness.ts';
import { codeOf } from '../syntax/bodies.ts';
import type { LeakGroup } from './leak.ts';

/**
 * The tables whose rows the function reaches, where none of them, and nothing that hangs with them by foreign keys, knows
 * an account: no key or default leads to one, no policy or function that names them asks who is calling, and sign-up makes
 * none of their rows. Null where one does, where not everybody reads them, or where EXECUTE was not granted to visitors by name.
 */
export function tablesWithoutAccounts(
  { leaks }: LeakGroup,
  routine: Routine,
  state: SchemaState,
): readonly string[] | null {
  const reached = [
    ...new Set([...leaks.flatMap(({ cell }) => cell.via ?? []), ...tablesTouched(routine, state)]),
  ];
  const tables = reached.map((key) => state.tables.get(key) ?? null);
  if (
    reached.length === 0 ||
    !isGrantedTo(routine, 'anon') ||
    routineLooksAtCaller(routine, state) ||
    tables.some((table) => !isOpenTo(table, 'select', 'anon'))
  )
    return null;
  const beside = hangingWith(reached, state);
  return beside.every((key) => isWithoutAccounts(key, state)) && !areAskedFor(beside, state) ? reached : null;
}

function isWithoutAccounts(key: string, state: SchemaState): boolean {
  const table = state.tables.get(key);
  return (
    table !== undefined &&
    table.schema !== 'auth' &&
    ownerColumns(table, state).length === 0 &&
    filledAtSignUp(table, state) === undefined &&
    !table.policies.some(({ using, check }) =>
      [using, check].some((expression) => expression !== null && asksForCaller(expression.node, state)),
    )
  );
}

/** A function that asks who is calling names one of them. */
function areAskedFor(keys: readonly string[], state: SchemaState): boolean {
  const names = keys.map((key) => escapeRegExp(state.tables.get(key)!.name));
  const named = new RegExp(`\\b(${names.join('|')})\\b`, 'i');
  return [...state.routines.values()].some(
    (routine) => named.test(codeOf(routine.body).bare) && routineLooksAtCaller(routine, state),
  );
}

/** Those, and whatever foreign keys lead to from them or to them. */
function hangingWith(keys: readonly string[], { tables }: SchemaState): string[] {
  const found = new Set(keys);
  for (const key of found) {
    for (const { references } of tables.get(key)?.foreignKeys ?? []) found.add(references);
    for (const other of tables.values())
      if (other.foreignKeys.some(({ references }) => references === key)) found.add(other.key);
  }
  return [...found];
}
