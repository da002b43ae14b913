/** Triggers on `auth.users` and the functions behind them. */
import type { Routine, SchemaState, Trigger } from '../../model/schema.ts';

export const signUpTriggers = (state: SchemaState): readonly Trigger[] =>
  state.tables.get('auth.users')?.triggers ?? [];

/** A routine by its name without arguments, with or without schema. */
export function routineNamed(name: string, state: SchemaState): Routine | null {
  for (const routine of state.routines.values()) {
    const qualified = routine.key.slice(0, routine.key.indexOf('('));
    if (qualified === name || routine.name === name) return routine;
  }
  return null;
}
