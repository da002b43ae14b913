/** What a policy asks of `user_metadata` the user writes there itself: `auth.updateUser({ data })`. */
import type { AccessCell, Escalation, ObjectAccess } from '../../model/access.ts';
import { passes } from '../cells.ts';

const ofUserMetadata = 'a token whose claim user_metadata.';

export function byClaim(objects: readonly ObjectAccess[]): Escalation[] {
  return objects.flatMap(({ object, cells }) => {
    const opened = cells
      .filter((cell) => cell.principal === 'user' && passes(cell) && cell.when?.startsWith(ofUserMetadata))
      // One's own organisation is one's own; a word in the token is a right.
      .filter((cell) => cell.subject !== 'own' || / is (".*"|true|false)$/.test(cell.when!))
      .toSorted((a, b) => weight(b) - weight(a));
    const [best] = opened;
    if (best === undefined) return [];
    return [
      {
        object,
        opens: object,
        principal: 'user',
        kind: 'claim',
        steps: [],
        reaches: best.command,
        proof: best.proof.filter(({ as }) => !as.startsWith('superuser')),
      } satisfies Escalation,
    ];
  });
}

const weight = (cell: AccessCell): number =>
  (cell.subject === 'own' ? 0 : 2) + (cell.command === 'select' ? 1 : 0);
