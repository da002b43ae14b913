import type { Statement } from '../../model/sql.ts';
import { strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { adoption } from '../support/adoption.ts';
import { alterFilled, commandsOf, isThere, reportLock } from '../support/statements.ts';

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
    const { way, help } = adoption({ table, kind: 'primary key', name, columns }, context);
    reportLock(context, statement, {
      message: `The primary key of "${table}" builds its index while reads and writes wait.${old === null ? ' A NULL or two equal rows make the file fail.' : ''} ${way}.`,
      at: place,
      object: table,
      help,
    });
  }),
});

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
