/** What a function's body writes as a constant, and the column does not take. */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { statementsOf } from '../../../sql/body-statements.ts';
import { relationKey } from '../conditions/scope.ts';
import { bare, constantOf } from '../syntax/tree.ts';
import { type Refusal, refusalOf } from '../tables/refused-texts.ts';
import { isKnown } from '../tables/tables.ts';

export interface RefusedText {
  readonly table: Table;
  readonly column: string;
  readonly text: string;
  readonly refusal: Refusal;
  /** A handler around it catches the error. */
  readonly caught: boolean;
}

export function refusedTexts(routine: Routine, state: SchemaState): readonly RefusedText[] {
  if (!/\b(?:insert\s+into|update)\b/i.test(routine.body)) return [];
  const found = new Map<string, RefusedText>();
  for (const { kind, node, caught } of statementsOf(routine)) {
    if (kind !== 'InsertStmt' && kind !== 'UpdateStmt') continue;
    const table = state.tables.get(relationKey(node.relation, state));
    if (table === undefined || !isKnown(table, state)) continue;
    for (const { column, text } of kind === 'InsertStmt' ? inserted(node) : assigned(node.targetList)) {
      const refusal = refusalOf(table, column, text, state);
      if (refusal !== null)
        found.set(`${table.key} ${column} ${text}`, { table, column, text, refusal, caught });
    }
  }
  return [...found.values()];
}

interface Written {
  readonly column: string;
  readonly text: string;
}

/** By the columns that it names: VALUES, or the list of a SELECT; and what ON CONFLICT sets. */
function inserted(node: SyntaxNode): readonly Written[] {
  const columns: readonly (string | undefined)[] = (node.cols ?? []).map(
    (target: SyntaxNode) => target.ResTarget?.name,
  );
  const select = node.selectStmt?.SelectStmt;
  const rows: readonly (readonly SyntaxNode[])[] =
    select?.valuesLists?.map((list: SyntaxNode) => list.List?.items ?? []) ??
    (select?.targetList === undefined
      ? []
      : [select.targetList.map((target: SyntaxNode) => target.ResTarget?.val)]);
  return [
    ...rows.flatMap((row) => row.flatMap((value, at) => written(columns[at], value))),
    ...assigned(node.onConflictClause?.targetList),
  ];
}

const assigned = (targets: readonly SyntaxNode[] | undefined): readonly Written[] =>
  (targets ?? []).flatMap((target) =>
    target.ResTarget?.indirection === undefined ? written(target.ResTarget?.name, target.ResTarget?.val) : [],
  );

/** `'sent'`, `'sent'::text`, `coalesce(x, 'sent')`, a CASE whose branches are constants. */
function written(column: string | undefined, value: SyntaxNode | undefined): readonly Written[] {
  if (column === undefined || value === undefined) return [];
  const inner = bare(value);
  const choices: readonly SyntaxNode[] =
    inner?.CoalesceExpr?.args ??
    (inner?.CaseExpr === undefined
      ? [inner]
      : [
          ...inner.CaseExpr.args.map((branch: SyntaxNode) => branch.CaseWhen?.result),
          inner.CaseExpr.defresult,
        ]);
  return choices.flatMap((choice) => {
    const constant = choice === undefined ? null : constantOf(bare(choice));
    return typeof constant === 'string' ? [{ column, text: constant }] : [];
  });
}
