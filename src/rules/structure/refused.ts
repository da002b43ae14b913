import type { Statement } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { type Refusal, refusedFunction, refusedIndex } from '../support/refused.ts';

export default rule({
  id: 'structure/refused',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a statement that Postgres refuses, whatever the database holds',
  why: 'It can be parsed and never runs: an index whose predicate asks for the time, a PL/pgSQL body without BEGIN, a parameter without a default behind one that has a default. Nothing of the file is applied, and every later migration waits behind it. Where the migrations are replayed, the replay says it.',
  remedy:
    'Leave the time out of an index: the query asks for it.\n\n```sql\ncreate index idx_share_expires_at on public.share (expires_at) where revoked_at is null;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createindex.html',
    'https://www.postgresql.org/docs/17/sql-createfunction.html',
    'https://www.postgresql.org/docs/17/plpgsql-structure.html',
  ],
  fixable: false,
  statement: {
    IndexStmt(node, statement, context) {
      tell(refusedIndex(node), statement, context);
    },
    CreateFunctionStmt(node, statement, context) {
      // A dump turns the look at bodies off: such a function fails on its first call.
      const checksBodies = !/\bcheck_function_bodies\b/i.test(context.source.text);
      tell(refusedFunction(node, checksBodies), statement, context);
    },
  },
});

function tell(refusal: Refusal | null, statement: Statement, { facts, placeOf, report }: FileContext) {
  // What ran is known.
  if (refusal === null || facts.replay !== null) return;
  report({
    message: `Postgres refuses this: ${refusal.why}. Nothing of the file is applied. ${refusal.way}.`,
    at: placeOf(statement),
  });
}
