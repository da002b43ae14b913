import type { SchemaState } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { type FileContext, type Problem, rule, type Told } from '../rule.ts';
import { stillNamed } from '../support/application/client-calls.ts';
import { type Writers, writersOf } from '../support/functions/column-writers.ts';
import { copyOfColumns, withArchive } from '../support/locks/archive.ts';
import { type Dependent, dependentsOfColumn, silentlyLost } from '../support/statements/dependents.ts';
import { isReadAbove, whyNothingIsLost } from '../support/statements/kept-values.ts';
import {
  alterExisting,
  commandsOf,
  isCascade,
  listed,
  reportLock,
  sql,
} from '../support/statements/statements.ts';
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
    const drop = dropOf(command, table, statement, context);
    if (drop === null) return;
    const told = heldElsewhere(drop) ?? meantAsRename(drop, context) ?? gone(drop, statement, context);
    reportLock(context, statement, { at: place, object: table, key: command.name, ...told });
  }),
});

interface Drop {
  readonly table: string;
  readonly column: string;
  /** The columns that the statement drops, told as one; the commands that drop them. */
  readonly columns: readonly string[];
  readonly commands: readonly SyntaxNode[];
  readonly loss: Loss;
  readonly writers: Writers | null;
  /** Who still names or writes them: sentences with a space before each, or nothing. */
  readonly still: string;
}

/** Null where nothing goes, or another command of the statement tells it along. */
function dropOf(command: SyntaxNode, table: string, statement: Statement, context: FileContext): Drop | null {
  const loss = lossOf(command, table, statement, context);
  if (loss === null) return null;
  // Told once for the statement, at the first of them.
  const commands = isPlain(loss) ? plainDrops(table, statement, context) : [command];
  if (commands[0] !== command) return null;
  const columns = commands.map((each): string => each.name);
  const writers = loss.replaced ? null : writersOf(table, columns, context);
  const goes = columns.filter((column) => !isColumnThere(context, table, column));
  const named = stillNamed(table, goes, context.facts, columns.length === 1 ? 'it' : 'them');
  const still = `${named}${writers?.told ?? ''}`;
  return { table, column: command.name, columns, commands, loss, writers, still };
}

/** What it holds is kept: clients and functions that still name it fail all the same. */
function heldElsewhere({ table, column, loss, writers, still }: Drop): Told | null {
  if (loss.kept === null || loss.lost.length > 0) return null;
  return {
    message: `Column "${column}" of "${table}" is dropped. ${loss.kept}, and clients that still name the column fail.${still} Drop it when nothing uses it.`,
    ...severityOf(writers?.certain === true, still === ''),
    ...(writers === null || writers.drops.length === 0 ? {} : { help: sql(...writers.drops) }),
  };
}

function meantAsRename({ table, column, columns, loss, still }: Drop, context: FileContext): Told | null {
  const renamed = isPlain(loss) && columns.length === 1 ? renamedTo(table, column, context) : null;
  if (renamed === null) return null;
  return {
    message: `Column "${column}" of "${table}" is dropped with all it holds, and "${renamed}" of the same type is added. The file speaks of a rename, and RENAME COLUMN keeps the values.${still} Rename it instead.`,
    help: sql(
      '-- in the place of both',
      `alter table ${table} rename column ${quoteIdent(column)} to ${quoteIdent(renamed)};`,
    ),
    repro: countOf(table, columns),
  };
}

function gone(drop: Drop, statement: Statement, context: FileContext): Told {
  const { table, columns, commands, loss, writers, still } = drop;
  const drops = commands.map((each) => `drop column ${ifExists(each)}${quoteIdent(each.name)}`);
  return {
    message: whatGoes(drop),
    ...severityOf(
      loss.lost.length > 0 || writers?.certain === true,
      still === '' && isSaidToHoldNothing(statement, context),
    ),
    help: sql(
      withArchive(context),
      ...copyOfColumns(table, commands, statement, context),
      ...loss.lost.map((each) => each.drop),
      ...(writers?.drops ?? []),
      `alter table ${ifExists(statement.node)}${table} ${drops.join(', ')};`,
    ),
    repro: countOf(table, columns),
  };
}

function whatGoes({ table, column, columns, loss, still }: Drop): string {
  const name = `"${column}" of "${table}"`;
  if (loss.lost.length > 0)
    return `DROP COLUMN "${column}" … CASCADE on "${table}" takes ${listed(loss.lost.map(({ label }) => label))} along, and what the column holds. Nothing says so when it runs.${still} Drop or change them by name first.`;
  if (loss.replaced)
    return `Column ${name} is dropped with all it holds, and another takes its name. What was not copied over is gone. Keep a copy if in doubt.`;
  if (loss.read)
    return `Column ${name} is dropped. A statement above uses it: what that does not keep is gone, and clients that still name the column fail.${still} Drop it when nothing uses it.`;
  if (columns.length === 1)
    return `Column ${name} is dropped with all it holds. No rollback file brings it back, and clients that still name it fail.${still} Drop it when nothing uses it, and keep a copy if in doubt.`;
  return `Columns ${listed(columns)} of "${table}" are dropped with all they hold. No rollback file brings that back, and clients that still name them fail.${still} Drop them when nothing uses them, and keep a copy if in doubt.`;
}

function severityOf(isError: boolean, isNote: boolean): Pick<Problem, 'severity'> {
  if (isError) return { severity: 'error' };
  return isNote ? { severity: 'info' } : {};
}

const countOf = (table: string, columns: readonly string[]) =>
  `select count(*) from ${table} where ${columns.map((column) => `${quoteIdent(column)} is not null`).join(' or ')};`;

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

const ifExists = ({ missing_ok }: SyntaxNode) => (missing_ok === true ? 'if exists ' : '');

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
