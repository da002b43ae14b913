import { quoteIdent, strings } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { alterFilled, isThere, reportLock, sql } from '../support/statements.ts';

export default rule({
  id: 'safety/primary-key-index',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD PRIMARY KEY that builds its index under an exclusive lock',
  why: 'The index is built, and the columns are checked for NULL, under ACCESS EXCLUSIVE: neither reads nor writes go on meanwhile.',
  remedy:
    'Build the index CONCURRENTLY first, then adopt it.\n\n```sql\ncreate unique index concurrently note_pkey on public.note (id);\n-- in the next migration\nalter table public.note add constraint note_pkey primary key using index note_pkey;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX',
  ],
  fixable: false,
  statement: alterFilled(['AT_AddConstraint'], (command, table, statement, context, { place }) => {
    const constraint = command.def?.Constraint;
    if (constraint?.contype !== 'CONSTR_PRIMARY' || constraint.indexname !== undefined) return;
    if (isThere(context, table, constraint.conname ?? null, 'primary')) return;
    const columns = strings(constraint.keys).map(quoteIdent).join(', ');
    const name = quoteIdent(constraint.conname ?? `${table.split('.').at(-1)}_pkey`);
    reportLock(context, statement, {
      message: `The primary key of "${table}" builds its index while reads and writes wait. A NULL or two equal rows make the file fail. Build a unique index with CONCURRENTLY in a file of its own and adopt it.`,
      at: place,
      object: table,
      help: sql(
        `create unique index concurrently ${name} on ${table} (${columns});`,
        `-- in the next migration`,
        `alter table ${table} add constraint ${name} primary key using index ${name};`,
      ),
    });
  }),
});
