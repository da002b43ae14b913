import type { Fix } from '../../model/finding.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, quoteLiteral, strings } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { implies, lostValues, type ValueList } from '../support/conditions/implication.ts';
import { type AddedConstraint, readingAll } from '../support/locks/constraints-told.ts';
import { addNotValid, validate } from '../support/locks/not-valid.ts';
import {
  type alterExisting,
  alterFilled,
  commandsOf,
  isRefused,
  isThere,
  rangeOfCommand,
  reportLock,
  rowsAreMended,
  sql,
} from '../support/statements/statements.ts';
import { alternatives, columnParts, someNode, visitTree } from '../support/syntax/tree.ts';
import { allRowsTakenBy, holdsOneRow } from '../support/tables/emptiness.ts';
import { failsOnNull, passesOnNull } from '../support/tables/null-rows.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/constraint-validated',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a CHECK or foreign key that is validated while the table is locked',
  why: 'ADD CONSTRAINT reads every row under its lock (ACCESS EXCLUSIVE for a CHECK, SHARE ROW EXCLUSIVE on both tables for a foreign key), and one row that breaks it makes the file fail (none does where it allows all that the one it replaces did). NOT VALID holds for new rows at once and reads nothing; VALIDATE in a later migration reads without blocking writes. In the same transaction the lock of the first is held through the second, and nothing is won.',
  remedy:
    "Add it NOT VALID, validate it in the next migration.\n\n```sql\nalter table public.note add constraint note_body_set check (body <> '') not valid;\n-- in the next migration\nalter table public.note validate constraint note_body_set;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT'],
  fixable: true,
  statement: alterFilled(
    ['AT_AddConstraint', 'AT_ValidateConstraint'],
    (command, table, statement, context, { place, range }) => {
      if (command.subtype === 'AT_ValidateConstraint') {
        const constraint = addedHere(command.name, table, context);
        if (
          constraint === null ||
          (constraint.contype === 'CONSTR_FOREIGN' && onlyNewColumns(constraint, table, context))
        )
          return;
        reportWait(context, statement, {
          message: `"${command.name}" is added NOT VALID and validated in the same file. The lock of the first is held through the second, so nothing is won. Validate it in the next migration.`,
          at: place,
          object: table,
          key: `${command.name} validate`,
          help: sql('-- in the next migration, and not here', ...validatedHere(context)),
        });
        return;
      }
      // Told once for the statement, at the first of them.
      const all = commandsOf(statement.node).filter(
        (other) =>
          other.subtype === 'AT_AddConstraint' &&
          readsRows(other, table, statement, context) &&
          !isRefused(other, table, context),
      );
      if (all[0] !== command) return;
      const constraints = all.map((each) => added(each.def.Constraint, table, statement, context));
      const lost = constraints.flatMap((each) => each.lost ?? []);
      const empty = [...new Set(constraints.flatMap((each) => each.empty))];
      const problem = {
        message: readingAll(constraints, table, statement, context),
        at: place,
        object: table,
        key: constraints.map(({ name, what }) => name ?? what).join(' '),
        // Nothing can break it: the look at the rows is all that it costs.
        ...(empty.length === 0 &&
        constraints.every(({ isCheck, allows, onNewColumns }) => isCheck && (allows || onNewColumns))
          ? { severity: 'info' as const }
          : {}),
        help: sql(
          ...addNotValid(all, table, statement, context),
          `-- in the next migration`,
          ...lost.map(
            ({ column, values }) =>
              `update ${table} set ${quoteIdent(column)} = … where ${quoteIdent(column)} in (${values.map((value) => (typeof value === 'string' ? quoteLiteral(value) : String(value))).join(', ')});`,
          ),
          ...empty.map(
            (column) => `update ${table} set ${quoteIdent(column)} = … where ${quoteIdent(column)} is null;`,
          ),
          ...constraints.flatMap(({ name }) => validate(name ?? '…', table, statement, context)),
          ...besideUnvalidated(table, context),
        ),
        ...(range === null ? {} : { fix: notValidBehind(all, range, statement, context) }),
      };
      if (lost.length + empty.length > 0) reportLock(context, statement, problem);
      else
        reportWait(
          context,
          statement,
          problem,
          constraints.some(({ holds }) => !holds),
        );
    },
  ),
});

type Context = Parameters<Parameters<typeof alterExisting>[1]>[3];

/** What this file validates of the constraints that it adds: the lock of each is held to its end. */
const validatedHere = (context: Context): readonly string[] =>
  context.statements.flatMap((statement) =>
    statement.kind === 'AlterTableStmt'
      ? commandsOf(statement.node).flatMap(({ subtype, name }) => {
          const table = context.keyOf(statement.node.relation);
          return subtype === 'AT_ValidateConstraint' && addedHere(name, table, context) !== null
            ? validate(name, table, statement, context)
            : [];
        })
      : [],
  );

/** Others of the table that this file adds NOT VALID and that no migration validates. */
function besideUnvalidated(table: string, context: Context): readonly string[] {
  const atEnd = context.facts.head.tables.get(table);
  const left = [...(atEnd?.checks ?? []), ...(atEnd?.foreignKeys ?? [])].filter(
    ({ validated }) => !validated,
  );
  return context.statements.flatMap((statement) =>
    statement.kind === 'AlterTableStmt' && context.keyOf(statement.node.relation) === table
      ? commandsOf(statement.node).flatMap(({ subtype, def }) => {
          const { conname: name, skip_validation: skips } = def?.Constraint ?? {};
          return subtype === 'AT_AddConstraint' && skips === true && left.some((each) => each.name === name)
            ? validate(name, table, statement, context)
            : [];
        })
      : [],
  );
}

function notValidBehind(
  all: readonly SyntaxNode[],
  first: { readonly end: number },
  statement: Statement,
  context: Context,
): Fix {
  const commands = commandsOf(statement.node);
  const ends = all.map((each) => rangeOfCommand(context, statement, commands.indexOf(each)) ?? first);
  return {
    title: 'Add NOT VALID; validate it in the next migration',
    edits: ends.map(({ end }) => context.edit(end, end, ' not valid')),
  };
}

function added(
  constraint: SyntaxNode,
  table: string,
  statement: Statement,
  context: Context,
): AddedConstraint {
  const isCheck = constraint.contype === 'CONSTR_CHECK';
  // What stands in a column of this change is the file's own doing.
  // One of them suffices in a foreign key: where a column is NULL, none is asked for.
  const onNewColumns = isCheck
    ? alternatives(constraint.raw_expr).some((branch) => readsNewColumns(branch, table, context))
    : (constraint.fk_attrs ?? []).some((column: SyntaxNode) =>
        onlyNewColumns({ fk_attrs: [column as { String: { sval: string } }] }, table, context),
      );
  const allows = allowsAsMuch(constraint, table, context);
  const empty = isCheck ? failsOnNull(constraint.raw_expr, table, statement, context) : [];
  const holds = onNewColumns || rowsAreMended(statement, table, columnsOf(constraint), context) || allows;
  return {
    name: constraint.conname ?? null,
    what: isCheck ? 'CHECK' : 'foreign key',
    isCheck,
    references: isCheck ? null : context.keyOf(constraint.pktable),
    allows,
    onNewColumns,
    holds,
    empty,
    lost: isCheck && !holds ? lostBy(constraint, table, context) : null,
  };
}

/** A CHECK or foreign key that is valid from the start, on rows that may be many. */
function readsRows(command: SyntaxNode, table: string, statement: Statement, context: Context): boolean {
  const before = context.set.before.tables.get(table);
  const constraint = command.def?.Constraint;
  if (constraint === undefined || constraint.skip_validation === true || holdsOneRow(before)) return false;
  if (isThere(context, table, constraint.conname ?? null)) return false;
  if (constraint.contype !== 'CONSTR_FOREIGN')
    return (
      constraint.contype === 'CONSTR_CHECK' && !passesOnNull(constraint.raw_expr, table, statement, context)
    );
  // Postgres 17 knows no NOT VALID for foreign keys of partitioned tables.
  return !(
    before?.kind === 'partitioned' ||
    // All columns new in this change and without default: nothing to find.
    onlyNewColumns(constraint, table, context) ||
    provesRewrittenKeys(constraint, table, statement, context)
  );
}

/** The constraint of that name that the file adds. */
function addedHere(name: string, table: string, { source, keyOf }: Context): SyntaxNode | null {
  for (const { kind, node } of source.statements) {
    if (kind !== 'AlterTableStmt' || keyOf(node.relation) !== table) continue;
    for (const { def } of commandsOf(node)) if (def?.Constraint?.conname === name) return def.Constraint;
  }
  return null;
}

/**
 * It takes the place of a valid one that this file drops, and lets through whatever that did: a longer list of the same
 * column's values, or the same reference with another action. No row breaks it.
 */
function allowsAsMuch(constraint: SyntaxNode, table: string, context: Context): boolean {
  const former = formerKeys(context);
  const before = context.set.before.tables.get(former.get(table) ?? table);
  if (before === undefined) return false;
  const dropped = new Set(
    context.statements.flatMap(({ kind, node }) =>
      kind === 'AlterTableStmt' && context.keyOf(node.relation) === table
        ? commandsOf(node).flatMap(({ subtype, name }) => (subtype === 'AT_DropConstraint' ? [name] : []))
        : [],
    ),
  );
  const isGone = ({ name, validated }: { name: string; validated: boolean }) =>
    validated && dropped.has(name);
  if (constraint.contype === 'CONSTR_FOREIGN') {
    const columns = strings(constraint.fk_attrs).join('\0');
    const references = context.keyOf(constraint.pktable);
    const names = renamedColumns(table, context);
    const named = strings(constraint.pk_attrs).join('\0');
    return before.foreignKeys.some(
      (key) =>
        isGone(key) &&
        key.columns.map((name) => names.get(name) ?? name).join('\0') === columns &&
        key.references === (former.get(references) ?? references) &&
        (named === '' || key.referencedColumns.length === 0 || key.referencedColumns.join('\0') === named),
    );
  }
  return before.checks
    .filter(isGone)
    .some(({ expression }) => expression.node !== null && implies(expression.node, constraint.raw_expr));
}

/** Values that each list before the change lets through for the column, and this one does not. */
function lostBy(constraint: SyntaxNode, table: string, { set }: Context): ValueList | null {
  const lists = (set.before.tables.get(table)?.checks ?? []).flatMap(({ expression }) => {
    const lost = expression.node === null ? null : lostValues(expression.node, constraint.raw_expr);
    return lost === null ? [] : [lost];
  });
  const [first, ...others] = lists;
  if (first === undefined) return null;
  const values = first.values.filter((value) => others.every((other) => other.values.includes(value)));
  return values.length === 0 ? null : { ...first, values };
}

/**
 * The file takes the same key away, rewrites what it points by or at, and lays it again: that it reads every row proves
 * that nothing was left behind.
 */
function provesRewrittenKeys(
  constraint: SyntaxNode,
  table: string,
  { start }: Statement,
  context: Context,
): boolean {
  const columns = strings(constraint.fk_attrs);
  const references = context.keyOf(constraint.pktable);
  const dropped = (context.set.before.tables.get(table)?.foreignKeys ?? [])
    .filter((key) => key.references === references && key.columns.join('\0') === columns.join('\0'))
    .map(({ name }) => name);
  const above = context.statements.filter((other) => other.start < start);
  const drop = above.find(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      context.keyOf(node.relation) === table &&
      commandsOf(node).some(
        (command) => command.subtype === 'AT_DropConstraint' && dropped.includes(command.name),
      ),
  );
  const ofKey = (key: string) =>
    key === table ? columns : key === references ? [...strings(constraint.pk_attrs), 'id'] : [];
  return (
    drop !== undefined &&
    above.some(
      (other) =>
        other.start > drop.start &&
        (allRowsTakenBy(other).includes(references) ||
          (other.kind === 'DeleteStmt' && context.keyOf(other.node.relation) === references) ||
          (other.kind === 'UpdateStmt' && rewrites(other.node, ofKey(context.keyOf(other.node.relation))))),
    )
  );
}

const rewrites = ({ targetList }: SyntaxNode, columns: readonly string[]) =>
  (targetList ?? []).some(({ ResTarget }: SyntaxNode) => columns.includes(ResTarget?.name));

const columnsOf = ({ fk_attrs: own, raw_expr: expression }: SyntaxNode): string[] => {
  const columns = strings(own);
  visitTree(expression === undefined ? null : [expression], (kind, node) => {
    if (kind === 'ColumnRef') columns.push(columnParts(node).at(-1) ?? '');
  });
  return columns;
};

/** New names by the old ones. */
const renamedColumns = (table: string, { statements, keyOf }: Context): ReadonlyMap<string, string> =>
  new Map(
    statements.flatMap(({ kind, node }) =>
      kind === 'RenameStmt' && node.renameType === 'OBJECT_COLUMN' && keyOf(node.relation) === table
        ? [[node.subname, node.newname]]
        : [],
    ),
  );

/** Tables that the file renames, by their new key. */
const formerKeys = ({ statements, keyOf }: Context): ReadonlyMap<string, string> =>
  new Map(
    statements.flatMap(({ kind, node }) =>
      kind === 'RenameStmt' && node.renameType === 'OBJECT_TABLE'
        ? [[keyOf({ ...node.relation, relname: node.newname }), keyOf(node.relation)]]
        : [],
    ),
  );

function readsNewColumns(condition: SyntaxNode, table: string, { set }: Context): boolean {
  const before = set.before.tables.get(table);
  return (
    before !== undefined &&
    !someNode(
      [condition],
      (kind, node) =>
        kind === 'ColumnRef' && before.columns.some(({ name }) => name === columnParts(node).at(-1)),
    )
  );
}

function onlyNewColumns(
  constraint: { fk_attrs?: { String: { sval: string } }[] },
  table: string,
  context: Context,
): boolean {
  const { set } = context;
  const renamed = [...renamedColumns(table, context).values()];
  const before = set.before.tables.get(table);
  const after = set.after.tables.get(table);
  return (
    before !== undefined &&
    (constraint.fk_attrs ?? []).every(({ String: { sval } }) => {
      if (renamed.includes(sval) || before.columns.some(({ name }) => name === sval)) return false;
      return after?.columns.find(({ name }) => name === sval)?.default === null;
    })
  );
}
