import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import { rule } from '../rule.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { isOwnIn } from '../support/owners/whose.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/update-hides-row',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: an UPDATE that is allowed fails because its new row no longer passes the SELECT policy',
  why: 'The new row of an UPDATE must pass the SELECT policies too where the statement reads the table, and through the API it always does. Setting deleted_at where the SELECT policy asks for "deleted_at is null" therefore fails with 42501, although the UPDATE policy allows it: soft delete, archive, hand-over.',
  remedy:
    'Let the owner still see the row, and leave out what is hidden in the query or a view.\n\n```sql\ncreate policy "read what I hide" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createpolicy.html#SQL-CREATEPOLICY-SUMMARY'],
  fixable: false,
  refusal: true,
  facts({ facts, report, preexisting }) {
    for (const object of facts.access?.head.objects ?? []) {
      const hidden = hiddenBy(object, facts.head.tables.get(object.object)?.policies ?? []);
      if (hidden === null) continue;
      const before = facts.access!.base?.objects.find((each) => each.object === object.object);
      const tell =
        before !== undefined &&
        hiddenBy(before, facts.base.tables.get(object.object)?.policies ?? []) !== null
          ? preexisting
          : report;
      tell({
        message: `A user may update its rows of "${object.object}", and fails where it sets ${named(hidden.columns)}: the new row does not pass the SELECT policy. Postgres asks the SELECT policy about the new row too, so soft delete or archiving never works. Let the owner see the row, and hide it in the query.`,
        at: homeOfTable(facts, object.object, 'select'),
        object: object.object,
        key: hidden.columns.join(', '),
        help: sqlFence(
          `-- allow what is hidden to its owner\ncreate policy "read what I hide" on ${object.object} for select to authenticated\n  using (${isOwnIn(object.object, object.ownerColumns[0], facts.head)});`,
        ),
        repro: reproOf(hidden.proof),
      });
    }
  },
});

/** An own row that may be updated, but not in columns that SELECT policies read. */
function hiddenBy(
  object: ObjectAccess,
  policies: readonly { command: string; using: { text: string } | null }[],
): AccessCell | null {
  const own = object.cells.filter(
    ({ principal, command, subject }) => principal === 'user' && command === 'update' && subject === 'own',
  );
  if (!own.some(({ outcome }) => outcome === 'allowed')) return null;
  const reads = policies.filter(({ command }) => command === 'select' || command === 'all');
  const mentioned = (column: string) => reads.some(({ using }) => using?.text.includes(column));
  return (
    own.find(
      ({ outcome, columns }) =>
        outcome === 'check-failed' &&
        columns.length > 0 &&
        columns.some(mentioned) &&
        !columns.some((column) => object.ownerColumns.includes(column)),
    ) ?? null
  );
}
