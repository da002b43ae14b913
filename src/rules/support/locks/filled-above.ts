/** What a file writes or deletes above SET NOT NULL: whether a NULL may be left in the column. */
import type { Table } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import type { FileContext } from '../../rule.ts';
import {
  alternatives,
  bare,
  columnParts,
  conjuncts,
  functionName,
  isColumn,
  operatorOf,
} from '../syntax/tree.ts';

/** An UPDATE above gives a value to all rows, or to those that have none. */
export const isFilledAbove = (context: FileContext, own: Statement, table: string, column: string) =>
  context.statements.some(
    (other) =>
      other.start < own.start &&
      isOnAllNulls(other, table, column, context) &&
      (other.kind === 'DeleteStmt' ||
        valuesFor(column, other).some(
          (value) =>
            bare(value)?.A_Const?.isnull !== true && !isNullable(value, context.set.before.tables.get(table)),
        )),
  ) || leavesNoNull(context, own, table, column);

/** What is written above proves it: those rows are deleted, or get a value that can't be NULL. */
export const leavesNoNull = (context: FileContext, own: Statement, table: string, column: string) =>
  context.statements.some(
    (other) =>
      other.start < own.start &&
      !isNulledBetween(other, own, table, column, context) &&
      ((other.kind === 'DeleteStmt' && isOnAllNulls(other, table, column, context)) ||
        (other.kind === 'UpdateStmt' &&
          isOnAllNulls(other, table, column, context, joinsEveryRow) &&
          valuesFor(column, other).some((value) => isNeverNull(value, tablesOf(other, context))))),
  );

/** A later UPDATE may take the value away again. */
const isNulledBetween = (
  { start }: Statement,
  own: Statement,
  table: string,
  column: string,
  context: FileContext,
) =>
  context.statements.some(
    (other) =>
      other.start > start &&
      other.start < own.start &&
      ((other.kind === 'InsertStmt' && context.keyOf(other.node.relation) === table) ||
        (other.kind === 'UpdateStmt' &&
          context.keyOf(other.node.relation) === table &&
          valuesFor(column, other).some((value) => !isNeverNull(value, tablesOf(other, context))))),
  );

const valuesFor = (column: string, { node }: Statement): readonly SyntaxNode[] =>
  (node.targetList ?? []).flatMap(({ ResTarget: target }: SyntaxNode) =>
    target?.name === column && target.val !== undefined ? [target.val] : [],
  );

/** It takes all rows of the table, or all whose column is NULL; what else it asks for must leave none of them out. */
function isOnAllNulls(
  other: Statement,
  table: string,
  column: string,
  context: FileContext,
  leavesNoneOut: (condition: SyntaxNode, other: Statement, context: FileContext) => boolean = () => false,
): boolean {
  const { kind, node } = other;
  if (!/^(Delete|Update)Stmt$/.test(kind) || context.keyOf(node.relation) !== table) return false;
  if (node.whereClause === undefined) return node.fromClause === undefined && node.usingClause === undefined;
  const isNullTest = (part: SyntaxNode) => {
    const test = bare(part)?.NullTest;
    return test?.nulltesttype === 'IS_NULL' && isColumn(test.arg, column);
  };
  if (node.fromClause === undefined && node.usingClause === undefined)
    return alternatives(node.whereClause).some(isNullTest);
  return conjuncts(node.whereClause).every((part) => isNullTest(part) || leavesNoneOut(part, other, context));
}

/** `parent.id = child.parent_id`, where a validated key says that each row has its parent. */
function joinsEveryRow(condition: SyntaxNode, other: Statement, context: FileContext): boolean {
  const compared = bare(condition)?.A_Expr;
  if (compared?.kind !== 'AEXPR_OP' || operatorOf(compared) !== '=' || other.node.fromClause?.length !== 1)
    return false;
  const sides = [compared.lexpr, compared.rexpr].map((side) => bare(side)?.ColumnRef);
  if (sides.includes(undefined)) return false;
  const tables = tablesOf(other, context);
  const own = context.set.before.tables.get(context.keyOf(other.node.relation));
  const [from] = tables.filter((each) => each.table !== own);
  const placed = sides.map((ref) => {
    const parts = columnParts(ref!);
    return {
      column: parts.at(-1)!,
      of: tables.find(({ alias }) => parts.length > 1 && alias === parts.at(-2)),
    };
  });
  const child = placed.find(({ of }) => of?.table === own);
  const parent = placed.find(({ of }) => of !== undefined && of === from);
  return (
    own !== undefined &&
    child !== undefined &&
    parent !== undefined &&
    own.columns.some(({ name: each, notNull }) => each === child.column && notNull) &&
    own.foreignKeys.some(
      ({ columns, references, referencedColumns, validated }) =>
        validated &&
        columns.join() === child.column &&
        references === from!.table?.key &&
        (referencedColumns.join() || from!.table.primaryKey?.columns.join()) === parent.column,
    )
  );
}

interface Named {
  readonly alias: string;
  readonly table: Table | undefined;
}

/** The tables that an UPDATE names, as they stood before. */
const tablesOf = ({ node }: Statement, { set, keyOf }: FileContext): readonly Named[] =>
  [{ RangeVar: node.relation }, ...(node.fromClause ?? [])].flatMap(({ RangeVar: range }: SyntaxNode) =>
    range === undefined
      ? []
      : [{ alias: range.alias?.aliasname ?? range.relname, table: set.before.tables.get(keyOf(range)) }],
  );

const givesValue =
  /^(gen_random_uuid|uuid_generate_v4|now|clock_timestamp|statement_timestamp|transaction_timestamp|random|nextval|jsonb?_build_(object|array))$/;

/** A constant, the time, a column that is NOT NULL, and what is made of such. */
function isNeverNull(value: SyntaxNode | undefined, tables: readonly Named[]): boolean {
  const node = bare(value);
  if (node === null) return false;
  const isSure = (part: SyntaxNode | undefined) => isNeverNull(part, tables);
  if (node.A_Const !== undefined) return node.A_Const.isnull !== true;
  if (node.SQLValueFunction !== undefined) return true;
  if (node.A_ArrayExpr !== undefined) return true;
  if (node.CoalesceExpr !== undefined) return node.CoalesceExpr.args.some(isSure);
  if (node.FuncCall !== undefined) return givesValue.test(functionName(node.FuncCall).name);
  if (node.CaseExpr !== undefined)
    return (
      isSure(node.CaseExpr.defresult) &&
      node.CaseExpr.args.every(({ CaseWhen }: SyntaxNode) => isSure(CaseWhen?.result))
    );
  if (node.A_Expr?.kind === 'AEXPR_OP')
    return (
      /^([-+*/]|\|\|)$/.test(operatorOf(node.A_Expr)) &&
      isSure(node.A_Expr.lexpr) &&
      isSure(node.A_Expr.rexpr)
    );
  if (node.ColumnRef === undefined) return false;
  const parts = columnParts(node.ColumnRef);
  const those = parts.length > 1 ? tables.filter(({ alias }) => alias === parts.at(-2)) : tables;
  return (
    those.length === 1 &&
    those[0]!.table?.columns.some(({ name, notNull }) => name === parts.at(-1) && notNull) === true
  );
}

/** Another column, which may hold NULL itself: `set tax_id = fiscal_id`. */
function isNullable(value: SyntaxNode, table: Table | undefined): boolean {
  const ref = bare(value)?.ColumnRef;
  const source = ref === undefined ? undefined : columnParts(ref).at(-1);
  return table?.columns.find(({ name }) => name === source)?.notNull === false;
}
