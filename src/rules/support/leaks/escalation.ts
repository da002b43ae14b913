/** Findings about what a principal could obtain: a chain of statements, in order. */
import type { Escalation, Step } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Problem } from '../../rule.ts';
import { routineNamed, signUpTriggers } from '../callers/sign-up.ts';
import { homeOfTable } from './access-places.ts';
import { reproOf } from './repro.ts';
import { insertsWhatSignUpMakes } from './row-of-sign-up.ts';

export function escalationsOf(facts: Facts, wanted: (kind: Escalation['kind']) => boolean): Escalation[] {
  return (facts.access?.head.escalations ?? []).filter(
    (escalation) => wanted(escalation.kind) && !insertsWhatSignUpMakes(escalation, facts),
  );
}

export function stoodBefore(escalation: Escalation, facts: Facts): boolean {
  const { object, opens, kind, principal, footing } = escalation;
  return (
    facts.access?.base?.escalations.some(
      (was) =>
        was.object === object &&
        was.kind === kind &&
        was.principal === principal &&
        was.opens === opens &&
        isOutAndIn(was) === isOutAndIn(escalation) &&
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

export const columnsWritten = ({ steps }: Escalation): string[] =>
  steps.flatMap(({ values }) => Object.keys(values));

export const sends = ({ steps }: Escalation, command: Step['command']): boolean =>
  steps.some((step) => step.command === command);

/** Its own row goes, and comes back as another. */
const isOutAndIn = (escalation: Escalation) =>
  escalation.kind === 'role-column' && sends(escalation, 'delete') && sends(escalation, 'insert');

export function problemOf(
  escalation: Escalation,
  facts: Facts,
  what: Pick<Problem, 'message' | 'severity' | 'help'>,
): Problem {
  const { object, kind, principal, opens, proof } = escalation;
  const isMoved = kind === 'foreign-parent' && sends(escalation, 'update');
  const inserts =
    (/^(membership|foreign-parent|entry)$/.test(kind) && !isMoved) ||
    isOutAndIn(escalation) ||
    (kind === 'hook' && sends(escalation, 'insert'));
  return {
    ...what,
    at:
      (kind === 'sign-up' ? homeOfSignUp(facts) : null) ??
      homeOfTable(facts, object, inserts ? 'insert' : 'update'),
    object,
    key: `${principal} ${kind} ${opens}${isOutAndIn(escalation) ? ' anew' : ''}`,
    evidence: ['probe'],
    causes: kind === 'claim' ? ['rls/user-metadata'] : kind === 'sign-up' ? ['auth/sign-up-metadata'] : [],
    repro: reproOf(proof),
  };
}
