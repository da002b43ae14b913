import { rule } from '../rule.ts';
import { claimsRead } from '../support/callers/caller.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/service-role-policy',
  severity: { recommended: 'off', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a table without a policy for service_role, where the house style asks for one',
  why: 'service_role bypasses row level security: it needs grants, and no policy. Some teams write the policy all the same, to say in the schema that the server works on the table. The probe of service_role is the proof that it can.',
  remedy:
    'Name the role in TO; a policy without it is for everybody.\n\n```sql\ncreate policy "service role" on public.note for all to service_role using (true) with check (true);\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#bypassing-row-level-security',
  ],
  fixable: false,
  table(table, context) {
    if (!table.rls || table.policies.length === 0 || !isExposedTable(table, context)) return;
    const served = table.policies.some(
      (policy) =>
        policy.roles.includes('service_role') ||
        predicatesOf(policy).some(
          ({ node, expression }) =>
            claimsRead(node).some((path) => path.at(-1) === 'role') &&
            expression.text.includes('service_role'),
        ),
    );
    if (served) return;
    context.report({
      message: `"${table.key}" has no policy for "service_role". The role bypasses row level security, so this is a matter of style. Add one if your house asks for it.`,
      at: context.home(table.origin),
      object: table.key,
      evidence: evidenceOf(context.state),
      help: sqlFence(
        `create policy "service role" on ${table.key} for all to service_role using (true) with check (true);`,
      ),
    });
  },
});
