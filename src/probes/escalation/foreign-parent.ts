/** A child of A's under a parent of B's. */
import type { AccessCell, Escalation, ObjectAccess, Proof } from '../../model/access.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal } from '../acting/quote.ts';
import { quietly } from '../rows/triggers.ts';
import { whereIs } from '../rows/world.ts';
import { asA, type EscalationContext, opened, within } from './attempt.ts';

/** Rows of A's under a parent of B's that A can't see: foreign keys are checked without row level security. */
export async function findForeignParents(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  const cellOf = (object: string, command: AccessCell['command'], subject: AccessCell['subject']) =>
    objects
      .find((entry) => entry.object === object)
      ?.cells.find(
        (cell) =>
          cell.principal === 'user' &&
          cell.command === command &&
          cell.subject === subject &&
          cell.when === null,
      );
  for (const { object } of objects) {
    const table = context.state.tables.get(object);
    const own = cellOf(object, 'insert', 'own');
    const owners = context.ownership.ownersOf(object);
    // Where only the parent says whose a row is, B's parent is B's name: that is an insert in another's name.
    if (table === undefined || own?.outcome !== 'allowed' || owners.length === 0) continue;
    for (const key of table.foreignKeys) {
      const hidden = cellOf(key.references, 'select', 'foreign');
      const named = key.columns.some((column) => owners.some((owner) => owner.column === column));
      if (key.references === object || named || hidden === undefined || hidden.outcome !== 'filtered')
        continue;
      const a = context.world.row(key.references, userA);
      const b = context.world.row(key.references, userB);
      const row = context.world.row(object, userA);
      if (a === undefined || b === undefined || row === undefined) continue;
      const sql = key.referencedColumns.reduce(
        (text, column) =>
          text.replaceAll(literal(a.values[column] ?? null), literal(b.values[column] ?? null)),
        own.proof[0]!.sql,
      );
      if (sql === own.proof[0]!.sql) continue;
      const escalation = await within(context, async () => {
        await context.session.exec(quietly([`delete from ${object} where ${whereIs(row)}`]).join(';'));
        const { outcome, proof } = await asA(context, table, sql);
        if (!outcome.ok || outcome.affected === 0) return null;
        const prize = await opened(context, [{ opens: key.references, via: object, cell: hidden }]);
        const look: Proof = prize?.proof ?? { ...hidden.proof[0]!, result: '0 rows' };
        return { opens: prize === null ? '' : key.references, proof: [proof, look] };
      });
      if (escalation !== null) {
        found.push({
          object,
          opens: escalation.opens,
          principal: 'user',
          kind: 'foreign-parent',
          proof: escalation.proof,
        });
        break;
      }
    }
  }
  return found;
}
