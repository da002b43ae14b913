import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { isKnown } from '../support/tables/tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/realtime',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['catalog', 'static'],
  summary: 'a table sent by Realtime without row level security',
  why: 'Realtime sends the changes of a published table to every subscriber who may SELECT it, and asks the table’s policies row by row. Without row level security there is nothing to ask: each change goes to everybody.',
  remedy:
    'Enable row level security, or take the table out of the publication.\n\n```sql\nalter table public.note enable row level security;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/realtime/postgres-changes#database-settings'],
  fixable: true,
  publication(publication, { state, set, home, report }) {
    if (publication.name !== 'supabase_realtime') return;
    for (const { table: key, origin } of publication.tables) {
      const table = state.tables.get(key);
      if (table === undefined || table.rls || !isKnown(table, state) || isPlatform(table.schema)) continue;
      const sql = `alter table ${key} enable row level security;`;
      report({
        message: `Realtime sends the changes of "${key}", and row level security is off there. Every subscriber with a grant gets every row that changes. Enable it, and add policies for those who may see the rows.`,
        at: home(origin ?? table.origin),
        object: key,
        evidence: evidenceOf(state),
        help: sqlFence(`${sql}\n\n-- or\nalter publication supabase_realtime drop table ${key};`),
        fix: appendFix(set, origin, 'Enable row level security', sql),
        switches: 'rls',
      });
    }
  },
});
