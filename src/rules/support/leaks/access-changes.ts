/** Differences between the access seen on base and on head, table by table. */
import type { AccessChange, Principal } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import { listed } from '../words/words.ts';

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

/** `a signed-in user UPDATE no rows → own rows and DELETE …`; of what is called the same, the ways in that changed. */
export function changesBy(changes: readonly AccessChange[]): string {
  const commands = new Map<string, string[]>();
  for (const { principal, command, before, after, gained = [], lost = [] } of changes) {
    const what =
      before === after && gained.length + lost.length > 0
        ? [byWays('no longer', lost), byWays('now also', gained)].filter(Boolean).join(' and ')
        : `${before === null ? 'nothing' : rows[before]} → ${after === null ? 'nothing' : rows[after]}`;
    const key = `${principal}\0${what}`;
    commands.set(key, [...(commands.get(key) ?? []), command.toUpperCase()]);
  }
  return listed(
    [...commands].map(([key, list]) => {
      const [principal, what] = key.split('\0') as [Principal, string];
      return `${principalName(principal)} ${listed(list)} ${what}`;
    }),
  );
}

function byWays(word: string, [first, ...others]: readonly string[]): string {
  if (first === undefined) return '';
  return `${word} ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
