/** What the application's own code asks of a function: of several of one name, of the one that its arguments are for. */
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Routine } from '../../../model/schema.ts';
import { inputsOf, takes } from '../callers/inputs.ts';
import { allCallsOn, placesOf } from './client-calls.ts';

/** Calls that reach it, whoever makes them: all of its name but those that another takes and this one does not. */
export function callsOfRoutine(routine: Routine, facts: Facts): readonly ClientCall[] {
  const calls = allCallsOn(`${routine.schema}.${routine.name}`, ['execute'], facts);
  if (calls.length === 0 || takesWhatever(routine)) return calls;
  // The code is that of the head, whatever the state.
  const others = [...facts.head.routines.values()].filter(
    ({ schema, name, key }) => schema === routine.schema && name === routine.name && key !== routine.key,
  );
  return calls.filter(
    ({ given }) =>
      given === null ||
      takes(routine, given) ||
      !others.some((other) => !takesWhatever(other) && takes(other, given)),
  );
}

/** Arguments without names are found by place, and one of type json takes the whole body. */
export const takesWhatever = (routine: Routine) => inputsOf(routine).some(({ name }) => name === null);

/** Those that users make. */
export const userCallsOfRoutine = (routine: Routine, facts: Facts): readonly ClientCall[] =>
  callsOfRoutine(routine, facts).filter(({ by }) => by === 'user');

/** A sentence with a space before it: where the code still calls a function that is gone; empty where it does not. */
export function stillCalled(gone: Routine, facts: Facts): string {
  const calls = callsOfRoutine(gone, facts);
  return calls.length === 0 ? '' : ` The code still asks for it: ${placesOf(calls)}.`;
}
