/** SQL that narrows an open policy: to the owner of a row, to those whom the server appoints, to the server itself. */
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { apiRolesOf, covers, isForVisitorsAlone } from '../callers/roles.ts';
import { opensTo } from '../conditions/truth.ts';
import { isCaller } from '../owners/owners.ts';
import { questionFor } from '../owners/role-question.ts';
import { ownerOf as whoseRow } from '../owners/whose.ts';
import { alsoAsking, claimFor } from '../policies/misnamed.ts';
import { isOfAdministrators } from '../ways-out/as-the-code-asks.ts';
import { filledBy } from '../ways-out/fills-itself.ts';
import { named } from '../words/words.ts';
import { asTheCodeWrites } from './as-the-code-writes.ts';
import { toTenant } from './by-tenant.ts';
import type { JudgedPolicy } from './reach.ts';
import { ownersStay } from './stays-beside.ts';

/** Whose a row is, as the schema says; else by a name that says it. */
const ownerOf = (table: Table, state: SchemaState): string | undefined =>
  whoseRow(table, state) ??
  table.columns.find(
    ({ name, type }) =>
      /^(user|owner)_?id$/i.test(name) &&
      type === 'uuid' &&
      table.foreignKeys.every(
        ({ columns, references }) =>
          !columns.includes(name) || /\.(users|profiles|accounts)$/.test(references),
      ),
  )?.name;

/** Rows that are changed or deleted: by what WITH CHECK asks already, by their owner, or by whom the name speaks of. */
export function narrowedChanges(judged: JudgedPolicy, commands: readonly Command[]): string {
  const { policy, table, state } = judged;
  if (policy.check !== null && opensTo(policy.check.node) === null) return asInCheck(judged);
  const owner = ownerOf(table, state);
  const role = roleOf(judged);
  // Who made a row in a tool of the staff is not the only one of them who works on it.
  if (owner !== undefined && role === null && !(judged.ofStaff && isMakerName(owner)))
    return ownersStay(policy, table, state) ?? toUsers(judged, commands, ownedOrInvited(owner, judged));
  const calls = [
    ...(commands.includes('insert') ? judged.inserts : []),
    ...judged.changes.filter(({ command }) => covers(policy, command as Command)),
  ];
  const byAdmins = calls.length > 0 && calls.every(isOfAdministrators);
  const byTenant =
    (owner === undefined || judged.ofStaff) &&
    role === null &&
    !(byAdmins && questionFor('administrators', state, table) !== null)
      ? toTenant(judged, commands, calls.length > 0 ? '' : orServerAlone(judged))
      : null;
  if (byTenant !== null) return byTenant;
  if (role === null && calls.length > 0 && !byAdmins) return asTheCodeWrites(judged, commands, calls);
  const appointed = `${toAppointed(judged, role ?? 'admin')}${commands.includes('select') ? '\n-- who else may read needs a policy for SELECT' : ''}`;
  if (byAdmins) return `-- ${appointed}`;
  const server = leftToServer(judged);
  // Who named "authenticated" wants people to write; where no role is named, it is the server as a rule.
  return [
    ...(role === null && apiRolesOf(policy).includes('anon')
      ? [server, `-- or, ${appointed}`]
      : [`-- ${appointed}`, orServerAlone(judged)]),
    ...(role === null && !judged.ofStaff && saysOwn(judged)
      ? [
          `-- or, where users do: say whose a row is\n${makerAdded(table)}\n${toUsers(judged, commands, isMaker(table))}`,
        ]
      : []),
  ].join('\n');
}

/** Rows of nobody that are inserted. */
export function narrowedInserts(judged: JudgedPolicy, byVisitors: boolean): string {
  const { inserts } = judged;
  const byAdmins = inserts.length > 0 && inserts.every(isOfAdministrators);
  const byTenant =
    byAdmins && questionFor('administrators', judged.state, judged.table) !== null
      ? null
      : toTenant(
          judged,
          ['insert'],
          inserts.length > 0 ? '' : `-- or, where clients need not insert:\n${withoutPolicy(judged)}`,
        );
  if (byTenant !== null) return byTenant;
  if (byAdmins) return `-- ${toAppointed(judged, 'admin')}`;
  if (byVisitors)
    return inserts.length > 0 ? asTheCodeWrites(judged, ['insert'], inserts) : withoutPolicy(judged);
  if (judged.ofStaff && inserts.length === 0) return `-- ${toAppointed(judged, 'admin')}`;
  if (inserts.length === 0 && isKeptInCommon(judged) && !/\busers?\b/i.test(judged.policy.name))
    return `-- ${toAppointed(judged, 'admin')}`;
  // A column that says who made the row fills itself: clients go on as before.
  return `${makerAdded(judged.table)}\n${altered(judged)} to authenticated\n  with check (${isMaker(judged.table)});${inserts.length > 0 ? '' : `\n-- or, where clients need not insert:\n${withoutPolicy(judged)}`}`;
}

/** Rows of somebody that are inserted; a visitor's row is nobody's, and a form goes on as before. */
export function insertedByOwner(judged: JudgedPolicy, owner: string, orByNobody: boolean): string {
  const own = isCaller(owner, judged.table, judged.state);
  const stays = orByNobody ? null : ownersStay(judged.policy, judged.table, judged.state);
  if (stays !== null) return stays;
  return orByNobody && isForVisitorsAlone(judged.policy)
    ? `${altered(judged)}\n  with check (${quoteIdent(owner)} is null);`
    : orByNobody
      ? `${altered(judged)}\n  with check (${quoteIdent(owner)} is null or ${own});`
      : [
          `${altered(judged)} to authenticated\n  with check (${own});`,
          ...[filledBy(owner, own, judged.table, judged.inserts, judged.state)].filter((line) => line !== ''),
        ].join('\n');
}

/** Rows that are read, by signed-in users alone: column grants would hide the columns from their owners too. */
export function readByOwner(judged: JudgedPolicy, sensitive: readonly string[]): string | null {
  const owner = ownerOf(judged.table, judged.state);
  return owner === undefined
    ? null
    : `-- where each reads only what is theirs; where all read the rest, keep ${named(sensitive)} in a table of its own\n${altered(judged)} to authenticated\n  using (${isCaller(owner, judged.table, judged.state)});`;
}

/** Visitors read what is meant to be public; signed-in users read on as before. */
export const readWithout = (sensitive: readonly string[], readable: readonly string[], { key }: Table) =>
  `-- visitors without the personal columns, which they then ask for by name; a policy for "authenticated" may limit the rows\nrevoke select on ${key} from anon;\ngrant select (${readable
    .filter((column) => !sensitive.includes(column))
    .map(quoteIdent)
    .join(', ')}) on ${key} to anon;`;

export const leftToServer = ({ policy, table }: JudgedPolicy) =>
  `-- the server needs no policy: service_role bypasses row level security\ndrop policy ${quoteIdent(policy.name)} on ${table.key};`;

const orServerAlone = (judged: JudgedPolicy) =>
  leftToServer(judged).replace('-- the server', '-- or, where only the server writes: it');

/** The role of accounts that the policy's name speaks of; the database knows none of them. */
export const roleOf = ({ misnamed }: JudgedPolicy) =>
  misnamed === 'administrators' ? 'admin' : misnamed === 'staff' ? 'staff' : null;

/** Who made a row, rather than whom it is about or who has it now. */
export const isMakerName = (column: string) =>
  /(^|_)(author|creator|submitter|sender)(_id)?$|^(created|inserted|added|submitted|sent|uploaded|recorded)_by(_\w+)?$/i.test(
    inEnglish(column),
  );

const altered = ({ policy, table }: JudgedPolicy) =>
  `alter policy ${quoteIdent(policy.name)} on ${table.key}`;

const toUsers = (judged: JudgedPolicy, commands: readonly Command[], condition: string) =>
  `${altered(judged)} to authenticated\n  using (${condition})${commands.includes('update') || commands.includes('insert') ? `\n  with check (${condition})` : ''};`;

function toAppointed({ policy, table, state }: JudgedPolicy, role: string): string {
  const question = questionFor('administrators', state, table);
  return question === null
    ? `for those whom the server appoints, by the role you give them: no user writes app_metadata\n${alsoAsking(policy, table, claimFor(role))}`
    : `for administrators, as the project asks for them elsewhere\n${alsoAsking(policy, table, question)}`;
}

const withoutPolicy = ({ policy, table }: JudgedPolicy) =>
  `drop policy ${quoteIdent(policy.name)} on ${table.key}; -- service_role inserts without a policy`;

const makerColumn = ({ columns }: Table) =>
  ['created_by', 'inserted_by', 'author_id'].find(
    (wanted) => !columns.some((column) => column.name === wanted),
  ) ?? 'made_by';

const makerAdded = (table: Table) =>
  `alter table ${table.key} add column ${makerColumn(table)} uuid default auth.uid() references auth.users (id) on delete set null;`;

const isMaker = (table: Table) => `(select auth.uid()) = ${makerColumn(table)}`;

/** "Users edit", "creators change": what each made, not what anybody did. */
const saysOwn = ({ policy }: JudgedPolicy) =>
  /\b(users?|own|owners?|creators?|their)\b/i.test(policy.name.replaceAll('_', ' ')) &&
  !/authenticated/i.test(policy.name);

/** All who signed in change all rows: the table is kept in common, and who made a row says nothing. */
const isKeptInCommon = ({ table }: JudgedPolicy) =>
  table.policies.some(
    (policy) =>
      policy.permissive &&
      (covers(policy, 'update') || covers(policy, 'delete')) &&
      opensTo(policy.using?.node ?? null) !== null,
  );

/** FOR ALL with a WITH CHECK that asks: everybody reads, and who may write is said there. */
function asInCheck(judged: JudgedPolicy): string {
  const { policy, table } = judged;
  const asked = `${altered(judged)}\n  using (${policy.check?.text});`;
  return covers(policy, 'select')
    ? `${asked}\n-- and, where all may read:\ncreate policy ${quoteIdent(`${policy.name}_read`.slice(0, 63))} on ${table.key} for select to ${apiRolesOf(policy).join(', ')}\n  using (true);`
    : asked;
}

/** Who accepts an invitation is not who sent it. */
function ownedOrInvited(owner: string, { policy, table, state }: JudgedPolicy): string {
  const address = table.columns.find(({ name }) => /^((invited|invitee|recipient)_)?e_?mail$/i.test(name));
  return address !== undefined &&
    /accept|join|respond|claim/i.test(policy.name) &&
    isMakerName(owner.replace(/^invited/, 'sent'))
    ? `(select auth.jwt()) ->> 'email' = ${quoteIdent(address.name)}`
    : isCaller(owner, table, state);
}
