/**
 * Lock modes of statements that run outside a transaction: their locks are gone when pg_locks can be asked, so the manual
 * is what there is (13.3.1, and "Building Indexes Concurrently" under CREATE INDEX).
 */
import type { LockMode } from '../model/replay.ts';
import type { Statement, SyntaxNode } from '../model/sql.ts';

export interface DocumentedLock {
  /** As the statement names it; null: `public`. */
  readonly schema: string | null;
  readonly name: string;
  readonly mode: LockMode;
}

/** Of a table, or of an index whose table is meant. None where the statement names none. */
export function documentedLocks({ kind, node }: Statement): readonly DocumentedLock[] {
  const lock = (relation: SyntaxNode | undefined, mode: LockMode): DocumentedLock[] =>
    relation?.relname ? [{ schema: relation.schemaname ?? null, name: relation.relname, mode }] : [];
  switch (kind) {
    case 'IndexStmt':
    case 'ReindexStmt':
    case 'AlterTableStmt':
      return lock(node.relation, 'ShareUpdateExclusiveLock');
    case 'DropStmt':
      return (node.objects ?? []).flatMap((object: SyntaxNode) => {
        const names: string[] = (object.List?.items ?? []).map((item: SyntaxNode) => item.String?.sval);
        return lock({ relname: names.at(-1), schemaname: names.at(-2) }, 'ShareUpdateExclusiveLock');
      });
    case 'VacuumStmt': {
      const full = (node.options ?? []).some((option: SyntaxNode) => option.DefElem?.defname === 'full');
      return (node.rels ?? []).flatMap(({ VacuumRelation: each }: SyntaxNode) =>
        lock(each?.relation, full ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock'),
      );
    }
    case 'ClusterStmt':
      return lock(node.relation, 'AccessExclusiveLock');
    default:
      return [];
  }
}
