import type { Place } from '../../model/finding.ts';
import type { Command, Origin, Policy, Table, View } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { callsOn, toldCalls } from '../support/application/client-calls.ts';
import {
  commands as allCommands,
  allowsInsert,
  apiRoles,
  commandsOf,
  holders,
  holds,
  isPlatform,
  served,
} from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { truthOf } from '../support/conditions/truth.ts';
import { tellFunctions, tellHelper, tellRoutine } from '../support/functions/missing-execute.ts';
import { revokeOf, sourcesOf, withheldBy } from '../support/statements/revoked.ts';
import { appendFix, evidenceOf, isRevoke } from '../support/statements/sites.ts';
import { remembered } from '../support/syntax/tree.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { named, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'grants/missing',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a role that a policy names holds no privilege: the API answers 42501',
  why: 'Postgres looks at grants before it looks at policies. Since 30 October 2026 (for new projects since 30 May) Supabase grants new tables, sequences and functions in public to nobody: without GRANT the Data API answers "permission denied for table", to service_role too. Local stacks and CI on the old default stay green; tables that stood before keep their grants. Milder: a warning where the same change takes the privilege and leaves older policies standing, an earlier file took it by name, the change takes EXECUTE from everybody, or visitors alone are refused a function that policies TO PUBLIC call; a note where only service_role is left without a privilege, where a left-over UPDATE lets a sequence be drawn from, and where a function that was in use is taken from the server by name.',
  remedy:
    'Grant each role what its policies allow.\n\n```sql\ngrant select, insert, update, delete on public.note to authenticated;\ngrant select, insert, update, delete on public.note to service_role;\n```',
  since: '0.1.0',
  sources: [
    'https://github.com/orgs/supabase/discussions/45329',
    'https://supabase.com/docs/guides/api/securing-your-api',
  ],
  fixable: true,
  refusal: true,
  table(table, context) {
    if (!isExposedTable(table, context)) return;
    if (!table.rls) tellAsked(table, context);
    if (!table.rls || table.policies.length === 0) return;
    for (const { role, commands, origin } of denied(table)) tellTable(table, role, commands, origin, context);
    tellServer(table, context);
    tellSequences(table, context);
    tellFunctions(table, context);
  },
  view(view, context) {
    if (view.unknown.length === 0 && context.exposed(view.schema) && !isPlatform(view.schema))
      tellAsked(view, context);
  },
  state(context) {
    for (const schema of context.state.schemas.values()) tellSchema(schema.name, context);
  },
  routine(routine, context) {
    tellHelper(routine, context);
    tellRoutine(routine, context);
  },
});

/** The code asks for what no API role holds a privilege for, and no policy tells whom it is meant for. */
function tellAsked(
  { key, grants, origin }: Pick<Table | View, 'key' | 'grants' | 'origin'>,
  { facts, state, set, home, report }: StateContext,
) {
  const calls = callsOn(
    key,
    allCommands.filter((command) => holders(grants, command).length === 0),
    facts,
  );
  if (calls.length === 0) return;
  const missing = [...new Set(calls.map(({ command }) => command))];
  const grant = `grant ${missing.join(', ')} on ${key} to authenticated;`;
  // Nothing but the missing grant keeps users from each other's rows.
  const isOpen = state.tables.get(key)?.rls === false;
  const sql = isOpen
    ? `-- with policies that say whose rows are whose, and not before\nalter table ${key} enable row level security;\n${grant}`
    : grant;
  report({
    message: `Neither "anon" nor "authenticated" holds ${upper(missing)} on "${key}", and the code asks for it: ${toldCalls(calls, 'privilege')}. Grant it to whom it is meant for${isOpen ? ', once row level security keeps rows apart' : ''}.`,
    at: home(origin),
    object: key,
    key: `asked ${missing.join(' ')}`,
    severity: 'warning',
    evidence: evidenceOf(state),
    help: sqlFence(sql),
    ...(isOpen ? {} : { fix: appendFix(set, origin, 'Grant it to authenticated', grant, isRevoke) }),
  });
}

interface Denied {
  readonly role: string;
  readonly commands: readonly Command[];
  readonly origin: Origin;
}

/** Roles that policies name, and what they allow them without a privilege. */
function denied(table: Table): Denied[] {
  return served.flatMap((role): Denied[] => {
    const policies = table.policies.filter(
      (policy) => policy.permissive && isMeantFor(policy, role) && !refusesAll(policy),
    );
    const missing = new Set(policies.flatMap((policy) => lacking(table, policy, role)));
    const origin = policies.findLast((policy) => lacking(table, policy, role).length > 0)?.origin ?? null;
    return missing.size === 0 ? [] : [{ role, commands: [...missing], origin }];
  });
}

function lacking(table: Table, policy: Policy, role: string): readonly Command[] {
  const wanted = commandsOf(policy);
  const missing = wanted.filter((command) => !reaches(table, policy, role, command));
  // FOR ALL with some of the privileges: the grants say which of them are meant.
  return policy.command !== 'all' || missing.length === wanted.length ? missing : [];
}

/** `using (false)` says that nobody may: no privilege is missed. */
const refusesAll = remembered((policy: Policy) =>
  predicatesOf(policy).some(({ node }) => truthOf(node, { table: null, who: 'anyone' }) === 'false'),
);

/** TO PUBLIC is for whoever holds a privilege: told once, for `authenticated`, where neither API role does. */
const isMeantFor = (policy: Policy, role: string) =>
  policy.roles.includes(role) || (policy.roles.includes('public') && role === 'authenticated');

const reaches = (table: Table, policy: Policy, role: string, command: Command) =>
  holds(table.grants, role, command) ||
  (!policy.roles.includes(role) && apiRoles.some((other) => holds(table.grants, other, command)));

function tellTable(
  table: Table,
  role: string,
  commands: readonly Command[],
  origin: Origin,
  { state, set, facts, home, report }: StateContext,
) {
  const sql = `grant ${commands.join(', ')} on ${table.key} to ${role};`;
  const before = set.before.tables.get(table.key);
  // The change takes the privilege and leaves older policies standing: closed on purpose, most of the time.
  const taken = before !== undefined && commands.every((command) => holds(before.grants, role, command));
  const revoke = revokeOf(table, role, sourcesOf(set));
  // Who names the table and the role in a REVOKE means it, and so does who revokes behind the policies.
  const isMeant = revoke?.byName === true && (taken || isBehind(revoke.place, origin));
  const withheld =
    before === undefined || taken || isMeant ? null : withheldBy(table, role, commands, set, facts);
  // Visitors and users share the code: whose call it is shows where one of the two is left without.
  const calls = role === 'authenticated' ? callsOn(table.key, commands, facts) : [];
  report({
    message: taken
      ? `"${role}" loses ${upper(commands)} on "${table.key}", and policies still allow it. ${deniedFirst(table)}${calls.length === 0 ? ' Drop the policies if that is meant, else grant it again' : ` The code asks for it: ${toldCalls(calls, 'privilege')}. Grant it again, or take the call out`}.`
      : `Policies allow ${upper(commands)} on "${table.key}" to "${role}", and the role holds no such privilege. ${deniedFirst(table)} ${withheld === null ? 'Grant it' : `"${withheld}" took it away by name: drop the policies if that is still meant, else grant it again`}.`,
    at: home((taken || isMeant ? revoke?.place : null) ?? origin ?? table.origin),
    severity: severityOf(isMeant && calls.length === 0, taken || isMeant || withheld !== null),
    object: table.key,
    // By the role alone: a further GRANT or REVOKE changes the list, and it is the same hole.
    key: role,
    evidence: evidenceOf(state),
    help: sqlFence(withheld === null ? sql : `-- where it is meant again\n${sql}`),
    fix:
      withheld === null
        ? appendFix(set, origin ?? table.origin, `Grant it to ${role}`, sql, isRevoke)
        : undefined,
  });
}

const deniedFirst = ({ name }: Table) =>
  `Postgres looks at grants first, so the API answers "permission denied for table ${name}" (42501).`;

function severityOf(isNote: boolean, isWarning: boolean) {
  if (isNote) return 'info';
  return isWarning ? 'warning' : undefined;
}

const isBehind = (place: Place, origin: Origin) =>
  origin !== null && origin.file === place.file && origin.line < place.line;

/** Users reach it and the server does not: nothing says that this is meant, and nothing says that it is not. */
function tellServer(table: Table, { state, set, home, report }: StateContext) {
  const commands = (['select', 'insert', 'update', 'delete'] as const).filter((command) =>
    apiRoles.some((role) => holds(table.grants, role, command)),
  );
  if (commands.length === 0) return;
  if (
    ['select', 'insert', 'update', 'delete'].some((command) =>
      holds(table.grants, 'service_role', command as Command),
    )
  )
    return;
  if (table.policies.some((policy) => policy.roles.includes('service_role'))) return;
  const sql = `grant select, insert, update, delete on ${table.key} to service_role;`;
  report({
    message: `"service_role" holds no privilege on "${table.key}". It bypasses policies, not grants: a server or an Edge Function that uses its key gets 42501. Grant it if the server works on this table.`,
    at: home(table.origin),
    object: table.key,
    key: 'service_role',
    severity: 'info',
    evidence: evidenceOf(state),
    help: sqlFence(sql),
    fix: appendFix(set, table.origin, 'Grant it to service_role', sql, isRevoke),
  });
}

/** A serial column draws from a sequence with privileges of its own: nextval() asks for USAGE or UPDATE. */
function tellSequences(table: Table, { state, set, home, report }: StateContext) {
  for (const column of table.columns) {
    if (column.sequence === null || column.identity !== null) continue;
    const sequence = state.sequences.get(column.sequence);
    if (sequence === undefined) continue;
    const writers = served.filter(
      (role) =>
        holds(table.grants, role, 'insert') &&
        (role === 'service_role' || table.policies.some((policy) => allowsInsert(policy, role))),
    );
    const roles = writers.filter((role) => !holds(sequence.grants, role, 'usage'));
    if (roles.length === 0) continue;
    // The default privileges of the new era take USAGE away and leave UPDATE: it works, and nobody meant it to.
    const leftover = roles.every((role) => holds(sequence.grants, role, 'update'));
    const sql = `grant usage on sequence ${sequence.key} to ${roles.join(', ')};`;
    report({
      message: `${named(roles)} may insert into "${table.key}" and hold${roles.length > 1 ? '' : 's'} no USAGE on "${sequence.key}", the default of "${column.name}". ${leftover ? 'Only a left-over UPDATE privilege lets the insert draw a number' : 'The insert fails with "permission denied for sequence" (42501)'}. Grant USAGE, or make it an identity column.`,
      at: home(column.origin ?? table.origin),
      object: table.key,
      key: `sequence ${column.name}`,
      severity: leftover ? 'info' : undefined,
      evidence: evidenceOf(state),
      help: sqlFence(sql),
      fix: appendFix(set, table.origin, 'Grant USAGE on the sequence', sql, isRevoke),
    });
  }
}

/** An exposed schema of the project's own: nobody has USAGE on it by itself. */
function tellSchema(name: string, context: StateContext) {
  if (!context.exposed(name) || name === 'public' || isPlatform(name)) return;
  const schema = context.state.schemas.get(name)!;
  const users = [...context.state.tables.values(), ...context.state.views.values()].filter(
    (each) => each.schema === name,
  );
  const roles = served.filter(
    (role) =>
      !holds(schema.grants, role, 'usage') &&
      users.some(({ grants }) => grants.some((grant) => grant.grantee === role && grant.origin !== null)),
  );
  if (roles.length === 0) return;
  context.report({
    message: `${named(roles)} hold${roles.length === 1 ? 's' : ''} privileges in schema "${name}" and no USAGE on it. The API answers "permission denied for schema ${name}" (42501). Grant USAGE.`,
    at: context.home(schema.origin),
    object: name,
    key: roles.join(' '),
    evidence: evidenceOf(context.state),
    help: sqlFence(`grant usage on schema ${name} to ${roles.join(', ')};`),
    fix: appendFix(
      context.set,
      schema.origin,
      'Grant USAGE on the schema',
      `grant usage on schema ${name} to ${roles.join(', ')};`,
      isRevoke,
    ),
  });
}
