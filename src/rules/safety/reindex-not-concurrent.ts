import { isConcurrentReindex } from '../../sql/transaction.ts';
import { rule } from '../rule.ts';
import { behindWords, reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/reindex-not-concurrent',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'REINDEX without CONCURRENTLY',
  why: 'REINDEX blocks writes to the table, and reads that would use the index, until it is rebuilt.',
  remedy: 'Rebuild it CONCURRENTLY.\n\n```sql\nreindex index concurrently public.idx_note_user_id;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-reindex.html'],
  fixable: true,
  statement: {
    ReindexStmt(node, statement, context) {
      if (isConcurrentReindex(node)) return;
      const kind = String(node.kind ?? '')
        .replace('REINDEX_OBJECT_', '')
        .toLowerCase();
      if (kind === 'system') return;
      const object =
        node.relation === undefined ? (node.name ?? 'the database') : context.keyOf(node.relation);
      if (kind === 'table' && context.isNew('table', object)) return;
      const at = behindWords(context, statement, 'reindex', kind);
      const alone = context.source.statements.length === 1;
      reportLock(context, statement, {
        message: `This rebuilds "${object}" while writes to the table wait. Reads that would use the index wait too. Use REINDEX … CONCURRENTLY, in a file of its own.`,
        at: context.placeOf(statement),
        object,
        ...(at === null || !alone
          ? {}
          : { fix: { title: 'Add CONCURRENTLY', edits: [context.edit(at, at, ' concurrently')] } }),
      });
    },
  },
});
