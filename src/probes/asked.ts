/** What policies ask of the columns of a new row: whoever inserts chooses them, and so they are no condition. */
import type { Policy, SchemaState, Table } from '../model/schema.ts';
import { defaultOf } from './plan.ts';
import { readPolicies } from './predicate.ts';
import { any, other } from './reading.ts';
import type { Value } from './values.ts';

/** By role and column: values of which one is asked for; `any` stands for whatever is not null. */
export type Asked = ReadonlyMap<string, ReadonlyMap<string, readonly Value[]>>;

export function askedOfNewRows(table: Table, state: SchemaState): Asked {
  return new Map(
    ['anon', 'authenticated'].map((role) => {
      const columns = new Map<string, Value[]>();
      const policies = table.policies.filter((policy) => admits(policy, role)).map(checkOnly);
      for (const atom of policies.length > 0 ? readPolicies({ ...table, policies }, state).values : []) {
        if (!atom.home || atom.open.length === 0 || atom.open.includes(other)) continue;
        columns.set(atom.column, [...(columns.get(atom.column) ?? []), ...atom.open]);
      }
      return [role, columns] as const;
    }),
  );
}

const admits = (policy: Policy, role: string): boolean =>
  (policy.command === 'insert' || policy.command === 'all') &&
  policy.roles.some((member) => member === 'public' || member === role);

/** A policy without WITH CHECK asks of the new row what it asks of the others. */
const checkOnly = (policy: Policy): Policy => (policy.check === null ? policy : { ...policy, using: null });

/** The value to send instead of the usual one; undefined where that one does, or nobody knows it beforehand. */
export function valueAsked(
  column: Table['columns'][number],
  asked: readonly Value[] | undefined,
  laid: Value,
  candidates: () => readonly Value[],
): Value | undefined {
  const usual = column.default === null ? laid : defaultOf(column);
  if (asked === undefined || usual === undefined) return undefined;
  if (asked.some((value) => value === usual || (value === any && usual !== null))) return undefined;
  const [first] = asked;
  return first === any ? candidates().find((value) => value !== null) : first;
}
