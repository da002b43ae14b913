import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { looseCopyOf, withArchive } from '../support/locks/archive.ts';
import { isCascade, listed, reportLock, sql } from '../support/statements/statements.ts';
import { isFilledAgain, needsNoRows } from '../support/tables/emptiness.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';

export default rule({
  id: 'safety/truncate',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'TRUNCATE of a table that exists',
  why: 'All rows go at once; no DELETE trigger runs, and no rollback file brings them back. With CASCADE every table that references it is emptied too.',
  remedy:
    "Delete what must go, by a condition.\n\n```sql\ndelete from public.note where created_at < now() - interval '2 years';\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-truncate.html'],
  fixable: false,
  statement: {
    TruncateStmt(node, statement, context) {
      const named: string[] = node.relations.map((relation: SyntaxNode) => context.keyOf(relation.RangeVar));
      for (const key of named) {
        if (context.isNew('table', key)) continue;
        const along = [...context.set.before.tables.values()]
          .filter(
            (table) =>
              !named.includes(table.key) &&
              table.foreignKeys.some(({ references }) => references === key) &&
              !context.isEmpty(table.key, statement),
          )
          .map((table) => table.key);
        const takes = isCascade(node) && along.length > 0;
        reportLock(context, statement, {
          message: takes
            ? `TRUNCATE "${key}" CASCADE empties ${listed(along)} too. No DELETE trigger runs, and no rollback file brings the rows back. Name every table that shall be emptied.`
            : `TRUNCATE empties "${key}". No DELETE trigger runs, and no rollback file brings the rows back. Delete by a condition, or keep a copy.`,
          at: context.placeOf(statement),
          object: key,
          ...(takes
            ? { severity: 'error' as const }
            : needsNoRows(key, statement, context) ||
                isFilledAgain(key, statement, context) ||
                isSaidToHoldNothing(statement, context)
              ? { severity: 'info' as const }
              : {}),
          help: sql(withArchive(context), looseCopyOf(key, context)),
          repro: `select count(*) from ${key};`,
        });
      }
    },
  },
});
