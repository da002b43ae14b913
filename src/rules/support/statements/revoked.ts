/** Statements of migrations that take a table from a role. */
import type { ChangeSet, Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Command, Table } from '../../../model/schema.ts';
import type { SourceFile, SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';

interface Revoke {
  readonly place: Place;
  readonly byName: boolean;
  /** Privileges that it names; null for all of them. */
  readonly privileges: readonly string[] | null;
}

export const sourcesOf = (set: ChangeSet) => set.migrations.map(({ source }) => source);

/** File of an earlier change that took from the role, by the table's name, what the policies allow. */
export function withheldBy(
  table: Table,
  role: string,
  commands: readonly Command[],
  set: ChangeSet,
  { history, sources }: Facts,
): string | null {
  const changed = new Set(set.migrations.map(({ migration }) => migration.path));
  const first = history.head.findIndex(({ path }) => changed.has(path));
  const earlier = history.head.slice(0, Math.max(0, first)).flatMap(({ path }) => sources.get(path) ?? []);
  const revoke = revokeOf(table, role, earlier);
  if (revoke?.byName !== true) return null;
  const { privileges, place } = revoke;
  const took = privileges === null || commands.every((command) => privileges.includes(command));
  return took ? place.file.split('/').at(-1)! : null;
}

/** The last REVOKE in these files that takes the table from the role: by its name, or with all tables of its schema. */
export function revokeOf(
  { name, schema }: Table,
  role: string,
  sources: readonly SourceFile[],
): Revoke | null {
  for (const source of [...sources].reverse()) {
    for (const { kind, node, span } of [...source.statements].reverse()) {
      if (kind !== 'GrantStmt' || node.is_grant || node.objtype !== 'OBJECT_TABLE') continue;
      const roles: readonly string[] = (node.grantees ?? []).map(({ RoleSpec }: SyntaxNode) =>
        RoleSpec?.roletype === 'ROLESPEC_PUBLIC' ? 'public' : RoleSpec?.rolename,
      );
      if (!roles.includes(role)) continue;
      const place = { file: source.path, ...span };
      const objects: readonly SyntaxNode[] = node.objects ?? [];
      const privileges =
        node.privileges?.map(({ AccessPriv }: SyntaxNode) => String(AccessPriv?.priv_name ?? '')) ?? null;
      if (node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
        if (strings(objects).includes(schema)) return { place, byName: false, privileges };
      } else if (objects.some(({ RangeVar }) => RangeVar?.relname === name))
        return { place, byName: true, privileges };
    }
  }
  return null;
}
