import type { Statement } from '../../model/sql.ts';
import { insideExplicitTransaction, isStandalone } from '../../sql/transaction.ts';
import { type FileContext, rule } from '../rule.ts';
import { commandsOf, isIndexThere, isRefused, isThere } from '../support/statements/statements.ts';
import { passesOnNull } from '../support/tables/null-rows.ts';
import { smallness, youthOf } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/wide-lock-window',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'long work on one table while another one is locked exclusively',
  why: 'Locks are kept until the file is through. Building an index, reading a table for a constraint or refreshing a view takes as long as the table is big, and a table that was altered before in the same file can not even be read meanwhile. A table that the migrations made within 30 days holds nobody up.',
  remedy: 'Put the long statement into a migration of its own.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES'],
  fixable: false,
  backs: [
    'safety/index-not-concurrent',
    'safety/constraint-validated',
    'safety/unique-constraint',
    'safety/primary-key-index',
    'safety/exclusion-constraint',
    'safety/refresh-not-concurrent',
  ],
  file(context) {
    const own = context.source.statements;
    const inside = insideExplicitTransaction(own);
    const ends = new Set(
      own.filter(
        (statement, index) =>
          isStandalone(statement) || (statement.kind === 'TransactionStmt' && inside[index] === false),
      ),
    );
    let held: string | null = null;
    // Those of DO blocks too, which end no transaction.
    for (const statement of context.statements) {
      if (ends.has(statement)) held = null;
      const work = longWork(statement, context);
      if (work !== null && held !== null && work.table !== held) {
        context.report({
          message: `"${held}" is still locked exclusively by a statement above while ${work.what} "${work.table}". Nobody can read "${held}" as long as that takes. Move this into a migration of its own.`,
          at: context.placeOf(statement),
          object: held,
          key: work.table,
        });
        return;
      }
      held ??= exclusivelyLocked(statement, context);
    }
  },
});

function exclusivelyLocked(statement: Statement, context: FileContext): string | null {
  const { kind, node } = statement;
  if (kind !== 'AlterTableStmt' || node.objtype !== 'OBJECT_TABLE') return null;
  const table = context.keyOf(node.relation);
  if (context.isNew('table', table) || context.isEmpty(table, statement)) return null;
  const exclusive = commandsOf(node).some(({ subtype }) =>
    /^AT_(AddColumn|DropColumn|AlterColumnType|ColumnDefault|SetNotNull|DropNotNull|DropConstraint)$/.test(
      subtype,
    ),
  );
  return exclusive ? table : null;
}

function longWork(statement: Statement, context: FileContext): { table: string; what: string } | null {
  const { kind, node } = statement;
  const existing = (table: string) =>
    context.isNew('table', table) ||
    context.isNew('view', table) ||
    context.isEmpty(table, statement) ||
    smallness(table, context) !== null ||
    youthOf(table, context) !== null
      ? null
      : table;
  if (kind === 'IndexStmt' && node.concurrent !== true) {
    const table = existing(context.keyOf(node.relation));
    return table === null || isIndexThere(node, table, context)
      ? null
      : { table, what: 'an index is built on' };
  }
  if (kind === 'RefreshMatViewStmt') {
    const table = existing(context.keyOf(node.relation));
    return table === null ? null : { table, what: 'the query runs for' };
  }
  if (kind === 'AlterTableStmt' && node.objtype === 'OBJECT_TABLE') {
    const table = existing(context.keyOf(node.relation));
    const reads = commandsOf(node).some(
      ({ subtype, def }) =>
        subtype === 'AT_ValidateConstraint' ||
        (subtype === 'AT_AddConstraint' &&
          /^CONSTR_(CHECK|UNIQUE|PRIMARY|EXCLUSION)$/.test(def?.Constraint?.contype) &&
          def.Constraint.skip_validation !== true &&
          def.Constraint.indexname === undefined &&
          !isRefused({ subtype, def }, table ?? '', context) &&
          // A look at columns that are NULL in every row is what safety/constraint-validated tells nothing of either.
          !(
            def.Constraint.contype === 'CONSTR_CHECK' &&
            passesOnNull(def.Constraint.raw_expr, table ?? '', statement, context)
          ) &&
          !isThere(context, table ?? '', def.Constraint.conname ?? null)),
    );
    return table === null || !reads ? null : { table, what: 'a constraint reads' };
  }
  return null;
}
