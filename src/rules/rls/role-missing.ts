import type { Policy } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { needsUser } from '../support/policies/needs-user.ts';
import { addRoles, policyStatement } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/role-missing',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a policy without TO: it is for every role',
  why: 'Without TO a policy is for PUBLIC. Postgres then evaluates it for anonymous requests too, where a condition on auth.uid() can never hold; and a reader can’t see for whom it is meant. The name of a policy limits nothing.',
  remedy:
    'Name the role.\n\n```sql\ncreate policy "own notes" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#specify-roles-in-your-policies',
  ],
  fixable: true,
  table(table, { state, set, home, report }) {
    if (isPlatform(table.schema) && table.schema !== 'storage') return;
    for (const policy of table.policies) {
      if (policy.rolesStated || !policy.roles.includes('public')) continue;
      const role = roleMeant(policy);
      const found = role === null ? null : policyStatement(policy, set);
      const edit = found?.statement.kind === 'CreatePolicyStmt' ? addRoles(found, role!) : null;
      report({
        message: `Policy "${policy.name}" on "${table.key}" names no role. It is for everybody, signed in or not, and evaluated for each request. Say for whom it is meant with TO.`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policy.name,
        evidence: evidenceOf(state),
        help: sqlFence(`alter policy "${policy.name}" on ${table.key} to ${role ?? 'authenticated'};`),
        fix: edit === null ? undefined : { title: `Name the role: to ${role}`, edits: [edit] },
      });
    }
  },
});

/** The role for which alone the condition can hold: then naming it changes nothing. */
const roleMeant = (policy: Policy): string | null => (needsUser(policy) ? 'authenticated' : null);
