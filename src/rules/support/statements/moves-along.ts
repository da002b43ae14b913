/** Statements of a file that can't stay where they are when what they name is made in a later file. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { isKeyOf } from '../../../sql/fold/constraints.ts';
import { quoteIdent, strings } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { keyOfParts } from '../syntax/names.ts';
import { listed } from '../words/words.ts';
import { commandsOf, constraintsIn, namesOf } from './statements.ts';

/** ` Line 96 needs it and moves along.` Nothing where there is none. */
export function movingAlong(statements: readonly Statement[], what = 'it'): string {
  const lines = linesOf(statements);
  if (lines.length === 0) return '';
  return lines.length === 1
    ? ` Line ${lines[0]} needs ${what} and moves along.`
    : ` Lines ${listed(lines)} need ${what} and move along.`;
}

export const linesOf = (statements: readonly Statement[]): readonly string[] =>
  [...new Set(statements.map(({ span }) => span.line))].toSorted((a, b) => a - b).map(String);

/** As it stands in a way out: a long one by its line. */
export const shown = ({ sql, span }: Statement): string =>
  sql.length > 300 ? `-- and the statement of line ${span.line}` : `${sql};`;

/** ` Line 5 drops "old" and moves along: until then the old key holds.` */
export function droppedLater(names: readonly string[], drops: readonly Statement[]): string {
  const lines = linesOf(drops);
  if (lines.length === 0) return '';
  const old = listed(names.map((name) => `"${name}"`));
  return lines.length === 1
    ? ` Line ${lines[0]} drops ${old} and moves along: until then it holds.`
    : ` Lines ${listed(lines)} drop ${old} and move along: until then it holds.`;
}

/** ` Line 30 drops "old", which this one replaces: it moves behind, else nothing is unique in between.` */
export function movingBehind(drops: readonly Replaced[]): string {
  if (drops.length === 0) return '';
  const lines = linesOf(drops.map(({ statement }) => statement));
  const names = listed([...new Set(drops.map(({ name }) => `"${name}"`))]);
  return lines.length === 1
    ? ` Line ${lines[0]} drops ${names}, which this replaces, and moves behind it: nothing is unique in between otherwise.`
    : ` Lines ${listed(lines)} drop ${names}, which this replaces, and move behind it: nothing is unique in between otherwise.`;
}

/** Statements below that ask for an index or a key of a table by its name. */
export const namedBelow = (name: string, table: string, own: Statement, context: FileContext) =>
  context.source.statements.filter((other) => other.start > own.start && names(other, name, table, context));

function names({ kind, node }: Statement, name: string, table: string, { keyOf }: FileContext): boolean {
  switch (kind) {
    case 'CommentStmt': {
      const parts = namesOf(node.object ?? {});
      if (parts.at(-1) !== name) return false;
      return (
        node.objtype === 'OBJECT_INDEX' ||
        (node.objtype === 'OBJECT_TABCONSTRAINT' && keyOfParts(parts.slice(0, -1)) === table)
      );
    }
    case 'RenameStmt':
      return (
        (node.renameType === 'OBJECT_INDEX' && node.relation?.relname === name) ||
        (node.renameType === 'OBJECT_TABCONSTRAINT' &&
          node.subname === name &&
          keyOf(node.relation) === table)
      );
    case 'ClusterStmt':
      return node.indexname === name;
    case 'AlterTableStmt':
      return node.objtype === 'OBJECT_INDEX'
        ? node.relation?.relname === name
        : keyOf(node.relation) === table &&
            commandsOf(node).some(
              ({ subtype, name: named, def }) =>
                def?.Constraint?.indexname === name ||
                def?.ReplicaIdentityStmt?.name === name ||
                (subtype === 'AT_ClusterOn' && named === name),
            );
    case 'InsertStmt':
      return keyOf(node.relation) === table && node.onConflictClause?.infer?.conname === name;
    default:
      return false;
  }
}

/** INSERT … ON CONFLICT (columns) below, for which no other key stands before the change. */
export function conflictsBelow(
  columns: readonly string[],
  table: string,
  own: Statement,
  context: FileContext,
): readonly Statement[] {
  const isSame = (others: readonly (string | null)[]) =>
    others.toSorted().join() === columns.toSorted().join();
  const before = context.set.before.tables.get(table);
  const keys = [
    ...(before?.primaryKey ? [before.primaryKey] : []),
    ...(before?.uniques ?? []),
    ...(before?.indexes ?? []).filter(({ unique }) => unique),
  ];
  if (keys.some((key) => isSame(key.columns))) return [];
  const asking = context.statements.filter(({ kind, node, start }) => {
    if (start <= own.start || kind !== 'InsertStmt' || context.keyOf(node.relation) !== table) return false;
    const elements: readonly SyntaxNode[] = node.onConflictClause?.infer?.indexElems ?? [];
    return elements.length > 0 && isSame(elements.map(({ IndexElem }) => IndexElem?.name ?? null));
  });
  // What stands in a DO block moves with the block.
  return [...new Set(asking.map((each) => context.source.statements[each.index] ?? each))];
}

/** Foreign keys below that point at these columns, for which no other key stands before the change. */
export function pointingBelow(
  columns: readonly string[],
  table: string,
  own: Statement,
  context: FileContext,
): readonly Statement[] {
  const before = context.set.before.tables.get(table);
  if (before !== undefined && isKeyOf(before, columns)) return [];
  const asked = columns.toSorted().join();
  return context.source.statements.filter(
    (other) =>
      other.start > own.start &&
      /^(AlterTable|Create)Stmt$/.test(other.kind) &&
      constraintsIn(other).some(
        ({ contype, pktable, pk_attrs: named }) =>
          contype === 'CONSTR_FOREIGN' &&
          context.keyOf(pktable) === table &&
          strings(named).toSorted().join() === asked,
      ),
  );
}

export interface Replaced {
  readonly name: string;
  readonly statement: Statement;
  /** The drop alone. */
  readonly sql: string;
}

/**
 * Unique keys and indexes that the file drops by name and that share a column with the new one. Not those whose columns
 * it writes behind the drop, which the old key may refuse.
 */
export function replacedBy(
  definition: string,
  name: string,
  table: string,
  context: FileContext,
): readonly Replaced[] {
  const before = context.set.before.tables.get(table);
  const after = context.set.after.tables.get(table);
  if (before === undefined) return [];
  const shares = (columns: readonly (string | null)[]) =>
    columns.some(
      (column) =>
        column !== null && new RegExp(`(?<![\\w$])${escapeRegExp(column)}(?![\\w$])`, 'i').test(definition),
    );
  const old = [
    ...before.uniques,
    ...before.indexes.filter(({ unique, constraint }) => unique && !constraint),
  ].filter((key) => key.name !== name && shares(key.columns));
  const isThere = (key: string) =>
    [...(after?.uniques ?? []), ...(after?.indexes ?? [])].some((other) => other.name === key);
  return old.flatMap((key) => {
    if (isThere(key.name)) return [];
    const drop = dropOf(key.name, table, context);
    return drop === null || isWrittenBehind(key.columns, table, drop.statement, context) ? [] : [drop];
  });
}

/** Statements that drop a key of the table, or an index, by its name. */
export const dropsOf = (name: string, table: string, { source, keyOf }: FileContext): readonly Statement[] =>
  source.statements.filter(({ kind, node }) =>
    kind === 'DropStmt'
      ? node.removeType === 'OBJECT_INDEX' &&
        (node.objects ?? []).some((each: SyntaxNode) => namesOf(each).at(-1) === name)
      : kind === 'AlterTableStmt' &&
        keyOf(node.relation) === table &&
        commandsOf(node).some((command) => command.subtype === 'AT_DropConstraint' && command.name === name),
  );

/** As it is written, or alone where the statement does more. */
function dropOf(name: string, table: string, context: FileContext): Replaced | null {
  const [statement] = dropsOf(name, table, context);
  if (statement === undefined) return null;
  const { kind, node, sql } = statement;
  const isAlone = (kind === 'DropStmt' ? node.objects : node.cmds).length === 1;
  const alone =
    kind === 'DropStmt'
      ? `drop index ${table.slice(0, table.lastIndexOf('.') + 1)}${quoteIdent(name)};`
      : `alter table ${table} drop constraint ${quoteIdent(name)};`;
  return { name, statement, sql: isAlone ? `${sql};` : alone };
}

const isWrittenBehind = (
  columns: readonly (string | null)[],
  table: string,
  { start }: Statement,
  { statements, keyOf }: FileContext,
) =>
  statements.some(
    ({ kind, node, start: at }) =>
      at > start &&
      /^(Insert|Update)Stmt$/.test(kind) &&
      keyOf(node.relation) === table &&
      (kind === 'InsertStmt' ||
        (node.targetList ?? []).some(({ ResTarget }: SyntaxNode) => columns.includes(ResTarget?.name))),
  );
