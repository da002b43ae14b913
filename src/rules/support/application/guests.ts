/** Code that writes a row whether somebody is signed in or not: guests have rows of nobody. */
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { callsOfVisitor, callsOn, placesNamed } from './client-calls.ts';

/** Calls that leave that column empty where nobody is signed in; none where the table requires it. */
export const guestsWriting = (
  table: Table,
  owner: string | undefined,
  facts: Facts,
): readonly ClientCall[] =>
  owner === undefined || table.columns.find(({ name }) => name === owner)?.notNull !== false
    ? []
    : callsOn(table.key, ['insert'], facts).filter(({ orNobody }) => orNobody?.includes(owner) === true);

export interface Guests {
  readonly owner: string | undefined;
  /** The table itself, or the one whose rows its rows hang on. */
  readonly on: Table;
  readonly writing: readonly ClientCall[];
}

/** Lines of SQL comment before what leaves these commands to who is signed in; empty where no code does them as a guest. */
export function saidOfGuests(
  table: Table,
  refused: readonly Command[],
  found: Guests | undefined,
  facts: Facts,
): string {
  const calls = callsOn(table.key, refused, facts);
  const beside = calls.filter(({ path }) => found?.writing.some((call) => call.path === path));
  // What hangs on a row is a guest's too where the same file works on it: another may be for users alone.
  const done = beside.length > 0 || found?.on !== table ? beside : calls;
  const visits = callsOfVisitor(table.key, refused, facts);
  const guests =
    found?.owner === undefined || done.length === 0 ? '' : refusesGuests(found.owner, found.writing, done);
  return visits.length === 0
    ? guests
    : `${guests}-- code of the server asks as a visitor, with the anon key and without the token of a user (${placesNamed(visits)}), and this refuses it: first hand on the token there, or let it use the service key and ask who is calling\n`;
}

/** A line of SQL comment: where guests make rows of nobody, and what of them is refused. */
export const refusesGuests = (
  owner: string,
  writing: readonly ClientCall[],
  refused: readonly ClientCall[],
): string =>
  `-- the code leaves ${quoteIdent(owner)} empty where nobody is signed in (${placesNamed(writing)}), and this refuses guests what it does there: ${placesNamed(refused)}. Give them a way of their own first: a token in the row, and a function that asks for it\n`;
