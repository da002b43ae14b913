/** Findings about what a principal could obtain: a chain of statements, in order. */
import type { Escalation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Problem } from '../rule.ts';
import { homeOfTable } from './access.ts';

export function escalationsOf(facts: Facts, wanted: (kind: Escalation['kind']) => boolean): Escalation[] {
  return (facts.access?.head.escalations ?? []).filter(({ kind }) => wanted(kind));
}

export function stoodBefore({ object, opens, kind, principal }: Escalation, facts: Facts): boolean {
  return (
    facts.access?.base?.escalations.some(
      (was) =>
        was.object === object && was.kind === kind && was.principal === principal && was.opens === opens,
    ) === true
  );
}

export function problemOf(
  { object, kind, principal, opens, proof }: Escalation,
  facts: Facts,
  what: Pick<Problem, 'message' | 'severity'>,
): Problem {
  return {
    ...what,
    at: homeOfTable(facts, object, /^(membership|foreign-parent|entry)$/.test(kind) ? 'insert' : 'update'),
    object,
    key: `${principal} ${kind} ${opens}`,
    evidence: ['probe'],
    causes: kind === 'claim' ? ['rls/user-metadata'] : [],
    repro: proof.map(({ as, sql, result }) => `-- as ${as}\n${sql}\n-- ${result}`).join('\n\n'),
  };
}
