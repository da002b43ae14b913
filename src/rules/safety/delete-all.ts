import { rule } from '../rule.ts';
import { allRowsTakenBy, isFilledAgain, needsNoRows } from '../support/emptiness.ts';
import { isSaidToHoldNothing } from '../support/said.ts';
import { listed, reportLock } from '../support/statements.ts';

export default rule({
  id: 'safety/delete-all',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'DELETE without WHERE on a table that exists',
  why: 'Every row goes, and with ON DELETE CASCADE the rows that point to them. No rollback file brings them back.',
  remedy: 'Say which rows.\n\n```sql\ndelete from public.note where archived;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-delete.html'],
  fixable: false,
  statement: {
    DeleteStmt(node, statement, context) {
      if (node.whereClause !== undefined || node.usingClause !== undefined) return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key)) return;
      const pointing = [...context.set.before.tables.values()].filter(
        (table) =>
          table.foreignKeys.some(
            ({ references, onDelete }) => references === key && onDelete === 'cascade',
          ) &&
          !context.isEmpty(table.key, statement) &&
          // Emptied by name as well: that tells it.
          !context.statements.some((other) => allRowsTakenBy(other).includes(table.key)),
      );
      const along =
        pointing.length > 0
          ? `. Rows of ${listed(pointing.map((table) => `"${table.key}"`))} that point to them go too, and no`
          : ', and no';
      // Rows that migrations write out: they are no user's, and stand in the files.
      const refilled = pointing.length === 0 && isFilledAgain(key, statement, context);
      reportLock(context, statement, {
        message: refilled
          ? `This deletes every row of "${key}", and the file writes them anew below. What was added by hand is gone. Say which rows.`
          : `This deletes every row of "${key}"${along} rollback file brings them back. Say which rows.`,
        at: context.placeOf(statement),
        object: key,
        ...(refilled || needsNoRows(key, statement, context) || isSaidToHoldNothing(statement, context)
          ? { severity: 'info' as const }
          : {}),
        repro: `select count(*) from ${key};`,
      });
    },
  },
});
