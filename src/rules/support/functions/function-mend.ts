/** The way out of a security definer function that reaches rows of others: who calls it, and what it may be asked. */
import type { ClientCall } from '../../../model/client.ts';
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { onceWithServiceKey, placesOf, saidOfNoSession } from '../application/client-calls.ts';
import { apiRoles } from '../callers/roles.ts';
import { callingTriggers, isCalledAsCaller, isCalledByPolicy } from '../policies/policy-callers.ts';
import { codeOf } from '../syntax/bodies.ts';
import { named } from '../words/words.ts';
import { askedOfRows } from './asked-of-rows.ts';
import { personIn, questionIn, questionOfHelper } from './asking.ts';
import { isGrantedTo } from './published.ts';
import { tokenBeside } from './token-beside.ts';

export interface FunctionMend {
  /** A sentence without its full stop. */
  readonly advice: string;
  readonly sql: string;
}

export function functionMend(
  routine: Routine,
  calls: readonly ClientCall[],
  state: SchemaState,
  /** There is code of the application, and none of it calls the function but this of the server; null where some may. */
  uncalled: readonly ClientCall[] | null = null,
): FunctionMend {
  const beside = tokenBeside(routine, state);
  if (beside !== null)
    return {
      advice: `A GRANT names "anon", and "${beside.asking.key}", made for visitors as well, asks for "${beside.column}" of "${beside.table.key}": ask for it here too${calls.length === 0 ? '' : `, and hand it over where the code calls it (${placesOf(calls)})`}`,
      sql: `-- with one more argument, in the WHERE of each query in its body\nand ${quoteIdent(beside.column)} = p_${beside.column}`,
    };
  const helper = isCalledByPolicy(routine, state);
  const triggers = helper || calls.length > 0 ? [] : callingTriggers(routine, state);
  if (triggers.length > 0 && !triggers.every((key) => onlyFillsTheRow(key, state)))
    return {
      advice: `${named(triggers.slice(0, 2))}, of a trigger, ${triggers.length === 1 ? 'calls' : 'call'} it with the rights of whoever writes, and revoking EXECUTE would break that: ask inside who is calling`,
      sql: questionIn(routine, state, true),
    };
  if (triggers.length > 0)
    return {
      advice: `${named(triggers.slice(0, 2))}, of a trigger, ${triggers.length === 1 ? 'calls' : 'call'} it with the rights of whoever writes, and revoking EXECUTE alone would break that: let the trigger's function run as its owner first`,
      sql: [
        ...triggers.map((key) => {
          const path = state.routines.get(key)?.config.search_path;
          return `alter function ${key} security definer${path === undefined ? ' set search_path = public' : ''};`;
        }),
        revoked(routine),
      ].join('\n'),
    };
  if (!helper) {
    const worth = worthIn(routine);
    if (worth !== null)
      return forTheServer(routine, calls, state, `It writes ${worth}, which no user chooses`, false);
    if (!asksForRows(routine, state))
      return forTheServer(
        routine,
        calls,
        state,
        'No argument of it says whose rows, so there is none to compare',
        true,
      );
  }
  if (
    uncalled !== null &&
    !helper &&
    !isGrantedTo(routine, 'authenticated') &&
    !isGrantedTo(routine, 'anon') &&
    !isCalledAsCaller(routine, state)
  )
    return {
      advice: `${uncalled.length === 0 ? 'No code here calls it' : `Only the server calls it (${placesOf(uncalled)})`}: revoke EXECUTE`,
      sql: revoked(routine),
    };
  const person = personIn(routine, state);
  const rows = person === undefined && !helper ? askedOfRows(routine, state) : null;
  const ask =
    rows?.by === 'policies'
      ? `sk inside what the policies of "${rows.table.key}" ask`
      : person === undefined
        ? "sk inside whether the row that its argument names is the caller's"
        : `ompare its argument "${person}" with "auth.uid()" inside`;
  const begin = person === undefined ? ['a', 'A'] : ['c', 'C'];
  const question = `${saidOfNoSession(calls)}${(helper ? questionOfHelper : questionIn)(routine, state, true)}${saidOfSignUp(calls)}`;
  if (calls.length > 0)
    return {
      advice: `The code calls it (${placesOf(calls)}), and ${helper ? 'moving it' : 'revoking EXECUTE'} would break that: ${begin[0]}${ask}`,
      sql: question,
    };
  if (helper)
    return {
      advice: `${begin[1]}${ask}, or move it to a schema that is not exposed`,
      sql: `-- policies go on calling it there\ncreate schema if not exists private;\ngrant usage on schema private to authenticated;\nalter function ${routine.key} set schema private;`,
    };
  if (
    isGrantedTo(routine, 'service_role') &&
    !isGrantedTo(routine, 'authenticated') &&
    !isGrantedTo(routine, 'anon')
  )
    return {
      advice: `By its GRANT it is for the server, and ${whoHolds(routine)} all the same: revoke that`,
      sql: revoked(routine),
    };
  if (isGrantedTo(routine, 'authenticated'))
    return {
      advice: `A GRANT names "authenticated": where users call it, ${begin[0]}${ask}, else revoke EXECUTE`,
      sql: `${question}\n-- or, where only the server calls it\n${revoked(routine)}`,
    };
  return {
    advice: `${begin[1]}${ask}, or revoke EXECUTE`,
    sql:
      person === undefined && rows === null
        ? revoked(routine)
        : `${question}\n-- or, where only the server calls it\n${revoked(routine)}`,
  };
}

/** Where e-mail addresses are confirmed, nobody is signed in yet. */
const saidOfSignUp = (calls: readonly ClientCall[]) =>
  calls.some(({ afterSignUp }) => afterSignUp)
    ? `\n-- the code calls it right behind signing up (${placesOf(calls.filter(({ afterSignUp }) => afterSignUp))}): where addresses are confirmed first, nobody is signed in then and this refuses it; call it at the first sign-in, or let a trigger of auth.users do it`
    : '';

/** It writes nothing by itself and does not ask as whom it runs: run as its owner it does the same. */
function onlyFillsTheRow(key: string, { routines }: SchemaState): boolean {
  const code = codeOf(routines.get(key)?.body ?? '').bare;
  return !/\b(insert\s+into|update\s+(?!of\b)\w|delete\s+from|merge\s+into|execute|current_user|session_user|current_role)\b/i.test(
    code,
  );
}

const revoked = ({ key }: Routine) =>
  `revoke execute on function ${key} from public, anon, authenticated;\ngrant execute on function ${key} to service_role;`;

/** Whoever asks is no answer here: it is the server's alone, and so are its callers. */
function forTheServer(
  routine: Routine,
  calls: readonly ClientCall[],
  state: SchemaState,
  why: string,
  orAsked: boolean,
): FunctionMend {
  const rows = orAsked ? askedOfRows(routine, state) : null;
  if (rows !== null && calls.length > 0)
    return {
      advice: `${why}. The code calls it (${placesOf(calls)}): ask inside what the policies of "${rows.table.key}" ask, or move the call to the server and revoke EXECUTE`,
      sql: `${questionIn(routine, state, true)}\n-- or, where only the server calls it\n${onceWithServiceKey(calls)}${revoked(routine)}`,
    };
  const moved =
    calls.length > 0
      ? `Move the call (${placesOf(calls)}) to the server, and revoke EXECUTE`
      : isGrantedTo(routine, 'authenticated')
        ? 'A GRANT names "authenticated": whoever calls it as a user has to do so on the server; revoke EXECUTE'
        : 'Revoke EXECUTE, and let the server call it';
  const person = personIn(routine, state);
  const till =
    calls.length > 0 && person !== undefined
      ? `-- till then each for themselves alone\n${questionIn(routine, state, true)}${saidOfSignUp(calls)}\n`
      : '';
  return { advice: `${why}. ${moved}`, sql: `${till}${onceWithServiceKey(calls)}${revoked(routine)}` };
}

/** Some argument says which rows: a person, or an id. */
const asksForRows = (routine: Routine, state: SchemaState) =>
  personIn(routine, state) !== undefined ||
  routine.arguments.some(
    ({ name, type, mode }) =>
      (mode === 'in' || mode === 'inout' || mode === 'variadic') &&
      (/^uuid(\[\])?$/.test(type) ||
        /(^|_)(ids?|slug|code|token|key|e_?mail|phone|name|handle|domain|number)s?$/i.test(name ?? '') ||
        (name === null && !/^(boolean|interval|date|timestamp)/.test(type))),
  );

const precious =
  /(^|_)(points?|credits?|coins?|gems|balances?|wallets?|xp|tiers?|premium|kyc|rewards?|roles?|quotas?|trials?|subscriptions?|entitlements?)(_|$)|^is_(super_?)?(admin|pro|paid|verified)$|^(identity|phone|id)_verified(_at)?$|^(banned|suspended)(_at|_until)?$/i;

const gives =
  /^_?(grant|award|give|add|credit|deposit|payout|refund|upgrade|downgrade|activate|deactivate|lock|unlock|consume|spend|deduct|settle|set|assign|promote)_/i;

/**
 * What it writes that is worth something by itself: points, a tier, a role. An argument chooses it, or the function is
 * there to give it; that somebody's own act earns a point, without saying how many, is another thing.
 */
function worthIn({ name, body, arguments: all }: Routine): string | null {
  const code = codeOf(body).bare;
  const worth = [...new Set([...assignedIn(code), ...insertedIn(code)])].filter((column) =>
    precious.test(column),
  );
  if (worth.length === 0) return null;
  const chosen = all.some(
    ({ type, mode }) => (mode === 'in' || mode === 'inout') && !/^(uuid|json|jsonb)(\[\])?$/.test(type),
  );
  return (gives.test(name) && precious.test(name)) ||
    (chosen && gives.test(name)) ||
    isChosen(code, worth, all)
    ? named(worth.slice(0, 2))
    : null;
}

/** `set tier = p_tier`, `set balance = balance + amount`. */
const isChosen = (code: string, worth: readonly string[], all: Routine['arguments']) =>
  worth.some((column) =>
    all.some(
      ({ name }) =>
        name !== null &&
        new RegExp(
          `\\b${escapeRegExp(column)}\\s*=[^,;]{0,80}\\b${name.replace(/[^\w]/g, '.')}\\b`,
          'i',
        ).test(code.replace(/\bwhere\b[^;]*/gi, ';')),
    ),
  );

/** Columns that UPDATE sets. */
const assignedIn = (code: string): string[] =>
  [...code.matchAll(/\bset\b([\s\S]*?)(?=\b(?:where|from|returning)\b|;|$)/gi)].flatMap(([, list]) =>
    [...list!.matchAll(/(?:^|,)\s*"?(\w+)"?\s*=/g)].map(([, column]) => column!),
  );

/** Tables that INSERT fills, and the columns it names. */
const insertedIn = (code: string): string[] =>
  [...code.matchAll(/\binsert\s+into\s+(?:"?\w+"?\.)?"?(\w+)"?\s*(?:as\s+\w+\s*)?\(([^)]*)\)/gi)].flatMap(
    ([, table, columns]) => [table!, ...columns!.split(',').map((column) => column.replace(/[\s"]/g, ''))],
  );

/** By PostgreSQL's default PUBLIC holds it; by Supabase's the API roles do, each by itself. */
function whoHolds({ grants }: Routine): string {
  if (grants.some(({ grantee }) => grantee === 'public')) return 'PUBLIC holds EXECUTE';
  const roles = apiRoles.filter((role) => grants.some(({ grantee }) => grantee === role));
  return `${named(roles)} ${roles.length === 1 ? 'holds' : 'hold'} EXECUTE by default`;
}
