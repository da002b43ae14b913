/** What a caller gives a function. */
import type { FunctionArgument, Routine } from '../../../model/schema.ts';

export const inputsOf = ({ arguments: all }: Pick<Routine, 'arguments'>): readonly FunctionArgument[] =>
  all.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');

/** Whether a call by these names, and no others, is answered. */
export const takes = (routine: Routine, given: readonly string[]): boolean =>
  lackOf(routine, given).length === 0 && strangersTo(routine, given).length === 0;

/** What it needs besides. */
export const lackOf = (routine: Routine, given: readonly string[]): string[] =>
  inputsOf(routine)
    .filter(({ name, hasDefault, mode }) => !hasDefault && mode !== 'variadic' && !given.includes(name!))
    .map(({ name }) => name!);

/** What it does not know of them. */
export const strangersTo = (routine: Routine, given: readonly string[]): string[] =>
  given.filter((name) => !inputsOf(routine).some((argument) => argument.name === name));
