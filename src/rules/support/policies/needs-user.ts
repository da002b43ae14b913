/** Is a policy for signed-in users alone, whatever its TO says? */
import type { Policy } from '../../../model/schema.ts';
import { isUserId } from '../callers/caller.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { neverHolds } from '../conditions/truth.ts';
import { remembered, someNode } from '../syntax/tree.ts';

/** Certain where each condition is about the user's id and does not hold without one. */
export const needsUser = remembered((policy: Policy): boolean => {
  const predicates = predicatesOf(policy);
  return (
    predicates.length > 0 &&
    predicates.every(({ node }) => {
      const asks = someNode(node, (kind, inner) => isUserId({ [kind]: inner }));
      return asks && neverHolds(node, { table: null, who: 'nobody' });
    })
  );
});
