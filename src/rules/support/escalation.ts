/** Findings about what a principal could obtain: a chain of statements, in order. */
import type { Escalation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { Problem } from '../rule.ts';
import { homeOfTable } from './access.ts';
import { routineNamed, signUpTriggers } from './sign-up.ts';

export function escalationsOf(facts: Facts, wanted: (kind: Escalation['kind']) => boolean): Escalation[] {
  return (facts.access?.head.escalations ?? []).filter(({ kind }) => wanted(kind));
}

export function stoodBefore({ object, opens, kind, principal, footing }: Escalation, facts: Facts): boolean {
  return (
    facts.access?.base?.escalations.some(
      (was) =>
        was.object === object &&
        was.kind === kind &&
        was.principal === principal &&
        was.opens === opens &&
        // Who was let in, and now everybody.
        (was.footing === undefined || footing !== undefined),
    ) === true
  );
}

/** The function at sign-up that reads what the new user says of itself. */
function homeOfSignUp({ head }: Facts): Place | null {
  const called = signUpTriggers(head).flatMap((trigger) => routineNamed(trigger.function, head) ?? []);
  return called.find(({ body }) => body.includes('raw_user_meta_data'))?.origin ?? null;
}

export function problemOf(
  { object, kind, principal, opens, proof }: Escalation,
  facts: Facts,
  what: Pick<Problem, 'message' | 'severity' | 'help'>,
): Problem {
  return {
    ...what,
    at:
      (kind === 'sign-up' ? homeOfSignUp(facts) : null) ??
      homeOfTable(facts, object, /^(membership|foreign-parent|entry)$/.test(kind) ? 'insert' : 'update'),
    object,
    key: `${principal} ${kind} ${opens}`,
    evidence: ['probe'],
    causes: kind === 'claim' ? ['rls/user-metadata'] : [],
    repro: proof.map(({ as, sql, result }) => `-- as ${as}\n${sql}\n-- ${result}`).join('\n\n'),
  };
}
