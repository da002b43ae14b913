/** The policy that is offered where one is missing: as the table's other policies have it, else each user's own rows. */
import type { Command, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { codeOf } from './bodies.ts';
import { looksAtCaller } from './caller.ts';
import { isCaller, ownerColumns } from './owners.ts';
import { apiRolesOf } from './roles.ts';
import { opensTo } from './truth.ts';

/** Three dots where nothing says whose a row is. */
export function ownPolicy(table: Table, command: Command, state: SchemaState): string {
  const [owner] = ownerColumns(table, state);
  const own =
    likeItsSiblings(table, command, state) ?? (owner === undefined ? '…' : isCaller(owner, table, state));
  const clause = {
    select: `using (${own})`,
    insert: `with check (${own}${asGiven(table)})`,
    update: `using (${own}) with check (${own})`,
    delete: `using (${own})`,
  }[command];
  return `create policy "${command} own" on ${table.key} for ${command} to authenticated\n  ${clause};`;
}

/** What gives rights is not for the new row's owner to choose. */
const asGiven = ({ columns }: Table) =>
  columns
    .filter(({ name }) => givesRights.test(name))
    .map((column) => ` and ${quoteIdent(column.name)} = ${column.default?.text ?? '…'}`)
    .join('');

const givesRights =
  /^(user_?|account_?|app_?)?roles?$|^is_(super_?)?(admin|staff|moderator)$|^(access|permission)_level$/i;

/** Commands whose policy says most about who may do the other. */
const siblings: Readonly<Record<Command, readonly Command[]>> = {
  select: ['update', 'delete', 'insert'],
  insert: ['update', 'delete'],
  update: ['delete', 'insert'],
  delete: ['update', 'insert'],
};

/** The condition by which users write there, or read: it asks for the caller, and one policy alone gives it. */
function likeItsSiblings(table: Table, command: Command, state: SchemaState): string | null {
  for (const sibling of siblings[command]) {
    const policies = table.policies.filter(
      (policy) => policy.permissive && policy.command === sibling && apiRolesOf(policy).length > 0,
    );
    if (policies.length > 1) return null;
    const [policy] = policies;
    const condition = sibling === 'insert' ? policy?.check : policy?.using;
    if (condition == null) continue;
    if (opensTo(condition.node) !== null || !looksAtCaller(condition.node, state)) continue;
    return codeOf(condition.text).withStrings.replace(/\s+/g, ' ').trim();
  }
  return null;
}
