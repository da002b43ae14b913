import { rule } from '../rule.ts';
import { opening } from '../support/era.ts';
import { commands, holders } from '../support/roles.ts';
import { evidenceOf } from '../support/sites.ts';
import { isExposedTable } from '../support/tables.ts';
import { named, sqlFence } from '../support/words.ts';

export default rule({
  id: 'rls/no-policy',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'row level security is on and there is no policy: only service_role reaches the rows',
  why: 'With row level security on and no policy Postgres refuses every row to every role that does not bypass it. That is right for tables only the server uses; where users should see their rows, the API answers with an empty list and no error.',
  remedy:
    'Add the policies, or revoke the grants to say that the table is the server’s alone.\n\n```sql\nrevoke all on public.note from anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-rowsecurity.html'],
  fixable: false,
  table(table, context) {
    if (!table.rls || table.policies.length > 0 || !isExposedTable(table, context)) return;
    // The parent's policies hold for queries through the parent: a partition needs none of its own.
    if (table.kind === 'partition') return;
    const roles = [...new Set(commands.flatMap((command) => holders(table.grants, command)))];
    if (roles.length === 0) return;
    context.report({
      message: `"${table.key}" has row level security and no policy. ${opening(table, commands, context.facts)}${named(roles)} hold grants on it and yet see no row; only "service_role" does. Add policies, or revoke the grants if that is meant.`,
      at: context.home(table.rlsOrigin ?? table.origin),
      object: table.key,
      evidence: evidenceOf(context.state),
      help: sqlFence(
        `-- if only the server uses it\nrevoke all on ${table.key} from ${roles.join(', ')};\n\n-- if users see their own rows\ncreate policy "own rows" on ${table.key} for select to authenticated\n  using ((select auth.uid()) = user_id);`,
      ),
    });
  },
});
