import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { stillAsked } from '../support/application/client-calls.ts';
import { reportLock, sql } from '../support/statements/statements.ts';
import { grantedAgain } from '../support/tables/era.ts';

export default rule({
  id: 'safety/set-schema',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a table or view that moves to another schema',
  why: 'Running clients ask the Data API for the old place and get 404 (PGRST205), and so do function bodies that name it. In the new schema it may be exposed, or not, by other settings.',
  remedy:
    'Leave a view at the old place until no client uses it.\n\n```sql\nalter table public.invoice set schema billing;\ncreate view public.invoice with (security_invoker = true) as select * from billing.invoice;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html'],
  fixable: false,
  statement: {
    AlterObjectSchemaStmt(node, statement, context) {
      if (!/^OBJECT_(TABLE|VIEW|MATVIEW)$/.test(node.objectType) || node.relation === undefined) return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key) || context.isNew('view', key)) return;
      if (context.set.after.views.has(key)) return;
      const target = `${quoteIdent(node.newschema)}.${quoteIdent(node.relation.relname)}`;
      reportLock(context, statement, {
        message: `"${key}" moves to "${target}". Clients that run meanwhile, and functions that name it, fail until they are changed too.${stillAsked(key, context.facts, 'the old place')} Leave a view at the old place for a while.`,
        at: context.placeOf(statement),
        object: key,
        help: sql(
          `${statement.sql};`,
          `create view ${key} with (security_invoker = true) as select * from ${target};`,
          ...grantedAgain(key, context),
        ),
      });
    },
  },
});
