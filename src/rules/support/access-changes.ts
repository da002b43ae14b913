/** Differences between the access seen on base and on head, table by table. */
import type { AccessChange, Principal } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { listed } from './words.ts';

export function groupedChanges(
  facts: Facts,
  wanted: (change: AccessChange) => boolean,
): Map<string, AccessChange[]> {
  const groups = new Map<string, AccessChange[]>();
  for (const change of facts.access?.changes ?? []) {
    if (!wanted(change)) continue;
    groups.set(change.object, [...(groups.get(change.object) ?? []), change]);
  }
  return groups;
}

const names: Readonly<Record<Principal, string>> = {
  anon: 'anonymous requests',
  user: 'a signed-in user',
  'user-anonymous': 'an anonymous sign-in',
  service_role: '"service_role"',
};
export const principalName = (principal: Principal) => names[principal];

const rows = {
  none: 'no rows',
  own: 'own rows',
  all: 'all rows',
  conditional: 'some rows',
  unknown: 'rows not known',
} as const;

/** `a signed-in user UPDATE no rows → own rows and DELETE …`. */
export function changesBy(changes: readonly AccessChange[]): string {
  return listed(
    changes.map(
      ({ principal, command, before, after }) =>
        `${principalName(principal)} ${command.toUpperCase()} ${before === null ? 'nothing' : rows[before]} → ${after === null ? 'nothing' : rows[after]}`,
    ),
  );
}
