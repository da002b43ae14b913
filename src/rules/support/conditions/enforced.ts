/** Conditions of a policy that a key or a constraint of the table enforces anyway: without them it lets in nothing more. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { wholeKeys } from '../../../sql/fold/constraints.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { alternatives, bare, columnParts, conjuncts, nodesOf, operatorOf } from '../syntax/tree.ts';
import { implies } from './implication.ts';

/** `rest` is what the policy goes on asking. */
export function isEnforced(part: SyntaxNode, rest: SyntaxNode, table: Table, state: SchemaState): boolean {
  const branches = alternatives(part);
  if (branches.length > 1) return branches.some((branch) => isEnforced(branch, rest, table, state));
  const parts = conjuncts(part);
  if (parts.length > 1) return parts.every((each) => isEnforced(each, rest, table, state));
  return (
    asksForValue(part, table) ||
    isNoOtherRow(part, rest, table) ||
    hasItsParent(part, table, state) ||
    isChecked(part, table)
  );
}

const isRequired = (name: string | undefined, { columns, primaryKey }: Table) =>
  name !== undefined &&
  (columns.some((column) => column.name === name && column.notNull) ||
    primaryKey?.columns.includes(name) === true);

/** `team_id is not null`, of a column that is NOT NULL. */
function asksForValue(part: SyntaxNode, table: Table): boolean {
  const test = bare(part)?.NullTest;
  const ref = test?.nulltesttype === 'IS_NOT_NULL' ? bare(test.arg)?.ColumnRef : undefined;
  return ref !== undefined && isRequired(columnParts(ref).at(-1), table);
}

/** `not exists (select from t x where x.id = …)`, of the columns of a key, which refuses a second such row. */
function isNoOtherRow(part: SyntaxNode, rest: SyntaxNode, table: Table): boolean {
  const negated = bare(part)?.BoolExpr;
  const link = negated?.boolop === 'NOT_EXPR' ? bare(negated.args?.[0])?.SubLink : undefined;
  const select = link?.subLinkType === 'EXISTS_SUBLINK' ? link.subselect?.SelectStmt : undefined;
  const from = onlyTable(select);
  if (from === null || keyOfRangeVar(from) !== table.key || select.whereClause === undefined) return false;
  const alias: string = from.alias?.aliasname ?? from.relname;
  const same = new Set(
    conjuncts(select.whereClause).flatMap((condition) => {
      const sides = equalSides(condition);
      return sides === null
        ? []
        : [sides, sides.toReversed()].flatMap(([inner, other]) => {
            const name = columnOf(inner!, alias);
            return name !== null && isOwnValue(other!, name, alias, rest, table) ? [name] : [];
          });
    }),
  );
  return wholeKeys(table).some(
    ({ columns }) => columns.length > 0 && columns.every((name) => same.has(name)),
  );
}

/** What the row itself has in the column: by its name, or by what else the policy compares it with. */
function isOwnValue(value: SyntaxNode, name: string, alias: string, rest: SyntaxNode, table: Table): boolean {
  const ref = bare(value)?.ColumnRef;
  if (ref !== undefined) {
    const parts = columnParts(ref);
    return parts.at(-1) === name && parts.length > 1 && parts.at(-2) === table.name && alias !== table.name;
  }
  return conjuncts(rest).some((condition) => {
    const sides = equalSides(condition);
    return (
      sides !== null &&
      [sides, sides.toReversed()].some(
        ([own, other]) => columnOf(own!, table.name) === name && sameValue(other!, value),
      )
    );
  });
}

/** `exists (select from parent where parent.id = parent_id)`, `parent_id in (select id from parent)`: the foreign key asks that. */
function hasItsParent(part: SyntaxNode, table: Table, state: SchemaState): boolean {
  const link = bare(part)?.SubLink;
  const select = link?.subselect?.SelectStmt;
  const from = onlyTable(select);
  if (from === null) return false;
  const parent = state.tables.get(keyOfRangeVar(from));
  // Under row level security it asks besides whether the caller sees that row.
  if (parent === undefined || parent.rls || parent.key === table.key) return false;
  const alias: string = from.alias?.aliasname ?? from.relname;
  const pair =
    link.subLinkType === 'EXISTS_SUBLINK'
      ? conjuncts(select.whereClause).length === 1 && equalSides(select.whereClause)
      : link.subLinkType === 'ANY_SUBLINK' && link.operName === undefined && select.whereClause === undefined
        ? [select.targetList?.[0]?.ResTarget?.val, link.testexpr]
        : null;
  if (!pair) return false;
  return [pair, pair.toReversed()].some(([theirs, own]) =>
    table.foreignKeys.some(
      ({ columns, references, referencedColumns, validated }) =>
        validated &&
        references === parent.key &&
        columns.length === 1 &&
        isRequired(columns[0], table) &&
        columnOf(theirs!, alias) === (referencedColumns[0] ?? parent.primaryKey?.columns[0]) &&
        columnOf(own!, table.name) === columns[0],
    ),
  );
}

/** A CHECK says as much, of columns that are never NULL. */
const isChecked = (part: SyntaxNode, table: Table) =>
  nodesOf(part, 'SubLink').length === 0 &&
  nodesOf(part, 'ColumnRef').every((ref) => isRequired(columnParts(ref).at(-1), table)) &&
  table.checks.some(
    ({ expression, validated }) => validated && expression.node !== null && implies(expression.node, part),
  );

const onlyTable = (select: SyntaxNode | undefined): SyntaxNode | null =>
  select?.fromClause?.length === 1 && select.groupClause === undefined && select.limitCount === undefined
    ? (select.fromClause[0].RangeVar ?? null)
    : null;

function equalSides(condition: SyntaxNode): readonly SyntaxNode[] | null {
  const comparison = bare(condition)?.A_Expr;
  return comparison?.kind === 'AEXPR_OP' && operatorOf(comparison) === '='
    ? [comparison.lexpr, comparison.rexpr]
    : null;
}

/** The column's name, where it is one of that table or has no table's name before it. */
function columnOf(value: SyntaxNode, alias: string): string | null {
  const ref = bare(value)?.ColumnRef;
  const parts = ref === undefined ? [] : columnParts(ref);
  return parts.length === 0 || (parts.length > 1 && parts.at(-2) !== alias) ? null : parts.at(-1)!;
}

const sameValue = (one: SyntaxNode, other: SyntaxNode) => printed(one) === printed(other);

const printed = (node: SyntaxNode) =>
  JSON.stringify(bare(node), (key, value) =>
    key === 'location' ? undefined : value?.SubLink === undefined ? value : bare(value),
  );
