/** What CREATE FUNCTION refuses of its parameters, whatever the function does (42P13). */
import type { SyntaxNode } from '../model/sql.ts';

/** The first input parameter without a default behind one with a default; null where there is none. */
export function lackingDefault(parameters: readonly SyntaxNode[] | undefined): string | null {
  const inputs = (parameters ?? [])
    .map(({ FunctionParameter }) => FunctionParameter ?? {})
    .filter(({ mode }) => /^FUNC_PARAM_(DEFAULT|IN|INOUT)$/.test(mode ?? 'FUNC_PARAM_DEFAULT'));
  const first = inputs.findIndex(({ defexpr }) => defexpr !== undefined);
  if (first === -1) return null;
  const lacking = inputs.slice(first).find(({ defexpr }) => defexpr === undefined);
  return lacking === undefined ? null : (lacking.name ?? `$${inputs.indexOf(lacking) + 1}`);
}
