import { rule } from '../rule.ts';
import { apiRolesOf, isPlatform } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { ownComparisons, readPredicate } from '../support/conditions/scope.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { createIndex, isIndexed } from '../support/tables/coverage.ts';
import { hasKnownKeys } from '../support/tables/tables.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/policy-index',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a column by which policies find rows, without an index',
  why: 'A policy is a condition added to every query on the table. Where it compares a column with the user or with a list, and the column has no index, every query scans the whole table.',
  remedy:
    'Index the column.\n\n```sql\ncreate index if not exists idx_note_user_id on public.note (user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security#add-indexes'],
  fixable: true,
  table(table, { state, set, home, report }) {
    if (!table.rls || table.kind === 'partition' || !hasKnownKeys(table) || isPlatform(table.schema)) return;
    const columns = new Map<string, string>();
    for (const policy of table.policies) {
      if (apiRolesOf(policy).length === 0) continue;
      for (const { node, commands } of predicatesOf(policy)) {
        // An inserted row is checked by itself: nothing is looked for.
        if (commands.every((command) => command === 'insert')) continue;
        for (const { column, other, operator } of ownComparisons(readPredicate(node, table, state))) {
          const found = operator === '=' && (other.is === 'user-id' || other.is === 'select');
          if (found && !columns.has(column.name)) columns.set(column.name, policy.name);
        }
      }
    }
    for (const [column, policy] of columns) {
      if (isIndexed(table, [column])) continue;
      // One cause: the foreign key without an index says it.
      if (table.foreignKeys.some((key) => key.columns.length === 1 && key.columns[0] === column)) continue;
      const isNew = set.created.has(`table ${table.key}`);
      const sql = createIndex(table, [column], !isNew);
      const origin = table.columns.find(({ name }) => name === column)?.origin ?? table.origin;
      report({
        message: `Policy "${policy}" finds rows of "${table.key}" by ${named([column])}, which has no index. The condition is part of every query, so each one scans the whole table. Add an index.`,
        at: home(origin),
        object: table.key,
        key: column,
        evidence: evidenceOf(state),
        help: sqlFence(sql),
        fix: isNew ? appendFix(set, table.origin, 'Index the column', sql) : undefined,
      });
    }
  },
});
