import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { stillAsked } from '../support/application/client-calls.ts';
import { reportLock, sql } from '../support/statements/statements.ts';
import { grantedAgain } from '../support/tables/era.ts';

export default rule({
  id: 'safety/rename-table',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a table or view that is renamed',
  why: 'Between the migration and the deployment of the new code, running clients ask the Data API for the old name and get 404 (PGRST205). Function bodies that name the table break on the next call. Where the code of the repository still asks for the old name, the first such place is named.',
  remedy:
    'Leave a view of the old name until no client uses it.\n\n```sql\nalter table public.note rename to entry;\ncreate view public.note with (security_invoker = true) as select * from public.entry;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html',
    'https://docs.postgrest.org/en/stable/references/errors.html',
  ],
  fixable: false,
  statement: {
    RenameStmt(node, statement, context) {
      const isTable = node.renameType === 'OBJECT_TABLE';
      if (!isTable && node.renameType !== 'OBJECT_VIEW' && node.renameType !== 'OBJECT_MATVIEW') return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key) || context.isNew('view', key)) return;
      // A table built beside and swapped in: the name that clients use stays.
      const back = context.source.statements.some(
        (each) =>
          each !== statement && each.kind === 'RenameStmt' && each.node.newname === node.relation.relname,
      );
      if (back || context.set.after.tables.has(key) || context.set.after.views.has(key)) return;
      const schema = key.slice(0, key.indexOf('.'));
      const target = `${schema}.${quoteIdent(node.newname)}`;
      // Columns that the file renames too keep their old names in the view.
      const renamed = context.statements
        .filter(
          ({ kind, node: other }) =>
            kind === 'RenameStmt' &&
            other.renameType === 'OBJECT_COLUMN' &&
            [key, context.keyOf({ ...node.relation, relname: node.newname })].includes(
              context.keyOf(other.relation),
            ),
        )
        .map(({ node: other }) => `, ${quoteIdent(other.newname)} as ${quoteIdent(other.subname)}`)
        .join('');
      // What the file does to it afterwards must not meet the view.
      const goesOn = context.statements.some(
        (other) =>
          other.start > statement.start &&
          /^(AlterTable|Rename)Stmt$/.test(other.kind) &&
          other.node.relation !== undefined &&
          [key, target].includes(context.keyOf(other.node.relation)),
      );
      reportLock(context, statement, {
        message: `"${key}" is renamed to "${target}". Clients that run meanwhile, and functions that name it, fail until they are changed too.${stillAsked(key, context.facts, 'the old name')} Leave a view of the old name for a while.`,
        at: context.placeOf(statement),
        object: key,
        help: sql(
          goesOn ? '-- at the end of this file' : `${statement.sql};`,
          `create view ${key} with (security_invoker = true) as select *${renamed} from ${target};`,
          ...grantedAgain(key, context),
        ),
      });
    },
  },
});
