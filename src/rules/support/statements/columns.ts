/** Columns as a statement defines them, in CREATE TABLE and ADD COLUMN. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import type { FileContext, StatementVisitor } from '../../rule.ts';
import { commandsOf } from './statements.ts';

export interface DefinedColumn {
  readonly name: string;
  readonly definition: SyntaxNode;
  /** Last part of the type's name as the grammar has it: `int4`, `varchar`, `timestamp`, `serial`. */
  readonly type: string;
  readonly typeNode: SyntaxNode;
}

/** Calls back once a statement, with the columns it defines that pass; `isNewTable` is false for ADD COLUMN on an old table. */
export function definedColumns(
  pass: (column: DefinedColumn) => boolean,
  visit: (
    columns: readonly DefinedColumn[],
    table: string,
    statement: Statement,
    context: FileContext,
  ) => void,
): Record<string, StatementVisitor> {
  const handle = (
    definitions: readonly SyntaxNode[],
    relation: SyntaxNode,
    statement: Statement,
    context: FileContext,
  ) => {
    const columns = definitions
      .map(read)
      .filter((column) => column !== null && pass(column)) as DefinedColumn[];
    if (columns.length > 0) visit(columns, context.keyOf(relation), statement, context);
  };
  return {
    CreateStmt(node, statement, context) {
      const definitions = (node.tableElts ?? []).flatMap((e: SyntaxNode) =>
        e.ColumnDef ? [e.ColumnDef] : [],
      );
      handle(definitions, node.relation, statement, context);
    },
    AlterTableStmt(node, statement, context) {
      const added = commandsOf(node).filter(({ subtype }) => subtype === 'AT_AddColumn');
      handle(
        added.map(({ def }) => def?.ColumnDef ?? {}),
        node.relation,
        statement,
        context,
      );
    },
  };
}

function read(definition: SyntaxNode): DefinedColumn | null {
  const typeNode = definition.typeName;
  const type = typeNode?.names?.at(-1)?.String?.sval;
  if (type === undefined) return null;
  return { name: definition.colname, definition, type, typeNode };
}
