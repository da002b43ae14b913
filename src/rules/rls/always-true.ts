import type { Severity } from '../../model/finding.ts';
import type { Command, Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { alsoAsking, meansServer, nameSaysRole, questionFor } from '../support/misnamed.ts';
import { ownerColumns, sensitiveColumns, setByTrigger } from '../support/owners.ts';
import {
  type ApiRole,
  apiRolesOf,
  appliesTo,
  commandsOf,
  covers,
  holds,
  predicateOf,
  readableColumns,
} from '../support/roles.ts';
import { ownComparisons, readPredicate } from '../support/scope.ts';
import { evidenceOf } from '../support/sites.ts';
import { policyKey, policyTable } from '../support/tables.ts';
import { isPlainTrue, opensTo } from '../support/truth.ts';
import { named, people, sqlFence, upper } from '../support/words.ts';

export default rule({
  id: 'rls/always-true',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that lets API roles write, or read, every row',
  why: 'USING (true) and WITH CHECK (true) are no limit: every role the policy is for may touch every row, and permissive policies are added to each other, so a stricter one beside it changes nothing. For SELECT it is the way to say that a table is public; for UPDATE and DELETE hardly anybody means it. service_role needs no policy: it bypasses row level security.',
  remedy:
    'Say whose rows the policy is about, or for which role.\n\n```sql\ncreate policy "update own" on public.note for update to authenticated\n  using ((select auth.uid()) = user_id)\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0024_permissive_rls_policy',
  ],
  fixable: false,
  table(declared, context) {
    const table = policyTable(declared, context);
    if (table === null || !table.rls) return;
    for (const policy of table.policies) {
      const open = policy.permissive ? judge(policy, table, context.state) : null;
      if (open === null) continue;
      // A policy called after a role that its TO forgets is told by rls/misnamed, unless this is the graver way to say it.
      if (open.severity !== 'error' && nameSaysRole(policy, table, context.state) !== null) continue;
      context.report({
        message: open.message,
        at: context.home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        severity: open.severity,
        evidence: evidenceOf(context.state),
        help: open.help,
      });
    }
  },
});

interface Open {
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string;
}

/** One command that a policy opens, and for whom. */
interface Reach {
  readonly command: Command;
  readonly roles: readonly ApiRole[];
}

function judge(policy: Policy, table: Table, state: SchemaState): Open | null {
  const reached = commandsOf(policy).flatMap((command): Reach[] => {
    const opens = opensTo(predicateOf(policy, command)?.node ?? null);
    const roles = apiRolesOf(policy).filter(
      (role) => (opens === 'everybody' || role !== 'anon') && holds(table.grants, role, command),
    );
    return opens === null || roles.length === 0 || restricted(table, command, roles)
      ? []
      : [{ command, roles }];
  });
  const policyName = `Policy "${policy.name}" on "${table.key}"`;
  if (reached.length === 0) return openCheck(policy, table, state, policyName);
  const misnamed = nameSaysRole(policy, table, state);
  const question = questionFor(misnamed, state);
  const promise =
    misnamed === null ? '' : ` By its name it is for ${misnamed}, and nothing else in it says so.`;
  const commands = reached.map(({ command }) => command);
  if (commands.includes('update') || commands.includes('delete')) {
    return {
      severity: 'error',
      message: `${policyName} is true for every row: ${people(reached.flatMap(({ roles }) => roles))} may ${upper(commands)} all of them.${promise} Name the rows in USING, or the role in TO.`,
      help: sqlFence(
        meansServer(misnamed)
          ? leftToServer(policy, table)
          : question === null
            ? rewritten(policy, table, state, commands)
            : alsoAsking(policy, table, question),
      ),
    };
  }
  const handedOver = openCheck(policy, table, state, policyName);
  if (handedOver !== null) return handedOver;
  const [insert] = reached.filter(({ command }) => command === 'insert');
  if (insert !== undefined) {
    const open = openInsert(policy, table, state, insert.roles, policyName, promise);
    if (meansServer(misnamed))
      return forServer(open, policy, table, policyName, people(insert.roles), promise);
    return question === null ? open : { ...open, help: sqlFence(alsoAsking(policy, table, question)) };
  }
  const [select] = reached.filter(({ command }) => command === 'select');
  return select === undefined ? null : openSelect(policy, table, state, select.roles, policyName);
}

/** WITH CHECK (true) behind a USING that asks for the owner: the new row may be anybody's. */
function openCheck(policy: Policy, table: Table, state: SchemaState, policyName: string): Open | null {
  if (!covers(policy, 'update') || policy.using === null || opensTo(policy.check?.node ?? null) === null) {
    return null;
  }
  const roles = apiRolesOf(policy).filter((role) => holds(table.grants, role, 'update'));
  const owner = ownComparisons(readPredicate(policy.using.node, table, state)).find(
    ({ other, operator }) => operator === '=' && other.is === 'user-id',
  )?.column.name;
  if (owner === undefined || roles.length === 0 || keepsOwner(owner, table, state, roles)) return null;
  return {
    severity: 'error',
    message: `${policyName} asks nothing of the new row: WITH CHECK (true) replaces USING there. Whoever may change a row can hand it to somebody else by "${owner}". Leave WITH CHECK out, or repeat the condition of USING.`,
    help: sqlFence(`alter policy "${policy.name}" on ${table.key}\n  with check (${policy.using.text});`),
  };
}

/** A restrictive policy about the owner holds for the new row too; one about the tenant lets it change hands inside. */
const keepsOwner = (owner: string, table: Table, state: SchemaState, roles: readonly ApiRole[]) =>
  table.policies.some(
    (policy) =>
      !policy.permissive &&
      covers(policy, 'update') &&
      roles.every((role) => appliesTo(policy, role)) &&
      ownComparisons(readPredicate((policy.check ?? policy.using)?.node ?? null, table, state)).some(
        ({ column }) => column.name === owner,
      ),
  );

function openInsert(
  policy: Policy,
  table: Table,
  state: SchemaState,
  roles: readonly ApiRole[],
  policyName: string,
  promise: string,
): Open {
  const who = people(roles);
  const owners = ownerColumns(table, state).filter((column) => !setByTrigger(column, table, state));
  if (owners.length === 0) {
    return {
      severity: 'warning',
      message: `${policyName} checks nothing: ${who} may insert any row.${promise} What is written there can't be trusted, and nothing stops a flood. Check the row, or let only the server insert.`,
      help: sqlFence(
        roles.includes('anon')
          ? `drop policy "${policy.name}" on ${table.key}; -- service_role inserts without a policy`
          : signed(policy, table),
      ),
    };
  }
  const recipients = roles.includes('anon') ? owners.filter((owner) => isRecipient(owner, table)) : [];
  if (recipients.length === owners.length) {
    return {
      severity: 'warning',
      message: `${policyName} checks nothing: ${who} may insert any row.${promise} The sender names itself, and ${named(recipients)} is whom it writes to: a form may be so. Nothing stops a flood, and nothing that the sender says of itself is proved. Limit what a row may hold, or take it in through an Edge Function.`,
    };
  }
  return {
    severity: 'error',
    message: `${policyName} checks nothing: ${who} may insert rows in anybody's name.${promise} The client fills ${named(owners)} as it likes. Compare it with the signed-in user.`,
    help: sqlFence(
      `alter policy "${policy.name}" on ${table.key} to authenticated\n  with check ((select auth.uid()) = ${owners[0]});`,
    ),
  };
}

/**
 * Whom a form's row is for, not who wrote it: the writer stands beside it by name or address (`sender_email`; where the
 * column does not call its user the author, `email` will do).
 */
function isRecipient(owner: string, { columns }: Table): boolean {
  const names = columns.map(({ name }) => name);
  if (/(^|_)(author|creator|created|sender|submitter|submitted|from|buyer|reporter|guest)(_|$)/i.test(owner))
    return false;
  if (
    names.some((name) =>
      /^(sender|visitor|guest|from|contact|lead|inquirer|requester)_(name|email|e_?mail|phone)$/i.test(name),
    )
  )
    return true;
  return (
    !/^(user|member|customer|client|account|auth_user)_(id|uuid)$/i.test(owner) &&
    names.some((name) => /^(e_?mail|phone)$/i.test(name)) &&
    names.some((name) => /^(message|subject|body|content|comments?|notes?|inquiry|question)$/i.test(name))
  );
}

const freeName = (table: Table) =>
  ['created_by', 'inserted_by', 'author_id'].find(
    (wanted) => !table.columns.some((column) => column.name === wanted),
  ) ?? 'made_by';

/** A column that says who made the row fills itself: clients go on as before. */
function signed(policy: Policy, table: Table): string {
  const name = freeName(table);
  return `alter table ${table.key} add column ${name} uuid default auth.uid() references auth.users (id) on delete set null;\nalter policy "${policy.name}" on ${table.key} to authenticated\n  with check ((select auth.uid()) = ${name});\n-- or, where clients need not insert:\ndrop policy "${policy.name}" on ${table.key}; -- service_role inserts without a policy`;
}

/** An open INSERT that is there for the server by its name: nobody else need insert. */
const forServer = (
  { severity }: Open,
  policy: Policy,
  table: Table,
  policyName: string,
  who: string,
  promise: string,
): Open => ({
  severity,
  message: `${policyName} checks nothing: ${who} may insert any row, in anybody's name.${promise} "service_role" needs no policy: drop it. A trigger that writes for users can be "security definer".`,
  help: sqlFence(leftToServer(policy, table)),
});

const leftToServer = (policy: Policy, table: Table) =>
  `-- the server needs no policy: service_role bypasses row level security\ndrop policy "${policy.name}" on ${table.key};`;

function openSelect(
  policy: Policy,
  table: Table,
  state: SchemaState,
  roles: readonly ApiRole[],
  policyName: string,
): Open {
  const who = people(roles);
  const readable = new Set(
    roles.flatMap((role) => readableColumns(table, role) ?? table.columns.map(({ name }) => name)),
  );
  const sensitive = sensitiveColumns([...readable], table);
  if (sensitive.length === 0) {
    return {
      severity: 'info',
      message: `${policyName} declares the table public: ${who} may read all its rows. That is fine for what everybody may know. Limit it if that is not meant.`,
    };
  }
  return {
    severity: 'warning',
    message: `${policyName} lets ${who} read all rows, and ${named(sensitive)} ${sensitive.length > 1 ? 'look' : 'looks'} personal or secret. They can be listed through the API. Limit the rows, or grant only the columns that are meant to be public.`,
    help: roles.includes('anon')
      ? sqlFence(columnsGranted(table, [...readable], sensitive))
      : limitedToOwner(policy, table, state),
  };
}
/** Visitors read what is meant to be public; signed-in users read on as before. */
const columnsGranted = (table: Table, readable: readonly string[], sensitive: readonly string[]) =>
  `-- visitors without the personal columns; a policy for "authenticated" may limit the rows\nrevoke select on ${table.key} from anon;\ngrant select (${readable
    .filter((column) => !sensitive.includes(column))
    .map(quoteIdent)
    .join(', ')}) on ${table.key} to anon;`;

/** Signed-in users alone: column grants would hide the columns from their owners too. */
function limitedToOwner(policy: Policy, table: Table, state: SchemaState): string | undefined {
  const [owner] = ownerColumns(table, state);
  return owner === undefined
    ? undefined
    : sqlFence(
        `-- and a policy for those who may read the rows of others\nalter policy "${policy.name}" on ${table.key} to authenticated\n  using ((select auth.uid()) = ${quoteIdent(owner)});`,
      );
}

/** A restrictive policy that holds for all those roles is a limit of its own. */
const restricted = (table: Table, command: Command, roles: readonly string[]) =>
  table.policies.some(
    (policy) =>
      !policy.permissive &&
      covers(policy, command) &&
      roles.every((role) => appliesTo(policy, role)) &&
      !isPlainTrue((command === 'insert' ? (policy.check ?? policy.using) : policy.using)?.node ?? null),
  );

function rewritten(policy: Policy, table: Table, state: SchemaState, free: readonly Command[]): string {
  const [owner] = ownerColumns(table, state);
  const own = owner === undefined ? null : `(select auth.uid()) = ${quoteIdent(owner)}`;
  if (own === null) {
    const admins = questionFor('administrators', state);
    const added = freeName(table);
    const mine = `(select auth.uid()) = ${added}`;
    return [
      leftToServer(policy, table),
      ...(admins === null
        ? []
        : [`-- or, where administrators write:\n${alsoAsking(policy, table, admins)}`]),
      `-- or, where users do: say whose a row is\nalter table ${table.key} add column ${added} uuid default auth.uid() references auth.users (id) on delete set null;\nalter policy "${policy.name}" on ${table.key} to authenticated\n  using (${mine})${free.includes('update') || free.includes('insert') ? `\n  with check (${mine})` : ''};`,
    ].join('\n');
  }
  const check = free.includes('update') || free.includes('insert') ? `\n  with check (${own})` : '';
  return `alter policy "${policy.name}" on ${table.key} to authenticated\n  using (${own})${check};`;
}
