/**
 * Policies that ask for several things at once, of which no world made all true: what they let through is not known. That
 * nobody was let in is no proof there.
 */
import type { AccessCell } from '../../model/access.ts';
import type { Policy } from '../../model/schema.ts';
import { name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { asksForClaims, combinedWorlds, isForUsers, readingOf } from './combined.ts';
import { keyOf, namingWorlds, peopleWorlds, simpleWorlds, tryAll } from './index.ts';
import { withRowsOpen } from './rows.ts';
import type { WorldContext } from './spec.ts';

/** The cells, with those not known that hang on such a policy; where another policy opens the same, it is told aside. */
export async function withUnsatisfied(
  context: WorldContext,
  cells: readonly AccessCell[],
): Promise<AccessCell[]> {
  const { table } = context;
  const asking = table.policies.filter(
    (policy) => isForUsers(policy) && asksForClaims(readingOf(context, policy)),
  );
  let found = [...cells];
  for (const policy of asking) {
    const command = policy.command === 'all' ? 'select' : policy.command;
    // Without the privilege, or before a value that is refused, policies are not asked.
    const asked = found.filter((cell) => cell.command === command && isClosed(cell));
    const isTried = found.some(
      (cell) => cell.principal === 'user' && cell.command === command && passes(cell),
    );
    if (asked.length === 0 || (isTried && isAlone(context, policy, command))) continue;
    if (await isSatisfied(context, policy, command, asked)) continue;
    const reason = `could not be satisfied: policy "${policy.name}" asks for several things at once, and the probes made up no request that brings them all`;
    const isOf = (cell: AccessCell) => policy.command === 'all' || policy.command === cell.command;
    const open = new Set(found.filter(passes).map((cell) => `${cell.principal} ${cell.command}`));
    if (found.some((cell) => isOf(cell) && isClosed(cell) && open.has(`${cell.principal} ${cell.command}`)))
      context.skip(`policy "${policy.name}" on ${table.key}`, reason, {
        object: table.key,
        policy: policy.name,
      });
    found = found.map((cell) =>
      isOf(cell) && isClosed(cell) && !open.has(`${cell.principal} ${cell.command}`)
        ? { ...cell, outcome: 'unknown', reason }
        : cell,
    );
  }
  return found;
}

const isClosed = ({ principal, outcome, when }: AccessCell): boolean =>
  principal.startsWith('user') && when === null && (outcome === 'filtered' || outcome === 'check-failed');

/** No other policy lets users do it. */
const isAlone = ({ table }: WorldContext, policy: Policy, command: Policy['command']): boolean =>
  !table.policies.some(
    (other) =>
      other !== policy && isForUsers(other) && (other.command === 'all' || other.command === command),
  );

/** Whether a world opens something where no other policy is there. */
async function isSatisfied(
  context: WorldContext,
  policy: Policy,
  command: Policy['command'],
  asked: readonly AccessCell[],
): Promise<boolean> {
  const { table } = context;
  const alone = [
    ...table.policies
      .filter((other) => other !== policy && other.permissive)
      .map((other) => `drop policy ${name(other.name)} on ${table.key}`),
    // A write that looks for its row needs to see it.
    ...(policy.command === 'update' || policy.command === 'delete'
      ? [`create policy ${name('probe: every row is seen')} on ${table.key} for select using (true)`]
      : []),
  ];
  const people = [...(await peopleWorlds(context)), ...(await namingWorlds(context))];
  const combined = await combinedWorlds(context, people);
  const specs = [...(await simpleWorlds(context)), ...people, ...combined];
  specs.push(...withRowsOpen(context, [...people, ...combined]));
  const wanted = new Set(asked.filter((cell) => cell.command === command).map(keyOf));
  const opened = await tryAll(
    context,
    wanted,
    specs.map((spec) => ({ ...spec, changes: [...alone, ...spec.changes] })),
  );
  return opened.some((list) => list.length > 0);
}
