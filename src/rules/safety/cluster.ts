import { rule } from '../rule.ts';
import { reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/cluster',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'CLUSTER',
  why: 'CLUSTER writes the table and its indexes anew, in the order of one index, under ACCESS EXCLUSIVE. New rows do not keep that order.',
  remedy: 'pg_repack does the same while the table is used.',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-cluster.html',
    'https://supabase.com/docs/guides/database/extensions/pg_repack',
  ],
  fixable: false,
  statement: {
    ClusterStmt(node, statement, context) {
      const object = node.relation === undefined ? 'every clustered table' : context.keyOf(node.relation);
      if (context.isNew('table', object)) return;
      reportLock(context, statement, {
        message: `CLUSTER writes "${object}" anew under an exclusive lock. Reads and writes wait that long. Use pg_repack.`,
        at: context.placeOf(statement),
        object,
      });
    },
  },
});
