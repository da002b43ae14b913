import type { Severity } from '../../model/finding.ts';
import type { Command, Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { alsoAsking, claimFor, meansServer, nameSaysRole, questionFor } from '../support/misnamed.ts';
import { isDeclaredPublic } from '../support/openness.ts';
import { isCaller, ownerColumns, sensitiveColumns, setByTrigger } from '../support/owners.ts';
import {
  type ApiRole,
  apiRolesOf,
  appliesTo,
  commandsOf,
  covers,
  grantedColumns,
  holds,
  predicateOf,
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
        message: `${open.message}${alsoOpen(policy, table)}`,
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

/** Other policies that open the same, for the same roles: one alone closes nothing. */
function alsoOpen(policy: Policy, table: Table): string {
  const open = commandsOf(policy).filter(
    (command) => command !== 'select' && opensTo(predicateOf(policy, command)?.node ?? null) !== null,
  );
  const others = table.policies.filter(
    (other) =>
      other !== policy &&
      other.permissive &&
      apiRolesOf(policy).some((role) => appliesTo(other, role)) &&
      open.some(
        (command) => covers(other, command) && opensTo(predicateOf(other, command)?.node ?? null) !== null,
      ),
  );
  return others.length === 0
    ? ''
    : ` ${named(others.map(({ name }) => name))} ${others.length === 1 ? 'opens the same: mend both' : 'open the same: mend all of them'}.`;
}

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
    return opens === null ||
      roles.length === 0 ||
      restricted(table, command, roles) ||
      asksOfNewRow(policy, command)
      ? []
      : [{ command, roles }];
  });
  const policyName = `Policy "${policy.name}" on "${table.key}"`;
  if (reached.length === 0)
    return openCheck(policy, table, state, policyName) ?? takeover(policy, table, state, policyName);
  const misnamed = nameSaysRole(policy, table, state);
  const question = questionFor(misnamed, state);
  const promise =
    misnamed === null ? '' : ` By its name it is for ${misnamed}, and nothing else in it says so.`;
  const commands = reached.map(({ command }) => command);
  const anybody = reached.some(({ roles }) => roles.includes('anon'));
  if (commands.includes('update') || commands.includes('delete')) {
    const who = people(reached.flatMap(({ roles }) => roles));
    const limited = isLimitedBySelect(policy, table, reached);
    const granted = grantedOf(table, reached);
    return {
      severity: limited || granted !== null ? 'warning' : 'error',
      message: `${policyName} is true for every row: ${who} may ${upper(commands)} ${granted === null ? '' : `${named(granted)}, which the grants name, in `}${limited ? 'all that the SELECT policies show them, and nothing else limits it' : 'all of them'}.${promise} Name the rows in USING, or ${anybody ? 'the role in TO' : 'ask there what the caller is'}.`,
      help: sqlFence(
        meansServer(misnamed)
          ? leftToServer(policy, table)
          : question === null
            ? rewritten(policy, table, state, { commands, misnamed })
            : alsoAsking(policy, table, question),
      ),
    };
  }
  const handedOver = openCheck(policy, table, state, policyName);
  if (handedOver !== null) return handedOver;
  const [insert] = reached.filter(({ command }) => command === 'insert');
  if (insert !== undefined) {
    const open = openInsert(policy, table, state, insert.roles, { policyName, promise, misnamed });
    if (meansServer(misnamed))
      return forServer(open, policy, table, policyName, people(insert.roles), promise);
    return question === null ? open : { ...open, help: sqlFence(alsoAsking(policy, table, question)) };
  }
  const [select] = reached.filter(({ command }) => command === 'select');
  return select === undefined ? null : openSelect(policy, table, state, select.roles, policyName);
}

/** The columns that UPDATE is granted on, and is all that the policy opens; null where whole rows are open. */
function grantedOf(table: Table, reached: readonly Reach[]): readonly string[] | null {
  const columns = reached.map(({ command, roles }) =>
    command === 'update' ? roles.map((role) => grantedColumns(table, role, 'update')) : null,
  );
  if (columns.length === 0 || columns.some((each) => each === null || each.includes(null))) return null;
  const named = new Set(columns.flatMap((each) => each!.flatMap((those) => those!)));
  return named.size > 3 || named.size === 0 ? null : [...named];
}

/** Through the API an UPDATE or DELETE has a WHERE, and so reaches only rows that SELECT policies show: not all of them here. */
const isLimitedBySelect = (policy: Policy, table: Table, reached: readonly Reach[]) =>
  reached.every(({ roles }) =>
    roles.every((role) =>
      table.policies.some((other) => other !== policy && covers(other, 'select') && appliesTo(other, role)),
    ),
  ) &&
  !reached.some(({ roles }) =>
    roles.some((role) =>
      table.policies.some(
        (other) =>
          other.permissive &&
          covers(other, 'select') &&
          appliesTo(other, role) &&
          (opensTo(predicateOf(other, 'select')?.node ?? null) !== null || isDeclaredPublic(table, role)),
      ),
    ),
  );

/** An UPDATE of any row that leaves it as WITH CHECK wants it: that limits what a row becomes, and who may. */
const asksOfNewRow = ({ check }: Policy, command: Command) =>
  command === 'update' && check !== null && opensTo(check.node) === null;

/** USING (true) before a WITH CHECK that asks for the owner: whoever comes makes the row its own. */
function takeover(policy: Policy, table: Table, state: SchemaState, policyName: string): Open | null {
  if (!covers(policy, 'update') || policy.check === null || opensTo(policy.using?.node ?? null) === null)
    return null;
  const owner = ownComparisons(readPredicate(policy.check.node, table, state)).find(
    ({ other, operator }) => operator === '=' && other.is === 'user-id',
  )?.column.name;
  if (owner === undefined || !holds(table.grants, 'authenticated', 'update')) return null;
  if (!appliesTo(policy, 'authenticated') || restricted(table, 'update', ['authenticated'])) return null;
  return {
    severity: 'warning',
    message: `${policyName} is true for every row, and its WITH CHECK only asks whose the row becomes: every signed-in user may take the row of another by writing itself into "${owner}". Where rows change hands, a function can check that they may. Else ask the same in USING.`,
    help: sqlFence(
      `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  using (${policy.check.text});`,
    ),
  };
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
    help: sqlFence(
      `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  with check (${policy.using.text});`,
    ),
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
  { policyName, promise, misnamed }: { policyName: string; promise: string; misnamed: string | null },
): Open {
  const who = people(roles);
  const owners = ownerColumns(table, state).filter((column) => !setByTrigger(column, table, state));
  if (owners.length === 0 && roles.includes('anon') && isForm(policy, table)) {
    return {
      severity: 'warning',
      message: `${policyName} checks nothing: ${who} may insert any row. A form for visitors may be so. Nothing stops a flood, and what is written there can't be trusted. Limit what a row may hold, or take it in through an Edge Function.`,
      help: 'Limit what a row may hold by CHECK constraints on its columns, or take it in through an Edge Function that counts who sends how much, and drop the policy then.',
    };
  }
  if (owners.length === 0) {
    return {
      severity: 'warning',
      message: `${policyName} checks nothing: ${who} may insert any row.${promise} What is written there can't be trusted, and nothing stops a flood. Check the row, or let only the server insert.`,
      help: sqlFence(
        roles.includes('anon')
          ? `drop policy ${quoteIdent(policy.name)} on ${table.key}; -- service_role inserts without a policy`
          : changedByAll(table) && !/\busers?\b/i.test(policy.name)
            ? `-- for those whom the server appoints, by the role you give them: no user writes app_metadata\n${alsoAsking(policy, table, questionFor('administrators', state) ?? claimFor('admin'))}`
            : signed(policy, table),
      ),
    };
  }
  if (isSentTo(table))
    return {
      severity: 'error',
      message: `${policyName} checks nothing: ${who} may insert rows for anybody.${promise} ${named(owners)} ${owners.length > 1 ? 'say' : 'says'} whom a row is for, and the client fills it as it likes. Let the server insert, or a function or trigger that is "security definer".`,
      help: sqlFence(leftToServer(policy, table)),
    };
  const recipients = roles.includes('anon') ? owners.filter((owner) => isRecipient(owner, table)) : [];
  if (recipients.length === owners.length) {
    return {
      severity: 'warning',
      message: `${policyName} checks nothing: ${who} may insert any row.${promise} The sender names itself, and ${named(recipients)} is whom it writes to: a form may be so. Nothing stops a flood, and nothing that the sender says of itself is proved. Limit what a row may hold, or take it in through an Edge Function.`,
    };
  }
  const owner = owners.find((column) => makers.test(column)) ?? owners[0]!;
  const own = isCaller(owner, table, state);
  // A visitor's row is nobody's: a form goes on as before.
  const guests =
    roles.includes('anon') && !table.columns.some(({ name, notNull }) => name === owner && notNull);
  const role = roleOf(misnamed);
  const question = role === null ? null : claimFor(role);
  return {
    severity: 'error',
    message: `${policyName} checks nothing: ${who} may insert rows in anybody's name.${promise} The client fills ${named(owners)} as it likes. ${question === null ? `Compare it with the signed-in user${guests ? ', and let visitors leave it out' : ''}` : 'Ask what the caller is'}.`,
    help: sqlFence(
      question !== null
        ? alsoAsking(policy, table, question)
        : guests
          ? `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  with check (${quoteIdent(owner)} is null or ${own});`
          : `alter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  with check (${own});`,
    ),
  };
}

/** Visitors are meant to send something in: the policy says so, or the table is what a form fills. */
const isForm = ({ name, roles }: Policy, table: Table) =>
  roles.includes('anon') ||
  /\b(anyone|anybody|everyone|everybody|public|anon|anonymous|visitors?|guests?|forms?)\b/i.test(
    name.replaceAll('_', ' '),
  ) ||
  /(^|_)(contacts?|inquir(y|ies)|enquir(y|ies)|waitlist|newsletter|subscribers?|feedback|leads?|reports?|applications?|registrations?|submissions?)(_|$)/i.test(
    table.name,
  );

/** Who made a row, rather than whom it is about or who has it now. */
const makers =
  /(^|_)(author|creator|submitter|sender)(_id)?$|^(created|inserted|added|submitted|sent|uploaded|recorded)_by(_\w+)?$/i;

/** What is sent to somebody, or earned: the user of the row is not the one who writes it. */
const isSentTo = ({ name }: Table) =>
  /(^|_)(notifications?|achievements?|badges?|rewards?|awards?)$/i.test(name);

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

/** All who signed in change all rows: the table is kept in common, and who made a row says nothing. */
const changedByAll = ({ policies }: Table) =>
  policies.some(
    (policy) =>
      policy.permissive &&
      (covers(policy, 'update') || covers(policy, 'delete')) &&
      opensTo(policy.using?.node ?? null) !== null,
  );

const freeName = (table: Table) =>
  ['created_by', 'inserted_by', 'author_id'].find(
    (wanted) => !table.columns.some((column) => column.name === wanted),
  ) ?? 'made_by';

/** A column that says who made the row fills itself: clients go on as before. */
function signed(policy: Policy, table: Table): string {
  const name = freeName(table);
  return `alter table ${table.key} add column ${name} uuid default auth.uid() references auth.users (id) on delete set null;\nalter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  with check ((select auth.uid()) = ${name});\n-- or, where clients need not insert:\ndrop policy ${quoteIdent(policy.name)} on ${table.key}; -- service_role inserts without a policy`;
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
  `-- the server needs no policy: service_role bypasses row level security\ndrop policy ${quoteIdent(policy.name)} on ${table.key};`;

function openSelect(
  policy: Policy,
  table: Table,
  state: SchemaState,
  roles: readonly ApiRole[],
  policyName: string,
): Open {
  const who = people(roles);
  const readable = new Set(
    roles.flatMap((role) => grantedColumns(table, role, 'select') ?? table.columns.map(({ name }) => name)),
  );
  const sensitive = [
    ...new Set([...sensitiveColumns([...readable], table), ...[...readable].filter(isHandedOut)]),
  ].filter((column) => !isPublished(column, table));
  if (sensitive.length === 0) {
    return {
      severity: 'info',
      message: `${policyName} declares the table public: ${who} may read all its rows. That is fine for what everybody may know. Limit it if that is not meant.`,
    };
  }
  const token = sensitive.find(isHandedOut);
  const way =
    token === undefined
      ? 'Limit the rows, or grant only the columns that are meant to be public'
      : `Whoever lists the table has every "${token}": look a row up in a function that is given one`;
  return {
    severity: 'warning',
    message: `${policyName} lets ${who} read all rows, and ${named(sensitive)} ${sensitive.length > 1 ? 'look' : 'looks'} personal or secret. They can be listed through the API. ${way}.`,
    help:
      token !== undefined
        ? `Look the row up by "${token}" in a \`security definer\` function that takes it as an argument and returns that one row, and drop the policy.`
        : roles.includes('anon')
          ? sqlFence(columnsGranted(table, [...readable], sensitive))
          : limitedToOwner(policy, table, state, sensitive),
  };
}
/** What somebody was sent, and shows to be let in. */
const isHandedOut = (column: string) =>
  /^((invite|invitation|share|access)_)?token$|^(invite|invitation)_code$/i.test(column);

/** How to reach whoever runs the site, in the row of its settings or on its page; how to reach a place. */
const isPublished = (column: string, table: Table) =>
  /^((contact|public|support|office|business)_)?(e?mail|phone|mobile|address)(_\w+)?$/i.test(column) &&
  (/(^|_)(settings?|config|info|about|footer|branding|pages?)$/i.test(table.name) || isPlace(table));

const isPlace = ({ columns, foreignKeys }: Table) =>
  columns.some(({ name }) => /^(lat|latitude|opening_hours|business_hours)$/i.test(name)) &&
  !columns.some(({ name }) =>
    /^(user_id|owner_id|first_name|last_name|full_name|surname|username)$/i.test(name),
  ) &&
  !foreignKeys.some(({ references }) => references === 'auth.users');

/** Visitors read what is meant to be public; signed-in users read on as before. */
const columnsGranted = (table: Table, readable: readonly string[], sensitive: readonly string[]) =>
  `-- visitors without the personal columns, which they then ask for by name; a policy for "authenticated" may limit the rows\nrevoke select on ${table.key} from anon;\ngrant select (${readable
    .filter((column) => !sensitive.includes(column))
    .map(quoteIdent)
    .join(', ')}) on ${table.key} to anon;`;

/** Signed-in users alone: column grants would hide the columns from their owners too. */
function limitedToOwner(
  policy: Policy,
  table: Table,
  state: SchemaState,
  sensitive: readonly string[],
): string | undefined {
  const [owner] = ownerColumns(table, state);
  return owner === undefined
    ? undefined
    : sqlFence(
        `-- where each reads only what is theirs; where all read the rest, keep ${named(sensitive)} in a table of its own\nalter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  using (${isCaller(owner, table, state)});`,
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

interface Wanted {
  readonly commands: readonly Command[];
  /** Whom the policy is for by its name. */
  readonly misnamed: string | null;
}

function rewritten(policy: Policy, table: Table, state: SchemaState, { commands, misnamed }: Wanted): string {
  if (policy.check !== null && opensTo(policy.check.node) === null) return asInCheck(policy, table);
  const [owner] = ownerColumns(table, state);
  const role = roleOf(misnamed);
  if (owner !== undefined && role === null) {
    const own = ownedOrInvited(owner, policy, table, state);
    const check = commands.includes('update') || commands.includes('insert') ? `\n  with check (${own})` : '';
    return `alter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  using (${own})${check};`;
  }
  const question = questionFor('administrators', state) ?? claimFor(role ?? 'admin');
  const appointed = `for those whom the server appoints, by the role you give them: no user writes app_metadata\n${alsoAsking(policy, table, question)}${commands.includes('select') ? '\n-- who else may read needs a policy for SELECT' : ''}`;
  const server = leftToServer(policy, table);
  // Who named "authenticated" wants people to write; where no role is named, it is the server as a rule.
  return [
    ...(role === null && apiRolesOf(policy).includes('anon')
      ? [server, `-- or, ${appointed}`]
      : [`-- ${appointed}`, server.replace('-- the server', '-- or, where only the server writes: it')]),
    ...(role === null && saysOwn(policy) ? [`-- or, where users do: ${owned(policy, table, commands)}`] : []),
  ].join('\n');
}

/** "Users edit", "creators change": what each made, not what anybody did. */
const saysOwn = ({ name }: Policy) =>
  /\b(users?|own|owners?|creators?|their)\b/i.test(name.replaceAll('_', ' ')) && !/authenticated/i.test(name);

function owned(policy: Policy, table: Table, commands: readonly Command[]): string {
  const added = freeName(table);
  const mine = `(select auth.uid()) = ${added}`;
  const check = commands.includes('update') || commands.includes('insert') ? `\n  with check (${mine})` : '';
  return `say whose a row is\nalter table ${table.key} add column ${added} uuid default auth.uid() references auth.users (id) on delete set null;\nalter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  using (${mine})${check};`;
}

/** The role of accounts that a name speaks of; the database knows none of them. */
const roleOf = (misnamed: string | null) =>
  misnamed === 'administrators' ? 'admin' : misnamed === 'staff' ? 'staff' : null;

/** FOR ALL with a WITH CHECK that asks: everybody reads, and who may write is said there. */
function asInCheck(policy: Policy, table: Table): string {
  const asked = `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  using (${policy.check?.text});`;
  return covers(policy, 'select')
    ? `${asked}\n-- and, where all may read:\ncreate policy ${quoteIdent(`${policy.name}_read`.slice(0, 63))} on ${table.key} for select to ${apiRolesOf(policy).join(', ')}\n  using (true);`
    : asked;
}

/** Who accepts an invitation is not who sent it. */
function ownedOrInvited(owner: string, { name }: Policy, table: Table, state: SchemaState): string {
  const address = table.columns.find((column) =>
    /^((invited|invitee|recipient)_)?e_?mail$/i.test(column.name),
  );
  return address !== undefined &&
    /accept|join|respond|claim/i.test(name) &&
    makers.test(owner.replace(/^invited/, 'sent'))
    ? `(select auth.jwt()) ->> 'email' = ${quoteIdent(address.name)}`
    : isCaller(owner, table, state);
}
