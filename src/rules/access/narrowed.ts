import type { AccessCell, AccessChange } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { rule } from '../rule.ts';
import { isFree } from '../support/leaks/access.ts';
import { changesBy, groupedChanges } from '../support/leaks/access-changes.ts';
import { homeOfChange } from '../support/leaks/access-places.ts';
import { isRecursing } from '../support/leaks/recursing.ts';
import { isDeclaredPublic } from '../support/policies/openness.ts';

export default rule({
  id: 'access/narrowed',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: users lose access that they had on the base',
  why: 'The same questions were asked of the base and of the head. A policy or a grant that a generated diff drops, a function that may no longer read a column: the API then answers with empty lists or 42501, and nothing in the migration says so. Closing what was open to everybody by mistake is not reported.',
  remedy:
    'Check that this is what the pull request is for, and bring back the policy or the grant otherwise.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  refusal: true,
  facts({ facts, report }) {
    for (const [object, changes] of groupedChanges(
      facts,
      (change) => !isRecursing(change.object, facts) && isLoss(change, facts),
    )) {
      report({
        message: `Access to "${object}" that the base allowed is gone: ${changesBy(changes)}. Clients that use it now get no row or an error. Bring back the policy or the grant if that is not meant.`,
        at: homeOfChange(facts, object, { ...changes[0]!, direction: 'less' }),
        object,
        key: changes.map(({ principal, command }) => `${principal} ${command}`).join(', '),
      });
    }
  },
});

function isLoss(
  { object, principal, command, before, after, direction, lost = [] }: AccessChange,
  facts: Facts,
): boolean {
  if (direction === 'narrowed' && before === after && principal === 'user') {
    const cells = facts.access?.head.objects.find((each) => each.object === object)?.cells ?? [];
    return lost.some((when) =>
      areAllLost(
        when,
        cells.filter((cell) => cell.command === command),
      ),
    );
  }
  if (direction !== 'narrowed' || principal === 'service_role' || after !== 'none') return false;
  if (before !== 'all') return true;
  // All rows of everybody: lost by mistake only where the base said openly that they are public.
  if (command === 'select') {
    return isDeclaredPublic(
      facts.base.tables.get(object) ?? null,
      principal === 'anon' ? 'anon' : 'authenticated',
    );
  }
  if (principal === 'anon') return false;
  // A user lost its own rows together with those of others.
  const cells = facts.access?.base?.objects.find((each) => each.object === object)?.cells ?? [];
  return cells.some(
    (cell) =>
      cell.principal === principal && cell.command === command && cell.subject === 'own' && isFree(cell),
  );
}

/** Of the people in a table, nobody reaches anything any more: not only those of a lower rank. */
function areAllLost(way: string, cells: readonly AccessCell[]): boolean {
  const people = /^with a row in ([^\s,]+)/.exec(way)?.[1];
  return (
    people !== undefined &&
    !cells.some((cell) => cell.principal === 'user' && cell.when?.includes(`a row in ${people}`) === true)
  );
}
