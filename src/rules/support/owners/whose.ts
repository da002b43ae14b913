/** Whose a row is, for a policy that is offered: the column that says it, and the condition that asks it. */

import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isUserId, looksAtCaller } from '../callers/caller.ts';
import { covers } from '../callers/roles.ts';
import { filledAtSignUp } from '../callers/sign-up.ts';
import { withoutDoubt } from '../conditions/overloads.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { bare } from '../syntax/tree.ts';
import { isCorrespondent, keepsAccounts, parties, peopleByName } from '../words/person-names.ts';
import { memberIn } from './members.ts';
import { holdsNoId, isCaller, isKeyOfTeam, isPersonTable, ownerColumns, setByTrigger } from './owners.ts';
import { isMakerAlone, partIn, talksIn, tenantCondition, tenantOf } from './tenants.ts';

/** Who made the row, or whose it is by name. */
const maker =
  /^(user|owner|auth_?user|account|profile)(_?(id|uid|uuid))?$|(^|_)(author|creator|sender|submitter|requester|requestor|reporter|inviter|rater|from_user)(_?(id|uid))?$|^(?!last_)\w+_by(_\w+)?$/i;

/** By its name it says who made the row or whose it is, and not whom it concerns. */
export const namesMaker = (column: string): boolean => maker.test(inEnglish(column));

/** The other side: whom the row is sent to, about, or entrusted to. */
const otherSide =
  /(^|_)(ratee|invitee|payee|assignee|recipient|receiver|addressee|reviewer|approver|moderator|referee|to_user|target|reported|followed|following|blocked|referred|invited_user|friend)(_?(user_?)?(id|uid))?$|^(invited|assigned|shared|sent|granted)_(to|user)(_\w+)?$/i;

/** Empty until somebody else has dealt with the row. */
const dealtWith =
  /(^|_)(accepted|received|reviewed|approved|rejected|declined|resolved|responded|assigned|claimed|updated|modified|changed|edited|deleted|archived|verified|validated|closed|processed|handled|acknowledged|completed|cancelled|canceled|confirmed|moderated|checked|paid|used|redeemed|revoked|released|unlocked|locked|suspended|banned|deactivated|disabled|frozen|flagged|hidden|muted|terminated|last_\w+)_by(_\w+)?$|^(assigned_(to|user)|assignee|reviewer|approver|moderator)(_?(user_?)?(id|uid))?$/i;

/** What a policy asks of whoever got a notice: the same holds for ticking it off and throwing it away. */
export function askedOfRecipient(table: Table, command: Command, state: SchemaState): string | null {
  if (!isNotice.test(table.name) || (command !== 'update' && command !== 'delete')) return null;
  for (const policy of table.policies) {
    const node = policy.using?.node ?? null;
    if (!policy.permissive || node === null || opensTo(node) !== null) continue;
    if (!covers(policy, 'select') && !covers(policy, 'update')) continue;
    const { columns } = readPredicate(node, table, state);
    const asksRecipient = columns.some(({ depth, name }) => depth === 0 && isCorrespondent(name));
    if (asksRecipient && looksAtCaller(node, state))
      return withoutDoubt(onOneLine(policy.using!.text), state);
  }
  return null;
}

const isNotice = /(^|_)(notifications?|notices?|alerts?|reminders?|inbox(es)?)$/i;

/** Somebody who has a part in the row at times: who comes in for another, who won. */
const oneOfSeveral =
  /(^|_)(swap|substitute|backup|new|old|previous|next|winner|loser|winning|home|away)(_|$)/i;

/** Of several columns the one by which rows are a user's own; undefined where none of them says so from the start. */
export function ownerOf(
  table: Table,
  state: SchemaState,
  /** Columns by which the probes knew the owner, a parent's key among them. */
  seen: readonly string[] = [],
  command: Command | null = null,
  /** Columns that were written in another's name. */
  forged: readonly string[] = [],
): string | undefined {
  const made = filledAtSignUp(table, state);
  const owners = [
    ...new Set([...seen, ...ownerColumns(table, state), ...peopleIn(table, state), ...(made ? [made] : [])]),
  ];
  // Where it is asked already who signs a row, the parent that was forged is what is left to ask for.
  const isSigned =
    command !== null &&
    owners.some(
      (column) => !isParent(column, table, state) && commandsAsking(column, table, state).includes(command),
    );
  const isForged = (column: string) =>
    forged.includes(column) && !isOtherSide(column) && (isSigned || !isParent(column, table, state));
  const ranked = owners
    .map((column) => ({
      column,
      rank: rankOf(column, table, state, command) + (isForged(column) ? 30 : 0),
    }))
    .filter(({ rank }) => rank > -50)
    .toSorted((a, b) => b.rank - a.rank);
  return ranked[0]?.column;
}

/** The same by name alone, for what the code is seen to do: a column without a foreign key is no proof. */
export const ownerByName = (table: Table, state: SchemaState): string | undefined =>
  ownerColumns(table, state).length === 0
    ? byName(table, state).find((column) => !isOtherSide(column) || makerOf(table) === undefined)
    : undefined;

/** Who is named as the one who wrote it, by whatever key. */
export const makerOf = ({ columns }: Table): string | undefined =>
  columns.find(({ name }) => /_id$/i.test(name) && maker.test(inEnglish(name)))?.name;

/** Who made the row first. */
const byName = (table: Table, state: SchemaState): string[] =>
  peopleByName(table, !keepsAccounts(state, (key) => isPersonTable(key, state))).toSorted(
    (a, b) => Number(isOtherSide(a)) - Number(isOtherSide(b)),
  );

/** References to users' own tables, such as have an id of their own beside the account's. */
const peopleIn = (table: Table, state: SchemaState): string[] =>
  table.foreignKeys.flatMap(({ columns, references }) =>
    columns.length === 1 && isPersonTable(references, state) && !isKeyOfTeam(columns[0]!, table, state)
      ? [columns[0]!]
      : [],
  );

/** It names a row of another table, and no person. */
const isParent = (name: string, { foreignKeys }: Pick<Table, 'foreignKeys'>, state: SchemaState) => {
  const key = foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === name);
  return (
    key !== undefined && (!isPersonTable(key.references, state) || isKeyOfTeam(name, { foreignKeys }, state))
  );
};

/**
 * Rows that a tenant's people have in common: what names an owner names their tenant, who made a row, or nobody; or the
 * code looks rows up by the tenant and never by the owner.
 */
export function tenantsOwn(
  owner: string | undefined,
  table: Table,
  state: SchemaState,
  calls: readonly ClientCall[] = [],
): string | null {
  const tenancy = tenantOf(table, state);
  if (owner === undefined || isMakerAlone(owner))
    return tenancy?.condition ?? (owner === undefined ? null : parentsTenant(table, state));
  if (isParent(owner, table, state)) return tenancy?.condition ?? null;
  // Whom a row is about is one thing, who connected something for all another.
  if (tenancy === null || !/^(user|owner|account|profile)_?(uu)?id$/i.test(owner)) return null;
  const asking = calls.filter(({ command }) => command !== 'insert');
  return asking.some(({ columns }) => columns.includes(tenancy.column)) &&
    !asking.some(({ columns }) => columns.includes(owner))
    ? tenancy.condition
    : null;
}

/** Of what is part of a row of another table, which is a tenant's: the one that is never empty first. */
function parentsTenant(table: Table, state: SchemaState, depth = 0): string | null {
  const isFilled = (name: string) => table.columns.find((column) => column.name === name)?.notNull === true;
  const keys = table.foreignKeys.filter(({ columns, references }) => {
    const parent = state.tables.get(references);
    return (
      columns.length === 1 &&
      parent !== undefined &&
      parent !== table &&
      (!isPersonTable(parent.key, state) || isKeyOfTeam(columns[0]!, table, state))
    );
  });
  const filled = keys.filter(({ columns }) => isFilled(columns[0]!));
  for (const { columns, references, referencedColumns } of filled.length > 0 ? filled : keys.slice(0, 1)) {
    const parent = state.tables.get(references)!;
    const id = referencedColumns[0] ?? parent.primaryKey?.columns[0];
    const ofTenant =
      tenantCondition(parent, state) ?? (depth < 2 ? parentsTenant(parent, state, depth + 1) : null);
    if (id !== undefined && ofTenant !== null && !namesTable(ofTenant, table))
      return `${quoteIdent(columns[0]!)} in (select ${quoteIdent(id)} from ${parent.key} where ${ofTenant})`;
  }
  return null;
}

function rankOf(name: string, table: Table, state: SchemaState, command: Command | null): number {
  const column = table.columns.find((other) => other.name === name);
  const filled =
    isUserId(bare(column?.default?.node)) ||
    setByTrigger(name, table, state) ||
    filledAtSignUp(table, state) === name;
  const asked = commandsAsking(name, table, state);
  const notNull = column?.notNull === true || table.primaryKey?.columns.includes(name) === true;
  // A row that names a person itself is not its parent's.
  const ofParent = isParent(name, table, state) && asked.length === 0 && !filled;
  if (
    !notNull &&
    !filled &&
    asked.length === 0 &&
    (dealtWith.test(inEnglish(name)) || oneOfSeveral.test(name))
  )
    return -100;
  // Whoever got a notice reads it, ticks it off and throws it away.
  const gotIt = command !== 'insert' && isNotice.test(table.name) && isCorrespondent(name);
  return (
    (filled ? 16 : 0) +
    (asked.length > 0 ? 4 : 0) +
    (command !== null && asked.includes(command) ? 8 : 0) +
    (maker.test(inEnglish(name)) && !dealtWith.test(inEnglish(name)) ? 4 : 0) +
    (notNull ? 2 : 0) -
    ((otherSide.test(name) && !gotIt) || dealtWith.test(inEnglish(name)) ? 8 : 0) -
    (ofParent ? 20 : 0) +
    (gotIt || memberIn(table, state) === name ? 20 : 0) -
    (holdsNoId(name, column?.type) ? 16 : 0)
  );
}

/** Commands whose policies compare the column with the caller. */
const commandsAsking = (name: string, table: Table, state: SchemaState): Command[] =>
  (['select', 'insert', 'update', 'delete'] as const).filter((command) =>
    table.policies.some(
      (policy) =>
        covers(policy, command) &&
        [policy.using, policy.check].some((expression) =>
          ownComparisons(readPredicate(expression?.node ?? null, table, state)).some(
            ({ column, other, operator }) =>
              column.name === name && operator === '=' && other.is === 'user-id',
          ),
        ),
    ),
  );

export const isOtherSide = (column: string) => otherSide.test(column);

/** Beside the one who wrote the row, whom it is for: both read it. Whom it only speaks of does not. */
export const readersBeside = (owner: string, table: Table, state: SchemaState): string[] =>
  isOtherSide(owner)
    ? []
    : [
        ...new Set([
          ...table.foreignKeys.flatMap(({ columns, references }) =>
            columns.length === 1 && isPersonTable(references, state) ? [columns[0]!] : [],
          ),
          ...byName(table, state),
        ]),
      ].filter(
        (column) =>
          column !== owner &&
          ((isOtherSide(column) && !spokenOf.test(column)) || (ends.test(column) && ends.test(owner))),
      );

const spokenOf = /(^|_)(reported|blocked|target|moderator|reviewer|approver)(_|$)/i;

const ends = new RegExp(
  `(^|_)(${parties})(_?(user_?|profile_?)?(uu)?id)?$|(^|_)(user|participant|member|player|profile|person)_?(1|2|a|b|one|two)(_?(uu)?id)?$`,
  'i',
);

/** That the caller has a part in the conversation that the row lies in; null where it lies in none, or nothing tells that. */
export function talkOf(table: Table, state: SchemaState): string | null {
  if (memberIn(table, state) !== undefined) return null;
  for (const column of talksIn(table)) {
    const parent = state.tables.get(
      table.foreignKeys.find(({ columns }) => columns.join() === column.name)?.references ?? '',
    );
    const part =
      partIn(column, table, state) ??
      (parent === undefined ? null : bySides(column.name, parent, table, state));
    if (part !== null) return part;
  }
  return null;
}

/** Both are named in the conversation itself. */
function bySides(column: string, parent: Table, table: Table, state: SchemaState): string | null {
  const owner = parent === table ? undefined : ownerOf(parent, state);
  const asked = owner === undefined ? null : namedIn(column, owner, parent, state);
  return asked?.includes(' or ') === true ? asked : null;
}

function namedIn(column: string, owner: string, parent: Table, state: SchemaState): string | null {
  const id = parent.primaryKey?.columns[0];
  // People who talk with each other are all named there.
  const others = /(conversation|chat|thread|channel|dm)s?$/i.test(parent.name)
    ? peopleIn(parent, state).filter((each) => each !== owner && !/_by(_\w+)?$/i.test(inEnglish(each)))
    : [];
  const named = new Set([owner, ...readersBeside(owner, parent, state), ...others]);
  const asked = [...named].map((each) => isOwn(each, parent, state));
  return id === undefined || asked.some((each) => each.includes('…'))
    ? null
    : `${quoteIdent(column)} in (select ${quoteIdent(id)} from ${parent.key} where ${asked.join(' or ')})`;
}

/** That what the column leads to names the caller; null where that can't be said. */
export function partOwn(column: string, table: Table, state: SchemaState): string | null {
  const key = table.foreignKeys.find(({ columns }) => columns.join() === column);
  const parent = state.tables.get(key?.references ?? '');
  const owner = parent === undefined || parent === table ? undefined : ownerOf(parent, state);
  return owner === undefined ? null : namedIn(column, owner, parent!, state);
}

/** Whether the row is the caller's: by a column that names a user, or by the parent that it names. */
export function isOwn(column: string, table: Table, state: SchemaState, prefix = '', depth = 0): string {
  const key = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column);
  const parent = state.tables.get(key?.references ?? '');
  if (key === undefined || parent === undefined || isPersonTable(parent.key, state) || depth > 2)
    return isCaller(column, table, state, prefix);
  const owner = ownerOf(parent, state) ?? ownedParentOf(parent, state) ?? ownerByName(parent, state);
  const alias = depth === 0 ? 'p' : `p${depth + 1}`;
  const id = quoteIdent(key.referencedColumns[0] ?? parent.primaryKey?.columns[0] ?? 'id');
  const ofTenant = tenantsOwn(owner, parent, state);
  if (ofTenant !== null && !namesTable(ofTenant, table))
    return `${prefix}${quoteIdent(column)} in (select ${id} from ${parent.key} where ${ofTenant})`;
  const asked = owner === undefined ? '…' : isOwn(owner, parent, state, `${alias}.`, depth + 1);
  return `exists (select 1 from ${parent.key} ${alias} where ${alias}.${id} = ${prefix === '' ? `${table.key}.` : prefix}${quoteIdent(column)} and ${asked})`;
}

const namesTable = (condition: string, { name }: Table) =>
  new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(condition);

/** The same of a table by its key; `…` where none is known. */
export function isOwnIn(key: string, column: string | undefined, state: SchemaState): string {
  const table = state.tables.get(key);
  return table === undefined || column === undefined ? '…' : isOwn(column, table, state);
}

/** The key to what a row is a part of, where that is somebody's; the one that is never empty first. */
function ownedParentOf(table: Table, state: SchemaState): string | undefined {
  const keys = table.foreignKeys.flatMap(({ columns, references }) => {
    const parent = state.tables.get(references);
    return columns.length === 1 &&
      parent !== undefined &&
      parent !== table &&
      ownerOf(parent, state) !== undefined
      ? [columns[0]!]
      : [];
  });
  const isFilled = (name: string) => table.columns.find((column) => column.name === name)?.notNull === true;
  return keys.find(isFilled) ?? (keys.length === 1 ? keys[0] : undefined);
}

/** A person in something: to be in it is the right. */
export const isMembership = (table: Table, state: SchemaState) =>
  /(^|_)(members?|memberships?|participants?|collaborators?)$/i.test(table.name) &&
  (byName(table, state).length > 0 ||
    table.foreignKeys.some(({ references }) => isPersonTable(references, state))) &&
  table.foreignKeys.some(({ references }) => !isPersonTable(references, state));
