import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { reportLock } from '../support/statements.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'safety/update-all',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'UPDATE without WHERE on a table that exists',
  why: 'Every row is written anew and locked until the whole file is through, and the old values are gone. Columns that this change adds are left alone: they hold nothing that could be lost.',
  remedy: "Say which rows.\n\n```sql\nupdate public.note set kind = 'text' where kind is null;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-update.html'],
  fixable: false,
  statement: {
    UpdateStmt(node, statement, context) {
      if (node.whereClause !== undefined || node.fromClause !== undefined) return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key)) return;
      const before = context.set.before.tables.get(key);
      const old: string[] = (node.targetList ?? [])
        .map((target: SyntaxNode) => target.ResTarget?.name)
        .filter(
          (name: string) => before === undefined || before.columns.some((column) => column.name === name),
        );
      if (old.length === 0) return;
      reportLock(context, statement, {
        message: `This overwrites "${old.join('", "')}" in every row of "${key}". The old values are gone, and every row stays locked until the file is through. Say which rows.`,
        at: context.placeOf(statement),
        object: key,
        key: old.join(' '),
        help: sqlFence(
          `${context.textOf(statement)}\nwhere ${quoteIdent(old[0]!)} is null; -- or whichever rows are meant`,
        ),
        repro: `select count(*) from ${key};`,
      });
    },
  },
});
