import type { SourceFile, Statement } from '../../model/sql.ts';
import { walkDo } from '../../sql/do.ts';
import { insideExplicitTransaction, isStandalone } from '../../sql/transaction.ts';
import { rule } from '../rule.ts';

export default rule({
  id: 'safety/concurrent-in-transaction',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'CONCURRENTLY, VACUUM and the like between BEGIN and COMMIT, or in a DO block',
  why: 'Postgres refuses these statements inside a transaction block (25001). The Supabase CLI runs them outside of its own transaction, but it can not take them out of one that the file opens.',
  remedy: 'Remove BEGIN and COMMIT, or move the statement into a migration file of its own.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY'],
  fixable: false,
  options: { 'cli-major': 3 },
  file(context) {
    const { source, statements, options, placeOf, report } = context;
    const inside = insideExplicitTransaction(source.statements);
    const told = new Set<Statement>();
    for (const statement of statements) {
      if (!isStandalone(statement)) continue;
      const top = source.statements.indexOf(statement);
      const old = Number(options['cli-major']) < 3 && source.statements.length > 1;
      if (top !== -1 && inside[top] !== true && !old) continue;
      // The first one ends its block: what stands behind it is not reached.
      const block = top === -1 ? blockOf(statement, source) : null;
      if (block !== null && told.has(block)) continue;
      if (block !== null) told.add(block);
      const caught = block !== null && isCaught(statement, block, source);
      report({
        message: `This can't run inside ${
          top === -1
            ? 'a DO block'
            : inside[top]
              ? 'BEGIN … COMMIT'
              : 'a file with other statements on a Supabase CLI older than 3'
        }. Postgres refuses it with 25001${caught ? ", the block's handler swallows that, and it is never done" : ' and the file fails'}. Move it into a migration file of its own.`,
        at: placeOf(statement),
        object: source.path,
        key: statement.node.idxname ?? statement.kind,
        severity: caught ? 'warning' : undefined,
      });
    }
  },
});

const blockOf = ({ start }: Statement, source: SourceFile): Statement | null =>
  source.statements.find((block) => block.kind === 'DoStmt' && block.start <= start && start < block.end) ??
  null;

const isCaught = ({ start }: Statement, block: Statement, source: SourceFile) =>
  walkDo(source, block).some((inner) => inner.statement.start === start && inner.caught);
