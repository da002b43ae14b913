import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { quoteIdent } from '../../sql/names.ts';
import { isStandalone } from '../../sql/transaction.ts';
import { type FileContext, rule } from '../rule.ts';
import {
  conflictsBelow,
  dropsOf,
  movingAlong,
  movingBehind,
  namedBelow,
  pointingBelow,
  replacedBy,
  shown,
} from '../support/statements/moves-along.ts';
import { refusedIndex } from '../support/statements/refused.ts';
import {
  behindWords,
  commandsOf,
  isHeldExclusively,
  isIndexThere,
  sql,
} from '../support/statements/statements.ts';
import { holdsOneRow } from '../support/tables/emptiness.ts';
import { alike, concurrently, keyLike, keysOver, keywordLike } from '../support/tables/indexes.ts';
import { isNullInAll } from '../support/tables/null-rows.ts';
import { reportWait } from '../support/tables/small-tables.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';

export default rule({
  id: 'safety/index-not-concurrent',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'CREATE INDEX without CONCURRENTLY on a table that exists',
  why: 'CREATE INDEX holds a SHARE lock while it reads the whole table: every INSERT, UPDATE and DELETE waits for it, and in a migration until the whole file is through. A table that the migrations made within 30 days is read in next to no time: a note, unless the index is unique.',
  remedy:
    'Build it CONCURRENTLY, in a migration file of its own: that statement runs outside the transaction.\n\n```sql\ncreate index concurrently idx_note_user_id on public.note (user_id);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY'],
  fixable: true,
  file(context) {
    const byTable = new Map<string, Statement[]>();
    for (const statement of context.statements) {
      const { kind, node } = statement;
      if (kind !== 'IndexStmt' || node.concurrent === true) continue;
      const table = context.keyOf(node.relation);
      if (context.isNew('table', table) || context.isNew('view', table)) continue;
      if (context.isEmpty(table, statement) || holdsOneRow(context.set.before.tables.get(table))) continue;
      if (refusedIndex(node) !== null || namesNoColumn(node, table, context)) continue;
      if (isIndexThere(node, table, context) || isLockedByHand(table, statement, context)) continue;
      // performance/duplicate-index says to leave it out: no way of building it is advised.
      const twin = keyAhead(statement, table, context);
      if (twin?.whole === true) continue;
      byTable.set(table, [...(byTable.get(table) ?? []), statement]);
    }
    for (const [table, statements] of byTable) say(table, statements, context);
  },
});

function say(table: string, statements: readonly Statement[], context: FileContext) {
  const [first] = statements as [Statement];
  const ahead = statements.length === 1 ? (keyAhead(first, table, context)?.name ?? null) : null;
  const partitioned = context.set.before.tables.get(table)?.kind === 'partitioned';
  const count = statements.length === 1 ? 'This index' : `${statements.length} indexes`;
  const alone = context.source.statements.every(
    (each) => statements.includes(each) || isStandalone(each) || each.kind === 'VariableSetStmt',
  );
  const edits = statements.map((statement) => {
    const at = behindWords(context, statement, 'index');
    return at === null ? null : context.edit(at, at, ` ${keywordLike(statement.sql)}`);
  });
  const prepared = statements.every(
    (statement) => isSaidToBeBuilt(statement, context) || isSaidToBePlain(statement, context),
  );
  const plain = statements.every(({ node }) => node.if_not_exists !== true);
  const moving = context.source.statements.filter((other) =>
    statements.some((statement) => neededBy(statement, table, context).includes(other)),
  );
  const replaced = statements.flatMap((statement) => replacedByIndex(statement, table, context));
  const behind = [...moving.map(shown), ...new Set(replaced.map((each) => each.sql))];
  const problem = {
    message: `${ahead === null ? '' : `Key "${ahead}" has an index that begins with the same columns, so this one may not be needed. `}${count} on "${table}" ${statements.length === 1 ? 'is' : 'are'} built without CONCURRENTLY. ${isHeldExclusively(first, table, context) ? 'An ALTER TABLE above holds ACCESS EXCLUSIVE, so every read and every write of the table waits until the file is through' : 'Every write to the table waits until the file is through'}. ${
      partitioned
        ? 'Build one on each partition with CONCURRENTLY, then this one with ON ONLY, and attach them'
        : `Build with CONCURRENTLY, ${statements.length === 1 ? '' : 'each '}in a file of its own`
    }.${movingAlong(moving, statements.length === 1 ? 'it' : 'them')}${movingBehind(replaced)}`,
    at: context.placeOf(first),
    object: table,
    ...(prepared ? { severity: 'info' as const } : {}),
    key: statements.map(({ node }) => node.idxname ?? '').join(' '),
    ...(partitioned
      ? {}
      : {
          help: sql(
            ...statements.flatMap((statement) => built(statement, table, context)),
            ...(behind.length === 0 ? [] : ['-- in the next file', ...behind]),
          ),
        }),
    ...(alone && plain && !partitioned && edits.every((edit) => edit !== null)
      ? { fix: { title: 'Add CONCURRENTLY', edits: edits.filter((edit) => edit !== null) } }
      : {}),
  };
  reportWait(
    context,
    first,
    problem,
    statements.some((statement) => mayRepeat(statement, table, context)),
  );
}

/** Unique, over columns that hold something already: a NULL is like no other, but where the index says so. */
const mayRepeat = (statement: Statement, table: string, context: FileContext): boolean =>
  statement.node.unique === true &&
  (statement.node.nulls_not_distinct === true ||
    !(statement.node.indexParams as readonly SyntaxNode[]).some(({ IndexElem }) =>
      isNullInAll(IndexElem?.name, table, statement, context),
    ));

/** A key or an index of old that answers for this one: with the same columns, or a key with more behind them. */
function keyAhead(
  { node, span }: Statement,
  key: string,
  { set, source }: FileContext,
): { name: string; whole: boolean } | null {
  const table = set.after.tables.get(key);
  const index = table?.indexes.find(
    ({ name, origin, constraint }) =>
      !constraint &&
      (node.idxname === undefined
        ? origin?.file === source.path && origin.line === span.line
        : name === node.idxname),
  );
  if (table === undefined || index === undefined) return null;
  const stood = set.before.tables.get(key)?.indexes ?? [];
  const twin =
    keyLike(table, index) ??
    table.indexes.find(
      (other) =>
        !other.constraint &&
        other.name !== index.name &&
        alike(other, index) &&
        stood.some(({ name }) => name === other.name),
    );
  if (twin !== undefined) return { name: twin.name, whole: true };
  const longer = index.unique ? undefined : keysOver(table, index)[0];
  return longer === undefined ? null : { name: longer.name, whole: false };
}

/** No migration makes the table, or not all of it is known: nor are its indexes. */
const hasUnknownIndexes = (table: string, { set }: FileContext) => {
  const known = set.before.tables.get(table);
  return known === undefined || known.unknown.length > 0;
};

/** IF NOT EXISTS, and a comment right above that it is built CONCURRENTLY by hand before: this then does nothing. */
const isSaidToBeBuilt = ({ node, start }: Statement, { source }: FileContext) =>
  node.if_not_exists === true &&
  source.comments.some(
    (comment) =>
      comment.start < start &&
      start - comment.start < 500 &&
      /\bconcurrently\b/i.test(comment.text) &&
      /\b(by hand|manually|beforehand|before this|already|first|outside)\b/i.test(comment.text),
  );

/** The header knows of CONCURRENTLY, and says why it is left out: the tables are empty. */
const isSaidToBePlain = (statement: Statement, context: FileContext) =>
  isSaidToHoldNothing(statement, context) &&
  context.source.comments.some(
    ({ text, start }) => start < statement.start && /\bconcurrently\b/i.test(text),
  );

/** Under a name of its own where another index, which the file drops, still bears it. */
function built(statement: Statement, table: string, context: FileContext): string[] {
  const { node, sql: text } = statement;
  const name: string | undefined = node.idxname;
  const taken = context.set.before.tables.get(table)?.indexes.find((each) => each.name === name);
  if (name === undefined || taken === undefined || isRetyped(taken.columns, name, table, context))
    return [
      ...(taken === undefined ? [] : ['-- in a later file, as the DROP stays']),
      ...(node.if_not_exists === true && hasUnknownIndexes(table, context)
        ? ['-- leave it out where an index of that name is there already']
        : []),
      `${concurrently(text)};`,
    ];
  const other = quoteIdent(`${name.slice(0, 59)}_new`);
  const index = `${splitKey(table)[0]}.${quoteIdent(name)}`;
  const first = `${concurrently(text).replace(/^(create\s+(?:unique\s+)?index\s+concurrently)\s+(?:"[^"]*"|\S+)/i, `$1 ${other}`)};`;
  if (taken.constraint)
    return [
      first,
      '-- in the next migration, in place of the old constraint:',
      `-- alter table ${table} drop constraint ${quoteIdent(name)}, add constraint ${quoteIdent(name)} … using index ${other};`,
    ];
  return [
    first,
    '-- each in a file of its own',
    `drop index concurrently if exists ${index};`,
    `alter index ${splitKey(table)[0]}.${other} rename to ${quoteIdent(name)};`,
  ];
}

/** The file drops the index, changes the type of a column in it and makes it again: nothing is won by keeping the old one. */
const isRetyped = (
  columns: readonly (string | null)[],
  name: string,
  table: string,
  context: FileContext,
): boolean =>
  dropsOf(name, table, context).length > 0 &&
  context.statements.some(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      context.keyOf(node.relation) === table &&
      commandsOf(node).some(
        (command) => command.subtype === 'AT_AlterColumnType' && columns.includes(command.name),
      ),
  );

/** Statements below that name the index, or that ask for the key which it is. */
function neededBy(statement: Statement, table: string, context: FileContext): readonly Statement[] {
  const { node } = statement;
  const columns: readonly (string | null)[] = (node.indexParams ?? []).map(
    ({ IndexElem }: SyntaxNode) => IndexElem?.name ?? null,
  );
  return [
    ...(node.idxname === undefined ? [] : namedBelow(node.idxname, table, statement, context)),
    ...(node.unique === true && node.whereClause === undefined && !columns.includes(null)
      ? [
          ...conflictsBelow(columns as readonly string[], table, statement, context),
          ...pointingBelow(columns as readonly string[], table, statement, context),
        ]
      : []),
  ].toSorted((a, b) => a.start - b.start);
}

/** Keys and unique indexes that the file drops for it. */
const replacedByIndex = ({ node, sql: text }: Statement, table: string, context: FileContext) =>
  node.unique === true ? replacedBy(text.slice(text.indexOf('(')), node.idxname ?? '', table, context) : [];

/** LOCK TABLE above, in its strongest mode: that everybody waits is what the file wants. */
const isLockedByHand = (table: string, { start }: Statement, { statements, keyOf }: FileContext) =>
  statements.some(
    (other) =>
      other.start < start &&
      other.kind === 'LockStmt' &&
      (other.node.mode ?? 8) >= 8 &&
      (other.node.relations ?? []).some(({ RangeVar }: SyntaxNode) => RangeVar && keyOf(RangeVar) === table),
  );

/** It fails for want of the column, and nobody waits. */
function namesNoColumn({ indexParams }: SyntaxNode, table: string, { set }: FileContext): boolean {
  const states = [set.before.tables.get(table), set.after.tables.get(table)];
  if (states.some((each) => each === undefined || each.unknown.length > 0)) return false;
  return (indexParams ?? []).some(
    ({ IndexElem }: SyntaxNode) =>
      IndexElem?.name !== undefined &&
      states.every((each) => !each!.columns.some(({ name }) => name === IndexElem.name)),
  );
}
