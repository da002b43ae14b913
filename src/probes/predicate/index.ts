/**
 * Policies read as trees, worked back to the columns, rows and claims that decide them. Only candidates come out of
 * here: what they really open is seen by trying.
 */
import type { Routine, SchemaState, Table } from '../../model/schema.ts';
import { parseExpression } from '../../sql/parse.ts';
import { ConditionReader } from './conditions.ts';
import { emptyReading, type Reading } from './reading.ts';

export function readPolicies(table: Table, state: SchemaState): Reading {
  const reading = emptyReading();
  const reader = new ConditionReader(state, reading);
  for (const policy of table.policies) {
    for (const expression of [policy.using, policy.check]) {
      if (expression !== null) reader.readPolicy(table, expression.node ?? parseExpression(expression.text));
    }
  }
  return reading;
}

/** Columns of a new row that the policies for INSERT ask to name the caller: by them it signs. */
export function signedColumns(table: Table, state: SchemaState, before?: SchemaState | null): Set<string> {
  // What the base asked counts on: a head that no longer asks lets it be forged.
  const was = before?.tables.get(table.key);
  const earlier = was === undefined ? [] : signedColumns(was, before!);
  const policies = table.policies
    .filter(({ command }) => command === 'insert' || command === 'all')
    .map((policy) => (policy.check === null ? policy : { ...policy, using: null }));
  const { callers } = readPolicies({ ...table, policies }, state);
  const asked = callers.filter((atom) => atom.table === table.key && atom.apart !== true);
  return new Set([...earlier, ...asked.map((atom) => atom.column)]);
}

/**
 * What the policies of the base read of the same tables counts on the head too: a policy that no longer asks for a
 * status, or for a role, is tried in the worlds that the old one told apart.
 */
export function addEarlier(reading: Reading, earlier: Reading, state: SchemaState): void {
  const stands = ({ table, column }: { readonly table: string; readonly column: string }) =>
    state.tables.get(table)?.columns.some(({ name }) => name === column) === true;
  const known = new Set(
    [...reading.callers, ...reading.values, ...reading.links].map((atom) => JSON.stringify(atom)),
  );
  const isNew = (atom: object) => !known.has(JSON.stringify(atom));
  reading.callers.push(...earlier.callers.filter((atom) => isNew(atom) && stands(atom)));
  reading.values.push(...earlier.values.filter((atom) => isNew(atom) && stands(atom)));
  reading.links.push(
    ...earlier.links.filter((link) => isNew(link) && stands(link.left) && stands(link.right)),
  );
  const claims = new Set(reading.claims.map((claim) => JSON.stringify(claim)));
  reading.claims.push(...earlier.claims.filter((claim) => !claims.has(JSON.stringify(claim))));
  for (const key of earlier.tables) if (state.tables.has(key)) reading.tables.add(key);
}

/** What a function's body decides by, for helpers that are called from elsewhere (triggers, RPC). */
export function readRoutine(routine: Routine, state: SchemaState): Reading {
  const reading = emptyReading();
  new ConditionReader(state, reading).readBody(routine, new Map(), 0);
  return reading;
}
