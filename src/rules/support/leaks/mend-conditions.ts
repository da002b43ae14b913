/** What is asked of the rows that stood open: whose they are, by what was written, and whether each does it for itself. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { allCallsOn, callsOn, placesNamed } from '../application/client-calls.ts';
import { appliesTo, commands } from '../callers/roles.ts';
import { isMakerAlone } from '../owners/tenants.ts';
import { leftToServer } from '../owners/trusted-rows.ts';
import {
  askedOfRecipient,
  isOwn,
  namesMaker,
  ownerByName,
  ownerOf,
  readersBeside,
  tenantsOwn,
} from '../owners/whose.ts';
import { partiesBeside, whoseTurn, withTalk } from '../ways-out/both-ends.ts';
import { filledBy } from '../ways-out/fills-itself.ts';
import { givenToThem, othersDo, runBy } from '../ways-out/others-decide.ts';
import { isForAllByName } from '../words/public-words.ts';
import type { LeakGroup } from './leak.ts';
import { inNameOnly, isRestrictive } from './mend-opened.ts';

/** Why the owner gets no policy for the command: the server does it, or others decide; null where each does it for itself. */
export function withheld(group: LeakGroup, command: Command, table: Table, facts: Facts): string | null {
  const { head } = facts;
  const owner = ownerFor(group, command, table, head);
  const left = leftToServer(table, command, head);
  const calls = callsOn(table.key, [command], facts);
  if (left !== null && command === 'update' && calls.length > 0)
    return `${left}\n-- the code does it (${placesNamed(calls)}): those who give such rows need a policy that asks for their role`;
  if (left !== null || isRestrictive(group)) return left;
  return tenantOf(group, owner, table, facts) === null
    ? othersDo(table, command, owner, calls, head)
    : givenToThem(table, command, calls);
}

/** Filled by itself, where the code leaves it out. */
export function fillingOf(group: LeakGroup, condition: string, table: Table, facts: Facts): string {
  if (guestsLeaveOut(group, table, facts.head) !== null) return '';
  const owner = ownerFor(group, 'insert', table, facts.head);
  return owner === undefined || tenantOf(group, owner, table, facts) !== null
    ? ''
    : filledBy(owner, condition, table, callsOn(table.key, ['insert'], facts), facts.head);
}

/** The policy was made for inserts of whoever comes, and a row may be nobody's. */
export function guestsLeaveOut(group: LeakGroup, table: Table, state: SchemaState): string | null {
  const { opener } = group;
  if (opener === null || opener === 'off' || opener.command !== 'insert' || !appliesTo(opener, 'anon'))
    return null;
  const owner = ownerFor(group, 'insert', table, state);
  const column = table.columns.find(({ name }) => name === owner);
  return column === undefined || column.notNull || !namesMaker(column.name) || !saysAnybody(opener.name)
    ? null
    : column.name;
}

/** "All" says it too, in a policy that applies to visitors. */
const saysAnybody = (name: string) => isForAllByName(name) || /\ball\b/i.test(name);

function ownerFor(group: LeakGroup, command: Command, table: Table, state: SchemaState): string | undefined {
  const forged = command === 'insert' || inNameOnly(group) ? forgedIn(group) : [];
  return ownerOf(table, state, group.object.ownerColumns, command, forged) ?? ownerByName(table, state);
}

/** Columns that were written in another's name. */
const forgedIn = ({ leaks }: LeakGroup): string[] => [
  ...new Set(
    leaks.flatMap(({ cell }) =>
      cell.subject === 'spoof' || cell.subject === 'transfer' ? cell.columns : [],
    ),
  ),
];

/** The tenant's question, where rows are a tenant's rather than one user's. */
function tenantOf(group: LeakGroup, owner: string | undefined, table: Table, facts: Facts): string | null {
  if (owner !== undefined && isMakerAlone(owner) && inNameOnly(group)) return null;
  const calls = inNameOnly(group) ? [] : allCallsOn(table.key, commands, facts);
  return tenantsOwn(owner, table, facts.head, calls);
}

export const partiesOf = (group: LeakGroup, command: Command, table: Table, state: SchemaState): string[] => {
  const owner = ownerFor(group, command, table, state);
  return owner === undefined || inNameOnly(group)
    ? []
    : [
        owner,
        ...(command === 'select'
          ? readersBeside(owner, table, state)
          : partiesBeside(owner, command, table, state)),
      ];
};

export function conditionOf(group: LeakGroup, command: Command, table: Table, facts: Facts): string {
  const state = facts.head;
  const owner = ownerFor(group, command, table, state);
  const recipients = inNameOnly(group) ? null : askedOfRecipient(table, command, state);
  if (recipients !== null) return recipients;
  const signed = command === 'insert' ? signedToo(group, owner, table, state) : '';
  const ofTenant = tenantOf(group, owner, table, facts);
  if (ofTenant !== null) return signed === '' ? ofTenant : `${anded(ofTenant)}${signed}`;
  if (owner === undefined) return '…';
  const parties = inNameOnly(group) ? [owner] : whoseTurn(partiesOf(group, command, table, state), command);
  const run = command === 'delete' ? runBy(table, state) : null;
  const own = [...parties.map((column) => isOwn(column, table, state)), ...(run === null ? [] : [run])].join(
    ' or ',
  );
  return `${inNameOnly(group) ? own : withTalk(own, command, table, state)}${signed}`;
}

const anded = (text: string) => (/\bor\b/i.test(text) ? `(${text})` : text);

/** A row that is signed with other names as well: each of them the caller's, or left empty. */
function signedToo(group: LeakGroup, owner: string | undefined, table: Table, state: SchemaState): string {
  return forgedIn(group)
    .filter((column) => column !== owner && /_by(_\w+)?$/i.test(inEnglish(column)))
    .map((column) => {
      const own = isOwn(column, table, state);
      const mayBeEmpty = table.columns.find(({ name }) => name === column)?.notNull === false;
      return ` and ${mayBeEmpty ? `(${quoteIdent(column)} is null or ${own})` : own}`;
    })
    .join('');
}
