import type { Policy } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
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
      if (promised === null) continue;
      const writesAll =
        policy.using !== null &&
        isPlainTrue(policy.using.node) &&
        commandsOf(policy).some((command) => command === 'update' || command === 'delete');
      // rls/always-true says it, and that it is an error.
      if (writesAll) continue;
      // rls/null-user says it: whoever is not signed in passes, as the server does.
      if (appliesTo(policy, 'anon') && predicatesOf(policy).some(({ node }) => holdsForNobody(node, table)))
        continue;
      const reached = entrantsOf(policy, table, context.state).filter(
        (each) =>
          each !== 'anon' ||
          predicatesOf(policy).some(
            ({ node }) => opensTo(node) !== 'users' && !neverHolds(node, { table, who: 'nobody' }),
          ),
      );
      // Whom a row of another table is asked about, it is not for everyone who signed in.
      const asks = predicatesOf(policy).some(({ node }) => nodesOf(node, 'RangeVar').length > 0);
      const role = meansServer(promised) ? 'service_role' : 'authenticated';
      // These are no roles of the database: TO can't name them.
      const inAccounts = promised === 'administrators' || promised === 'staff';
      const question = questionFor(promised, context.state, table);
      // What the application does as the user is not for the server alone, whatever the name says.
      const calls = meansServer(promised) ? callsOn(table.key, commandsOf(policy), context.facts) : [];
      const staying = calls.length > 0 ? callersStay(policy, table, context.state, calls) : [];
      context.report({
        message: `Policy "${policy.name}" on "${table.key}" is for ${promised} by its name, and for ${people(reached)}${asks ? ' who meets its condition' : ''} in effect. Neither its TO nor its condition limits it so. ${staying.length > 0 ? `The code does it with the user's own rights (${placesOf(calls)}), for which ${lettingIn(staying)}: drop this one` : calls.length > 0 ? `The code relies on it (${placesOf(calls)}), so dropping it would break that: limit its condition to what is the caller's, and name it after them` : promised === 'the server' ? 'Drop the policy if the server writes as "service_role", which needs none; a trigger that writes for users can be "security definer"' : inAccounts ? `Ask in its condition whether the caller is one` : `Name the role in TO${role === 'service_role' ? ', or drop the policy: "service_role" needs none' : ''}`}.`,
        at: context.home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(context.state),
        help: inAccounts
          ? sqlFence(
              [
                ...(isSaidWithoutLogin(policy.origin, context.facts)
                  ? [
                      '-- who has no Supabase login there reads and writes through the server, with the service key',
                    ]
                  : []),
                staffStays(policy, table, context.state) ??
                  alsoAsking(
                    policy,
                    table,
                    question ?? claimFor(promised === 'administrators' ? 'admin' : 'staff'),
                  ),
              ].join('\n'),
            )
          : calls.length > 0 && staying.length === 0
            ? sqlFence(
                `alter policy ${quoteIdent(policy.name)} on ${table.key} rename to ${quoteIdent(`users ${policy.command === 'all' ? 'change' : policy.command}`)};`,
              )
            : sqlFence(
                promised === 'the server' || staying.length > 0
                  ? `${staying.length > 0 ? '' : onceWithServiceKey(callsOfServer(table.key, writing(policy), context.facts))}drop policy ${quoteIdent(policy.name)} on ${table.key};`
                  : `alter policy ${quoteIdent(policy.name)} on ${table.key} to ${role};`,
              ),
      });
    }
  },
});

const writing = (policy: Policy) => commandsOf(policy).filter((command) => command !== 'select');
