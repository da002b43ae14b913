import { rule } from '../rule.ts';
import { callsOn, placesOf, revokeOfRead } from '../support/application/client-calls.ts';
import { isPlatform, reachers } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { people, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'views/foreign-table',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a foreign table in an exposed schema',
  why: 'Row level security does not work on foreign tables: whoever may SELECT one reads all that its server gives, payment or customer data of another system for instance.',
  remedy:
    'Keep it in a schema that is not exposed, and show what is needed by a function.\n\n```sql\nrevoke all on public.stripe_customers from anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/database-advisors?lint=0017_foreign_table_in_api'],
  fixable: false,
  table(table, { facts, state, exposed, home, report }) {
    if (table.kind !== 'foreign' || !exposed(table.schema) || isPlatform(table.schema)) return;
    const roles = reachers(table, 'select', state);
    if (roles.length === 0) return;
    const where = opening(table, ['select'], facts);
    const calls = callsOn(table.key, ['select'], facts);
    const way =
      calls.length > 0
        ? `The code reads it (${placesOf(calls)}): let it call a function that asks who is calling, then revoke the grants`
        : 'Revoke the grants, or move it to another schema';
    report({
      message: `Foreign table "${table.key}" stands in a schema that the API exposes${where === '' ? ', and ' : `. ${where}`}${people(roles)} may SELECT it. Row level security does not work on foreign tables. ${way}.`,
      at: home(table.origin),
      object: table.key,
      evidence: evidenceOf(state),
      help: sqlFence(revokeOfRead(table.key, roles, calls)),
    });
  },
});
