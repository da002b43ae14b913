import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, strings, typeName } from '../../sql/names.ts';
import { tokenize } from '../../sql/tokens.ts';
import { type FileContext, rule } from '../rule.ts';
import { alterFilled, defaultText, hasConstraint, reportLock, sql } from '../support/statements.ts';
import { walk } from '../walk.ts';

// provolatile = 'v' in pg_proc and the extensions that every Supabase project has; now() and the like are stable.
const volatile = new Set(
  'gen_random_uuid gen_random_bytes uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 random random_normal clock_timestamp timeofday nextval setval gen_salt txid_current pg_current_xact_id'.split(
    ' ',
  ),
);

export default rule({
  id: 'safety/volatile-default',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD COLUMN with a volatile default, which rewrites the table',
  why: 'A constant default, or now(), is stored once and costs nothing. A volatile one has another value for each row: Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE.',
  remedy:
    'Add the column without, set the default, fill old rows in batches.\n\n```sql\nalter table public.note add column token uuid;\nalter table public.note alter column token set default gen_random_uuid();\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterFilled(['AT_AddColumn'], (command, table, statement, context, { place, range }) => {
    const column = command.def?.ColumnDef;
    const value = column === undefined ? null : hasConstraint(column, 'CONSTR_DEFAULT')?.raw_expr;
    const cause = value && volatileCall(value, context);
    if (!cause) return;
    const name = quoteIdent(column.colname);
    const { text } = context.source;
    const written = range === null ? null : defaultText(text, tokenize(text, range.start, range.end));
    const each = written ?? `${cause}()`;
    reportLock(context, statement, {
      message: `"${cause}()" gives each row another value, so adding "${column.colname}" writes all of "${table}" anew. Reads and writes wait that long. Add the column without default, set the default then, and fill old rows in batches.`,
      at: place,
      object: table,
      key: column.colname,
      help: sql(
        `alter table ${table} add column ${name} ${typeName(column.typeName)};`,
        `alter table ${table} alter column ${name} set default ${each};`,
        `-- then, in batches`,
        `update ${table} set ${name} = ${each} where ${name} is null and …;`,
        ...(hasConstraint(column, 'CONSTR_NOTNULL') === null
          ? []
          : [`alter table ${table} alter column ${name} set not null;`]),
      ),
    });
  }),
});

const calls = new Set(['FuncCall']);

function volatileCall(value: SyntaxNode, { set }: FileContext): string | null {
  let found: string | null = null;
  const [kind] = Object.keys(value);
  if (kind === undefined) return null;
  walk(kind, value[kind], calls, (_kind, node) => {
    const name = strings(node.funcname).at(-1)!;
    const known =
      volatile.has(name) ||
      [...set.after.routines.values()].some((r) => r.name === name && r.volatility === 'volatile');
    if (known) found ??= name;
  });
  return found;
}
