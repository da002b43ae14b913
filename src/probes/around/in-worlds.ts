/** What is no table of the project's, a bucket or a channel, in the worlds that its policies tell apart. */
import type { AccessCell } from '../../model/access.ts';
import type { Identity } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Case, TableContext } from '../tables/case.ts';
import { probeCases } from '../tables/table.ts';
import { conditionalCells } from '../worlds/index.ts';
import type { AroundContext } from './views.ts';

/** Its cells in the closed world, and those under a condition. */
export async function probeInWorlds(
  context: AroundContext,
  probing: TableContext,
  reading: Reading,
  identities: readonly Identity[],
  cases: (who: readonly Identity[]) => Case[],
): Promise<AccessCell[]> {
  const closed = await probeCases(probing, cases(identities));
  const conditional = await conditionalCells(
    {
      ...probing,
      state: context.state,
      // The object's own columns are the path, the topic and whose it is: those stay.
      reading: { ...reading, values: reading.values.filter((atom) => !atom.home) },
      world: context.world,
      subjects: { a: undefined, b: undefined, unowned: undefined },
      identities,
      trusted: context.trusted,
      shares: [],
      skip: context.skip,
      cases,
    },
    closed,
  );
  return [...closed, ...conditional];
}
