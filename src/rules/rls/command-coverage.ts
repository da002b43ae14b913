import type { ClientCall } from '../../model/client.ts';
import type { Command, Grant, Origin, SchemaState, Table } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { callsFitting, toldCalls } from '../support/application/client-calls.ts';
import { looksAtCaller } from '../support/callers/caller.ts';
import { apiRoles, apiRolesOf, appliesTo, commands, covers, predicateOf } from '../support/callers/roles.ts';
import { opensTo } from '../support/conditions/truth.ts';
import { policyDrop } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { asBefore } from '../support/ways-out/as-before.ts';
import { needsReading, nothingSays, ownPolicies } from '../support/ways-out/own-policy.ts';
import { named, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/command-coverage',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a command that API roles are granted and no policy allows',
  why: "Row level security refuses a command that no permissive policy covers: SELECT, UPDATE and DELETE quietly affect no row, INSERT fails with 42501. An UPDATE or DELETE with a WHERE needs a SELECT policy too. Where a grant names the command, somebody meant it to work. A warning where the code of the repository asks for it: supabase-js calls such as `.from('note').delete()` in code that a browser runs, or on a client made with the anon key.",
  remedy:
    'Add the policy, or revoke the privilege.\n\n```sql\ncreate policy "delete own" on public.note for delete to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://supabase.com/docs/guides/database/postgres/row-level-security',
  ],
  fixable: false,
  table(table, context) {
    if (!table.rls || table.policies.length === 0 || !isExposedTable(table, context)) return;
    if (table.kind === 'partition') return;
    const before = context.set.before.tables.get(table.key);
    const open = commands.filter((command) => uncovered(table, command));
    // What a policy of the base allowed and this change leaves without one is a loss, not an omission.
    const drop = before === undefined ? null : policyDrop(table, context.set);
    const lost = open.filter(
      (command) =>
        before !== undefined && drop !== null && isLoss(before, table, command, context.set.before),
    );
    if (context.state === context.set.after && before !== undefined && drop !== null && lost.length > 0)
      tellLost(table, before, lost, drop, context);
    const missing = open.filter((command) => !lost.includes(command));
    if (missing.length > 0) tellMissing(table, missing, context);
    tellWithheld(table, context);
  },
});

function tellLost(
  table: Table,
  before: Table,
  lost: readonly Command[],
  drop: Origin,
  context: StateContext,
) {
  const calls = asked(table, lost, context);
  context.report({
    message: `No policy on "${table.key}" covers ${upper(lost)} any more. The policy that allowed it is gone, so clients that used it now affect no row or get 42501.${askedFor(calls)} Add a policy, or revoke the privilege if that is meant.`,
    at: context.home(drop),
    object: table.key,
    key: `lost ${lost.join(' ')}`,
    severity: calls.length > 0 ? 'warning' : undefined,
    evidence: evidenceOf(context.state),
    help: sqlFence(
      (asBefore(before, table, lost, context.set) ?? ownPolicies(table, lost, context.state, [])).join(
        '\n\n',
      ),
    ),
  });
}

function tellMissing(table: Table, missing: readonly Command[], context: StateContext) {
  const roles = [...new Set(missing.flatMap((command) => unserved(table, command)))];
  const others = missing.some((command) => allows(table, command));
  const refused = others
    ? `${roles.length > 1 ? 'They hold' : 'The role holds'} the privilege, and row level security refuses it`
    : `${opening(table, missing, context.facts)}${named(roles)} hold${roles.length > 1 ? '' : 's'} the privilege, and row level security refuses it to all of them`;
  const calls = asked(table, missing, context);
  const wanted = missing.filter(
    (each) => calls.length === 0 || calls.some(({ command }) => command === each),
  );
  const policies = ownPolicies(table, wanted, context.state, calls);
  const unwanted =
    calls.length === 0
      ? missing
      : missing.filter(
          (command) => !wanted.includes(command) && !(command === 'select' && needsReading(wanted, table)),
        );
  const byServer = calls.length > 0 && wanted.some((command) => isServers(table, command));
  const leftOut = calls.length > 0 && policies.every((policy) => policy.startsWith('-- no policy'));
  const byNobody = calls.length > 0 && policies.every((policy) => policy.startsWith(nothingSays));
  const way = byNobody
    ? `Nothing says whose a row is: ${byTheServer}`
    : wayOf(calls.length > 0, byServer, leftOut);
  const revoke = `revoke ${unwanted.join(', ')} on ${table.key} from ${roles.join(', ')};`;
  context.report({
    message: `No policy on "${table.key}" covers ${upper(missing)}${others ? ` for ${named(roles)}` : ''}. ${refused}.${askedFor(calls)} ${way}.`,
    at: context.home(table.rlsOrigin ?? table.origin),
    object: table.key,
    key: missing.join(' '),
    severity: calls.length > 0 ? 'warning' : undefined,
    evidence: evidenceOf(context.state),
    help: sqlFence(
      [
        ...(byServer ? ['-- only if users may do that themselves'] : []),
        ...policies,
        ...(unwanted.length === 0
          ? []
          : [`-- ${calls.length > 0 ? 'what no code asks for' : 'or'}\n${revoke}`]),
      ].join('\n\n'),
    ),
  });
}

const byTheServer = 'let the server do it, in an Edge Function or a function that checks the caller';

function wayOf(isAsked: boolean, byServer: boolean, leftOut: boolean): string {
  if (byServer) return `A policy names the server for it: ${byTheServer}`;
  if (leftOut) return `Who writes a row there lets itself in: ${byTheServer}`;
  return isAsked
    ? 'Add the policy that it needs, or take the call out'
    : 'Add a policy, or revoke the privilege if that is meant';
}

/** Calls of the code that no policy allows. */
const asked = (table: Table, commands: readonly Command[], { facts }: StateContext) =>
  callsFitting(
    table,
    // Where one of the API roles is served, whose call it is is not known.
    commands.filter((command) => !allows(table, command)),
    facts,
    // What names other columns is written for another version of the table.
  ).filter(
    ({ columns }) =>
      table.unknown.length > 0 ||
      columns.every((column) => table.columns.some(({ name }) => name === column)),
  );

/** A policy names the server for the command: clients were not meant to do it. */
const isServers = (table: Table, command: Command) =>
  table.policies.some((policy) => covers(policy, command) && policy.roles.includes('service_role'));

const askedFor = (calls: readonly ClientCall[]) =>
  calls.length === 0 ? '' : ` The code asks for it: ${toldCalls(calls, 'policy')}.`;

/** The code asks for what neither a policy nor a privilege gives. */
function tellWithheld(table: Table, context: StateContext) {
  const calls = callsFitting(table, commands, context.facts);
  const withheld = commands.filter(
    (command) =>
      !allows(table, command) &&
      calls.some((call) => call.command === command) &&
      !table.grants.some((grant) => apiRoles.some((role) => gives(grant, role, command))),
  );
  if (withheld.length === 0) return;
  const refused = calls.filter(({ command }) => withheld.some((each) => each === command));
  const reads = apiRoles.some((role) => table.grants.some((grant) => gives(grant, role, 'select')));
  const granted = needsReading(withheld, table) && !reads ? ['select', ...withheld] : withheld;
  context.report({
    message: `Neither a policy nor a privilege on "${table.key}" allows ${upper(withheld)}, and the code asks for it: ${toldCalls(refused, 'privilege')}. Add both, or take the call out.`,
    at: context.home(table.rlsOrigin ?? table.origin),
    object: table.key,
    key: `asked ${withheld.join(' ')}`,
    severity: 'warning',
    evidence: evidenceOf(context.state),
    help: sqlFence(
      `${ownPolicies(table, withheld, context.state, []).join('\n\n')}\ngrant ${granted.join(', ')} on ${table.key} to authenticated;`,
    ),
  });
}

const allows = (table: Table, command: Command) =>
  table.policies.some(
    (policy) =>
      policy.permissive && covers(policy, command) && apiRoles.some((role) => appliesTo(policy, role)),
  );

/** The base let users in for what is theirs. What it left open to everybody is closed, not lost. */
function isLoss(before: Table, after: Table, command: Command, state: SchemaState): boolean {
  if (!before.rls || before.policies.length === 0 || uncovered(before, command)) return false;
  const policies = before.policies.filter(
    (policy) => policy.permissive && covers(policy, command) && apiRolesOf(policy).length > 0,
  );
  if (policies.length === 0) return false;
  // The privilege went with the policy: that is meant. Who asks for the caller serves those who signed in.
  const served = policies.some((policy) => appliesTo(policy, 'authenticated')) ? 'authenticated' : 'anon';
  // What nobody held before can't be lost.
  if (![before, after].every(({ grants }) => grants.some((grant) => gives(grant, served, command))))
    return false;
  if (isServed(after, served, command)) return false;
  return policies.every((policy) => {
    const node = predicateOf(policy, command)?.node ?? null;
    return opensTo(node) === null && looksAtCaller(node, state);
  });
}

const uncovered = (table: Table, command: Command) => unserved(table, command).length > 0;

const isServed = (table: Table, role: string, command: Command) =>
  table.policies.some((policy) => policy.permissive && covers(policy, command) && appliesTo(policy, role));

/**
 * Roles that hold a privilege no policy covers. Granted by name: role by role. By default privileges: only where no API
 * role at all has a policy, and where no statement grants anything on the table, which says what its author means to be
 * open.
 */
function unserved(table: Table, command: Command): readonly string[] {
  const isStated = table.grants.some(({ origin }) => origin !== null);
  const granted = apiRoles.filter((role) =>
    table.grants.some((grant) => gives(grant, role, command) && (!isStated || grant.origin !== null)),
  );
  if (!allows(table, command)) return granted;
  return granted.filter(
    (role) =>
      !isServed(table, role, command) &&
      table.grants.some(
        (grant) => gives(grant, role, command) && grant.origin !== null && grant.grantee === role,
      ),
  );
}

const gives = (grant: Grant, role: string, command: Command) =>
  grant.privilege === command && (grant.grantee === role || grant.grantee === 'public');
