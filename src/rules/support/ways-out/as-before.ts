/** The policies of the base once more, for commands that a change left without one: as wide as they were, and no wider. */
import type { ChangeSet } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { apiRolesOf, covers } from '../callers/roles.ts';
import { readPredicate } from '../conditions/scope.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { functionCalls, functionName } from '../syntax/tree.ts';
import { newPolicyName } from './policy-names.ts';

/** Null where what they ask for is not there any more. */
export function asBefore(
  before: Table,
  after: Table,
  lost: readonly Command[],
  set: ChangeSet,
): string[] | null {
  const gone = allowing(before, lost);
  return gone.every((policy) => stillStands(policy, before, after, set))
    ? asTheyWere(before, after, lost)
    : null;
}

const allowing = ({ policies }: Table, lost: readonly Command[]) =>
  policies.filter(
    (policy) =>
      policy.permissive && apiRolesOf(policy).length > 0 && lost.some((command) => covers(policy, command)),
  );

/** The same as their author wrote it, whether or not all that they ask for is still there. */
export function asTheyWere(before: Table, after: Table, lost: readonly Command[]): string[] {
  const gone = allowing(before, lost);
  const taken = new Set(after.policies.map(({ name }) => name));
  return gone.flatMap((policy) => {
    const isWhole = policy.command !== 'all' || lost.length === 4;
    const commands = isWhole ? [policy.command] : lost;
    return commands.map((command) => {
      const name =
        isWhole && !taken.has(policy.name)
          ? quoteIdent(policy.name)
          : newPolicyName(`${policy.name} ${command}`, after.policies);
      return written(policy, name, command, after.key);
    });
  });
}

function written({ roles, using, check }: Policy, name: string, command: Policy['command'], table: string) {
  const clauses = [
    ...(using === null || command === 'insert' ? [] : [`using (${onOneLine(using.text)})`]),
    ...(command === 'insert'
      ? [`with check (${onOneLine((check ?? using)!.text)})`]
      : check === null || command === 'select' || command === 'delete'
        ? []
        : [`with check (${onOneLine(check.text)})`]),
  ];
  return `create policy ${name} on ${table} for ${command} to ${roles.map((role) => (role === 'public' ? role : quoteIdent(role))).join(', ')}\n  ${clauses.join(' ')};`;
}

/** The columns, tables and functions that it names. */
function stillStands({ using, check }: Policy, before: Table, after: Table, set: ChangeSet): boolean {
  const columns = new Set(after.columns.map(({ name }) => name));
  if (before.columns.some(({ name }) => !columns.has(name))) return false;
  return [using?.node, check?.node].every((node) => {
    if (node == null) return true;
    const called = functionCalls(node).map((call) => functionName(call).name);
    return (
      readPredicate(node, before, set.before).reads.every(
        (key) => set.after.tables.has(key) || set.after.views.has(key),
      ) && called.every((name) => !hasRoutine(name, set.before) || hasRoutine(name, set.after))
    );
  });
}

const hasRoutine = (name: string, { routines }: SchemaState) =>
  [...routines.values()].some((routine) => routine.name === name);
