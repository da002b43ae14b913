/** Functions for visitors that know them by a token of the row, and one beside them that does not ask for it. */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import { inputsOf } from '../callers/inputs.ts';
import { isToken } from '../owners/owners.ts';
import { comparesWith } from './compared-argument.ts';
import { isGrantedTo, isKnowing } from './published.ts';
import { tablesTouched } from './touched-tables.ts';

export interface TokenBeside {
  readonly column: string;
  readonly table: Table;
  /** The function that compares it with an argument. */
  readonly asking: Routine;
}

/** Null where it asks for a token itself, or no other function of visitors does. */
export function tokenBeside(routine: Routine, state: SchemaState): TokenBeside | null {
  if (!isGrantedTo(routine, 'anon') || isKnowing(routine)) return null;
  for (const table of tablesTouched(routine, state).flatMap((key) => state.tables.get(key) ?? []))
    for (const { name: column } of table.columns.filter(({ name }) => isToken(name))) {
      const asking = [...state.routines.values()].find(
        (other) =>
          other.key !== routine.key &&
          other.securityDefiner &&
          isGrantedTo(other, 'anon') &&
          tablesTouched(other, state).includes(table.key) &&
          inputsOf(other).some(({ name }) => name !== null && comparesWith(column, name, other)),
      );
      if (asking !== undefined) return { column, table, asking };
    }
  return null;
}
