/** GRANT, REVOKE and default privileges. An owner's own privileges are no part of a state: they go without saying. */
import type { DefaultPrivilege, Grant, ObjectKind, Origin, Privilege } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { type Draft, migrationRole, temporarySchema } from './draft.ts';
import { Failed } from './failed.ts';
import { findRoutines } from './routines.ts';
import type { Site } from './site.ts';

type Grantable = 'tables' | 'sequences' | 'functions' | 'types' | 'schemas';

const allPrivileges: Readonly<Record<Grantable, readonly Privilege[]>> = {
  tables: ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'],
  sequences: ['usage', 'select', 'update'],
  functions: ['execute'],
  types: ['usage'],
  schemas: ['usage', 'create'],
};
const columnPrivileges: readonly Privilege[] = ['select', 'insert', 'update', 'references'];

/** What PUBLIC has on a new object unless default privileges say otherwise (manual, 5.8 Privileges). */
const publicByDefault: Readonly<Record<Grantable, readonly Privilege[]>> = {
  tables: [],
  sequences: [],
  functions: ['execute'],
  types: ['usage'],
  schemas: [],
};

const initial = new WeakMap<readonly DefaultPrivilege[], Map<string, readonly Grant[]>>();

/** The grants a new object is born with: built in, or by default privileges of the role that makes it. */
export function initialGrants(
  draft: Draft,
  objects: Grantable,
  schema: string | null,
  owner = draft.role,
): readonly Grant[] {
  if (schema === temporarySchema) return [];
  let known = initial.get(draft.defaultPrivileges);
  if (known === undefined) {
    known = new Map();
    initial.set(draft.defaultPrivileges, known);
  }
  const key = `${objects} ${schema} ${owner}`;
  const grants = known.get(key) ?? bornWith(draft.defaultPrivileges, objects, schema, owner);
  known.set(key, grants);
  return grants;
}

function bornWith(
  defaults: readonly DefaultPrivilege[],
  objects: Grantable,
  schema: string | null,
  owner: string,
): readonly Grant[] {
  const mine = defaults.filter((entry) => entry.role === owner && entry.objects === objects);
  const everywhere = mine.filter((entry) => entry.schema === null);
  const here = mine.filter((entry) => entry.schema !== null && entry.schema === schema);
  let grants: readonly Grant[] = [];
  if (everywhere.length === 0) {
    for (const privilege of publicByDefault[objects])
      grants = withGrant(grants, 'public', privilege, null, null);
  }
  for (const { grantee, privilege } of [...everywhere, ...here]) {
    if (grantee !== owner) grants = withGrant(grants, grantee, privilege, null, null);
  }
  return grants;
}

function withGrant(
  grants: readonly Grant[],
  grantee: string,
  privilege: Privilege,
  columns: readonly string[] | null,
  origin: Origin,
): readonly Grant[] {
  const at = grants.findIndex(
    (grant) => same(grant, grantee, privilege) && (grant.columns === null) === (columns === null),
  );
  const old = grants[at];
  if (old === undefined) {
    return [...grants, { grantee, privilege, columns: columns && [...new Set(columns)], origin }];
  }
  const added = columns?.filter((column) => !old.columns?.includes(column)) ?? [];
  // Granted by name what default privileges had given: now a statement stands for it.
  if (added.length === 0 && (old.origin !== null || origin === null)) return grants;
  return grants.with(at, {
    ...old,
    columns: old.columns === null ? null : [...old.columns, ...added],
    origin,
  });
}

function withoutGrant(
  grants: readonly Grant[],
  grantee: string,
  privilege: Privilege,
  columns: readonly string[] | null,
): readonly Grant[] {
  // Revoked from the table as a whole, a privilege is revoked from its columns too (manual, REVOKE).
  if (columns === null) {
    const left = grants.filter((grant) => !same(grant, grantee, privilege));
    return left.length === grants.length ? grants : left;
  }
  const at = grants.findIndex((grant) => same(grant, grantee, privilege) && grant.columns !== null);
  const old = grants[at];
  if (!old?.columns?.some((column) => columns.includes(column))) return grants;
  const left = old.columns.filter((column) => !columns.includes(column));
  return left.length === 0 ? grants.toSpliced(at, 1) : grants.with(at, { ...old, columns: left });
}

const same = (grant: Grant, grantee: string, privilege: Privilege) =>
  grant.grantee === grantee && grant.privilege === privilege;

export function roleName(draft: Draft, role: SyntaxNode | undefined): string {
  const spec = role?.RoleSpec ?? role;
  switch (spec?.roletype) {
    case 'ROLESPEC_PUBLIC':
      return 'public';
    case 'ROLESPEC_CSTRING':
      return spec.rolename ?? '';
    default:
      return spec?.roletype === 'ROLESPEC_SESSION_USER' ? migrationRole : draft.role;
  }
}

interface Wish {
  readonly privilege: Privilege;
  readonly columns: readonly string[] | null;
}

function wishes(node: SyntaxNode, objects: Grantable): Wish[] {
  const listed: readonly SyntaxNode[] | undefined = node.privileges;
  if (listed === undefined) return allPrivileges[objects].map((privilege) => ({ privilege, columns: null }));
  return listed.flatMap(({ AccessPriv: entry }): Wish[] => {
    const columns = entry.cols === undefined ? null : strings(entry.cols);
    const names: readonly Privilege[] =
      entry.priv_name === undefined
        ? columns === null
          ? allPrivileges[objects]
          : columnPrivileges
        : [entry.priv_name];
    return names.map((privilege) => ({ privilege, columns }));
  });
}

export function grantStatement(draft: Draft, node: SyntaxNode, site: Site): void {
  // REVOKE GRANT OPTION FOR leaves the privilege itself.
  if (!node.is_grant && node.grant_option) return;
  for (const { kind, key } of targets(draft, node, site)) {
    draft.update(kind, key, (object) => {
      const owner = ownerOf(object);
      const changed = isOwner(draft.role, owner)
        ? applied(draft, node, object.grants, grantables[kind], owner, site.origin)
        : appliedByOther(draft, node, object.grants, grantables[kind], owner, site.origin);
      return changed === object.grants ? object : { ...object, grants: changed };
    });
  }
}

/** Of the platform's own roles `postgres` is no member. Schema public belongs to it as the owner of the database. */
const isOwner = (role: string, owner: string) =>
  role === owner || !/^(supabase_|pgbouncer$|pgsodium|dashboard_user$)/.test(owner);

/**
 * Who does not own an object grants only what it holds WITH GRANT OPTION, and revokes only what it granted itself: a
 * REVOKE on a table of the platform leaves what the platform granted (and says so in a warning at most).
 */
function appliedByOther(
  draft: Draft,
  node: SyntaxNode,
  grants: readonly Grant[],
  objects: Grantable,
  owner: string,
  origin: Origin,
): readonly Grant[] {
  const theirs = grants.filter((grant) => grant.origin === null);
  if (!node.is_grant) {
    const mine = grants.filter((grant) => grant.origin !== null);
    const left = applied(draft, node, mine, objects, owner, origin);
    return left === mine || left.length === mine.length ? grants : [...theirs, ...left];
  }
  const may = (grant: Grant) =>
    grants.some((held) => held.grantable && same(held, draft.role, grant.privilege)) &&
    !theirs.some((other) => same(other, grant.grantee, grant.privilege) && other.columns === null);
  const wanted = applied(draft, node, [], objects, owner, origin).filter(may);
  let changed = grants;
  for (const { grantee, privilege, columns } of wanted) {
    changed = withGrant(changed, grantee, privilege, columns, origin);
  }
  return changed;
}

type Target = 'table' | 'view' | 'sequence' | 'routine' | 'schema';
const grantables: Readonly<Record<Target, Grantable>> = {
  table: 'tables',
  view: 'tables',
  sequence: 'sequences',
  routine: 'functions',
  schema: 'schemas',
};
const ownerOf = (object: object): string => ('owner' in object ? String(object.owner) : migrationRole);

function applied(
  draft: Draft,
  node: SyntaxNode,
  grants: readonly Grant[],
  objects: Grantable,
  owner: string,
  origin: Origin,
): readonly Grant[] {
  let changed = grants;
  for (const role of node.grantees ?? []) {
    const grantee = roleName(draft, role);
    if (grantee === owner) continue;
    for (const { privilege, columns } of wishes(node, objects)) {
      changed = node.is_grant
        ? withGrant(changed, grantee, privilege, columns, origin)
        : withoutGrant(changed, grantee, privilege, columns);
    }
  }
  return changed;
}

function targets(draft: Draft, node: SyntaxNode, site: Site): { kind: Target; key: string }[] {
  const objects: readonly SyntaxNode[] = node.objects ?? [];
  if (node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
    const schemas = new Set(strings(objects));
    const all = (kind: Exclude<Target, 'schema'>, keep: (kind: string) => boolean = () => true) =>
      [...draft.all(kind).values()]
        .filter((object) => schemas.has(object.schema) && keep('kind' in object ? object.kind : ''))
        .map((object) => ({ kind, key: object.key }));
    switch (node.objtype) {
      case 'OBJECT_TABLE':
        return [...all('table'), ...all('view')];
      case 'OBJECT_SEQUENCE':
        return all('sequence');
      case 'OBJECT_FUNCTION':
        return all('routine', (kind) => kind !== 'procedure');
      case 'OBJECT_PROCEDURE':
        return all('routine', (kind) => kind === 'procedure');
      default:
        return all('routine');
    }
  }
  switch (node.objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_SEQUENCE':
      return objects.map(({ RangeVar: range }) => {
        const key = draft.relation(range);
        const kind = relationKind(draft, key);
        if (kind === null)
          draft.unknown(site.origin, `relation ${key} is not made by any migration`, null, 'else');
        return { kind: kind ?? 'table', key };
      });
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
      return objects.flatMap(({ ObjectWithArgs: named }) =>
        findRoutines(draft, named).map((key) => ({ kind: 'routine' as const, key })),
      );
    case 'OBJECT_SCHEMA':
      return strings(objects).map((key) => ({ kind: 'schema', key }));
    default:
      // Languages, types, databases, parameters, foreign servers …: no part of a state.
      return [];
  }
}

function relationKind(draft: Draft, key: string): 'table' | 'view' | 'sequence' | null {
  for (const kind of ['table', 'view', 'sequence'] as const) if (draft.has(kind, key)) return kind;
  return null;
}

export function alterDefaultPrivileges(draft: Draft, node: SyntaxNode): void {
  const action: SyntaxNode = node.action;
  const objects = defaultObjects[action.objtype as string];
  if (objects === undefined || (!action.is_grant && action.grant_option)) return;
  const option = (name: string): SyntaxNode[] =>
    (node.options ?? []).find((entry: SyntaxNode) => entry.DefElem?.defname === name)?.DefElem.arg?.List
      ?.items ?? [];
  const roles = option('roles').map((role) => roleName(draft, role));
  const schemas: (string | null)[] = strings(option('schemas'));
  for (const role of roles.length > 0 ? roles : [draft.role]) {
    // Only a member of the role may: `postgres` is none of the platform's own roles.
    if (role !== draft.role && role.startsWith('supabase_')) throw new Failed();
    for (const schema of schemas.length > 0 ? schemas : [null]) {
      changeDefaults(draft, role, schema, objects, action);
    }
  }
}

const defaultObjects: Readonly<Record<string, Grantable>> = {
  OBJECT_TABLE: 'tables',
  OBJECT_SEQUENCE: 'sequences',
  OBJECT_FUNCTION: 'functions',
  OBJECT_ROUTINE: 'functions',
  OBJECT_PROCEDURE: 'functions',
  OBJECT_TYPE: 'types',
  OBJECT_SCHEMA: 'schemas',
};

function changeDefaults(
  draft: Draft,
  role: string,
  schema: string | null,
  objects: Grantable,
  action: SyntaxNode,
): void {
  const mine = (entry: DefaultPrivilege) =>
    entry.role === role && entry.schema === schema && entry.objects === objects;
  const entries = draft.defaultPrivileges.filter(mine);
  // Defaults without a schema replace the built-in ones and therefore begin as these; those with one come on top.
  const builtIn: Grant[] = [
    ...allPrivileges[objects].map((privilege) => ({ grantee: role, privilege })),
    ...publicByDefault[objects].map((privilege) => ({ grantee: 'public', privilege })),
  ].map((grant) => ({ ...grant, columns: null, origin: null }));
  const before: readonly Grant[] =
    entries.length > 0 || schema !== null
      ? entries.map(({ grantee, privilege }) => ({ grantee, privilege, columns: null, origin: null }))
      : builtIn;
  const after = applied(draft, action, before, objects, '', null);
  const isBuiltIn =
    schema === null &&
    after.length === builtIn.length &&
    builtIn.every((grant) => after.some((other) => same(other, grant.grantee, grant.privilege)));
  draft.defaultPrivileges = [
    ...draft.defaultPrivileges.filter((entry) => !mine(entry)),
    ...(isBuiltIn ? [] : after).map(({ grantee, privilege }) => ({
      role,
      schema,
      objects,
      grantee,
      privilege,
    })),
  ];
}

/** A role's own grants become the new owner's, who needs none. */
export function grantsForOwner(grants: readonly Grant[], owner: string): readonly Grant[] {
  return grants.some((grant) => grant.grantee === owner)
    ? grants.filter((grant) => grant.grantee !== owner)
    : grants;
}

/** Everything granted to a role goes: DROP OWNED BY. */
export function revokeAllFrom(draft: Draft, role: string): void {
  for (const kind of [
    'table',
    'view',
    'sequence',
    'routine',
    'schema',
  ] as const satisfies readonly ObjectKind[]) {
    draft.each(kind, (object) => {
      const grants = object.grants.filter((grant) => grant.grantee !== role);
      return grants.length === object.grants.length ? object : { ...object, grants };
    });
  }
  draft.defaultPrivileges = draft.defaultPrivileges.filter(
    (entry) => entry.grantee !== role && entry.role !== role,
  );
}
