/** A child of A's under a parent of B's. */
import type { AccessCell, Escalation, ObjectAccess, Proof } from '../../model/access.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { quietly } from '../rows/triggers.ts';
import { whereIs } from '../rows/world.ts';
import { asA, type EscalationContext, tried, within } from './attempt.ts';
import { stepsOf, updateOf } from './sent.ts';

/** Rows of A's under a parent of B's that A can't see: foreign keys are checked without row level security. */
export async function findForeignParents(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
): Promise<Escalation[]> {
  const found: Escalation[] = [];
  for (const { object } of objects) {
    const table = context.state.tables.get(object);
    const own = cellOf(objects, object, 'insert', 'own');
    const owners = context.ownership.ownersOf(object);
    // Where only the parent says whose a row is, B's parent is B's name: that is an insert in another's name.
    if (table === undefined || own?.outcome !== 'allowed' || owners.length === 0) continue;
    for (const key of table.foreignKeys) {
      const hidden = cellOf(objects, key.references, 'select', 'foreign');
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
        const look = await lookAt(context, key.references, object, hidden);
        const values = Object.fromEntries(
          key.columns.map((column, index) => [column, b.values[key.referencedColumns[index]!] ?? null]),
        );
        return {
          opens: look.opens,
          steps: [{ command: 'insert' as const, values }],
          proof: [proof, look.proof],
        };
      });
      if (escalation !== null) {
        found.push({ ...escalation, object, principal: 'user', kind: 'foreign-parent' });
        break;
      }
    }
  }
  found.push(...(await moved(context, objects, new Set(found.map(({ object }) => object)))));
  return found;
}

/** Where INSERT asks for the parent: A's own row, moved under a parent of B's afterwards. */
async function moved(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
  told: ReadonlySet<string>,
): Promise<Escalation[]> {
  const { world, planner, ownership, state } = context;
  const found: Escalation[] = [];
  for (const { object, cells } of objects) {
    const table = state.tables.get(object);
    const owners = ownership.ownersOf(object);
    const change = cells.find(
      (cell) =>
        cell.principal === 'user' &&
        cell.command === 'update' &&
        cell.subject === 'own' &&
        passes(cell) &&
        (cell.when === null || cell.via !== null),
    );
    const freely = cells.some(
      (cell) =>
        cell.principal === 'user' && cell.command === 'insert' && cell.subject === 'spoof' && passes(cell),
    );
    if (table === undefined || change === undefined || owners.length === 0 || told.has(object) || freely)
      continue;
    for (const key of table.foreignKeys) {
      const [column] = key.columns;
      const target = key.referencedColumns[0];
      const hidden = cellOf(objects, key.references, 'select', 'foreign');
      if (
        key.columns.length > 1 ||
        key.references === object ||
        owners.some((owner) => owner.column === column) ||
        hidden?.outcome !== 'filtered' ||
        context.privileges('authenticated', 'update', object)?.includes(column!) !== true
      )
        continue;
      const escalation = await within(context, async () => {
        const { via } = change;
        if (via !== null) await world.lay([...planner.ancestors(via), via], userA);
        await world.lay([...planner.ancestors(key.references), key.references], userB);
        const row = world.row(object, userA);
        const parent = world.row(key.references, userB)?.values[target!];
        if (row === undefined || parent == null || row.values[column!] === parent) return null;
        const sent = updateOf(row, { [column!]: parent });
        const done = await asA(context, table, sent.sql);
        if (!done.outcome.ok || done.outcome.affected === 0) return null;
        const there = await context.session.query(
          `select 1 as there from ${object} where ${whereIs(row)} and ${name(column!)} = ${literal(parent)}`,
        );
        if (there.length === 0) return null;
        const look = await lookAt(context, key.references, object, hidden);
        return { opens: look.opens, steps: stepsOf([sent]), proof: [done.proof, look.proof] };
      });
      if (escalation !== null) {
        found.push({ ...escalation, object, principal: 'user', kind: 'foreign-parent' });
        break;
      }
    }
  }
  return found;
}

/** What came of a command that needs no row of another table. */
const cellOf = (
  objects: readonly ObjectAccess[],
  object: string,
  command: AccessCell['command'],
  subject: AccessCell['subject'],
): AccessCell | undefined =>
  objects
    .find((entry) => entry.object === object)
    ?.cells.find(
      (cell) =>
        cell.principal === 'user' &&
        cell.command === command &&
        cell.subject === subject &&
        cell.when === null,
    );

/** B's parent once more, now that a row of A's hangs on it: what comes back, whatever that is. */
async function lookAt(
  context: EscalationContext,
  parent: string,
  child: string,
  hidden: AccessCell,
): Promise<{ opens: string; proof: Proof }> {
  const [look] = await tried(context, [{ opens: parent, via: child, cell: hidden }]);
  return { opens: look!.holds ? parent : '', proof: look!.proof };
}
