import type { SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { appliesTo } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { holdsForNobody } from '../support/conditions/truth.ts';
import { isCaller, ownerColumns } from '../support/owners/owners.ts';
import { nameSaysRole } from '../support/policies/misnamed.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { policyKey, policyTable } from '../support/tables/tables.ts';
import { sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/null-user',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that is true when nobody is signed in',
  why: 'Without a signed-in user auth.uid() is null. A condition such as "auth.uid() IS NULL OR …" then holds for every row, and the anonymous key, which every visitor has, opens more than a user’s own token.',
  remedy:
    'Name the role in TO and ask for the user. The server needs no exception: service_role bypasses row level security.\n\n```sql\ncreate policy "own notes" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#authuid-returns-null-when-unauthenticated',
  ],
  fixable: false,
  table(declared, context) {
    const table = declared.key === 'storage.objects' ? declared : policyTable(declared, context);
    if (table === null) return;
    for (const policy of table.policies) {
      // A signed-in user has an id: where TO keeps the anonymous role out, the branch is dead.
      if (!policy.permissive || !appliesTo(policy, 'anon')) continue;
      for (const { node, clause, commands } of predicatesOf(policy)) {
        if (!holdsForNobody(node, table)) continue;
        const forServer = /^the serv/.test(nameSaysRole(policy, table, context.state) ?? '');
        const insertOnly = commands.every((command) => command === 'insert');
        context.report({
          message: `Policy "${policy.name}" on "${table.key}" is true where nobody is signed in (${clause}). The anonymous key is public, so everybody may ${insertOnly ? 'insert any row' : `${upper(commands)} every row`}. ${forServer ? 'Drop the policy if it is meant for the server: "service_role" needs none' : 'Ask for the user, and name "authenticated" in TO'}.`,
          at: context.home(policy.origin ?? table.origin),
          object: table.key,
          key: `${policyKey(policy)} ${clause}`,
          // A form that guests may fill in, on rows that are nobody's.
          severity: insertOnly && ownerColumns(table, context.state).length === 0 ? 'warning' : undefined,
          evidence: evidenceOf(context.state),
          help: sqlFence(
            forServer
              ? `drop policy ${quoteIdent(policy.name)} on ${table.key};`
              : `alter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated${asking(node, clause, table, context.state)};`,
          ),
        });
      }
    }
  },
});

/**
 * What the clause has to ask besides: nothing where another branch says it, as signed-in users have an id and TO alone
 * closes this one.
 */
function asking(node: SyntaxNode, clause: string, table: Table, state: SchemaState): string {
  const branches: readonly SyntaxNode[] = node.BoolExpr?.boolop === 'OR_EXPR' ? node.BoolExpr.args : [node];
  const [owner] = ownerColumns(table, state);
  if (owner === undefined || branches.some((branch) => !holdsForNobody(branch, table))) return '';
  return `\n  ${clause === 'USING' ? 'using' : 'with check'} (${isCaller(owner, table, state)})`;
}
