import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { keyOf, quoteIdent, quoteLiteral, serialType, typeName } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { adoptedBy } from '../support/locks/adoption.ts';
import { filled } from '../support/locks/fill.ts';
import { type KeysBelow, keysBelow } from '../support/locks/keys-below.ts';
import { provenNotNull } from '../support/locks/proof.ts';
import { droppedLater, movingAlong, shown } from '../support/statements/moves-along.ts';
import { alterFilled, commandsOf, hasConstraint, sql } from '../support/statements/statements.ts';
import { concurrently } from '../support/tables/indexes.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/serial-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD COLUMN of a serial or identity column, which rewrites the table',
  why: 'Every existing row gets the next number of the sequence: Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE. On a table that the migrations made within 30 days it takes next to no time: a note.',
  remedy:
    "Add a plain column, give it the sequence as default, fill old rows in batches in a later file. NOT NULL, keys and foreign keys on it follow when every row is filled.\n\n```sql\nalter table public.note add column number bigint;\ncreate sequence public.note_number_seq owned by public.note.number;\nalter table public.note alter column number set default nextval('public.note_number_seq');\n-- in a later file\nupdate public.note set number = nextval('public.note_number_seq') where number is null and id between 1 and 10000;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterFilled(['AT_AddColumn'], (command, table, statement, context, { place }) => {
    const column = command.def?.ColumnDef;
    if (column === undefined) return;
    if (serialType(column.typeName) === null && identityOf(column) === undefined) return;
    const below = keysBelow(column, table, statement, context);
    const moving = [
      ...below.statements,
      ...requiredBelow(column.colname, table, statement, context),
    ].toSorted((a, b) => a.start - b.start);
    const problem = {
      message: `Adding "${column.colname}" numbers every row of "${table}" and writes the table anew. Reads and writes wait that long. Add a plain column with a sequence as default, and fill old rows in batches in a later file.${movingAlong(moving, 'its numbers')}${droppedLater(below.dropped, below.drops)}`,
      at: place,
      object: table,
      key: column.colname,
      help: sql(...wayOut(command, column, table, below, context)),
    };
    reportWait(context, statement, problem, false);
  }),
});

const identityOf = (column: SyntaxNode): string | undefined =>
  hasConstraint(column, 'CONSTR_IDENTITY')?.generated_when;

function wayOut(
  { missing_ok }: SyntaxNode,
  column: SyntaxNode,
  table: string,
  { keys, indexes, references }: KeysBelow,
  context: FileContext,
): readonly string[] {
  const [schema, own] = splitKey(table);
  const name = quoteIdent(column.colname);
  const type = serialType(column.typeName) ?? typeName(column.typeName);
  const sequence = keyOf(schema, `${own}_${column.colname}_seq`);
  const next = `nextval(${quoteLiteral(sequence)})`;
  const generated = identityOf(column);
  return [
    `alter table ${table} add column ${missing_ok === true ? 'if not exists ' : ''}${name} ${type};`,
    `create sequence ${sequence}${type === 'bigint' ? '' : ` as ${type}`} owned by ${table}.${name};`,
    `alter table ${table} alter column ${name} set default ${next};`,
    ...filled(
      table,
      [column.colname],
      [`update ${table} set ${name} = ${next} where ${name} is null and …;`],
      context,
    ),
    '-- when every row is filled',
    ...provenNotNull(table, [column.colname]),
    ...indexes.flatMap((index) => ['-- in a file of its own', `${concurrently(index.sql)};`]),
    ...keys.flatMap((key) => ['-- in a file of its own', ...adoptedBy(key, context)]),
    ...references.map(shown),
    ...(generated === undefined
      ? []
      : [
          '-- in the last one, to make it an identity',
          `alter sequence ${sequence} owned by none;`,
          `alter table ${table} alter column ${name} drop default, alter column ${name} add generated ${generated === 'a' ? 'always' : 'by default'} as identity;`,
          `select setval(pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(column.colname)}), ${next});`,
          `drop sequence ${sequence};`,
        ]),
  ];
}

/** SET NOT NULL below: until every row has its number, one has none. */
const requiredBelow = (
  column: string,
  table: string,
  own: Statement,
  { source, keyOf: keyIn }: FileContext,
): readonly Statement[] =>
  source.statements.filter(
    ({ kind, node, start }) =>
      start > own.start &&
      kind === 'AlterTableStmt' &&
      keyIn(node.relation) === table &&
      commandsOf(node).some(({ subtype, name }) => subtype === 'AT_SetNotNull' && name === column),
  );
