/** What a file makes of a column behind the statement that adds it: keys, unique indexes, foreign keys that point at it. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { strings } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { dropsOf } from '../statements/moves-along.ts';
import { commandsOf, hasConstraint } from '../statements/statements.ts';
import type { WantedKey } from './adoption.ts';

export interface KeysBelow {
  readonly keys: readonly WantedKey[];
  /** Unique indexes that no key takes over. */
  readonly indexes: readonly Statement[];
  /** Foreign keys that point at one of them, and their validation. */
  readonly references: readonly Statement[];
  /** All of these statements, in their order. */
  readonly statements: readonly Statement[];
  /** What drops the old keys, in whose place these come. */
  readonly drops: readonly Statement[];
  readonly dropped: readonly string[];
}

export function keysBelow(
  column: SyntaxNode,
  table: string,
  own: Statement,
  context: FileContext,
): KeysBelow {
  const name: string = column.colname;
  const { keyOf, source } = context;
  const below = source.statements.filter(({ start }) => start > own.start);
  const indexes = below.filter(
    ({ kind, node }) =>
      kind === 'IndexStmt' &&
      node.unique === true &&
      keyOf(node.relation) === table &&
      columnsOf(node).includes(name),
  );
  const indexOf = (named: string | undefined) =>
    named === undefined ? undefined : indexes.find(({ node }) => node.idxname === named);
  const columnsOfKey = ({ keys, indexname }: SyntaxNode) =>
    strings(keys).length > 0 ? strings(keys) : columnsOf(indexOf(indexname)?.node ?? {});
  const keyed = below.flatMap((statement) =>
    statement.kind === 'AlterTableStmt' && keyOf(statement.node.relation) === table
      ? constraintsOf(statement)
          .filter(
            (constraint) =>
              /^CONSTR_(PRIMARY|UNIQUE)$/.test(constraint.contype) && columnsOfKey(constraint).includes(name),
          )
          .map((constraint) => ({ statement, constraint }))
      : [],
  );
  const wanted = (constraint: SyntaxNode, columns: readonly string[]): WantedKey => ({
    table,
    kind: constraint.contype === 'CONSTR_PRIMARY' ? 'primary key' : 'unique',
    name: constraint.conname ?? constraint.indexname ?? nameOf(constraint, table, columns),
    columns,
  });
  const inline = ['CONSTR_PRIMARY', 'CONSTR_UNIQUE'].flatMap((type) => hasConstraint(column, type) ?? []);
  const keys = [
    ...inline.map((constraint) => wanted(constraint, [name])),
    ...keyed.map(({ constraint }) => wanted(constraint, columnsOfKey(constraint))),
  ];
  const pointing = below.filter((statement) =>
    constraintsOf(statement).some(
      ({ contype, pktable, pk_attrs }) =>
        contype === 'CONSTR_FOREIGN' &&
        keyOf(pktable) === table &&
        (strings(pk_attrs).includes(name) || (strings(pk_attrs).length === 0 && keys.length > 0)),
    ),
  );
  const pointers = new Set(pointing.flatMap(constraintsOf).map(({ conname }) => conname));
  const references = below.filter(
    (statement) =>
      pointing.includes(statement) ||
      (statement.kind === 'AlterTableStmt' &&
        commandsOf(statement.node).some(
          ({ subtype, name: validated }) => subtype === 'AT_ValidateConstraint' && pointers.has(validated),
        )),
  );
  const old = context.set.before.tables.get(table);
  const dropped = [
    ...(old?.primaryKey && keys.some(({ kind }) => kind === 'primary key') ? [old.primaryKey.name] : []),
    ...(old?.uniques ?? []).map((each) => each.name).filter((each) => keys.some((key) => key.name === each)),
  ].filter((each) => dropsOf(each, table, context).length > 0);
  const adopted = new Set(keyed.map(({ constraint }) => constraint.indexname));
  return {
    keys,
    indexes: indexes.filter(({ node }) => !adopted.has(node.idxname)),
    references,
    dropped,
    drops: [...new Set(dropped.flatMap((each) => dropsOf(each, table, context)))],
    statements: below.filter(
      (statement) =>
        indexes.includes(statement) ||
        references.includes(statement) ||
        keyed.some((each) => each.statement === statement),
    ),
  };
}

const columnsOf = ({ indexParams }: SyntaxNode): readonly string[] =>
  (indexParams ?? []).flatMap(({ IndexElem }: SyntaxNode) => IndexElem?.name ?? []);

const constraintsOf = ({ kind, node }: Statement): readonly SyntaxNode[] =>
  kind === 'AlterTableStmt'
    ? commandsOf(node).flatMap(({ subtype, def }) =>
        subtype === 'AT_AddConstraint' && def?.Constraint !== undefined ? [def.Constraint] : [],
      )
    : [];

const nameOf = ({ contype }: SyntaxNode, table: string, columns: readonly string[]) =>
  contype === 'CONSTR_PRIMARY'
    ? `${splitKey(table)[1]}_pkey`
    : `${splitKey(table)[1]}_${columns.join('_')}_key`;
