/**
 * The two eras of Supabase's grants: whether new objects in `public` are granted to the API roles by default (Supabase
 * changelog 45329).
 */
import type { GrantsEra } from '../../model/replay.ts';
import type { DefaultPrivilege, Privilege } from '../../model/schema.ts';
import type { Draft } from './draft.ts';

const owner = 'postgres';
const apiRoles = ['anon', 'authenticated', 'service_role'];

type Privileges = readonly (readonly [DefaultPrivilege['objects'], readonly Privilege[]])[];

const granted: Privileges = [
  ['tables', ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain']],
  ['sequences', ['usage', 'select', 'update']],
  ['functions', ['execute']],
];
/** What the change takes away; TRUNCATE, REFERENCES, TRIGGER and MAINTAIN on tables, UPDATE on sequences stay. */
const revoked: Privileges = [
  ['tables', ['select', 'insert', 'update', 'delete']],
  ['sequences', ['usage', 'select']],
  ['functions', ['execute']],
];

/** Runs, between two files, what Supabase ran between them (database/platform/grants-*.sql). */
export function enterEra(draft: Draft, era: GrantsEra): void {
  if (draft.era === era) return;
  const first = draft.era === null;
  draft.era = era;
  // A state read from a catalog has the privileges of its era already.
  if (first) return;
  const all = entries(granted, [owner, ...apiRoles]);
  const missing = all.filter((entry) => !draft.defaultPrivileges.some((other) => same(entry, other)));
  const gone = era === 'explicit' ? entries(revoked, apiRoles) : [];
  draft.defaultPrivileges = [...draft.defaultPrivileges, ...missing].filter(
    (entry) => !gone.some((other) => same(entry, other)),
  );
}

function entries(privileges: Privileges, grantees: readonly string[]): DefaultPrivilege[] {
  return privileges.flatMap(([objects, list]) =>
    grantees.flatMap((grantee) =>
      list.map((privilege) => ({ role: owner, schema: 'public', objects, grantee, privilege })),
    ),
  );
}

function same(a: DefaultPrivilege, b: DefaultPrivilege): boolean {
  return (
    a.role === b.role &&
    a.schema === b.schema &&
    a.objects === b.objects &&
    a.grantee === b.grantee &&
    a.privilege === b.privilege
  );
}
