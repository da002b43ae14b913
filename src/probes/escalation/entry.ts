/** Entering somebody without asking: A makes B a member of its own organisation, and looks at what of B's opens by that. */
import type { Escalation, ObjectAccess } from '../../model/access.ts';
import { userA, userB } from '../acting/principals.ts';
import { passes } from '../cells.ts';
import type { Reading } from '../predicate/reading.ts';
import { ownerValue } from '../rows/owners.ts';
import { quietly } from '../rows/triggers.ts';
import { asA, type EscalationContext, opened, within } from './attempt.ts';

export async function byEntry(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
  readings: ReadonlyMap<string, Reading>,
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  for (const { object, cells } of objects) {
    const table = context.state.tables.get(object);
    const [owner, ...others] = context.ownership.ownersOf(object).filter((each) => each.author);
    if (table === undefined || owner === undefined || others.length > 0) continue;
    const entering = cells.find(
      (cell) =>
        cell.principal === 'user' &&
        cell.command === 'insert' &&
        cell.subject === 'spoof' &&
        // Without a condition it is an INSERT in another's name, and told as that.
        cell.when !== null &&
        passes(cell),
    );
    if (entering === undefined) continue;
    // Rows of B's that hang on no organisation, where a policy looks into this table.
    const theirs = objects.filter(
      (other) =>
        other.object !== object &&
        readings.get(other.object)?.tables.has(object) === true &&
        context.ownership.ownersOf(other.object).some((each) => each.author),
    );
    const prizes = theirs.flatMap((other) =>
      other.cells
        .filter(
          (cell) =>
            cell.principal === 'user' &&
            cell.subject === 'foreign' &&
            cell.when === null &&
            cell.outcome === 'filtered',
        )
        .map((cell) => ({ opens: other.object, via: object, cell: { ...cell, proof: [cell.proof[0]!] } })),
    );
    if (prizes.length === 0) continue;
    const escalation = await within(context, async () => {
      const { world, planner, session } = context;
      const needed = [...planner.ancestors(object), ...theirs.map((other) => other.object)];
      for (const user of [userA, userB]) await world.lay(needed, user);
      const mine = await context.trusted.rowIn(object, userA);
      const conditions = entering.proof.filter(({ as }) => as.startsWith('superuser (the condition)'));
      const before =
        conditions.length > 0 ? conditions.map(({ sql }) => sql) : 'inserts' in mine ? mine.inserts : [];
      const prepared = await session.batch([...quietly(before)]);
      if (prepared.some((outcome) => !outcome.ok) || (await opened(context, prizes)) !== null) return null;
      const { outcome, proof } = await asA(context, table, entering.proof.at(-1)!.sql);
      if (!outcome.ok || outcome.affected === 0) return null;
      const prize = await opened(context, prizes);
      const step = { command: 'insert', values: { [owner.column]: ownerValue(owner, userB) } } as const;
      return prize === null
        ? null
        : { opens: prize.opens, steps: [step], reaches: prize.reaches, proof: [proof, prize.proof] };
    });
    if (escalation !== null) found.push({ ...escalation, object, principal: 'user', kind: 'entry' });
  }
  return found;
}
