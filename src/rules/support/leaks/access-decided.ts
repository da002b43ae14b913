/** The statement of the change by which somebody reaches more of an object than before, or less. */
import type { Principal } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Command, Grant, Policy, Table } from '../../../model/schema.ts';
import { covers } from '../callers/roles.ts';
import { changedStatement, isOfChange } from '../statements/changed-statement.ts';

export interface Asked {
  readonly principal: Principal;
  readonly command: Command | 'execute';
  readonly direction: 'more' | 'less';
}

/** Null where nothing of the change tells. */
export function decidedBy(facts: Facts, key: string, asked: Asked): Place | null {
  const before = facts.base.tables.get(key);
  const after = facts.head.tables.get(key);
  if (before === undefined || after === undefined) return null;
  return (
    byPolicies(facts, before, after, asked) ??
    byGrants(facts, before, after, asked) ??
    byRowSecurity(facts, before, after)
  );
}

/** The policy that lets it pass, whoever wrote it. */
export function standingPolicy({ head }: Facts, key: string, { principal, command }: Asked): Place | null {
  const policies = head.tables.get(key)?.policies ?? [];
  return (
    policies.find(
      (policy) =>
        policy.permissive &&
        command !== 'execute' &&
        covers(policy, command) &&
        isFor(policy.roles, principal),
    )?.origin ?? null
  );
}

function byPolicies(facts: Facts, before: Table, after: Table, asked: Asked): Place | null {
  const concerned = (policies: readonly Policy[]) =>
    policies.filter(
      (policy) =>
        asked.command !== 'execute' && covers(policy, asked.command) && isFor(policy.roles, asked.principal),
    );
  const [old, now] = [concerned(before.policies), concerned(after.policies)];
  const inBase = (policy: Policy) => before.policies.some((was) => saying(was) === saying(policy));
  const inHead = (policy: Policy) => after.policies.some((is) => saying(is) === saying(policy));
  const opens = (policy: Policy) => policy.permissive === (asked.direction === 'more');
  for (const policy of now.toSorted((a, b) => Number(opens(b)) - Number(opens(a)))) {
    // Written anew under its name it may open or close: whichever way, the statement is here.
    const isRewritten = before.policies.some(({ name }) => name === policy.name);
    if ((opens(policy) || isRewritten) && !inBase(policy) && isOfChange(policy.origin, facts))
      return policy.origin;
  }
  for (const policy of old) {
    if (opens(policy) || inHead(policy)) continue;
    const gone = changedStatement(facts, [policy.name, after.name], /^(Drop|AlterPolicy|Rename)Stmt$/);
    if (gone !== null) return gone;
  }
  return null;
}

const saying = ({ name, command, permissive, roles, using, check }: Policy): string =>
  JSON.stringify([name, command, permissive, roles, using?.text, check?.text]);

function byGrants(
  facts: Facts,
  before: Table,
  after: Table,
  { principal, command, direction }: Asked,
): Place | null {
  const held = (grants: readonly Grant[]) =>
    grants.filter(({ grantee, privilege }) => privilege === command && isFor([grantee], principal));
  const [old, now] = [held(before.grants), held(after.grants)];
  const isIn = (grants: readonly Grant[], { grantee, columns }: Grant) =>
    grants.some((other) => other.grantee === grantee && String(other.columns) === String(columns));
  if (direction === 'more') {
    return now.find((grant) => !isIn(old, grant) && isOfChange(grant.origin, facts))?.origin ?? null;
  }
  if (old.every((grant) => isIn(now, grant))) return null;
  const revokes = /^GrantStmt$/;
  return (
    changedStatement(facts, ['revoke', after.name], revokes) ??
    changedStatement(facts, ['revoke', 'all', after.schema], revokes)
  );
}

const byRowSecurity = (facts: Facts, before: Table, after: Table): Place | null =>
  before.rls !== after.rls && isOfChange(after.rlsOrigin, facts) ? after.rlsOrigin : null;

function isFor(roles: readonly string[], principal: Principal): boolean {
  const role = principal.startsWith('user') ? 'authenticated' : principal;
  return roles.includes(role) || roles.includes('public');
}
