import type { Policy, SchemaState, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { apiRolesOf, holds } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { readPredicate } from '../support/conditions/scope.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isKnown, policyKey } from '../support/tables/tables.ts';
import { asConditionFunctions, privateSchema } from '../support/ways-out/condition-function.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/auth-users',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that reads auth.users, which no user may read: every query fails with 42501',
  why: 'A sub-select in a policy runs with the rights of whoever asks, and anon and authenticated have none on auth.users. Postgres checks them before it looks at any row, and for every policy that applies: where one of them reads auth.users, each query fails with "permission denied for table users" (42501), the rows of other policies included.',
  remedy:
    "Ask the token, which holds id, email and app_metadata, or look it up in a `security definer` function.\n\n```sql\nusing (email = ((select auth.jwt()) ->> 'email'))\n```",
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#use-security-definer-functions',
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
  ],
  fixable: false,
  table(table, { state, home, report }) {
    if (!table.rls || !isKnown(table, state)) return;
    for (const policy of table.policies) {
      const roles = apiRolesOf(policy).filter((role) => !mayRead(role, state));
      if (roles.length === 0 || !readsUsers(policy, table, state)) continue;
      report({
        message: `Policy "${policy.name}" on "${table.key}" reads "auth.users", which ${named(roles)} may not read. Each query that asks the policy fails with "permission denied for table users" (42501), whatever other policies allow. Ask the token, or a "security definer" function.`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(state),
        help: wayOut(policy, table, state),
      });
    }
  },
});

const users = 'auth.users';

const mayRead = (role: 'anon' | 'authenticated', { tables }: SchemaState) =>
  holds(tables.get(users)?.grants ?? [], role, 'select');

const readsUsers = (policy: Policy, table: Table, state: SchemaState) =>
  predicatesOf(policy).some(({ node }) => readPredicate(node, table, state).reads.includes(users));

/** What users say of themselves must not be asked for in another way: rls/user-metadata tells that. */
function wayOut(policy: Policy, table: Table, state: SchemaState): string | undefined {
  const text = predicatesOf(policy)
    .map(({ expression }) => expression.text)
    .join(' ');
  const sql = /raw_user_meta_data/i.test(text) ? null : asConditionFunctions(policy, table, state, true);
  return sql === null ? undefined : sqlFence(`${privateSchema(apiRolesOf(policy))}\n${sql}`);
}
