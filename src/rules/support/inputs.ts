/** What a caller gives a function. */
import type { FunctionArgument, Routine } from '../../model/schema.ts';

export const inputsOf = ({ arguments: all }: Pick<Routine, 'arguments'>): readonly FunctionArgument[] =>
  all.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');
