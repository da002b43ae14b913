/** Rows that what runs at sign-up points to by a constant: the founder whom everybody befriends, the plan that all begin with. */
import type { Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import type { SchemaState } from '../model/schema.ts';
import { userA, userB, userC, userD, userZ } from './acting/principals.ts';
import { literal, name } from './acting/quote.ts';
import { quietly } from './rows/triggers.ts';
import type { Value } from './rows/type-values.ts';
import type { ValueSource } from './rows/values.ts';

interface Asked {
  readonly table: string;
  readonly column: string;
  readonly value: string;
}

/**
 * The row whose absence a foreign key reports: a user's that is none of the probes', or one of an empty table where the
 * project's own code spells its key out. Where that table holds rows the migrations fill it, and left this one out.
 */
export async function askedFor(session: Session, state: SchemaState, error: SqlError): Promise<Asked | null> {
  if (error.sqlstate !== '23503') return null;
  const [, value] = /=\((.+)\) is not present in table /.exec(error.detail ?? '') ?? [];
  const table = state.tables.get(`${error.schema}.${error.table}`);
  const key = table?.foreignKeys.find(({ name }) => name === error.constraint);
  const column = key?.referencedColumns[0];
  if (value === undefined || key === undefined || column === undefined || key.columns.length > 1) return null;
  const asked = { table: key.references, column, value };
  if (asked.table === 'auth.users') return people.has(value) ? null : asked;
  if (!isSpelledOut(value, state)) return null;
  const [held] = await session.query(`select 1 as held from ${asked.table} limit 1`);
  return held === undefined ? asked : null;
}

const people = new Set([userA, userB, userC, userD, userZ].map(({ id }) => id));

const isSpelledOut = (value: string, { routines, tables }: SchemaState): boolean => {
  const spelled = literal(value);
  return (
    [...routines.values()].some(({ body }) => body.includes(spelled)) ||
    [...tables.values()].some(({ columns }) =>
      columns.some((column) => column.default?.text.includes(spelled) === true),
    )
  );
};

/** Lays it past triggers and foreign keys; false where it can't stand. */
export async function layRow(
  session: Session,
  state: SchemaState,
  values: ValueSource,
  asked: Asked,
): Promise<boolean> {
  const table = state.tables.get(asked.table);
  if (table === undefined) return false;
  const row: Record<string, Value> = {};
  for (const column of table.columns) {
    const needed =
      column.notNull && column.default === null && column.identity === null && column.generated === null;
    if (needed) row[column.name] = values.candidates(table, column.name, { owner: 'E', turn: 0 })[0] ?? null;
  }
  row[asked.column] = asked.value;
  const columns = Object.keys(row);
  const overriding = table.columns.some(({ identity }) => identity === 'always')
    ? ' overriding system value'
    : '';
  const outcomes = await session.batch(
    quietly([
      `insert into ${asked.table} (${columns.map(name).join(', ')})${overriding} values (${columns.map((column) => literal(row[column]!)).join(', ')})`,
    ]),
    { stopOnError: true },
  );
  return outcomes.every(({ ok }) => ok);
}
