/** Rows that others keep or decide about: a report, a request for leave, what somebody is still entitled to. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { placesOf } from '../application/client-calls.ts';
import { leadsTo } from '../conditions/leads-to.ts';
import { memberIn, membershipsOf } from '../owners/members.ts';
import { isPersonTable } from '../owners/owners.ts';
import { questionFor } from '../owners/role-question.ts';
import { tenantCondition } from '../owners/tenants.ts';
import { partOwn } from '../owners/whose.ts';
import { named } from '../words/words.ts';

export const ofNobodyAlone = (command: Command) => `-- no ${command.toUpperCase()} by the owner`;

/** Why the owner gets no policy for the command, and one for those who do it, where the project knows them; else null. */
export function othersDo(
  table: Table,
  command: Command,
  owner: string | undefined,
  /** Of the code that asks for that command. */
  calls: readonly ClientCall[],
  state: SchemaState,
): string | null {
  const why =
    command === 'update'
      ? (decidedThere(table, owner, calls, state) ?? keptThere(table, command, owner, calls))
      : keptThere(table, command, owner, calls);
  if (why === null) return command === 'update' ? raisedByOthers(table, calls, state) : null;
  const asked = roles.map((role) => questionFor(role, state, table)).find((found) => found !== null);
  if (asked == null)
    return `${ofNobodyAlone(command)}: ${why}; those who do need one, or let the server write`;
  const ofTenant = tenantCondition(table, state);
  const question =
    ofTenant === null ? asked : `${asked} and ${/\bor\b/i.test(ofTenant) ? `(${ofTenant})` : ofTenant}`;
  const clauses = [
    ...(command === 'insert' ? [] : [`using (${question})`]),
    ...(command === 'insert' || command === 'update' ? [`with check (${question})`] : []),
  ];
  return `${ofNobodyAlone(command)}: ${why}\ncreate policy "${command} by those in charge" on ${table.key} for ${command} to authenticated\n  ${clauses.join('\n  ')};`;
}

const roles = ['administrators', 'managers', 'staff'] as const;

/** Nobody admits or raises themselves: where a row says that somebody belongs somewhere, those who run it change that. */
function raisedByOthers(table: Table, calls: readonly ClientCall[], state: SchemaState): string | null {
  if (memberIn(table, state) === undefined) return null;
  const raising = table.columns.map(({ name }) => name).filter((name) => admits.test(name));
  if (raising.length === 0) return null;
  // What the code writes beside that is the member's own.
  if (calls.some(({ given }) => given !== null && !given.some((name) => raising.includes(name)))) return null;
  const why = `${named(raising.slice(0, 2))} ${raising.length === 1 ? 'says' : 'say'} who belongs there and as what, and nobody admits or raises themselves${calls.length === 0 ? '' : `; the code writes it (${placesOf(calls)})`}`;
  const asked = runBy(table, state);
  return asked === null
    ? `-- no UPDATE by the member: ${why}; those who run it need one, or let the server write`
    : `-- no UPDATE by the member: ${why}\ncreate policy "update by those who run it" on ${table.key} for update to authenticated\n  using (${asked})\n  with check (${asked});`;
}

const admits =
  /^(\w+_)?(roles?|rank)(_(id|level|name))?$|^(membership_)?status$|^is_(admin|owner|leader|captain|manager|approved)$|^position$/i;

/** That the caller runs what a row enters somebody into; null where nothing tells it. */
export function runBy(table: Table, state: SchemaState): string | null {
  if (memberIn(table, state) === undefined) return null;
  const asked = table.foreignKeys.flatMap(({ columns, references }) =>
    columns.length === 1 && membershipsOf(references, state).some((each) => each.table === table)
      ? (partOwn(columns[0]!, table, state) ?? [])
      : [],
  );
  return asked.length === 1 &&
    !leadsTo(
      table.foreignKeys.find(({ columns }) => asked[0]!.startsWith(columns[0]!))?.references ?? '',
      table,
      state,
    )
    ? asked[0]!
    : null;
}

/**
 * Nobody decides about a row of their own: where it says when or by whom it was decided, and the code writes that or what
 * can't be read. What the code writes beside it, and only that, is the owner's to change.
 */
function decidedThere(
  { columns, name: table, key }: Table,
  owner: string | undefined,
  calls: readonly ClientCall[],
  state: SchemaState,
): string | null {
  const names = columns.map(({ name }) => name);
  const told = names.filter((name) => isDecision.test(inEnglish(name)));
  const deciding =
    told.length > 0 ? told : isCase.test(table) ? names.filter((name) => isVerdict.test(name)) : [];
  if (deciding.length === 0) return null;
  const tell = `${named(deciding.slice(0, 2))} ${deciding.length === 1 ? 'tells' : 'tell'}`;
  if (calls.length === 0)
    return isPersonTable(key, state) || owner === undefined || !asks(inEnglish(owner))
      ? null
      : `${tell} what was decided about the row, and nobody decides about their own`;
  const decides = ({ given }: ClientCall) =>
    given === null || given.some((name) => deciding.includes(name) || isVerdict.test(name));
  return calls.every(decides)
    ? `the code decides about rows there (${placesOf(calls)}), which ${tell}, and nobody decides about their own`
    : null;
}

const isDecision =
  /^(reviewed|resolved|approved|decided|moderated|rejected|processed|handled|actioned)_(at|by)(_\w+)?$/i;
const isVerdict = /^(status|decision|verdict|resolution|outcome)$/i;

/** Whom the row is about or who asked for something, rather than who worked on it. */
const asks = (column: string) =>
  !/_by(_\w+)?$/i.test(column) || /^(requested|submitted|reported|applied)_by/i.test(column);

/** What somebody brings before others. */
const isCase =
  /(^|_)(reports?|complaints?|disputes?|appeals?|applications?|verifications?|(merge|refund|leave|access|approval)_requests?)$/i;

/** What is kept about a person by others, and never by the person: where the code gives its own id it is the person's all the same. */
function keptThere(
  { name, key }: Table,
  command: Command,
  owner: string | undefined,
  calls: readonly ClientCall[],
): string | null {
  if (
    owner === undefined ||
    command === 'select' ||
    !keptAbout.test(name) ||
    calls.some(({ own }) => own.includes(owner))
  )
    return null;
  const places = calls.length === 0 ? '' : `; the code does it (${placesOf(calls)})`;
  return `by its name ${key} is kept about people, and not by them${places}`;
}

const keptAbout =
  /(^|_)((leave|vacation|pto|time_off|credit)_(balances?|allowances?|entitlements?)|allowances?|entitlements?|quotas?|warnings?|bans?|sanctions?|suspensions?|penalt(y|ies)|strikes?|salar(y|ies)|payrolls?|pay_?slips?|grades?|evaluations?)$/i;

/** What a tenant was given or has paid for, where no code writes it as a user: else all of its people would raise it. */
export function givenToThem(
  { name, key }: Table,
  command: Command,
  calls: readonly ClientCall[],
): string | null {
  return command !== 'select' && calls.length === 0 && given.test(name)
    ? `-- no policy for ${command.toUpperCase()}: by its name ${key} says what they were given, and no code writes it as a user; the server does`
    : null;
}

const given = /(^|_)(credits?|quotas?|allowances?|entitlements?|balances?|subscriptions?|licen[cs]es?)$/i;
