import type { ClientCall } from '../../model/client.ts';
import type { SchemaState, View } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { callsOn, placesOf, revokeOfRead } from '../support/application/client-calls.ts';
import { reachers } from '../support/callers/roles.ts';
import { sensitiveColumns } from '../support/owners/owners.ts';
import { readsOf } from '../support/policies/recursion.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { guardedTables } from '../support/views/views.ts';
import { listed, named, people, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'views/materialized',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a materialized view in the API over tables with row level security',
  why: 'A materialized view is a copy of rows, made by its owner. It can have no policies and no security_invoker: whoever may SELECT it reads all of it. A note where its own file grants it by name and no column of it is personal.',
  remedy:
    'Keep it out of the API, and read it in a function that asks who is calling.\n\n```sql\nrevoke all on public.note_stats from anon, authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/database-advisors?lint=0016_materialized_view_in_api'],
  fixable: false,
  view(view, { facts, state, exposed, home, report }) {
    if (view.kind !== 'materialized view' || !exposed(view.schema)) return;
    const roles = reachers(view, 'select', state);
    const tables =
      roles.length === 0 ? [] : guardedTables(view, state).filter(({ key }) => key !== 'auth.users');
    if (tables.length === 0) return;
    const where = opening(view, ['select'], facts);
    // Its own file grants it to them by name, and no column of it is personal: it is there to be read.
    const meant =
      roles.every((role) => isGranted(view, role) || isGranted(view, 'public')) &&
      tables.every((table) => sensitiveColumns(view.columns, table).length === 0);
    const calls = callsOn(view.key, ['select'], facts);
    // Policies run with the rights of who asks.
    const asking = policiesReading(view.key, state);
    const way = meant
      ? 'Its GRANT says that it is there to be read: keep its columns and rows as narrow as they are meant'
      : wayOf(calls, asking);
    report({
      message: `Materialized view "${view.key}" holds what its owner read of ${named(tables.map(({ key }) => key))}${where === '' ? ', and ' : `. ${where}`}${people(roles)} may SELECT it. It can have no policies. ${way}.`,
      at: home(view.origin),
      object: view.key,
      severity: meant ? 'info' : undefined,
      evidence: evidenceOf(state),
      help: meant
        ? undefined
        : sqlFence(
            asking.length > 0
              ? `-- once the policies ask a function\n${revokeOfRead(view.key, roles, calls)}`
              : revokeOfRead(view.key, roles, calls),
          ),
    });
  },
});

function wayOf(calls: readonly ClientCall[], policies: readonly string[]): string {
  if (calls.length > 0)
    return `The code reads it (${placesOf(calls)}): let it call a function that asks who is calling, then revoke the grants`;
  if (policies.length === 0) return 'Revoke the grants, or keep it in a schema that is not exposed';
  const more = policies.length > 2 ? ` and ${policies.length - 2} more` : '';
  return `Policies read it with the rights of the caller (${listed(policies.slice(0, 2))}${more}): let them ask a "security definer" function, then revoke the grants`;
}

/** `policy "read" on "public.note"`, of those that select from the view. */
const policiesReading = (key: string, state: SchemaState): readonly string[] =>
  [...state.tables.values()].flatMap((table) =>
    table.policies
      .filter((policy) => readsOf(policy, table, state).includes(key))
      .map(({ name }) => `policy "${name}" on "${table.key}"`),
  );

/** By a statement of the view's own file. */
const isGranted = ({ grants, origin: made }: View, role: string) =>
  grants.some(
    ({ grantee, privilege, origin }) =>
      privilege === 'select' && grantee === role && origin !== null && origin.file === made?.file,
  );
