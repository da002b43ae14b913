/** What A sends to climb: the SQL of each statement, and beside it what it writes, as a fact. */
import type { Step } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { literal, name } from '../acting/quote.ts';
import type { RowValues } from '../rows/plan.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';

export interface Sent {
  readonly sql: string;
  /** Null where it is no command of the table's own: a function that writes there. */
  readonly step: Step | null;
}

export const updateOf = (row: LaidRow, values: RowValues): Sent => ({
  sql: `update ${row.table.key} set ${assigned(values).join(', ')} where ${whereIs(row)}`,
  step: { command: 'update', values },
});

export const insertInto = (table: Table, values: RowValues): Sent => ({
  sql: `insert into ${table.key} (${Object.keys(values).map(name).join(', ')}) values (${Object.values(values).map(literal).join(', ')})`,
  step: { command: 'insert', values },
});

export const deleteOf = (row: LaidRow): Sent => ({
  sql: `delete from ${row.table.key} where ${whereIs(row)}`,
  step: { command: 'delete', values: {} },
});

export const callOf = (sql: string): Sent => ({ sql, step: null });

export const stepsOf = (sent: readonly Sent[]): readonly Step[] => sent.flatMap(({ step }) => step ?? []);

export const assigned = (values: RowValues): string[] =>
  Object.entries(values).map(([column, value]) => `${name(column)} = ${literal(value)}`);
