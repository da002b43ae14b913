/** Policies and triggers. */
import type { Command, Policy, Trigger } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { eventsOf, timingOf } from '../trigger-type.ts';
import type { Draft } from './draft.ts';
import { Failed } from './failed.ts';
import { truncated } from './generated-names.ts';
import { roleName } from './grants.ts';
import { functionName } from './routines.ts';
import { expressionBehind, type Site } from './site.ts';
import { childrenOf, tableToAlter } from './table-access.ts';

export function createPolicy(draft: Draft, node: SyntaxNode, site: Site): void {
  const table = tableToAlter(draft, draft.relation(node.table), site);
  const name = truncated(node.policy_name);
  if (table.policies.some((policy) => policy.name === name)) {
    draft.again(site.origin, `policy ${name}`, { kind: 'table', key: table.key });
    return;
  }
  // "only WITH CHECK expression allowed for INSERT", "WITH CHECK cannot be applied to SELECT or DELETE"
  if (
    node.cmd_name === 'insert'
      ? node.qual !== undefined
      : /^(select|delete)$/.test(node.cmd_name) && node.with_check !== undefined
  )
    throw new Failed();
  const policy: Policy = {
    name,
    command: (node.cmd_name ?? 'all') as Command | 'all',
    permissive: node.permissive === true,
    roles: policyRoles(draft, node.roles),
    rolesStated: statesRoles(node.roles),
    using: node.qual === undefined ? null : expressionBehind(site, 'using', node.qual),
    check: node.with_check === undefined ? null : expressionBehind(site, 'check', node.with_check),
    comment: null,
    origin: site.origin,
  };
  draft.put('table', { ...table, policies: [...table.policies, policy] });
}

/** Where there is no TO, the parser puts PUBLIC without a location. */
function statesRoles(roles: readonly SyntaxNode[] | undefined): boolean {
  return (roles ?? []).some(
    ({ RoleSpec: role }) => role?.roletype !== 'ROLESPEC_PUBLIC' || role.location > 0,
  );
}

function policyRoles(draft: Draft, roles: readonly SyntaxNode[] | undefined): string[] {
  const names = (roles ?? []).map((role) => roleName(draft, role));
  // PUBLIC beside others makes the others pointless, and Postgres drops them.
  return names.includes('public') || names.length === 0 ? ['public'] : [...new Set(names)];
}

export function alterPolicy(draft: Draft, node: SyntaxNode, site: Site): void {
  const table = tableToAlter(draft, draft.relation(node.table), site);
  draft.put('table', {
    ...table,
    policies: table.policies.map((policy) =>
      policy.name !== node.policy_name
        ? policy
        : {
            ...policy,
            roles: node.roles === undefined ? policy.roles : policyRoles(draft, node.roles),
            rolesStated: node.roles === undefined ? policy.rolesStated : true,
            using: node.qual === undefined ? policy.using : expressionBehind(site, 'using', node.qual),
            check:
              node.with_check === undefined ? policy.check : expressionBehind(site, 'check', node.with_check),
            origin: site.origin,
          },
    ),
  });
}

export function createTrigger(draft: Draft, node: SyntaxNode, site: Site): void {
  const key = draft.relation(node.relation);
  const trigger: Trigger = {
    name: truncated(node.trigname),
    timing: timingOf(node.timing ?? 0),
    events: eventsOf(node.events ?? 0),
    level: node.row ? 'row' : 'statement',
    function: functionName(draft, strings(node.funcname)),
    enabled: true,
    origin: site.origin,
  };
  const view = draft.get('view', key);
  if (view !== undefined) {
    draft.put('view', { ...view, triggers: withTrigger(view.triggers, trigger) });
    return;
  }
  tableToAlter(draft, key, site);
  putTrigger(draft, key, trigger);
}

/** Row triggers of a partitioned table are cloned to its partitions. */
function putTrigger(draft: Draft, key: string, trigger: Trigger): void {
  draft.update('table', key, (table) => ({ ...table, triggers: withTrigger(table.triggers, trigger) }));
  if (trigger.level !== 'row') return;
  for (const child of childrenOf(draft, key))
    if (child.kind === 'partition') putTrigger(draft, child.key, trigger);
}

function withTrigger(triggers: readonly Trigger[], trigger: Trigger): readonly Trigger[] {
  const at = triggers.findIndex((other) => other.name === trigger.name);
  // CREATE OR REPLACE keeps whether it is enabled.
  return at === -1
    ? [...triggers, trigger]
    : triggers.with(at, { ...trigger, enabled: triggers[at]!.enabled });
}
