import type { Statement } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { copiesOf } from '../support/locks/archive.ts';
import { listed, reportLock, sql } from '../support/statements/statements.ts';
import { allRowsTakenBy, isFilledAgain, needsNoRows } from '../support/tables/emptiness.ts';
import { isSaidToHoldNothing, isSaidToTakeAll } from '../support/words/said.ts';

export default rule({
  id: 'safety/delete-all',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'DELETE without WHERE on a table that exists',
  why: 'Every row goes, and with ON DELETE CASCADE the rows that point to them. No rollback file brings them back. Where a comment says that all shall go, only a copy is asked for, once for the file.',
  remedy: 'Say which rows.\n\n```sql\ndelete from public.note where archived;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-delete.html'],
  fixable: false,
  file(context) {
    const losses = context.statements.flatMap((statement) => lossOf(statement, context) ?? []);
    const meant = losses.filter(({ isMeant }) => isMeant);
    for (const { statement, key, pointing, refilled, isMild } of losses.filter(({ isMeant }) => !isMeant)) {
      reportLock(context, statement, {
        message: refilled
          ? `This deletes every row of "${key}", and the file writes them anew below. What was added by hand is gone. Say which rows.`
          : `This deletes every row of "${key}"${goingAlong(pointing)} rollback file brings them back. Say which rows, or keep a copy first.`,
        at: context.placeOf(statement),
        object: key,
        ...(refilled || isMild ? { severity: 'info' as const } : {}),
        help: sql('-- a copy, where all are meant', ...copiesOf([key, ...pointing], context)),
        repro: `select count(*) from ${key};`,
      });
    }
    const [first] = meant;
    if (first === undefined) return;
    const keys = [...new Set(meant.map(({ key }) => key))];
    const pointing = [...new Set(meant.flatMap((loss) => loss.pointing))];
    reportLock(context, first.statement, {
      message: `This deletes every row of ${listed(keys)}${goingAlong(pointing)} rollback file brings them back. Keep a copy first.`,
      at: context.placeOf(first.statement),
      object: first.key,
      help: sql('-- above it', ...copiesOf([...keys, ...pointing], context)),
      repro: `select count(*) from ${first.key};`,
    });
  },
});

interface Loss {
  readonly statement: Statement;
  readonly key: string;
  /** Tables whose rows go too. */
  readonly pointing: readonly string[];
  /** Rows that migrations write out: they are no user's, and stand in the files. */
  readonly refilled: boolean;
  readonly isMild: boolean;
  /** The file says that all shall go. */
  readonly isMeant: boolean;
}

function lossOf(statement: Statement, context: FileContext): Loss | null {
  const { kind, node } = statement;
  if (kind !== 'DeleteStmt' || node.whereClause !== undefined || node.usingClause !== undefined) return null;
  const key = context.keyOf(node.relation);
  if (context.isNew('table', key)) return null;
  const pointing = [...context.set.before.tables.values()].filter(
    (table) =>
      table.foreignKeys.some(({ references, onDelete }) => references === key && onDelete === 'cascade') &&
      !context.isEmpty(table.key, statement) &&
      // Emptied by name as well: that tells it.
      !context.statements.some((other) => allRowsTakenBy(other).includes(table.key)),
  );
  const refilled = pointing.length === 0 && isFilledAgain(key, statement, context);
  const isMild = needsNoRows(key, statement, context) || isSaidToHoldNothing(statement, context);
  return {
    statement,
    key,
    pointing: pointing.map((table) => table.key),
    refilled,
    isMild,
    isMeant: !refilled && !isMild && isSaidToTakeAll(statement, context),
  };
}

const goingAlong = (pointing: readonly string[]) =>
  pointing.length > 0 ? `. Rows of ${listed(pointing)} that point to them go too, and no` : ', and no';
