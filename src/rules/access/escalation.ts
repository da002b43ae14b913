import type { Escalation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { rule } from '../rule.ts';
import { escalationsOf, problemOf, stoodBefore } from '../support/escalation.ts';
import { closing, obtained } from '../support/escalation-told.ts';
import { isOutOfReach, outOfReach } from '../support/footing.ts';
import { sqlFence } from '../support/words.ts';

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
          message: messageOf(escalation, facts),
          help: helpOf(escalation, facts),
          severity:
            isMostlyMeant(escalation) || isOutOfReach(escalation.footing, facts) ? 'warning' : undefined,
        }),
      );
    }
  },
});

function messageOf(escalation: Escalation, facts: Facts): string {
  const { kind, object, opens, proof, footing } = escalation;
  switch (kind) {
    case 'entry':
      return `A user enters others into "${object}" without asking them. That opens their own rows in "${opens}" to it. Let whoever is entered agree first.`;
    case 'sign-up':
      return `Whoever signs up chooses what policies trust: sign-up wrote what the new user said of itself, ${proof[0]!.result}. That opens ${opens}. Let the trigger write a constant, and let the server raise it.`;
    case 'function':
    case 'claim':
      return `A user gives itself ${what[kind]} through "${object}". That opens ${opens}. Keep what policies trust out of the user's reach.`;
    default:
      return `${obtained(escalation, facts.head)}. That opens ${opens}. ${isOutOfReach(footing, facts) ? `${outOfReach(footing!)} ` : ''}Keep what policies trust out of the user's reach.`;
  }
}

/** Whom one enters, one knows; what stands open to be joined is joined; that members then see each other is the point. */
const isMostlyMeant = ({ kind, inTheOpen, proof }: Escalation) =>
  // A member that somebody let in takes over what it is a member of.
  (kind === 'ownership' && proof[0]?.as.startsWith('superuser') === true) ||
  ((kind === 'entry' || inTheOpen === true) && /^select\b/i.test(proof.at(-1)?.sql ?? ''));

const what = { function: 'rights by a function', claim: 'a claim of "user_metadata"' };

function helpOf(escalation: Escalation, facts: Facts): string | undefined {
  const sql = /^(membership|role-column|ownership)$/.test(escalation.kind)
    ? closing(escalation, facts)
    : null;
  return sql === null ? undefined : sqlFence(sql);
}
