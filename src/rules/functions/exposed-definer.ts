import type { ClientCall } from '../../model/client.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { callsOfServer, callsOfVisitor, callsOn, placesOf } from '../support/application/client-calls.ts';
import { routineLooksAtCaller } from '../support/callers/caller.ts';
import { enters, holders, isPlatform } from '../support/callers/roles.ts';
import { personIn, questionIn, questionOfHelper } from '../support/functions/asking.ts';
import { executedArgument } from '../support/functions/executed-arguments.ts';
import { nullBlindRefusal } from '../support/functions/null-blind.ts';
import { closedToNobody, passesNobody, refusingNull } from '../support/functions/null-mend.ts';
import { givesPersonalData } from '../support/functions/personal-data.ts';
import { isGrantedTo, isKnowing, isLookup, isPublished, onlyReads } from '../support/functions/published.ts';
import { tablesTouched } from '../support/functions/touched-tables.ts';
import { isDeclaredPublic } from '../support/policies/openness.ts';
import { callingTriggers, filesCalling, isCalledByPolicy } from '../support/policies/policy-callers.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { codeOf, onlyCountsUp } from '../support/syntax/bodies.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'functions/exposed-definer',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a security definer function that API roles can call',
  why: 'Every function of an exposed schema is an endpoint, /rest/v1/rpc/…. A security definer function runs with its owner’s rights, past every policy: it must itself ask who is calling. New functions can be executed by everybody (PUBLIC) unless that is revoked. One that works on guarded tables and never asks is a warning, and so are one that writes, never asks and was granted to service_role alone, and one whose check is null where nobody is signed in, as <> with auth.uid() is: IF takes null for false, and visitors pass; a note where it looks a row up by a token that it is given, only counts, counts up or deletes what is out of date, or was granted to anon by name, gives no personal columns that policies hide from visitors, and either only reads or was taken from PUBLIC first, where it looks up one value, granted to authenticated by name and anon has no part in it, and where a trigger function calls it with the rights of whoever writes.',
  remedy:
    'Ask in the function who is calling, move helpers of policies to a schema that is not exposed, or take EXECUTE away.\n\n```sql\nrevoke execute on function public.close_month(date) from public, anon, authenticated;\ngrant execute on function public.close_month(date) to service_role;\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/functions#security-definer-vs-invoker',
    'https://www.postgresql.org/docs/17/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY',
  ],
  fixable: false,
  routine(routine, { state, set, facts, exposed, home, report }) {
    if (!routine.securityDefiner || !exposed(routine.schema) || isPlatform(routine.schema)) return;
    if (routine.kind === 'aggregate' || /^(event_)?trigger$/.test(routine.returns)) return;
    const open = holders(routine.grants, 'execute').filter((role) => enters(role, routine.schema, state));
    if (open.length === 0) return;
    const blind = open.includes('anon') ? nullBlindRefusal(routine, state) : null;
    if (blind !== null) {
      const asked = isCalledByPolicy(routine, state);
      report({
        message: `"anon" can call "${routine.key}", a "security definer" function, through the API. ${passesNobody(blind)} They get to ${named(blind.tables.slice(0, 3))}, past all policies. ${asked ? 'Let the comparison refuse null, as policies call the function' : 'Revoke EXECUTE from PUBLIC and "anon", or let the comparison refuse null'}.`,
        at: home(routine.origin),
        object: routine.key,
        key: set.before.routines.get(routine.key)?.body === routine.body ? '' : 'rewritten',
        severity: 'warning',
        evidence: evidenceOf(state),
        help: sqlFence(asked ? refusingNull(blind) : closedToNobody(routine, blind)),
      });
      return;
    }
    const executed = routineLooksAtCaller(routine, state) ? null : executedArgument(routine);
    if (executed !== null) {
      const calls = callsOn(`${routine.schema}.${routine.name}`, ['execute'], facts);
      report({
        message: `${named(open)} can call "${routine.key}", a "security definer" function, through the API, and it runs SQL that it makes of "${executed}" as it comes. Whoever calls it does with its owner's rights what it likes. ${calls.length === 0 ? 'Revoke EXECUTE' : `The code calls it (${placesOf(calls)}): write the query there instead, and revoke EXECUTE`}.`,
        at: home(routine.origin),
        object: routine.key,
        key: set.before.routines.get(routine.key)?.body === routine.body ? 'executes' : 'executes, rewritten',
        severity: 'error',
        evidence: evidenceOf(state),
        help: sqlFence(serverAlone(routine)),
      });
      return;
    }
    // Granted to signed-in users by name, a lookup of one value is for them: what strangers hold beside is left over.
    const forUsers =
      isGrantedTo(routine, 'authenticated') &&
      !isGrantedTo(routine, 'anon') &&
      isLookup(routine) &&
      givesOneValue(routine);
    // Users may read all that anyway.
    const readAnyway = !forUsers && isLookup(routine) && isOpenToUsers(routine, state);
    const leftOver = (forUsers || readAnyway) && open.includes('anon');
    const roles = leftOver ? open.filter((role) => role === 'anon') : open;
    const looks = routineLooksAtCaller(routine, state);
    const triggers = callingTriggers(routine, state);
    const trigger = triggers[0] ?? null;
    const helper = trigger !== null || isCalledByPolicy(routine, state);
    const tables =
      looks || (helper && (trigger === null || !writesWhatIsGiven(routine)))
        ? []
        : tablesTouched(routine, state);
    // Somebody granted it by name, and it asks who is calling: that is how it is done.
    const granted = routine.grants.some(
      ({ grantee, privilege, origin }) =>
        privilege === 'execute' && origin !== null && grantee !== 'service_role',
    );
    if (granted && (looks || helper) && tables.length === 0) return;
    const elsewhere = tables.length > 0 && !helper && !forUsers ? filesCalling(routine, set, facts) : [];
    const called = open.filter((role) => elsewhere.some(({ roles }) => roles.includes(role)));
    // What is left over to strangers goes, unless a policy of theirs calls it.
    const keepers = leftOver && !called.includes('anon') ? [] : called;
    // Who revokes what the code calls breaks it.
    const calls = callsOn(`${routine.schema}.${routine.name}`, ['execute'], facts);
    const isGrave =
      tables.length > 0 &&
      (!(forUsers || readAnyway) || leftOver) &&
      !isKnowing(routine) &&
      !onlyCountsUp(routine.body) &&
      !onlyTallies(routine) &&
      !onlyCleansUp(routine) &&
      !(isPublished(routine) && !givesPersonalData(routine, tables, state));
    // So does who revokes what an Edge Function calls as a visitor, or asks there for auth.uid().
    const visits =
      isGrave && !helper && !leftOver && keepers.length === 0 && calls.length === 0
        ? callsOfVisitor(`${routine.schema}.${routine.name}`, ['execute'], facts)
        : [];
    // With which key, its text does not show.
    const elsewhereCalled = callsOfServer(`${routine.schema}.${routine.name}`, ['execute'], facts).filter(
      ({ by }) => by === 'other',
    );
    const isServers =
      isGrantedToServerAlone(routine) &&
      !looks &&
      !helper &&
      !leftOver &&
      !onlyReads(routine) &&
      !onlyCountsUp(routine.body) &&
      !onlyCleansUp(routine) &&
      [keepers, calls, visits, elsewhereCalled].every(({ length }) => length === 0);
    const what =
      tables.length > 0
        ? `It works on ${named(tables.slice(0, 3))} past their policies and never asks who is calling`
        : helper
          ? `It runs past every policy; ${trigger === null ? 'policies call it' : `"${trigger}" calls it with the rights of whoever writes`}, so its EXECUTE must stay`
          : "It runs past every policy, with its owner's rights";
    // What the code calls must stay where it is, and its EXECUTE too.
    const stays = calls.length > 0 && helper;
    const way = isServers
      ? 'Its GRANT is for "service_role" alone, and PUBLIC holds EXECUTE from the start: revoke it from PUBLIC, "anon" and "authenticated".'
      : stays
        ? `The code calls it as well (${placesOf(calls)}), so it must stay in this schema${looks ? '' : ': check in it that the caller, "auth.uid()", may do this'}.`
        : trigger !== null
          ? 'Move it to a schema that is not exposed, and call it there.'
          : leftOver && keepers.length === 0
            ? `${readAnyway ? 'Signed-in users may read all that anyway' : 'Its GRANT is for "authenticated"'}: revoke EXECUTE from PUBLIC and "anon".`
            : keepers.length > 0
              ? `Policies in ${named(elsewhere.slice(0, 2).map(({ name }) => name))} call it, so ${named(keepers)} must keep EXECUTE: check in it that the caller, "auth.uid()", may do this.`
              : visits.length > 0
                ? `An Edge Function calls it with the anon key and without the user's token (${placesOf(visits)}), so as "anon" whoever asks: give it the service key there first, and revoke EXECUTE then.`
                : tables.length > 0 && calls.length > 0 && !isGrave
                  ? `The code calls it (${placesOf(calls)}): see that what it gives or changes is meant for everybody who can.`
                  : tables.length > 0 && calls.length > 0
                    ? `The code calls it (${placesOf(calls)}), and revoking EXECUTE would break that: check in it that the caller, "auth.uid()", may do this.`
                    : tables.length > 0
                      ? 'Check in it that the caller, "auth.uid()", may do this, or revoke EXECUTE.'
                      : helper
                        ? 'Move it to a schema that is not exposed.'
                        : looks
                          ? 'It asks who is calling: revoke EXECUTE from PUBLIC and "anon".'
                          : calls.length > 0
                            ? `The code calls it (${placesOf(calls)}): keep EXECUTE for those who do.`
                            : 'Revoke EXECUTE from those who need not call it.';
    report({
      message: `${named(roles)} can call "${routine.key}", a "security definer" function, through the API. ${what}. ${way}`,
      at: home(routine.origin),
      object: routine.key,
      // Written anew by this change: its author is looking at it.
      key: set.before.routines.get(routine.key)?.body === routine.body ? '' : 'rewritten',
      severity: isGrave || isServers ? 'warning' : undefined,
      evidence: evidenceOf(state),
      help: isServers
        ? sqlFence(serverAlone(routine))
        : stays
          ? looks
            ? 'See that it answers callers about themselves, and about others only what all may know.'
            : sqlFence(questionOfHelper(routine, state, true))
          : helper
            ? sqlFence(moved(routine, trigger === null ? ['authenticated'] : open, triggers))
            : keepers.length > 0
              ? askedByPolicies(routine, state, open.includes('anon') && !keepers.includes('anon'))
              : visits.length > 0
                ? sqlFence(
                    `-- once the client there holds the service key: ${placesOf(visits)}\n${serverAlone(routine)}`,
                  )
                : leftOver || looks
                  ? sqlFence(
                      `revoke execute on function ${routine.key} from public, anon;${leftOver && !readAnyway ? '' : `\ngrant execute on function ${routine.key} to authenticated;`}`,
                    )
                  : tables.length > 0 && calls.length > 0
                    ? isGrave
                      ? sqlFence(questionIn(routine, state, true))
                      : 'Limit it to what everybody may see, and how often it may be called to what the application needs.'
                    : (granted || (personIn(routine, state) !== undefined && onlyReads(routine))) &&
                        tables.length > 0
                      ? askingFirst(routine, state, elsewhereCalled)
                      : calls.length > 0
                        ? !open.includes('anon')
                          ? 'Limit it to what its callers need, and to what they may see.'
                          : sqlFence(
                              `-- where only signed-in users call it\nrevoke execute on function ${routine.key} from public, anon;\ngrant execute on function ${routine.key} to authenticated;`,
                            )
                        : sqlFence(`${onceServer(elsewhereCalled)}${serverAlone(routine)}`),
    });
  },
});

/** Somebody wrote whom it is for. */
const isGrantedToServerAlone = ({ grants }: Routine) => {
  const written = grants.filter(({ privilege, origin }) => privilege === 'execute' && origin !== null);
  return written.length > 0 && written.every(({ grantee }) => grantee === 'service_role');
};

const serverAlone = ({ key }: Routine) =>
  `revoke execute on function ${key} from public, anon, authenticated;\ngrant execute on function ${key} to service_role;`;

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
const askingFirst = (routine: Routine, state: SchemaState, calls: readonly ClientCall[]) =>
  sqlFence(
    `${questionIn(routine, state, calls.length > 0)}\n-- or, where only a server calls it, which has no auth.uid(), this alone\n${onceServer(calls)}${serverAlone(routine)}`,
  );

/** Code that calls it with a key that nobody can tell: once EXECUTE is gone, only the service key does. */
const onceServer = (calls: readonly ClientCall[]) =>
  calls.length === 0 ? '' : `-- once the code calls it with the service key: ${placesOf(calls)}\n`;

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

/** All it does is to delete what is out of date, by nobody's choice. */
function onlyCleansUp({ body, arguments: all }: Routine): boolean {
  const { bare } = codeOf(body);
  const deletes = [...bare.matchAll(/\bdelete\s+from\b([^;]*)/gi)];
  return (
    deletes.length > 0 &&
    all.every(({ mode }) => mode === 'out' || mode === 'table') &&
    !/\b(insert\s+into|update\s+\w|truncate|drop|execute)\b/i.test(bare) &&
    deletes.every(([, rest]) =>
      /\bwhere\b[^;]*<=?\s*\(?\s*(now\s*\(|current_timestamp|clock_timestamp|timezone)/i.test(rest!),
    )
  );
}
