/** Values that can be computed again: an UPDATE that does so loses nothing, whatever the column held. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { routineNamed } from '../callers/sign-up.ts';
import { bare, columnParts, functionName, nodesOf, operatorOf, someNode } from '../syntax/tree.ts';

/** All of them, what tells the time of the change aside. */
export function canBeComputedAgain(
  targets: readonly SyntaxNode[],
  relation: SyntaxNode,
  { set, keyOf }: FileContext,
  isOfTheMoment: (value: SyntaxNode) => boolean,
): boolean {
  const values = targets.filter(({ name, val }) => !(isOfTheMoment(val) && stamp.test(name)));
  const table = set.before.tables.get(keyOf(relation));
  return (
    values.length > 0 &&
    values.every(
      (target) =>
        !readsItself(target, relation) &&
        (isCounted(target) ||
          isCopyOfAnother(target) ||
          isReckoned(target) ||
          (readsMore(target) && table !== undefined && isKeptByTrigger(target.name, table, set.before))),
    )
  );
}

/** `c` or `t.c`, not the column of that name in a table that a sub-select reads. */
export function readsItself({ name, val }: SyntaxNode, relation: SyntaxNode): boolean {
  const own = relation.alias?.aliasname ?? relation.relname;
  const enter = (value: unknown, inSelect: boolean): boolean => {
    if (Array.isArray(value)) return value.some((each) => enter(each, inSelect));
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value as SyntaxNode).some(([key, inside]) => {
      if (key !== 'ColumnRef')
        return enter(
          inside,
          inSelect ||
            (key === 'SelectStmt' && (inside.fromClause ?? []).some(({ RangeVar }: SyntaxNode) => RangeVar)),
        );
      const parts = columnParts(inside);
      return parts.at(-1) === name && (parts.length === 1 ? !inSelect : parts.at(-2) === own);
    });
  };
  return enter(val, false);
}

const stamp = /(^|_)(at|on|date|time|timestamp)$/i;

/** `(select count(*) from public.likes where …)`: nothing is lost but what other rows say. */
const isCounted = ({ val }: SyntaxNode) =>
  subSelects(val).some((select) =>
    someNode(
      select.targetList,
      (inner, node) =>
        inner === 'FuncCall' &&
        /^(count|sum|avg|min|max|bool_and|bool_or|every|string_agg|array_agg|jsonb?_agg|jsonb?_object_agg)$/.test(
          functionName(node).name,
        ),
    ),
  );

/** `team_name = (select name from public.team where …)`: the copy of what another table has under that name. */
const isCopyOfAnother = ({ name, val }: SyntaxNode) =>
  subSelects(val).some(({ fromClause, targetList }) => {
    const ref = bare(targetList?.[0]?.ResTarget?.val)?.ColumnRef;
    const source = ref === undefined ? undefined : columnParts(ref).at(-1);
    return (
      fromClause !== undefined &&
      source !== undefined &&
      (name === source || (name as string).endsWith(`_${source}`))
    );
  });

const subSelects = (value: SyntaxNode | undefined): readonly SyntaxNode[] =>
  value === undefined
    ? []
    : nodesOf({ ResTarget: { val: value } }, 'SubLink').flatMap(
        ({ subselect }) => subselect?.SelectStmt ?? [],
      );

/** `price * amount`, `to_tsvector('simple', title)`: made of numbers or texts that the row goes on holding. */
function isReckoned(target: SyntaxNode): boolean {
  const value = bare(target.val);
  return readsMore(target) && value !== null && isReckoning(value);
}

function isReckoning(value: SyntaxNode): boolean {
  const { A_Expr: operation, CoalesceExpr: either, MinMaxExpr: greatest, FuncCall: call } = value;
  if (operation?.kind === 'AEXPR_OP') return /^[-+*/%]$/.test(operatorOf(operation));
  if (call !== undefined) {
    const { name } = functionName(call);
    return (
      /^(to_tsvector|setweight|cardinality|array_length|jsonb_array_length|length|char_length|st_(setsrid|makepoint|point))$/.test(
        name,
      ) ||
      (/^(round|trunc|floor|ceil|ceiling|abs)$/.test(name) && hasReckoning(call.args))
    );
  }
  return hasReckoning(either?.args ?? greatest?.args);
}

const hasReckoning = (args: readonly SyntaxNode[] | undefined) =>
  (args ?? []).some((each) => {
    const inner = bare(each);
    return inner !== null && isReckoning(inner);
  });

/** It reads other columns, and not the one that it writes. */
const readsMore = ({ name, val }: SyntaxNode) => {
  const names = nodesOf({ ResTarget: { val } }, 'ColumnRef').map((ref) => columnParts(ref).at(-1));
  return names.length > 0 && !names.includes(name);
};

/** A trigger of the table writes the column by itself: what it holds was never entered. */
const isKeptByTrigger = (column: string, { triggers }: Table, state: SchemaState) => {
  const assigns = new RegExp(`\\bnew\\."?${escapeRegExp(column)}"?\\s*:?=(?!=)`, 'i');
  return triggers.some(
    ({ enabled, timing, function: name }) =>
      enabled && timing === 'before' && assigns.test(routineNamed(name, state)?.body ?? ''),
  );
};
