import type { SchemaState, View } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule, type Told } from '../rule.ts';
import { allCallsOn, stillAsked } from '../support/application/client-calls.ts';
import { archive, looseCopyOf, withArchive } from '../support/locks/archive.ts';
import { type Dependent, dependentsOfTable, silentlyLost } from '../support/statements/dependents.ts';
import {
  isCascade,
  listed,
  namesOf,
  placeOfName,
  reportLock,
  sql,
} from '../support/statements/statements.ts';
import { whereTableIsThere } from '../support/statements/where-there.ts';
import { keyOfParts } from '../support/syntax/names.ts';
import { columnParts, nodesOf } from '../support/syntax/tree.ts';
import { holdsOneRow } from '../support/tables/emptiness.ts';
import { isShortList } from '../support/tables/short-lists.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'safety/drop-table',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a table that is dropped, with its rows; a view that the code still reads',
  why: 'The rows are gone, and no rollback file brings them back. With CASCADE, foreign keys of other tables and views that read it go too, without a word. Where the code of the repository still asks for the table (in calls of supabase-js and its like, the server’s too), the first such place is named.',
  remedy:
    'Move it out of the way first and drop it when nobody missed it.\n\n```sql\ncreate schema if not exists archive;\nalter table public.note set schema archive;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-droptable.html'],
  fixable: false,
  statement: {
    DropStmt(node, statement, context) {
      if (/^OBJECT_(VIEW|MATVIEW)$/.test(node.removeType)) tellViews(node, statement, context);
      if (node.removeType !== 'OBJECT_TABLE') return;
      for (const object of node.objects ?? []) {
        const parts = namesOf(object);
        const key = keyOfParts(parts);
        const { before } = context.set;
        if (context.isNew('table', key) && !before.tables.has(key)) continue;
        // IF EXISTS of what no migration made does nothing.
        if (!before.tables.has(key) && node.missing_ok === true && before.unknown.length === 0) continue;
        reportLock(context, statement, {
          ...toldOf(key, statement, context),
          at: placeOfName(context, statement, parts.at(-1)!),
          object: key,
          repro: `select count(*) from ${key};`,
        });
      }
    },
  },
});

function toldOf(key: string, statement: Statement, context: FileContext): Told {
  const { node } = statement;
  const { before, after } = context.set;
  const lost = isCascade(node) ? silentlyLost(dependentsOfTable(before, key), context) : [];
  const isGone = !after.tables.has(key) && !after.views.has(key);
  const asked = isGone ? stillAsked(key, context.facts) : '';
  const help = sql(withArchive(context), ...keptFirst(key, lost, statement, context));
  if (lost.length > 0)
    return {
      message: `DROP TABLE "${key}" CASCADE takes ${listed(lost.map(({ label }) => label))} along, and all rows. Nothing says so when it runs.${asked} Drop or change them by name first.`,
      severity: 'error',
      help,
    };
  const note = asked === '' ? { severity: 'info' as const } : {};
  const copy = copiedTo(key, statement, context);
  if (copy !== null)
    return {
      message: `Table "${key}" is dropped, and its rows were copied to "${copy}" above. What was not copied is gone.${asked} Compare the counts before it goes.`,
      ...note,
      help,
    };
  // IF EXISTS of what was made outside of the migrations, or is not there.
  if (!before.tables.has(key) && node.missing_ok === true)
    return {
      message: `No migration makes table "${key}". If it is there, it is dropped with all its rows, and no rollback file brings them back.${asked}`,
      ...note,
      help,
    };
  // A migration that writes them brings them back.
  const isListOfMigrations =
    isShortList(key, before, context.facts) &&
    !holdsOneRow(before.tables.get(key)) &&
    allCallsOn(key, ['insert', 'update'], context.facts).length === 0;
  if (isListOfMigrations)
    return {
      message: `Table "${key}" is dropped with all its rows, which migrations alone wrote.${asked} Keep a copy in another schema where somebody may have changed them by hand.`,
      ...note,
      help,
    };
  return {
    message: `Table "${key}" is dropped with all its rows. No rollback file brings them back.${asked} ${goesAlone(node, statement, context) ? 'Move it to another schema first, and drop it when nobody missed it' : 'Keep a copy in another schema first'}.`,
    ...(isSaidToHoldNothing(statement, context) ? note : {}),
    help,
  };
}

/** The table moved out of the way; where it can't go alone, a copy of its rows before it is dropped. */
function keptFirst(
  key: string,
  lost: readonly Dependent[],
  statement: Statement,
  context: FileContext,
): readonly string[] {
  const { node } = statement;
  const ifExists = node.missing_ok === true ? 'if exists ' : '';
  if (goesAlone(node, statement, context))
    return [`alter table ${ifExists}${key} set schema ${archive(context)};`];
  const copied = looseCopyOf(key, context);
  return [
    '-- a copy that hangs on nothing which goes as well',
    ...(node.missing_ok === true ? whereTableIsThere(key, copied) : [copied]),
    ...lost.map(({ drop }) => drop),
    `drop table ${ifExists}${key}${isCascade(node) && lost.length === 0 ? ' cascade' : ''};`,
  ];
}

/** The file drops nothing else that the table may hang on, or that hangs on it: a type, a function, another table. */
const goesAlone = (node: SyntaxNode, own: Statement, { statements }: FileContext) =>
  node.objects.length === 1 &&
  !isCascade(node) &&
  !statements.some(
    (other) =>
      other !== own &&
      other.kind === 'DropStmt' &&
      /^OBJECT_(TABLE|VIEW|MATVIEW|TYPE|DOMAIN|FUNCTION|SEQUENCE|SCHEMA)$/.test(other.node.removeType),
  );

/** A table that the file fills above from this one alone, with no condition. */
function copiedTo(key: string, drop: Statement, { statements, keyOf }: FileContext): string | null {
  for (const { kind, node, start } of statements) {
    if (start >= drop.start || !/^(Insert|CreateTableAs)Stmt$/.test(kind)) continue;
    const select = (node.selectStmt ?? node.query)?.SelectStmt;
    const [from, ...others] = select?.fromClause ?? [];
    const whole =
      others.length === 0 && select?.whereClause === undefined && select?.limitCount === undefined;
    if (whole && from?.RangeVar !== undefined && keyOf(from.RangeVar) === key)
      return keyOf(node.relation ?? node.into?.rel);
  }
  return null;
}

/** A view holds nothing that could be lost: what is told is who still reads it. */
function tellViews(node: SyntaxNode, statement: Statement, context: FileContext) {
  const { before, after } = context.set;
  for (const object of node.objects ?? []) {
    const parts = namesOf(object);
    const key = keyOfParts(parts);
    if (!before.views.has(key) || after.views.has(key) || after.tables.has(key)) continue;
    const asked = stillAsked(key, context.facts);
    if (asked === '') continue;
    const view = before.views.get(key)!;
    const lost = columnsLost(view, before, after);
    const without = lost.length === 0 ? '' : `without ${named(lost)}`;
    context.report({
      message: `View "${key}" is dropped, and clients that ask for it get 404 (PGRST205).${asked} ${
        lost.length === 0
          ? 'Change the code first'
          : `It reads ${named(lost)}, which ${lost.length === 1 ? 'goes' : 'go'} too: create it again ${without} in the same file`
      }.`,
      at: placeOfName(context, statement, parts.at(-1)!),
      object: key,
      help:
        lost.length === 0
          ? 'A view holds no rows: nothing has to be kept. Drop it once the code asks for it no more, or create it again in the same file.'
          : `A view holds no rows: drop it, drop the column, and create the view again ${without} further down in the same file, with its grants${view.securityInvoker ? ' and `security_invoker = true`' : ''}.${view.origin === null ? '' : ` It was written last in "${view.origin.file}", line ${view.origin.line}.`}`,
    });
  }
}

/** Columns that the view names and that the change takes from the tables it reads. */
function columnsLost({ reads, definition }: View, before: SchemaState, after: SchemaState): string[] {
  const gone = reads.flatMap((key) => {
    const left = after.tables.get(key)?.columns.map(({ name }) => name);
    const had = before.tables.get(key)?.columns.map(({ name }) => name) ?? [];
    return left === undefined ? [] : had.filter((name) => !left.includes(name));
  });
  const read = new Set(
    nodesOf(definition.node ?? {}, 'ColumnRef').map((ref) =>
      // `a.*` shows whatever is there.
      (ref.fields ?? []).some((field: SyntaxNode) => field.A_Star !== undefined)
        ? '*'
        : columnParts(ref).at(-1),
    ),
  );
  return [...new Set(gone)].filter((name) => read.has(name) || read.has('*'));
}
