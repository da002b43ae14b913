import { isKnownByName } from '../../sql/fold/table-access.ts';
import { rule } from '../rule.ts';
import { sql } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/table-comment',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a table without a comment',
  why: 'The comment is shown by the Supabase dashboard, by psql, in the generated API description and to every tool that reads the schema.',
  remedy: "Say what a row is.\n\n```sql\ncomment on table public.t is 'One row for each …';\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-comment.html'],
  fixable: false,
  options: { columns: false },
  table(table, { exposed, home, options, report }) {
    if (!exposed(table.schema) || table.kind === 'partition' || table.kind === 'foreign') return;
    // Who made it elsewhere may have said there what a row is.
    if (isKnownByName(table)) return;
    if (table.comment === null) {
      report({
        message: `Table "${table.key}" has no comment. The dashboard and the API description show it to whoever uses the table. Say what a row is.`,
        at: home(table.origin),
        object: table.key,
        help: sql(`comment on table ${table.key} is 'One row for each …';`),
      });
    }
    if (options.columns !== true) return;
    for (const { name, comment, origin } of table.columns) {
      if (comment !== null || /^(id|created_at|updated_at)$/.test(name)) continue;
      report({
        message: `Column "${name}" of "${table.key}" has no comment. The dashboard and the API description show it. Say what it holds.`,
        at: home(origin ?? table.origin),
        object: table.key,
        key: name,
        help: sql(`comment on column ${table.key}.${name} is '…';`),
      });
    }
  },
});
