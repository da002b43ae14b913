/** What is known of a security definer function that API roles can call: what it does, and who else calls it. */
import type { ClientCall } from '../../../model/client.ts';
import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { StateContext } from '../../rule.ts';
import { callsOfRoutine } from '../application/routine-calls.ts';
import { routineLooksAtCaller } from '../callers/caller.ts';
import type { ApiRole } from '../callers/roles.ts';
import { isDeclaredPublic } from '../policies/openness.ts';
import {
  type CallingFile,
  callingTriggers,
  filesCalling,
  isCalledByPolicy,
} from '../policies/policy-callers.ts';
import { codeOf, onlyCountsUp } from '../syntax/bodies.ts';
import { personIn } from './asking.ts';
import { givesPersonalData } from './personal-data.ts';
import { isGrantedTo, isKnowing, isLookup, isPublished, onlyReads } from './published.ts';
import { isMadeElsewhere, tablesTouched } from './touched-tables.ts';

export interface Exposed {
  readonly routine: Routine;
  readonly state: SchemaState;
  /** API roles that can call it, and those among them that are told of. */
  readonly open: readonly ApiRole[];
  readonly roles: readonly ApiRole[];
  /** It asks who is calling. */
  readonly looks: boolean;
  /** A policy or a trigger calls it: EXECUTE must stay with those who come that way. */
  readonly helper: boolean;
  readonly triggers: readonly string[];
  /** Guarded tables on which it works and never asks who is calling. */
  readonly tables: readonly string[];
  /** Somebody granted it to users by name. */
  readonly granted: boolean;
  /** It is for users, or tells them what they may read anyway: EXECUTE was left over to strangers. */
  readonly leftOver: boolean;
  readonly readAnyway: boolean;
  /** Files outside this change whose policies call it, and the roles that need its EXECUTE for them. */
  readonly elsewhere: readonly CallingFile[];
  readonly keepers: readonly ApiRole[];
  /** The application's calls: by users, by an Edge Function as a visitor, with a key that its text does not show. */
  readonly calls: readonly ClientCall[];
  readonly visits: readonly ClientCall[];
  readonly unknownCalls: readonly ClientCall[];
  /** Those with the service key, and those that a form of registration makes before there is a user. */
  readonly serverCalls: readonly ClientCall[];
  readonly signUps: readonly ClientCall[];
  /** Those of the tables that no migration makes: whether they have policies is not known. */
  readonly unseen: readonly string[];
  /** What it reaches is not for everybody who can call it. */
  readonly isGrave: boolean;
  /** It was granted to service_role alone, and PUBLIC still holds EXECUTE. */
  readonly isServers: boolean;
}

/** Null where somebody granted it by name and it asks who is calling: that is how it is done. */
export function exposedTo(
  open: readonly ApiRole[],
  routine: Routine,
  { state, set, facts }: Pick<StateContext, 'state' | 'set' | 'facts'>,
): Exposed | null {
  const looks = routineLooksAtCaller(routine, state);
  const triggers = callingTriggers(routine, state);
  const helper = triggers.length > 0 || isCalledByPolicy(routine, state);
  const isTrusted = helper && (triggers.length === 0 || !writesWhatIsGiven(routine));
  const tables = looks || isTrusted ? [] : tablesTouched(routine, state);
  const granted = routine.grants.some(
    ({ grantee, privilege, origin }) =>
      privilege === 'execute' && origin !== null && grantee !== 'service_role',
  );
  if (granted && (looks || helper) && tables.length === 0) return null;

  const forUsers = isForUsers(routine);
  const readAnyway = !forUsers && isLookup(routine) && isOpenToUsers(routine, state);
  const leftOver = (forUsers || readAnyway) && open.includes('anon');
  const elsewhere = tables.length > 0 && !helper && !forUsers ? filesCalling(routine, set, facts) : [];
  const asked = open.filter((role) => elsewhere.some(({ roles }) => roles.includes(role)));
  // What is left over to strangers goes, unless a policy of theirs calls it.
  const keepers = leftOver && !asked.includes('anon') ? [] : asked;
  const called = callsOfRoutine(routine, facts);
  // Who revokes what the code calls breaks it.
  const calls = called.filter(({ by }) => by === 'user');
  const signUps =
    personIn(routine, state) === undefined ? calls.filter(({ beforeSignUp }) => beforeSignUp) : [];
  const isGrave =
    tables.length > 0 &&
    !(signUps.length > 0 && signUps.length === calls.length && onlyAnswersYesOrNo(routine)) &&
    (!(forUsers || readAnyway) || leftOver) &&
    !isHarmless(routine) &&
    !(isPublished(routine) && !givesPersonalData(routine, tables, state));

  // So does who revokes what an Edge Function calls as a visitor, or asks there for auth.uid().
  const visits =
    isGrave && !helper && !leftOver && keepers.length === 0 && calls.length === 0
      ? called.filter(({ by }) => by === 'visitor')
      : [];
  const unknownCalls = called.filter(({ by }) => by === 'other');
  const isServers =
    isGrantedToServerAlone(routine) &&
    !looks &&
    !helper &&
    !leftOver &&
    !onlyReads(routine) &&
    !onlyCountsUp(routine.body) &&
    !onlyCleansUp(routine) &&
    [keepers, calls, visits, unknownCalls].every(({ length }) => length === 0);
  return {
    routine,
    state,
    open,
    roles: leftOver ? ['anon'] : open,
    looks,
    helper,
    triggers,
    tables,
    granted,
    leftOver,
    readAnyway,
    elsewhere,
    keepers,
    calls,
    visits,
    unknownCalls,
    serverCalls: called.filter(({ by }) => by === 'server'),
    signUps,
    unseen: tables.filter((key) => isMadeElsewhere(key, state)),
    isGrave,
    isServers,
  };
}

/** Whatever it reaches: a row is shown to who knows its token, a counter goes up, what is out of date goes. */
const isHarmless = (routine: Routine) =>
  isKnowing(routine) || onlyCountsUp(routine.body) || onlyTallies(routine) || onlyCleansUp(routine);

/** A form that asks whether a name is taken gets no rows. */
const onlyAnswersYesOrNo = (routine: Routine) => routine.returns === 'boolean' && onlyReads(routine);

/** Granted to signed-in users by name, a lookup of one value is for them: what strangers hold beside is left over. */
const isForUsers = (routine: Routine) =>
  isGrantedTo(routine, 'authenticated') &&
  !isGrantedTo(routine, 'anon') &&
  isLookup(routine) &&
  givesOneValue(routine);

/** Somebody wrote whom it is for. */
const isGrantedToServerAlone = ({ grants }: Routine) => {
  const written = grants.filter(({ privilege, origin }) => privilege === 'execute' && origin !== null);
  return written.length > 0 && written.every(({ grantee }) => grantee === 'service_role');
};

/** An answer, a number, an id: rows and documents may hold what only their owner should see. */
const givesOneValue = ({ returns }: Routine) => !/^(setof|table|record|jsonb?|xml)\b|\./i.test(returns);

/** How many there are, of all of them: a number, to which nobody brings anything. */
const onlyTallies = (routine: Routine) =>
  /^(smallint|integer|bigint)$/.test(routine.returns) &&
  routine.arguments.length === 0 &&
  onlyReads(routine) &&
  /\bselect\s+count\s*\(/i.test(codeOf(routine.body).bare);

/** It writes, and has arguments to write. */
const writesWhatIsGiven = ({ body, arguments: all }: Routine) =>
  all.some(({ mode }) => mode !== 'out' && mode !== 'table') &&
  /\b(insert\s+into|update|delete\s+from|merge\s+into|execute)\b/i.test(codeOf(body).bare);

/** Each table that it reads shows all its rows to signed-in users. */
const isOpenToUsers = (routine: Routine, state: SchemaState) => {
  const tables = tablesTouched(routine, state);
  return (
    tables.length > 0 &&
    tables.every((key) => isDeclaredPublic(state.tables.get(key) ?? null, 'authenticated', state))
  );
};

/** All it does is to delete what is out of date, or to mark it so, by nobody's choice. */
function onlyCleansUp({ body, arguments: all }: Routine): boolean {
  const { bare } = codeOf(body);
  const writes = [...bare.matchAll(/\b(?:delete\s+from|update)\s+[\w"][^;]*/gi)].map(([text]) => text);
  return (
    writes.length > 0 &&
    all.every(({ mode }) => mode === 'out' || mode === 'table') &&
    !/\b(insert\s+into|truncate|drop|execute)\b/i.test(bare) &&
    writes.every((text) =>
      /\bwhere\b[^;]*<=?\s*\(?\s*(now\s*\(|current_timestamp|current_date|clock_timestamp|timezone)/i.test(
        text,
      ),
    )
  );
}
