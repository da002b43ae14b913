/** INSERT of any row: a form of visitors, a row in somebody's name, or what only the server should write. */
import type { Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { onceWithServiceKey, placesOf } from '../application/client-calls.ts';
import { signedInAs } from '../application/signed-in-as.ts';
import { type ApiRole, isForVisitorsAlone } from '../callers/roles.ts';
import { ownerColumns, setByTrigger } from '../owners/owners.ts';
import { questionFor } from '../owners/role-question.ts';
import { isOtherSide, ownerOf } from '../owners/whose.ts';
import { alsoAsking, claimFor, meansServer } from '../policies/misnamed.ts';
import { isForAllByName } from '../words/public-words.ts';
import { named, people, sqlFence } from '../words/words.ts';
import { saidOfCode } from './as-the-code-writes.ts';
import { insertedByOwner, isMakerName, leftToServer, narrowedInserts, roleOf } from './narrowing.ts';
import type { JudgedPolicy, Open } from './reach.ts';
import { callersStay, lettingIn, staffStays } from './stays-beside.ts';

export function openInserts(judged: JudgedPolicy, roles: readonly ApiRole[]): Open {
  const { policy, table, state, title, misnamed, promise } = judged;
  const open = insertsOf(judged, roles);
  // It is there for the server by its name: nobody else need insert.
  const staying =
    meansServer(misnamed) && judged.inserts.length > 0
      ? callersStay(policy, table, state, judged.inserts)
      : [];
  if (staying.length > 0)
    return {
      severity: open.severity,
      message: `${title} checks nothing: ${people(roles)} may insert any row, in anybody's name.${promise} The code inserts with the user's own rights (${placesOf(judged.inserts)}), for which ${lettingIn(staying)}: drop this one.`,
      help: sqlFence(leftToServer(judged)),
    };
  if (meansServer(misnamed) && judged.inserts.length > 0)
    return {
      severity: open.severity,
      message: `${title} checks nothing: ${people(roles)} may insert any row, in anybody's name.${promise} The code inserts with the user's own rights all the same (${placesOf(judged.inserts)}), so dropping it would break that: ask whose the row is.`,
      help: open.help ?? '',
    };
  if (meansServer(misnamed))
    return {
      severity: open.severity,
      message: `${title} checks nothing: ${people(roles)} may insert any row, in anybody's name.${promise} "service_role" needs no policy: drop it. A trigger that writes for users can be "security definer".`,
      help: sqlFence(`${onceWithServiceKey(judged.insertsOfServer)}${leftToServer(judged)}`),
    };
  const question = questionFor(misnamed, state, table);
  return question === null
    ? open
    : { ...open, help: sqlFence(staffStays(policy, table, state) ?? alsoAsking(policy, table, question)) };
}

/** By what the rows are, whatever the policy's name says. */
function insertsOf(judged: JudgedPolicy, roles: readonly ApiRole[]): Open {
  const { table, state } = judged;
  const byVisitors = roles.includes('anon');
  const owners = ownerColumns(table, state).filter((column) => !setByTrigger(column, table, state));
  const begin = `${judged.title} checks nothing: ${people(roles)} may insert`;
  if (owners.length === 0)
    return byVisitors && (isForm(judged) || judged.forStrangers)
      ? form(begin)
      : ofNobody(begin, judged, byVisitors);
  if (isSentTo(table) || isLeftToServer(judged, owners)) return toAnybody(begin, judged, owners);
  if (byVisitors && owners.every((owner) => isRecipient(owner, table)))
    return toRecipient(begin, judged, owners);
  return inAnyName(begin, judged, owners, byVisitors);
}

const form = (begin: string): Open => ({
  severity: 'warning',
  message: `${begin} any row. A form for visitors may be so. Nothing stops a flood, and what is written there can't be trusted. Limit what a row may hold, or take it in through an Edge Function.`,
  help: 'Limit what a row may hold by CHECK constraints on its columns, or take it in through an Edge Function that counts who sends how much, and drop the policy then.',
});

const ofNobody = (begin: string, judged: JudgedPolicy, byVisitors: boolean): Open => ({
  severity: 'warning',
  message: `${begin} any row.${judged.promise}${meansServer(judged.misnamed) ? '' : saidOfCode(judged.inserts)} What is written there can't be trusted, and nothing stops a flood. Check the row, or let only the server insert.`,
  help: sqlFence(narrowedInserts(judged, byVisitors)),
});

const toAnybody = (begin: string, judged: JudgedPolicy, owners: readonly string[]): Open => ({
  severity: 'error',
  message: `${begin} rows for anybody.${judged.promise} ${named(owners)} ${owners.length > 1 ? 'say' : 'says'} whom a row is for, and the client fills it as it likes. Let the server insert, or a function or trigger that is "security definer".`,
  help: sqlFence(`${onceWithServiceKey(judged.insertsOfServer)}${leftToServer(judged)}`),
});

const toRecipient = (begin: string, { promise }: JudgedPolicy, owners: readonly string[]): Open => ({
  severity: 'warning',
  message: `${begin} any row.${promise} The sender names itself, and ${named(owners)} is whom it writes to: a form may be so. Nothing stops a flood, and nothing that the sender says of itself is proved. Limit what a row may hold, or take it in through an Edge Function.`,
});

function inAnyName(
  begin: string,
  judged: JudgedPolicy,
  owners: readonly string[],
  byVisitors: boolean,
): Open {
  const { policy, table, promise } = judged;
  const author = authorOf(judged, owners);
  const owner =
    author ??
    ownerOf(table, judged.state, owners, 'insert', owners) ??
    owners.find(isMakerName) ??
    owners[0]!;
  // Who writes to somebody chosen signs it: nobody's row to a chosen one is forged just as well.
  const signs = author !== undefined && owners.some((name) => name !== author);
  const guests =
    byVisitors && !signs && !table.columns.some(({ name, notNull }) => name === owner && notNull);
  const role = roleOf(judged) ?? (judged.ofStaff && isMakerName(owner) && !byVisitors ? 'admin' : null);
  const way =
    role !== null
      ? 'Ask what the caller is'
      : guests && isForVisitorsAlone(policy)
        ? 'Let visitors leave it out'
        : `Compare it with the signed-in user${guests ? ', and let visitors leave it out' : ''}`;
  return {
    severity: guests && judged.forStrangers ? 'warning' : 'error',
    message: `${begin} rows in anybody's name.${promise} The client fills ${named(author === undefined ? owners : [author])} as it likes. ${way}.`,
    help: sqlFence(
      role !== null
        ? (staffStays(policy, table, judged.state) ??
            alsoAsking(policy, table, questionFor('administrators', judged.state, table) ?? claimFor(role)))
        : insertedByOwner(judged, owner, guests),
    ),
  };
}

/** The column that the code gives the id of who signed in, where it fills the others with somebody chosen. */
function authorOf({ table, inserts }: JudgedPolicy, owners: readonly string[]): string | undefined {
  const filled = signedInAs(table, inserts);
  return (
    filled.find((name) => owners.includes(name)) ??
    filled.find((name) => isMakerName(name) || !/_by(_\w+)?$/i.test(inEnglish(name)))
  );
}

/** Each row is for somebody in a part (`vendor_user_id`), and no code but the server's inserts it. */
const isLeftToServer = ({ inserts, insertsOfServer }: JudgedPolicy, owners: readonly string[]) =>
  inserts.length === 0 && insertsOfServer.length > 0 && owners.every(isPart);

const isPart = (column: string) =>
  isOtherSide(column) ||
  (/^(?!(auth|owner|app|account|current|login|created|from|author|creator|sender|submitter|submitted|reporter|requester)_)[a-z]+_user_id$/i.test(
    column,
  ) &&
    !isMakerName(column));

/** Visitors are meant to send something in: the policy says so, or the table is what a form fills. */
const isForm = ({ policy: { name, roles }, table }: JudgedPolicy) =>
  roles.includes('anon') ||
  isForAllByName(name) ||
  /\bforms?\b/i.test(name.replaceAll('_', ' ')) ||
  /(^|_)(contacts?|inquir(y|ies)|enquir(y|ies)|waitlist|newsletter|subscribers?|feedback|leads?|reports?|applications?|registrations?|submissions?)(_|$)/i.test(
    table.name,
  );

/** What is sent to somebody, or earned: the user of the row is not the one who writes it. */
const isSentTo = ({ name }: Table) =>
  /(^|_)(notifications?|achievements?|badges?|rewards?|awards?)$/i.test(name);

/**
 * Whom a form's row is for, not who wrote it: the writer stands beside it by name or address (`sender_email`; where the
 * column does not call its user the author, `email` will do).
 */
function isRecipient(owner: string, { columns }: Table): boolean {
  const names = columns.map(({ name }) => name);
  if (/(^|_)(author|creator|created|sender|submitter|submitted|from|buyer|reporter|guest)(_|$)/i.test(owner))
    return false;
  if (
    names.some((name) =>
      /^(sender|visitor|guest|from|contact|lead|inquirer|requester)_(name|email|e_?mail|phone)$/i.test(name),
    )
  )
    return true;
  return (
    !/^(user|member|customer|client|account|auth_user)_(id|uuid)$/i.test(owner) &&
    names.some((name) => /^(e_?mail|phone)$/i.test(name)) &&
    names.some((name) => /^(message|subject|body|content|comments?|notes?|inquiry|question)$/i.test(name))
  );
}
