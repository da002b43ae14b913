import type { Facts } from '../../model/facts.ts';
import type { SchemaState, Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { callsOn, placesOf, revokeOfRead } from '../support/application/client-calls.ts';
import { looksAtCaller } from '../support/callers/caller.ts';
import { type ApiRole, apiRoles, appliesTo, covers, holders } from '../support/callers/roles.ts';
import { neverHolds, opensTo } from '../support/conditions/truth.ts';
import type { Leak, LeakGroup } from '../support/leaks/leak.ts';
import { commandsSeen, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { ownerColumns } from '../support/owners/owners.ts';
import { bare, functionName } from '../support/syntax/tree.ts';
import {
  hazardNote,
  hazardTold,
  type InvokerHazard,
  invokerHazard,
} from '../support/views/invoker-hazard.ts';
import { isSaidForVisitors } from '../support/views/published-views.ts';
import { guardedTables, tablesBehind } from '../support/views/views.ts';
import { commentAbove } from '../support/words/comment-above.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/definer-view',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a view shows or writes rows that the tables behind it keep from the same role',
  why: 'A view reads as its owner, who bypasses the policies of the tables behind it, unless it is made with security_invoker. The probes read rows through it that the same role can’t read in the table. A view of one table can be written through too, with its owner’s rights: the probes inserted, changed or deleted through it what the table refuses.',
  remedy:
    'Let the view read as the caller.\n\n```sql\nalter view public.note_list set (security_invoker = true);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/views#views-and-row-level-security-rls'],
  fixable: false,
  facts(context) {
    tellLeaks('access/definer-view', context, (group) => ({
      message: `${messageOf(group)} ${wayOut(group, context.facts)}.${hazardOf(group, context.facts.head, (hazard) => ` ${hazardTold(hazard)}.`)}`,
      severity:
        group.leaks.every(isRead) &&
        ([isNoticeBoard, isTally].some((mild) =>
          mild(context.facts.head.views.get(group.object.object), context.facts.head),
        ) ||
          isSaidAbove(group, context.facts))
          ? ('warning' as const)
          : undefined,
      help: sqlFence(
        isMaterialized(group, context.facts.head) || readsAuthUsers(group, context.facts.head)
          ? revokeOfRead(group.object.object, ['anon', 'authenticated'], readsOf(group, context.facts))
          : isToBeRead(group, context.facts.head)
            ? `revoke insert, update, delete on ${group.object.object} from anon, authenticated;${group.leaks.some(isRead) ? `\n-- and, where others' rows shall not show either\nalter view ${group.object.object} set (security_invoker = true);` : ''}`
            : `${hazardOf(group, context.facts.head, (hazard) => `${hazardNote(hazard)}\n`)}alter view ${group.object.object} set (security_invoker = true);`,
      ),
    }));
  },
});

/** Told where `security_invoker` is what is offered. */
function hazardOf(group: LeakGroup, state: SchemaState, tell: (hazard: InvokerHazard) => string): string {
  const view = state.views.get(group.object.object);
  if (view === undefined || [isMaterialized, isToBeRead, readsAuthUsers].some((other) => other(group, state)))
    return '';
  const hazard = invokerHazard(view, state);
  return hazard === null ? '' : tell(hazard);
}

function wayOut(group: LeakGroup, facts: Facts): string {
  if (isMaterialized(group, facts.head)) return copyOf(group, facts);
  if (isToBeRead(group, facts.head) && !group.leaks.some(isRead))
    return 'Its GRANT of SELECT says that it is there to be read: revoke the rest';
  if (readsAuthUsers(group, facts.head)) {
    const calls = readsOf(group, facts);
    return `With "security_invoker" it would fail, since callers may not read "auth.users": ${calls.length === 0 ? 'revoke it' : `the code reads it (${placesOf(calls)}), so ask in its WHERE who is calling`}`;
  }
  return `Set "security_invoker" on the view${hazardOf(group, facts.head, () => ' ') === '' ? leftBy(group, facts.head) : ''}, or ${group.leaks.every(isRead) ? 'filter by "auth.uid()" in it' : 'revoke what is not meant to be written'}`;
}

/** What is then left of the view for those whom it is for: nothing, or only what the policies show each of them. */
function leftBy({ object }: LeakGroup, state: SchemaState): string {
  const view = state.views.get(object.object);
  // That visitors see nothing any more is what is wanted, but where a GRANT names them.
  const roles = apiRoles.filter((role) =>
    isGrantedByName(view)
      ? view?.grants.some(
          ({ grantee, privilege, origin }) => grantee === role && privilege === 'select' && origin !== null,
        )
      : role === 'authenticated' && holders(view?.grants ?? [], 'select').includes(role),
  );
  const guarded = (view?.reads ?? []).flatMap((key) => {
    const table = state.tables.get(key);
    return table?.rls === true ? [table] : [];
  });
  const showing = (table: Table, role: ApiRole) =>
    table.policies.filter(
      (policy) =>
        policy.permissive &&
        covers(policy, 'select') &&
        appliesTo(policy, role) &&
        !neverHolds(policy.using?.node ?? null, { table, who: role === 'anon' ? 'nobody' : 'user' }),
    );
  const empty = roles.flatMap((role) => {
    const table = guarded.find((each) => showing(each, role).length === 0);
    return table === undefined ? [] : [{ role, table }];
  });
  if (empty.length > 0)
    return ` (${named(empty.map(({ role }) => role))} then ${empty.length > 1 ? 'see' : 'sees'} nothing through it, as no policy of ${named([...new Set(empty.map(({ table }) => table.key))])} shows ${empty.length > 1 ? 'them' : 'it'} rows)`;
  const own = guarded.find((table) =>
    showing(table, 'authenticated').every(({ using }) => looksAtCaller(using?.node, state)),
  );
  return isGrantedByName(view) && own !== undefined
    ? ` (then each sees only what the policies of "${own.key}" show it)`
    : '';
}

function copyOf(group: LeakGroup, facts: Facts): string {
  const calls = readsOf(group, facts);
  return `It holds a copy of the rows, which no policy guards${calls.length === 0 ? ': revoke it from those it is not for' : `. The code reads it (${placesOf(calls)}): let it call a function that asks who is calling, then revoke the grants`}`;
}

const readsOf = ({ object }: LeakGroup, facts: Facts) => callsOn(object.object, ['select'], facts);

const isMaterialized = ({ object }: LeakGroup, { views }: SchemaState) =>
  views.get(object.object)?.kind === 'materialized view';

/** It selects from `auth.users`, which API roles hold no privilege on. */
const readsAuthUsers = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const view = state.views.get(object.object);
  return (
    view !== undefined &&
    leaks.every(isRead) &&
    tablesBehind(view, state).some(
      ({ key, grants }) => key === 'auth.users' && holders(grants, 'select').length === 0,
    )
  );
};

/** The comment above it says that visitors are meant. */
function isSaidAbove({ object }: LeakGroup, facts: Facts): boolean {
  const view = facts.head.views.get(object.object);
  return (
    view !== undefined &&
    isSaidForVisitors(view, commentAbove(view.origin, facts), guardedTables(view, facts.head))
  );
}

/** SELECT was granted by name, and what is written through it goes past the policies as well: that is left over. */
const isToBeRead = ({ object, leaks }: LeakGroup, { views }: SchemaState) =>
  !leaks.every(isRead) && isGrantedByName(views.get(object.object));

const isGrantedByName = (view: View | undefined) =>
  view?.grants.some(
    ({ grantee, privilege, origin }) =>
      privilege === 'select' && origin !== null && /^(anon|authenticated)$/.test(grantee),
  ) === true;

const isRead = ({ command }: Leak) => command === 'select';

function messageOf({ object: { object }, leaks }: LeakGroup): string {
  const reads = leaks.filter(isRead);
  const writes = leaks.filter((leak) => !isRead(leak));
  const shows = `View "${object}" shows rows that belong to others (${seen(reads)}).`;
  if (writes.length === 0)
    return `${shows} It reads as its owner, past the policies of the tables behind it.`;
  const tables = named([...new Set(writes.flatMap(({ cell }) => cell.via ?? []))]);
  const lets = `${commandsSeen(writes)} through ${reads.length === 0 ? `view "${object}"` : 'it'} ${writes.length === 1 ? 'does' : 'do'} what ${tables} refuses (${seen(writes)}).`;
  return `${reads.length === 0 ? lets : `${shows} ${lets}`} It ${reads.length === 0 ? 'writes' : 'reads and writes'} as its owner, past the policies of the tables behind it.`;
}

/**
 * It asks for the caller and not in order to leave others' rows out: signed in or not, which of them are the caller's
 * own. Most often it is meant to show the others.
 */
function isNoticeBoard(view: View | undefined, state: SchemaState): boolean {
  const query = view?.definition.node?.SelectStmt ?? view?.definition.node;
  if (query === undefined || query === null || !looksAtCaller(query, state)) return false;
  return !looksAtCaller(query.whereClause, state) || opensTo(query.whereClause) === 'users';
}

/** How many there are of each thing, granted by name: no row comes out, and nobody's name. */
function isTally(view: View | undefined, state: SchemaState): boolean {
  const query = view?.definition.node?.SelectStmt ?? view?.definition.node;
  const groups = (query?.groupClause ?? []).map((key: SyntaxNode) =>
    strings(key.ColumnRef?.fields).join('.'),
  );
  const owners = new Set(
    (view?.reads ?? []).flatMap((key) => {
      const table = state.tables.get(key);
      return table === undefined ? [] : ownerColumns(table, state);
    }),
  );
  return (
    groups.length > 0 &&
    !groups.some((key: string) => owners.has(key.split('.').at(-1)!) || people.test(key)) &&
    isGrantedByName(view) &&
    (query.targetList ?? []).every(({ ResTarget: target }: SyntaxNode) => {
      const value = bare(target?.val);
      return value?.FuncCall !== undefined
        ? functionName(value.FuncCall).name === 'count'
        : value?.ColumnRef !== undefined && groups.includes(strings(value.ColumnRef.fields).join('.'));
    })
  );
}

const people = /(^|[._])(user|owner|member|profile|author|customer|client|employee|e?mail|phone)(_?id)?$/i;
