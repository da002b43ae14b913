/** Names written into a row that decide nothing: no policy reads them, or the row is signed in another one. */
import type { AccessCell, AccessMatrix } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import { saysWhose } from '../../../sql/acted-by.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { opensTo } from '../conditions/truth.ts';
import { isRead, isReadElsewhere, isReadInCode } from '../owners/name-read.ts';
import { ownerColumns } from '../owners/owners.ts';
import { isMakerAlone } from '../owners/tenants.ts';
import { opensFor, visitorsInsert } from '../policies/openness.ts';
import { isSignedByInsertAlone } from './granted.ts';
import { type LeakGroup, onlyNamesOthers } from './leak.ts';

/**
 * Policies ask who is acting, and the name that was written is no answer to it. None of them reads that column; or the row
 * is signed in another one, and this one says whom it is for; or what they ask for is a group that nobody enters by
 * itself, and members write down each other.
 */
export function isUnreadName({ object, leaks, opener }: LeakGroup, facts: Facts): boolean {
  const state = facts.head;
  const table = state.tables.get(object.object);
  if (table === undefined || opener === 'off') return false;
  const policies = table.policies.filter((policy) => appliesTo(policy, 'authenticated'));
  const writing = policies.filter((policy) => covers(policy, 'insert') || covers(policy, 'update'));
  const asked = policies.filter((policy) =>
    leaks.some(({ command }) => command !== 'execute' && covers(policy, command)),
  );
  // Who made the row signs it, and whose it is from then on decides who comes to it.
  const keeping = policies.filter((policy) => covers(policy, 'update') || covers(policy, 'delete'));
  const isKeptByOwner = (column: string) =>
    saysWhose(column) &&
    (isRead(column, table, keeping) ||
      (isRead(column, table, policies) &&
        !object.ownerColumns.some((other) => other !== column && isRead(other, table, keeping))));
  const isUnread = (column: string, cell: AccessCell) =>
    !isKeptByOwner(column) &&
    ((!isRead(column, table, policies) && !isReadElsewhere(table, column, state)) ||
      isSignedByInsertAlone(column, cell, table, policies, state) ||
      object.ownerColumns.some((other) => !cell.columns.includes(other) && isRead(other, table, writing)) ||
      (!isRead(column, table, asked) && (cell.via === null || !isEnteredAlone(cell.via, facts))));
  return (
    onlyNamesOthers(leaks, isUnread, ['spoof', 'transfer']) &&
    asked.every((policy) => {
      const node = (policy.check ?? policy.using)?.node;
      return looksAtCaller(node, state) && opensTo(node ?? null) === null;
    })
  );
}

/**
 * Beside a column that says whose the row is, and that named the caller all the same, who made it is a note of it: no
 * policy, function, view or call in the code reads it.
 */
export function isUnreadMaker({ object, leaks, opener }: LeakGroup, { head, clientCalls }: Facts): boolean {
  const table = head.tables.get(object.object);
  if (table === undefined || opener === 'off') return false;
  const reading = clientCalls.filter((call) => call.object === table.key && call.command !== 'insert');
  const isNote = (column: string, { columns }: AccessCell) =>
    isMakerAlone(column) &&
    ownerColumns(table, head).some((owner) => !columns.includes(owner) && !isMakerAlone(owner)) &&
    !isRead(column, table, table.policies) &&
    !isReadElsewhere(table, column, head) &&
    !isReadInCode(table, column, head) &&
    !reading.some(({ columns: named, given }) => named.includes(column) && given?.includes(column) !== true);
  return onlyNamesOthers(leaks, isNote);
}

/** Anybody may insert itself there: whoever is a member may be a stranger. */
const isEnteredAlone = (key: string, { access }: Facts) =>
  access?.head.objects
    .find(({ object }) => object === key)
    ?.cells.some(
      (cell) =>
        cell.principal === 'user' &&
        cell.command === 'insert' &&
        cell.subject === 'own' &&
        cell.when === null &&
        cell.outcome === 'allowed',
    ) === true;

/**
 * All may enter anybody anywhere, and that they enter themselves is told as an escalation. Entering the other side is how
 * one begins a conversation.
 */
export function isEntry({ object, leaks, preexisting }: LeakGroup, facts: Facts): boolean {
  const table = facts.head.tables.get(object.object);
  const oneEach = (column: string) =>
    [table?.primaryKey?.columns ?? [], ...(table?.uniques ?? []).map(({ columns }) => columns)].some(
      (columns) => columns.length > 1 && columns.includes(column),
    );
  // As an error, and with this change as this is.
  const stands = (matrix: AccessMatrix | null | undefined) =>
    matrix?.escalations.some(
      ({ kind, object: key, principal, inTheOpen }) =>
        kind === 'membership' && key === object.object && principal === 'user' && inTheOpen !== true,
    ) === true;
  return (
    leaks.every(
      ({ cell, principal }) =>
        principal === 'user' &&
        cell.command === 'insert' &&
        cell.subject === 'spoof' &&
        cell.columns.length === 1 &&
        oneEach(cell.columns[0]!),
    ) &&
    stands(facts.access?.head) &&
    (preexisting || !stands(facts.access?.base))
  );
}

/**
 * Signed-in users may put a notice into anybody's list, by an INSERT policy that says so. The name is the recipient's, by
 * whom rows are shown, and none that the notice is signed with.
 */
export function isNotice({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const showing = table.policies.filter(
    (policy) => covers(policy, 'select') && appliesTo(policy, 'authenticated'),
  );
  return (
    opener.command === 'insert' &&
    // Everybody may, or whoever belongs to the same organisation.
    (opensFor(opener.check?.node ?? null, 'authenticated') ||
      looksAtCaller(opener.check?.node ?? null, state)) &&
    /(^|_)(notif\w*|notices?|alerts?|inbox)(_|$)/.test(table.name) &&
    leaks.every(
      ({ cell, principal }) =>
        principal !== 'anon' &&
        cell.command === 'insert' &&
        cell.subject === 'spoof' &&
        cell.columns.some((column) => isRead(column, table, showing)) &&
        !cell.columns.some((column) => isRead(column, table, [opener])) &&
        !cell.columns.some((column) => signature.test(column)),
    )
  );
}

/** Who a row says it comes from. */
export const signature = /(^|_)(by|from|sender|actor|author|creator|created)(_|$)/i;

/** Visitors may insert what they like, and who did it may stay empty: a form for guests, in which a name can be made up. */
export const isGuestsName = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const table = state.tables.get(object.object) ?? null;
  return (
    visitorsInsert(table, state) &&
    leaks.every(
      ({ cell }) =>
        cell.command === 'insert' &&
        cell.columns.every((column) => table?.columns.find(({ name }) => name === column)?.notNull === false),
    )
  );
};
