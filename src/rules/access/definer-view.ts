import type { SchemaState, View } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { seen, tellLeaks } from '../support/access.ts';
import { looksAtCaller } from '../support/caller.ts';
import { opensTo } from '../support/truth.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'access/definer-view',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a view shows rows that the tables behind it hide',
  why: 'A view reads as its owner, who bypasses the policies of the tables behind it, unless it is made with security_invoker. The probes read rows through it that the same role can’t read in the table.',
  remedy:
    'Let the view read as the caller.\n\n```sql\nalter view public.note_list set (security_invoker = true);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/views#views-and-row-level-security-rls'],
  fixable: false,
  facts(context) {
    tellLeaks('access/definer-view', context, (group) => ({
      message: `View "${group.object.object}" shows rows that belong to others (${seen(group.leaks)}). It reads as its owner, past the policies of the tables behind it. Set "security_invoker" on the view, or filter by "auth.uid()" in it.`,
      severity: isNoticeBoard(context.facts.head.views.get(group.object.object), context.facts.head)
        ? ('warning' as const)
        : undefined,
      help: sqlFence(`alter view ${group.object.object} set (security_invoker = true);`),
    }));
  },
});

/**
 * It asks for the caller and not in order to leave others' rows out: signed in or not, which of them are the caller's
 * own. Most often it is meant to show the others.
 */
function isNoticeBoard(view: View | undefined, state: SchemaState): boolean {
  const query = view?.definition.node?.SelectStmt ?? view?.definition.node;
  if (query === undefined || query === null || !looksAtCaller(query, state)) return false;
  return !looksAtCaller(query.whereClause, state) || opensTo(query.whereClause) === 'users';
}
