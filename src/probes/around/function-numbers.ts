/** Sums and counts that a function gives out: none of B's values stands in them, and they are others once B's row is gone. */
import type { Row } from '../../database/engine.ts';
import type { AccessCell } from '../../model/access.ts';
import type { Routine, Table } from '../../model/schema.ts';
import { become, becomeAdmin, type Identity, userB } from '../acting/principals.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { whereIs } from '../rows/world.ts';
import { type AroundContext, hiddenTable } from './views.ts';

/** Who calls what, and the tables that its body names. */
interface Asked {
  readonly context: AroundContext;
  readonly routine: Routine;
  readonly identity: Identity;
  readonly watched: readonly Table[];
}

/** A call that went through. */
interface Answered {
  readonly values: readonly Value[];
  readonly sql: string;
  /** Statements that were run before it. */
  readonly gone: readonly string[];
}

const writes =
  /\b(insert\s+into|update\s+[\w".]+\s+set|delete\s+from|merge\s+into|truncate|nextval|random|gen_random_uuid)\b/i;

/**
 * The verdict and its proof where the arguments name B, or a row of B's. A total of all rows names nobody, and says
 * little of anybody.
 */
export async function countedIn(
  { context, routine, identity, watched }: Asked,
  answered: readonly Answered[],
  without: readonly string[],
): Promise<[Pick<AccessCell, 'outcome' | 'reason'> & Partial<AccessCell>, AccessCell['proof']] | null> {
  const hidden = watched.filter(
    ({ key }) => hiddenTable(context, identity.principal, [{ columns: new Map([[key, '']]) }]) === key,
  );
  if (hidden.length === 0 || /^(setof )?boolean$/i.test(routine.returns) || writes.test(routine.body))
    return null;
  const named = new Set<string>([userB.id, userB.email]);
  for (const { key } of watched) {
    const row = context.world.row(key, userB);
    for (const column of row?.key ?? []) {
      const value = row!.values[column];
      if (value != null && value.length >= 8) named.add(value);
    }
  }
  const call = answered.find(({ values }) => values.some((value) => value !== null && named.has(value)));
  if (call === undefined) return null;
  const asking = [become(identity, context.searchPath(routine.schema)), call.sql, becomeAdmin];
  const steps = hidden.map(({ key }) => [
    'savepoint without_row',
    ...quietly([`delete from ${key} where ${whereIs(context.world.row(key, userB)!)}`]),
    ...asking,
    'rollback to savepoint without_row',
    'release savepoint without_row',
  ]);
  const before = ['savepoint numbers', ...without, ...call.gone];
  const outcomes = await context.session.batch([
    ...before,
    ...asking,
    ...asking,
    ...steps.flat(),
    'rollback to savepoint numbers',
    'release savepoint numbers',
  ]);
  const at = (index: number) => {
    const outcome = outcomes[index];
    return outcome?.ok ? numbersIn(outcome.rows) : null;
  };
  const first = at(before.length + 1);
  const again = at(before.length + asking.length + 1);
  // What differs from call to call by itself proves nothing.
  if (first === null || first.length === 0 || first.join() !== again?.join()) return null;
  let start = before.length + 2 * asking.length;
  for (const [index, { key }] of hidden.entries()) {
    const then = at(start + steps[index]!.length - 4);
    start += steps[index]!.length;
    if (then === null || then.join() === first.join()) continue;
    return [
      {
        outcome: 'allowed',
        reason: `its numbers change with user B's row in ${key}`,
        via: key,
        reached: { how: 'counted' },
      },
      [
        { as: identity.label, sql: call.sql, result: shown(first) },
        { as: identity.label, sql: call.sql, result: `${shown(then)}, once user B's row in ${key} is gone` },
      ],
    ];
  }
  return null;
}

const shown = (numbers: readonly string[]): string =>
  numbers.length === 0 ? 'nothing' : numbers.slice(0, 6).join(', ');

/** Numbers among the values, those in JSON too; no parts of dates or ids. */
function numbersIn(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => Object.values(row).flatMap((value) => (value === null ? [] : inText(value))));
}

function inText(text: string): string[] {
  if (/^-?\d+(\.\d+)?$/.test(text)) return [String(Number(text))];
  if (!/^[[{]/.test(text)) return [];
  try {
    return inJson(JSON.parse(text));
  } catch {
    return [];
  }
}

function inJson(value: unknown): string[] {
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(inJson) : [];
}
