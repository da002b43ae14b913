import type { Statement } from '../../model/sql.ts';
import { isStandalone } from '../../sql/transaction.ts';
import { rule } from '../rule.ts';

export default rule({
  id: 'safety/not-atomic',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a statement that runs outside the transaction, beside others',
  why: 'The Supabase CLI commits what stands before such a statement, runs it alone, and goes on. If it fails, what ran before stays, the history has no row, and the next try runs the first part again. An index that failed to build stays too, marked invalid.',
  remedy: 'Put it into a migration file of its own.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-PIPELINING'],
  fixable: false,
  file({ source, placeOf, report }) {
    const standalone = source.statements.find(isStandalone);
    if (standalone === undefined) return;
    const others = source.statements.filter((each) => !isStandalone(each) && !isHarmless(each));
    if (others.length === 0) return;
    report({
      message: `This statement runs outside the file's transaction, and ${others.length === 1 ? 'another statement stands' : `${others.length} other statements stand`} beside it. If one fails, what ran before stays without a row in the history. Put it into a migration file of its own.`,
      at: placeOf(standalone),
      object: source.path,
    });
  },
});

/** Settings, comments and what is written to be repeated lose nothing when the file runs again. */
const isHarmless = ({ kind, node }: Statement) =>
  kind === 'VariableSetStmt' ||
  kind === 'CommentStmt' ||
  kind === 'TransactionStmt' ||
  (kind === 'DropStmt' && node.missing_ok === true && node.removeType === 'OBJECT_INDEX');
