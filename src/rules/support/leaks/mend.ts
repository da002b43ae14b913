/** SQL that closes what the probes saw on a table, and leaves to its users what is theirs. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { allCallsOn, callsOn, saidOfNoSession } from '../application/client-calls.ts';
import { looksAtCaller } from '../callers/caller.ts';
import {
  type ApiRole,
  apiRoles,
  appliesTo,
  commands,
  covers,
  holders,
  predicateOf,
} from '../callers/roles.ts';
import { withoutBranches } from '../conditions/branches.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo, truthOf } from '../conditions/truth.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { asGiven } from '../owners/rights.ts';
import { isMakerAlone, saidOfRanks } from '../owners/tenants.ts';
import { leftToServer } from '../owners/trusted-rows.ts';
import { isOwn, namesMaker, ownerByName, ownerOf, readersBeside, tenantsOwn } from '../owners/whose.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { meansServer, promiseOf } from '../policies/misnamed.ts';
import { cyclesOnceOn } from '../policies/recursion.ts';
import { alternatives, functionCalls, functionName, nodesOf } from '../syntax/tree.ts';
import { administratorsBeside, policyFor } from '../ways-out/administrators-beside.ts';
import { keptByBoth, partiesBeside, whoseTurn, withTalk } from '../ways-out/both-ends.ts';
import { grantedWithout, rightsKept } from '../ways-out/column-grants.ts';
import { filledBy } from '../ways-out/fills-itself.ts';
import { givenToThem, othersDo, runBy } from '../ways-out/others-decide.ts';
import { newPolicyName } from '../ways-out/policy-names.ts';
import { readPolicy, writersOf } from '../ways-out/read-policy.ts';
import { isPrivateByName } from '../words/person-names.ts';
import { named, sqlFence } from '../words/words.ts';
import { roleOf } from './access.ts';
import type { LeakGroup } from './leak.ts';
import { capturedOf } from './leaks-told.ts';

/** No row of it belongs to anybody: a list of plans, of currencies, of settings. */
export const isNobodys = ({ object }: LeakGroup) => object.ownerColumns.length === 0;

export function mendOf(group: LeakGroup, facts: Facts): string {
  const table = facts.head.tables.get(group.object.object);
  if (table === undefined) return sqlFence('-- a policy that asks who is asking');
  const parts = untaken(group, table, facts.head) ??
    withoutVisitors(group, table, facts.head) ??
    handsOnOnly(group, table, facts) ??
    switchedOff(group, table, facts) ?? [
      ...(group.opener === 'off' ? [`alter table ${table.key} enable row level security;`] : []),
      dropsOf(group, table, facts.head),
      ...policiesFor(group, table, facts),
    ];
  const sql = parts.filter((part) => part !== '').join('\n\n');
  const asksForCaller = /\bauth\.(uid|jwt)\b|\bto authenticated\b/.test(sql);
  return sqlFence(`${asksForCaller ? saidOfNoSession(callsOn(table.key, commands, facts)) : ''}${sql}`);
}

function dropsOf(group: LeakGroup, table: Table, state: SchemaState): string {
  const cycles = group.opener === 'off' ? cyclesOnceOn(table, state) : [];
  const drop = ({ name }: Policy) => `drop policy ${quoteIdent(name)} on ${table.key};`;
  const dropped = droppedOf(group, table, state);
  return [
    ...dropped.filter((policy) => !cycles.includes(policy)).map(drop),
    ...(cycles.length === 0
      ? []
      : ['-- these ask their own table, which fails with 42P17 once row level security is on']),
    ...cycles.map(drop),
  ].join('\n');
}

/** Its policies are those that held before it was switched off, and none of them lets it through: they hold again. */
function switchedOff(group: LeakGroup, table: Table, facts: Facts): string[] | null {
  const wasOn = facts.base.tables.get(table.key)?.rls === true;
  if (group.opener !== 'off' || !wasOn || table.policies.length === 0) return null;
  if (cyclesOnceOn(table, facts.head).length > 0) return null;
  return droppedOf(group, table, facts.head).length > 0
    ? null
    : [`alter table ${table.key} enable row level security;\n-- its policies hold again`];
}

/** Its policies are right but for a name that a sub-select took: they are written anew, where none else lets it through. */
function untaken(group: LeakGroup, table: Table, state: SchemaState): string[] | null {
  const taken = capturedOf(group, table, state);
  const alters = taken.flatMap(({ alter }) => alter ?? []);
  const others = droppedOf(group, table, state).filter(
    (policy) => !taken.some((capture) => capture.policy === policy),
  );
  return taken.length === 0 || alters.length < taken.length || others.length > 0 ? null : alters;
}

/** Visitors pass by a branch that asks for no user, `auth.uid() is null`: the rest of the condition stays. */
function withoutVisitors(group: LeakGroup, table: Table, state: SchemaState): string[] | null {
  if (group.opener === 'off' || !group.leaks.every(({ principal }) => principal === 'anon')) return null;
  const open = table.policies.filter((policy) =>
    commandsOfLeaks(group).some((command) => letsThrough(policy, command, 'anon', table, state)),
  );
  const alters = open.flatMap((policy) => {
    const rest =
      policy.using === null || policy.check !== null
        ? null
        : withoutBranches(
            policy.using,
            (branch) => truthOf(branch, { table, who: 'nobody' }) === 'true' && looksAtCaller(branch, state),
          );
    return rest === null || rest === policy.using!.text || !looksAtCaller(policy.using!.node, state)
      ? []
      : [`alter policy ${quoteIdent(policy.name)} on ${table.key}\n  using (${rest});`];
  });
  return alters.length > 0 && alters.length === open.length ? alters : null;
}

const commandsOfLeaks = ({ leaks }: Pick<LeakGroup, 'leaks'>): Command[] =>
  commands.filter((command) => leaks.some((leak) => leak.command === command));

/** A row written in another's name, and nothing else. */
const inNameOnly = ({ leaks }: LeakGroup) =>
  leaks.every(({ cell }) => cell.subject === 'spoof' || cell.subject === 'transfer');

/**
 * Beside policies of which each lets something through, one more that does closes nothing; and what a policy asks of the
 * caller besides goes on being asked.
 */
const isRestrictive = (group: LeakGroup) =>
  inNameOnly(group) &&
  (group.opener === null ||
    (group.opener !== 'off' &&
      group.leaks.every(({ command }) => command === 'insert') &&
      asksBesides(group.opener)));

/** The caller's place in an organisation, its rank: more than that somebody is signed in. */
const asksBesides = ({ check, using }: Policy) =>
  functionCalls((check ?? using)?.node ?? {}).some(
    (call) => !/^(uid|role|jwt|email)$/.test(functionName(call).name),
  ) ||
  nodesOf((check ?? using)?.node ?? {}, 'SubLink').some(
    ({ subselect }) => nodesOf(subselect, 'RangeVar').length > 0,
  );

/** Policies are added to each other: all that let the stranger through go, and none that does not. */
function droppedOf(group: LeakGroup, table: Table, state: SchemaState): readonly Policy[] {
  const { opener } = group;
  if (isRestrictive(group)) return [];
  const reached: readonly ApiRole[] =
    opener === 'off'
      ? apiRoles
      : apiRoles.filter((role) => group.leaks.some(({ principal }) => roleOf(principal) === role));
  // Once row level security is on, every policy counts.
  const asked = opener === 'off' ? commands : commandsOfLeaks(group);
  // Who reads published rows goes on, where another policy opened all of them.
  const isShowing = ({ command, using }: Policy) =>
    command === 'select' &&
    opener !== 'off' &&
    opener !== null &&
    covers(opener, 'select') &&
    opensTo(using?.node ?? null) === null;
  const cycles = opener === 'off' ? cyclesOnceOn(table, state) : [];
  return table.policies.filter(
    (policy) =>
      policy === opener ||
      cycles.includes(policy) ||
      (!(isNobodys(group) && policy.command === 'select') &&
        !isShowing(policy) &&
        reached.some((role) => asked.some((command) => letsThrough(policy, command, role, table, state)))),
  );
}

function policiesFor(group: LeakGroup, table: Table, facts: Facts): string[] {
  const state = facts.head;
  const dropped = droppedOf(group, table, state);
  const kept = table.policies.filter((policy) => !dropped.includes(policy));
  if (isNobodys(group) && ownerByName(table, state) === undefined) {
    const beside = administratorsBeside(table, commandsOpen(group, table), kept, facts);
    return [
      readOn(group, table, dropped, kept, facts),
      ...(beside === null ? [] : [policyFor(beside, table, kept)]),
    ];
  }
  const opened = commandsOpen(group, table);
  const wanted = commands.filter(
    (command) =>
      commandsOfLeaks(group).includes(command) ||
      dropped.some((policy) => covers(policy, command)) ||
      (group.opener === 'off' &&
        (isNobodys(group) || isOwnAllowed(group, command) || opened.includes(command))),
  );
  const byServer = isRestrictive(group) ? [] : leftToServerByName(wanted, dropped, table, facts);
  const missing = isRestrictive(group)
    ? wanted
    : wanted.filter(
        (command) =>
          !byServer.includes(command) &&
          !kept.some(
            (policy) =>
              asksForOwner(policy, command, table, state) ||
              // Switched on, what its author wrote for the command holds.
              (group.opener === 'off' && policy.permissive && covers(policy, command)),
          ),
      );
  const beside = administratorsBeside(table, wanted, isRestrictive(group) ? [] : kept, facts);
  const conditions = new Map(missing.map((command) => [command, conditionOf(group, command, table, facts)]));
  const given = missing.includes('insert') ? asGiven(table, state) : '';
  const left = new Map(missing.map((command) => [command, withheld(group, command, table, facts)]));
  const parties = partiesOf(group, 'update', table, state);
  const updates = callsOn(table.key, ['update'], facts);
  const rights =
    !missing.includes('update') || left.get('update') != null
      ? ''
      : parties.length > 1
        ? keptByBoth(parties, table, updates, state)
        : rightsKept(table, state, updates);
  const filling = missing.includes('insert') ? fillingOf(group, conditions.get('insert')!, table, facts) : '';
  const alike = new Set(conditions.values()).size === 1;
  const [condition] = conditions.values();
  const still = blame(group, dropped, table, state);
  if (
    missing.length === commands.length &&
    alike &&
    given === '' &&
    [...left.values()].every((why) => why === null)
  )
    return [
      still,
      `create policy ${newPolicyName('own rows', kept)} on ${table.key} for all to authenticated\n  using (${condition})\n  with check (${condition});`,
      rights,
      filling,
      saidOfRanks(condition ?? '', table, state),
      ...(beside === null ? [] : [policyFor(beside, table, kept)]),
    ];
  return [
    still,
    byServer.length === 0 ? '' : '-- the server needs no policy: service_role bypasses row level security',
    ...missing.map((command) =>
      left.get(command) != null && !isRestrictive(group)
        ? left.get(command)!
        : created(
            newPolicyName(`${command} own`, kept),
            command,
            table,
            `${conditions.get(command)}`,
            `${command === 'insert' ? given : ''}${isRestrictive(group) && beside?.commands.includes(command) ? ` or ${beside.question}` : ''}`,
            isRestrictive(group),
            command === 'insert' ? guestsLeaveOut(group, table, state) : null,
          ),
    ),
    rights,
    filling,
    saidOfRanks(
      missing.flatMap((command) => (command === 'select' ? [] : (conditions.get(command) ?? []))).join('\n'),
      table,
      state,
    ),
    ...(beside === null || isRestrictive(group) ? [] : [policyFor(beside, table, kept)]),
  ];
}

/** Why the owner gets no policy for the command: the server does it, or others decide; null where each does it for itself. */
function withheld(group: LeakGroup, command: Command, table: Table, facts: Facts): string | null {
  const { head } = facts;
  const owner = ownerFor(group, command, table, head);
  const left = leftToServer(table, command, head);
  if (left !== null || isRestrictive(group)) return left;
  const calls = callsOn(table.key, [command], facts);
  return tenantOf(group, owner, table, facts) === null
    ? othersDo(table, command, owner, calls, head)
    : givenToThem(table, command, calls);
}

/** Filled by itself, where the code leaves it out. */
function fillingOf(group: LeakGroup, condition: string, table: Table, facts: Facts): string {
  if (guestsLeaveOut(group, table, facts.head) !== null) return '';
  const owner = ownerFor(group, 'insert', table, facts.head);
  return owner === undefined || tenantOf(group, owner, table, facts) !== null
    ? ''
    : filledBy(owner, condition, table, callsOn(table.key, ['insert'], facts), facts.head);
}

/** Commands of policies that say themselves that they are the server's, and that no code sends as a user. */
function leftToServerByName(
  wanted: readonly Command[],
  dropped: readonly Policy[],
  table: Table,
  facts: Facts,
): Command[] {
  return wanted.filter((command) => {
    const those = dropped.filter((policy) => covers(policy, command));
    return (
      command !== 'select' &&
      those.length > 0 &&
      those.every((policy) => meansServer(promiseOf(policy, table, facts.head, facts))) &&
      callsOn(table.key, [command], facts).length === 0
    );
  });
}

function created(
  name: string,
  command: Command,
  table: Table,
  condition: string,
  given: string,
  restrictive: boolean,
  /** The column that visitors, who go on inserting, leave out. */
  guests: string | null,
): string {
  if (guests !== null)
    return `-- visitors go on, with rows that are nobody's\ncreate policy ${name} on ${table.key} for insert to anon, authenticated\n  with check ((${quoteIdent(guests)} is null or ${condition})${given});`;
  const using = command === 'insert' || restrictive ? '' : `\n  using (${condition})`;
  const check = command === 'insert' || command === 'update' ? `\n  with check (${condition}${given})` : '';
  return `create policy ${name} on ${table.key}${restrictive ? ' as restrictive' : ''} for ${command} to authenticated${using}${check};`;
}

/** The policy was made for inserts of whoever comes, and a row may be nobody's. */
function guestsLeaveOut(group: LeakGroup, table: Table, state: SchemaState): string | null {
  const { opener } = group;
  if (opener === null || opener === 'off' || opener.command !== 'insert' || !appliesTo(opener, 'anon'))
    return null;
  const owner = ownerFor(group, 'insert', table, state);
  const column = table.columns.find(({ name }) => name === owner);
  return column === undefined || column.notNull || !namesMaker(column.name) || !saysAnybody.test(opener.name)
    ? null
    : column.name;
}

const saysAnybody = /\b(any(one|body)|every(one|body)|all|anon(ymous)?|public|visitors?|guests?)\b/i;

function ownerFor(group: LeakGroup, command: Command, table: Table, state: SchemaState): string | undefined {
  const forged = command === 'insert' || inNameOnly(group) ? forgedIn(group) : [];
  return ownerOf(table, state, group.object.ownerColumns, command, forged) ?? ownerByName(table, state);
}

/** Columns that were written in another's name. */
const forgedIn = ({ leaks }: LeakGroup): string[] => [
  ...new Set(
    leaks.flatMap(({ cell }) =>
      cell.subject === 'spoof' || cell.subject === 'transfer' ? cell.columns : [],
    ),
  ),
];

/** The tenant's question, where rows are a tenant's rather than one user's. */
function tenantOf(group: LeakGroup, owner: string | undefined, table: Table, facts: Facts): string | null {
  if (owner !== undefined && isMakerAlone(owner) && inNameOnly(group)) return null;
  const calls = inNameOnly(group) ? [] : allCallsOn(table.key, commands, facts);
  return tenantsOwn(owner, table, facts.head, calls);
}

const partiesOf = (group: LeakGroup, command: Command, table: Table, state: SchemaState): string[] => {
  const owner = ownerFor(group, command, table, state);
  return owner === undefined || inNameOnly(group)
    ? []
    : [
        owner,
        ...(command === 'select'
          ? readersBeside(owner, table, state)
          : partiesBeside(owner, command, table, state)),
      ];
};

function conditionOf(group: LeakGroup, command: Command, table: Table, facts: Facts): string {
  const state = facts.head;
  const owner = ownerFor(group, command, table, state);
  const signed = command === 'insert' ? signedToo(group, owner, table, state) : '';
  const ofTenant = tenantOf(group, owner, table, facts);
  if (ofTenant !== null) return signed === '' ? ofTenant : `${anded(ofTenant)}${signed}`;
  if (owner === undefined) return '…';
  const parties = inNameOnly(group) ? [owner] : whoseTurn(partiesOf(group, command, table, state), command);
  const run = command === 'delete' ? runBy(table, state) : null;
  const own = [...parties.map((column) => isOwn(column, table, state)), ...(run === null ? [] : [run])].join(
    ' or ',
  );
  return `${inNameOnly(group) ? own : withTalk(own, command, table, state)}${signed}`;
}

const anded = (text: string) => (/\bor\b/i.test(text) ? `(${text})` : text);

/** A row that is signed with other names as well: each of them the caller's, or left empty. */
function signedToo(group: LeakGroup, owner: string | undefined, table: Table, state: SchemaState): string {
  return forgedIn(group)
    .filter((column) => column !== owner && /_by(_\w+)?$/i.test(inEnglish(column)))
    .map((column) => {
      const own = isOwn(column, table, state);
      const mayBeEmpty = table.columns.find(({ name }) => name === column)?.notNull === false;
      return ` and ${mayBeEmpty ? `(${quoteIdent(column)} is null or ${own})` : own}`;
    })
    .join('');
}

/** Where none of them is blind, one lets it through all the same: which, the rows do not tell. */
function blame(group: LeakGroup, dropped: readonly Policy[], table: Table, state: SchemaState): string {
  if (group.opener !== null || isRestrictive(group) || dropped.length > 0) return '';
  const applying = table.policies.filter(
    (policy) =>
      policy.permissive &&
      group.leaks.some(
        ({ command, principal }) =>
          command !== 'execute' &&
          covers(policy, command) &&
          appliesTo(policy, roleOf(principal)) &&
          looksAtCaller((policy.using ?? policy.check)?.node, state),
      ),
  );
  return applying.length === 0
    ? ''
    : `-- narrow or drop the one of ${named(applying.map(({ name }) => name))} that lets it through: policies are added to each other`;
}

const isOwnAllowed = ({ object }: LeakGroup, command: Command) =>
  object.cells.some(
    (cell) =>
      cell.principal === 'user' &&
      cell.command === command &&
      cell.subject === 'own' &&
      cell.outcome === 'allowed',
  );

/** A policy that stays and gives the owner that command already. */
const asksForOwner = (policy: Policy, command: Command, table: Table, state: SchemaState) =>
  policy.permissive &&
  covers(policy, command) &&
  appliesTo(policy, 'authenticated') &&
  [policy.using, policy.check].some((expression) =>
    ownComparisons(readPredicate(expression?.node ?? null, table, state)).some(
      ({ other, operator }) => operator === '=' && other.is === 'user-id',
    ),
  );

/** Rows of nobody: who read them goes on reading, and the server writes. */
function readOn(
  { object, opener }: LeakGroup,
  table: Table,
  dropped: readonly Policy[],
  kept: readonly Policy[],
  facts: Facts,
): string {
  const readers = apiRoles.filter(
    (role) =>
      holders(table.grants, 'select').includes(role) &&
      (opener === 'off' ||
        dropped.some((policy) => letsThrough(policy, 'select', role, table, facts.head))) &&
      !kept.some((policy) => letsThrough(policy, 'select', role, table, facts.head)),
  );
  const personal = sensitiveColumns(
    table.columns.map(({ name }) => name),
    table,
  );
  const writers = writersOf(table, facts);
  if (opener === 'off' && kept.some((policy) => policy.permissive && covers(policy, 'select')))
    return `-- its own policies say who reads; ${writers}`;
  if (
    personal.length > 0 ||
    isPrivateByName(table) ||
    !object.cells.some(({ command, outcome }) => command === 'select' && outcome === 'allowed')
  )
    return `-- ${writers}`;
  if (readers.length === 0) return opener === 'off' || dropped.length > 0 ? `-- ${writers}` : '';
  return readPolicy(table, readers, writers, newPolicyName(`read ${table.name}`, kept));
}

/**
 * An UPDATE policy with more than the owner in it, an admin or the other party, that lets the owner be written: who may
 * change the row stays, and that column goes from the grants. Null where the policies are the place for it.
 */
function handsOnOnly(group: LeakGroup, table: Table, facts: Facts): string[] | null {
  const columns = [...new Set(group.leaks.flatMap(({ cell }) => cell.columns))];
  if (columns.length === 0 || group.opener === 'off') return null;
  if (!group.leaks.every(({ cell }) => cell.subject === 'transfer')) return null;
  const state = facts.head;
  const updates = table.policies.filter(
    (policy) =>
      policy.permissive &&
      covers(policy, 'update') &&
      appliesTo(policy, 'authenticated') &&
      policy.using !== null,
  );
  const isOwners = ({ using }: Policy) =>
    alternatives(using!.node).every((branch) =>
      ownComparisons(readPredicate(branch, table, state)).some(
        ({ column, other, operator }) =>
          columns.includes(column.name) && operator === '=' && other.is === 'user-id',
      ),
    );
  const written = callsOn(table.key, ['update'], facts).some((call) =>
    call.columns.some((column) => columns.includes(column)),
  );
  if (written || updates.every(isOwners) || !updates.every(({ using }) => looksAtCaller(using!.node, state)))
    return null;
  return [
    `-- who may change a row may go on; whose it is (${named(columns)}) no user writes\n${grantedWithout(table, 'update', columns, state, callsOn(table.key, ['update'], facts))}`,
  ];
}

/** True for every row and whoever asks, by its own words. */
const isOpen = (policy: Policy, command: Command, role: ApiRole, table: Table) =>
  covers(policy, command) &&
  appliesTo(policy, role) &&
  truthOf(predicateOf(policy, command)?.node ?? null, { table, who: 'anyone' }) === 'true';

/**
 * Commands of that principal on any row: seen to work, or not tried while neither a policy nor a grant stops them. What is
 * inserted in nobody's name is no leak by itself, and stands open with the rest all the same.
 */
export function commandsOpen(
  { object, opener, leaks }: LeakGroup,
  table: Table | undefined,
): readonly Command[] {
  const seen = commandsOfLeaks({ leaks });
  if (opener === null || table === undefined) return seen;
  const principal = leaks[0]!.principal;
  const role = roleOf(principal) as ApiRole;
  return commands.filter((command) => {
    if (opener !== 'off' && !isOpen(opener, command, role, table)) return seen.includes(command);
    const cells = object.cells.filter(
      (cell) => cell.principal === principal && cell.command === command && cell.subject !== 'own',
    );
    return (
      seen.includes(command) ||
      // What still points to a row keeps that one, and none that nothing points to.
      cells.some(
        ({ outcome }) => outcome === 'allowed' || (command === 'delete' && outcome === 'constraint'),
      ) ||
      (opener === 'off' &&
        cells.every(({ outcome }) => outcome === 'unknown') &&
        holders(table.grants, command).includes(role))
    );
  });
}
