/** Who belongs to what: tables of which each row enters a person into a team, a company, a conversation. */

import type { SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { isPeopleByName } from '../words/person-names.ts';

export interface Membership {
  readonly table: Table;
  /** The column that names what one belongs to. */
  readonly of: string;
  /** The column that names the person. */
  readonly person: string;
}

/** `auth.users`, or a table whose primary key is a reference to it (profiles). */
export function leadsToUser(key: string, state: SchemaState): boolean {
  if (key === 'auth.users') return true;
  const table = state.tables.get(key);
  const primary = table?.primaryKey?.columns;
  if (table === undefined || primary?.length !== 1) return false;
  return table.foreignKeys.some(
    ({ columns, references }) =>
      references === 'auth.users' && columns.length === 1 && columns[0] === primary[0],
  );
}

/** A user, or a row that names the account beside an id of its own. */
function isSomebody(key: string, state: SchemaState): boolean {
  if (leadsToUser(key, state)) return true;
  const table = state.tables.get(key);
  const account = table?.columns.find(
    ({ name, type }) =>
      type === 'uuid' && /^((auth|supabase)_?)?(user_?)?(uu)?id$/i.test(name) && name !== 'id',
  )?.name;
  return (
    table !== undefined &&
    account !== undefined &&
    !isOfMembers(table) &&
    (isPeopleByName(table) || table.uniques.some(({ columns }) => columns.join() === account))
  );
}

/** Tables that enter people into a row of that table; none for a table of people themselves. */
export function membershipsOf(key: string, state: SchemaState): readonly Membership[] {
  let found = known.get(state);
  if (found === undefined) {
    found = byWhole(state);
    known.set(state, found);
  }
  return found.get(key) ?? [];
}

const known = new WeakMap<SchemaState, ReadonlyMap<string, readonly Membership[]>>();

/** Of a table that enters people somewhere, the column that says whom. */
export const memberIn = (table: Table, state: SchemaState): string | undefined =>
  table.foreignKeys
    .flatMap(({ references }) => membershipsOf(references, state))
    .find((each) => each.table === table)?.person;

function byWhole(state: SchemaState): ReadonlyMap<string, readonly Membership[]> {
  const found = new Map<string, Membership[]>();
  for (const table of state.tables.values()) {
    if (!isOfMembers(table)) continue;
    const keys = table.foreignKeys.filter(({ columns }) => columns.length === 1);
    const person =
      keys.find(
        ({ columns, references }) =>
          isSomebody(references, state) && !/_by(_|$)/i.test(inEnglish(columns[0]!)),
      )?.columns[0] ??
      table.columns.find(({ name, type }) => type === 'uuid' && /^user_?id$/i.test(name))?.name;
    if (person === undefined) continue;
    const groups = keys.filter(
      ({ columns, references }) =>
        columns[0] !== person && references !== table.key && !isSomebody(references, state),
    );
    // "team_players" belong to teams, whatever season it is.
    const called = groups.filter(({ references }) => isCalledAfter(table, references));
    for (const { columns, references } of called.length > 0 ? called : groups) {
      const of = { table, of: columns[0]!, person };
      found.set(references, [...(found.get(references) ?? []), of]);
    }
  }
  return found;
}

const isCalledAfter = ({ name }: Table, key: string): boolean =>
  name.toLowerCase().startsWith(
    key
      .slice(key.indexOf('.') + 1)
      .toLowerCase()
      .replace(/(ies|s|y)$/, ''),
  );

/** By its name, or by the role that it gives; what people add to something, a like or a vote, makes none a member. */
const isOfMembers = ({ name, columns, foreignKeys }: Table): boolean =>
  foreignKeys.length > 1 &&
  (members.test(name) ||
    (/^(user|member|employee|profile)s?_\w+s$|_(users|staff|employees)$/i.test(name) &&
      columns.some((column) => /^(\w+_)?roles?(_id)?$|^position$|^permissions?$/i.test(column.name))));

/** In several languages. */
const members =
  /(^|_)(members?|memberships?|participants?|collaborators?|team_?mates?|(team|club|squad)_players?|membros?|miembros?|membres?|membri|mitglied(er|schaften)?|leden|medlem(mer|mar)?|integrantes?|participantes?|colaboradores|collaborateurs)$/i;
