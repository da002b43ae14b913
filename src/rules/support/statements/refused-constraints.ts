/** Constraints that Postgres refuses by what the migrations before made: one that stands, a second primary key, a key to no key. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { SourceFile, Statement } from '../../../model/sql.ts';
import { isKeyOf } from '../../../sql/fold/constraints.ts';
import { quoteIdent, strings } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isPlatform } from '../callers/roles.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { ownNames } from '../syntax/own-names.ts';
import type { Refusal } from './refused.ts';
import { commandsOf, constraintsIn, sql } from './statements.ts';

/** It is about this column. */
export interface OfAName extends Refusal {
  readonly table: string;
  readonly column: string;
  /** The table has no such column. */
  readonly lacks: boolean;
}

/** It adds a second primary key, or a constraint whose name another one of the table has. */
export function standing(
  statement: Statement,
  source: SourceFile,
  stands: (path: string | undefined) => boolean,
  before: SchemaState,
): OfAName | null {
  const { node } = statement;
  const key = keyOfRangeVar(node.relation);
  const table = before.tables.get(key);
  if (table === undefined || !isWhole(table) || !stands(table.origin?.file)) return null;
  const isGone = (name: string, columns: readonly string[]) =>
    source.statements.some(
      (other) => other.start <= statement.start && mayDrop(other, [name, ...columns], table),
    );
  for (const { subtype, def } of commandsOf(node)) {
    const constraint = subtype === 'AT_AddConstraint' ? def?.Constraint : undefined;
    if (constraint === undefined) continue;
    const { primaryKey } = table;
    if (constraint.contype === 'CONSTR_PRIMARY' && primaryKey !== null) {
      if (isGone(primaryKey.name, primaryKey.columns) || !stands(primaryKey.origin?.file)) continue;
      return {
        table: key,
        column: '',
        lacks: false,
        why: `by the migrations "${key}" has the primary key "${primaryKey.name}", and ALTER TABLE fails with "multiple primary keys for table "${table.name}" are not allowed" (42P16)`,
        way: 'Leave it out, or drop the old key first',
        help: sql(
          `alter table ${key} drop constraint ${quoteIdent(primaryKey.name)}; -- above it, where another key is meant`,
        ),
      };
    }
    const old = [...table.checks, ...table.foreignKeys].find(({ name }) => name === constraint.conname);
    if (
      old === undefined ||
      !stands(old.origin?.file) ||
      isGone(old.name, 'columns' in old ? old.columns : ownNames(old.expression.node))
    )
      continue;
    return {
      table: key,
      column: '',
      lacks: false,
      why: `by the migrations "${key}" has a constraint "${old.name}", and ALTER TABLE fails with "constraint "${old.name}" for relation "${table.name}" already exists" (42710)`,
      way: 'Leave it out, or drop the old one first',
      help: sql(
        `alter table ${key} drop constraint ${quoteIdent(old.name)}; -- above it, where another one is meant`,
      ),
    };
  }
  return null;
}

/** It drops a constraint or a column by one of these names, or the table, or does what only its run tells. */
function mayDrop(
  { kind, node, sql: text }: Statement,
  names: readonly string[],
  { key, name, schema }: Table,
): boolean {
  if (kind === 'AlterTableStmt')
    return (
      keyOfRangeVar(node.relation) === key &&
      commandsOf(node).some(
        (command) => /^AT_Drop(Constraint|Column)$/.test(command.subtype) && names.includes(command.name),
      )
    );
  if (kind === 'DropStmt')
    return (
      /\bcascade\b/i.test(text) ||
      new RegExp(`(?<![\\w$])(${[name, schema].map(escapeRegExp).join('|')})(?![\\w$])`).test(text)
    );
  return kind === 'CallStmt' || (/^(Do|Select)Stmt$/.test(kind) && /\bdrop/i.test(text));
}

/** A foreign key to columns that no primary key and no whole unique index is on. */
export function withoutKey(statement: Statement, before: SchemaState, after: SchemaState): OfAName | null {
  const own = keyOfRangeVar(statement.node.relation);
  for (const { contype, pktable, pk_attrs: named } of constraintsIn(statement)) {
    if (contype !== 'CONSTR_FOREIGN') continue;
    const key = keyOfRangeVar(pktable);
    const [old, now] = [before.tables.get(key), after.tables.get(key)];
    const target = now ?? old;
    const names = strings(named);
    if (
      target === undefined ||
      isPlatform(target.schema) ||
      [old, now].some((each) => each !== undefined && (!isWhole(each) || isKeyOf(each, names))) ||
      !names.every((name) => target.columns.some((column) => column.name === name))
    )
      continue;
    const columns = names.map((name) => `"${name}"`).join(', ');
    const partial = target.indexes.find(
      (index) =>
        index.unique &&
        index.predicate !== null &&
        index.columns.toSorted().join() === names.toSorted().join(),
    );
    return {
      table: own,
      column: '',
      lacks: false,
      why:
        names.length === 0
          ? `by the migrations "${key}" has no primary key, and the foreign key fails with "there is no primary key for referenced table "${target.name}"" (42704)`
          : `${partial === undefined ? `by the migrations nothing keeps ${columns} of "${key}" unique` : `"${partial.name}" keeps ${columns} of "${key}" unique for some rows only, by its WHERE`}, and the foreign key fails with "there is no unique constraint matching given keys for referenced table "${target.name}"" (42830)`,
      way:
        names.length === 0
          ? 'Give that table a primary key first'
          : 'Point at its primary key, or make the columns unique first',
      help: sql(
        names.length === 0
          ? `alter table ${key} add primary key (…); -- above it`
          : `alter table ${key} add unique (${names.map(quoteIdent).join(', ')}); -- above it, where no two rows are equal`,
      ),
    };
  }
  return null;
}

/** Known to its last column. */
export const isWhole = ({ kind, columns, unknown, parent }: Table) =>
  (kind === 'table' || kind === 'partitioned') &&
  parent === null &&
  columns.length > 0 &&
  unknown.length === 0;
