/** ALTER COLUMN … TYPE: what it changes, and what becomes of the statement and the table. */
import type { Column } from '../../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../../model/sql.ts';
import { isBuiltinType, quoteIdent, strings, typeName } from '../../../sql/names.ts';
import { tokenize } from '../../../sql/tokens.ts';
import type { FileContext } from '../../rule.ts';
import { commandsOf, type Range, rangeOfCommand } from '../statements/statements.ts';
import { bare, columnParts, nodesOf, someNode } from '../syntax/tree.ts';
import { hasNoCast, keepsBytes } from './conversions.ts';

export interface TypeChange {
  readonly column: string;
  readonly table: string;
  readonly command: SyntaxNode;
  readonly statement: Statement;
  /** As it was; undefined where no migration tells. */
  readonly before: Column | undefined;
  readonly target: string;
  readonly using: SyntaxNode | undefined;
  /** The expression behind USING, as it is written. */
  readonly value: string | null;
  /** The same of a row that a trigger writes: `new.size::bigint`. Null where nobody can tell. */
  readonly valueOfNew: string | null;
  /** False where that names something without its schema. */
  readonly isQualified: boolean;
}

/** What comes of it: it fails, it costs nothing, there is a shorter way, or the table is written anew. */
export type Outcome =
  | { readonly is: 'under-generated'; readonly computed: readonly Column[] }
  | { readonly is: 'more-labels'; readonly type: string; readonly labels: readonly string[] }
  | {
      readonly is:
        | 'using-on-generated'
        | 'without-cast'
        | 'default-stands'
        | 'free'
        | 'there-and-back'
        | 'to-null'
        | 'rewrite';
    };

/** Whatever the rows are. */
export const failsAlways = ({ is }: Outcome): boolean =>
  /^(under-generated|using-on-generated|without-cast|default-stands)$/.test(is);

/** What a command changes; null where the column holds nothing yet, or is of that type by then. */
export function typeChangeOf(
  command: SyntaxNode,
  table: string,
  statement: Statement,
  range: Range | null,
  context: FileContext,
): TypeChange | null {
  const { set, source } = context;
  const before = set.before.tables.get(table)?.columns.find(({ name }) => name === command.name);
  // A column that this change adds holds nothing yet.
  if (before === undefined && set.before.tables.has(table)) return null;
  const definition: SyntaxNode | undefined = command.def?.ColumnDef;
  const target = targetOf(definition?.typeName, before);
  // A DO block that converts what is converted already has asked for the type first.
  const inDo = source.statements[statement.index] !== statement;
  if (inDo && before?.type === target) return null;
  const using: SyntaxNode | undefined = definition?.raw_default;
  const written = range === null ? null : usingIn(source.text, range);
  const own = { column: command.name, using };
  return {
    ...own,
    table,
    command,
    statement,
    before,
    target,
    value: written === null ? null : oneLine(source.text.slice(written.start, written.end)),
    valueOfNew: isPlain(own)
      ? `new.${quoteIdent(command.name)}${using === undefined ? '' : `::${target}`}`
      : written === null || using === undefined
        ? null
        : valueOfNew(using, written, source),
    isQualified: isPlain(own) || !namesWithoutSchema(using),
  };
}

export function outcomeOf(change: TypeChange, context: FileContext): Outcome {
  const { before, target, using } = change;
  const computed = computedFrom(change, context);
  if (computed.length > 0) return { is: 'under-generated', computed };
  // Postgres 17 and the last minor releases before it refuse that.
  if (before?.generated != null && using !== undefined && context.facts.project.major >= 17)
    return { is: 'using-on-generated' };
  // It fails with no row in the table too.
  if (before !== undefined && isPlain(change) && hasNoCast(before.type, target))
    return { is: 'without-cast' };
  if (before !== undefined && defaultStands(change, context)) return { is: 'default-stands' };
  if (context.isEmpty(change.table, change.statement)) return { is: 'free' };
  if (before !== undefined && isPlain(change) && keepsBytes(before.type, target)) return { is: 'free' };
  if (isThereAndBack(change, context)) return { is: 'there-and-back' };
  const labels = labelsAdded(change, context);
  if (before !== undefined && labels !== null && labels.length > 0)
    return { is: 'more-labels', type: before.type, labels };
  return bare(using)?.A_Const?.isnull === true ? { is: 'to-null' } : { is: 'rewrite' };
}

/** The changes of the file that write the table anew and have no shorter way, in its order. */
export const rewritesOf = (table: string, context: FileContext): readonly TypeChange[] =>
  context.statements
    .filter(({ kind, node }) => kind === 'AlterTableStmt' && context.keyOf(node.relation) === table)
    .flatMap((statement) =>
      commandsOf(statement.node).map((command, index) =>
        command.subtype === 'AT_AlterColumnType'
          ? typeChangeOf(command, table, statement, rangeOfCommand(context, statement, index), context)
          : null,
      ),
    )
    .filter((change) => change !== null)
    .filter((change) => outcomeOf(change, context).is === 'rewrite');

/** An UPDATE above picks rows by what the column holds and writes it: what does not convert is put right there. */
export const isPutRight = (
  { table, column, statement: own }: TypeChange,
  { statements, keyOf }: FileContext,
): boolean =>
  statements.some(
    ({ kind, node, start }) =>
      start < own.start &&
      kind === 'UpdateStmt' &&
      keyOf(node.relation) === table &&
      nodesOf(node.whereClause, 'ColumnRef').some((ref) => columnParts(ref).at(-1) === column) &&
      (node.targetList ?? []).some(({ ResTarget: target }: SyntaxNode) => target?.name === column),
  );

/** The last UPDATE above that names the column sets it to NULL in all rows. */
export function holdsNull(
  { table, column, statement: own }: TypeChange,
  { statements, keyOf }: FileContext,
): boolean {
  const last = statements.findLast(
    ({ kind, node, start }) =>
      start < own.start &&
      ((kind === 'UpdateStmt' &&
        keyOf(node.relation) === table &&
        (node.targetList ?? []).some(({ ResTarget: target }: SyntaxNode) => target?.name === column)) ||
        (kind === 'InsertStmt' && keyOf(node.relation) === table)),
  );
  return (
    last?.kind === 'UpdateStmt' &&
    last.node.whereClause === undefined &&
    last.node.fromClause === undefined &&
    (last.node.targetList ?? []).some(
      ({ ResTarget: target }: SyntaxNode) =>
        target?.name === column && bare(target.val)?.A_Const?.isnull === true,
    )
  );
}

/** What the new enum has beside all labels of the old one; null where it lacks some, or these are no enums. */
export function labelsAdded({ before, target }: TypeChange, { set }: FileContext): readonly string[] | null {
  const old = set.before.types.get(before?.type ?? '');
  const now = set.after.types.get(target);
  if (old?.kind !== 'enum' || now?.kind !== 'enum') return null;
  return old.values.every((label) => now.values.includes(label))
    ? now.values.filter((label) => !old.values.includes(label))
    : null;
}

/** No USING, or one that only casts the column itself. */
export function isPlain({ using, column }: Pick<TypeChange, 'using' | 'column'>): boolean {
  const inside = using?.TypeCast?.arg ?? using;
  return inside === undefined || inside.ColumnRef?.fields?.at(-1)?.String?.sval === column;
}

/** No USING, or casts of a column and nothing else: what a CASE or a NULL gives is its author's matter. */
export function onlyCasts({ using }: TypeChange): boolean {
  let inside = using;
  while (inside?.TypeCast !== undefined) inside = inside.TypeCast.arg;
  return inside === undefined || inside.ColumnRef !== undefined;
}

/** Without a schema it is the type of that name on the search path: the column's own, where it has that one. */
function targetOf(type: SyntaxNode | undefined, before: Column | undefined): string {
  const home = before?.type.match(/^([\w$]+)\.("[^"]+"|[\w$]+)/);
  return typeName(type, {
    resolve: (schema, name) =>
      `${quoteIdent(schema ?? (home?.[2] === quoteIdent(name) ? home[1]! : 'public'))}.${quoteIdent(name)}`,
  });
}

/** Where the expression behind USING stands. */
function usingIn(text: string, { start, end }: Range): Range | null {
  const tokens = tokenize(text, start, end);
  const at = tokens.findIndex(({ text, depth, kind }) => kind === 'word' && text === 'using' && depth === 0);
  return at === -1 ? null : { start: tokens[at]!.end, end };
}

const oneLine = (text: string) => text.trim().replace(/\s+/g, ' ');

/** Its columns as those of NEW. */
function valueOfNew(using: SyntaxNode, { start, end }: Range, source: SourceFile): string {
  let text = source.text.slice(start, end);
  const places = nodesOf(using, 'ColumnRef').map(
    ({ location }) => source.offsetOfByte(location ?? 0) - start,
  );
  for (const at of places.toSorted((a, b) => b - a)) {
    const name = /^(?:(?:"(?:[^"]|"")*"|[\w$]+)\s*\.\s*)*/.exec(text.slice(at))![0];
    text = `${text.slice(0, at)}new.${text.slice(at + name.length)}`;
  }
  return oneLine(text);
}

const namesWithoutSchema = (using: SyntaxNode | undefined) =>
  someNode(
    using === undefined ? [] : [using],
    (kind, node) =>
      (kind === 'FuncCall' &&
        strings(node.funcname).length === 1 &&
        !builtin.has(strings(node.funcname)[0]!)) ||
      (kind === 'TypeCast' && isNamedBare(strings(node.typeName?.names))),
  );

const isNamedBare = (names: readonly string[]) => names.length === 1 && !isBuiltinType(names[0]!);

/** Of pg_catalog, those that a change of type is likely to call. */
const builtin = new Set(
  'lower upper trim btrim ltrim rtrim replace regexp_replace left right substr to_timestamp to_date to_char to_number to_json to_jsonb jsonb_build_array jsonb_build_object json_build_object string_to_array array_to_string array_to_json timezone floor round ceil trunc abs length date_trunc'.split(
    ' ',
  ),
);

/** Generated columns that read this one and still stand when the statement runs. */
function computedFrom(
  { column: name, table: key, statement: { start } }: TypeChange,
  { set, statements, keyOf }: FileContext,
): readonly Column[] {
  const reads = ({ generated }: Column) =>
    generated !== null &&
    generated.node !== null &&
    nodesOf(generated.node, 'ColumnRef').some((column) => columnParts(column).at(-1) === name);
  const isGone = (column: Column) =>
    statements.some(
      (other) =>
        other.start <= start &&
        other.kind === 'AlterTableStmt' &&
        keyOf(other.node.relation) === key &&
        commandsOf(other.node).some(
          (command) => /^AT_Drop(Column|Expression)$/.test(command.subtype) && command.name === column.name,
        ),
    );
  const columns = set.before.tables.get(key)?.columns ?? [];
  return columns.filter((column) => reads(column) && !isGone(column));
}

/** The file changes the column's type more than once, ends where it began, and touches no row between. */
function isThereAndBack(
  { before, column: name, table }: TypeChange,
  { set, statements, keyOf }: FileContext,
): boolean {
  const after = set.after.tables.get(table)?.columns.find((column) => column.name === name);
  // A type of the project's own may have been made anew under its name.
  if (before === undefined || after?.type !== before.type || set.before.types.has(before.type)) return false;
  const own = statements.filter(
    ({ kind, node }) => /^(AlterTable|Update)Stmt$/.test(kind) && keyOf(node.relation) === table,
  );
  const changes = own.filter(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      commandsOf(node).some((command) => command.subtype === 'AT_AlterColumnType' && command.name === name),
  );
  return changes.length === 2 && own.every(({ kind }) => kind !== 'UpdateStmt');
}

/** A default of the old type has no cast to an enum by itself, whatever USING says of the rows (42804). */
function defaultStands(
  { before, table, column, target, statement, command }: TypeChange,
  { set, statements, keyOf }: FileContext,
): boolean {
  if (before?.default == null || before.type === target || before.generated != null) return false;
  if (bare(before.default.node)?.A_Const?.isnull === true) return false;
  const types = [...set.after.types.values(), ...set.before.types.values()];
  const isEnum = types.some(({ kind, key, name }) => kind === 'enum' && (key === target || name === target));
  // A bare literal is of the column's old type.
  if (!isEnum) return false;
  return !statements.some(
    (other) =>
      other.kind === 'AlterTableStmt' &&
      other.start <= statement.start &&
      keyOf(other.node.relation) === table &&
      commandsOf(other.node).some(
        (each) =>
          each !== command &&
          each.subtype === 'AT_ColumnDefault' &&
          each.name === column &&
          each.def === undefined,
      ),
  );
}
