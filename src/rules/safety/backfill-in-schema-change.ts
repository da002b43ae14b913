import type { Table } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { timeOf } from '../../project/version.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { insideExplicitTransaction, isStandalone } from '../../sql/transaction.ts';
import { type FileContext, rule } from '../rule.ts';
import { lostValues } from '../support/conditions/implication.ts';
import { overviewOf } from '../support/files/versions.ts';
import { commandsOf, sql, takesExclusiveLock } from '../support/statements/statements.ts';
import { bare, conjuncts, constantOf, operatorOf, someNode } from '../support/syntax/tree.ts';
import { isFilledAgain } from '../support/tables/emptiness.ts';
import { isShortList } from '../support/tables/short-lists.ts';
import { youthOf } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/backfill-in-schema-change',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'rows of a table are updated while the lock of an ALTER TABLE on it is held',
  why: 'ALTER TABLE takes an ACCESS EXCLUSIVE lock and keeps it until the file is through. An UPDATE or DELETE behind it runs as long as the table is big, and nobody can read the table meanwhile. Filling a column that the same file adds is common and told as a note; so is an UPDATE of rows by a column that came within the hour before, a table of one row or of the last 30 days, and a list that migrations write and nobody adds to.',
  remedy:
    "Put the UPDATE into a migration of its own, behind this one.\n\n```sql\nupdate public.note set kind = 'text' where kind is null;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES'],
  fixable: false,
  file(context) {
    const inside = insideExplicitTransaction(context.source.statements);
    let locked = new Map<string, Set<string>>();
    const said = new Set<string>();
    context.source.statements.forEach((statement, index) => {
      const { kind, node } = statement;
      // A COMMIT or a standalone statement ends the transaction, and with it the locks.
      if (isStandalone(statement) || (kind === 'TransactionStmt' && inside[index] === false))
        locked = new Map();
      if (kind === 'AlterTableStmt' && node.objtype === 'OBJECT_TABLE') {
        const table = context.keyOf(node.relation);
        if (context.isNew('table', table) || context.isEmpty(table, statement) || !takesExclusiveLock(node))
          return;
        const added = locked.get(table) ?? new Set<string>();
        for (const { subtype, def } of commandsOf(node))
          if (subtype === 'AT_AddColumn') added.add(def?.ColumnDef?.colname);
        locked.set(table, added);
        return;
      }
      if (kind !== 'UpdateStmt' && kind !== 'DeleteStmt') return;
      // safety/delete-all says it.
      if (kind === 'DeleteStmt' && node.whereClause === undefined) return;
      const table = context.keyOf(node.relation);
      const added = locked.get(table);
      if (added === undefined || said.has(table) || namesItsRows(node, context.set.after.tables.get(table)))
        return;
      said.add(table);
      const fillsNew = kind === 'UpdateStmt' && touches(node).some((column) => added.has(column));
      const needed = isNeededBelow(table, statement, context);
      const inserts = insertsBelow(table, statement, context);
      const refusing = refusedAbove(table, statement, context);
      if (refusing !== null) {
        context.report({
          message: `The CHECK of line ${refusing.span.line} refuses the rows of "${table}" that are ${kind === 'UpdateStmt' ? 'updated' : 'deleted'} here: it fails where there is one, and this comes too late. Put it before that, in a migration of its own, where no lock of an ALTER TABLE is held.`,
          at: context.placeOf(statement),
          object: table,
          help: sql('-- in a migration before this one', `${statement.sql};`),
        });
        return;
      }
      const split = inserts
        ? 'Rows are inserted into it below, which it would find there: split the file so that it moves into a migration of its own together with them'
        : 'Split the file there, so that it runs in a migration of its own';
      context.report({
        message: `The lock of the ALTER TABLE above is still held while rows of "${table}" are ${kind === 'UpdateStmt' ? 'updated' : 'deleted'}. Nobody can read the table as long as that takes. ${needed ? 'What follows on the table may need it: make three files of this one, with this in the middle' : split}.`,
        at: context.placeOf(statement),
        object: table,
        ...(fillsNew ||
        (kind === 'UpdateStmt' && picksByFreshColumn(node, table, context)) ||
        (kind === 'DeleteStmt' && isFilledAgain(table, statement, context)) ||
        isShortList(table, context.set.before, context.facts) ||
        youthOf(table, context) !== null
          ? { severity: 'info' as const }
          : {}),
        help: sql(
          '-- in the next migration',
          ...(hasBlockAbove(table, statement, context)
            ? [`-- the DO block above, which updates ${table} too, and`]
            : []),
          `${statement.sql};`,
          ...(hasMoreBelow(table, statement, context) ? [`-- and the further ones on ${table}`] : []),
          ...(inserts && !needed ? [`-- and what is inserted into ${table} below`] : []),
          ...(needed ? ['-- in the one after that: what follows on the table'] : []),
        ),
      });
    });
  },
});

/** A CHECK above, valid at once, that refuses values which WHERE picks. */
const refusedAbove = (table: string, own: Statement, { source, keyOf }: FileContext) =>
  source.statements.find(
    ({ kind, node, start }) =>
      kind === 'AlterTableStmt' &&
      start < own.start &&
      keyOf(node.relation) === table &&
      commandsOf(node).some(({ subtype, def }) => {
        const { contype, raw_expr: check, skip_validation: skips } = def?.Constraint ?? {};
        return (
          subtype === 'AT_AddConstraint' &&
          contype === 'CONSTR_CHECK' &&
          skips !== true &&
          conjuncts(own.node.whereClause).some((part) => (lostValues(part, check)?.values.length ?? 0) > 0)
        );
      }),
  ) ?? null;

/** Told once for the table, at the first of several. */
const hasMoreBelow = (table: string, own: Statement, { source, keyOf }: FileContext) =>
  source.statements.some(
    ({ kind, node, start }) =>
      start > own.start && /^(Update|Delete)Stmt$/.test(kind) && keyOf(node.relation) === table,
  );

/** Behind the others it would change these rows too, or take them out. */
const insertsBelow = (table: string, own: Statement, { source, keyOf }: FileContext) => {
  const insert = written('insert\\s+into\\s+', table);
  return source.statements.some(
    ({ kind, node, start, sql: text }) =>
      start > own.start &&
      insert.test(text) &&
      (kind === 'DoStmt' ||
        someNode(
          [{ [kind]: node }],
          (each, { relation }) => each === 'InsertStmt' && keyOf(relation) === table,
        )),
  );
};

/** It runs under the same lock: to move only what stands below it wins nothing. */
const hasBlockAbove = (table: string, own: Statement, { source }: FileContext) => {
  const writes = written('update\\s+(only\\s+)?|delete\\s+from\\s+', table);
  return source.statements.some(
    ({ kind, start, sql: text }) => kind === 'DoStmt' && start < own.start && writes.test(text),
  );
};

const written = (verbs: string, table: string) =>
  new RegExp(`\\b(${verbs})("?\\w+"?\\.)?"?${escapeRegExp(table.split('.').at(-1)!)}\\b`, 'i');

/** A constraint, a type or a unique index below may hold only for the rows as this leaves them. */
const isNeededBelow = (table: string, own: Statement, { source, keyOf }: FileContext) =>
  source.statements.some(({ kind, node, start }) => {
    if (start <= own.start || !/^(AlterTable|Index)Stmt$/.test(kind) || keyOf(node.relation) !== table)
      return false;
    return kind === 'IndexStmt'
      ? node.unique === true
      : commandsOf(node).some(({ subtype }) =>
          /^AT_(AlterColumnType|SetNotNull|AddConstraint|AddIndex|DropColumn)$/.test(subtype),
        );
  });

/** `where id = …`: every column of a key is compared with a constant, or with a few. */
function namesItsRows(node: SyntaxNode, table: Table | undefined): boolean {
  const fixed = new Set(fixedBy(node).map(({ column }) => column));
  const keys = [...(table?.primaryKey ? [table.primaryKey] : []), ...(table?.uniques ?? [])];
  return keys.some(({ columns }) => columns.every((column) => fixed.has(column)));
}

/**
 * WHERE asks for values of a column that came no more than an hour before, by another file, and that neither its default
 * nor another UPDATE of the files gave it: few rows hold them yet.
 */
function picksByFreshColumn(node: SyntaxNode, key: string, context: FileContext): boolean {
  const { facts, changed, set, keyOf } = context;
  const table = set.before.tables.get(key);
  const { byPath } = overviewOf(facts.history);
  const now = timeOf(changed.migration.version);
  return fixedBy(node).some(({ column: name, values }) => {
    const column = table?.columns.find((each) => each.name === name);
    const file = column?.origin?.file;
    if (column === undefined || file === undefined || file === table?.origin?.file) return false;
    const then = timeOf(byPath.get(file)?.version ?? '');
    if (now === null || then === null || then >= now || now - then > 3_600_000) return false;
    return (
      !values.includes(constantOf(column.default?.node ?? null)) &&
      ![...facts.sources.values()].some(({ statements }) =>
        statements.some(
          ({ kind, node: other }) =>
            kind === 'UpdateStmt' &&
            other !== node &&
            touches(other).includes(name) &&
            keyOf(other.relation) === key,
        ),
      )
    );
  });
}

/** Columns that WHERE compares with a constant, or with a few. */
function fixedBy({ whereClause }: SyntaxNode): readonly { column: string; values: readonly unknown[] }[] {
  const conditions: readonly SyntaxNode[] =
    whereClause?.BoolExpr?.boolop === 'AND_EXPR' ? whereClause.BoolExpr.args : [whereClause];
  return conditions.flatMap((condition) => {
    const compared = condition?.A_Expr ?? {};
    const { kind, lexpr, rexpr } = compared;
    const equals = (kind === 'AEXPR_OP' || kind === 'AEXPR_IN') && operatorOf(compared) === '=';
    const constants: readonly SyntaxNode[] = rexpr?.List?.items ?? [rexpr];
    const column: string | undefined = lexpr?.ColumnRef?.fields?.at(-1)?.String?.sval;
    return equals && column !== undefined && constants.every((each) => bare(each)?.A_Const !== undefined)
      ? [{ column, values: constants.map((each) => constantOf(each)) }]
      : [];
  });
}

const touches = (node: SyntaxNode): readonly string[] =>
  (node.targetList ?? []).map((target: SyntaxNode) => target.ResTarget?.name);
