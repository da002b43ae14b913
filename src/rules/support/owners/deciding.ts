/** Columns of a person's row that decide what the person may do: whose tenant it is, whether it is let in, what it paid for. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isCalledByPolicy } from '../policies/policy-callers.ts';
import { codeOf } from '../syntax/bodies.ts';
import { isReadElsewhere } from './name-read.ts';
import { isPersonTable, ownerColumns } from './owners.ts';
import { rightsIn } from './rights.ts';
import { isMembership } from './whose.ts';

/** Of rows about people alone: what becomes of a post or an order is for whoever works on it. */
export function decidingColumns(table: Table, state: SchemaState): string[] {
  if (!isPersonTable(table.key, state) && !isMembership(table, state) && rightsIn(table, state).length === 0)
    return [];
  const own = new Set([...(table.primaryKey?.columns ?? []), ...ownerColumns(table, state)]);
  return table.columns
    .map(({ name }) => name)
    .filter(
      (name) =>
        !own.has(name) &&
        !ofOnesOwn.test(name) &&
        (byName.some((names) => names.test(name)) ||
          rightsIn(table, state).some((column) => column.name === name) ||
          isAsked(name, table, state)),
    );
}

/** Something in the database goes by it, and not its name alone says so. */
export const isGoneBy = (name: string, table: Table, state: SchemaState): boolean =>
  rightsIn(table, state).some((column) => column.name === name) || isAsked(name, table, state);

/** The tenant, by its id or by its name. */
export const tenantByName =
  /^(org|organi[sz]ation|company|team|tenant|workspace|agency|clinic|hospital|school|branch|department|business|restaurant|firm|institution|franchise|household|municipio|empresa|organizacao)(_?(uu)?id)?$/i;

const byName = [
  tenantByName,
  // Whether it is let in.
  /^(account|user|member|membership|approval|verification|kyc|employment)?_?status$|^is_(active|approved|verified|suspended|banned|blocked|locked|disabled|enabled|internal|owner)$|(^|_)(suspended|suspension|banned|ban|blocked|restricted|restriction|flagged|approved)(_(at|until|by|reason|status))?$|^(identity|phone|id|kyc)_verified(_at)?$|^verified(_(at|by))?$/i,
  // What it paid for, or was given.
  /(^|_)(plan|tier|premium|credits?|coins?|points?|xp|earnings|balance|wallet|quota|trial|subscription|entitlements?)(_|$)|^(stripe|paddle|lemon_?squeezy|revenuecat|polar)_\w+$|^is_(premium|pro|paid|vip)$|^(account|user|member|membership)_type$/i,
];

/** What everybody says of itself. */
const ofOnesOwn =
  /^(id|name|e_?mail|(full|first|last|display|user)_?name|avatar(_url)?|bio|phone|created_at|updated_at)$|public|private|visib|privacy|share|listed|searchable|online|(^|_)(show|hide|notif\w*|prefs?|preferences?|settings?|language|locale|theme|timezone)(_|$)/i;

/** A policy of another table asks for it, or a function that policies call and that looks the caller up. */
export const isAsked = (name: string, table: Table, state: SchemaState) =>
  isReadElsewhere(table, name, state) ||
  [...state.routines.values()].some((routine) => {
    if (!isCalledByPolicy(routine, state)) return false;
    const code = codeOf(routine.body).bare;
    return [table.name, name].every((word) => new RegExp(`\\b${escapeRegExp(word)}\\b`).test(code));
  });

/** What somebody was given or has paid for, by its name: no word that people say of themselves. */
export const isAllowance = (column: string): boolean =>
  allowance.test(column) &&
  !ofOnesOwn.test(column) &&
  !/(_at|_on|_by|_id|_url|_name|_reason|_date)$/i.test(column);

const allowance =
  /(^|_)(credits?|coins?|balance|wallet|quota|allowance|entitlements?|limit|premium|tokens_(left|remaining|balance)|(plan|subscription)(_(tier|status|type|name))?|tier)(_|$)|^max_\w+|^is_(premium|pro|paid|vip|verified|approved|suspended|banned|blocked)$|^(verified|approved|suspended|banned|blocked)$|^(account|kyc|verification|approval)_status$/i;

/** The same of money and what it buys: nobody keeps that of itself by hand. */
export const isPaidFor = (column: string): boolean => isAllowance(column) && paidFor.test(column);

const paidFor =
  /(^|_)(credits?|coins?|balance|wallet|entitlements?|premium|(plan|subscription)(_(tier|status|type|name))?)(_|$)|^is_(premium|pro|paid|vip)$/i;
