/** What a cell says: whether it lets through, and cells in one word for each principal and command. */
import type { Access, AccessCell, AccessSummary, Principal } from '../model/access.ts';

const principals: readonly Principal[] = ['anon', 'user', 'user-anonymous', 'service_role'];
const commands: readonly AccessCell['command'][] = ['select', 'insert', 'update', 'delete', 'execute'];

export function summarize(cells: readonly AccessCell[]): AccessSummary[] {
  const summary: AccessSummary[] = [];
  for (const principal of principals) {
    for (const command of commands) {
      const list = cells.filter((cell) => cell.principal === principal && cell.command === command);
      if (list.length > 0) summary.push({ principal, command, access: accessOf(list) });
    }
  }
  return summary;
}

/** Another's row that hangs on something of the caller's. */
export const underOwnParent = "rows under a parent of the caller's own";

/** Row level security let it pass: a constraint that stops it later is no denial. */
export const passes = (cell: AccessCell): boolean =>
  cell.outcome === 'allowed' || cell.outcome === 'constraint';

/** Opened by more than a plain row in one's own organisation: what is bound to a condition is nobody's leak. */
export const withoutTenants = ({ acrossTenants: _, ...cell }: AccessCell): AccessCell => cell;

function accessOf(cells: readonly AccessCell[]): Access {
  const open = cells.filter((cell) => passes(cell) && cell.subject !== 'transfer');
  const always = open.filter((cell) => cell.when === null);
  const onlyUnowned = cells.every((cell) => cell.subject === 'unowned');
  if (
    always.some(
      (cell) =>
        cell.subject === 'foreign' || cell.subject === 'spoof' || (onlyUnowned && cell.subject === 'unowned'),
    )
  ) {
    return 'all';
  }
  const unknown = cells.some((cell) => cell.outcome === 'unknown' && cell.subject !== 'transfer');
  if (open.some((cell) => cell.when !== null && cell.subject !== 'own')) return 'conditional';
  if (always.some((cell) => cell.subject === 'own')) return 'own';
  if (open.length > 0) return 'conditional';
  return unknown ? 'unknown' : 'none';
}
