import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { createIndex, isIndexed } from '../support/tables/coverage.ts';
import { isShortList } from '../support/tables/short-lists.ts';
import { hasKnownKeys } from '../support/tables/tables.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'performance/foreign-key-index',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a foreign key without an index on its columns',
  why: 'Postgres indexes the referenced key and not the columns that refer to it. Without an index every DELETE or key change on the other side scans this whole table, and so does every join and every policy that goes along the key.',
  remedy:
    'Index the columns.\n\n```sql\ncreate index if not exists idx_note_user_id on public.note (user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-FK',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0001_unindexed_foreign_keys',
  ],
  fixable: true,
  table(table, { facts, state, set, home, report }) {
    // A partition has its parent's keys and indexes.
    if (table.kind === 'partition' || !hasKnownKeys(table) || isPlatform(table.schema)) return;
    for (const key of table.foreignKeys) {
      if (isIndexed(table, key.columns)) continue;
      const isNew = set.created.has(`table ${table.key}`);
      const sql = createIndex(table, key.columns, !isNew);
      // An index on a part of the key finds most of it.
      const partly = key.columns.length > 1 && key.columns.some((column) => isIndexed(table, [column]));
      report({
        message: partly
          ? `No index of "${table.key}" begins with all of the foreign key ${named(key.columns)}. A DELETE on "${key.references}" reads more rows than it must. Add one if the part that is indexed has few values.`
          : `Foreign key ${named(key.columns)} of "${table.key}" has no index. Every DELETE on "${key.references}", and every query for what belongs to one of its rows, scans the whole table. Add an index.`,
        severity: partly || isShortList(table.key, state, facts) ? 'info' : undefined,
        at: home(key.origin ?? table.origin),
        object: table.key,
        key: key.columns.join(', '),
        evidence: evidenceOf(state),
        causes: ['rls/policy-index', 'performance/filter-index'],
        help: sqlFence(sql),
        fix: isNew ? appendFix(set, key.origin ?? table.origin, 'Index the foreign key', sql) : undefined,
      });
    }
  },
});
