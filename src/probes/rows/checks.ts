/** Values that make a CHECK of several columns true, given what the row holds already. */
import type { Session } from '../../database/engine.ts';
import { satisfying } from '../../database/rows/checks.ts';
import type { Check, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { deparse } from '../../sql/deparse.ts';
import { parseExpression } from '../../sql/parse.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { literal, name } from '../acting/quote.ts';
import { defaultOf } from './choices.ts';
import type { RowValues } from './plan.ts';
import type { Value } from './type-values.ts';

interface Given {
  readonly row: RowValues;
  /** Columns that may be set: neither owners nor keys. */
  readonly free: readonly string[];
  readonly values: (column: string) => readonly Value[];
}

export const isNamed = (check: Check, column: string): boolean =>
  new RegExp(`(^|[^\\w])"?${escapeRegExp(column)}"?([^\\w]|$)`).test(check.expression.text);

/** What to set, as few columns as possible: Postgres is asked. Null where nothing known makes it true. */
export async function fitting(
  session: Session,
  table: Table,
  check: Check,
  { row, free, values }: Given,
): Promise<ReadonlyMap<string, Value> | null> {
  const read = table.columns.filter((column) => isNamed(check, column.name));
  const known = new Map<string, Value>(
    read.flatMap((column) => {
      const value = row[column.name] === undefined ? defaultOf(column) : row[column.name];
      return value === undefined ? [] : [[column.name, value]];
    }),
  );
  if (read.some((column) => !known.has(column.name) && !free.includes(column.name))) return null;
  const computed = await otherSides(session, table, check, known, free);
  return satisfying(
    session,
    {
      columns: read.map(({ name: column, type, notNull }) => ({
        name: column,
        type: { name: type },
        notNull: notNull || !free.includes(column),
      })),
      checks: [],
    },
    {
      name: check.name,
      text: `CHECK (${check.expression.text})`,
      columns: read.map((column) => column.name),
    },
    known,
    ({ name: column }) => (free.includes(column) ? [...(computed.get(column) ?? []), ...values(column)] : []),
  );
}

/** `path like (user_id::text || '/%')`, `key = 'photo:' || number`: what the other side comes to in this row. */
async function otherSides(
  session: Session,
  table: Table,
  check: Check,
  known: ReadonlyMap<string, Value>,
  free: readonly string[],
): Promise<ReadonlyMap<string, readonly Value[]>> {
  const sides = sidesOf(check.expression.node ?? parseExpression(check.expression.text), free);
  const computed = new Map<string, Value[]>();
  const columns = table.columns.filter((column) => known.has(column.name));
  const given = columns.map(
    (column) => `${literal(known.get(column.name)!)}::${column.type} as ${name(column.name)}`,
  );
  for (const { column, side, isPattern } of sides) {
    const [, outcome] = await session.batch([
      'savepoint side',
      `select (${deparse(side)})::text as value from (select ${given.join(', ')}) as given`,
      'rollback to savepoint side',
      'release savepoint side',
    ]);
    const value = outcome?.ok ? (outcome.rows[0]?.value ?? null) : null;
    if (value === null) continue;
    const list = computed.get(column) ?? [];
    computed.set(column, [...list, isPattern ? value.replaceAll('%', 'x') : value]);
  }
  return computed;
}

interface Side {
  readonly column: string;
  readonly side: SyntaxNode;
  /** LIKE. */
  readonly isPattern: boolean;
}

function sidesOf(node: unknown, free: readonly string[]): readonly Side[] {
  if (Array.isArray(node)) return node.flatMap((each) => sidesOf(each, free));
  if (node === null || typeof node !== 'object') return [];
  const { A_Expr: expression, ...rest } = node as SyntaxNode;
  const operator = expression?.name?.at(-1)?.String?.sval;
  const found: Side[] = [];
  if (operator === '=' || operator === '~~') {
    const pairs = [
      [expression.lexpr, expression.rexpr],
      ...(operator === '=' ? [[expression.rexpr, expression.lexpr]] : []),
    ];
    for (const [left, side] of pairs) {
      const column = columnOf(left);
      if (column !== null && free.includes(column) && side !== undefined && readsColumns(side))
        found.push({ column, side, isPattern: operator === '~~' });
    }
  }
  return [...found, ...Object.values(expression ?? rest).flatMap((each) => sidesOf(each, free))];
}

const columnOf = (node: SyntaxNode | undefined): string | null =>
  node?.TypeCast ? columnOf(node.TypeCast.arg) : (node?.ColumnRef?.fields?.at(-1)?.String?.sval ?? null);

const readsColumns = (node: SyntaxNode): boolean => JSON.stringify(node).includes('"ColumnRef"');
