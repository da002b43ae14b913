import type { SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import type { LeakGroup } from '../support/leaks/leak.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';
import { isHandedOnByParent } from '../support/leaks/open-parents.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'access/ownership-transfer',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a user hands its row to another user',
  why: 'An UPDATE of the owner column to another user’s id went through and stood afterwards. Rows then appear in somebody’s list that they never wrote. Without WITH CHECK Postgres asks USING about the new row: it is a looser WITH CHECK that allows this.',
  remedy:
    'Ask the same of the new row as of the old one.\n\n```sql\ncreate policy "update own" on public.note for update to authenticated\n  using ((select auth.uid()) = user_id)\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    const { head } = context.facts;
    tellLeaks('access/ownership-transfer', context, (group) => {
      const way = isByParentsOwner(group, head)
        ? 'It asks for the owner of the row that these belong to, who may change them anyway.'
        : 'Compare the owner column with "auth.uid()" in WITH CHECK.';
      return {
        message: `A user hands rows of "${group.object.object}" to another user (${seen(group.leaks)}). ${causeOf(group, head, way)}`,
        help: isByParentsOwner(group, head) ? keptAsMade(group) : mendOf(group, context.facts),
      };
    });
  },
});

/** The parent's owner enters rows in the name of others as well: without the policy it would lose its own. */
const isByParentsOwner = (group: LeakGroup, state: SchemaState) =>
  group.leaks.some(({ cell }) => cell.subject === 'spoof') && isHandedOnByParent(group, state);

const keptAsMade = ({ leaks }: LeakGroup) =>
  `Where ${named([...new Set(leaks.flatMap(({ cell }) => cell.columns))])} is to stay who made the row, fill it in a trigger before INSERT, and take UPDATE of it from users.`;
