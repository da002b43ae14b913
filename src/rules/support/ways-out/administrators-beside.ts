/** Administrators who work on the rows beside their owners: a way out that lets owners in alone would lock them out. */

import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, Table } from '../../../model/schema.ts';
import { callsOn, placesOf } from '../application/client-calls.ts';
import { commands, covers } from '../callers/roles.ts';
import { questionFor } from '../owners/role-question.ts';
import { isOfAdministrators } from './as-the-code-asks.ts';
import { newPolicyName } from './policy-names.ts';

export interface Administrators {
  readonly who: 'administrators' | 'managers';
  /** As the project asks for them elsewhere. */
  readonly question: string;
  /** What they do there, and what stays does not let them do. */
  readonly commands: readonly Command[];
  /** What shows it. */
  readonly why: string;
}

/**
 * Null where nothing shows that they do: neither a policy of the table names them, nor does the part of the code that is
 * theirs ask for it, nor does the project tell them from others.
 */
export function administratorsBeside(
  table: Table,
  wanted: readonly Command[],
  /** Policies that stay. */
  kept: readonly Policy[],
  facts: Facts,
): Administrators | null {
  const admins = questionFor('administrators', facts.head, table);
  // Where nobody is an administrator, those who run the place may be its managers.
  const question = admins ?? questionFor('managers', facts.head, table);
  if (question === null) return null;
  const who = admins === null ? 'managers' : 'administrators';
  const isTheirs = admins === null ? isOfManagers : isOfAdministrators;
  const namesThem = ({ name, using, check }: Policy) =>
    (admins === null ? /manager/i : /admin/i).test(`${name} ${using?.text ?? ''} ${check?.text ?? ''}`);
  const open = wanted.filter(
    (command) => !kept.some((policy) => policy.permissive && covers(policy, command) && namesThem(policy)),
  );
  const calls = callsOn(table.key, commands, facts).filter(isTheirs);
  const byCode = open.filter((command) => calls.some((call) => call.command === command));
  if (byCode.length > 0)
    return {
      who,
      question,
      commands: byCode,
      why: `-- ${who} too, whose part of the code asks for it (${placesOf(calls)})`,
    };
  // Who changes rows deletes them, and the other way round; what goes now said whom it was for.
  const told = (policy: Policy, command: Command) =>
    policy.permissive &&
    namesThem(policy) &&
    (kept.includes(policy)
      ? changing.includes(command) && changing.includes(policy.command)
      : covers(policy, command));
  const those = open.filter((command) => table.policies.some((policy) => told(policy, command)));
  const named = table.policies.find((policy) => those.some((command) => told(policy, command)));
  return named === undefined
    ? null
    : { who, question, commands: those, why: `-- ${who} too, whom policy "${named.name}" names` };
}

const changing: readonly Policy['command'][] = ['update', 'delete'];

/** It stands in the part of the code that is for managers. */
const isOfManagers = ({ path }: ClientCall) => /(^|\/)\(?managers?([-_A-Z][\w-]*)?\)?\//i.test(path);

export function policyFor(
  { who, question, commands: those, why }: Administrators,
  { key, name }: Table,
  kept: readonly Policy[],
): string {
  const all = those.length === commands.length;
  return (all ? (['all'] as const) : those)
    .map((command, at) => {
      const clauses = [
        ...(command === 'insert' ? [] : [`using (${question})`]),
        ...(command === 'select' || command === 'delete' ? [] : [`with check (${question})`]),
      ];
      return `${at === 0 ? `${why}\n` : ''}create policy ${newPolicyName(`${who} ${command === 'all' ? 'manage' : command} ${name}`, kept)} on ${key} for ${command} to authenticated\n  ${clauses.join('\n  ')};`;
    })
    .join('\n\n');
}
