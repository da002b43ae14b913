import { rule } from '../rule.ts';
import { callsFitting, toldCalls } from '../support/application/client-calls.ts';
import { commands, reachers } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { ownPolicies } from '../support/ways-out/own-policy.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/no-policy',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'row level security is on and there is no policy: only service_role reaches the rows',
  why: "With row level security on and no policy Postgres refuses every row to every role that does not bypass it. That is right for tables only the server uses; where users should see their rows, the API answers with an empty list and no error. A warning where the code of the repository asks for them: supabase-js calls such as `.from('note').select()` in code that a browser runs, or on a client made with the anon key.",
  remedy:
    'Add the policies, or revoke the grants to say that the table is the server’s alone.\n\n```sql\nrevoke all on public.note from anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-rowsecurity.html'],
  fixable: false,
  table(table, context) {
    if (!table.rls || table.policies.length > 0 || !isExposedTable(table, context)) return;
    // The parent's policies hold for queries through the parent: a partition needs none of its own.
    if (table.kind === 'partition') return;
    const roles = [...new Set(commands.flatMap((command) => reachers(table, command, context.state)))];
    const calls = callsFitting(table, commands, context.facts);
    if (roles.length === 0 && calls.length === 0) return;
    const told = (refusal: 'policy' | 'privilege') =>
      calls.length === 0 ? '' : ` The code asks for them: ${toldCalls(calls, refusal)}.`;
    const wanted = commands.filter(
      (each) => calls.some(({ command }) => command === each) || (calls.length === 0 && each === 'select'),
    );
    const policies = ownPolicies(table, wanted, context.state, calls);
    const grant = roles.length === 0 ? [`grant ${wanted.join(', ')} on ${table.key} to authenticated;`] : [];
    context.report({
      message:
        roles.length === 0
          ? `"${table.key}" has row level security, no policy and no grants: only "service_role" sees its rows.${told('privilege')} Add policies and grants, or take the call out.`
          : `"${table.key}" has row level security and no policy. ${opening(table, commands, context.facts)}${named(roles)} hold grants on it and yet see no row; only "service_role" does.${told('policy')} ${calls.length > 0 ? 'Add the policies that it needs' : 'Add policies, or revoke the grants if that is meant'}.`,
      at: context.home(table.rlsOrigin ?? table.origin),
      object: table.key,
      severity: calls.length > 0 ? 'warning' : undefined,
      evidence: evidenceOf(context.state),
      help: sqlFence(
        [
          ...(roles.length === 0 || calls.length > 0
            ? []
            : [`-- if only the server uses it\nrevoke all on ${table.key} from ${roles.join(', ')};`]),
          [
            ...(policies.every(isSaid)
              ? []
              : [
                  `-- ${calls.length > 0 ? 'where each user has rows of their own' : 'if users see their own rows'}`,
                ]),
            ...policies,
            ...grant,
          ].join('\n'),
          ...(calls.some(({ command }) => command === 'select') && !isSaid(policies[0]!)
            ? [
                `-- where others may read them too, that one with\n-- using (true), or what makes a row public`,
              ]
            : []),
        ].join('\n\n'),
      ),
    });
  },
});

/** For whom it is, the policy itself says. */
const isSaid = (policy: string) => policy.startsWith('-- ');
