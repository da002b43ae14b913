/** What names alone say of a table: whom a column names without a foreign key, and that rows are not for everybody. */
import type { SchemaState, Table } from '../../../model/schema.ts';

/** Ids that name a person, and that no foreign key leads elsewhere. */
export function peopleByName({ columns, foreignKeys }: Table, isUsers: boolean): string[] {
  return isUsers
    ? columns
        .filter(
          ({ name, type }) =>
            type === 'uuid' && person.test(name) && !foreignKeys.some((key) => key.columns.includes(name)),
        )
        .map(({ name }) => name)
    : [];
}

const person =
  /^(user|owner|author|sender|requester|initiator|inviter|receiver|recipient|creator|from_user|to_user)_?(uu)?id$/i;

/** Who deal with each other, each by the part they have in it; for a pattern. */
export const parties =
  'buyer|seller|customer|client|vendor|merchant|provider|freelancer|host|guest|driver|rider|passenger|tutor|teacher|student|mentor|mentee|coach|trainer|doctor|patient|nanny|parent|employer|employee|worker';

const people = 'users?|profiles?|people|persons?|members?|employees?|staff|customers?|clients?|authors?';

function isCalled(words: string): (table: Table) => boolean {
  const pattern = new RegExp(`(^|_)(${words})$`, 'i');
  return ({ name }) => pattern.test(name);
}

/** Each row is a user. Not students or players: the account beside their id is as often that of whoever keeps the list. */
export const isUsersByName = isCalled(`${people}|accounts?`);

/** Those whom a row enters into something. Not accounts: a team has one too. */
export const isPeopleByName = isCalled(`${people}|players?|students?|teachers?`);

/** Accounts that the project keeps itself, beside those of Supabase: an id may be one of theirs. */
export const keepsAccounts = (state: SchemaState, isPerson: (key: string) => boolean): boolean =>
  [...state.tables.values()].some(
    ({ schema, name, key }) =>
      schema === 'public' && /^(app_)?(users?|accounts?)$/i.test(name) && !isPerson(key),
  );

/** Whoever wrote to somebody and whom it is for, both deal with the row. A person who is reported or blocked does not. */
export const isCorrespondent = (column: string) =>
  /^(receiver|recipient|addressee|invitee|payee|to_user|friend)_?(user_?)?(id|uid)?$/i.test(column);

/** Messages, orders, payments: never to be read by all. */
export const isPrivateByName = ({ name }: Table) =>
  /(^|_)(messages?|chats?|conversations?|dms?|inbox|payments?|orders?|invoices?|receipts?|transactions?|transfers?|wallets?|payouts?|refunds?|withdrawals?|bookings?|reservations?|appointments?|prescriptions?|patients?|diagnos[ei]s|salar(y|ies)|payrolls?|expenses?|sessions?|tokens?|otps?|secrets?|credentials?|passwords?|notifications?|diar(y|ies)|consents?|kyc|audits?|contracts?|customers?|leads?|employees?)(_(items?|lines?|details?|logs?|history|events?))?$/i.test(
    name,
  );

/** Prices and what they come to. */
export const holdsMoney = ({ columns, name }: Table) =>
  columns.some(({ name: column }) =>
    /(^|_)(prices?|costs?|amounts?|fees?|commissions?|discounts?|margin|budget|tariffs?)(_(cents|usd|eur|gbp|net|gross))?$/i.test(
      column,
    ),
  ) && !inTheWindow.test(name);

/** What visitors are shown before they sign in, prices and all. */
const inTheWindow =
  /^(marketplace|shop|store|public)_|(^|_)(products?|plans?(_\w+)?|packages?|items?|services?|menus?|events?|tickets?|courses?|listings?|rooms?|propert(y|ies)|variants?|tiers?|books?|cars?|vehicles?|tours?|trips?|deals?|offers?|categor(y|ies)|merch\w*|shipping\w*|delivery\w*|currenc(y|ies)|models?|catalog\w*|options?|sizes?|extras?|addons?|toppings?|destinations?|campaigns?|projects?|jobs?)$/i;
