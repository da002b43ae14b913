/** An argument whose name a column of the table that is read takes: in SQL functions the column wins. */

import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { statementsOf } from '../../../sql/body-statements.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import {
  type ColumnUse,
  type Comparison,
  type Reading,
  readPredicate,
  relationKey,
} from '../conditions/scope.ts';
import { codeOf } from '../syntax/bodies.ts';

export interface CapturedArgument {
  readonly name: string;
  /** The bare name as Postgres reads it. */
  readonly taken: ColumnUse;
  /** By what the statement does: reads, or changes and deletes every row. */
  readonly does: 'select' | 'update' | 'delete';
}

/** The first comparison whose bare side was meant for the argument; null where there is none. */
export function capturedArgument(routine: Routine, state: SchemaState): CapturedArgument | null {
  const inputs = routine.arguments.flatMap(({ name, mode }) =>
    name !== null && mode !== 'out' && mode !== 'table' ? [name] : [],
  );
  const { bare } = codeOf(routine.body);
  const isCompared = inputs
    .map(escapeRegExp)
    .some((name) => new RegExp(`=\\s*"?${name}"?(?![\\w$.(])|(?<![\\w$.])"?${name}"?\\s*=`).test(bare));
  if (!isCompared || !columnsWin(routine)) return null;
  for (const { kind, node } of statementsOf(routine)) {
    const does = /^(Update|Delete)Stmt$/.test(kind)
      ? kind === 'UpdateStmt'
        ? 'update'
        : 'delete'
      : 'select';
    for (const comparison of readingOf(kind, node, state)?.comparisons ?? []) {
      const [taken] = inputs.flatMap((name) => takenIn(comparison, name) ?? []);
      if (taken !== undefined) return { name: taken.name, taken, does };
    }
  }
  return null;
}

/** In PL/pgSQL Postgres refuses the name without the option (42702). */
const columnsWin = ({ language, body }: Routine) =>
  language === 'sql' || /#variable_conflict\s+use_column/i.test(body);

function readingOf(kind: string, node: SyntaxNode, state: SchemaState): Reading | null {
  if (kind === 'SelectStmt') return readPredicate({ SelectStmt: node }, null, state);
  if (!/^(Update|Delete)Stmt$/.test(kind)) return null;
  const table = state.tables.get(relationKey(node.relation, state));
  // Under an alias, or beside other tables, what a name means is another matter.
  return table === undefined || node.fromClause !== undefined || node.usingClause !== undefined
    ? null
    : readPredicate(node.whereClause ?? null, table, state);
}

/** The bare one of `user_id = user_id` and `m.user_id = user_id`, both of one table. */
function takenIn({ operator, left, right }: Comparison, name: string): ColumnUse | null {
  if (operator !== '=' || left.is !== 'column' || right.is !== 'column') return null;
  const [a, b] = [left.column, right.column];
  if (a.source !== b.source || a.name !== name || b.name !== name) return null;
  return b.unqualified ? b : a.unqualified ? a : null;
}
