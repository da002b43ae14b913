/** Columns that say whose row it is. */

import type { SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isUserId, readsRequest } from '../callers/caller.ts';
import { filledAtSignUp, routineNamed } from '../callers/sign-up.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { bare, functionCalls, isColumn, operatorOf } from '../syntax/tree.ts';
import { isUsersByName } from '../words/person-names.ts';
import { leadsToUser, membershipsOf } from './members.ts';

/**
 * Asks in SQL whether the caller is whom that column names; a text is compared with the id as text. Where the column names
 * a row that bears an id of its own beside the user's, that row is looked up.
 */
export function isCaller(
  owner: string,
  table: Table | undefined,
  state?: SchemaState,
  /** An alias and its dot, where the column stands in a sub-select. */
  prefix = '',
): string {
  const key = table?.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === owner);
  const person = key === undefined ? undefined : state?.tables.get(key.references);
  if (state !== undefined && key !== undefined && person !== undefined && !leadsToUser(person.key, state)) {
    const user = accountOf(person, state);
    const id = key.referencedColumns[0] ?? person.primaryKey?.columns[0];
    if (user !== undefined && id !== undefined && user !== id)
      return `${prefix}${quoteIdent(owner)} in (select ${quoteIdent(id)} from ${person.key} where ${quoteIdent(user)} = (select auth.uid()))`;
  }
  if (table !== undefined && state !== undefined && isKeyOfTeam(owner, table, state)) return '…';
  const type = table?.columns.find(({ name }) => name === owner)?.type ?? 'uuid';
  if (holdsNoId(owner, type)) return (prefix === '' ? comparisonOf(owner, table) : null) ?? '…';
  return `(select auth.uid())${/^(text|character)/.test(type) ? '::text' : ''} = ${prefix}${quoteIdent(owner)}`;
}

/**
 * A team's: its table has members, or by the name, `team_account_id`, where one table keeps the accounts of users and of
 * teams.
 */
export const isKeyOfTeam = (
  column: string,
  { foreignKeys }: Pick<Table, 'foreignKeys'>,
  state: SchemaState,
): boolean =>
  foreignKeys.some(
    ({ columns, references }) =>
      columns.join() === column &&
      !leadsToUser(references, state) &&
      (team.test(column) || membershipsOf(references, state).length > 0),
  );

const team =
  /(^|_)(team|org|organi[sz]ation|tenant|workspace|company|group|household|family)(_account)?_?(uu)?id$/i;

/** By its name it holds what an account is known by, and no id: it never equals `auth.uid()`. */
export const holdsNoId = (column: string, type = 'text'): boolean =>
  /(^|_)(addr(ess)?|wallet|e?mail|phone(_?number)?|mobile|public_?key|pubkey)$/i.test(column) &&
  !/^uuid/.test(type);

/** What a policy of the table asks of that column, where it asks for nothing else. */
function comparisonOf(column: string, table: Table | undefined): string | null {
  for (const { using, check } of table?.policies ?? [])
    for (const expression of [using, check]) {
      const asked = bare(expression?.node)?.A_Expr;
      if (
        asked !== undefined &&
        operatorOf(asked) === '=' &&
        [asked.lexpr, asked.rexpr].filter((side) => isColumn(side, column)).length === 1 &&
        functionCalls(asked).some(readsRequest)
      )
        return expression!.text;
    }
  return null;
}

/** The column of a person's row that holds the id of the account. */
function accountOf(person: Table, state: SchemaState): string | undefined {
  const filled = filledAtSignUp(person, state);
  if (filled !== undefined) return filled;
  const named = [
    ...person.foreignKeys.flatMap(({ columns, references }) =>
      columns.length === 1 && references === 'auth.users' ? [columns[0]!] : [],
    ),
    ...(isUsersByName(person)
      ? [
          ...ownerColumns(person, state),
          ...person.columns.filter(({ type }) => type === 'uuid').map(({ name }) => name),
        ]
      : []),
  ];
  return (
    named.find((name) => account.test(name)) ??
    (ownerColumns(person, state).includes('id') ? 'id' : undefined)
  );
}

const account = /^(auth|supabase)_?(user_?)?(id|uid)$|^(user|account|auth)_?(id|uid)?$/i;

/** Each of its rows is a user: `auth.users`, a table with the same key, or one that names the account beside its own id. */
export function isPersonTable(key: string, state: SchemaState): boolean {
  if (leadsToUser(key, state)) return true;
  const table = state.tables.get(key);
  return (
    table !== undefined &&
    (isUsersByName(table)
      ? accountOf(table, state) !== undefined
      : table.primaryKey !== null && filledAtSignUp(table, state) === table.primaryKey.columns.join())
  );
}

const cache = new WeakMap<SchemaState, Map<string, readonly string[]>>();

/** References to the user (or to a table keyed by the user's id), defaults of `auth.uid()`, and what policies compare with it. */
export function ownerColumns(table: Table, state: SchemaState): readonly string[] {
  let known = cache.get(state);
  if (known === undefined) {
    known = new Map();
    cache.set(state, known);
  }
  let columns = known.get(table.key);
  if (columns === undefined) {
    columns = find(table, state);
    known.set(table.key, columns);
  }
  return columns;
}

function find(table: Table, state: SchemaState): readonly string[] {
  const owners = new Set<string>();
  for (const key of table.foreignKeys) {
    const [column] = key.columns;
    if (key.columns.length > 1 || column === undefined || actors.test(inEnglish(column))) continue;
    if (leadsToUser(key.references, state)) owners.add(column);
  }
  for (const column of table.columns) {
    if (isUserId(bare(column.default?.node))) owners.add(column.name);
  }
  for (const policy of table.policies) {
    for (const expression of [policy.using, policy.check]) {
      if (expression?.node === null || expression === null) continue;
      for (const { column, other, operator } of ownComparisons(
        readPredicate(expression.node, table, state),
      )) {
        if (operator === '=' && other.is === 'user-id') owners.add(column.name);
      }
    }
  }
  return [...owners];
}

// Who dealt with a row, not whose it is.
const actors =
  /^(reviewed|approved|rejected|resolved|responded|assigned|updated|modified|changed|edited|deleted|verified|closed|processed|acknowledged|completed|cancelled|confirmed|moderated|suspended|banned|deactivated|disabled|frozen|flagged|hidden|muted|terminated|last_\w+)_(by|to)(_\w+)?$|^(assignee|reviewer|approver)(_id)?$/;

// Names that say what a column holds, whatever the table is about.
const telling =
  /(^|_)(e?mail|e?mail_address|phone|phone_number|mobile|dob|date_of_birth|birth_?date|birthday|ssn|social_security(_number)?|tax_id|passport(_number)?|iban|bank_account|credit_card(_number)?|cvv|cvc|id_number|national_id|cpf|nif|dni|curp|aadhaar|salary|password|passwd|password_hash|secret|api_?key|private_?key|access_key|(access|refresh|invite|invitation|reset|auth|session|api)_token|otp|otp_hash|otp_salt|credentials?)$/i;
// These are personal where the row is somebody's: an address of a shop is not.
const tellingOfSomebody =
  /(^|_)(token|address|street|postcode|zip(_?code)?|ip(_address)?|latitude|longitude|account_number|card_number|stripe_customer_id)$/i;

/** Columns whose names say that they hold personal data or secrets. */
export function sensitiveColumns(columns: readonly string[], table: Table): string[] {
  const somebodys = table.foreignKeys.some(({ references }) => references === 'auth.users');
  return columns.filter((column) => telling.test(column) || (somebodys && tellingOfSomebody.test(column)));
}

/** Columns that are a key to something: knowing them is the right. */
export const isToken = (column: string) =>
  /(^|_)(token|secret|otp|api_?key|access_key|invite_code|password|(otp|token|code|password|key)_hash)$/i.test(
    column,
  );

/** Those that open something by themselves, whoever's row it is: keys of a server, passwords and what guards them, tokens. */
export const secretColumns = ({ columns }: Pick<Table, 'columns'>): string[] =>
  columns.map(({ name }) => name).filter((name) => isToken(name) || keysOfServers.test(name));

const keysOfServers =
  /(^|_)((service(_role)?|secret|signing|encryption|private|access|api)_?key|(client|app|webhook|shared)_?secret|(access|refresh|auth|bearer|bot)_?token|connection_?string|database_?url|webhook_?url|credentials?|passwd|passphrase|pin(_?code)?|salt|secret|token)(_encrypted|_enc|_hash(ed)?)?$|(^|_)(session|device)_hash$/i;

/** `if new.owner = …` compares. */
const assignments = (body: string) =>
  body.replace(/\b(if|elsif|when|and|or|where)\s+new\s*\.\s*"?\w+"?\s*=/gi, ' ');

/** A BEFORE INSERT trigger that writes the caller into the column: what the client sends is overwritten. */
export const setByTrigger = (column: string, table: Table, state: SchemaState) =>
  table.triggers.some(({ timing, events, function: name }) => {
    if (timing !== 'before' || !events.includes('insert')) return false;
    const body = routineNamed(name, state)?.body ?? '';
    const written = new RegExp(
      `\\bnew\\s*\\.\\s*"?${escapeRegExp(column)}"?\\s*:?=(?!=)|\\binto\\s+new\\s*\\.\\s*"?${escapeRegExp(column)}\\b`,
      'i',
    );
    return /\bauth\s*\.\s*uid\b/i.test(body) && written.test(assignments(body));
  });
