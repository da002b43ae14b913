import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { quoteIdent, strings, typeName } from '../../sql/names.ts';
import { tokenize } from '../../sql/tokens.ts';
import { type FileContext, rule } from '../rule.ts';
import { adoptedBy } from '../support/locks/adoption.ts';
import { filled } from '../support/locks/fill.ts';
import { provenNotNull } from '../support/locks/proof.ts';
import {
  alterFilled,
  commandsOf,
  defaultText,
  hasConstraint,
  listed,
  rangeOfCommand,
  sql,
} from '../support/statements/statements.ts';
import { reportWait } from '../support/tables/small-tables.ts';
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
  why: 'A constant default, or now(), is stored once and costs nothing. A volatile one has another value for each row: Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE. On a table that the migrations made within 30 days it takes next to no time: a note.',
  remedy:
    'Add the column without, set the default, fill old rows in batches in a later file. That UPDATE fires triggers, which the rewrite does not: where one stamps the time of a change, disable it around each batch.\n\n```sql\nalter table public.note add column token uuid;\nalter table public.note alter column token set default gen_random_uuid();\n-- in a later file\nupdate public.note set token = gen_random_uuid() where token is null and id between 1 and 10000;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterFilled(['AT_AddColumn'], (command, table, statement, context, { place }) => {
    // Told once for the statement, at the first of them.
    const columns = volatileColumns(statement, context);
    if (columns[0]?.command !== command) return;
    const names = columns.map(({ column }): string => column.colname);
    const causes = [...new Set(columns.map(({ cause }) => `"${cause}()"`))];
    const [one, columnOf] = [columns.length === 1, columns.length === 1 ? 'column' : 'columns'];
    const problem = {
      message: `${causes.join(' and ')} ${causes.length === 1 ? 'gives' : 'give'} each row another value, so adding ${listed(names)} writes all of "${table}" anew. Reads and writes wait that long. Add the ${columnOf} without default, set the ${one ? 'default' : 'defaults'} then, and fill old rows in batches in a later file.`,
      at: place,
      object: table,
      key: names.join(' '),
      help: sql(...wayOut(columns, table, context)),
    };
    reportWait(context, statement, problem, false);
  }),
});

interface Added {
  readonly command: SyntaxNode;
  readonly column: SyntaxNode;
  /** The function that is volatile. */
  readonly cause: string;
  /** The default as it is written. */
  readonly value: string;
}

/** The columns that a statement adds with such a default, in its order. */
const volatileColumns = (statement: Statement, context: FileContext): readonly Added[] =>
  commandsOf(statement.node).flatMap((command, index) => {
    const column = command.subtype === 'AT_AddColumn' ? command.def?.ColumnDef : undefined;
    const value = column === undefined ? undefined : hasConstraint(column, 'CONSTR_DEFAULT')?.raw_expr;
    const cause = value && volatileCall(value, context);
    if (!cause) return [];
    const range = rangeOfCommand(context, statement, index);
    const { text } = context.source;
    const written = range === null ? null : defaultText(text, tokenize(text, range.start, range.end));
    return [{ command, column, cause, value: written ?? `${cause}()` }];
  });

function wayOut(columns: readonly Added[], table: string, context: FileContext): readonly string[] {
  const nameOf = ({ column }: Added) => quoteIdent(column.colname);
  const has = (type: string) => columns.filter(({ column }) => hasConstraint(column, type) !== null);
  const sets = columns.map((each) =>
    // What is there already stays, where another column of the row is still to be filled.
    columns.length === 1
      ? `${nameOf(each)} = ${each.value}`
      : `${nameOf(each)} = coalesce(${nameOf(each)}, ${each.value})`,
  );
  const isNull = columns.map((each) => `${nameOf(each)} is null`).join(' or ');
  const required = has('CONSTR_NOTNULL').map(({ column }): string => column.colname);
  return [
    `alter table ${table} ${columns.map((each) => `add column ${each.command.missing_ok === true ? 'if not exists ' : ''}${nameOf(each)} ${typeName(each.column.typeName)}`).join(', ')};`,
    `alter table ${table} ${columns.map((each) => `alter column ${nameOf(each)} set default ${each.value}`).join(', ')};`,
    ...filled(
      table,
      columns.map(({ column }): string => column.colname),
      [
        `update ${table} set ${sets.join(', ')} where ${columns.length === 1 ? isNull : `(${isNull})`} and …;`,
      ],
      context,
    ),
    ...has('CONSTR_UNIQUE').flatMap(({ column }) => {
      const key = {
        table,
        kind: 'unique' as const,
        name: `${splitKey(table)[1]}_${column.colname}_key`,
        columns: [column.colname],
      };
      return ['-- in a file of its own', ...adoptedBy(key, context)];
    }),
    ...(required.length === 0 ? [] : ['-- when every row is filled', ...provenNotNull(table, required)]),
  ];
}

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
