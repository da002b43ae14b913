import type { Check } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { stillInsertsWithout } from '../support/application/client-calls.ts';
import { isFilledAbove, leavesNoNull } from '../support/locks/filled-above.ts';
import { provenNotNull } from '../support/locks/proof.ts';
import { alterExisting, commandsOf, listed, reportLock, sql } from '../support/statements/statements.ts';
import { bare, isColumn } from '../support/syntax/tree.ts';
import { allRowsTakenBy, isLeftEmpty } from '../support/tables/emptiness.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/set-not-null',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'SET NOT NULL, which reads the whole table under an exclusive lock',
  why: 'Postgres reads every row to see that none is NULL, under ACCESS EXCLUSIVE: neither reads nor writes go on meanwhile. With a validated CHECK (column IS NOT NULL) it need not read. Where the code of the repository inserts rows without the column, the first such place is told.',
  remedy:
    'Prove it by a CHECK first.\n\n```sql\nalter table public.note add constraint note_slug_set check (slug is not null) not valid;\n-- in the next migration\nalter table public.note validate constraint note_slug_set;\nalter table public.note alter column slug set not null;\nalter table public.note drop constraint note_slug_set;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL'],
  fixable: false,
  statement: alterExisting(['AT_SetNotNull'], (command, table, statement, context, { place }) => {
    if (isLeftEmpty(command.name, table, statement, context.statements, context.set.before)) {
      if (emptiedAbove(table, statement, context)) return;
      const name = quoteIdent(command.name);
      reportLock(context, statement, {
        message: `"${command.name}" of "${table}" is added above without a value, so SET NOT NULL fails with 23502 as soon as the table holds one row.${stillInsertsWithout(table, command.name, context.set.after, context.facts)} Fill it first.`,
        at: place,
        object: table,
        key: command.name,
        severity: 'error',
        help: sql(
          `update ${table} set ${name} = … where ${name} is null;`,
          '-- then, in a later migration',
          `alter table ${table} alter column ${name} set not null;`,
        ),
        repro: `select count(*) from ${table};`,
      });
      return;
    }
    // Told once for the statement, at the first of them.
    const all = columnsRead(table, statement, context);
    if (all[0] !== command) return;
    const columns = all.map(({ name }): string => name);
    const unproven = columns
      .filter((name) => !isFilledAbove(context, statement, table, name))
      .map((name) => `"${name}"`);
    const without =
      columns
        .map((name) => stillInsertsWithout(table, name, context.set.after, context.facts))
        .find((told) => told !== '') ?? '';
    reportWait(context, statement, {
      message: `SET NOT NULL${columns.length === 1 ? '' : ` on ${listed(columns)}`} reads all of "${table}" under an exclusive lock. Reads and writes wait${unproven.length === 0 ? '' : `, and one NULL in ${unproven.join(' or ')} makes it fail`}.${without} Prove it by a validated CHECK first.`,
      at: place,
      object: table,
      key: command.name,
      // Nothing can make it fail: the look at the rows is all that it costs. What fills a new column is told by itself.
      ...(without === '' &&
      unproven.length === 0 &&
      columns.every(
        (name) => isAddedHere(name, table, context) || leavesNoNull(context, statement, table, name),
      )
        ? { severity: 'info' as const }
        : {}),
      help: sql(...provenNotNull(table, columns)),
      repro: `select count(*) from ${table} where ${columns.map((name) => `${quoteIdent(name)} is null`).join(' or ')};`,
    });
  }),
});

/** The columns of the statement that it reads the table's rows for, in its order. */
const columnsRead = (table: string, statement: Statement, context: FileContext): readonly SyntaxNode[] =>
  commandsOf(statement.node).filter(
    ({ subtype, name }) => subtype === 'AT_SetNotNull' && readsRows(name, table, statement, context),
  );

const isAddedHere = (column: string, table: string, { statements, keyOf }: FileContext) =>
  statements.some(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      keyOf(node.relation) === table &&
      commandsOf(node).some(
        ({ subtype, def }) => subtype === 'AT_AddColumn' && def?.ColumnDef?.colname === column,
      ),
  );

/** No row is known to be free of NULL by other means, or to be looked at anyway. */
function readsRows(column: string, table: string, own: Statement, context: FileContext): boolean {
  const known = context.set.before.tables.get(table);
  if (isLeftEmpty(column, table, own, context.statements, context.set.before)) return false;
  if (context.isEmpty(table, own)) return false;
  if (known?.columns.find(({ name }) => name === column)?.notNull === true) return false;
  return (
    !checksStanding(table, own, context).some(({ expression }) => proves(expression.node, column)) &&
    !isAddedFilled(context, own, table, column) &&
    !becomesKey(column, table, context)
  );
}

/** The validated checks that stand when the statement runs: a later statement of the file may drop them again. */
function checksStanding(table: string, own: Statement, context: FileContext): readonly Check[] {
  const { changed, statements, set, keyOf } = context;
  const checks = new Map(
    [
      ...(set.before.tables.get(table)?.checks ?? []),
      ...(changed.step.before.tables.get(table)?.checks ?? []),
    ].map((check) => [check.name, check]),
  );
  const after = changed.step.after.tables.get(table)?.checks ?? [];
  for (const { kind, node, start } of statements) {
    if (kind !== 'AlterTableStmt' || start >= own.start || keyOf(node.relation) !== table) continue;
    for (const { subtype, name } of commandsOf(node)) {
      const check = checks.get(name);
      if (subtype === 'AT_DropConstraint') checks.delete(name);
      if (subtype === 'AT_ValidateConstraint' && check !== undefined)
        checks.set(name, { ...check, validated: true });
    }
  }
  return [...checks.values(), ...after].filter(({ validated }) => validated);
}

/** The file makes a primary key of it, which looks at each row: safety/primary-key-index tells that. */
const becomesKey = (column: string, table: string, { statements, keyOf }: FileContext) =>
  statements.some(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      keyOf(node.relation) === table &&
      commandsOf(node).some(
        ({ subtype, def }) =>
          subtype === 'AT_AddConstraint' &&
          def?.Constraint?.contype === 'CONSTR_PRIMARY' &&
          strings(def.Constraint.keys).includes(column),
      ),
  );

const emptiedAbove = (table: string, own: Statement, { statements }: FileContext) =>
  statements.some((statement) => statement.start < own.start && allRowsTakenBy(statement).includes(table));

/** The file adds the column above with a default: no row holds NULL, and the table is locked already. */
const isAddedFilled = ({ statements, keyOf }: FileContext, own: Statement, table: string, column: string) =>
  statements.some(
    ({ kind, node, start }) =>
      kind === 'AlterTableStmt' &&
      start < own.start &&
      keyOf(node.relation) === table &&
      commandsOf(node).some(
        ({ subtype, def }) =>
          subtype === 'AT_AddColumn' &&
          def?.ColumnDef?.colname === column &&
          (def.ColumnDef.constraints ?? []).some(
            ({ Constraint: constraint }: SyntaxNode) =>
              constraint?.contype === 'CONSTR_IDENTITY' ||
              (constraint?.contype === 'CONSTR_DEFAULT' &&
                bare(constraint.raw_expr)?.A_Const?.isnull !== true),
          ),
      ),
  );

/** `a is not null`, alone or as one of several conditions that must all hold (ConstraintImpliedByRelConstraint). */
function proves(expression: SyntaxNode | null, column: string): boolean {
  const node = bare(expression);
  if (node?.BoolExpr?.boolop === 'AND_EXPR') {
    return node.BoolExpr.args.some((part: SyntaxNode) => proves(part, column));
  }
  const test = node?.NullTest;
  return test?.nulltesttype === 'IS_NOT_NULL' && isColumn(test.arg, column);
}
