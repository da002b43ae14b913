import { rule } from '../rule.ts';
import { claimsRead } from '../support/callers/caller.ts';
import { apiRolesOf } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { policyKey } from '../support/tables/tables.ts';

export default rule({
  id: 'rls/email-claim',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that compares the e-mail address of the token',
  why: 'An address is no identity: it changes, it may be unconfirmed where confirmations are switched off, it differs in upper and lower case, and who takes over an address takes over its rows. The token also keeps the old address until it is renewed.',
  remedy: 'Compare the user’s id.\n\n```sql\nusing ((select auth.uid()) = user_id)\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security#helper-functions'],
  fixable: false,
  table(table, { state, home, report }) {
    for (const policy of table.policies) {
      if (apiRolesOf(policy).length === 0) continue;
      const asks = predicatesOf(policy).some(({ node }) =>
        claimsRead(node).some((path) => path.join('.') === 'email'),
      );
      if (!asks) continue;
      report({
        message: `Policy "${policy.name}" on "${table.key}" compares the e-mail address of the token. An address can change hands, and the token keeps the old one for a while. Compare "auth.uid()" with the user's id where you can.`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        evidence: evidenceOf(state),
      });
    }
  },
});
