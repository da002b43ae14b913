import { rule } from '../rule.ts';
import { whose } from '../support/leaks/leak.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';

export default rule({
  id: 'access/cross-user-delete',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: one user deletes another user’s rows',
  why: 'Two users were signed up, each with rows of its own and nothing in common. One of them deleted a row of the other; that the row was gone was read back afterwards.',
  remedy:
    'Compare the owner with the caller.\n\n```sql\ncreate policy "delete own" on public.note for delete to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    tellLeaks('access/cross-user-delete', context, (group) => ({
      message: `A user deletes rows of "${group.object.object}" that belong to ${whose(group)} (${seen(group.leaks)}). ${causeOf(group, context.facts.head, 'Limit DELETE to the owner.')}`,
      help: mendOf(group, context.facts),
    }));
  },
});
