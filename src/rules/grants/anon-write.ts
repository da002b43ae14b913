import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { Origin } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { covers, isPlatform, writes } from '../support/callers/roles.ts';
import { overviewOf } from '../support/files/versions.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'grants/anon-write',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a statement that grants INSERT, UPDATE or DELETE to anon by name',
  why: 'The anonymous key is in every client. A privilege that no policy uses is a door held shut by row level security alone: one loose policy later it is open. Where a policy for anon covers the command, a form for visitors, the grant is what it needs, and nothing is reported.',
  remedy:
    'Grant writes to authenticated only.\n\n```sql\nrevoke insert, update, delete on public.note from anon;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/api/securing-your-api'],
  fixable: false,
  table(table, { facts, state, exposed, home, report }) {
    // Without row level security rls/disabled says worse.
    if (!exposed(table.schema) || isPlatform(table.schema) || !table.rls) return;
    const grants = table.grants.filter(
      ({ grantee, privilege, origin }) =>
        origin !== null &&
        (grantee === 'anon' || grantee === 'public') &&
        writes.some((command) => command === privilege) &&
        !(table.schema === 'public' && inOldEra(origin, facts)) &&
        !table.policies.some(
          (policy) =>
            policy.roles.includes('anon') &&
            writes.some((command) => command === privilege && covers(policy, command)),
        ),
    );
    // grants/excessive tells of GRANT ALL.
    const all = table.grants.some(
      ({ privilege, origin }) =>
        privilege === 'truncate' && origin !== null && isSame(origin, grants[0]?.origin),
    );
    if (grants.length === 0 || all) return;
    const commands = [...new Set(grants.map(({ privilege }) => privilege))];
    const roles = [...new Set(grants.map(({ grantee }) => grantee))];
    report({
      message: `This grants ${upper(commands)} on "${table.key}" to "${roles[0]}", and no policy for that role uses it. Visitors without an account are then kept out by row level security alone. Leave "${roles[0]}" out.`,
      at: home(grants[0]!.origin),
      object: table.key,
      key: `${roles.join(' ')} ${commands.join(' ')}`,
      evidence: evidenceOf(state),
      help: sqlFence(`revoke ${commands.join(', ')} on ${table.key} from ${roles.join(', ')};`),
    });
  },
});

const isSame = (a: Place, b: Origin | undefined) =>
  b != null && a.file === b.file && a.line === b.line && a.column === b.column;

/** The platform's own defaults gave the same then: dumps and diffs repeat it, and nothing changes. */
function inOldEra({ file }: Place, { history, eraOf }: Facts): boolean {
  const migration = overviewOf(history).byPath.get(file);
  return migration !== undefined && eraOf(migration.version) === 'automatic';
}
