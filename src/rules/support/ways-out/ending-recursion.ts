/** What ends policies that lead back to their own table: each asks a function that reads without policies. */
import type { Facts } from '../../../model/facts.ts';
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import { apiRolesOf } from '../callers/roles.ts';
import { cyclesOnceOn, readsOf } from '../policies/recursion.ts';
import { named } from '../words/words.ts';
import { asConditionFunctions } from './condition-function.ts';
import { type Asking, inTurn, privateSchema } from './function-names.ts';
import { asFunction } from './lookup.ts';

/** SQL for all of them; null where there are none, or where one of them can't be written in full. */
export function endingRecursion(table: Table, state: SchemaState, facts: Facts): string | null {
  const policies = cyclesOnceOn(table, state);
  const askings = policies.map((policy) => reading(policy, table, state, facts));
  const told = askings.filter((asking) => asking !== null);
  return policies.length === 0 || told.length < askings.length
    ? null
    : `${privateSchema([...new Set(policies.flatMap(apiRolesOf))])}\n${inTurn(told)}`;
}

/** Lines to stand before what switches row level security on; empty where its policies hold then. */
export function recursionOnceOn(table: Table, state: SchemaState, facts: Facts): string {
  const cycles = cyclesOnceOn(table, state);
  if (cycles.length === 0) return '';
  const sql = endingRecursion(table, state, facts);
  return `-- ${named(cycles.map(({ name }) => name))} ${cycles.length === 1 ? 'asks its' : 'ask their'} own table, which fails with 42P17 once row level security is on (rls/recursion): first look that row up in a security definer function\n${sql === null ? '' : `${sql}\n`}`;
}

function reading(policy: Policy, table: Table, state: SchemaState, facts: Facts): Asking | null {
  const read = readsOf(policy, table, state).map((key) => state.tables.get(key));
  const [only] = new Set(read);
  const plain =
    only !== undefined && new Set(read).size === 1 ? asFunction(policy, table, only, state, facts) : null;
  return plain ?? asConditionFunctions(policy, table, state, facts);
}
