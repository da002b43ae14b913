/** Policies through which the probes reached only what is meant, by their author's words or by what stands around them. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { leaksOf } from './access.ts';
import { isSaidForAll } from './said-for-all.ts';
import { isSharedByStaff } from './shared-by-staff.ts';

/** Each command that it opens was seen, to visitors too where it lets them through, and all of that is meant. */
export function isMeant(
  policy: Policy,
  table: Table,
  opened: readonly Command[],
  { facts, state }: { readonly facts: Facts; readonly state: SchemaState },
): boolean {
  const groups = leaksOf(facts).filter(
    ({ object, opener }) =>
      object.kind === 'table' &&
      object.object === table.key &&
      opener !== null &&
      opener !== 'off' &&
      isSame(opener, policy),
  );
  const leaks = groups.flatMap((group) => group.leaks);
  return (
    opened.length > 0 &&
    opened.every((command) =>
      leaks.some(
        ({ command: seen, principal }) =>
          seen === command && (principal === 'anon' || !letsThrough(policy, command, 'anon', table, state)),
      ),
    ) &&
    groups.every(
      (group) =>
        isSharedByStaff(group, facts) ||
        // That all may insert is not that they may in anybody's name.
        (!opened.includes('insert') && isSaidForAll(group, facts)),
    )
  );
}

/** The catalog prints a condition in other words than its file: the place tells. */
const isSame = (a: Policy, b: Policy) =>
  a.name === b.name &&
  a.origin !== null &&
  b.origin !== null &&
  a.origin.file === b.origin.file &&
  a.origin.line === b.origin.line;
