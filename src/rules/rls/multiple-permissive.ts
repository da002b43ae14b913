import type { Command, Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { claimsRead, readsRequest } from '../support/callers/caller.ts';
import { apiRoles, appliesTo, commands, covers, predicateOf } from '../support/callers/roles.ts';
import { readPredicate } from '../support/conditions/scope.ts';
import { isPlainTrue } from '../support/conditions/truth.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { someNode } from '../support/syntax/tree.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { named, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/multiple-permissive',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary:
    'permissive policies of one role and command that could be one, or of which one makes the others idle',
  why: 'Permissive policies are added to each other with OR: Postgres evaluates each for every row, and the looser one rules. A second policy that was meant to tighten the first tightens nothing. Policies for different people (owners, members, administrators) are kept apart for good reason and are not reported.',
  remedy:
    'Join the conditions in one policy, or make the one that limits AS RESTRICTIVE.\n\n```sql\ncreate policy "read own or public" on public.note for select to authenticated\n  using (is_public or (select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0006_multiple_permissive_policies',
  ],
  fixable: false,
  table(table, context) {
    if (!table.rls || !isExposedTable(table, context)) return;
    const told = new Set<string>();
    for (const command of commands) {
      for (const role of apiRoles) {
        const those = table.policies.filter(
          (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, role),
        );
        const [group, why] = joinable(those, command, table, context.state);
        const key = group
          .map(({ name }) => name)
          .sort()
          .join(', ');
        if (group.length < 2 || told.has(key)) continue;
        told.add(key);
        context.report({
          message: `Policies ${named(group.map(({ name }) => name))} on "${table.key}" all allow ${upper([command])} to "${role}". ${why} Make one policy of them, or make the one that limits AS RESTRICTIVE.`,
          at: context.home(group.at(-1)!.origin ?? table.origin),
          object: table.key,
          key,
          evidence: evidenceOf(context.state),
          help: joined(group, table),
        });
      }
    }
  },
});

/** One policy in their place, where they are alike but for USING. */
function joined(policies: readonly Policy[], table: Table): string | undefined {
  const [first, ...others] = policies;
  const alike = others.every(
    ({ command, roles }) => command === first!.command && roles.join() === first!.roles.join(),
  );
  const conditions = policies.map(({ using, check }) => (check === null ? using?.text : undefined));
  if (!alike || conditions.some((text) => text === undefined)) return undefined;
  const open = policies.find(({ using }) => isPlainTrue(using?.node ?? null));
  if (open !== undefined)
    return sqlFence(
      policies
        .filter((policy) => policy !== open)
        .map(({ name }) => `drop policy ${quoteIdent(name)} on ${table.key};`)
        .join('\n'),
    );
  return sqlFence(
    [
      ...others.map(({ name }) => `drop policy ${quoteIdent(name)} on ${table.key};`),
      `alter policy ${quoteIdent(first!.name)} on ${table.key}`,
      `  using (${conditions.map((text) => `(${text})`).join(' or ')});`,
    ].join('\n'),
  );
}

function joinable(
  policies: readonly Policy[],
  command: Command,
  table: Table,
  state: SchemaState,
): readonly [readonly Policy[], string] {
  const open = policies.find((policy) => isPlainTrue(predicateOf(policy, command)?.node ?? null));
  if (open !== undefined && policies.length > 1) {
    return [policies, `"${open.name}" lets every row through, so the others limit nothing.`];
  }
  const simple = policies.filter((policy) => isSimple(policy, command, table, state));
  return [simple, 'They are joined with OR, and each is evaluated for every row.'];
}

/** A condition on the row and the user's id alone: no table, no helper function, no role that would make it about other people. */
function isSimple(policy: Policy, command: Command, table: Table, state: SchemaState): boolean {
  const node = predicateOf(policy, command)?.node ?? null;
  if (node === null || readPredicate(node, table, state).reads.length > 0) return false;
  if (claimsRead(node).some((path) => path.join('.') !== 'sub')) return false;
  return !someNode(node, (kind, inner) => kind === 'FuncCall' && !readsRequest(inner));
}
