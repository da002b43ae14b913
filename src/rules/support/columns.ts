/** Columns as a statement defines them, in CREATE TABLE and ADD COLUMN, and what is made on those that are there. */
import type { Table } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { escapeRegExp } from '../../sql/text.ts';
import type { FileContext, StatementVisitor } from '../rule.ts';
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

/** What is made on these columns, as words: a default, NOT NULL, checks, keys, indexes. */
export function standingOn(table: Table, names: readonly string[]): readonly string[] {
  const columns = table.columns.filter(({ name }) => names.includes(name));
  const asks = new RegExp(`(?<![\\w$])(${names.map(escapeRegExp).join('|')})(?![\\w$])`);
  const isOn = (on: readonly (string | null)[]) => on.some((name) => name !== null && names.includes(name));
  const keys = [table.primaryKey, ...table.uniques, ...table.foreignKeys];
  return Object.entries({
    default: columns.some((column) => column.default !== null),
    'NOT NULL': columns.some(({ notNull }) => notNull),
    checks: table.checks.some(({ expression }) => asks.test(expression.text)),
    keys: keys.some((key) => key !== null && isOn(key.columns)),
    indexes: table.indexes.some((index) => !index.constraint && isOn(index.columns)),
  }).flatMap(([word, stands]) => (stands ? [word] : []));
}
