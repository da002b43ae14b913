import type { Routine } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { holders, holds } from '../support/callers/roles.ts';
import { routineNamed } from '../support/callers/sign-up.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { codeOf } from '../support/syntax/bodies.ts';
import { isKnown } from '../support/tables/tables.ts';
import { named, sqlFence } from '../support/words/words.ts';

const admin = 'supabase_auth_admin';

export default rule({
  id: 'auth/hook-grants',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'an auth hook that Supabase Auth can’t run, or that API roles can',
  why: 'Auth calls a Postgres hook as supabase_auth_admin, who owns none of your tables: it needs EXECUTE on the function, USAGE on its schema, and a grant and a policy for every table the hook reads. Without them every sign-in fails. And whoever else may execute the hook can call it through the API.',
  remedy:
    'Grant it to Auth, and to nobody else.\n\n```sql\ngrant execute on function public.custom_access_token_hook(jsonb) to supabase_auth_admin;\nrevoke execute on function public.custom_access_token_hook(jsonb) from public, anon, authenticated;\ngrant select on public.user_roles to supabase_auth_admin;\ncreate policy "auth reads roles" on public.user_roles for select to supabase_auth_admin using (true);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/auth/auth-hooks#security-model'],
  fixable: true,
  state(context) {
    for (const { name, uri } of context.facts.project.hooks) {
      const function_ = /^pg-functions:\/\/[^/]+\/([^/]+)\/([^/?]+)/.exec(uri);
      if (function_ === null) continue;
      const routine = routineNamed(`${function_[1]}.${function_[2]}`, context.state);
      if (routine !== null) judge(name, routine, context);
    }
  },
});

function judge(hook: string, routine: Routine, { state, set, home, report, exposed }: StateContext) {
  const tell = (key: string, message: string, sql: string) =>
    report({
      message,
      at: home(routine.origin),
      object: routine.key,
      key,
      evidence: evidenceOf(state),
      help: sqlFence(sql),
      fix: appendFix(set, routine.origin, 'Grant what Auth needs, and no more', sql),
    });
  if (!holds(routine.grants, admin, 'execute')) {
    tell(
      'execute',
      `Hook "${hook}" runs "${routine.key}", which "${admin}" may not execute. Every sign-in that calls the hook fails. Grant EXECUTE.`,
      `grant execute on function ${routine.key} to ${admin};`,
    );
  }
  const others = exposed(routine.schema) ? holders(routine.grants, 'execute') : [];
  if (others.length > 0) {
    tell(
      'others',
      `Hook "${hook}" runs "${routine.key}", which ${named(others)} can call through the API too. A hook trusts the event it is given, and they can make one up. Revoke EXECUTE from them.`,
      `revoke execute on function ${routine.key} from public, anon, authenticated;\ngrant execute on function ${routine.key} to ${admin};`,
    );
  }
  if (routine.securityDefiner) return;
  const words = new Set(
    [
      ...codeOf(routine.body)
        .bare.toLowerCase()
        .matchAll(/\b(?:from|join|into|update)\s+((?:"?\w+"?\.)?"?\w+"?)/g),
    ].map(([, word]) => word!.replaceAll('"', '')),
  );
  for (const table of state.tables.values()) {
    if (!words.has(`${table.schema}.${table.name}`) && !(table.schema === 'public' && words.has(table.name)))
      continue;
    if (table.schema === 'auth' || !isKnown(table, state)) continue;
    const granted = holds(table.grants, admin, 'select');
    const seen =
      !table.rls ||
      table.policies.some(
        ({ roles, permissive }) => permissive && (roles.includes(admin) || roles.includes('public')),
      );
    if (granted && seen) continue;
    const grant = `grant select on ${table.key} to ${admin};`;
    const policy = `create policy "auth reads" on ${table.key} for select to ${admin} using (true);`;
    tell(
      `table ${table.key}`,
      `Hook "${hook}" reads "${table.key}" in "${routine.key}", ${granted ? `and no policy lets "${admin}" see its rows` : `which "${admin}" may not read`}. ${granted ? 'It finds nothing and says nothing' : 'Every sign-in that calls the hook fails with 42501'}. ${granted ? 'Add the policy' : 'Grant SELECT'}.`,
      [granted ? '' : grant, seen ? '' : policy].filter(Boolean).join('\n'),
    );
  }
}
