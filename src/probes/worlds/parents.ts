/** The world in which another user's row hangs on a parent of the caller's own: a reply under one's own post. */

import { userA, userB } from '../acting/principals.ts';
import { underOwnParent } from '../cells.ts';
import { updating, whereIs } from '../rows/world.ts';
import { asksItself } from '../tables/case.ts';
import type { Spec, WorldContext } from './spec.ts';

export function ownParentWorlds(context: WorldContext): Spec[] {
  const { table, ownership, world, subjects } = context;
  const { b } = subjects;
  // Rows without an owner of their own are their parent's owner's.
  if (b === undefined || ownership.ownersOf(table.key).length === 0) return [];
  const people = new Set(ownership.ownersOf(table.key).map((owner) => owner.column));
  const specs: Spec[] = [];
  for (const key of table.foreignKeys) {
    if (key.references === table.key || !ownership.isOwned(key.references)) continue;
    if (key.columns.some((column) => people.has(column))) continue;
    const parent = world.row(key.references, userA);
    if (parent === undefined || world.row(key.references, userB) === undefined) continue;
    const there = Object.fromEntries(
      key.columns.map((column, at) => [column, parent.values[key.referencedColumns[at]!] ?? null]),
    );
    // Where policies ask the table itself for the caller's row, that row is a right of its own.
    const member = asksItself(context.reading, table.key) ? (subjects.a ?? null) : null;
    specs.push({
      changes: [
        ...(member === null ? [] : [`delete from ${table.key} where ${whereIs(member)}`]),
        updating(table.key, there, [b]),
      ],
      rows: { ...subjects, b: { ...b, values: { ...b.values, ...there } } },
      when: underOwnParent,
      via: key.references,
      onlyUsers: true,
      subjects: ['foreign'],
    });
  }
  return specs;
}
