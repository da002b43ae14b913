/** A row that belongs to nobody, where a table allows one: who reads it, and who may change it? */
import type { Session } from '../../database/engine.ts';
import { userC } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { triggersOff, triggersOn } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, normalized, type World } from '../rows/world.ts';
import type { TableContext } from './case.ts';

export async function layUnowned(
  session: Session,
  context: TableContext,
  world: World,
): Promise<LaidRow | undefined> {
  const { table, ownership, planner } = context;
  const owners = ownership.ownersOf(table.key);
  if (owners.length === 0 || owners.some((owner) => !owner.nullable)) return undefined;
  // Hung on somebody's parent it would be somebody's.
  const planned = planner.plan(table, userC, (key, user) => world.row(key, user)?.values, { turn: 7 });
  if ('missing' in planned && !table.columns.some((column) => column.name === 'missing')) return undefined;
  const values: Record<string, Value> = { ...(planned as Record<string, Value>) };
  for (const owner of owners) values[owner.column] = null;
  const columns = Object.keys(values);
  const overriding = table.columns.some((column) => column.identity === 'always')
    ? ' overriding system value'
    : '';
  const outcomes = await session.batch([
    'savepoint unowned',
    triggersOff,
    `insert into ${table.key} (${columns.map(name).join(', ')})${overriding} values (${columns.map((column) => literal(values[column]!)).join(', ')}) returning *`,
  ]);
  const laid = outcomes[2]!;
  await session.exec(
    laid.ok
      ? `${triggersOn}; release savepoint unowned`
      : 'rollback to savepoint unowned; release savepoint unowned',
  );
  const first = laid.ok ? laid.rows[0] : undefined;
  if (first === undefined) return undefined;
  const stored = normalized(table, first);
  const key = table.primaryKey?.columns ?? columns.filter((column) => stored[column] !== null).slice(0, 4);
  return { table, user: userC, values: stored, key };
}
