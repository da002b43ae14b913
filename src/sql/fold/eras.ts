/**
 * The two eras of Supabase's grants: whether new objects in `public` are granted to the API roles by default (Supabase
 * changelog 45329).
 */
import type { GrantsEra } from '../../model/replay.ts';
import type { DefaultPrivilege, Privilege } from '../../model/schema.ts';
import type { Draft } from './draft.ts';

const apiRoles = ['anon', 'authenticated', 'service_role'];

/** What the change takes away; TRUNCATE, REFERENCES, TRIGGER and MAINTAIN on tables, UPDATE on sequences stay. */
const revoked: readonly [DefaultPrivilege['objects'], readonly Privilege[]][] = [
  ['tables', ['select', 'insert', 'update', 'delete']],
  ['sequences', ['usage', 'select']],
  ['functions', ['execute']],
];

/** Runs, between two files, what Supabase ran between them. */
export function enterEra(draft: Draft, era: GrantsEra): void {
  if (draft.era === era) return;
  const first = draft.era === null;
  draft.era = era;
  // A state read from a catalog has the privileges of its era already.
  if (first) return;
  const of = (entry: DefaultPrivilege) =>
    entry.role === 'postgres' && entry.schema === 'public' && apiRoles.includes(entry.grantee);
  const affected = (entry: DefaultPrivilege) =>
    of(entry) &&
    revoked.some(
      ([objects, privileges]) => objects === entry.objects && privileges.includes(entry.privilege),
    );
  const kept = draft.defaultPrivileges.filter((entry) => !affected(entry));
  draft.defaultPrivileges = era === 'explicit' ? kept : [...kept, ...automatic()];
}

function automatic(): DefaultPrivilege[] {
  return revoked.flatMap(([objects, privileges]) =>
    apiRoles.flatMap((grantee) =>
      privileges.map((privilege) => ({ role: 'postgres', schema: 'public', objects, grantee, privilege })),
    ),
  );
}
