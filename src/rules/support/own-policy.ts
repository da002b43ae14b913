/** The policy that is offered where one is missing: each user's own rows. */
import type { Command, SchemaState, Table } from '../../model/schema.ts';
import { isCaller, ownerColumns } from './owners.ts';

/** Three dots where no column says whose a row is. */
export function ownPolicy(table: Table, command: Command, state: SchemaState): string {
  const [owner] = ownerColumns(table, state);
  const own = owner === undefined ? '…' : isCaller(owner, table, state);
  const clause = {
    select: `using (${own})`,
    insert: `with check (${own})`,
    update: `using (${own}) with check (${own})`,
    delete: `using (${own})`,
  }[command];
  return `create policy "${command} own" on ${table.key} for ${command} to authenticated\n  ${clause};`;
}
