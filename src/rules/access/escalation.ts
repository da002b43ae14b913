import type { Escalation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Expression, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { escalationsOf, problemOf, stoodBefore } from '../support/leaks/escalation.ts';
import { closing, obtained } from '../support/leaks/escalation-told.ts';
import { onlyUntil } from '../support/leaks/first-come.ts';
import { isOfEveryAccount, isOutOfReach, madeElsewhere, outOfReach } from '../support/leaks/footing.ts';
import { sqlFence } from '../support/words/words.ts';

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
          severity: isMostlyMeant(escalation) || isOfWhoWasLetIn(escalation, facts) ? 'warning' : undefined,
        }),
      );
    }
  },
});

function messageOf(escalation: Escalation, facts: Facts): string {
  const { kind, object, opens, proof, footing, until, hook } = escalation;
  switch (kind) {
    case 'entry':
      return `A user enters others into "${object}" without asking them. That opens their own rows in "${opens}" to it. Let whoever is entered agree first.`;
    case 'sign-up':
      return `Whoever signs up chooses what policies trust: sign-up wrote what the new user said of itself, ${proof[0]!.result}. That opens ${opens}. Let the trigger write a constant, and let the server raise it.`;
    case 'function':
      return `A user gives itself rights by a function through "${object}". That opens ${opens}. Keep what policies trust out of the user's reach.`;
    case 'claim':
      return `Policies of "${object}" trust "user_metadata", which every user writes itself (auth.updateUser). With a claim of its choice it passes them. Ask for "app_metadata", which only the server writes, or look it up in a table.`;
    default:
      return `${obtained(escalation, facts.head)}. ${hook === undefined ? '' : `Hook "${hook}" signs it into the token. `}That opens ${opens}. ${isOutOfReach(footing, facts) ? `${isOfWhoWasLetIn(escalation, facts) ? outOfReach(footing!) : madeElsewhere(footing!)} ` : ''}${until === undefined ? "Keep what policies trust out of the user's reach." : `${onlyUntil(until)} Write the first one before the project is open.`}`;
  }
}

const isOfWhoWasLetIn = ({ footing }: Escalation, facts: Facts) =>
  isOutOfReach(footing, facts) && !isOfEveryAccount(footing!, facts.head);

/** Whom one enters, one knows; what stands open to be joined is joined; that members then see each other is the point. */
const isMostlyMeant = ({ kind, inTheOpen, until, asMember, reaches }: Escalation) =>
  // Once there is a first administrator, nobody becomes one so.
  until !== undefined ||
  // A member that somebody let in takes over what it is a member of.
  asMember === true ||
  ((kind === 'entry' || inTheOpen === true) && reaches === 'select');

function helpOf(escalation: Escalation, facts: Facts): string | undefined {
  // Whoever sets the project up comes in that way.
  if (escalation.until !== undefined) return undefined;
  if (escalation.kind === 'claim') return fromAppMetadata(facts.head.tables.get(escalation.object));
  const sql = /^(membership|role-column|ownership|hook)$/.test(escalation.kind)
    ? closing(escalation, facts)
    : null;
  if (sql === null) return undefined;
  // The same rights by another command: one way closed leaves the other.
  const others = escalationsOf(facts, (kind) => /^(membership|role-column|hook)$/.test(kind))
    .filter(({ object }) => object === escalation.object && escalation.kind !== 'ownership')
    .flatMap((other) => (other === escalation ? [] : (closing(other, facts) ?? [])))
    .filter((other) => other !== sql);
  return sqlFence(
    others.length === 0
      ? sql
      : [sql, '-- and the other way to the same, which stays open else', ...new Set(others)].join('\n'),
  );
}

/** The policies as they are, with the claim that users can't write; what stands there has to be copied once. */
function fromAppMetadata(table: Table | undefined): string | undefined {
  const moved = (expression: Expression | null, word: string) =>
    expression === null
      ? ''
      : `\n  ${word} (${expression.text.replaceAll(/\buser_metadata\b/g, 'app_metadata')})`;
  const trusting = (table?.policies ?? []).filter(({ using, check }) =>
    [using, check].some((expression) => expression?.text.includes('user_metadata')),
  );
  if (trusting.length === 0) return undefined;
  return sqlFence(
    [
      '-- the server writes it: auth.admin.updateUserById(id, { app_metadata: … })',
      ...trusting.map(
        ({ name, using, check }) =>
          `alter policy ${quoteIdent(name)} on ${table!.key}${moved(using, 'using')}${moved(check, 'with check')};`,
      ),
    ].join('\n'),
  );
}
