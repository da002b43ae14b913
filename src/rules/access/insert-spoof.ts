import type { AccessCell } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { rule } from '../rule.ts';
import { isNotice } from '../support/leaks/forged-names.ts';
import type { LeakGroup } from '../support/leaks/leak.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';
import { isPersonTable, ownerColumns } from '../support/owners/owners.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'access/insert-spoof',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a user inserts rows in another user’s name, or under another’s rows',
  why: 'A row was inserted by one user with the id of the other in the owner column, and stood so afterwards: triggers and defaults did not set it right. Whoever reads such a row takes it for the other’s. Where no column of the row names a user, it was hung on a row of the other’s: a warning where all users may change those as well.',
  remedy:
    'Check the owner of the new row.\n\n```sql\ncreate policy "insert own" on public.note for insert to authenticated\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    tellLeaks('access/insert-spoof', context, (group) => {
      const { facts } = context;
      const parents = parentsOf(group, facts);
      const help = mendOf(group, facts);
      if (isNotice(group, facts.head))
        return {
          message: `A user inserts rows into "${group.object.object}" that another user gets as its own (${seen(group.leaks)}). ${causeOf(group, facts.head, 'If users send each other such rows, let a column say who sent it; else let the server write them.')}`,
          help,
        };
      if (parents === null)
        return {
          message: `A user inserts rows into "${group.object.object}" in another user's name${byWhich(group, facts)} (${seen(group.leaks)}). ${causeOf(group, facts.head, 'Compare the owner column with "auth.uid()" in WITH CHECK.')}`,
          help,
        };
      const allMay = (command: AccessCell['command']) =>
        parents.map((key) => reaches(command, key, group, facts));
      const isShared = group.opener !== 'off' && allMay('update').every(Boolean);
      return {
        ...(isShared && { severity: 'warning' as const }),
        message: `A user inserts rows into "${group.object.object}" under rows of ${named(parents)} that are another's${allMay('select').includes(false) ? " and that it can't see" : ''} (${seen(group.leaks)}). ${causeOf(group, facts.head)} ${isShared ? 'All may change those too. If that is not meant, ask' : 'Ask'} for the parent in WITH CHECK.`,
        help,
      };
    });
  },
});

/** The columns that named the other, where the row names users in further ones. */
function byWhich({ object, leaks }: LeakGroup, { head }: Facts): string {
  const table = head.tables.get(object.object);
  const forged = [...new Set(leaks.flatMap(({ cell }) => cell.columns))];
  return table !== undefined && ownerColumns(table, head).some((column) => !forged.includes(column))
    ? ` by ${named(forged)}`
    : '';
}

/** Tables that the row hangs on, where it names no user; null where it does. */
function parentsOf({ object, leaks }: LeakGroup, { head }: Facts): readonly string[] | null {
  const keys = head.tables.get(object.object)?.foreignKeys ?? [];
  const found = leaks.flatMap(({ cell }) =>
    cell.columns.map((column) => keys.find(({ columns }) => columns.includes(column))?.references),
  );
  return found.length > 0 && found.every((key) => key !== undefined && !isPersonTable(key, head))
    ? [...new Set(found as string[])]
    : null;
}

/** Whether whoever inserted was seen to do that to another's row there; null where it was not tried. */
function reaches(
  command: AccessCell['command'],
  key: string,
  { leaks }: LeakGroup,
  { access }: Facts,
): boolean | null {
  const tried = (access?.head.objects.find(({ object }) => object === key)?.cells ?? []).filter(
    (cell) =>
      cell.command === command &&
      (cell.subject === 'foreign' || cell.subject === 'unowned') &&
      cell.when === null,
  );
  const those = leaks.map(({ principal }) => tried.filter((cell) => cell.principal === principal));
  if (those.some(({ length }) => length === 0)) return null;
  return those.every((cells) => cells.some(({ outcome }) => outcome === 'allowed'));
}
