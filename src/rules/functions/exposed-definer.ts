import type { Facts } from '../../model/facts.ts';
import type { Severity } from '../../model/finding.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import { userCallsOfRoutine } from '../support/application/routine-calls.ts';
import { routineLooksAtCaller } from '../support/callers/caller.ts';
import { type ApiRole, isPlatform, reachers } from '../support/callers/roles.ts';
import { executedArgument } from '../support/functions/executed-arguments.ts';
import { exposedTo } from '../support/functions/exposed.ts';
import { caseOf, doing, serverAlone } from '../support/functions/exposed-cases.ts';
import { nullBlindRefusal } from '../support/functions/null-blind.ts';
import { closedToNobody, passesNobody, refusingNull } from '../support/functions/null-mend.ts';
import { isCalledByPolicy } from '../support/policies/policy-callers.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'functions/exposed-definer',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a security definer function that API roles can call',
  why: 'Every function of an exposed schema is an endpoint, /rest/v1/rpc/…. A security definer function runs with its owner’s rights, past every policy: it must itself ask who is calling. New functions can be executed by everybody (PUBLIC) unless that is revoked. One that works on guarded tables and never asks is a warning, and so are one that writes, never asks and was granted to service_role alone, and one whose check is null where nobody is signed in, as <> with auth.uid() is: IF takes null for false, and visitors pass; a note where it looks a row up by a token that it is given, only counts, counts up or deletes what is out of date, or was granted to anon by name, gives no personal columns that policies hide from visitors, and either only reads or was taken from PUBLIC first, where it looks up one value, granted to authenticated by name and anon has no part in it, where a trigger function calls it with the rights of whoever writes, and where it reads, answers yes or no, and the code calls it just before a sign-up alone: there is no user yet whom it could ask for.',
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
    const open = reachers(routine, 'execute', state);
    if (open.length === 0) return;
    const told =
      letsNobodyPass(routine, open, state) ??
      runsWhatItIsGiven(routine, open, state, facts) ??
      runsPastPolicies(routine, open, { state, set, facts });
    if (told === null) return;
    // Written anew by this change: its author is looking at it.
    const isRewritten = set.before.routines.get(routine.key)?.body !== routine.body;
    report({
      message: `${named(told.roles)} can call "${routine.key}", a "security definer" function, through the API${told.rest}`,
      at: home(routine.origin),
      object: routine.key,
      key: [...told.key, ...(isRewritten ? ['rewritten'] : [])].join(', '),
      severity: told.severity,
      evidence: evidenceOf(state),
      help: told.help,
    });
  },
});

/** What is told of the function: behind "can call it through the API", the rest. */
interface Told {
  readonly roles: readonly ApiRole[];
  readonly rest: string;
  readonly key: readonly string[];
  readonly severity?: Severity;
  readonly help: string;
}

/** Its check is null where nobody is signed in, and IF takes that for false. */
function letsNobodyPass(routine: Routine, open: readonly ApiRole[], state: SchemaState): Told | null {
  const blind = open.includes('anon') ? nullBlindRefusal(routine, state) : null;
  if (blind === null) return null;
  const asked = isCalledByPolicy(routine, state);
  const way = asked
    ? 'Let the comparison refuse null, as policies call the function'
    : 'Revoke EXECUTE from PUBLIC and "anon", or let the comparison refuse null';
  return {
    roles: ['anon'],
    rest: `. ${passesNobody(blind)} They get to ${named(blind.tables.slice(0, 3))}, past all policies. ${way}.`,
    key: [],
    severity: 'warning',
    help: sqlFence(asked ? refusingNull(blind) : closedToNobody(routine, blind)),
  };
}

/** It runs SQL that it makes of an argument, and asks nobody who is calling. */
function runsWhatItIsGiven(
  routine: Routine,
  open: readonly ApiRole[],
  state: SchemaState,
  facts: Facts,
): Told | null {
  const executed = routineLooksAtCaller(routine, state) ? null : executedArgument(routine);
  if (executed === null) return null;
  const calls = userCallsOfRoutine(routine, facts);
  const way =
    calls.length === 0
      ? 'Revoke EXECUTE'
      : `The code calls it (${placesOf(calls)}): write the query there instead, and revoke EXECUTE`;
  return {
    roles: open,
    rest: `, and it runs SQL that it makes of "${executed}" as it comes. Whoever calls it does with its owner's rights what it likes. ${way}.`,
    key: ['executes'],
    severity: 'error',
    help: sqlFence(serverAlone(routine)),
  };
}

/** What it does past the policies, and what stands in the way of revoking EXECUTE. */
function runsPastPolicies(
  routine: Routine,
  open: readonly ApiRole[],
  { state, set, facts }: Pick<StateContext, 'state' | 'set' | 'facts'>,
): Told | null {
  const seen = exposedTo(open, routine, { state, set, facts });
  if (seen === null) return null;
  const { way, help } = caseOf(seen);
  return {
    roles: seen.roles,
    rest: `. ${doing(seen)}. ${way(seen)}`,
    key: [],
    severity: seen.isGrave || seen.isServers ? 'warning' : undefined,
    help: help(seen),
  };
}
