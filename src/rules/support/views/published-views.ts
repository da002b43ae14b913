/** Views that their grants or their names say are there to be read. */
import type { SchemaState, Table, View } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, appliesTo, covers, predicateOf, reachers } from '../callers/roles.ts';
import { readPredicate } from '../conditions/scope.ts';
import { neverHolds, opensTo } from '../conditions/truth.ts';
import { ownerColumns, sensitiveColumns } from '../owners/owners.ts';
import { isPublicByName, isSaidToBePublic } from '../words/public-words.ts';
import { choosesRows, guardedTables, leavesOutSecrets } from './views.ts';

/**
 * Rows and columns are chosen, nothing personal is among them, and its name or its GRANT to visitors says whom it is for:
 * what it shows of others is what it is there for.
 */
export function isShownOnPurpose(view: View, state: SchemaState): boolean {
  const roles = reachers(view, 'select', state);
  const tables = guardedTables(view, state);
  if (!isGrantedToAll(view, roles)) return false;
  if (isPublicPart(view, roles, tables, state)) return true;
  return (
    choosesRows(view) &&
    (isNamedPublic(view, tables) ||
      isSaidForVisitors(view, view.comment ?? '', tables) ||
      (roles.includes('anon') && isPublishedWhole(view, roles, tables)))
  );
}

/**
 * Public by its name, with some of one table's columns and nothing personal, for roles to whom the table's policies show
 * rows by a rank alone: read as the caller it would be empty for those whom it is for.
 */
const isPublicPart = (view: View, roles: readonly ApiRole[], tables: readonly Table[], state: SchemaState) =>
  isPublicByName(view.name) &&
  tables.length === 1 &&
  view.columns.length > 0 &&
  view.columns.length < tables[0]!.columns.length &&
  sensitiveColumns(view.columns, tables[0]!).length === 0 &&
  tables[0]!.policies.some((policy) => covers(policy, 'select')) &&
  tables[0]!.policies.every((policy) => {
    const node = predicateOf(policy, 'select')?.node ?? null;
    return (
      !policy.permissive ||
      !covers(policy, 'select') ||
      !roles.some((role) => appliesTo(policy, role)) ||
      (node !== null && isOfRank(node, tables[0]!, state))
    );
  });

/** It asks who is calling, and no column of the row is theirs. */
function isOfRank(node: SyntaxNode, table: Table, state: SchemaState): boolean {
  const owners = ownerColumns(table, state);
  return (
    looksAtCaller(node, state) &&
    readPredicate(node, table, state).columns.every(
      ({ depth, name, source }) => depth > 0 || source.key !== table.key || !owners.includes(name),
    )
  );
}

/**
 * Made for strangers: granted to them by name in the view's own file, with rows and columns chosen, on tables that they
 * can't read, so that read as the caller it would show nothing, or of which visitors read rows anyway.
 */
export function isPublishedWhole(view: View, roles: readonly ApiRole[], tables: readonly Table[]): boolean {
  if (!isGrantedToAll(view, roles) || tables.length === 0) return false;
  // Signed-in users are not strangers: a list without what is personal in it is made for them.
  if (!roles.includes('anon') && leavesOutSecrets(view, tables)) return true;
  return (
    choosesRows(view) &&
    tables.every(
      (table) =>
        sensitiveColumns(view.columns, table).length === 0 &&
        ((grantedBy(view, 'anon') && letsVisitorsRead(table)) || !isReadBy(roles, table)),
    )
  );
}

/** To visitors by name where they read it, else to signed-in users. */
const isGrantedToAll = (view: View, roles: readonly ApiRole[]) =>
  (roles.includes('anon') ? ['anon', 'public'] : ['authenticated', 'public']).some((role) =>
    grantedBy(view, role),
  );

/** `clinics_public`, `webhooks_safe`: rows or columns chosen, and none that is personal or secret. */
export const isNamedPublic = (view: View, tables: readonly Table[]) =>
  (isPublicByName(view.name) || /(^|_)safe(_|$)/i.test(view.name)) &&
  tables.length > 0 &&
  tables.every((table) => sensitiveColumns(view.columns, table).length === 0) &&
  (choosesRows(view) || leavesOutSecrets(view, tables));

/** Its author says that it is what visitors are shown, and grants it to them: rows are chosen, and nothing personal is among them. */
export const isSaidForVisitors = (view: View, said: string, tables: readonly Table[]) =>
  isSaidToBePublic(said) &&
  grantedBy(view, 'anon') &&
  choosesRows(view) &&
  tables.length > 0 &&
  tables.every((table) => sensitiveColumns(view.columns, table).length === 0);

export const isReadBy = (roles: readonly ApiRole[], { policies }: Table) =>
  policies.some((policy) => covers(policy, 'select') && roles.some((role) => appliesTo(policy, role)));

/** A policy shows rows to whoever isn't signed in. */
const letsVisitorsRead = (table: Table) =>
  table.policies.some((policy) => {
    const node = predicateOf(policy, 'select')?.node ?? null;
    return (
      policy.permissive &&
      covers(policy, 'select') &&
      appliesTo(policy, 'anon') &&
      node !== null &&
      opensTo(node) !== 'users' &&
      !neverHolds(node, { table, who: 'nobody' })
    );
  });

/** By a statement of the view's own file, or of an older one that made it first: a GRANT that repeats it changes nothing. */
export const grantedBy = (view: View, role: string) =>
  view.grants.some(
    ({ grantee, privilege, origin }) =>
      privilege === 'select' &&
      grantee === role &&
      origin !== null &&
      view.origin !== null &&
      origin.file <= view.origin.file,
  );
