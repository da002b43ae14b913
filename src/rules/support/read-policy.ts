/** The policy by which what is nobody's goes on being read. */
import type { Facts } from '../../model/facts.ts';
import type { Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { allCallsOn, callsOn, placesOf } from './client-calls.ts';
import { holdsMoney } from './person-names.ts';
import { type ApiRole, writes } from './roles.ts';
import { tenantColumns } from './tenants.ts';

/** With what is to be said of those who write; rows of one tenant each, and prices, are for signed-in users at most. */
export function readPolicy(
  table: Table,
  readers: readonly ApiRole[],
  writers: string,
  name = `"read ${table.name.replaceAll('"', '""')}"`,
): string {
  const group = tenantColumns(table)[0]?.name;
  const limit =
    group !== undefined
      ? `; ask for their own ${quoteIdent(group)} where the others' are not for them`
      : readers.length > 1 && holdsMoney(table)
        ? '; add anon where visitors see it too'
        : null;
  const to = limit === null ? readers : ['authenticated'];
  return `-- ${limit === null ? 'who read it goes on reading' : `signed-in users go on reading${limit}`}; ${writers}\ncreate policy ${name} on ${table.key} for select to ${to.join(', ')} using (true);`;
}

/** Who writes there, as far as the code shows it: a server without the service key is a user too. */
export function writersOf({ key }: Table, facts: Facts): string {
  const calls = callsOn(key, writes, facts);
  if (calls.length > 0)
    return `the code writes it (${placesOf(calls)}), for which a policy has to say who may`;
  const others = allCallsOn(key, writes, facts);
  return others.length > 0
    ? `the server writes it (${placesOf(others)}): with the service key that needs no policy`
    : 'a write without the service key needs a policy of its own';
}
