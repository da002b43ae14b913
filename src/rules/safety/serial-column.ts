import { quoteIdent, serialType } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { alterFilled, hasConstraint, reportLock, sql } from '../support/statements.ts';

export default rule({
  id: 'safety/serial-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD COLUMN of a serial or identity column, which rewrites the table',
  why: 'Every existing row gets the next number of the sequence: Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE.',
  remedy:
    "Add a plain column, give it the sequence as default, fill old rows in batches.\n\n```sql\nalter table public.note add column number bigint;\ncreate sequence public.note_number_seq owned by public.note.number;\nalter table public.note alter column number set default nextval('public.note_number_seq');\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterFilled(['AT_AddColumn'], (command, table, statement, context, { place }) => {
    const column = command.def?.ColumnDef;
    if (column === undefined) return;
    const serial = serialType(column.typeName);
    if (serial === null && hasConstraint(column, 'CONSTR_IDENTITY') === null) return;
    const name = quoteIdent(column.colname);
    reportLock(context, statement, {
      message: `Adding "${column.colname}" numbers every row of "${table}" and writes the table anew. Reads and writes wait that long. Add a plain column with a sequence as default, and fill old rows in batches.`,
      at: place,
      object: table,
      key: column.colname,
      help: sql(
        `alter table ${table} add column ${name} ${serial ?? 'bigint'};`,
        `create sequence ${table.replace(/"?$/, '')}_${column.colname}_seq owned by ${table}.${name};`,
        `alter table ${table} alter column ${name} set default nextval('${table}_${column.colname}_seq');`,
      ),
    });
  }),
});
