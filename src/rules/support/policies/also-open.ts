/** Policies are added to each other: what one opens stays open while another opens it too. */
import type { Command, Policy } from '../../../model/schema.ts';
import { apiRolesOf, appliesTo, covers } from '../callers/roles.ts';
import { named } from '../words/words.ts';

/** Names those of the others that open one of these commands to a role of the policy: one alone closes nothing. */
export function alsoOpen(
  policy: Policy,
  commands: readonly Command[],
  others: readonly Policy[],
  opens: (other: Policy, command: Command) => boolean = covers,
): string {
  const roles = apiRolesOf(policy);
  const alike = others.filter(
    (other) =>
      other !== policy &&
      other.permissive &&
      roles.some((role) => appliesTo(other, role)) &&
      commands.some((command) => opens(other, command)),
  );
  return alike.length === 0
    ? ''
    : ` ${named(alike.map(({ name }) => name))} ${alike.length === 1 ? 'opens the same: mend both' : 'open the same: mend all of them'}.`;
}
