import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';

const powerful = new Set([
  'service_role',
  'postgres',
  'supabase_admin',
  'supabase_auth_admin',
  'supabase_storage_admin',
  'dashboard_user',
  'pg_read_all_data',
  'pg_write_all_data',
]);
// What Supabase itself sets up: to repeat it changes nothing.
const platform = new Set([
  'postgres',
  'supabase_admin',
  'service_role',
  'authenticator',
  'supabase_auth_admin',
  'supabase_storage_admin',
  'supabase_replication_admin',
  'supabase_read_only_user',
  'dashboard_user',
]);

export default rule({
  id: 'roles/escalation',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'BYPASSRLS, or membership of a powerful role, for an API role or one of the project',
  why: 'Every policy is passed over by a role with BYPASSRLS, and by a member of service_role or postgres after SET ROLE. For anon and authenticated that is everybody with the public key.',
  remedy:
    'Grant the privileges that are needed, table by table.\n\n```sql\ngrant select on public.report to reporting;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-rowsecurity.html',
    'https://supabase.com/docs/guides/database/postgres/roles',
  ],
  fixable: false,
  statement: {
    CreateRoleStmt(node, statement, { placeOf, report }) {
      if (platform.has(node.role) || !turnsOn(node.options, 'bypassrls')) return;
      report({
        message: `Role "${node.role}" is created with BYPASSRLS. No policy holds for it. Leave BYPASSRLS out and grant what is needed.`,
        at: placeOf(statement),
        object: node.role,
        key: 'bypassrls',
      });
    },
    AlterRoleStmt(node, statement, { placeOf, report }) {
      const role: string = node.role?.rolename ?? '';
      if (platform.has(role)) return;
      const option = ['bypassrls', 'superuser'].find((name) => turnsOn(node.options, name));
      if (option === undefined) return;
      report({
        message: `Role "${role}" gets ${option.toUpperCase()}. No policy holds for it any more. Grant what is needed instead.`,
        at: placeOf(statement),
        object: role,
        key: option,
      });
    },
    GrantRoleStmt(node, statement, { placeOf, report }) {
      if (node.is_grant !== true) return;
      const granted: string[] = (node.granted_roles ?? []).map(
        (item: SyntaxNode) => item.AccessPriv?.priv_name,
      );
      for (const item of node.grantee_roles ?? []) {
        const role: string = item.RoleSpec?.rolename ?? '';
        if (platform.has(role)) continue;
        const dangerous = granted.find((name) => powerful.has(name));
        if (dangerous === undefined) continue;
        report({
          message: `Role "${role || 'PUBLIC'}" becomes a member of "${dangerous}". By SET ROLE it passes over every policy. Grant what is needed instead.`,
          at: placeOf(statement),
          object: role || 'public',
          key: dangerous,
        });
      }
    },
  },
});

function turnsOn(options: readonly SyntaxNode[] | undefined, name: string): boolean {
  return (options ?? []).some(({ DefElem }) => {
    if (DefElem?.defname !== name) return false;
    const value = DefElem.arg?.Boolean;
    // `nobypassrls` is the same element with a false, which protobuf leaves out.
    return value === undefined || value.boolval === true;
  });
}
