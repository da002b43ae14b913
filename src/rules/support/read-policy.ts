/** The policy by which what is nobody's goes on being read. */
import type { Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import type { ApiRole } from './roles.ts';

const tenant =
  /^(tenant|org|organi[sz]ation|company|workspace|account|store|shop|club|school|restaurant|clinic|agency|business|household|family|project)_?(uu)?id$/i;

/** With what is to be said of those who write; rows of one tenant each are for signed-in users at most. */
export function readPolicy(
  table: Table,
  readers: readonly ApiRole[],
  writers: string,
  name = `"read ${table.name.replaceAll('"', '""')}"`,
): string {
  const group = table.columns.find((column) => tenant.test(column.name))?.name;
  const to = group === undefined ? readers : ['authenticated'];
  return `-- ${group === undefined ? 'who read it goes on reading' : `signed-in users go on reading; ask for their own ${quoteIdent(group)} where the others' are not for them`}; ${writers}\ncreate policy ${name} on ${table.key} for select to ${to.join(', ')} using (true);`;
}
