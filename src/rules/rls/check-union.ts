import { rule } from '../rule.ts';
import { seen, tellLeaks } from '../support/leaks/leaks-told.ts';

export default rule({
  id: 'rls/check-union',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: permissive UPDATE policies that together allow what each of them forbids',
  why: 'Postgres joins the USING conditions of all permissive policies with OR, and their WITH CHECK conditions with OR, separately: a row that one policy lets in may leave by the check of another. A limit in one policy’s WITH CHECK does not hold for the others.',
  remedy:
    'Put the limit that must hold in a restrictive policy, or in a trigger.\n\n```sql\ncreate policy "owner stays" on public.note as restrictive for update to authenticated\n  using (true) with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createpolicy.html#id-1.9.3.75.7'],
  fixable: false,
  facts(context) {
    tellLeaks('rls/check-union', context, (group) => ({
      message: `UPDATE on "${group.object.object}" lets a user write rows of others (${seen(group.leaks)}), and several policies apply. Postgres joins their USING and their WITH CHECK separately, so a row can come in by one and leave by another. Put the limit in a restrictive policy.`,
    }));
  },
});
