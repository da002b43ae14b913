/** Policies for calls of the code that show for whom they are: everybody's likes of one post, a page of administrators. */
import type { ClientCall } from '../../model/client.ts';
import type { Command, SchemaState, Table } from '../../model/schema.ts';
import { placesOf } from './client-calls.ts';
import { claimFor } from './misnamed.ts';
import { questionFor } from './role-question.ts';
import { tenantCondition } from './tenants.ts';

/** Null where the calls say no more than that each user asks. */
export function asTheCodeAsks(
  table: Table,
  command: Command,
  owner: string | undefined,
  calls: readonly ClientCall[],
  state: SchemaState,
): string | null {
  const [first] = calls;
  if (first === undefined) return null;
  if (command === 'select' && owner !== undefined && (isSocial(table) || isRanking(table))) {
    const listing = calls.find(
      ({ columns }) =>
        !columns.includes(owner) &&
        (isRanking(table) || columns.some((name) => name !== 'id' && isTarget(name, table))),
    );
    if (listing !== undefined)
      return `-- the code lists them whoever made them (${listing.path}:${listing.line})\ncreate policy "read ${table.name}" on ${table.key} for select to authenticated using (true);`;
  }
  if (!calls.every(isOfAdministrators) || (owner !== undefined && !isActor(owner))) return null;
  const question = questionFor('administrators', state, table);
  if (question === null && owner === undefined && tenantCondition(table, state) !== null) return null;
  const asked = question ?? claimFor('admin');
  const clause = {
    select: `using (${asked})`,
    insert: `with check (${asked})`,
    update: `using (${asked}) with check (${asked})`,
    delete: `using (${asked})`,
  }[command];
  return `-- for administrators, whose part of the code alone asks for it (${placesOf(calls)})\ncreate policy "${command} for administrators" on ${table.key} for ${command} to authenticated\n  ${clause};`;
}

/** What each adds to something that all see. */
const isSocial = ({ name }: Table) =>
  /(^|_)(reactions?|likes?|comments?|votes?|upvotes?|ratings?|reviews?|replies|claps|kudos|rsvps?)$/i.test(
    name,
  );

const isRanking = ({ name }: Table) => /(^|_)(leader_?boards?|rankings?|high_?scores?)$/i.test(name);

const isTarget = (name: string, { columns }: Table) =>
  /_id$/i.test(name) && columns.some((column) => column.name === name);

/** It stands in the part of the code that is for administrators. */
export const isOfAdministrators = ({ path }: ClientCall) =>
  /(^|\/)\(?(admin|superadmin|backoffice|back-office)\)?[\w-]*\//i.test(path) ||
  /(^|\/)(use)?Admin([A-Z]\w*)?\.\w+$/.test(path);

/** Who did something in a row, not whose it is. */
const isActor = (column: string) =>
  /^(actor|operator|cashier)(_?(user_?)?(id|uid))?$|^(performed|recorded|collected|charged|processed|registered|handled|logged|executed|triggered)_by(_\w+)?$/i.test(
    column,
  );
