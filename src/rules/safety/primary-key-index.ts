import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { adoption, adoptionHere } from '../support/locks/adoption.ts';
import { conflictsBelow, pointingBelow } from '../support/statements/moves-along.ts';
import {
  alterFilled,
  commandsOf,
  hasConstraint,
  isThere,
  reportLock,
  rowsAreMended,
} from '../support/statements/statements.ts';
import { functionName, someNode } from '../support/syntax/tree.ts';
import { reportWait } from '../support/tables/small-tables.ts';

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
    const columns = strings(constraint.keys);
    const name = constraint.conname ?? `${table.split('.').at(-1)!.replaceAll('"', '')}_pkey`;
    const old = droppedAbove(table, columns, statement, context);
    // The type is another, so that all indexes are written anew: safety/change-type speaks of it.
    if (old === 'of another type') return;
    const fails = old === null ? failure(table, columns, statement, context) : '';
    const key = { table, kind: 'primary key', name, columns } as const;
    const stood = context.set.before.tables.get(table);
    const isOfOld = columns.every((column) => stood?.columns.some((each) => each.name === column) === true);
    // The file needs the key at once: its index can stand before.
    const needing =
      old === null && isOfOld && !rowsAreMended(statement, table, null, context) && stood?.primaryKey === null
        ? [
            ...conflictsBelow(columns, table, statement, context),
            ...pointingBelow(columns, table, statement, context),
          ]
        : [];
    const { way, help } =
      (needing.length === 0 ? null : adoptionHere(key, needing, context)) ?? adoption(key, context);
    (fails === '' ? reportWait : reportLock)(context, statement, {
      message: `The primary key of "${table}" builds its index while reads and writes wait.${fails} ${way}.${oldColumnDropped(table, context)}`,
      at: place,
      object: table,
      help,
    });
  }),
});

/** A column of the old key takes it along: dropped before the new one stands, the table has none. */
function oldColumnDropped(table: string, { set, statements, keyOf }: FileContext): string {
  const old = set.before.tables.get(table)?.primaryKey?.columns ?? [];
  const drop = statements.find(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      keyOf(node.relation) === table &&
      commandsOf(node).some(({ subtype, name }) => subtype === 'AT_DropColumn' && old.includes(name)),
  );
  return drop === undefined
    ? ''
    : ` Line ${drop.span.line} drops a column of the old key, and the key with it: it moves behind.`;
}

/** Which rows the key refuses: none that the file fills above, or that columns forbid already. */
function failure(table: string, columns: readonly string[], own: Statement, context: FileContext): string {
  if (rowsAreMended(own, table, columns, context)) return '';
  const { before } = context.set;
  const known = before.tables.get(table);
  const added = addedAbove(table, own, context);
  const has = (name: string, type: string): SyntaxNode | null => {
    const column = added.get(name);
    return column === undefined ? null : hasConstraint(column, type);
  };
  const isSet = (name: string) =>
    known?.columns.find((column) => column.name === name)?.notNull === true ||
    ['CONSTR_NOTNULL', 'CONSTR_DEFAULT', 'CONSTR_IDENTITY'].some((type) => has(name, type) !== null);
  const keys = [...(known?.primaryKey ? [known.primaryKey] : []), ...(known?.uniques ?? [])];
  const isDistinct =
    keys.some((key) => key.columns.every((name) => columns.includes(name))) ||
    columns.some((name) => has(name, 'CONSTR_IDENTITY') !== null || givesUuid(has(name, 'CONSTR_DEFAULT')));
  const holdsNull = !columns.every(isSet);
  if (isDistinct) return holdsNull ? ' A NULL makes the file fail.' : '';
  return ` ${holdsNull ? 'A NULL or two' : 'Two'} equal rows make the file fail.`;
}

const givesUuid = (constraint: SyntaxNode | null) =>
  someNode(
    constraint?.raw_expr,
    (kind, call) =>
      kind === 'FuncCall' && /^(gen_random_uuid|uuid_generate_v\d\w*)$/.test(functionName(call).name),
  );

/** Columns that the file adds to the table above, by name. */
const addedAbove = (
  table: string,
  { start }: Statement,
  { statements, keyOf }: FileContext,
): ReadonlyMap<string, SyntaxNode> =>
  new Map(
    statements
      .filter(
        (other) =>
          other.start < start && other.kind === 'AlterTableStmt' && keyOf(other.node.relation) === table,
      )
      .flatMap(({ node }) => commandsOf(node))
      .filter(({ subtype }) => subtype === 'AT_AddColumn')
      .map(({ def }): [string, SyntaxNode] => [def?.ColumnDef?.colname, def?.ColumnDef]),
  );

/** The key of the same columns that the file drops above, and whether their type is changed between: no value breaks it. */
function droppedAbove(
  table: string,
  columns: readonly string[],
  { start }: Statement,
  { set, statements, keyOf }: FileContext,
): 'as it was' | 'of another type' | null {
  const key = set.before.tables.get(table)?.primaryKey;
  if (key == null || key.columns.toSorted().join() !== columns.toSorted().join()) return null;
  const above = statements
    .filter(
      (other) =>
        other.start < start && other.kind === 'AlterTableStmt' && keyOf(other.node.relation) === table,
    )
    .flatMap(({ node }) => commandsOf(node));
  if (!above.some(({ subtype, name }) => subtype === 'AT_DropConstraint' && name === key.name)) return null;
  return above.some(({ subtype, name }) => subtype === 'AT_AlterColumnType' && columns.includes(name))
    ? 'of another type'
    : 'as it was';
}
