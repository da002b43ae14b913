import { rule } from '../rule.ts';
import { causeOf, seen, tellLeaks } from '../support/access.ts';
import { mendOf } from '../support/mend.ts';

export default rule({
  id: 'access/insert-spoof',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a user inserts rows in another user’s name',
  why: 'A row was inserted by one user with the id of the other in the owner column, and stood so afterwards: triggers and defaults did not set it right. Whoever reads such a row takes it for the other’s.',
  remedy:
    'Check the owner of the new row.\n\n```sql\ncreate policy "insert own" on public.note for insert to authenticated\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    tellLeaks('access/insert-spoof', context, (group) => ({
      message: `A user inserts rows into "${group.object.object}" in another user's name (${seen(group.leaks)}). ${causeOf(group, context.facts.head)} Compare the owner column with "auth.uid()" in WITH CHECK.`,
      help: mendOf(group, context.facts),
    }));
  },
});
