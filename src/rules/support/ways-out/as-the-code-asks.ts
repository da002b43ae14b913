/** Policies for calls of the code that show for whom they are: everybody's likes of one post, a page of administrators. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { placesOf } from '../application/client-calls.ts';
import { questionFor } from '../owners/role-question.ts';
import { tenantCondition } from '../owners/tenants.ts';
import { claimFor } from '../policies/misnamed.ts';

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
  // Code that turns others away before it deletes leaves nothing to the owner.
  const theirsAlone = command !== 'select' && calls.every(({ asksRole }) => asksRole);
  if (!theirsAlone && (!calls.every(isOfAdministrators) || (owner !== undefined && !isActor(owner))))
    return null;
  const question = questionFor('administrators', state, table);
  if (question === null && (owner === undefined || theirsAlone) && tenantCondition(table, state) !== null)
    return null;
  return forAdministrators(
    table,
    command,
    `-- for administrators, whose part of the code alone asks for it (${placesOf(calls)})`,
    question,
  );
}

/**
 * Beside the owner's: part of the code that asks for it is the administrators', who work on rows of others. Null where none
 * is, and where those of a tenant reach its rows anyway.
 */
export function administratorsToo(
  table: Table,
  command: Command,
  calls: readonly ClientCall[],
  state: SchemaState,
  who = 'administrators too',
): string | null {
  const theirs = calls.filter(isOfAdministrators);
  if (theirs.length === 0 || tenantCondition(table, state) !== null) return null;
  return forAdministrators(
    table,
    command,
    `-- ${who}, whose part of the code asks for it (${placesOf(theirs)})`,
    questionFor('administrators', state, table),
  );
}

function forAdministrators(table: Table, command: Command, why: string, question: string | null): string {
  const asked = question ?? claimFor('admin');
  const clause = {
    select: `using (${asked})`,
    insert: `with check (${asked})`,
    update: `using (${asked}) with check (${asked})`,
    delete: `using (${asked})`,
  }[command];
  return `${why}\ncreate policy "${command} for administrators" on ${table.key} for ${command} to authenticated\n  ${clause};`;
}

/** What each adds to something that all see. */
const isSocial = ({ name }: Table) =>
  /(^|_)(reactions?|likes?|comments?|votes?|upvotes?|ratings?|reviews?|replies|claps|kudos|rsvps?)$/i.test(
    name,
  );

const isRanking = ({ name }: Table) => /(^|_)(leader_?boards?|rankings?|high_?scores?)$/i.test(name);

const isTarget = (name: string, { columns }: Table) =>
  /_id$/i.test(name) && columns.some((column) => column.name === name);

/** It stands in the part of the code that is for administrators, or behind a question whether somebody is one. */
export const isOfAdministrators = ({ path, asksRole }: ClientCall) =>
  asksRole ||
  /(^|\/)\(?(admin|superadmin|backoffice|back-office)\)?[\w-]*\//i.test(path) ||
  /(^|\/)(use)?Admin([A-Z]\w*)?\.\w+$/.test(path);

/** Who did something in a row, not whose it is. */
const isActor = (column: string) =>
  /^(actor|operator|cashier)(_?(user_?)?(id|uid))?$|^(performed|recorded|collected|charged|processed|registered|handled|logged|executed|triggered)_by(_\w+)?$/i.test(
    inEnglish(column),
  );
