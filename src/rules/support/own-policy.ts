/** The policy that is offered where one is missing: as the table's other policies have it, else each user's own rows. */
import type { Command, SchemaState, Table } from '../../model/schema.ts';
import { codeOf } from './bodies.ts';
import { looksAtCaller } from './caller.ts';
import { asGiven, rightsKept } from './rights.ts';
import { apiRolesOf } from './roles.ts';
import { ownComparisons, readPredicate } from './scope.ts';
import { leftToServer } from './trusted-rows.ts';
import { opensTo } from './truth.ts';
import { isOwn, ownerOf } from './whose.ts';

/** Three dots where nothing says whose a row is. */
export function ownPolicy(table: Table, command: Command, state: SchemaState): string {
  const owner = ownerOf(table, state, [], command);
  const sibling = likeItsSiblings(table, command, state);
  // Those whom a policy lets change such rows were chosen by its author; that they are the user's own says nothing.
  const left = sibling === null || sibling.byOwner ? leftToServer(table, command, state) : null;
  if (left !== null) return left;
  const own = sibling?.condition ?? (owner === undefined ? '…' : isOwn(owner, table, state));
  const clause = {
    select: `using (${own})`,
    insert: `with check (${own}${asGiven(table, state)})`,
    update: `using (${own}) with check (${own})`,
    delete: `using (${own})`,
  }[command];
  // An administrator may well give rights.
  const kept =
    command === 'update' && (sibling?.byOwner ?? owner !== undefined) ? rightsKept(table, state) : '';
  return `create policy "${command} own" on ${table.key} for ${command} to authenticated\n  ${clause};${kept === '' ? '' : `\n${kept}`}`;
}

/** Commands whose policy says most about who may do the other. */
const siblings: Readonly<Record<Command, readonly Command[]>> = {
  select: ['update', 'delete', 'insert'],
  insert: ['update', 'delete'],
  update: ['delete', 'insert'],
  delete: ['update', 'insert'],
};

/** The condition by which users write there, or read: it asks for the caller, and one policy alone gives it. */
function likeItsSiblings(
  table: Table,
  command: Command,
  state: SchemaState,
): { readonly condition: string; readonly byOwner: boolean } | null {
  for (const sibling of siblings[command]) {
    const policies = table.policies.filter(
      (policy) => policy.permissive && policy.command === sibling && apiRolesOf(policy).length > 0,
    );
    if (policies.length > 1) return null;
    const [policy] = policies;
    const condition = sibling === 'insert' ? policy?.check : policy?.using;
    if (condition == null) continue;
    if (opensTo(condition.node) !== null || !looksAtCaller(condition.node, state)) continue;
    return {
      condition: codeOf(condition.text).withStrings.replace(/\s+/g, ' ').trim(),
      byOwner: ownComparisons(readPredicate(condition.node, table, state)).some(
        ({ other, operator }) => operator === '=' && other.is === 'user-id',
      ),
    };
  }
  return null;
}
