import type { AccessCell, AccessChange } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { rule } from '../rule.ts';
import { looksAtCaller } from '../support/callers/caller.ts';
import { isFree, leaksOf } from '../support/leaks/access.ts';
import { changesBy, groupedChanges, principalName } from '../support/leaks/access-changes.ts';
import { homeOfChange } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { sensitiveColumns } from '../support/owners/owners.ts';
import { isPrivateByName } from '../support/words/person-names.ts';

export default rule({
  id: 'access/widened',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: this pull request opens a table of the base further',
  why: 'The same questions were asked of the base and of the head. More may be reached now than before; whether that is the purpose of the change or a side effect, nobody sees in the SQL alone. An error where messages, payments or what names people was for some and is now for everybody who has not even signed in; where that is meant, declare it (`access` in the configuration). Access of users to their own rows is told as info.',
  remedy: 'Check that this is what the pull request is for.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts({ facts, report }) {
    // A leak that is new says it, and more.
    const told = new Set(
      leaksOf(facts)
        .filter((group) => !group.preexisting)
        .map(({ object }) => object.object),
    );
    for (const [object, changes] of groupedChanges(facts, opens)) {
      if (told.has(object)) continue;
      const cells = facts.access!.head.objects.find((each) => each.object === object)?.cells ?? [];
      const first = changes[0]!;
      const was = facts.access!.base?.objects.find((each) => each.object === object)?.cells ?? [];
      const all = changes.some(({ principal, command, after }) => {
        const opened = (cell: AccessCell) =>
          cell.principal === principal && cell.command === command && isOthers(cell);
        return after === 'all' || (cells.some(opened) && !was.some(opened));
      });
      report({
        message: `"${object}" is open further than before: ${changesBy(changes)}. The probes asked base and head the same questions. Check that this is meant.`,
        at: homeOfChange(facts, object, { ...first, direction: 'more' }),
        object,
        key: changes.map(({ principal, command, after }) => `${principal} ${command} ${after}`).join(', '),
        severity: isPrivateForAll(object, changes, facts)
          ? 'error'
          : all || becamePublic(object, facts)
            ? undefined
            : 'info',
        repro: reproOf(
          cells
            .filter(
              (cell) =>
                cell.outcome === 'allowed' &&
                changes.some(
                  ({ principal, command }) => principal === cell.principal && command === cell.command,
                ),
            )
            .flatMap(({ proof }) => proof),
        ),
        help: `Seen as ${[...new Set(changes.map(({ principal }) => principalName(principal)))].join(', ')}.`,
      });
    }
  },
});

/** Others' rows, if only for whoever sets up a second factor; to write, if only those in some state. */
const isOthers = (cell: AccessCell) =>
  cell.subject === 'foreign' &&
  (isFree(cell) ||
    (cell.outcome === 'allowed' &&
      cell.command !== 'select' &&
      cell.via === null &&
      cell.when?.startsWith('rows where') === true));

/** Files of a public bucket are served to whoever has their address, without a policy. */
const becamePublic = (bucket: string, { base, head }: Facts) =>
  base.buckets.get(bucket)?.public === false && head.buckets.get(bucket)?.public === true;

/** Messages, payments, what names people: it was for some, and now everybody has all of it. */
function isPrivateForAll(object: string, changes: readonly AccessChange[], { base, head }: Facts): boolean {
  const table = head.tables.get(object);
  const before = base.tables.get(object);
  return (
    table !== undefined &&
    before?.rls === true &&
    before.policies.some(({ using, check }) =>
      [using, check].some((expression) => looksAtCaller(expression?.node, base)),
    ) &&
    (isPrivateByName(table) ||
      sensitiveColumns(
        table.columns.map(({ name }) => name),
        table,
      ).length > 0) &&
    changes.some(
      ({ principal, before: was, after }) => principal === 'anon' && was !== 'all' && after === 'all',
    )
  );
}

const opens = ({ direction, before, after, principal, gained = [] }: AccessChange) =>
  direction === 'widened' &&
  before !== null &&
  principal !== 'service_role' &&
  (before !== after || gained.length > 0);
