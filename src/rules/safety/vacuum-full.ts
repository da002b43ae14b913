import { isFullVacuum } from '../../sql/transaction.ts';
import { rule } from '../rule.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/vacuum-full',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'VACUUM FULL',
  why: 'VACUUM FULL writes the table anew under ACCESS EXCLUSIVE, and needs room for a second copy. It runs outside the transaction of the file.',
  remedy:
    'Plain VACUUM needs no such lock; pg_repack shrinks a table while it is used.\n\n```sql\nvacuum (analyze) public.note;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-vacuum.html',
    'https://supabase.com/docs/guides/database/extensions/pg_repack',
  ],
  fixable: false,
  statement: {
    VacuumStmt(node, statement, { keyOf, placeOf, report }) {
      if (!isFullVacuum(node)) return;
      const relation = node.rels?.[0]?.VacuumRelation?.relation;
      const object = relation === undefined ? null : keyOf(relation);
      report({
        message: `VACUUM FULL writes ${object === null ? 'every table' : `"${object}"`} anew under an exclusive lock. Reads and writes wait that long. Use plain VACUUM, or pg_repack.`,
        at: placeOf(statement),
        object,
        help: sqlFence(object === null ? 'vacuum (analyze);' : `vacuum (analyze) ${object};`),
      });
    },
  },
});
