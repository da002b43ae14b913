/** The policies that are offered in the place of those that go. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { callsOn } from '../application/client-calls.ts';
import { apiRoles, appliesTo, commands, covers, holders } from '../callers/roles.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { asGiven } from '../owners/rights.ts';
import { saidOfRanks } from '../owners/tenants.ts';
import { ownerByName } from '../owners/whose.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { meansServer, promiseOf } from '../policies/misnamed.ts';
import { administratorsBeside, policyFor } from '../ways-out/administrators-beside.ts';
import { keptByBoth } from '../ways-out/both-ends.ts';
import { rightsKept } from '../ways-out/column-grants.ts';
import { newPolicyName } from '../ways-out/policy-names.ts';
import { readPolicy, writersOf } from '../ways-out/read-policy.ts';
import { isPrivateByName } from '../words/person-names.ts';
import type { LeakGroup } from './leak.ts';
import { conditionOf, fillingOf, guestsLeaveOut, partiesOf, withheld } from './mend-conditions.ts';
import { blame, commandsOfLeaks, commandsOpen, droppedOf, isNobodys, isRestrictive } from './mend-opened.ts';

export function policiesFor(group: LeakGroup, table: Table, facts: Facts): string[] {
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
  const wanted = wantedOf(group, table, dropped);
  const byServer = isRestrictive(group) ? [] : leftToServerByName(wanted, dropped, table, facts);
  const missing = isRestrictive(group)
    ? wanted
    : wanted.filter(
        (command) => !byServer.includes(command) && !isKeptOpen(group, command, table, kept, state),
      );
  const beside = administratorsBeside(table, wanted, isRestrictive(group) ? [] : kept, facts);
  const conditions = new Map(missing.map((command) => [command, conditionOf(group, command, table, facts)]));
  const given = missing.includes('insert') ? asGiven(table, state) : '';
  const left = new Map(missing.map((command) => [command, withheld(group, command, table, facts)]));
  const rights =
    missing.includes('update') && left.get('update') == null ? rightsOf(group, table, state, facts) : '';
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

/** What leaked, what the dropped policies gave, and what stood open beside. */
function wantedOf(group: LeakGroup, table: Table, dropped: readonly Policy[]): readonly Command[] {
  const opened = commandsOpen(group, table);
  return commands.filter(
    (command) =>
      commandsOfLeaks(group).includes(command) ||
      dropped.some((policy) => covers(policy, command)) ||
      (group.opener === 'off' &&
        (isNobodys(group) || isOwnAllowed(group, command) || opened.includes(command))),
  );
}

/** A policy that stays gives the command to the owner; switched on, what its author wrote for it holds. */
const isKeptOpen = (
  group: LeakGroup,
  command: Command,
  table: Table,
  kept: readonly Policy[],
  state: SchemaState,
) =>
  kept.some(
    (policy) =>
      asksForOwner(policy, command, table, state) ||
      (group.opener === 'off' && policy.permissive && covers(policy, command)),
  );

/** Columns that who may change the row must not write. */
function rightsOf(group: LeakGroup, table: Table, state: SchemaState, facts: Facts): string {
  const parties = partiesOf(group, 'update', table, state);
  const updates = callsOn(table.key, ['update'], facts);
  return parties.length > 1 ? keptByBoth(parties, table, updates, state) : rightsKept(table, state, updates);
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
