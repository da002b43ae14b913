import type { Facts } from '../../model/facts.ts';
import type { Command, Origin, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { callsFitting } from '../support/application/client-calls.ts';
import { apiRoles, apiRolesOf, commands, covers, holds, isPlatform } from '../support/callers/roles.ts';
import { opensTo } from '../support/conditions/truth.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { isKnown } from '../support/tables/tables.ts';
import { recursionOnceOn } from '../support/ways-out/ending-recursion.ts';
import { named, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/policies-without-rls',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'policies on a table whose row level security is off: nothing enforces them',
  why: 'CREATE POLICY does not turn row level security on. Until ALTER TABLE … ENABLE ROW LEVEL SECURITY, Postgres keeps the policies and ignores them: the table looks protected and is open.',
  remedy: 'Enable row level security.\n\n```sql\nalter table public.note enable row level security;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0007_policy_exists_rls_disabled',
  ],
  fixable: true,
  table(table, { state, set, exposed, home, report, facts }) {
    if (table.rls || table.policies.length === 0 || !isKnown(table, state) || isPlatform(table.schema))
      return;
    // Written for a table that was not there: with it, row level security may have been enabled by hand.
    if (table.policies.every((policy) => isOlder(policy.origin, table.origin))) return;
    const names = table.policies.map(({ name }) => name);
    const sql = `alter table ${table.key} enable row level security;`;
    const recursion = recursionOnceOn(table, state, facts);
    const origin = table.rlsOrigin ?? table.policies.at(-1)!.origin;
    report({
      message: `"${table.key}" has policies (${named(names)}) and row level security is off. Postgres ignores them, so every role with a grant reaches all rows. Enable row level security.`,
      at: home(origin ?? table.origin),
      object: table.key,
      severity: exposed(table.schema) ? undefined : 'warning',
      evidence: evidenceOf(state),
      causes: ['rls/disabled'],
      help: sqlFence(`${recursion}${sql}${refusedThen(table)}${openAllTheSame(table)}`),
      // Where that alone opens nothing less, fails, or shuts the application out, it is no whole mend.
      fix:
        openAllTheSame(table) !== '' || recursion !== '' || shutsOut(table, facts)
          ? undefined
          : appendFix(set, origin, 'Enable row level security', sql),
      switches: 'rls',
    });
  },
});

/** Written in a file that runs before the one that makes the table. */
const isOlder = (policy: Origin, table: Origin) =>
  policy !== null && table !== null && policy.file < table.file;

/** Policies that let everybody write whatever they ask: switched on, they are as open as before. */
function openAllTheSame({ policies, key }: Table): string {
  const open = policies.filter(
    (policy) =>
      policy.permissive &&
      policy.command !== 'select' &&
      apiRolesOf(policy).includes('anon') &&
      opensTo((policy.using ?? policy.check)?.node ?? null) === 'everybody',
  );
  return open
    .map(
      ({ name }) =>
        `\n-- ${quoted(name)} lets everybody through all the same: drop it, or say whose a row is\ndrop policy ${quoteIdent(name)} on ${key};`,
    )
    .join('');
}

const quoted = (name: string) => named([name]);

/** The code asks as a user for what no policy gives. */
const shutsOut = (table: Table, facts: Facts) =>
  callsFitting(table, commands, facts).some(
    ({ command }) =>
      !table.policies.some((policy) => policy.permissive && covers(policy, command as Command)),
  );

/** What the API roles may do today and no policy lets through: enabling refuses it. */
function refusedThen({ grants, policies }: Table): string {
  const none = commands.filter(
    (command) =>
      apiRoles.some((role) => holds(grants, role, command)) &&
      !policies.some((policy) => policy.permissive && covers(policy, command)),
  );
  return none.length === 0
    ? ''
    : `\n-- ${upper(none)} ${none.length === 1 ? 'has' : 'have'} no policy and ${none.length === 1 ? 'is' : 'are'} refused to clients then: write one where they need it`;
}
