import { rule } from '../rule.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';

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
    tellLeaks('access/ownership-transfer', context, (group) => ({
      message: `A user hands rows of "${group.object.object}" to another user (${seen(group.leaks)}). ${causeOf(group, context.facts.head, 'Compare the owner column with "auth.uid()" in WITH CHECK.')}`,
      help: mendOf(group, context.facts),
    }));
  },
});
