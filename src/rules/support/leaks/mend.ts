/** SQL that closes what the probes saw on a table, and leaves to its users what is theirs. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { callsOn, placesNamed, saidOfNoSession } from '../application/client-calls.ts';
import { guestsWriting, saidOfGuests } from '../application/guests.ts';
import { saidOfOthersPart } from '../application/whose-part.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, commands, covers, writes } from '../callers/roles.ts';
import { withoutBranches } from '../conditions/branches.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { truthOf } from '../conditions/truth.ts';
import { isPersonTable } from '../owners/owners.ts';
import { ownerByName, ownerOf } from '../owners/whose.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { cyclesOnceOn } from '../policies/recursion.ts';
import { alternatives } from '../syntax/tree.ts';
import { grantedWithout } from '../ways-out/column-grants.ts';
import { named, sqlFence } from '../words/words.ts';
import { capturedOf } from './applying.ts';
import type { LeakGroup } from './leak.ts';
import { commandsOfLeaks, commandsOpen, droppedOf } from './mend-opened.ts';
import { policiesFor } from './mend-policies.ts';

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
  const noSession = asksForCaller ? saidOfNoSession(callsOn(table.key, commands, facts)) : '';
  return sqlFence(
    `${noSession === '' ? guestsOf(group, table, sql, facts) : noSession}${asksForCaller ? othersOf(group, table, facts) : ''}${sql}`,
  );
}

/** Those in whose part of the application the code writes, where the rows are left to another. */
function othersOf(group: LeakGroup, table: Table, facts: Facts): string {
  const owner = ownerOf(table, facts.head, group.object.ownerColumns);
  const parent = facts.head.tables.get(
    table.foreignKeys.find(({ columns }) => columns.join() === owner)?.references ?? '',
  );
  const named =
    parent === undefined || isPersonTable(parent.key, facts.head) ? owner : ownerOf(parent, facts.head);
  const written = writes.filter((command) => commandsOpen(group, table).includes(command));
  return saidOfOthersPart(table, named, callsOn(table.key, written, facts));
}

/** What visitors do there by the code, and can't once the policies that let them through are gone. */
function guestsOf(group: LeakGroup, table: Table, sql: string, facts: Facts): string {
  const dropped = droppedOf(group, table, facts.head);
  const refused = commands.filter(
    (command) =>
      (group.opener === 'off' || dropped.some((policy) => lets(policy, command, table, facts))) &&
      !new RegExp(`\\bfor ${command} to (anon|public)\\b`).test(sql),
  );
  const owned = [table, ...parentsOf(table, facts.head)].map((each) => ({
    owner: ownerOf(each, facts.head) ?? ownerByName(each, facts.head),
    table: each,
  }));
  const found = owned
    .filter(({ table: each }) => isInsertedByVisitors(each, facts))
    .map(({ owner, table: each }) => ({ owner, on: each, writing: guestsWriting(each, owner, facts) }))
    .find(({ writing }) => writing.length > 0);
  const guests = saidOfGuests(table, refused, found, facts);
  const inserts =
    guests === '' && refused.includes('insert') && isPersonTable(table.key, facts.head)
      ? callsOn(table.key, ['insert'], facts).filter(({ asksRole }) => !asksRole)
      : [];
  return inserts.length === 0
    ? guests
    : `-- the code inserts the row of a user as a client (${placesNamed(inserts)}): where that is at registration and addresses are confirmed first, nobody is signed in yet and this refuses it. First let a trigger of auth.users insert that row\n`;
}

const lets = (policy: Policy, command: Command, table: Table, { head }: Facts) =>
  policy.permissive && covers(policy, command) && letsThrough(policy, command, 'anon', table, head);

const isInsertedByVisitors = (table: Table, facts: Facts) =>
  !table.rls || table.policies.some((policy) => lets(policy, 'insert', table, facts));

const parentsOf = ({ foreignKeys, key }: Table, { tables }: SchemaState): readonly Table[] =>
  foreignKeys.flatMap(({ references }) => (references === key ? [] : (tables.get(references) ?? [])));

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
