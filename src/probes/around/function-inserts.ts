/** Rows that a definer function makes in somebody else's name: who writes a message, leaves a review, casts a vote. */
import type { Outcome } from '../../database/engine.ts';
import type { SqlError } from '../../model/replay.ts';
import type { Routine, Table } from '../../model/schema.ts';
import { type Identity, userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { ownerValue } from '../rows/owners.ts';
import { quietly } from '../rows/triggers.ts';
import { whereIs } from '../rows/world.ts';
import type { AroundContext } from './views.ts';

export interface MadeRows {
  readonly table: Table;
  /** Counts the rows that are B's and name nobody else as their maker. */
  readonly question: string;
}

/** Tables that a body inserts into, whose rows say who made them, and which the caller can't fill in B's name itself. */
export function rowsMadeBy(context: AroundContext, routine: Routine, identity: Identity): MadeRows[] {
  const { state, probing, tables } = context;
  const keys = [...routine.body.matchAll(/\binsert\s+into\s+(?:"?(\w+)"?\s*\.\s*)?"?(\w+)"?/gi)].map(
    ([, schema, table]) => `${schema ?? 'public'}.${table}`,
  );
  return [...new Set(keys)].flatMap((key) => {
    const table = state.tables.get(key);
    const makers = probing.ownership
      .ownersOf(key)
      .filter((owner) => owner.author && owner.form === 'plain' && owner.caller.kind !== 'function');
    const byItself = tables
      .get(key)
      ?.cells.some(
        (cell) =>
          cell.principal === identity.principal &&
          cell.command === 'insert' &&
          cell.subject === 'spoof' &&
          cell.when === null &&
          passes(cell),
      );
    if (table === undefined || makers.length === 0 || byItself || context.bySignUp.has(key)) return [];
    const named = (user: typeof userA) =>
      makers.map((owner) => `${name(owner.column)} = ${literal(ownerValue(owner, user))}`).join(' or ');
    return [
      {
        table,
        question: `select count(*) as n from ${key} where (${named(userB)}) and (${named(userA)}) is not true`,
      },
    ];
  });
}

/** The table that holds more of B's rows than before. */
export function madeIn(
  made: readonly MadeRows[],
  before: readonly Outcome[],
  after: readonly Outcome[],
): Table | undefined {
  const count = (outcome: Outcome | undefined) => (outcome?.ok ? Number(outcome.rows[0]?.n) : Number.NaN);
  return made.find((_, index) => count(after[index]) > count(before[index]))?.table;
}

/** Statements that take B's row away where a key lets in no second one. */
export function inTheWayOf(
  { world }: AroundContext,
  error: SqlError,
  made: readonly MadeRows[],
): readonly string[] {
  if (error.sqlstate !== '23505') return [];
  const table = made.find((entry) => entry.table.name === error.table)?.table;
  const row = table && world.row(table.key, userB);
  return row === undefined ? [] : quietly([`delete from ${row.table.key} where ${whereIs(row)}`]);
}
