/**
 * Where a policy trusts a row or a value, A tries to obtain it with A's own commands, and then to reach what it opens.
 * Counted only where something of B's opens, or a rank that a plain member lacks.
 */

import type { AccessCell, Escalation, ObjectAccess } from '../../model/access.ts';
import type { Reading } from '../predicate/reading.ts';
import { byAddress } from './address.ts';
import type { EscalationContext, Prize } from './attempt.ts';
import { byClaim } from './claim.ts';
import { byEntry } from './entry.ts';
import { findForeignParents } from './foreign-parent.ts';
import { byHook } from './hook.ts';
import { byMembership } from './membership.ts';
import { byOwnership } from './ownership.ts';
import { byRank } from './rank.ts';
import { bySignUp } from './sign-up.ts';

/** Conditional cells that somebody else's rows, or nobody's, open by a row of the caller's. */
function prizesOf({ object, cells }: ObjectAccess): Prize[] {
  return cells
    .filter((cell): cell is AccessCell & { via: string; when: string } =>
      Boolean(cell.via !== null && cell.when?.startsWith('a row in ') && cell.principal === 'user'),
    )
    .map((cell) => ({ opens: object, via: cell.via, cell }));
}

/** A rank that A writes into a row that comes in the place of its own: both ways lead there. */
const isAnew = ({ kind, steps }: Escalation) => kind === 'role-column' && steps[0]?.command === 'delete';

export async function findEscalations(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
  readings: ReadonlyMap<string, Reading>,
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  const prizes = objects.flatMap(prizesOf);
  const vias = [...new Set(prizes.map((prize) => prize.via))].toSorted();
  for (const via of vias) {
    const table = context.state.tables.get(via);
    // What the API does not show can be written through functions only.
    if (table === undefined) continue;
    const mine = prizes.filter((prize) => prize.via === via);
    const ranks = await byRank(context, table, mine);
    const members = await byMembership(context, table, mine);
    found.push(...ranks, ...members.filter((each) => !isAnew(each) || !ranks.some(isAnew)));
    found.push(...(await bySignUp(context, table, mine)));
    found.push(...(await byAddress(context, table, mine, readings)));
  }
  found.push(...(await byOwnership(context, objects)));
  found.push(...(await byEntry(context, objects, readings)));
  found.push(...(await byHook(context, objects, readings)));
  found.push(...byClaim(objects));
  found.push(...(await findForeignParents(context, objects)));
  return found;
}
