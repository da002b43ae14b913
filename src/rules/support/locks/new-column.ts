/** A column's new name without a moment in which clients fail: a second column, kept in step until nobody uses the first. */
import type { Policy, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { nameIn, policiesMoved } from '../policies/policies-moved.ts';
import { filled } from './fill.ts';
import { inStep } from './in-step.ts';
import { provenNotNull } from './proof.ts';

export interface NewColumn {
  /** Key of the table. */
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** The new column's type; null where nobody knows it. */
  readonly type: string | null;
  /** False where the file changes the type as well. */
  readonly sameType: boolean;
  readonly context: FileContext;
  /** Names of tables that the file has changed above, by the old one. */
  readonly renamed: ReadonlyMap<string, string>;
  /** True of a policy that the change itself writes anew, or drops. */
  readonly isRewritten: (table: string, policy: Policy) => boolean;
}

export function newColumn(column: NewColumn): readonly string[] {
  const { table: key, sameType, context } = column;
  const { before } = context.set;
  const [from, to] = [quoteIdent(column.from), quoteIdent(column.to)];
  const table = before.tables.get(key);
  const old = table?.columns.find(({ name }) => name === column.from);
  const fallback = old?.default == null ? [] : [`alter column ${to} set default ${old.default.text}`];
  const step = inStep(key, table, column.to, bothWritten(from, to));
  const filledFirst = [
    ...(old?.notNull === true ? provenNotNull(key, [column.to]) : []),
    ...standsOn(table, column),
  ];
  return [
    `alter table ${key} add column ${to} ${column.type ?? '…'}${referenceOf(table, column)};`,
    ...(sameType ? step.made : ['-- a trigger that keeps the two in step']),
    ...filled(
      key,
      [column.to],
      [`update ${key} set ${to} = ${sameType ? from : '…'} where ${to} is null and …;`],
      context,
    ),
    ...(filledFirst.every((line) => line.startsWith('--')) ? [] : ['-- when every row is filled']),
    ...filledFirst,
    '-- in a later migration, when nothing reads or writes the old one',
    ...(sameType ? step.dropped : []),
    ...policiesMoved(before, key, new Map([[column.from, column.to]]), column.isRewritten),
    `alter table ${key} ${[...fallback, `drop column ${from}`].join(', ')};`,
  ];
}

/** Who writes one of the two writes both. A default of the old one counts as written by nobody. */
const bothWritten = (from: string, to: string): readonly string[] => [
  // OLD is null on INSERT.
  `if new.${to} is distinct from old.${to} then`,
  `  new.${from} := new.${to};`,
  'else',
  `  new.${to} := new.${from};`,
  'end if;',
];

/** ` references …` where a key of this one column points somewhere. */
function referenceOf(table: Table | undefined, { from, renamed }: NewColumn): string {
  const key = table?.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === from);
  if (key === undefined) return '';
  const target = key.referencedColumns.length === 1 ? ` (${quoteIdent(key.referencedColumns[0]!)})` : '';
  return ` references ${renamed.get(key.references) ?? key.references}${target}${key.onDelete === 'no action' ? '' : ` on delete ${key.onDelete}`}`;
}

/** Indexes and keys of the old column for the new one; of checks and of expressions only that they are there. */
function standsOn(table: Table | undefined, { from, to }: NewColumn): readonly string[] {
  if (table === undefined) return [];
  const asks = nameIn(from);
  const listed = (columns: readonly (string | null)[]) =>
    columns.map((name) => quoteIdent(name === from ? to : name!)).join(', ');
  const plain = table.indexes.filter(
    ({ columns, predicate, include, method, constraint, definition }) =>
      columns.includes(from) &&
      !columns.includes(null) &&
      predicate === null &&
      include.length === 0 &&
      method === 'btree' &&
      !constraint &&
      !/\b(desc|nulls|collate|_ops)\b/i.test(definition),
  );
  const rest =
    table.indexes.some(
      (index) =>
        !plain.includes(index) &&
        !index.constraint &&
        (index.columns.includes(from) || asks.test(`${index.definition}`)),
    ) || table.checks.some(({ expression }) => asks.test(expression.text));
  return [
    ...plain.map(
      ({ unique, columns }) => `create ${unique ? 'unique ' : ''}index on ${table.key} (${listed(columns)});`,
    ),
    ...table.uniques
      .filter(({ columns }) => columns.includes(from))
      .map(({ columns }) => `alter table ${table.key} add unique (${listed(columns)});`),
    ...(table.primaryKey?.columns.includes(from)
      ? ['-- and the primary key, which takes a swap of its own']
      : []),
    ...(rest ? ["-- and the old column's other indexes and checks for the new one"] : []),
  ];
}
