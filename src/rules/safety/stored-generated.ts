import { rule } from '../rule.ts';
import { alterFilled, hasConstraint } from '../support/statements/statements.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/stored-generated',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD COLUMN … GENERATED … STORED, which rewrites the table',
  why: 'The value is worked out for every row at once: Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE. On a table that the migrations made within 30 days it takes next to no time: a note.',
  remedy:
    "Use a view, an expression index, or a plain column that a trigger fills, and fill old rows in batches.\n\n```sql\ncreate index concurrently idx_note_search on public.note using gin (to_tsvector('english', body));\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-generated-columns.html',
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  ],
  fixable: false,
  statement: alterFilled(['AT_AddColumn'], (command, table, statement, context, { place }) => {
    const column = command.def?.ColumnDef;
    if (column === undefined || hasConstraint(column, 'CONSTR_GENERATED') === null) return;
    const problem = {
      message: `Adding the generated column "${column.colname}" writes all of "${table}" anew. Reads and writes wait that long. Use an expression index or a view, or a plain column that a trigger fills.`,
      at: place,
      object: table,
      key: column.colname,
    };
    reportWait(context, statement, problem, false);
  }),
});
