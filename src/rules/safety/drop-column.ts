import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { dependentsOfColumn, silentlyLost } from '../support/dependents.ts';
import { alterExisting, commandsOf, isCascade, listed, reportLock, sql } from '../support/statements.ts';
import { bare, columnParts, conjuncts, someNode } from '../support/tree.ts';

export default rule({
  id: 'safety/drop-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a column that is dropped, with what it holds',
  why: 'What the column holds is gone, and no rollback brings it back. Clients that run meanwhile name a column that no longer exists (42703). With CASCADE, views, policies and foreign keys that use it go too, without a word.',
  remedy:
    'Stop using it first, drop it in a later migration, and keep a copy if in doubt.\n\n```sql\ncreate table private.note_body as select id, body from public.note;\nalter table public.note drop column body;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN'],
  fixable: false,
  statement: alterExisting(['AT_DropColumn'], (command, table, statement, context, { place }) => {
    const { before } = context.set;
    const known = before.tables.get(table);
    // Added by this very change, or never there.
    if (
      known !== undefined &&
      known.unknown.length === 0 &&
      !known.columns.some(({ name }) => name === command.name)
    )
      return;
    if (known === undefined && command.missing_ok === true && before.unknown.length === 0) return;
    if (wentEarlier(table, command.name, context)) return;
    const lost = isCascade(command)
      ? silentlyLost(dependentsOfColumn(before, table, command.name), context)
      : [];
    const column = quoteIdent(command.name);
    const kept = whyNothingIsLost(context, statement, table, command.name);
    if (kept !== null && lost.length === 0) {
      reportLock(context, statement, {
        message: `Column "${command.name}" of "${table}" is dropped. ${kept}, and clients that still name the column fail. Drop it when nothing uses it.`,
        at: place,
        object: table,
        key: command.name,
        severity: 'info',
      });
      return;
    }
    // Another column takes its name: clients go on, and what they find was copied over before.
    const replaced = isColumnThere(context, table, command.name);
    const read = isReadAbove(context, statement, table, command.name);
    reportLock(context, statement, {
      message:
        lost.length > 0
          ? `DROP COLUMN "${command.name}" … CASCADE on "${table}" takes ${listed(lost)} along, and what the column holds. Nothing says so when it runs. Drop or change them by name first.`
          : replaced
            ? `Column "${command.name}" of "${table}" is dropped with all it holds, and another takes its name. What was not copied over is gone. Keep a copy if in doubt.`
            : read
              ? `Column "${command.name}" of "${table}" is dropped. A statement above uses it: what that does not keep is gone, and clients that still name the column fail. Drop it when nothing uses it.`
              : `Column "${command.name}" of "${table}" is dropped with all it holds. No rollback brings it back, and clients that still name it fail. Drop it when nothing uses it, and keep a copy if in doubt.`,
      at: place,
      object: table,
      key: command.name,
      ...(lost.length > 0 ? { severity: 'error' as const } : {}),
      help: sql(
        `create schema if not exists ${archive(context)};`,
        `create table ${archive(context)}.${quoteIdent(`${nameIn(table)}_${command.name}`)} as ${copyOf(table, command.name, context)};`,
        `alter table ${table} drop column ${column};`,
      ),
      repro: `select count(*) from ${table} where ${column} is not null;`,
    });
  }),
});

/** Of a key as Postgres spells it. */
const nameIn = (key: string): string =>
  (/(?:^|\.)(?:"((?:[^"]|"")+)"|([^".]+))$/.exec(key)?.slice(1).find(Boolean) ?? key).replaceAll('""', '"');

/** A schema that the Data API does not show. */
const archive = ({ facts }: FileContext): string =>
  ['archive', 'backup', 'private'].find((name) => !facts.project.exposedSchemas.includes(name)) ?? 'archive';

/** With the key of its rows, where there is one to find them by; a type that the file drops must not be held on to. */
function copyOf(key: string, column: string, { set, statements }: FileContext): string {
  const typeGoes = statements.some(
    ({ kind, node }) => kind === 'DropStmt' && /^OBJECT_(TYPE|DOMAIN)$/.test(node.removeType),
  );
  // The file may take the rows' key away, or change it, before it comes to this column.
  const names = set.before.tables.get(key)?.primaryKey?.columns ?? [];
  const stays = names.length > 0 && set.after.tables.get(key)?.primaryKey?.columns.join() === names.join();
  if (!stays) return typeGoes ? `select to_jsonb(t) as old_row from ${key} t` : `select * from ${key}`;
  const name = quoteIdent(column);
  const value = typeGoes ? `to_jsonb(${name}) as ${name}` : name;
  return `select ${[...names.filter((each) => each !== column).map(quoteIdent), value].join(', ')} from ${key}`;
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
