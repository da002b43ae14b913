/** Worlds of rows with other values: what a policy reads of a row without asking who the caller is. */

import { userA, userB } from '../acting/principals.ts';
import { other } from '../predicate/reading.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, updating } from '../rows/world.ts';
import { asksItself } from '../tables/case.ts';
import { type Spec, shownAll, type WorldContext } from './spec.ts';

interface Toggle {
  readonly table: string;
  readonly column: string;
  readonly value: Value;
  readonly own: boolean;
  /** The condition in words. */
  readonly words: string;
  /** Rows hold it without anybody's doing: not deleted, not private. */
  readonly usual: boolean;
}

function toggles(context: WorldContext): Toggle[] {
  const { reading, table, ownership, planner } = context;
  const found: Toggle[] = [];
  const seen = new Set<string>();
  for (const atom of reading.values) {
    const id = `${atom.table}.${atom.column}`;
    if (seen.has(id)) continue;
    const own = atom.table === table.key;
    // A policy that asks its own table about the caller is no matter of the row: that is a trust world.
    if (own && !atom.home && asksItself(reading, table.key)) continue;
    if (!own && ownership.trusted.has(atom.table) && !hangsOn(context, atom.table)) continue;
    if (context.shares.includes(atom.table) || context.standing?.includes(atom.table)) continue;
    seen.add(id);
    if (rowsOf(context, atom.table).length === 0) continue;
    const choice = planner.choice(atom.table, atom.column);
    for (const value of choice?.open.slice(0, 3) ?? []) {
      const words = wordsOf(context, atom.table, atom.column, value, own ? '' : `${atom.table}.`);
      const usual = value === choice!.natural;
      found.push({ table: atom.table, column: atom.column, value, own, words, usual });
    }
  }
  return found;
}

/** `status <> 'draft'` where the value stands for any other. */
function wordsOf(
  context: WorldContext,
  table: string,
  column: string,
  value: Value,
  qualifier: string,
): string {
  const atoms = context.reading.values.filter((atom) => atom.table === table && atom.column === column);
  const named = atoms.some((atom) => atom.open.includes(value) || atom.closed.includes(value));
  const but = atoms.find((atom) => atom.open.includes(other))?.closed.find((each) => each !== other);
  return named || but == null
    ? shownAll({ [column]: value }, qualifier)
    : shownAll({ [column]: but }, qualifier).replace(' = ', ' <> ');
}

/** Rows of A and B, and of the probed table the one without owner. */
export function rowsOf(context: WorldContext, table: string): LaidRow[] {
  const rows = [userA, userB].flatMap((user) => context.world.row(table, user) ?? []);
  if (table === context.table.key && context.subjects.unowned) rows.push(context.subjects.unowned);
  return rows;
}

export function rowWorlds(context: WorldContext): Spec[] {
  return toggles(context).map(({ table, column, value, own, words }) => ({
    changes: [updating(table, { [column]: value }, rowsOf(context, table))],
    when: `rows where ${words}`,
    via: own ? null : table,
    ...(own && { choose: new Map([[column, value]]) }),
  }));
}

/** All such columns at once: some open only together. */
export function everyRowOpen(context: WorldContext): Spec | null {
  const all = firstToggles(context);
  return all.length < 2 ? null : opening(context, all);
}

/** People's worlds with the rows open as well: a member reads what is not deleted. */
export function withRowsOpen(context: WorldContext, specs: readonly Spec[]): Spec[] {
  const first = firstToggles(context);
  return specs.flatMap((spec) => {
    const all = first.filter(({ table, column }) => spec.kept?.has(`${table}.${column}`) !== true);
    if (all.length === 0) return [];
    const rows = opening(context, all);
    // What an owner has published is meant for others, whatever organisation they are in.
    const usual = all.every((toggle) => toggle.usual);
    return {
      ...spec,
      changes: [...spec.changes, ...rows.changes],
      when: `${rows.when}, and ${spec.when}`,
      choose: rows.choose!,
      ownTenant: usual && spec.ownTenant === true,
    };
  });
}

/** The most satisfying value of each column. */
function firstToggles(context: WorldContext): Toggle[] {
  const first = new Map<string, Toggle>();
  for (const toggle of toggles(context)) {
    const id = `${toggle.table}.${toggle.column}`;
    if (!first.has(id)) first.set(id, toggle);
  }
  return [...first.values()];
}

const opening = (context: WorldContext, all: readonly Toggle[]): Spec => ({
  changes: all.map(({ table, column, value }) =>
    updating(table, { [column]: value }, rowsOf(context, table)),
  ),
  when: `rows where ${all.map(({ words }) => words).join(' and ')}`,
  via: null,
  choose: new Map(all.filter(({ own }) => own).map(({ column, value }) => [column, value])),
});

/** True where rows of the probed table hang on rows of that table, and these are not the users themselves. */
export const hangsOn = (
  context: Pick<WorldContext, 'planner' | 'ownership' | 'state' | 'table'>,
  table: string,
): boolean =>
  context.planner.ancestors(context.table.key).has(table) &&
  !context.ownership
    .ownersOf(table)
    .some((owner) => context.state.tables.get(table)?.primaryKey?.columns.includes(owner.column));
