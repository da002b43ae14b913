import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { quoteIdent, strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { alterFilled, isThere, listed, reportLock, sql } from '../support/statements.ts';

export default rule({
  id: 'safety/unique-constraint',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD CONSTRAINT … UNIQUE that builds its index under an exclusive lock',
  why: 'The index behind the constraint is built under ACCESS EXCLUSIVE: neither reads nor writes go on meanwhile, and two equal values make the file fail.',
  remedy:
    'Build the index CONCURRENTLY first, then adopt it.\n\n```sql\ncreate unique index concurrently note_slug_key on public.note (slug);\n-- in the next migration\nalter table public.note add constraint note_slug_key unique using index note_slug_key;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX',
  ],
  fixable: false,
  statement: alterFilled(['AT_AddConstraint'], (command, table, statement, context, { place }) => {
    const constraint = command.def?.Constraint;
    if (constraint?.contype !== 'CONSTR_UNIQUE' || constraint.indexname !== undefined) return;
    if (isThere(context, table, constraint.conname ?? null)) return;
    const columns = strings(constraint.keys);
    const name =
      constraint.conname ?? `${table.split('.').at(-1)!.replaceAll('"', '')}_${columns.join('_')}_key`;
    const held = holderOf(name, table, context);
    const index = held === null ? name : `${name.slice(0, 59)}_new`;
    reportLock(context, statement, {
      message: `The unique constraint on ${listed(columns)} builds its index while reads and writes on "${table}" wait.${mayRepeat(columns, table, context) && !rowsAreMended(statement, table, context) ? ' Two equal rows make the file fail.' : ''} Build the index with CONCURRENTLY in a file of its own and adopt it.`,
      at: place,
      object: table,
      key: columns.join(' '),
      help: sql(
        `create unique index concurrently ${quoteIdent(index)} on ${table} (${columns.map(quoteIdent).join(', ')})${constraint.nulls_not_distinct ? ' nulls not distinct' : ''};`,
        held === null
          ? `-- in the next migration`
          : `-- in the next migration; until then the old one holds, and is not dropped before`,
        ...(held === 'index' ? [`drop index ${splitKey(table)[0]}.${quoteIdent(name)};`] : []),
        `alter table ${table}${held === 'constraint' ? ` drop constraint ${quoteIdent(name)},` : ''} add constraint ${quoteIdent(name)} unique using index ${quoteIdent(index)}${constraint.deferrable ? ` deferrable${constraint.initdeferred ? ' initially deferred' : ''}` : ''};`,
      ),
      repro: `select ${columns.map(quoteIdent).join(', ')}, count(*) from ${table} group by ${columns.map((_, n) => n + 1).join(', ')} having count(*) > 1;`,
    });
  }),
});

/** What bears the name before the change: the file drops it and gives its name to the new one. */
function holderOf(name: string, table: string, { set }: FileContext): 'constraint' | 'index' | null {
  const before = set.before.tables.get(table);
  if ([...(before?.uniques ?? []), ...(before?.exclusions ?? [])].some((held) => held.name === name))
    return 'constraint';
  return before?.indexes.some((held) => held.name === name) ? 'index' : null;
}

/** Rows of the table are taken out or changed above, in the same file: the author has thought of equal ones. */
const rowsAreMended = ({ start }: Statement, table: string, { statements, keyOf }: FileContext) =>
  statements.some(
    (other) =>
      other.start < start &&
      /^(Update|Delete|Truncate)Stmt$/.test(other.kind) &&
      [other.node.relation, ...(other.node.relations ?? []).map(({ RangeVar }: SyntaxNode) => RangeVar)].some(
        (relation) => relation !== undefined && keyOf(relation) === table,
      ),
  );

/** No two rows are equal in columns that hold a key, or in one that this change adds empty. */
function mayRepeat(columns: readonly string[], key: string, { set }: FileContext): boolean {
  const before = set.before.tables.get(key);
  const after = set.after.tables.get(key);
  if (before === undefined || after === undefined) return true;
  const isHeld = (own: readonly (string | null)[]) =>
    own.length > 0 && own.every((name) => name !== null && columns.includes(name));
  const holdsKey = [
    before.primaryKey?.columns ?? [],
    ...before.uniques.map((unique) => unique.columns),
    ...before.indexes.filter(({ unique, predicate }) => unique && !predicate).map((index) => index.columns),
  ].some(isHeld);
  const isEmpty = after.columns.some(
    ({ name, default: value, notNull }) =>
      columns.includes(name) &&
      value === null &&
      !notNull &&
      !before.columns.some((column) => column.name === name),
  );
  return !holdsKey && !isEmpty;
}
