import type { Policy } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import type { LeakGroup } from '../support/leaks/leak.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';
import { type ShownWith, shownWithParent } from '../support/leaks/shown-with-parent.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/anon-read',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: without signing in, somebody’s rows can be read',
  why: 'The anonymous key is in every client, so whatever the role anon reads, everybody reads. Reported where the table’s rows belong to somebody and a policy meant to limit them; a table with an unconditional SELECT policy is taken to be public on purpose.',
  remedy:
    'Enable row level security and name the role and the owner in the policy.\n\n```sql\ncreate policy "read own" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    tellLeaks('access/anon-read', context, (group) => {
      const shown = shownWithParent(group, context.facts.head);
      return shown === null
        ? {
            message: `Without signing in, rows of "${group.object.object}" that belong to users can be read (${seen(group.leaks)}). ${causeOf(group, context.facts.head, 'Limit SELECT to the owner.')}`,
            help: mendOf(group, context.facts),
          }
        : withParent(group, shown);
    });
  },
});

/** Seen with what it hangs on: whether strangers shall read that too, the reader knows. */
function withParent({ object: { object }, opener, leaks }: LeakGroup, { parent, policy }: ShownWith) {
  const { name } = opener as Policy;
  return {
    severity: 'warning' as const,
    message: `Without signing in, rows of "${object}" can be read (${seen(leaks)}). Policy "${name}" shows them with the rows of "${parent.key}" that they hang on, and policy "${policy.name}" shows those to everybody. If strangers shall not read along, name "authenticated" in the policy.`,
    help: sqlFence(`alter policy ${quoteIdent(name)} on ${object} to authenticated;`),
  };
}
