import type { Statement } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { failsAlways, outcomeOf, typeChangeOf } from '../support/locks/type-change.ts';
import { commandsOf, rangeOfCommand, reportLock, runOf, sql } from '../support/statements/statements.ts';
import { holdsOneRow, isRequired } from '../support/tables/emptiness.ts';
import { passesOnNull } from '../support/tables/null-rows.ts';

export default rule({
  id: 'safety/lock-timeout',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'replay'],
  summary: 'a long exclusive lock on an existing table without lock_timeout',
  why: 'A statement that waits for an exclusive lock makes every later query on the table wait behind it: one long SELECT is enough to stop the application. With `lock_timeout` the migration fails instead, and can be tried again. Quick changes of the catalog are left alone.',
  remedy: "Set it on top of the file.\n\n```sql\nset lock_timeout = '5s';\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-LOCK-TIMEOUT'],
  fixable: true,
  backs: [
    'safety/change-type',
    'safety/set-not-null',
    'safety/set-logged',
    'safety/constraint-validated',
    'safety/unique-constraint',
    'safety/primary-key-index',
    'safety/exclusion-constraint',
  ],
  file(context) {
    for (const statement of context.source.statements) {
      if (statement.kind === 'VariableSetStmt' && statement.node.name === 'lock_timeout') return;
      const heavy = heavilyLocked(statement, context);
      if (heavy === null || fails(statement, heavy.table, context)) continue;
      const { table, work } = heavy;
      const { start } = context.source.statements[0]!;
      reportLock(context, statement, {
        message: `This locks "${table}" exclusively while ${work}, and no "lock_timeout" is set. While it waits for its turn, every other query on the table waits behind it. Set one on top of the file.`,
        at: context.placeOf(statement),
        object: table,
        help: sql("set lock_timeout = '5s';"),
        fix: { title: 'Set lock_timeout', edits: [context.edit(start, start, "set lock_timeout = '5s';\n")] },
      });
      return;
    }
  },
});

/** Rewrites and scans under ACCESS EXCLUSIVE: what the warnings of this category are about. */
function heavilyLocked(statement: Statement, context: FileContext): { table: string; work: string } | null {
  const { kind, node } = statement;
  if (kind !== 'AlterTableStmt' || node.objtype !== 'OBJECT_TABLE') return null;
  const table = context.keyOf(node.relation);
  if (context.isNew('table', table) || context.isEmpty(table, statement)) return null;
  if (holdsOneRow(context.set.before.tables.get(table))) return null;
  const works = commandsOf(node).flatMap(({ subtype, def }) => {
    if (/^AT_Set(Un)?Logged$/i.test(subtype)) return ['it is written anew'];
    if (subtype === 'AT_AlterColumnType') return ['its rows are read or written anew'];
    if (subtype === 'AT_SetNotNull') return [everyRow];
    const { contype, skip_validation: notValid, indexname, raw_expr: asked } = def?.Constraint ?? {};
    if (subtype !== 'AT_AddConstraint' || notValid === true || indexname !== undefined) return [];
    if (contype === 'CONSTR_CHECK') return passesOnNull(asked, table, statement, context) ? [] : [everyRow];
    return /^CONSTR_(UNIQUE|PRIMARY|EXCLUSION)$/.test(contype) ? ['an index of every row is built'] : [];
  });
  return works[0] === undefined ? null : { table, work: works[0] };
}

const everyRow = 'every row is read';

/** It lays its lock down at once, and what it fails by is told: how long it may wait is the least of it. */
function fails(statement: Statement, table: string, context: FileContext): boolean {
  if (runOf(context, statement)?.status === 'failed') return true;
  return commandsOf(statement.node).some((command, index) => {
    if (command.subtype !== 'AT_AlterColumnType') return isRequired(command, table, context.set.before);
    const range = rangeOfCommand(context, statement, index);
    const change = typeChangeOf(command, table, statement, range, context);
    return change !== null && failsAlways(outcomeOf(change, context));
  });
}
