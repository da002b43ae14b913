/** Columns that give rights: what the owner of a row must not choose in it. */
import type { Column, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';
import { isRead, isReadElsewhere } from './name-read.ts';

const alwaysRights =
  /^is_?(super_?)?(admin|staff|moderator|superuser)$|^(super_?)?admin$|^(access|permission|admin)_level$|^(user_?|account_?|app_?|target_?|invited_?|member_?|system_?|global_?|org(anization)?_?|team_?)roles?$|^permissions?$/i;

/** A message of the assistant has a role too: of people, and of who is invited to be one, it is a right. */
const ofPeople =
  /(^|_)(users?|profiles?|accounts?|members?|memberships?|invit\w*|roles?|staff|employees?|admins?|agents?|collaborators?|participants?)(_|$)/i;

export function rightsIn(table: Table, state: SchemaState): readonly Column[] {
  return table.columns.filter(
    ({ name, type }) =>
      (alwaysRights.test(name) && !/^(uuid|json)$/.test(type)) ||
      (/^roles?$/i.test(name) &&
        (ofPeople.test(table.name) ||
          isRead(name, table, table.policies) ||
          isReadElsewhere(table, name, state) ||
          isReadByHelper(name, table, state))),
  );
}

/** A function that policies may call looks it up: `select role from profiles where id = auth.uid()`. */
const isReadByHelper = (name: string, table: Table, { routines }: SchemaState) =>
  [...routines.values()].some(({ body, returns }) => {
    if (returns === 'trigger') return false;
    const code = codeOf(body).bare;
    return (
      /\bauth\s*\.\s*(uid|jwt)\b/i.test(code) &&
      [table.name, name].every((word) => new RegExp(`\\b${escapeRegExp(word)}\\b`).test(code))
    );
  });

/** For WITH CHECK of an INSERT: they are as the table gives them. Three dots where it gives nothing and wants something. */
export const asGiven = (table: Table, state: SchemaState): string =>
  rightsIn(table, state)
    .map(({ name, type, notNull, default: given }) =>
      given === null
        ? ` and ${quoteIdent(name)} ${notNull ? '= …' : 'is null'}`
        : ` and ${quoteIdent(name)} = ${given.text}${/^jsonb?$/.test(type) && !given.text.includes('::') ? `::${type}` : ''}`,
    )
    .join('');

/** Those that whoever inserts a row has to choose. */
export const chosenByInsert = (table: Table, state: SchemaState): string[] =>
  rightsIn(table, state).flatMap(({ name, notNull, default: given }) =>
    notNull && given === null ? [name] : [],
  );
