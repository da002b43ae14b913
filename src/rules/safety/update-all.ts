import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { commandsOf, reportLock } from '../support/statements.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'safety/update-all',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
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
      const added = columnsAdded(key, context);
      const old: string[] = (node.targetList ?? [])
        .map((target: SyntaxNode) => target.ResTarget?.name)
        .filter((name: string) =>
          before === undefined ? !added.has(name) : before.columns.some((column) => column.name === name),
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

/** Columns that this file adds, where the table had another name before the change. */
function columnsAdded(key: string, context: FileContext): ReadonlySet<string> {
  const added = new Set<string>();
  for (const { kind, node } of context.statements) {
    if (kind !== 'AlterTableStmt' || context.keyOf(node.relation) !== key) continue;
    for (const { subtype, def } of commandsOf(node)) {
      if (subtype === 'AT_AddColumn') added.add(def?.ColumnDef?.colname);
    }
  }
  return added;
}
