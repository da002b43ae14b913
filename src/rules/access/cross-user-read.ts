import { rule } from '../rule.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';

export default rule({
  id: 'access/cross-user-read',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: one user reads another user’s rows',
  why: 'Two users were signed up, each with rows of its own and nothing in common. One of them read a row of the other, whatever its flags: no membership, no published state, no role opened it.',
  remedy:
    'Compare the owner with the caller.\n\n```sql\ncreate policy "read own" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    tellLeaks('access/cross-user-read', context, (group) => ({
      message: `A user reads rows of "${group.object.object}" that belong to another (${seen(group.leaks)}). ${causeOf(group, context.facts.head, 'Limit SELECT to the owner.')}`,
      help: mendOf(group, context.facts),
    }));
  },
});
