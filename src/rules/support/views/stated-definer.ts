/** What its author says of a view that reads as its owner: in its options, above it, and by whom its own file grants it to. */
import type { ChangeSet, Facts } from '../../../model/facts.ts';
import type { SchemaState, Table, View } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { type ApiRole, apiRoles } from '../callers/roles.ts';
import { statementAt } from '../statements/sites.ts';
import { commandsOf } from '../statements/statements.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { commentAbove } from '../words/comment-above.ts';
import { grantedBy, isPublishedWhole } from './published-views.ts';

/** It passes the policies by, on purpose. */
export const isMeantSo = (view: View, roles: readonly ApiRole[], set: ChangeSet, facts: Facts) =>
  statesDefiner(view, set) || (isGrantedByName(view, roles) && commentsDefiner(view, set, facts));

/** Granted to signed-in users by name, and to visitors only by the defaults. Its rows or columns are chosen. */
export const isLeftToAnon = (
  view: View,
  roles: readonly ApiRole[],
  tables: readonly Table[],
  state: SchemaState,
) =>
  roles.length === apiRoles.length &&
  state.era !== null &&
  !grantedBy(view, 'anon') &&
  !grantedBy(view, 'public') &&
  isPublishedWhole(view, ['authenticated'], tables);

/** `with (security_invoker = off)`, or ALTER VIEW … SET of the same: its author knows what it does. */
function statesDefiner(view: View, set: ChangeSet): boolean {
  const statement = statementAt(set, view.origin)?.statement;
  const names = (options: readonly SyntaxNode[] | undefined) =>
    (options ?? []).some(({ DefElem }) => DefElem?.defname === 'security_invoker');
  return (
    (statement?.kind === 'ViewStmt' && names(statement.node.options)) ||
    set.migrations.some(({ source }) =>
      source.statements.some(
        ({ kind, node }) =>
          kind === 'AlterTableStmt' &&
          node.objtype === 'OBJECT_VIEW' &&
          keyOfRangeVar(node.relation) === view.key &&
          commandsOf(node).some(
            ({ subtype, def }) => subtype === 'AT_SetRelOptions' && names(def?.List?.items),
          ),
      ),
    )
  );
}

/** Every role that may read it was given that by name, in the view's own file. */
const isGrantedByName = (view: View, roles: readonly ApiRole[]) =>
  grantedBy(view, 'public') || roles.every((role) => grantedBy(view, role));

/** The comment above it says that it passes the policies by, on purpose. */
function commentsDefiner({ origin }: View, set: ChangeSet, facts: Facts): boolean {
  const text = statementAt(set, origin) === null ? '' : commentAbove(origin, facts);
  return onPurpose.test(text) && !underPolicies.test(text);
}

const onPurpose =
  /\b(bypass|contourn|sidestep)\w*\b[^.]{0,60}\b(rls|row[ -]level|polic\w+)\b|\b(not|no|non|without|sans|never)\b[^.]{0,30}\bsecurity[_ ]invoker\b|\b(view|vue)\W{1,4}definer\b|\bdefiner\W{1,4}view\b/i;
const underPolicies =
  /\b(not|never|cannot|can't|doesn't)\s+(bypass|sidestep)|\b(inherit|respect|obey|enforce|honou?r|hered)\w*\b[^.]{0,30}\b(rls|row[ -]level|polic\w+)\b/i;

/** Roles outside the API that the view's own file grants it to, where it grants it to none of the API's. */
export function othersGranted(view: View): readonly string[] {
  if (['public', ...apiRoles].some((role) => grantedBy(view, role))) return [];
  const given = view.grants.filter(
    ({ grantee, privilege, origin }) =>
      privilege === 'select' &&
      origin !== null &&
      origin.file === view.origin?.file &&
      grantee !== view.owner,
  );
  return [...new Set(given.map(({ grantee }) => grantee))].filter(
    (role) => role !== 'postgres' && role !== 'supabase_admin',
  );
}
