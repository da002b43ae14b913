import { rule } from '../rule.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { readPredicate } from '../support/conditions/scope.ts';
import { bareCalls, policyStatement, wrapCalls } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { functionName } from '../support/syntax/tree.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/initplan',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'auth.uid() and its like called for every row that a policy filters',
  why: 'Where Postgres filters rows by a policy, it runs auth.uid(), auth.jwt() and current_setting() again for each row it looks at ("Filter" in EXPLAIN). As a sub-select, (select auth.uid()), the value is computed once for the statement ("InitPlan"): on large tables that is the difference between milliseconds and seconds. Only where an index on the compared column is used does the bare call run once a scan. The finding is read from the policy: which plan is taken depends on rows that nobody has seen here.',
  remedy: 'Wrap the call in a sub-select.\n\n```sql\nusing ((select auth.uid()) = user_id)\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#call-functions-with-select',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0003_auth_rls_initplan',
  ],
  fixable: true,
  table(table, { state, set, home, report }) {
    // A sub-select can turn a working pair of policies into an endless recursion (42P17), where another table's
    // policies lead back here. Where no policy of this table reads a table, nothing can lead back.
    const readsNothing = table.policies.every((policy) =>
      predicatesOf(policy).every(({ node }) => readPredicate(node, table, state).reads.length === 0),
    );
    for (const policy of table.policies) {
      const calls = predicatesOf(policy).flatMap(({ node }) => bareCalls(node));
      if (calls.length === 0) continue;
      const names = [...new Set(calls.map((call) => `${callName(call)}()`))];
      const found = readsNothing ? policyStatement(policy, set) : null;
      const edits = found === null ? [] : wrapCalls(found);
      report({
        message: `Policy "${policy.name}" on "${table.key}" calls ${named(names)} bare. Where rows are filtered by it, Postgres runs it for each of them, and once would do. Wrap it in a sub-select: "(select ${names[0]})".`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policy.name,
        evidence: evidenceOf(state),
        help: sqlFence(`-- instead of ${names[0]}\n(select ${names[0]})`),
        fix: edits.length === calls.length ? { title: 'Call it once for the statement', edits } : undefined,
      });
    }
  },
});

const callName = (call: Parameters<typeof functionName>[0]) => {
  const { schema, name } = functionName(call);
  return schema === null ? name : `${schema}.${name}`;
};
