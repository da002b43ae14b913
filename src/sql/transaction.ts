/**
 * How the Supabase CLI (3.x) sends a file: everything is one implicit transaction, but for statements that Postgres
 * refuses inside one. Such a statement ends the batch before it, runs alone, and a new batch begins.
 */
import type { Statement, SyntaxNode } from '../model/sql.ts';

const hasOption = (options: SyntaxNode[] | undefined, name: string) =>
  (options ?? []).some(({ DefElem }) => DefElem?.defname === name && isOn(DefElem.arg));

const isOn = (value: SyntaxNode | undefined) => {
  const text = value?.String?.sval ?? value?.Boolean?.boolval;
  return text === undefined || (text !== 'off' && text !== 'false' && text !== false);
};

export const isConcurrentReindex = (node: SyntaxNode) => hasOption(node.params, 'concurrently');

export const isFullVacuum = (node: SyntaxNode) =>
  node.is_vacuumcmd === true && hasOption(node.options, 'full');

/** Runs outside the file's transaction. */
export function isStandalone({ kind, node }: Pick<Statement, 'kind' | 'node'>): boolean {
  switch (kind) {
    case 'IndexStmt':
      return node.concurrent === true;
    case 'DropStmt':
      return node.concurrent === true && node.removeType === 'OBJECT_INDEX';
    case 'ReindexStmt':
      return isConcurrentReindex(node);
    case 'VacuumStmt':
      return node.is_vacuumcmd === true;
    case 'AlterTableStmt':
      return (node.cmds ?? []).some(
        ({ AlterTableCmd: c }: SyntaxNode) =>
          c?.subtype === 'AT_DetachPartition' && c.def?.PartitionCmd?.concurrent === true,
      );
    case 'AlterSystemStmt':
    case 'ClusterStmt':
    case 'CreatedbStmt':
    case 'DropdbStmt':
    case 'CreateTableSpaceStmt':
    case 'DropTableSpaceStmt':
    case 'CreateSubscriptionStmt':
    case 'DropSubscriptionStmt':
      return true;
    default:
      return false;
  }
}

/** BEGIN and START TRANSACTION open a block; COMMIT, END, ROLLBACK, ABORT, PREPARE close it; savepoints do neither. */
export function transactionControl({
  kind,
  node,
}: Pick<Statement, 'kind' | 'node'>): 'open' | 'close' | 'other' | null {
  if (kind !== 'TransactionStmt') return null;
  switch (node.kind ?? 'TRANS_STMT_BEGIN') {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return 'open';
    case 'TRANS_STMT_COMMIT':
    case 'TRANS_STMT_ROLLBACK':
    case 'TRANS_STMT_PREPARE':
      return 'close';
    default:
      return 'other';
  }
}

/** Whether each statement stands between a BEGIN and its COMMIT that the file itself writes. */
export function insideExplicitTransaction(statements: readonly Statement[]): readonly boolean[] {
  let inside = false;
  return statements.map((statement) => {
    const control = transactionControl(statement);
    if (control === null) return inside;
    if (control !== 'other') inside = control === 'open';
    return false;
  });
}
