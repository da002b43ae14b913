import type { Command, Policy, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { isUserId } from '../support/callers/caller.ts';
import {
  apiRolesOf,
  appliesTo,
  commandsOf,
  covers,
  holds,
  isPlatform,
  predicateOf,
} from '../support/callers/roles.ts';
import { conditionsLost } from '../support/conditions/loosening.ts';
import { opensTo } from '../support/conditions/truth.ts';
import { formerForm } from '../support/policies/former-form.ts';
import { policyDrop } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { alternatives, someNode } from '../support/syntax/tree.ts';
import { policyKey } from '../support/tables/tables.ts';
import { upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/loosened',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a policy of the base asks for less than before, or a restrictive one is gone',
  why: 'A restrictive policy holds whatever the permissive ones allow; without it, what they allow is all there is. A condition that falls out of an AND when a policy is written anew (the tenant, the status, the bucket) opens rows or values, and nothing else in the migration says so.',
  remedy:
    'Bring the condition back, or say in a `guard-ignore` comment why it goes.\n\n```sql\nalter policy "publish" on public.listing\n  with check ((select auth.uid()) = seller_id and status = \'draft\');\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createpolicy.html'],
  fixable: false,
  table(table, { facts, set, state, home, exposed, report }) {
    const before = set.before.tables.get(table.key);
    if (state !== set.after || before === undefined || !before.rls || !table.rls) return;
    if (isPlatform(table.schema) ? !asked.has(table.key) : !exposed(table.schema)) return;
    for (const was of before.policies) {
      const roles = apiRolesOf(was).filter((role) =>
        commandsOf(was).some((command) => isPlatform(table.schema) || holds(table.grants, role, command)),
      );
      if (roles.length === 0) continue;
      const now = table.policies.find(({ name }) => name === was.name);
      const tell = (
        what: string,
        {
          who = 'whoever meets what is left of it',
          way = 'Bring the condition back',
          help,
          former = null,
        }: { who?: string; way?: string; help?: string; former?: string | null } = {},
      ) =>
        report({
          message:
            former === null
              ? `${what}, so ${who} may do more than before. ${way} if that is not meant.`
              : `${what}. It is again as "${former}" had it, as the file says, and still goes by who asks.`,
          at: home(now?.origin ?? policyDrop(table, set) ?? table.origin),
          object: table.key,
          key: policyKey(was),
          evidence: evidenceOf(state),
          ...(former === null ? {} : { severity: 'info' as const }),
          help,
        });
      if (!was.permissive && (now === undefined || now.permissive)) {
        if (!isReplaced(was, before, table) && !isAskedAnyway(was, table))
          tell(
            `Restrictive policy "${was.name}" on "${table.key}" ${now === undefined ? 'is gone' : 'is permissive now'}`,
            { who: 'those whom the other policies let in' },
          );
        continue;
      }
      const further = now === undefined ? [] : furtherCommands(was, now, before, table);
      if (further.length > 0) {
        tell(
          `Policy "${was.name}" on "${table.key}" was for ${upper([was.command as Command])} and is now for ${upper(further)} too`,
          { who: 'those whom it lets in', way: 'Name the command' },
        );
        continue;
      }
      if (now === undefined || now.command !== was.command || now.permissive !== was.permissive) continue;
      const lost = conditionsLost(was, now, table, state);
      if (lost === null) continue;
      const ledBack = lost.includes(`looks at "${table.name}"`);
      tell(
        `Policy "${was.name}" on "${table.key}" ${lost}`,
        ledBack
          ? {
              way: 'Ask it in a "security definer" function, which does not lead back here,',
              help: 'Ask whether there is such a row in a `security definer` function and call it in the policy, or say in a `guard-ignore` comment why the condition goes.',
            }
          : asFormerly(formerForm(now.origin, state, facts)),
      );
    }
  },
});

const asFormerly = (former: string | null) =>
  former === null
    ? {}
    : { former, help: 'Nothing to do where that is meant; else write the condition into the policy again.' };

/** The platform's tables that projects write policies for. */
const asked = new Set(['storage.objects', 'storage.buckets', 'realtime.messages']);

/** Another restrictive policy came in its place. */
const isReplaced = (was: Policy, before: Table, after: Table) =>
  after.policies.some(
    (policy) =>
      !policy.permissive &&
      commandsOf(was).every((command) => covers(policy, command)) &&
      !before.policies.some(({ name }) => name === policy.name),
  );

/** It asked only whether somebody is signed in, and so does each permissive policy that is left, by its roles or its condition. */
const isAskedAnyway = (was: Policy, after: Table) =>
  [was.using, was.check].every((asked) => asked === null || opensTo(asked.node) === 'users') &&
  after.policies.every(
    (policy) =>
      !policy.permissive ||
      !appliesTo(policy, 'anon') ||
      commandsOf(was).every((command) => {
        if (!covers(policy, command)) return true;
        const node = predicateOf(policy, command)?.node ?? null;
        return alternatives(node).every((branch) =>
          someNode(branch, (kind, inner) => isUserId({ [kind]: inner })),
        );
      }),
  );

/** Commands that a policy covers under its old name, and that no policy of the base allowed on the same condition. */
const furtherCommands = (was: Policy, now: Policy, before: Table, after: Table): Command[] =>
  was.command === 'all' || now.command !== 'all' || !was.permissive || !now.permissive
    ? []
    : commandsOf(now).filter(
        (command) =>
          command !== was.command &&
          (isPlatform(after.schema) || apiRolesOf(now).some((role) => holds(after.grants, role, command))) &&
          !before.policies.some(
            (policy) =>
              policy.permissive &&
              covers(policy, command) &&
              predicateOf(policy, command)?.text === predicateOf(now, command)?.text,
          ),
      );
