import type { Routine, SchemaState } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { codeOf } from '../support/bodies.ts';
import { claimsRead, routinesCalled } from '../support/caller.ts';
import { predicatesOf } from '../support/predicates.ts';
import { apiRolesOf } from '../support/roles.ts';
import { evidenceOf } from '../support/sites.ts';
import { policyKey } from '../support/tables.ts';
import { columnParts, functionCalls, nodesOf, remembered } from '../support/tree.ts';

export default rule({
  id: 'rls/user-metadata',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that trusts user_metadata, which users edit themselves',
  why: 'user_metadata (raw_user_meta_data) is what the client sends with sign-up and updateUser(): every user can set it to anything, a role or an organisation included. app_metadata can be written by the server only.',
  remedy:
    "Keep roles in app_metadata or in a table.\n\n```sql\nusing ((select auth.jwt()) -> 'app_metadata' ->> 'role' = 'admin')\n```",
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/database-advisors?lint=0015_rls_references_user_metadata',
    'https://supabase.com/docs/guides/database/postgres/row-level-security#authjwt',
  ],
  fixable: false,
  table(table, { state, home, report }) {
    for (const policy of table.policies) {
      if (apiRolesOf(policy).length === 0) continue;
      const by = predicatesOf(policy)
        .map(({ node }) => trusted(node, state))
        .find((way) => way !== null);
      if (by === undefined) continue;
      report({
        message: `Policy "${policy.name}" on "${table.key}" trusts ${by}. Users write it themselves, so anybody can make the condition true. Keep the value in app_metadata or in a table.`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(state),
      });
    }
  },
});

function trusted(node: SyntaxNode, state: SchemaState): string | null {
  if (claimsRead(node).some(([first]) => first === 'user_metadata')) return '"user_metadata" of the token';
  if (namesColumn(node)) return '"raw_user_meta_data"';
  const helper = functionCalls(node)
    .flatMap((call) => routinesCalled(call, state))
    .find(readsMetadata);
  return helper === undefined ? null : `"user_metadata", which "${helper.key}" reads`;
}

const namesColumn = (node: SyntaxNode) =>
  nodesOf(node, 'ColumnRef').some((column) => columnParts(column).at(-1) === 'raw_user_meta_data');

/** Only what a helper compares or returns from the token itself; a copy in a table is a row like any other. */
const readsMetadata = remembered(({ body }: Routine) =>
  /\bauth\s*\.\s*jwt\s*\([^;]*->>?\s*'user_metadata'|raw_user_meta_data\s*->/i.test(codeOf(body).withStrings),
);
