import { isWholeKey } from '../../sql/fold/constraints.ts';
import { rule } from '../rule.ts';
import { behindWords, reportLock, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/refresh-not-concurrent',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'REFRESH MATERIALIZED VIEW without CONCURRENTLY',
  why: 'REFRESH takes an ACCESS EXCLUSIVE lock: nobody can read the view until its query has run again. CONCURRENTLY lets readers go on; it needs a unique index on plain columns without WHERE.',
  remedy: 'Refresh it CONCURRENTLY.\n\n```sql\nrefresh materialized view concurrently public.totals;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-refreshmaterializedview.html'],
  fixable: true,
  statement: {
    RefreshMatViewStmt(node, statement, context) {
      if (node.concurrent === true || node.skipData === true) return;
      const key = context.keyOf(node.relation);
      if (context.isNew('view', key)) return;
      const view = context.set.before.views.get(key);
      const unique = view?.indexes.some(isWholeKey);
      const at = behindWords(context, statement, 'materialized', 'view');
      reportLock(context, statement, {
        message: `Nobody can read "${key}" while it is refreshed. Its query runs under an exclusive lock, and the lock stays until the file is through. ${
          unique === false
            ? 'Give it a unique index and refresh it with CONCURRENTLY'
            : 'Refresh it with CONCURRENTLY'
        }.`,
        at: context.placeOf(statement),
        object: key,
        help: sql(
          ...(unique === false ? [`create unique index on ${key} (id);`] : []),
          `refresh materialized view concurrently ${key};`,
        ),
        ...(unique === true && at !== null
          ? { fix: { title: 'Add CONCURRENTLY', edits: [context.edit(at, at, ' concurrently')] } }
          : {}),
      });
    },
  },
});
