/** ALTER … OWNER TO, REASSIGN OWNED, DROP OWNED. */
import type { SyntaxNode } from '../../model/sql.ts';
import type { Draft } from './draft.ts';
import { dropRoutine, dropSequence, dropTable } from './drop.ts';
import { grantsForOwner, revokeAllFrom, roleName } from './grants.ts';
import { findRoutines } from './routines.ts';
import type { Site } from './site.ts';

export function changeOwner(draft: Draft, node: SyntaxNode): void {
  const owner = roleName(draft, node.newowner);
  switch (node.objectType) {
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      for (const key of findRoutines(draft, node.object.ObjectWithArgs)) {
        draft.update('routine', key, (routine) => ({
          ...routine,
          owner,
          grants: grantsForOwner(routine.grants, owner),
        }));
      }
      break;
    case 'OBJECT_SCHEMA':
      draft.update('schema', node.object?.String?.sval ?? '', (schema) => ({
        ...schema,
        owner,
        grants: grantsForOwner(schema.grants, owner),
      }));
      break;
    default:
      // Owners of types, publications, servers … are no part of a state. Tables come as ALTER TABLE.
      break;
  }
}

const owned = ['table', 'view', 'sequence', 'routine', 'schema'] as const;

export function reassignOwned(draft: Draft, node: SyntaxNode): void {
  const from = new Set((node.roles ?? []).map((role: SyntaxNode) => roleName(draft, role)));
  const owner = roleName(draft, node.newrole);
  for (const kind of owned) {
    draft.each(kind, (object) =>
      from.has(object.owner) ? { ...object, owner, grants: grantsForOwner(object.grants, owner) } : object,
    );
  }
}

/** Objects and privileges of a role, in this database. */
export function dropOwned(draft: Draft, node: SyntaxNode, site: Site): void {
  for (const role of node.roles ?? []) {
    const name = roleName(draft, role);
    for (const table of [...draft.all('table').values()])
      if (table.owner === name) dropTable(draft, table.key);
    for (const sequence of [...draft.all('sequence').values()]) {
      if (sequence.owner === name) dropSequence(draft, sequence.key);
    }
    for (const view of [...draft.all('view').values()])
      if (view.owner === name) draft.remove('view', view.key);
    for (const routine of [...draft.all('routine').values()]) {
      if (routine.owner === name) dropRoutine(draft, routine.key, true, site);
    }
    revokeAllFrom(draft, name);
    draft.each('table', (table) => {
      const policies = table.policies.flatMap((policy) => {
        if (!policy.roles.includes(name)) return [policy];
        const roles = policy.roles.filter((other) => other !== name);
        return roles.length === 0 ? [] : [{ ...policy, roles }];
      });
      return policies.every((policy, at) => policy === table.policies[at]) &&
        policies.length === table.policies.length
        ? table
        : { ...table, policies };
    });
  }
}
