import type { Edit, Fix } from '../../model/finding.ts';
import type { ForeignKey, Table } from '../../model/schema.ts';
import type { SourceFile } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { tokenize } from '../../sql/tokens.ts';
import { rule } from '../rule.ts';
import { offsetOf } from '../support/places.ts';
import { listed, sql } from '../support/statements.ts';

export default rule({
  id: 'integrity/foreign-key-on-delete',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a foreign key that does not say what happens when the referenced row is deleted',
  why: 'Without ON DELETE the delete of the referenced row fails as long as one row points to it. For a reference to "auth.users" that means: the user can not be deleted, neither on the dashboard nor by the API.',
  remedy:
    'Say what shall happen: CASCADE (the rows go too), SET NULL (they stay without owner), RESTRICT (the delete is refused, on purpose).\n\n```sql\nuser_id uuid not null references auth.users (id) on delete cascade\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-FK',
    'https://supabase.com/docs/guides/database/postgres/cascade-deletes',
  ],
  fixable: true,
  table(table, { facts, home, report }) {
    for (const key of table.foreignKeys) {
      if (key.onDeleteStated || key.onDelete !== 'no action') continue;
      const at = home(key.origin ?? table.origin);
      const fix = fixOf(facts.sources.get(at?.file ?? ''), key);
      const toUsers = key.references === 'auth.users';
      report({
        message: `The foreign key on ${listed(key.columns)} of "${table.key}" has no ON DELETE. ${
          toUsers
            ? "A user who has such a row can't be deleted"
            : `A row of "${key.references}" can't be deleted while one points to it`
        }. Say CASCADE, SET NULL or RESTRICT.`,
        at,
        object: table.key,
        key: key.columns.join(' '),
        help: helpFor(table, key),
        ...(fix === null ? {} : { fix }),
      });
    }
  },
});

function helpFor(table: Table, key: ForeignKey): string {
  const columns = key.columns.map(quoteIdent).join(', ');
  const referenced =
    key.referencedColumns.length === 0 ? '' : ` (${key.referencedColumns.map(quoteIdent).join(', ')})`;
  const optional = key.columns.every(
    (name) => table.columns.find((column) => column.name === name)?.notNull === false,
  );
  const action = optional ? 'set null' : 'cascade';
  return sql(
    `alter table ${table.key}`,
    `  drop constraint ${quoteIdent(key.name)},`,
    `  add constraint ${quoteIdent(key.name)} foreign key (${columns}) references ${key.references}${referenced} on delete ${action};`,
  );
}

/** RESTRICT is what the database does today: the one text that is certain. */
function fixOf(source: SourceFile | undefined, key: ForeignKey): Fix | null {
  if (source === undefined || key.origin === null) return null;
  const edit = insertion(source, key);
  return edit === null ? null : { title: 'Say what happens today: ON DELETE RESTRICT', edits: [edit] };
}

/** Behind `references x [(columns)] [match full]`, inside the place that the key comes from. */
function insertion(source: SourceFile, key: ForeignKey): Edit | null {
  const { file, line, column, endLine, endColumn } = key.origin!;
  const start = offsetOf(source, line, column);
  const end = offsetOf(source, endLine, endColumn);
  const tokens = tokenize(source.text, start, end);
  const references = tokens.filter(({ kind, text }) => kind === 'word' && text === 'references');
  // Several in one place (ADD COLUMN a …, ADD COLUMN b …): which is meant is not certain.
  if (references.length !== 1) return null;
  let at = tokens.indexOf(references[0]!) + 1;
  const depth = references[0]!.depth;
  while (tokens[at + 1]?.text === '.') at += 2;
  if (tokens[at] === undefined) return null;
  if (tokens[at + 1]?.text === '(') {
    at = tokens.findIndex((token, index) => index > at && token.text === ')' && token.depth === depth);
  }
  if (tokens[at + 1]?.text === 'match') at += 2;
  const last = tokens[at];
  if (last === undefined) return null;
  const { line: endAt, column: columnAt } = source.position(last.end);
  return {
    file,
    startLine: endAt,
    startColumn: columnAt,
    endLine: endAt,
    endColumn: columnAt,
    text: ' on delete restrict',
  };
}
