import type { SchemaState } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { stillNamed } from '../support/application/client-calls.ts';
import { writersOf } from '../support/functions/column-writers.ts';
import { archive } from '../support/locks/archive.ts';
import { type Dependent, dependentsOfColumn, silentlyLost } from '../support/statements/dependents.ts';
import {
  alterExisting,
  commandsOf,
  isCascade,
  listed,
  reportLock,
  sql,
} from '../support/statements/statements.ts';
import { whereColumnIsThere, whereTableIsThere } from '../support/statements/where-there.ts';
import { bare, columnParts, conjuncts, someNode } from '../support/syntax/tree.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';

export default rule({
  id: 'safety/drop-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a column that is dropped, with what it holds',
  why: 'What the column holds is gone, and no rollback file brings it back. Clients that run meanwhile name a column that no longer exists (42703). With CASCADE, views, policies and foreign keys that use it go too, without a word. Where the code of the repository still names the column (in calls of supabase-js and its like, the server’s too), the first such place is told.',
  remedy:
    'Stop using it first, drop it in a later migration, and keep a copy if in doubt.\n\n```sql\ncreate table private.note_body as select id, body from public.note;\nalter table public.note drop column body;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN'],
  fixable: false,
  statement: alterExisting(['AT_DropColumn'], (command, table, statement, context, { place }) => {
    const loss = lossOf(command, table, statement, context);
    if (loss === null) return;
    const problem = { at: place, object: table, key: command.name };
    const { lost, kept } = loss;
    const name = `"${command.name}" of "${table}"`;
    const named = (columns: readonly string[]) =>
      stillNamed(
        table,
        columns.filter((column) => !isColumnThere(context, table, column)),
        context.facts,
        columns.length === 1 ? 'it' : 'them',
      );
    if (kept !== null && lost.length === 0) {
      const writers = loss.replaced ? null : writersOf(table, [command.name], context);
      reportLock(context, statement, {
        ...problem,
        message: `Column ${name} is dropped. ${kept}, and clients that still name the column fail.${named([command.name])}${writers?.told ?? ''} Drop it when nothing uses it.`,
        ...(writers?.certain === true
          ? { severity: 'error' as const }
          : named([command.name]) === '' && writers === null
            ? { severity: 'info' as const }
            : {}),
        ...(writers === null || writers.drops.length === 0 ? {} : { help: sql(...writers.drops) }),
      });
      return;
    }
    // Told once for the statement, at the first of them.
    const along = isPlain(loss) ? plainDrops(table, statement, context) : [command];
    if (along[0] !== command) return;
    const columns = along.map((each): string => each.name);
    const writers = loss.replaced ? null : writersOf(table, columns, context);
    const still = `${named(columns)}${writers?.told ?? ''}`;
    const renamed = isPlain(loss) && columns.length === 1 ? renamedTo(table, columns[0]!, context) : null;
    if (renamed !== null) {
      reportLock(context, statement, {
        ...problem,
        message: `Column ${name} is dropped with all it holds, and "${renamed}" of the same type is added. The file speaks of a rename, and RENAME COLUMN keeps the values.${still} Rename it instead.`,
        help: sql(
          '-- in the place of both',
          `alter table ${table} rename column ${quoteIdent(command.name)} to ${quoteIdent(renamed)};`,
        ),
        repro: `select count(*) from ${table} where ${quoteIdent(command.name)} is not null;`,
      });
      return;
    }
    reportLock(context, statement, {
      ...problem,
      message:
        lost.length > 0
          ? `DROP COLUMN "${command.name}" … CASCADE on "${table}" takes ${listed(lost.map(({ label }) => label))} along, and what the column holds. Nothing says so when it runs.${still} Drop or change them by name first.`
          : loss.replaced
            ? `Column ${name} is dropped with all it holds, and another takes its name. What was not copied over is gone. Keep a copy if in doubt.`
            : loss.read
              ? `Column ${name} is dropped. A statement above uses it: what that does not keep is gone, and clients that still name the column fail.${still} Drop it when nothing uses it.`
              : columns.length === 1
                ? `Column ${name} is dropped with all it holds. No rollback file brings it back, and clients that still name it fail.${still} Drop it when nothing uses it, and keep a copy if in doubt.`
                : `Columns ${listed(columns)} of "${table}" are dropped with all they hold. No rollback file brings that back, and clients that still name them fail.${still} Drop them when nothing uses them, and keep a copy if in doubt.`,
      ...(lost.length > 0 || writers?.certain === true
        ? { severity: 'error' as const }
        : isSaidToHoldNothing(statement, context) && still === ''
          ? { severity: 'info' as const }
          : {}),
      help: sql(
        `create schema if not exists ${archive(context)};`,
        ...copied(table, along, statement, context),
        ...lost.map(({ drop }) => drop),
        ...(writers?.drops ?? []),
        `alter table ${ifExists(statement.node)}${table} ${along.map((each) => `drop column ${ifExists(each)}${quoteIdent(each.name)}`).join(', ')};`,
      ),
      repro: `select count(*) from ${table} where ${columns.map((column) => `${quoteIdent(column)} is not null`).join(' or ')};`,
    });
  }),
});

/** The one column that the file adds to the table, of the type of the one that it drops, where its name or a comment speaks of renaming. */
function renamedTo(table: string, column: string, context: FileContext): string | null {
  const { changed, source, set, statements } = context;
  const says = [changed.migration.name, ...source.comments.map(({ text }) => text)];
  if (!says.some((text) => /(?<![a-z])renam(e|es|ed|ing)(?![a-z])/i.test(text))) return null;
  const commands = statements
    .filter(({ kind, node }) => kind === 'AlterTableStmt' && context.keyOf(node.relation) === table)
    .flatMap(({ node }) => commandsOf(node));
  const added = commands.filter(({ subtype }) => subtype === 'AT_AddColumn');
  if (added.length !== 1 || commands.filter(({ subtype }) => subtype === 'AT_DropColumn').length !== 1)
    return null;
  const to: string = added[0]!.def?.ColumnDef?.colname;
  const [old, now] = [
    set.before.tables.get(table)?.columns.find(({ name }) => name === column),
    changed.step.after.tables.get(table)?.columns.find(({ name }) => name === to),
  ];
  const keyOn = (state: SchemaState, name: string) =>
    state.tables.get(table)?.foreignKeys.find(({ columns }) => columns.join() === name)?.references;
  const [pointedAt, points] = [keyOn(set.before, column), keyOn(changed.step.after, to)];
  // Ids of another table's rows are no use under the new name.
  if (pointedAt !== undefined && pointedAt !== points) return null;
  return old !== undefined && old.type === now?.type ? to : null;
}

interface Loss {
  /** What CASCADE takes along. */
  readonly lost: readonly Dependent[];
  /** Why the values are not lost; null where they are. */
  readonly kept: string | null;
  /** Another column takes its name: clients go on, and what they find was copied over before. */
  readonly replaced: boolean;
  readonly read: boolean;
}

const isPlain = ({ lost, kept, replaced, read }: Loss) =>
  lost.length === 0 && kept === null && !replaced && !read;

/** Null where nothing goes that stood before: added by this very change, never there, or computed and made again. */
function lossOf(command: SyntaxNode, table: string, statement: Statement, context: FileContext): Loss | null {
  const { before } = context.set;
  const known = before.tables.get(table);
  const column = known?.columns.find(({ name }) => name === command.name);
  if (known !== undefined && known.unknown.length === 0 && column === undefined) return null;
  if (known === undefined && command.missing_ok === true && before.unknown.length === 0) return null;
  if (wentEarlier(table, command.name, context)) return null;
  const lost = isCascade(command)
    ? silentlyLost(dependentsOfColumn(before, table, command.name), context)
    : [];
  const replaced = isColumnThere(context, table, command.name);
  const computed = column?.generated != null;
  if (computed && replaced && lost.length === 0) return null;
  return {
    lost,
    kept: computed
      ? 'What it holds is computed from other columns'
      : whyNothingIsLost(context, statement, table, command.name),
    replaced,
    read: isReadAbove(context, statement, table, command.name),
  };
}

/** The columns that go by this statement with nothing else to say of them, in its order. */
const plainDrops = (table: string, statement: Statement, context: FileContext): readonly SyntaxNode[] =>
  commandsOf(statement.node).filter((command) => {
    if (command.subtype !== 'AT_DropColumn') return false;
    const loss = lossOf(command, table, statement, context);
    return loss !== null && isPlain(loss);
  });

/** Of a key as Postgres spells it. */
const nameIn = (key: string): string =>
  (/(?:^|\.)(?:"((?:[^"]|"")+)"|([^".]+))$/.exec(key)?.slice(1).find(Boolean) ?? key).replaceAll('""', '"');

const ifExists = ({ missing_ok }: SyntaxNode) => (missing_ok === true ? 'if exists ' : '');

/** The copy, which must not fail where IF EXISTS lets the statement pass. */
function copied(
  table: string,
  along: readonly SyntaxNode[],
  { node }: Statement,
  context: FileContext,
): readonly string[] {
  const columns = along.map((each): string => each.name);
  const [column] = columns as [string];
  const one = columns.length === 1;
  const mayLack = along.some((each) => each.missing_ok === true);
  const rows =
    mayLack && !one ? `select to_jsonb(t) as old_row from ${table} t` : copyOf(table, columns, context);
  const copy = `create table ${archive(context)}.${quoteIdent(`${nameIn(table)}_${one ? column : 'columns'}`)} as ${rows};`;
  if (mayLack && one) return whereColumnIsThere(table, column, copy);
  return node.missing_ok === true ? whereTableIsThere(table, copy) : [copy];
}

/** With the key of its rows, where there is one to find them by; a type that the file drops must not be held on to. */
function copyOf(key: string, columns: readonly string[], { set, statements }: FileContext): string {
  const typeGoes = statements.some(
    ({ kind, node }) => kind === 'DropStmt' && /^OBJECT_(TYPE|DOMAIN)$/.test(node.removeType),
  );
  // The file may take the rows' key away, or change it, before it comes to this column.
  const names = set.before.tables.get(key)?.primaryKey?.columns ?? [];
  const stays = names.length > 0 && set.after.tables.get(key)?.primaryKey?.columns.join() === names.join();
  if (!stays) return typeGoes ? `select to_jsonb(t) as old_row from ${key} t` : `select * from ${key}`;
  const values = columns.map(quoteIdent).map((name) => (typeGoes ? `to_jsonb(${name}) as ${name}` : name));
  const rest = names.filter((each) => !columns.includes(each)).map(quoteIdent);
  return `select ${[...rest, ...values].join(', ')} from ${key}`;
}

/** What the file above does so that the values are kept, or proves: that there are none. Null where it does neither. */
function whyNothingIsLost(
  context: FileContext,
  drop: Statement,
  table: string,
  column: string,
): string | null {
  if (context.isEmpty(table, drop)) return 'The file itself shows that the table is empty';
  const above = context.statements.filter(({ start }) => start < drop.start);
  if (above.some((statement) => raisesIfHeld(statement, table, column)))
    return 'A check above stops the file where rows hold a value';
  if (above.some((statement) => copiesValues(statement, table, column, context)))
    return 'A statement above carries over what it holds';
  return null;
}

/** A DO block that looks at the column and raises. */
const raisesIfHeld = ({ kind, sql: text }: Statement, table: string, column: string) =>
  kind === 'DoStmt' &&
  /\braise\s+(exception|sqlstate|')/i.test(text) &&
  names(text, nameIn(table)) &&
  new RegExp(`${word(column)}[\\s)]+is\\s+not\\s+null|is\\s+distinct\\s+from[^;]*${word(column)}`, 'i').test(
    text,
  );

/** INSERT … SELECT column FROM table, UPDATE … SET other = column, CREATE TABLE AS: the value itself goes elsewhere. */
function copiesValues(
  { kind, node, sql: text }: Statement,
  table: string,
  column: string,
  context: FileContext,
): boolean {
  if (!/^(Insert|Update|CreateTableAs)Stmt$/.test(kind) || !names(text, nameIn(table))) return false;
  const select = (node.selectStmt ?? node.query)?.SelectStmt;
  const values: readonly SyntaxNode[] =
    kind === 'UpdateStmt'
      ? (node.targetList ?? []).filter(
          ({ ResTarget: target }: SyntaxNode) =>
            target?.name !== column || context.keyOf(node.relation) !== table,
        )
      : (select?.targetList ?? []);
  const targets = values.flatMap(({ ResTarget: target }) => target?.name ?? []);
  return (
    values.some((value) => reads(value, [column])) &&
    conjuncts(select === undefined ? node.whereClause : select.whereClause).every(
      (condition) =>
        reads(condition, [column, ...targets]) ||
        joins(condition) ||
        someNode(condition, (name) => name === 'SubLink'),
    )
  );
}

const reads = (node: SyntaxNode, columns: readonly string[]) =>
  someNode(node, (name, ref) => name === 'ColumnRef' && columns.includes(columnParts(ref).at(-1) ?? ''));

/** `a.id = b.a_id`. */
const joins = ({ A_Expr: comparison }: SyntaxNode) =>
  [comparison?.lexpr, comparison?.rexpr].every((side) => bare(side)?.ColumnRef !== undefined);

const word = (name: string) => `(?<![\\w$])"?${escapeRegExp(name)}"?(?![\\w$])`;
const names = (text: string, ...all: readonly string[]) =>
  all.every((name) => new RegExp(word(name), 'i').test(text));

/** A statement of the file above takes from the table and names the column: what it holds may be kept elsewhere. */
const isReadAbove = ({ statements }: FileContext, drop: Statement, table: string, column: string) =>
  statements.some(
    ({ kind, sql: text, start }) =>
      start < drop.start &&
      /^(Insert|Update|CreateTableAs)Stmt$/.test(kind) &&
      names(text, nameIn(table), column),
  );

/** An earlier migration dropped it, and none made it again: the fold does not know all columns of a table made elsewhere. */
function wentEarlier(table: string, column: string, { facts, changed, keyOf, set }: FileContext): boolean {
  if ((set.before.tables.get(table)?.unknown.length ?? 1) === 0) return false;
  let gone = false;
  for (const { path } of facts.history.head) {
    if (path === changed.migration.path) break;
    for (const { kind, node } of facts.sources.get(path)?.statements ?? []) {
      if (!/^(AlterTable|Rename|Create)Stmt$/.test(kind)) continue;
      // What is renamed may be a function or a type.
      if (node.relation === undefined || keyOf(node.relation) !== table) continue;
      if (kind === 'CreateStmt' || (kind === 'RenameStmt' && node.newname === column)) gone = false;
      for (const { subtype, name, def } of kind === 'AlterTableStmt' ? commandsOf(node) : []) {
        if (subtype === 'AT_DropColumn' && name === column) gone = true;
        if (subtype === 'AT_AddColumn' && def?.ColumnDef?.colname === column) gone = false;
      }
    }
  }
  return gone;
}

/** The table has a column of that name after the change. */
const isColumnThere = ({ set }: FileContext, table: string, name: string) =>
  set.after.tables.get(table)?.columns.some((column) => column.name === name) === true;
