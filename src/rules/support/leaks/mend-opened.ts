/** What of a table stands open, and the policies that go for it. */
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
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
import { opensTo, truthOf } from '../conditions/truth.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { cyclesOnceOn } from '../policies/recursion.ts';
import { functionCalls, functionName, nodesOf } from '../syntax/tree.ts';
import { named } from '../words/words.ts';
import { roleOf } from './access.ts';
import { applying } from './applying.ts';
import type { LeakGroup } from './leak.ts';

/** No row of it belongs to anybody: a list of plans, of currencies, of settings. */
export const isNobodys = ({ object }: LeakGroup) => object.ownerColumns.length === 0;

export const commandsOfLeaks = ({ leaks }: Pick<LeakGroup, 'leaks'>): Command[] =>
  commands.filter((command) => leaks.some((leak) => leak.command === command));

/** A row written in another's name, and nothing else. */
export const inNameOnly = ({ leaks }: LeakGroup) =>
  leaks.every(({ cell }) => cell.subject === 'spoof' || cell.subject === 'transfer');

/**
 * Beside policies of which each lets something through, one more that does closes nothing; and what a policy asks of the
 * caller besides goes on being asked.
 */
export const isRestrictive = (group: LeakGroup) =>
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
export function droppedOf(group: LeakGroup, table: Table, state: SchemaState): readonly Policy[] {
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

/** Where none of them is blind, one lets it through all the same: which, the rows do not tell. */
export function blame(
  group: LeakGroup,
  dropped: readonly Policy[],
  table: Table,
  state: SchemaState,
): string {
  if (group.opener !== null || isRestrictive(group) || dropped.length > 0) return '';
  const asking = applying(group.leaks, table).filter((policy) =>
    looksAtCaller((policy.using ?? policy.check)?.node, state),
  );
  return asking.length === 0
    ? ''
    : `-- narrow or drop the one of ${named(asking.map(({ name }) => name))} that lets it through: policies are added to each other`;
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
