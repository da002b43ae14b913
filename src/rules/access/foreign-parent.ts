import { rule } from '../rule.ts';
import { escalationsOf, problemOf, stoodBefore } from '../support/leaks/escalation.ts';

export default rule({
  id: 'access/foreign-parent',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: a user hangs a row on a parent that it can’t see',
  why: 'Foreign keys are checked without row level security. A policy that asks for the owner of the child alone lets a user refer to anybody’s parent: comments under hidden posts, items in a foreign order. It also tells whether such an id exists.',
  remedy:
    'Ask for the parent in WITH CHECK.\n\n```sql\ncreate policy "insert under own note" on public.comment for insert to authenticated\n  with check (exists (select 1 from public.note n where n.id = comment.note_id and n.user_id = (select auth.uid())));\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-rowsecurity.html'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const escalation of escalationsOf(facts, (kind) => kind === 'foreign-parent')) {
      const opens = escalation.opens !== '';
      const tell = stoodBefore(escalation, facts) ? preexisting : report;
      tell(
        problemOf(escalation, facts, {
          message: `A user inserts rows into "${escalation.object}" under a parent of somebody else that it can't see. ${opens ? `That opens ${escalation.opens}` : 'Foreign keys ignore row level security'}. Ask for the parent in WITH CHECK.`,
          severity: opens ? 'error' : undefined,
        }),
      );
    }
  },
});
