import { rule } from '../rule.ts';
import { asksForCaller, claimsRead, isUserId } from '../support/callers/caller.ts';
import { appliesTo, commandsOf, holds } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { opensTo, truthOf } from '../support/conditions/truth.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { someNode } from '../support/syntax/tree.ts';
import { isExposedTable, policyKey } from '../support/tables/tables.ts';
import { sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/anonymous-users',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a policy for authenticated that anonymous sign-ins pass, where the project allows them',
  why: 'An anonymous sign-in has the role authenticated too; only the claim is_anonymous tells it apart. Where the project allows anonymous sign-ins, "to authenticated using (true)" is for everybody: anyone can sign in without a name.',
  remedy:
    'Ask for the claim, best in a restrictive policy.\n\n```sql\ncreate policy "no anonymous users" on public.note as restrictive for all to authenticated\n  using ((select auth.jwt() ->> \'is_anonymous\')::boolean is not true);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/auth/auth-anonymous#access-control'],
  fixable: false,
  table(table, context) {
    if (!context.facts.project.anonymousSignIns || !table.rls || !isExposedTable(table, context)) return;
    const looks = (policy: (typeof table.policies)[number]) =>
      predicatesOf(policy).some(({ node }) => claimsRead(node).some((path) => path.includes('is_anonymous')));
    if (table.policies.some((policy) => !policy.permissive && looks(policy))) return;
    for (const policy of table.policies) {
      if (!policy.permissive || appliesTo(policy, 'anon') || !appliesTo(policy, 'authenticated')) continue;
      const reached = commandsOf(policy).filter((command) => holds(table.grants, 'authenticated', command));
      if (reached.length === 0 || looks(policy)) continue;
      // `using (false)` lets nobody in.
      if (predicatesOf(policy).every(({ node }) => truthOf(node, { table, who: 'anyone' }) === 'false'))
        continue;
      // Own rows, memberships: an anonymous user has only what is its own there.
      if (predicatesOf(policy).some(({ node }) => tiesToUser(node) || callsHelper(node))) continue;
      // What it reads elsewhere, other policies show it.
      if (predicatesOf(policy).some(({ node }) => asksForCaller(node, context.state))) continue;
      context.report({
        message: `Policy "${policy.name}" on "${table.key}" lets every signed-in user ${upper(reached)}${predicatesOf(policy).every(({ node }) => opensTo(node) !== null) ? '' : ' what its condition shows'}, and this project allows anonymous sign-ins. Anybody can sign in without a name and pass. Ask for the claim "is_anonymous".`,
        at: context.home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(context.state),
        help: sqlFence(
          `create policy "no anonymous users" on ${table.key} as restrictive for all to authenticated\n  using ((select auth.jwt() ->> 'is_anonymous')::boolean is not true);`,
        ),
      });
    }
  },
});

type Node = Parameters<typeof someNode>[0];
const tiesToUser = (node: Node) => someNode(node, (kind, inner) => isUserId({ [kind]: inner }));
const callsHelper = (node: Node) => someNode(node, (kind) => kind === 'FuncCall');
