/** The policies that apply to what leaked, and which of them can have let it through. */
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { isRead } from '../owners/name-read.ts';
import { captureOf } from '../policies/captured.ts';
import { roleOf } from './access.ts';
import type { Leak, LeakGroup } from './leak.ts';

/** Permissive ones: of a command and a role that a leak is of. */
export const applying = (leaks: readonly Leak[], table: Table | undefined): readonly Policy[] =>
  (table?.policies ?? []).filter(
    (policy) =>
      policy.permissive &&
      leaks.some(
        ({ command, principal }) =>
          command !== 'execute' && covers(policy, command) && appliesTo(policy, roleOf(principal)),
      ),
  );

/** Those that do not ask for a name that was forged: one that does has not let it through. */
export function blindTo(leaks: readonly Leak[], table: Table | undefined): readonly Policy[] {
  const forged = leaks.map(({ cell }) => (cell.subject === 'spoof' ? cell.columns : []));
  return applying(leaks, table).filter((policy) =>
    forged.every(
      (columns) => columns.length > 0 && !columns.some((column) => isRead(column, table!, [policy])),
    ),
  );
}

/** Policies of which a sub-select took a name of the row for its own: that lets it through. */
export function capturedOf(
  { leaks, opener }: Pick<LeakGroup, 'leaks' | 'opener'>,
  table: Table | undefined,
  state: SchemaState,
) {
  if (table === undefined || opener === 'off') return [];
  return applying(leaks, table).flatMap((policy) => {
    const found = opener === null || opener === policy ? captureOf(policy, table, state) : null;
    return found?.capture.taken.name === found?.capture.other.name && found !== null
      ? [{ policy, ...found }]
      : [];
  });
}
