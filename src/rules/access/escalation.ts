import type { Escalation } from '../../model/access.ts';
import { rule } from '../rule.ts';
import { escalationsOf, problemOf, stoodBefore } from '../support/escalation.ts';

export default rule({
  id: 'access/escalation',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a user obtains a row or value that policies trust',
  why: 'A policy that trusts a membership, a role column or an owner column is as good as the protection of that row. The probes let a plain user try to write it, and then tried what it opens. Founding one’s own organisation is no escalation.',
  remedy:
    'Let users write only what nothing trusts: column grants, a restrictive policy, or a function that checks.\n\n```sql\nrevoke update on public.profiles from authenticated;\ngrant update (full_name, avatar_url) on public.profiles to authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/column-level-security'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const escalation of escalationsOf(facts, (kind) => kind !== 'foreign-parent')) {
      const tell = stoodBefore(escalation, facts) ? preexisting : report;
      tell(
        problemOf(escalation, facts, {
          message:
            escalation.kind === 'entry'
              ? `A user enters others into "${escalation.object}" without asking them. That opens their own rows in "${escalation.opens}" to it. Let whoever is entered agree first.`
              : `A user gives itself ${what[escalation.kind]} through "${escalation.object}". That opens ${escalation.opens}. Keep what policies trust out of the user's reach.`,
          // Whom one enters, one knows; that members see each other is mostly meant.
          severity:
            escalation.kind === 'entry' && /^select\b/i.test(escalation.proof.at(-1)?.sql ?? '')
              ? 'warning'
              : undefined,
        }),
      );
    }
  },
});

const what: Readonly<Record<Escalation['kind'], string>> = {
  membership: 'a membership',
  'role-column': 'a role',
  ownership: 'ownership',
  function: 'rights by a function',
  claim: 'a claim of "user_metadata"',
  entry: 'others',
  'foreign-parent': 'a place under a foreign row',
};
