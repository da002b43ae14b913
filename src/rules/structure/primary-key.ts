import type { Facts } from '../../model/facts.ts';
import type { Index, Table } from '../../model/schema.ts';
import { isWholeKey } from '../../sql/fold/constraints.ts';
import { rule } from '../rule.ts';
import { offsetOf } from '../support/statements/places.ts';

export default rule({
  id: 'structure/primary-key',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a table without a primary key',
  why: 'Rows without a key can not be named: UPDATE and DELETE of one row are not possible with certainty, once the table is in a publication (Supabase Realtime’s is one) every UPDATE and DELETE fails with 55000, and the same row can be stored twice.',
  remedy:
    'Give the table a key.\n\n```sql\nalter table public.t add column id uuid primary key default gen_random_uuid();\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS',
    'https://www.postgresql.org/docs/17/logical-replication-publication.html',
  ],
  fixable: false,
  table(table, { facts, home, exposed, report }) {
    if (table.primaryKey !== null) return;
    // A partition has its parent's key, a foreign table can't have one; an inheriting table does not inherit it.
    if (table.kind === 'partition' || table.kind === 'foreign') return;
    if (table.unknown.length > 0) return;
    // A copy that is laid aside, where no client names a row of it.
    if (!exposed(table.schema) && isCopy(table, facts)) return;
    const named = table.indexes.some((index) => namesRows(index, table));
    const partly = table.indexes.find(({ unique }) => unique);
    report({
      ...(named ? { severity: 'info' as const } : {}),
      message: `Table "${table.key}" has no primary key. ${
        named
          ? "A unique key names its rows, but an UPDATE or DELETE fails with 55000 once the table is in a publication such as Realtime's"
          : `${partly === undefined ? 'Nothing keeps two of its rows from being the same' : `"${partly.name}" does not hold for every row`}, and an UPDATE or DELETE fails with 55000 once the table is in a publication such as Realtime's`
      }. Add one.`,
      at: home(table.origin),
      object: table.key,
      help: wayOut(table),
    });
  },
});

/** `create table archive.note as …` */
function isCopy({ origin }: Table, { sources }: Facts): boolean {
  const source = origin === null ? undefined : sources.get(origin.file);
  if (source === undefined || origin === null) return false;
  const at = offsetOf(source, origin.line, origin.column);
  return source.statements.some(
    ({ kind, start, end }) => kind === 'CreateTableAsStmt' && start <= at && at < end,
  );
}

/** By the column that is there for it; else by a new one. Two equal rows, or an empty value, would be told by Postgres. */
function wayOut(table: Table): string {
  if (table.columns.some(({ name }) => name === 'id')) {
    return `\`\`\`sql\nalter table ${table.key} add primary key (id);\n\`\`\``;
  }
  return `\`\`\`sql\nalter table ${table.key} add column id uuid primary key default gen_random_uuid();\n\`\`\`\n\nOr, where columns already name a row: \`alter table ${table.key} add primary key (column_a, column_b);\``;
}

/** A unique index over all rows, whose columns are never null or whose nulls are equal. */
const namesRows = (index: Index, table: Table) =>
  isWholeKey(index) &&
  index.columns.every(
    (name) =>
      table.columns.find((column) => column.name === name)?.notNull || equalNulls.test(index.definition),
  );

const equalNulls = /nulls not distinct/i;
