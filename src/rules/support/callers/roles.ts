/** Who may do what: the Data API's roles against grants and policies. */
import type { Command, Grant, Policy, Privilege, SchemaState, Table } from '../../../model/schema.ts';
import { remembered } from '../syntax/tree.ts';

/** Roles behind which anybody stands: `service_role` is the project's own. */
export const apiRoles = ['anon', 'authenticated'] as const;
export type ApiRole = (typeof apiRoles)[number];

/** Roles as which requests of any key are served. */
export const served = [...apiRoles, 'service_role'] as const;

export const commands: readonly Command[] = ['select', 'insert', 'update', 'delete'];
export const writes: readonly Command[] = ['insert', 'update', 'delete'];

/** Schemas that Supabase owns: their tables are no project's to mend. */
const platformSchemas = new Set(
  `auth storage realtime vault extensions graphql graphql_public pgbouncer pgsodium pgmq cron net supabase_migrations
  supabase_functions _realtime _analytics information_schema pg_catalog`.split(/\s+/),
);
export const isPlatform = (schema: string) => platformSchemas.has(schema);

/** Whether a role holds a privilege on the object or on some of its columns, by itself or by PUBLIC. */
export function holds(grants: readonly Grant[], role: string, privilege: Privilege): boolean {
  const grantees = granteesOf(grants).get(privilege);
  return grantees !== undefined && (grantees.has(role) || grantees.has('public'));
}

const granteesOf = remembered((grants: readonly Grant[]): ReadonlyMap<Privilege, ReadonlySet<string>> => {
  const found = new Map<Privilege, Set<string>>();
  for (const { privilege, grantee } of grants) {
    const known = found.get(privilege);
    if (known === undefined) found.set(privilege, new Set([grantee]));
    else known.add(grantee);
  }
  return found;
});

/** API roles that hold the privilege. */
export function holders(grants: readonly Grant[], privilege: Privilege): ApiRole[] {
  return apiRoles.filter((role) => holds(grants, role, privilege));
}

/** Without USAGE on the schema nothing in it is reached; on `public` everybody has it until somebody takes it away. */
export function enters(role: ApiRole, schema: string, state: SchemaState): boolean {
  const known = state.schemas.get(schema);
  return known === undefined || holders(known.grants, 'usage').includes(role);
}

/** API roles that hold the privilege and come as far as the object. */
export const reachers = (
  { grants, schema }: { readonly grants: readonly Grant[]; readonly schema: string },
  privilege: Privilege,
  state: SchemaState,
): ApiRole[] => holders(grants, privilege).filter((role) => enters(role, schema, state));

/** Columns a role may read, or write; null for all of them. */
export function grantedColumns(
  table: Table,
  role: string,
  privilege: 'select' | 'update',
): readonly string[] | null {
  const grants = table.grants.filter(
    (grant) => grant.privilege === privilege && (grant.grantee === role || grant.grantee === 'public'),
  );
  if (grants.some((grant) => grant.columns === null)) return null;
  return grants.flatMap((grant) => grant.columns ?? []);
}

export function appliesTo(policy: Policy, role: string): boolean {
  return policy.roles.includes('public') || policy.roles.includes(role);
}

export function covers(policy: Policy, command: Command): boolean {
  return policy.command === 'all' || policy.command === command;
}

export function commandsOf(policy: Policy): readonly Command[] {
  return policy.command === 'all' ? commands : [policy.command];
}

/** API roles a policy lets in; none where TO names only the project's own roles. */
export function apiRolesOf(policy: Policy): ApiRole[] {
  return apiRoles.filter((role) => appliesTo(policy, role));
}

/** Those of them that may enter the table's schema. */
export const entrantsOf = (policy: Policy, { schema }: Table, state: SchemaState): ApiRole[] =>
  apiRolesOf(policy).filter((role) => enters(role, schema, state));

/** The predicate a command is judged by: what it may touch, or what it may leave behind. */
export function predicateOf(policy: Policy, command: Command) {
  return command === 'insert' ? (policy.check ?? policy.using) : policy.using;
}

/** Nobody whom it lets through has signed in: `auth.uid()` is null for them. */
export const isForVisitorsAlone = (policy: Policy): boolean => {
  const roles = apiRolesOf(policy);
  return roles.length === 1 && roles[0] === 'anon';
};

export const allowsInsert = (policy: Policy, role: string) =>
  policy.permissive && appliesTo(policy, role) && commandsOf(policy).includes('insert');
