import type { Column } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, quoteLiteral, typeName } from '../../sql/names.ts';
import { tokenize } from '../../sql/tokens.ts';
import { type FileContext, rule } from '../rule.ts';
import { standingOn } from '../support/columns.ts';
import {
  alterExisting,
  commandsOf,
  listed,
  type Range,
  rangeOfCommand,
  reportLock,
  sql,
} from '../support/statements.ts';
import { bare, columnParts, nodesOf } from '../support/tree.ts';

export default rule({
  id: 'safety/change-type',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a change of type that rewrites the table or may lose values',
  why: 'Unless the new type stores the very same bytes (a longer varchar, varchar to text, a wider numeric), Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE, and a value that does not convert makes it fail. A column that a generated one is computed from can not change its type at all, and a number can not become a uuid: errors.',
  remedy:
    'Add a column of the new type, fill it in batches, swap the names later.\n\n```sql\nalter table public.note add column size_new bigint;\nupdate public.note set size_new = size where id between 1 and 10000;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterExisting(['AT_AlterColumnType'], (command, table, statement, context, { place, range }) => {
    const change = changeOf(command, table, statement, range, context);
    if (change === null) return;
    const { before } = change;
    const problem = { at: place, object: table, key: change.column };
    const refused = refusal(change, context);
    if (refused !== null) {
      context.report({ ...problem, ...refused, severity: 'error' });
      return;
    }
    if (isFree(change, context)) return;
    if (before !== undefined && isThereAndBack(before, table, context)) {
      // Told once, at the first of the two.
      if (change.target !== before.type)
        reportLock(context, statement, { ...problem, ...leaveBothOut(change) });
      return;
    }
    const own = moreLabels(change, context) ?? toNull(change);
    if (own !== null) {
      reportLock(context, statement, { ...problem, ...own });
      return;
    }
    const all = rewritesOf(table, context);
    const twice = all.filter(({ column }) => column === change.column);
    if (twice.length > 1) {
      if (twice[0]!.command === command)
        reportLock(context, statement, { ...problem, ...writtenAgain(twice) });
      return;
    }
    // Told once for the statement, at the first of them.
    const isAlike = (each: Change) =>
      each.statement === statement &&
      all.filter(({ column }) => column === each.column).length === 1 &&
      holdsNull(each, context) === holdsNull(change, context);
    const alike = all.filter(isAlike);
    if (alike[0]?.command !== command) return;
    reportLock(context, statement, {
      ...problem,
      ...(holdsNull(change, context)
        ? madeAgain(alike)
        : alike.length === 1
          ? rewritten(change, context)
          : severalRewritten(alike, context)),
    });
  }),
});

/** What a command changes; null where the column holds nothing yet, or is of that type by then. */
function changeOf(
  command: SyntaxNode,
  table: string,
  statement: Statement,
  range: Range | null,
  { set, source }: FileContext,
): Change | null {
  const before = set.before.tables.get(table)?.columns.find(({ name }) => name === command.name);
  // A column that this change adds holds nothing yet.
  if (before === undefined && set.before.tables.has(table)) return null;
  const definition: SyntaxNode | undefined = command.def?.ColumnDef;
  const target = targetOf(definition?.typeName, before);
  // A DO block that converts what is converted already has asked for the type first.
  const inDo = source.statements[statement.index] !== statement;
  if (inDo && before?.type === target) return null;
  return {
    column: command.name,
    table,
    command,
    statement,
    before,
    target,
    using: definition?.raw_default,
    value: range === null ? null : usingIn(source.text.slice(range.start, range.end)),
  };
}

const refusal = (change: Change, context: FileContext): Told | null =>
  underGenerated(change, context) ?? usingOnGenerated(change, context) ?? withoutCast(change);

/** No row, or none that is written anew. */
const isFree = (change: Change, context: FileContext) =>
  context.isEmpty(change.table, change.statement) ||
  (change.before !== undefined && isPlain(change) && keepsBytes(change.before.type, change.target));

/** The changes of the file that write the table anew and have no shorter way, in its order. */
const rewritesOf = (table: string, context: FileContext): readonly Change[] =>
  context.statements
    .filter(({ kind, node }) => kind === 'AlterTableStmt' && context.keyOf(node.relation) === table)
    .flatMap((statement) =>
      commandsOf(statement.node).map((command, index) =>
        command.subtype === 'AT_AlterColumnType'
          ? changeOf(command, table, statement, rangeOfCommand(context, statement, index), context)
          : null,
      ),
    )
    .filter((change) => change !== null)
    .filter(
      (change) =>
        refusal(change, context) === null &&
        !isFree(change, context) &&
        moreLabels(change, context) === null &&
        toNull(change) === null &&
        (change.before === undefined || !isThereAndBack(change.before, table, context)),
    );

/** The last UPDATE above that names the column sets it to NULL in all rows. */
function holdsNull({ table, column, statement: own }: Change, { statements, keyOf }: FileContext): boolean {
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

interface Change {
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
}

interface Told {
  readonly message: string;
  readonly help: string;
}

/** Without a schema it is the type of that name on the search path: the column's own, where it has that one. */
function targetOf(type: SyntaxNode | undefined, before: Column | undefined): string {
  const home = before?.type.match(/^([\w$]+)\.("[^"]+"|[\w$]+)/);
  return typeName(type, {
    resolve: (schema, name) =>
      `${quoteIdent(schema ?? (home?.[2] === quoteIdent(name) ? home[1]! : 'public'))}.${quoteIdent(name)}`,
  });
}

/** `Changing "c" of "t"`, as each of them begins. */
const changing = ({ column, table }: Change) => `Changing "${column}" of "${table}"`;

const alter = ({ table, column, target }: Change, value: string | null = null) =>
  `alter table ${table} alter column ${quoteIdent(column)} type ${target}${value === null ? '' : ` using ${value}`};`;

function underGenerated(change: Change, context: FileContext): Told | null {
  const { table, target, value } = change;
  const computed = computedFrom(change, context);
  if (computed.length === 0) return null;
  const [columns, are, them] = computed.length === 1 ? ['column', 'is', 'it'] : ['columns', 'are', 'them'];
  return {
    message: `${changing(change)} to ${target} fails: the generated ${columns} ${listed(computed.map(({ name }) => name))} ${are} computed from it, and Postgres alters no type under one. Drop ${them} first and make ${them} again behind the change.`,
    help: sql(
      ...computed.map(({ name }) => `alter table ${table} drop column ${quoteIdent(name)};`),
      alter(change, value),
      ...computed.map(
        ({ name, type, generated }) =>
          `alter table ${table} add column ${quoteIdent(name)} ${type} generated always as (${generated!.text}) stored;`,
      ),
      '-- and its indexes again, and what else was made on it',
    ),
  };
}

/** Postgres 17 and the last minor releases before it refuse that. */
function usingOnGenerated(change: Change, { facts }: FileContext): Told | null {
  if (change.before?.generated == null || change.using === undefined || facts.project.major < 17) return null;
  return {
    message: `${changing(change)} to ${change.target} fails: the column is generated, and the type of one is altered without USING. Leave USING out.`,
    help: sql(alter(change)),
  };
}

/** No cast leads from a number, a flag or a time to a uuid, and none back: it fails with no row in the table too. */
function withoutCast(change: Change): Told | null {
  const { column, table, before, target } = change;
  if (before === undefined || !isPlain(change)) return null;
  const types = [before.type, target];
  if (!types.includes('uuid') || !types.some((type) => castsToNoUuid.test(type))) return null;
  const added = quoteIdent(`${column}_new`);
  return {
    message: `${changing(change)} from ${before.type} to ${target} fails: Postgres has no cast between them. Add a new column, say which value each row gets, and swap the names.`,
    help: sql(
      `alter table ${table} add column ${added} ${target};`,
      '-- in batches, from what tells which is which',
      `update ${table} set ${added} = … where …;`,
    ),
  };
}

const castsToNoUuid =
  /^(smallint|integer|bigint|real|double precision|boolean|date|interval|jsonb?|(numeric|time|timestamp)\b.*)$/;

/** As a diff writes it. */
const leaveBothOut = ({ column, table, before, target }: Change): Told => ({
  message: `"${column}" of "${table}" is changed from ${before!.type} to ${target} and back in this file: the table is written anew twice under an exclusive lock, for nothing. Leave both out.`,
  help: 'Leave both statements out: the column has that type already.',
});

const wait = 'Reads and writes wait that long';

function moreLabels(change: Change, context: FileContext): Told | null {
  const { before, target } = change;
  const labels = newLabels(before?.type, target, context);
  if (before === undefined || labels === null || labels.length === 0) return null;
  return {
    message: `${changing(change)} to an enum of more labels writes the table anew under an exclusive lock. ${wait}. Add the labels to the type that is there: that writes nothing.`,
    help: sql(
      '-- in place of the new type',
      ...labels.map((label) => `alter type ${before.type} add value if not exists ${quoteLiteral(label)};`),
    ),
  };
}

function toNull(change: Change): Told | null {
  const { column, table, target, using } = change;
  if (bare(using)?.A_Const?.isnull !== true) return null;
  const old = quoteIdent(`${column}_old`);
  return {
    message: `${changing(change)} to ${target} USING NULL writes the table anew under an exclusive lock, and what the column holds is gone. Add a new column, and drop the old one when nothing needs it.`,
    help: sql(
      `alter table ${table} rename column ${quoteIdent(column)} to ${old};`,
      `alter table ${table} add column ${quoteIdent(column)} ${target};`,
      '-- in a later migration',
      `alter table ${table} drop column ${old};`,
    ),
  };
}

/** As text, and then to a type that is made anew under the old one's name. */
function writtenAgain(changes: readonly Change[]): Told {
  const [{ column, table, before }] = changes as readonly [Change];
  const from = before === undefined ? '' : ` from ${before.type}`;
  return {
    message: `"${column}" of "${table}" is changed${from} to ${changes.map(({ target }) => target).join(' and then to ')}: the table is written anew ${changes.length === 2 ? 'twice' : `${changes.length} times`} under an exclusive lock. ${wait}. Add one column of the last type, fill it in batches and swap the names.`,
    help: 'Make the last type under a name of its own, if one of that name is there. Add a column of it, fill it in batches by the key from the old column, swap the names, and drop the old column when nothing reads it.',
  };
}

/** With nothing to convert. */
function madeAgain(changes: readonly Change[]): Told {
  const [{ table }] = changes as readonly [Change];
  const one = changes.length === 1;
  return {
    message: `Changing the ${one ? 'type' : 'types'} of ${listed(changes.map(({ column }) => column))} of "${table}" writes the table anew under an exclusive lock, though the UPDATE above leaves NULL in every row. ${wait}. Drop the ${one ? 'column' : 'columns'} and add ${one ? 'it' : 'them'} again: that writes nothing.`,
    help: sql(
      `alter table ${table}`,
      changes
        .flatMap(({ column, target }) => [
          `  drop column ${quoteIdent(column)}`,
          `  add column ${quoteIdent(column)} ${target}`,
        ])
        .join(',\n')
        .concat(';'),
      '-- and what was made on it again: a default, an index, a constraint',
    ),
  };
}

function severalRewritten(changes: readonly Change[], context: FileContext): Told {
  const [{ table }] = changes as readonly [Change];
  const outcomes = changes.map((change) => outcomeOf(change, context));
  const added = (column: string) => quoteIdent(`${column}_new`);
  return {
    message: `Changing the types of ${listed(changes.map(({ column }) => column))} of "${table}" writes the table anew under an exclusive lock${changes.map(unlessStoredAlike).find((words) => words !== '') ?? ''}. ${outcomes.find((outcome) => outcome !== wait) ?? wait}. Add new columns, fill them in batches and swap the names.`,
    help: sql(
      `alter table ${table} ${changes.map(({ column, target }) => `add column ${added(column)} ${target}`).join(', ')};`,
      `-- in batches`,
      `update ${table} set`,
      `${changes.map((change) => `  ${added(change.column)} = ${converted(change)}`).join(',\n')}`,
      'where …;',
      ...carriedOver(changes, context),
    ),
  };
}

function rewritten(change: Change, context: FileContext): Told {
  const { column, table, before, target } = change;
  const from = before === undefined || before.type === target ? '' : ` from ${before.type}`;
  const added = quoteIdent(`${column}_new`);
  return {
    message: `${changing(change)}${from} to ${target} writes the table anew under an exclusive lock${unlessStoredAlike(change)}. ${outcomeOf(change, context)}. Add a new column, fill it in batches and swap the names.`,
    help: sql(
      `alter table ${table} add column ${added} ${target};`,
      `-- in batches`,
      `update ${table} set ${added} = ${converted(change)} where …;`,
      ...carriedOver([change], context),
    ),
  };
}

/** What stands on the old columns and has to be made for the new ones before the names are swapped. */
function carriedOver(changes: readonly Change[], { set }: FileContext): readonly string[] {
  const table = set.before.tables.get(changes[0]!.table);
  const stands =
    table === undefined
      ? []
      : standingOn(
          table,
          changes.map(({ column }) => column),
        );
  const needs =
    changes.length === 1 ? 'column needs what the old one has' : 'columns need what the old ones have';
  return stands.length === 0 ? [] : [`-- then the new ${needs}: ${stands.join(', ')}`];
}

const converted = ({ value, column, target }: Change) => value ?? `${quoteIdent(column)}::${target}`;

const unlessStoredAlike = (change: Change) =>
  change.before === undefined && isPlain(change)
    ? ', unless the old type, which no migration tells, is stored alike'
    : '';

function outcomeOf(change: Change, context: FileContext): string {
  const { before, target, using } = change;
  const plain = isPlain(change);
  const converts =
    newLabels(before?.type, target, context) !== null ||
    !onlyCasts(using) ||
    (plain && alwaysConverts(before?.type, target));
  return (
    (plain ? digitsLost(before?.type, target) : null) ??
    (converts ? wait : 'A value that does not convert makes it fail')
  );
}

/** Generated columns that read this one and still stand when the statement runs. */
function computedFrom(
  { column: name, table: key, statement: { start } }: Change,
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
  { name, type }: Column,
  table: string,
  { set, statements, keyOf }: FileContext,
): boolean {
  const after = set.after.tables.get(table)?.columns.find((column) => column.name === name);
  // A type of the project's own may have been made anew under its name.
  if (after?.type !== type || set.before.types.has(type)) return false;
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

/** A numeric of fewer decimals rounds without a word. */
function digitsLost(from: string | undefined, to: string): string | null {
  const now = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(to);
  const old = /^(numeric|real|double precision)(?:\((\d+)(?:,(-?\d+))?\))?$/.exec(from ?? '');
  if (now === null || old === null) return null;
  const scale = Number(now[2] ?? 0);
  if (old[2] !== undefined && Number(old[3] ?? 0) <= scale) return null;
  return `Values are rounded to ${scale === 1 ? 'one decimal' : `${scale} decimals`}, and one that is too large makes it fail`;
}

/** What the new enum has beside all labels of the old one; null where it lacks some, or these are no enums. */
function newLabels(from: string | undefined, to: string, { set }: FileContext): readonly string[] | null {
  const old = set.before.types.get(from ?? '');
  const now = set.after.types.get(to);
  if (old?.kind !== 'enum' || now?.kind !== 'enum') return null;
  return old.values.every((label) => now.values.includes(label))
    ? now.values.filter((label) => !old.values.includes(label))
    : null;
}

/** The expression behind USING, as it is written in the command. */
function usingIn(command: string): string | null {
  const tokens = tokenize(command, 0, command.length);
  const at = tokens.findIndex(({ text, depth, kind }) => kind === 'word' && text === 'using' && depth === 0);
  return at === -1 ? null : command.slice(tokens[at]!.end).trim().replace(/\s+/g, ' ');
}

/** No USING, or one that only casts the column itself. */
function isPlain({ using, column }: Change): boolean {
  const inside = using?.TypeCast?.arg ?? using;
  return inside === undefined || inside.ColumnRef?.fields?.at(-1)?.String?.sval === column;
}

/** No USING, or casts of a column and nothing else: what a CASE or a NULL gives is its author's matter. */
function onlyCasts(using: SyntaxNode | undefined): boolean {
  let inside = using;
  while (inside?.TypeCast !== undefined) inside = inside.TypeCast.arg;
  return inside === undefined || inside.ColumnRef !== undefined;
}

/** Each value of the one type is a value of the other: everything can be written as text, and numbers only widen. */
function alwaysConverts(from: string | undefined, to: string): boolean {
  if (/^(text|character varying)(\[\])?$/.test(to))
    return !to.endsWith('[]') || from?.endsWith('[]') === true;
  const [a, b] = [from === undefined ? -1 : widening.indexOf(from), widening.indexOf(to)];
  return a !== -1 && (a < b || (to === 'double precision' && from !== 'numeric'));
}

const widening = ['smallint', 'integer', 'bigint', 'numeric'];

/** True where Postgres changes the catalog only (ATColumnChangeRequiresRewrite, src/backend/commands/tablecmds.c). */
function keepsBytes(from: string, to: string): boolean {
  if (from === to) return true;
  const [a, b] = [parse(from), parse(to)];
  if (a === null || b === null) return false;
  const text = /^(text|character varying|public\.citext|extensions\.citext)$/;
  if (text.test(a.name) && text.test(b.name)) {
    return (
      b.limits.length === 0 || (a.name === b.name && a.limits.length > 0 && a.limits[0]! <= b.limits[0]!)
    );
  }
  // Since 12 no rewrite where the session's time zone is UTC, as it is on Supabase.
  if (a.name === 'timestamp without time zone' && b.name === 'timestamp with time zone') return true;
  if (a.name !== b.name) return false;
  if (b.limits.length === 0) return true;
  if (a.limits.length === 0) return false;
  if (a.name === 'numeric') return a.limits[1] === b.limits[1] && a.limits[0]! <= b.limits[0]!;
  return /^(timestamp|time|interval|bit varying)/.test(a.name) && a.limits[0]! <= b.limits[0]!;
}

function parse(type: string): { name: string; limits: number[] } | null {
  const match = /^([^(]+?)(?:\(([\d,\s]+)\))?((?:\s+with.*)?)$/.exec(type);
  if (match === null) return null;
  return {
    name: `${match[1]}${match[3] ?? ''}`,
    limits: (match[2] ?? '').split(',').filter(Boolean).map(Number),
  };
}
