/** Whether policies read the name that stands in a row: then whose row it is hangs on it. */
import type { Expression, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { covers } from '../callers/roles.ts';
import { codeOf } from '../syntax/bodies.ts';
import { someNode, visitTree } from '../syntax/tree.ts';

/** Some policy reads that column of the table's own rows. */
export const isRead = (column: string, table: Table, policies: readonly Policy[]): boolean =>
  policies.some((policy) =>
    [policy.using, policy.check].some((expression) =>
      reads(expression, column, table, covers(policy, 'select')),
    ),
  );

/**
 * A column of the same name that another table's alias stands before is another one. What is only compared with a
 * claim of the server's holds no user's id; where it decides who sees the row, it counts all the same.
 */
function reads(expression: Expression | null, column: string, table: Table, shows: boolean): boolean {
  if (expression === null) return false;
  const { node, text } = expression;
  if (node === null) return new RegExp(`\\b${escapeRegExp(column)}\\b`).test(text);
  const names = namesOf(table, node);
  let found = false;
  visitTree(node, (kind, inner) => {
    if (kind === 'A_Expr' && !shows && isByServersClaim(inner)) return false;
    if (kind === 'ColumnRef') found ||= isColumn(inner, column, names);
    return !found;
  });
  return found;
}

function isColumn({ fields }: SyntaxNode, column: string, names: ReadonlySet<string>): boolean {
  const path = strings(fields);
  const qualifier = path.at(-2);
  return path.at(-1) === column && (qualifier === undefined || names.has(qualifier));
}

/** The table's own name, and what it is called where a policy looks it up once more. */
function namesOf(table: Table, node: SyntaxNode): ReadonlySet<string> {
  const names = new Set([table.name]);
  visitTree(node, (kind, inner) => {
    if (kind === 'RangeVar' && inner.relname === table.name && inner.alias) names.add(inner.alias.aliasname);
  });
  return names;
}

/** `column = (auth.jwt() -> 'app_metadata' ->> 'customer_id')::uuid` */
const isByServersClaim = ({ lexpr, rexpr }: SyntaxNode): boolean =>
  (isBareColumn(lexpr) && isServersClaim(rexpr)) || (isBareColumn(rexpr) && isServersClaim(lexpr));

const isBareColumn = (node: SyntaxNode): boolean =>
  node?.ColumnRef !== undefined || (node?.TypeCast !== undefined && isBareColumn(node.TypeCast.arg));

const isServersClaim = (node: SyntaxNode): boolean =>
  someNode(node, (kind, inner) => kind === 'A_Const' && inner.sval?.sval === 'app_metadata');

/** A policy of another table asks about that column of this one. */
export const isReadElsewhere = (table: Table, column: string, { tables }: SchemaState): boolean =>
  [...tables.values()].some((other) =>
    other.policies.some(({ using, check }) => {
      const text = `${using?.text ?? ''} ${check?.text ?? ''}`;
      return (
        other !== table &&
        [table.name, column].every((word) => new RegExp(`\\b${escapeRegExp(word)}\\b`).test(text))
      );
    }),
  );

/** A function or a view names both; what a trigger function writes into NEW it need not read. */
export const isReadInCode = (table: Table, column: string, { routines, views }: SchemaState): boolean => {
  const both = (text: string, needed: readonly string[]) =>
    needed.every((word) => new RegExp(`(?<![\\w$])${escapeRegExp(word)}(?![\\w$])`, 'i').test(text));
  const triggers = new Set(table.triggers.map((trigger) => trigger.function));
  return (
    [...routines.values()].some(({ schema, name, body }) => {
      const code = codeOf(body).bare;
      return triggers.has(`${schema}.${name}`)
        ? both(code, [`new.${column}`]) || both(code, [`old.${column}`])
        : both(code, [table.name, column]);
    }) || [...views.values()].some(({ definition }) => both(definition.text, [table.name, column]))
  );
};
