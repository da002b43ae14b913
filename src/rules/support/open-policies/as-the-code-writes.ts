/** What is left of an open policy where the application's own code writes rows that are nobody's, as whoever asks. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { apiRolesOf, covers, grantedColumns, isPlatform, predicateOf } from '../callers/roles.ts';
import { opensTo } from '../conditions/truth.ts';
import type { JudgedPolicy } from './reach.ts';

/** A sentence with a space before it: to close the policy would break that; empty where no code was seen. */
export const saidOfCode = (calls: readonly ClientCall[]) =>
  calls.length === 0 ? '' : ` The code does it with the user's own rights (${placesOf(calls)}).`;

/** The server, or a function, is to write; until then only who signed in, and only the columns that the code writes. */
export function asTheCodeWrites(
  { policy, table, state }: JudgedPolicy,
  commands: readonly Command[],
  calls: readonly ClientCall[],
): string {
  const toAll = commands.some(
    (command) => opensTo(predicateOf(policy, command)?.node ?? null) === 'everybody',
  );
  const roles = apiRolesOf(policy).filter((role) => role !== 'anon' || toAll);
  // Who names the anon key means it: the code may have no other.
  const strangers =
    roles.includes('anon') &&
    !policy.roles.includes('anon') &&
    !/\banon/i.test(policy.name) &&
    signsIn(state);
  const narrower = [
    ...(strangers ? [`alter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated;`] : []),
    ...(commands.includes('update')
      ? columnsWritten(policy, table, calls, strangers ? ['authenticated'] : roles)
      : []),
  ];
  return [
    `-- the code writes it as whoever asks (${placesOf(calls)}), and no column says whose a row is: let a function that checks it, or the server, write, and then\n-- drop policy ${quoteIdent(policy.name)} on ${table.key};`,
    ...(narrower.length === 0
      ? []
      : [
          `-- until then only ${[
            ...(strangers ? ['who signed in'] : []),
            ...(narrower.length > (strangers ? 1 : 0) ? ['what the code writes'] : []),
          ].join(', and only ')}`,
          ...narrower,
        ]),
    ...(strangers && commands.includes('select') ? ['-- who else may read needs a policy for SELECT'] : []),
  ].join('\n');
}

/** Where all that it writes stands in the code, and is not all there is. */
function columnsWritten(
  policy: Policy,
  table: Table,
  calls: readonly ClientCall[],
  roles: readonly string[],
): string[] {
  const updates = calls.filter(({ command }) => command === 'update');
  const names = table.columns.map(({ name }) => name);
  const written = new Set(updates.flatMap(({ given }) => given ?? []));
  if (
    updates.length === 0 ||
    updates.some(({ given }) => given === null || given.length === 0) ||
    [...written].some((name) => !names.includes(name)) ||
    names.every((name) => written.has(name)) ||
    // Those whom others let change more keep it.
    table.policies.some((other) => other !== policy && covers(other, 'update')) ||
    grantedColumns(table, 'authenticated', 'update') !== null
  )
    return [];
  return [
    `revoke update on ${table.key} from anon, authenticated;`,
    `grant update (${[...written].map(quoteIdent).join(', ')}) on ${table.key} to ${roles.join(', ')};`,
  ];
}

/** Somebody has an account there: a policy asks for the caller, or a key leads to a user. */
const signsIn = (state: SchemaState) =>
  [...state.tables.values()].some(
    ({ schema, foreignKeys, policies }) =>
      !isPlatform(schema) &&
      (foreignKeys.some(({ references }) => references === 'auth.users') ||
        policies.some(({ using, check }) => looksAtCaller((using ?? check)?.node, state))),
  );
