import type { ClientCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { callsOfRoutine, userCallsOfRoutine } from '../support/application/routine-calls.ts';
import { routineLooksAtCaller } from '../support/callers/caller.ts';
import { inputsOf } from '../support/callers/inputs.ts';
import { type FunctionMend, functionMend } from '../support/functions/function-mend.ts';
import { nullBlindByRow, nullBlindRefusal } from '../support/functions/null-blind.ts';
import {
  closedToNobody,
  passesNobody,
  passesWithoutRow,
  refusingNull,
} from '../support/functions/null-mend.ts';
import { givesPersonalData } from '../support/functions/personal-data.ts';
import { isGrantedTo, isKnowing, isLookup, isPublished, onlyReads } from '../support/functions/published.ts';
import { tablesTouched } from '../support/functions/touched-tables.ts';
import type { Leak, LeakGroup } from '../support/leaks/leak.ts';
import { seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { tablesWithoutAccounts } from '../support/leaks/nobody-signs-in.ts';
import { isPersonTable, isToken } from '../support/owners/owners.ts';
import { isCalledByPolicy } from '../support/policies/policy-callers.ts';
import { onlyCountsUp } from '../support/syntax/bodies.ts';
import { commentAbove, isSaidForStrangers } from '../support/words/comment-above.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/definer-function',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a security definer function gives or changes somebody else’s rows',
  why: 'A security definer function runs as its owner, past every policy, and every function of an exposed schema is an endpoint of the Data API. The probes called it and reached rows of somebody else.',
  remedy:
    'Ask in the function who is calling, or take EXECUTE away.\n\n```sql\nrevoke execute on function public.close_account(uuid) from public, anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/functions#security-definer-vs-invoker'],
  fixable: false,
  facts(context) {
    tellLeaks('access/definer-function', context, (group) => {
      const mend = mendOf(group, context.facts);
      const twin = twinOf(group, context.facts.head);
      const demo = demoOf(group, context.facts.head);
      return {
        ...(([
          computesAnew,
          counts,
          answersWithIds,
          isMadeForVisitors,
          isMadeForUsers,
          isPageByItsAddress,
          isByASecret,
          givesAnOpaqueId,
          onlyCountsRows,
          talliesByKind,
        ].some((mild) => mild(group, context.facts.head)) ||
          isSaidForOthers(group, context.facts) ||
          demo !== null ||
          twin !== null) && { severity: 'warning' as const }),
        message: `Function "${group.object.object}" ${isCounted(group) ? `gives numbers that rows of others in ${named(tablesOf(group))} go into` : 'reaches rows that belong to others'} (${seen(group.leaks)}). It runs as its owner, past every policy, and API roles may call it. ${twin === null ? '' : `As long as "${twin}" stands beside it with arguments of the same names, the Data API can't choose between the two (PGRST203). `}${demo ?? mend.advice}.`,
        help: sqlFence(mend.sql),
      };
    });
  },
});

/** No value of another's row came out, and a sum or a count did. */
const isCounted = ({ leaks }: LeakGroup) => leaks.every(({ cell }) => cell.reached?.how === 'counted');

const tablesOf = ({ leaks }: LeakGroup) => [...new Set(leaks.flatMap(({ cell }) => cell.via ?? []))];

/** How many there are of each kind, `group by log_type`: what came out of a row is the name of its kind. */
const talliesByKind = ({ leaks, object }: LeakGroup, { routines, tables }: SchemaState) => {
  const routine = routines.get(object.object);
  const isKind = ({ cell: { reached, via } }: Leak) =>
    reached?.how === 'gave' &&
    kind.test(reached.column) &&
    // The id of a channel says which one it is.
    tables.get(via ?? '')?.columns.find(({ name }) => name === reached.column)?.type !== 'uuid';
  return (
    routine !== undefined &&
    onlyReads(routine) &&
    /\bgroup\s+by\b/i.test(routine.body) &&
    /\bcount\s*\(/i.test(routine.body) &&
    leaks.every(isKind)
  );
};

const kind = /(^|_)(type|level|kind|category|status|state|theme|topic|severity|platform|source|channel)$/i;

/** How many there are, and no sum of what stands in them. */
const onlyCountsRows = (group: LeakGroup, { routines }: SchemaState) =>
  isCounted(group) && !/\b(sum|avg|min|max)\s*\(/i.test(routines.get(group.object.object)?.body ?? '');

/** What is said instead of a way out where nobody has an account. */
function demoOf(group: LeakGroup, state: SchemaState): string | null {
  const routine = state.routines.get(group.object.object);
  const tables = routine === undefined ? null : tablesWithoutAccounts(group, routine, state);
  return tables === null
    ? null
    : `Nobody signs in here: everybody reads ${named(tables)}, no policy and no function asks there who is calling, and EXECUTE is granted to "anon" by name. That is right for a demo. Before people keep rows of their own in it, let them sign in, and ask in the function who is calling`;
}

function mendOf(group: LeakGroup, facts: Facts): FunctionMend {
  const { object } = group.object;
  const routine = facts.head.routines.get(object);
  return routine === undefined
    ? {
        advice: 'Ask inside who is calling, or revoke EXECUTE',
        sql: `revoke execute on function ${object} from public, anon, authenticated;`,
      }
    : (nobodysMend(group, routine, facts.head) ??
        rankMend(group, routine, facts.head) ??
        functionMend(routine, callsOf(group, facts), facts.head, uncalled(routine, facts)));
}

/** It asks for a rank, and whoever has none got past that: another question would refuse those who may. */
function rankMend({ leaks }: LeakGroup, routine: Routine, state: SchemaState): FunctionMend | null {
  const blind = nullBlindByRow(routine, state);
  // Whoever has an ordinary rank passes such a check too.
  if (blind === null || ordinary.test(blind.condition)) return null;
  return leaks.every(({ cell }) => cell.acrossTenants === true)
    ? null
    : {
        advice: `${passesWithoutRow(blind)}. Put "coalesce(…, true)" around it`,
        sql: refusingNull(blind),
      };
}

const ordinary =
  /'(authenticated|users?|members?|customers?|clients?|employees?|workers?|students?|patients?|guests?|viewers?|players?|buyers?|parents?|active|approved)'/i;

/** It asks who is calling, and only who has not signed in got past that. */
function nobodysMend({ leaks }: LeakGroup, routine: Routine, state: SchemaState): FunctionMend | null {
  if (
    !leaks.every(({ principal }) => principal === 'anon') ||
    isGrantedTo(routine, 'anon') ||
    !routineLooksAtCaller(routine, state)
  )
    return null;
  const blind = nullBlindRefusal(routine, state);
  const why =
    blind === null
      ? 'It asks who is calling, and lets whoever has not signed in pass: "auth.uid()" is null for them, and so is what is compared with it'
      : passesNobody(blind).replace(/\.$/, '');
  return isCalledByPolicy(routine, state)
    ? {
        advice: `${why}. Compare with "is distinct from", or put "coalesce(…, false)" around it`,
        sql: blind === null ? '-- in its body: is distinct from, or coalesce(…, false)' : refusingNull(blind),
      }
    : {
        advice: `${why}. Compare with "is distinct from", put "coalesce(…, false)" around it, or revoke EXECUTE from PUBLIC and "anon"`,
        sql: closedToNobody(routine, blind),
      };
}

/** Pages or an app call as users, and none of them calls it; where there is only a server, whoever does is kept elsewhere. */
/** Calls with the service key, where the code of users is here and makes none; null where that is not known. */
function uncalled(routine: Routine, facts: Facts): readonly ClientCall[] | null {
  const calls = callsOfRoutine(routine, facts);
  const isShown = facts.clientCalls.some(
    ({ by, path }) => by === 'user' && !/(^|\/)supabase\/functions\//.test(path),
  );
  return isShown && calls.every(({ by }) => by === 'server') ? calls : null;
}

function callsOf({ object }: LeakGroup, facts: Facts) {
  const routine = facts.head.routines.get(object.object);
  return routine === undefined ? [] : userCallsOfRoutine(routine, facts);
}

/** Another of that name whose arguments bear the same names: PostgREST, which goes by these, calls neither. */
function twinOf({ object }: LeakGroup, { routines }: SchemaState): string | null {
  const routine = routines.get(object.object);
  if (routine === undefined) return null;
  const namesOf = (each: Routine) =>
    inputsOf(each)
      .map(({ name }) => name ?? '')
      .toSorted()
      .join();
  const twin = [...routines.values()].find(
    (other) =>
      other !== routine &&
      other.schema === routine.schema &&
      other.name === routine.name &&
      namesOf(other) === namesOf(routine),
  );
  return twin === undefined || namesOf(routine) === '' ? null : twin.key;
}

/** It only reads, and its author wrote above it that it is for strangers, or gives what is any user's. */
const isSaidForOthers = (group: LeakGroup, facts: Facts) => {
  const routine = facts.head.routines.get(group.object.object);
  if (routine === undefined || !onlyReads(routine)) return false;
  const said = `${commentAbove(routine.origin, facts)} ${routine.comment ?? ''}`;
  if (isSaidForStrangers(routine.origin, facts)) return true;
  const hidden = [...new Set(group.leaks.flatMap(({ cell }) => cell.via ?? []))];
  return (
    !/\b(not|never|no longer|internal|only)\b/i.test(said) &&
    !givesPersonalData(routine, hidden, facts.head) &&
    /\b(for|of) (any|all|every|other) (\w+ )?(users?|players?|members?|profiles?|people)\b|\banonymous callers\b|\bpublic (endpoint|profile)\b/i.test(
      said,
    )
  );
};

/** Granted to visitors by name, to whoever brings the token: who has it may. */
const isByASecret = ({ object }: LeakGroup, { routines }: SchemaState) => {
  const routine = routines.get(object.object);
  return routine !== undefined && isGrantedTo(routine, 'anon') && isKnowing(routine);
};

/** One id of a row that is no person's, to whoever knows another; none of a table whose rows have a secret of that type. */
const givesAnOpaqueId = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const routine = state.routines.get(object.object);
  return (
    routine?.returns === 'uuid' &&
    onlyReads(routine) &&
    leaks.every(({ cell }) => cell.via !== null && !isPersonTable(cell.via, state)) &&
    [...tablesTouched(routine, state), ...leaks.flatMap(({ cell }) => cell.via ?? [])].every(
      (key) => state.tables.get(key)?.columns.some(({ name }) => isToken(name)) !== true,
    )
  );
};

/** What stands behind a public address, a slug or a sub-domain: it gives nothing personal. */
const isPageByItsAddress = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const routine = state.routines.get(object.object);
  const asked = routine === undefined ? [] : inputsOf(routine);
  const hidden = leaks.flatMap(({ cell }) => cell.via ?? []);
  return (
    routine !== undefined &&
    asked.length === 1 &&
    /^_*(p_|in_|v_)?(\w+_)?(slug|sub_?domain|domain|host_?name|handle)_*$/i.test(asked[0]!.name ?? '') &&
    isLookup(routine) &&
    !givesPersonalData(routine, [...new Set(hidden)], state)
  );
};

const isHelper = ({ object }: LeakGroup, state: SchemaState) => {
  const routine = state.routines.get(object.object);
  return routine !== undefined && isCalledByPolicy(routine, state);
};

/**
 * Granted to visitors by name: it only reads, and shows to whoever brings an id what it is an id of; or it takes nothing
 * from them. Nothing personal is among it, unless a token is asked for.
 */
const isMadeForVisitors = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const routine = state.routines.get(object.object);
  const takes = routine?.arguments.some(({ mode }) => mode === 'in' || mode === 'inout') === true;
  if (routine === undefined) return false;
  const hidden = new Set([...leaks.flatMap(({ cell }) => cell.via ?? []), ...tablesTouched(routine, state)]);
  return (
    (takes ? isPublished(routine) && isLookup(routine) : isGrantedTo(routine, 'anon')) &&
    (isKnowing(routine) || !givesPersonalData(routine, [...hidden], state))
  );
};

/**
 * Granted to signed-in users by name and not to visitors, it is a search; or it asks who is calling and gives nothing back
 * of others' rows.
 */
const isMadeForUsers = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const routine = state.routines.get(object.object);
  return (
    routine !== undefined &&
    isGrantedTo(routine, 'authenticated') &&
    leaks.every(({ principal }) => principal !== 'anon') &&
    ((isLookup(routine) && !asksForAnId(routine)) ||
      (routineLooksAtCaller(routine, state) &&
        leaks.every(({ cell: { reached } }) => reached?.how === 'changed' || reached?.how === 'counted')))
  );
};

/** By an id somebody else's rows are picked out; a place, a word or a limit is a search. */
const asksForAnId = ({ arguments: all }: Routine) =>
  all.some(
    ({ name, type, mode }) =>
      mode !== 'out' &&
      mode !== 'table' &&
      (/^uuid/.test(type) || /(^|_)(id|uid|email)s?$/i.test(name ?? '')),
  );

const counts = ({ object }: LeakGroup, { routines }: SchemaState) =>
  onlyCountsUp(routines.get(object.object)?.body ?? '');

/** It answers yes or no, or with bare ids, to whoever knows a user's id, and changes nothing: no row comes out. */
function answersWithIds(group: LeakGroup, state: SchemaState): boolean {
  const { object, leaks } = group;
  const routine = state.routines.get(object.object);
  const asked = routine?.arguments.filter(({ mode }) => mode === 'in' || mode === 'inout') ?? [];
  return (
    /^(setof )?(uuid|boolean)(\[\])?$/i.test(routine?.returns ?? '') &&
    // A list by another id names people who are not known yet.
    (/^boolean$/i.test(routine!.returns) ||
      asked.every(({ name }) => usersId.test(name ?? '')) ||
      (/^uuid$/i.test(routine!.returns) && isHelper(group, state))) &&
    leaks.every(({ cell }) => cell.reached?.how === 'gave')
  );
}

/** `user_id`, `_uid`, `p_profile_id`; without a name it may be anything's. */
const usersId = /(^|_)(uid|(auth_?)?users?|profile|person|owner)(_?(id|uuid))?$/i;

/**
 * Works out once more what stands there already, from an id alone: a total, a score, a count. Whoever calls it brings
 * nothing of its own into it.
 */
function computesAnew({ object, leaks }: LeakGroup, { routines }: SchemaState): boolean {
  const routine = routines.get(object.object);
  return (
    routine !== undefined &&
    derived.test(routine.name) &&
    routine.arguments.filter(({ mode }) => mode !== 'out' && mode !== 'table').length <= 1 &&
    !/\b(delete\s+from|random\s*\(|truncate)\b/i.test(routine.body) &&
    leaks.every(({ cell }) => cell.reached?.how !== 'gave')
  );
}

const derived =
  /^(re_?)?(calc(ulate)?|compute|count|build|fresh|sync)(ulate)?_|^(update|set|refresh)_.*_(counts?|stats|statistics|scores?|totals?|ratings?|averages?|tiers?|balances?|ranks?|rankings?)$/i;
