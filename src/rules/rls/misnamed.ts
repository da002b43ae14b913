import type { Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule, type StateContext } from '../rule.ts';
import { callsOfServer, callsOn, onceWithServiceKey, placesOf } from '../support/application/client-calls.ts';
import { appliesTo, commandsOf, entrantsOf } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { holdsForNobody, isPlainTrue, neverHolds, opensTo } from '../support/conditions/truth.ts';
import { callersStay, lettingIn, staffStays } from '../support/open-policies/stays-beside.ts';
import { questionFor } from '../support/owners/role-question.ts';
import { alsoAsking, claimFor, meansServer, promiseOf } from '../support/policies/misnamed.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { nodesOf } from '../support/syntax/tree.ts';
import { policyKey, policyTable } from '../support/tables/tables.ts';
import { isSaidWithoutLogin } from '../support/words/comment-above.ts';
import { people, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/misnamed',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a policy called after a role that neither its TO nor its predicate asks for',
  why: 'A policy without TO is for PUBLIC, everybody. Calling it "Service role can manage …" limits nothing, and service_role needs no policy at all: it bypasses row level security. Such policies open tables to the anonymous key.',
  remedy:
    'Drop the policy if it is meant for service_role, else name the role in TO.\n\n```sql\ndrop policy "Service role can manage notes" on public.note;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createpolicy.html'],
  fixable: false,
  table(declared, context) {
    const table = policyTable(declared, context);
    if (table === null || !table.rls) return;
    for (const policy of table.policies) {
      const promised = promiseOf(policy, table, context.state, context.facts);
      if (promised === null || isToldElsewhere(policy, table)) continue;
      // Whom a row of another table is asked about, it is not for everyone who signed in.
      const asks = predicatesOf(policy).some(({ node }) => nodesOf(node, 'RangeVar').length > 0);
      const { way, help } = wayOf(promised, policy, table, context);
      context.report({
        message: `Policy "${policy.name}" on "${table.key}" is for ${promised} by its name, and for ${people(reachedBy(policy, table, context.state))}${asks ? ' who meets its condition' : ''} in effect. Neither its TO nor its condition limits it so. ${way}.`,
        at: context.home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(context.state),
        help: sqlFence(help),
      });
    }
  },
});

function isToldElsewhere(policy: Policy, table: Table): boolean {
  // rls/always-true says it, and that it is an error.
  const writesAll =
    policy.using !== null &&
    isPlainTrue(policy.using.node) &&
    commandsOf(policy).some((command) => command === 'update' || command === 'delete');
  if (writesAll) return true;
  // rls/null-user says it: whoever is not signed in passes, as the server does.
  return appliesTo(policy, 'anon') && predicatesOf(policy).some(({ node }) => holdsForNobody(node, table));
}

const reachedBy = (policy: Policy, table: Table, state: SchemaState) =>
  entrantsOf(policy, table, state).filter(
    (each) =>
      each !== 'anon' ||
      predicatesOf(policy).some(
        ({ node }) => opensTo(node) !== 'users' && !neverHolds(node, { table, who: 'nobody' }),
      ),
  );

interface Way {
  readonly way: string;
  readonly help: string;
}

function wayOf(promised: string, policy: Policy, table: Table, context: StateContext): Way {
  if (meansServer(promised)) return asTheServers(promised, policy, table, context);
  if (promised === 'administrators' || promised === 'staff')
    return asOfAccounts(promised, policy, table, context);
  return { way: 'Name the role in TO', help: `${altered(policy, table)} to authenticated;` };
}

/** These are no roles of the database: TO can't name them. */
function asOfAccounts(
  promised: 'administrators' | 'staff',
  policy: Policy,
  table: Table,
  { state, facts }: StateContext,
): Way {
  const question =
    questionFor(promised, state, table) ?? claimFor(promised === 'administrators' ? 'admin' : 'staff');
  const lines = [
    ...(isSaidWithoutLogin(policy.origin, facts)
      ? ['-- who has no Supabase login there reads and writes through the server, with the service key']
      : []),
    staffStays(policy, table, state) ?? alsoAsking(policy, table, question),
  ];
  return { way: 'Ask in its condition whether the caller is one', help: lines.join('\n') };
}

function asTheServers(promised: string, policy: Policy, table: Table, { state, facts }: StateContext): Way {
  const drop = `drop policy ${quoteIdent(policy.name)} on ${table.key};`;
  // What the application does as the user is not for the server alone, whatever the name says.
  const calls = callsOn(table.key, commandsOf(policy), facts);
  const staying = calls.length > 0 ? callersStay(policy, table, state, calls) : [];
  if (staying.length > 0)
    return {
      way: `The code does it with the user's own rights (${placesOf(calls)}), for which ${lettingIn(staying)}: drop this one`,
      help: drop,
    };
  if (calls.length > 0)
    return {
      way: `The code relies on it (${placesOf(calls)}), so dropping it would break that: limit its condition to what is the caller's, and name it after them`,
      help: `${altered(policy, table)} rename to ${quoteIdent(`users ${policy.command === 'all' ? 'change' : policy.command}`)};`,
    };
  if (promised === 'the service role')
    return {
      way: 'Name the role in TO, or drop the policy: "service_role" needs none',
      help: `${altered(policy, table)} to service_role;`,
    };
  return {
    way: 'Drop the policy if the server writes as "service_role", which needs none; a trigger that writes for users can be "security definer"',
    help: `${onceWithServiceKey(callsOfServer(table.key, writing(policy), facts))}${drop}`,
  };
}

const altered = (policy: Policy, table: Table) => `alter policy ${quoteIdent(policy.name)} on ${table.key}`;

const writing = (policy: Policy) => commandsOf(policy).filter((command) => command !== 'select');
