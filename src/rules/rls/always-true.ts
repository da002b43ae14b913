import type { Command } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { writes } from '../support/callers/roles.ts';
import { isMeant } from '../support/leaks/meant.ts';
import { handover, openChanges, takeover } from '../support/open-policies/open-changes.ts';
import { openInserts } from '../support/open-policies/open-inserts.ts';
import { openReads } from '../support/open-policies/open-reads.ts';
import {
  type JudgedPolicy,
  judgedPolicy,
  type Open,
  opens,
  reachOf,
} from '../support/open-policies/reach.ts';
import { alsoOpen } from '../support/policies/also-open.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { policyKey, policyTable } from '../support/tables/tables.ts';

export default rule({
  id: 'rls/always-true',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that lets API roles write, or read, every row',
  why: 'USING (true) and WITH CHECK (true) are no limit: every role the policy is for may touch every row, and permissive policies are added to each other, so a stricter one beside it changes nothing. For SELECT it is the way to say that a table is public; for UPDATE and DELETE hardly anybody means it. service_role needs no policy: it bypasses row level security.',
  remedy:
    'Say whose rows the policy is about, or for which role.\n\n```sql\ncreate policy "update own" on public.note for update to authenticated\n  using ((select auth.uid()) = user_id)\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0024_permissive_rls_policy',
  ],
  fixable: false,
  table(declared, context) {
    const table = policyTable(declared, context);
    if (table === null || !table.rls) return;
    for (const policy of table.policies) {
      if (!policy.permissive) continue;
      const judged = judgedPolicy(policy, table, context);
      const open = openedBy(judged);
      if (open === null) continue;
      // A policy called after a role that its TO forgets is told by rls/misnamed, unless this is the graver way to say it.
      if (open.severity !== 'error' && judged.misnamed !== null) continue;
      const opened = writes.filter((command) => opens(policy, command));
      context.report({
        message: `${open.message}${alsoOpen(policy, opened, table.policies, opens)}`,
        at: context.home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        // Told as a warning where the rows are told, it is none that is graver here.
        severity:
          open.severity === 'error' && isMeant(policy, table, opened, context) ? 'warning' : open.severity,
        evidence: evidenceOf(context.state),
        help: open.help,
      });
    }
  },
});

/** The gravest of what it lets pass: rows of others changed, handed on, made up, read. */
function openedBy(judged: JudgedPolicy): Open | null {
  const reached = reachOf(judged);
  const rolesFor = (command: Command) => reached.find((reach) => reach.command === command)?.roles;
  if (reached.length === 0) return handover(judged) ?? takeover(judged);
  if (rolesFor('update') ?? rolesFor('delete')) return openChanges(judged, reached);
  const [inserting, reading] = [rolesFor('insert'), rolesFor('select')];
  return (
    handover(judged) ??
    (inserting && openInserts(judged, inserting)) ??
    (reading && openReads(judged, reading)) ??
    null
  );
}
