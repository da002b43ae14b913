/**
 * Statements of a changed file that name a column which their table does not have, tie a key between types that no
 * operator compares or to columns that nothing keeps unique, or add a constraint that stands: Postgres refuses them by what
 * the migrations before made, and the whole file with them.
 */
import type { ClientCall } from '../../../model/client.ts';
import type { ChangedMigration, Facts } from '../../../model/facts.ts';
import type { Column, SchemaState } from '../../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { strings, typeName } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { ofTheSystem, ownNames } from '../syntax/own-names.ts';
import { remembered } from '../syntax/tree.ts';
import { refusedIndex } from './refused.ts';
import { isWhole, type OfAName, standing, withoutKey } from './refused-constraints.ts';
import { commandsOf, sql } from './statements.ts';

export interface Refused {
  readonly statement: Statement;
  readonly refusal: OfAName;
  /** Where another rule tells it: a CREATE TABLE IF NOT EXISTS above that is skipped, an index on the time. */
  readonly toldBefore: boolean;
  /** This file or one before has a CREATE TABLE IF NOT EXISTS with the column: the code was written after that. */
  readonly isInSkippedCreate: boolean;
}

const known = new WeakMap<ChangedMigration, Refused | null>();

/** The first statement of the file, outside of DO blocks, that Postgres refuses; null where none is known to be. */
export function firstRefused(changed: ChangedMigration, facts: Facts): Refused | null {
  let found = known.get(changed);
  if (found === undefined) {
    found = look(changed, facts);
    known.set(changed, found);
  }
  return found;
}

/** Where that file is refused too, nothing that it makes stands. */
const isRefusedFile = (path: string | undefined, facts: Facts): boolean => {
  const changed = path === undefined ? undefined : changedFiles(facts).get(path);
  return changed !== undefined && firstRefused(changed, facts) !== null;
};

export const changedFiles = remembered(
  ({ changeSets }: Facts): ReadonlyMap<string, ChangedMigration> =>
    new Map(
      changeSets.flatMap(({ migrations }) =>
        migrations.map((changed) => [changed.source.path, changed] as const),
      ),
    ),
);

function look({ source, step }: ChangedMigration, facts: Facts): Refused | null {
  const { before, after } = step;
  const stands = (path: string | undefined) => path !== source.path && !isRefusedFile(path, facts);
  // Names that a file gives for a while are in neither state.
  if (source.statements.some(({ kind, node }) => givesOtherNames(kind, node))) return null;
  for (const statement of source.statements) {
    const onTime = statement.kind === 'IndexStmt' ? refusedIndex(statement.node) : null;
    if (onTime !== null)
      return {
        statement,
        refusal: { ...onTime, table: '', column: '', lacks: false },
        toldBefore: true,
        isInSkippedCreate: false,
      };
    const refusal = refusalOf(statement, source, stands, before, after);
    if (refusal === null) continue;
    const isInCreate = ({ kind, node }: Statement) =>
      kind === 'CreateStmt' &&
      node.if_not_exists === true &&
      keyOfRangeVar(node.relation) === refusal.table &&
      (node.tableElts ?? []).some(({ ColumnDef }: SyntaxNode) => ColumnDef?.colname === refusal.column);
    const toldBefore =
      refusal.lacks && source.statements.some((other) => other.start < statement.start && isInCreate(other));
    return {
      statement,
      refusal,
      toldBefore,
      isInSkippedCreate:
        toldBefore ||
        (refusal.lacks &&
          [...facts.sources.values()].some(
            ({ path, statements }) => path < source.path && statements.some(isInCreate),
          )),
    };
  }
  return null;
}

const givesOtherNames = (kind: string, { name }: SyntaxNode) =>
  /^(RenameStmt|AlterObjectSchemaStmt)$/.test(kind) || (kind === 'VariableSetStmt' && name === 'search_path');

/** Calls of the code that name a column which is not there by the migrations: it may have been added by hand. */
export const callsThatName = ({ lacks, table, column }: OfAName, facts: Facts): readonly ClientCall[] =>
  lacks
    ? allCallsOn(table, ['select', 'insert', 'update', 'delete'], facts).filter(({ columns }) =>
        columns.includes(column),
      )
    : [];

function refusalOf(
  statement: Statement,
  source: SourceFile,
  stands: (path: string | undefined) => boolean,
  before: SchemaState,
  after: SchemaState,
): OfAName | null {
  const { kind, node } = statement;
  const asked = columnsAsked(statement);
  const lacks = asked && lacking(asked, before, after);
  if (lacks !== null) return lacks;
  if (asked?.what === 'ALTER TABLE')
    return (
      mismatch(statement, source, before, after) ??
      standing(statement, source, stands, before) ??
      withoutKey(statement, before, after)
    );
  return kind === 'CreateStmt' &&
    !(node.if_not_exists === true && before.tables.has(keyOfRangeVar(node.relation)))
    ? (mismatch(statement, source, before, after) ?? withoutKey(statement, before, after))
    : null;
}

interface ColumnsAsked {
  readonly table: string;
  readonly names: readonly (string | undefined)[];
  readonly what: string;
}

/** Columns that have to be there for the statement; null for one of another kind. */
function columnsAsked({ kind, node }: Statement): ColumnsAsked | null {
  if (kind === 'IndexStmt')
    return {
      table: keyOfRangeVar(node.relation),
      names: (node.indexParams ?? []).map(({ IndexElem }: SyntaxNode) => IndexElem?.name),
      what: 'CREATE INDEX',
    };
  if (kind === 'CreatePolicyStmt')
    return {
      table: keyOfRangeVar(node.table),
      names: [...ownNames(node.qual), ...ownNames(node.with_check)],
      what: 'CREATE POLICY',
    };
  if (kind === 'UpdateStmt' || kind === 'InsertStmt')
    return {
      table: keyOfRangeVar(node.relation),
      names: (node.targetList ?? node.cols ?? []).map(({ ResTarget }: SyntaxNode) => ResTarget?.name),
      what: kind === 'UpdateStmt' ? 'UPDATE' : 'INSERT',
    };
  return kind === 'AlterTableStmt' && node.objtype === 'OBJECT_TABLE'
    ? {
        table: keyOfRangeVar(node.relation),
        names: commandsOf(node).flatMap(namesAltered),
        what: 'ALTER TABLE',
      }
    : null;
}

export interface Lacking {
  readonly name: string;
  /** As a CREATE TABLE IF NOT EXISTS that was skipped has it. */
  readonly type: string | null;
}

/**
 * All that the file asks of that table and the table lacks: in this statement and below, and in DO blocks, where a CREATE
 * TABLE IF NOT EXISTS that was skipped has the column.
 */
export function lackingBeside(
  { statement: first, refusal }: Refused,
  { source, step: { before, after } }: ChangedMigration,
  facts: Facts,
): readonly Lacking[] {
  if (!refusal.lacks) return [];
  const skipped = skippedColumns(refusal.table, source, facts);
  const below = source.statements.filter(({ start }) => start >= first.start);
  const asked = below.flatMap((statement) => {
    const own = columnsAsked(statement);
    return own?.table === refusal.table ? namesLacking(own, before, after) : [];
  });
  const [, bare] = splitKey(refusal.table);
  const inBlocks = below
    .filter(({ kind, sql: text }) => kind === 'DoStmt' && isWord(bare, text))
    .flatMap(({ sql: text }) => [...skipped.keys()].filter((name) => isWord(name, text)));
  const there = new Set(
    [before, after].flatMap(({ tables }) => tables.get(refusal.table)?.columns ?? []).map(({ name }) => name),
  );
  return [...new Set([...asked, ...inBlocks])]
    .filter((name) => !there.has(name))
    .map((name) => ({ name, type: skipped.get(name) ?? null }));
}

const isWord = (name: string, text: string) =>
  new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`, 'i').test(text);

/** Columns of the table in each CREATE TABLE IF NOT EXISTS up to this file, and their types. */
const skippedColumns = (table: string, { path }: SourceFile, { sources }: Facts) =>
  new Map(
    [...sources.values()]
      .filter((source) => source.path <= path)
      .flatMap(({ statements }) => statements)
      .filter(
        ({ kind, node }) =>
          kind === 'CreateStmt' && node.if_not_exists === true && keyOfRangeVar(node.relation) === table,
      )
      .flatMap(({ node }): readonly SyntaxNode[] => node.tableElts ?? [])
      .flatMap(({ ColumnDef: column }): [string, string][] =>
        column === undefined ? [] : [[column.colname, typeName(column.typeName)]],
      ),
  );

/** Columns that have to be there for a part of ALTER TABLE. */
function namesAltered({ subtype, name, def, missing_ok: ifThere }: SyntaxNode): readonly string[] {
  if (/^AT_(SetNotNull|DropNotNull|ColumnDefault|AlterColumnType)$/.test(subtype)) return [name];
  if (subtype === 'AT_DropColumn') return ifThere === true ? [] : [name];
  if (subtype !== 'AT_AddConstraint') return [];
  const { contype, keys, fk_attrs: own, raw_expr: expression } = def?.Constraint ?? {};
  return contype === 'CONSTR_CHECK'
    ? ownNames(expression)
    : contype === 'CONSTR_FOREIGN'
      ? strings(own)
      : strings(keys);
}

/** Those that the table has neither before nor behind the file. */
function namesLacking(
  { table: key, names }: ColumnsAsked,
  before: SchemaState,
  after: SchemaState,
): readonly string[] {
  const [old, now] = [before.tables.get(key), after.tables.get(key)];
  const table = now ?? old;
  if (table === undefined || [old, now].some((each) => each !== undefined && !isWhole(each))) return [];
  const has = (name: string) =>
    [old, now].some((each) => each?.columns.some((column) => column.name === name));
  return names.filter(
    (each): each is string =>
      each !== undefined && !ofTheSystem.has(each) && each !== table.name && !has(each),
  );
}

function lacking(asked: ColumnsAsked, before: SchemaState, after: SchemaState): OfAName | null {
  const { table: key, what } = asked;
  const [name] = namesLacking(asked, before, after);
  return name === undefined
    ? null
    : {
        table: key,
        column: name,
        lacks: true,
        why: `by the migrations "${key}" has no column "${name}", and ${what} fails with "column "${name}" does not exist" (42703)`,
        way: 'Add the column above it, or name the one that is meant',
        help: sql(`alter table ${key} add column ${name} …; -- above it`),
      };
}

/** A key of this statement between, say, text and uuid. */
function mismatch(
  statement: Statement,
  { path }: SourceFile,
  before: SchemaState,
  after: SchemaState,
): OfAName | null {
  const { node, span } = statement;
  const key = keyOfRangeVar(node.relation);
  const table = after.tables.get(key);
  if (table === undefined || commandsOf(node).some(({ subtype }) => subtype === 'AT_AlterColumnType'))
    return null;
  for (const each of table.foreignKeys) {
    const { origin } = each;
    if (origin === null || origin.file !== path || origin.line < span.line || origin.line > span.endLine)
      continue;
    const target = after.tables.get(each.references);
    if (target === undefined) continue;
    for (const [at, name] of each.columns.entries()) {
      const own = settled(key, name, before, after);
      const other = settled(each.references, each.referencedColumns[at] ?? '', before, after);
      const [one, two] = [own && family(own), other && family(other)];
      if (one == null || two == null || one === two) continue;
      return {
        table: key,
        column: name,
        lacks: false,
        why: `"${name}" is ${own!.type} and "${each.references}.${other!.name}" is ${other!.type}: no operator compares them, and the key fails with "foreign key constraint "${each.name}" cannot be implemented" (42804)`,
        way: `Give "${name}" the type ${other!.type}`,
        help: `Write \`${name} ${other!.type}\`, as the column that it names.`,
      };
    }
  }
  return null;
}

/** A column whose type is one before and behind the file. */
function settled(key: string, name: string, before: SchemaState, after: SchemaState): Column | null {
  const [old, now] = [before.tables.get(key), after.tables.get(key)];
  if (now === undefined || !isWhole(now) || (old !== undefined && !isWhole(old))) return null;
  const column = now.columns.find((each) => each.name === name);
  const former = old?.columns.find((each) => each.name === name);
  return column === undefined || (former !== undefined && former.type !== column.type) ? null : column;
}

function family({ type }: Column): string | null {
  if (type === 'uuid') return 'uuid';
  if (type.endsWith('[]')) return null;
  if (/^(text|character varying|character|varchar)\b/.test(type)) return 'text';
  return /^(smallint|integer|bigint|numeric)\b/.test(type) ? 'number' : null;
}
