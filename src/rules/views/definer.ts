import type { View } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { apiRoles, enters, holders } from '../support/roles.ts';
import { appendFix, evidenceOf } from '../support/sites.ts';
import { asksWho, type GuardedWrite, guardedTables, guardedWrites } from '../support/views.ts';
import { named, people, sqlFence, upper } from '../support/words.ts';

export default rule({
  id: 'views/definer',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a view that reads or writes past the policies of the tables behind it',
  why: 'A view reads as its owner. Migrations run as postgres, who bypasses row level security: every row of the tables behind shows in the view, to whoever may SELECT it. A view of one table is written through as well, with its owner’s rights, by whoever holds INSERT, UPDATE or DELETE on it, as the default privileges give. Since Postgres 15 security_invoker makes it read as the caller. A view dropped and made again loses the setting.',
  remedy:
    'Let the view read as the caller.\n\n```sql\nalter view public.note_list set (security_invoker = true);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createview.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0010_security_definer_view',
  ],
  fixable: true,
  view(view, { state, set, exposed, home, report }) {
    if (view.kind !== 'view' || view.securityInvoker || !exposed(view.schema)) return;
    const roles = holders(view.grants, 'select').filter((role) => enters(role, view.schema, state));
    // Owned by a role that policies bind, it reads under them.
    if (roles.length === 0 || apiRoles.some((role) => role === view.owner)) return;
    // A view on another one that is told itself changes nothing: mending the inner one mends both.
    const isTold = (inner: View) =>
      inner.kind === 'view' && exposed(inner.schema) && holders(inner.grants, 'select').length > 0;
    const tables = guardedTables(view, state, isTold);
    const written = guardedWrites(view, roles, state, isTold);
    // views/auth-users tells that one.
    if (tables.some(({ key }) => key === 'auth.users')) return;
    if (tables.length === 0 && written.length === 0) return;
    const filters = asksWho(view, state);
    const sql = `alter view ${view.key} set (security_invoker = true);`;
    const reads = `reads ${named(tables.map(({ key }) => key))} as its owner, past their policies. ${filters ? 'It asks itself who is calling, and nothing else limits what it shows' : `${upperFirst(people(roles))} may SELECT it, and no policy limits what it shows`}`;
    report({
      message: `View "${view.key}" ${tables.length === 0 ? writesOf(written) : reads}. Set "security_invoker".`,
      at: home(view.origin),
      object: view.key,
      severity: filters ? 'info' : undefined,
      evidence: evidenceOf(state),
      help: sqlFence(sql),
      fix: appendFix(set, view.origin, 'Let the view read as the caller', sql),
    });
  },
});

function writesOf(written: readonly GuardedWrite[]): string {
  const commands = upper([...new Set(written.map(({ command }) => command))]);
  const who = people([...new Set(written.map(({ role }) => role))]);
  const table = written[0]!.table.key;
  return `writes to "${table}" as its owner, past its policies. ${upperFirst(who)} may ${commands} through the view, and no policy limits which rows`;
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
