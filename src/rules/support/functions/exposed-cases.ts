/** What is said of a security definer function that API roles can call, and the SQL for it: case by case, the first that holds. */
import type { ClientCall } from '../../../model/client.ts';
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { named, sqlFence } from '../words/words.ts';
import { personIn, questionIn, questionOfHelper } from './asking.ts';
import type { Exposed } from './exposed.ts';
import { onlyReads } from './published.ts';

interface Case {
  holds(seen: Exposed): boolean;
  way(seen: Exposed): string;
  help(seen: Exposed): string;
}

export const caseOf = (seen: Exposed): Case => cases.find(({ holds }) => holds(seen)) ?? nothingElse;

export function doing({ tables, unseen, helper, triggers: [trigger] }: Exposed): string {
  if (tables.length > 0) return `It works on ${passedBy(tables, unseen)} and never asks who is calling`;
  if (!helper) return "It runs past every policy, with its owner's rights";
  const caller =
    trigger === undefined ? 'policies call it' : `"${trigger}" calls it with the rights of whoever writes`;
  return `It runs past every policy; ${caller}, so its EXECUTE must stay`;
}

function passedBy(tables: readonly string[], unseen: readonly string[]): string {
  const seen = tables.filter((key) => !unseen.includes(key));
  if (unseen.length === 0) return `${named(seen.slice(0, 3))} past their policies`;
  const others = `${named(unseen.slice(0, 3))}, which no migration makes,`;
  return seen.length > 0
    ? `${named(seen.slice(0, 3))} past their policies, and on ${others}`
    : `${others} past whatever policies ${unseen.length === 1 ? 'it has' : 'they have'},`;
}

/** Nobody but the server is meant to call it. */
const serversOwn: Case = {
  holds: ({ isServers }) => isServers,
  way: () =>
    'Its GRANT is for "service_role" alone, and PUBLIC holds EXECUTE from the start: revoke it from PUBLIC, "anon" and "authenticated".',
  help: ({ routine }) => sqlFence(serverAlone(routine)),
};

/** Policies or triggers call it and the code too: it must stay where it is, and its EXECUTE too. */
const helperOfTheCode: Case = {
  holds: ({ helper, calls }) => helper && calls.length > 0,
  way: ({ calls, looks }) =>
    `The code calls it as well (${placesOf(calls)}), so it must stay in this schema${looks ? '' : ': check in it that the caller, "auth.uid()", may do this'}.`,
  help: ({ routine, state, looks }) =>
    looks
      ? 'See that it answers callers about themselves, and about others only what all may know.'
      : sqlFence(questionOfHelper(routine, state, true)),
};

const helperOfTriggers: Case = {
  holds: ({ triggers }) => triggers.length > 0,
  way: () => 'Move it to a schema that is not exposed, and call it there.',
  help: ({ routine, open, triggers }) => sqlFence(moved(routine, open, triggers)),
};

const helperOfPolicies: Case = {
  holds: ({ helper }) => helper,
  way: () => 'Move it to a schema that is not exposed.',
  help: ({ routine }) => sqlFence(moved(routine, ['authenticated'], [])),
};

const leftOverToStrangers: Case = {
  holds: ({ leftOver, keepers }) => leftOver && keepers.length === 0,
  way: ({ readAnyway }) =>
    `${readAnyway ? 'Signed-in users may read all that anyway' : 'Its GRANT is for "authenticated"'}: revoke EXECUTE from PUBLIC and "anon".`,
  help: ({ routine, readAnyway }) =>
    sqlFence(
      readAnyway ? usersAlone(routine) : `revoke execute on function ${routine.key} from public, anon;`,
    ),
};

const calledByPoliciesElsewhere: Case = {
  holds: ({ keepers }) => keepers.length > 0,
  way: ({ elsewhere, keepers }) =>
    `Policies in ${named(elsewhere.slice(0, 2).map(({ name }) => name))} call it, so ${named(keepers)} must keep EXECUTE: check in it that the caller, "auth.uid()", may do this.`,
  help: ({ routine, state, open, keepers }) =>
    askedByPolicies(routine, state, open.includes('anon') && !keepers.includes('anon')),
};

const calledAsAVisitor: Case = {
  holds: ({ visits }) => visits.length > 0,
  way: ({ visits }) =>
    `An Edge Function calls it with the anon key and without the user's token (${placesOf(visits)}), so as "anon" whoever asks: give it the service key there first, and revoke EXECUTE then.`,
  help: ({ routine, visits }) =>
    sqlFence(`-- once the client there holds the service key: ${placesOf(visits)}\n${serverAlone(routine)}`),
};

/** There is no user yet whom it could ask for. */
const calledBeforeSignUp: Case = {
  holds: ({ tables, signUps }) => tables.length > 0 && signUps.length > 0,
  way: ({ signUps }) =>
    `The code calls it before somebody signs up (${placesOf(signUps)}): nobody is signed in then, and a check of "auth.uid()" would refuse all of them. See that it answers no more than that form needs.`,
  help: ({ routine }) =>
    `${routine.returns === 'boolean' ? 'Limit' : 'Let it answer with yes or no, and limit'} how often it may be called: whoever asks often enough learns which names are there.`,
};

const harmlessForTheCode: Case = {
  holds: ({ tables, calls, isGrave }) => tables.length > 0 && calls.length > 0 && !isGrave,
  way: ({ calls }) =>
    `The code calls it (${placesOf(calls)}): see that what it gives or changes is meant for everybody who can.`,
  help: () =>
    'Limit it to what everybody may see, and how often it may be called to what the application needs.',
};

const graveForTheCode: Case = {
  holds: ({ tables, calls }) => tables.length > 0 && calls.length > 0,
  way: ({ calls }) =>
    `The code calls it (${placesOf(calls)}), and revoking EXECUTE would break that: check in it that the caller, "auth.uid()", may do this.`,
  help: ({ routine, state }) => sqlFence(questionIn(routine, state, true)),
};

const neverAsks: Case = {
  holds: ({ tables }) => tables.length > 0,
  way: () => 'Check in it that the caller, "auth.uid()", may do this, or revoke EXECUTE.',
  help: ({ routine, state, granted, unknownCalls, serverCalls }) =>
    granted || (personIn(routine, state) !== undefined && onlyReads(routine))
      ? askingFirst(routine, state, unknownCalls, serverCalls)
      : sqlFence(`${onceServer(unknownCalls)}${serverAlone(routine)}`),
};

const asks: Case = {
  holds: ({ looks }) => looks,
  way: () => 'It asks who is calling: revoke EXECUTE from PUBLIC and "anon".',
  help: ({ routine }) => sqlFence(usersAlone(routine)),
};

const calledByTheCode: Case = {
  holds: ({ calls }) => calls.length > 0,
  way: ({ calls }) => `The code calls it (${placesOf(calls)}): keep EXECUTE for those who do.`,
  help: ({ routine, open }) =>
    open.includes('anon')
      ? sqlFence(`-- where only signed-in users call it\n${usersAlone(routine)}`)
      : 'Limit it to what its callers need, and to what they may see.',
};

const nothingElse: Case = {
  holds: () => true,
  way: () => 'Revoke EXECUTE from those who need not call it.',
  help: ({ routine, unknownCalls }) => sqlFence(`${onceServer(unknownCalls)}${serverAlone(routine)}`),
};

const cases: readonly Case[] = [
  serversOwn,
  helperOfTheCode,
  helperOfTriggers,
  helperOfPolicies,
  leftOverToStrangers,
  calledByPoliciesElsewhere,
  calledAsAVisitor,
  calledBeforeSignUp,
  harmlessForTheCode,
  graveForTheCode,
  neverAsks,
  asks,
  calledByTheCode,
];

export const serverAlone = ({ key }: Routine) =>
  `revoke execute on function ${key} from public, anon, authenticated;\ngrant execute on function ${key} to service_role;`;

const usersAlone = ({ key }: Routine) =>
  `revoke execute on function ${key} from public, anon;\ngrant execute on function ${key} to authenticated;`;

/** Out of the API's sight; policies follow it there, bodies name it anew. */
const moved = ({ key, name }: Routine, roles: readonly string[], triggers: readonly string[]) =>
  [
    'create schema if not exists private;',
    `grant usage on schema private to ${roles.join(', ')};`,
    `alter function ${key} set schema private;`,
    ...triggers.map((trigger) => `-- and in ${trigger}: private.${quoteIdent(name)}(…)`),
  ].join('\n');

/** Policies go on calling it: what it asks, and EXECUTE taken from strangers where no policy of theirs calls it. */
const askedByPolicies = (routine: Routine, state: SchemaState, shutsOut: boolean) =>
  sqlFence(
    questionIn(routine, state) +
      (shutsOut
        ? `\n-- and, since no policy calls it for "anon"\nrevoke execute on function ${routine.key} from public, anon;\ngrant execute on function ${routine.key} to authenticated, service_role;`
        : ''),
  );

/** Granted, or read about one user: users may call it. A server has no auth.uid(): the question would shut it out as well. */
const askingFirst = (
  routine: Routine,
  state: SchemaState,
  calls: readonly ClientCall[],
  ofServer: readonly ClientCall[],
) =>
  sqlFence(
    `${questionIn(routine, state, calls.length > 0 || ofServer.length > 0)}\n-- or, where only a server calls it, which has no auth.uid(), this alone\n${onceServer(calls)}${serverAlone(routine)}`,
  );

/** Code that calls it with a key that nobody can tell: once EXECUTE is gone, only the service key does. */
const onceServer = (calls: readonly ClientCall[]) =>
  calls.length === 0 ? '' : `-- once the code calls it with the service key: ${placesOf(calls)}\n`;
