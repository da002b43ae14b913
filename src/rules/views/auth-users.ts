import type { View } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { callsOn, placesOf, revokeOfRead } from '../support/application/client-calls.ts';
import { reachers } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { asksWho, countsUsers, tablesBehind } from '../support/views/views.ts';
import { people, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'views/auth-users',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a view of an exposed schema that shows auth.users',
  why: 'auth.users holds addresses, phone numbers, metadata and tokens of all users, and is kept out of the API for that. A view over it that reads as its owner, in a schema the API shows, publishes whatever it selects of all of them. One that only counts them, by day or in all, is a note.',
  remedy:
    'Keep what others may see in a table of your own, filled by a trigger, or keep the view out of the API.\n\n```sql\nrevoke all on public.user_list from anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/database-advisors?lint=0002_auth_users_exposed'],
  fixable: false,
  view(view, { facts, state, exposed, home, report }) {
    if (!exposed(view.schema) || (view.kind === 'view' && view.securityInvoker)) return;
    const roles = reachers(view, 'select', state);
    if (roles.length === 0 || !tablesBehind(view, state).some(({ key }) => key === 'auth.users')) return;
    // Filtered by the caller it shows each user itself.
    const where = opening(view, ['select'], facts);
    const filters = view.kind === 'view' && asksWho(view, state);
    const calls = callsOn(view.key, ['select'], facts);
    const read = calls.length === 0 ? null : `The code reads it (${placesOf(calls)})`;
    if (countsUsers(view)) {
      report({
        message: `View "${view.key}" counts rows of "auth.users" in a schema that the API exposes. It shows numbers and no user, to ${where !== '' ? 'whoever is granted SELECT' : people(roles).replace(/,$/, '')}. ${read === null ? 'Revoke the grants if the numbers are not for everybody' : `${read}: see that the numbers are meant for everybody`}.`,
        at: home(view.origin),
        object: view.key,
        severity: 'info',
        evidence: evidenceOf(state),
        causes: ['views/definer', 'views/materialized'],
        help:
          read === null
            ? sqlFence(revokeOfRead(view.key, roles, calls))
            : 'Numbers of all users, or of a day, show nobody.',
      });
      return;
    }
    const { way, help } = wayOf(view, filters, read, sqlFence(revokeOfRead(view.key, roles, calls)));
    report({
      message: `View "${view.key}" shows rows of "auth.users" in a schema that the API exposes. ${filters ? 'Only its own condition keeps users apart' : `It reads as its owner${where === '' ? ', so ' : `. ${where}`}${people(roles)} may read what it selects of all users`}. ${way}.`,
      at: home(view.origin),
      object: view.key,
      severity: filters ? 'info' : undefined,
      evidence: evidenceOf(state),
      causes: ['views/definer', 'views/materialized'],
      help,
    });
  },
});

/** What the code reads is not taken away before it reads something else. */
function wayOf({ kind }: View, filters: boolean, read: string | null, revoke: string) {
  if (read === null)
    return {
      way: 'Keep what others may see in a table of your own, or revoke the grants',
      help: revoke,
    };
  if (kind !== 'view')
    return {
      way: `${read}: let it call a function that asks who is calling, then revoke the grants`,
      help: revoke,
    };
  if (filters)
    return {
      way: `${read}: keep that condition, and no more columns than are meant`,
      help: 'A new version of the view has to repeat it.',
    };
  return {
    way: `${read}: ask in its WHERE who is calling, or keep what others may see in a table of your own`,
    help: sqlFence(
      '-- in the view, where each user sees what is theirs: where users.id = (select auth.uid())',
    ),
  };
}
