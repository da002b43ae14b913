import type { Table } from '../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { wholeKeys } from '../../sql/fold/constraints.ts';
import { quoteIdent, strings } from '../../sql/names.ts';
import { type FileContext, rule, type Told } from '../rule.ts';
import { adoption, adoptionHere } from '../support/locks/adoption.ts';
import {
  conflictsBelow,
  movingAlong,
  movingBehind,
  namedBelow,
  pointingBelow,
  replacedBy,
  shown,
} from '../support/statements/moves-along.ts';
import {
  alterFilled,
  commandsOf,
  isThere,
  listed,
  reportLock,
  rowsAreMended,
  sql,
} from '../support/statements/statements.ts';
import { isNullInAll } from '../support/tables/null-rows.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/unique-constraint',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD CONSTRAINT … UNIQUE that builds its index under an exclusive lock',
  why: 'The index behind the constraint is built under ACCESS EXCLUSIVE: neither reads nor writes go on meanwhile, and two equal values make the file fail.',
  remedy:
    'Build the index CONCURRENTLY first, then adopt it.\n\n```sql\ncreate unique index concurrently note_slug_key on public.note (slug);\n-- in the next migration\nalter table public.note add constraint note_slug_key unique using index note_slug_key;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX',
  ],
  fixable: false,
  statement: alterFilled(['AT_AddConstraint'], (command, table, statement, context, { place }) => {
    const constraint = command.def?.Constraint;
    if (constraint?.contype !== 'CONSTR_UNIQUE' || constraint.indexname !== undefined) return;
    if (isThere(context, table, constraint.conname ?? null)) return;
    const columns = strings(constraint.keys);
    const name =
      constraint.conname ?? `${table.split('.').at(-1)!.replaceAll('"', '')}_${columns.join('_')}_key`;
    const wanted = { name, columns, constraint, table, statement, context };
    const problem = { at: place, object: table, key: columns.join(' ') };
    const needless =
      asItStands(wanted) ?? underAnotherName(wanted) ?? keptAlready(wanted) ?? primarySoon(wanted);
    if (needless !== null) reportLock(context, statement, { ...problem, ...needless });
    else reportWait(context, statement, { ...problem, ...adopted(wanted) }, mayRepeat(wanted));
  }),
});

interface Wanted {
  readonly name: string;
  readonly columns: readonly string[];
  readonly constraint: SyntaxNode;
  readonly table: string;
  readonly statement: Statement;
  readonly context: FileContext;
}

const whileOthersWait = ({ columns, table }: Wanted) =>
  `The unique constraint on ${listed(columns)} builds its index while reads and writes on "${table}" wait`;

/** What else names it has to go too. */
const alsoBelow = ({ name, statement, context }: Wanted) =>
  context.source.text.slice(statement.end).includes(name) ? ', and what names it further down' : '';

function asItStands({ name, columns, constraint, table, context }: Wanted): Told | null {
  if (!isMadeAgain(name, columns, constraint, table, context)) return null;
  return {
    message: `The unique constraint on ${listed(columns)} is dropped and made again as it was, and builds its index while reads and writes on "${table}" wait. Leave both out.`,
    help: 'Leave the DROP CONSTRAINT and this statement out: the constraint stays as it is.',
  };
}

function underAnotherName(wanted: Wanted): Told | null {
  const { name, columns, table, context } = wanted;
  const old = sameByAnotherName(columns, table, context);
  if (old === null) return null;
  return {
    message: `${whileOthersWait(wanted)}, and "${old}" says the same of these columns, which are renamed with what is on them. Rename the constraint instead.`,
    help: sql(
      '-- in the place of both statements',
      `alter table ${table} rename constraint ${quoteIdent(old)} to ${quoteIdent(name)};`,
    ),
  };
}

function keptAlready(wanted: Wanted): Told | null {
  const { columns, constraint, table, context } = wanted;
  const twin = keptUniqueBy(columns, table, context);
  if (twin === null || constraint.nulls_not_distinct === true || constraint.deferrable === true) return null;
  return {
    message: `"${twin}" keeps ${listed(columns)} of "${table}" unique already. This constraint builds a second index on the same columns while reads and writes wait. Leave it out${alsoBelow(wanted)}.`,
    help: `Leave it out: "${twin}" refuses a second row already, and \`on conflict (${columns.map(quoteIdent).join(', ')})\` finds it.`,
  };
}

function primarySoon(wanted: Wanted): Told | null {
  const { columns, table, statement, context } = wanted;
  const named = namesAtTheEnd(columns, table, statement, context);
  const line = primaryBelow(columns, named, table, statement, context);
  if (line === null) return null;
  return {
    message: `${whileOthersWait(wanted)}, and line ${line} makes the same a primary key, with an index of its own. Leave this one out${alsoBelow(wanted)}.`,
    help: 'Leave it out: the primary key keeps the column unique.',
  };
}

/** Its index is built while writes go on, and adopted. */
function adopted(wanted: Wanted): Told {
  const { name, columns, constraint, table, statement, context } = wanted;
  const moving = [
    ...namedBelow(name, table, statement, context),
    ...conflictsBelow(columns, table, statement, context),
    ...pointingBelow(columns, table, statement, context),
  ];
  const replaced = replacedBy(columns.join(' '), name, table, context);
  const others = replaced.filter((each) => each.statement !== statement);
  // Of a column of old the index can be built before this file.
  const areOfOld = columns.every((column) => isOfOld(column, table, context));
  const named = namesAtTheEnd(columns, table, statement, context);
  const isRenamed = named.join('\0') !== columns.join('\0') && !areOfOld;
  const key = {
    table,
    kind: 'unique',
    name,
    columns: isRenamed ? named : columns,
    isRenamed,
    nullsNotDistinct: constraint.nulls_not_distinct === true,
    suffix: constraint.deferrable ? ` deferrable${constraint.initdeferred ? ' initially deferred' : ''}` : '',
  } as const;
  const isMended = rowsAreMended(statement, table, null, context);
  // The file needs the key at once: its index can stand before, where nothing of the file has to go before the index.
  const isBefore = moving.length > 0 && replaced.length === 0 && areOfOld && !isMended;
  const here = isBefore ? adoptionHere(key, moving, context) : null;
  const { way, help } =
    here ?? adoption(key, context, [...moving.map(shown), ...replaced.map((each) => each.sql)]);
  const kept = keyWithin(wanted);
  const fails =
    kept !== null
      ? ` No two rows are equal in these: the columns of "${kept}" are among them.`
      : mayRepeat(wanted) && !isMended
        ? ' Two equal rows make the file fail.'
        : '';
  return {
    message: `${whileOthersWait(wanted)}.${fails} ${way}.${here === null ? movingAlong(moving) : ''}${movingBehind(others)}`,
    help,
    repro: `select ${columns.map(quoteIdent).join(', ')}, count(*) from ${table} group by ${columns.map((_, n) => n + 1).join(', ')} having count(*) > 1;`,
  };
}

/** The table has it before the change, by that name and on those very columns; nothing takes one of them away between. */
function isMadeAgain(
  name: string,
  columns: readonly string[],
  constraint: SyntaxNode,
  table: string,
  { set, statements, keyOf }: FileContext,
): boolean {
  const before = set.before.tables.get(table)?.uniques.find((unique) => unique.name === name);
  return (
    before !== undefined &&
    before.columns.join('\0') === columns.join('\0') &&
    constraint.nulls_not_distinct !== true &&
    constraint.deferrable !== true &&
    !statements.some(
      ({ kind, node }) =>
        kind === 'AlterTableStmt' &&
        keyOf(node.relation) === table &&
        commandsOf(node).some(
          (command) =>
            /^AT_(DropColumn|AlterColumnType)$/.test(command.subtype) && columns.includes(command.name),
        ),
    )
  );
}

/** The table's own unique constraint on these columns, under the names they had before the file renamed some. */
function sameByAnotherName(columns: readonly string[], table: string, context: FileContext): string | null {
  const oldNames = new Map<string, string>();
  for (const { kind, node } of context.statements)
    if (
      kind === 'RenameStmt' &&
      node.renameType === 'OBJECT_COLUMN' &&
      context.keyOf(node.relation) === table
    )
      oldNames.set(node.newname, node.subname);
  if (!columns.some((column) => oldNames.has(column))) return null;
  const before = columns.map((column) => oldNames.get(column) ?? column).join('\0');
  return (
    context.set.before.tables.get(table)?.uniques.find((unique) => unique.columns.join('\0') === before)
      ?.name ?? null
  );
}

const isOfOld = (column: string, table: string, { set }: FileContext) =>
  set.before.tables.get(table)?.columns.some(({ name }) => name === column) === true;

/** The file may give the columns other names below: whatever moves behind it finds those. */
const namesAtTheEnd = (
  columns: readonly string[],
  table: string,
  { start }: Statement,
  { statements, keyOf }: FileContext,
): readonly string[] =>
  columns.map((column) =>
    statements.reduce(
      (name, other) =>
        other.start > start &&
        other.kind === 'RenameStmt' &&
        other.node.renameType === 'OBJECT_COLUMN' &&
        other.node.subname === name &&
        keyOf(other.node.relation) === table
          ? (other.node.newname as string)
          : name,
      column,
    ),
  );

/** The line further down that makes the columns the primary key, where nothing between asks for the constraint. */
function primaryBelow(
  columns: readonly string[],
  named: readonly string[],
  table: string,
  own: Statement,
  context: FileContext,
): number | null {
  const below = context.statements.filter(({ start }) => start > own.start);
  const constraintsOf = ({ kind, node }: Statement): readonly SyntaxNode[] =>
    kind === 'AlterTableStmt' ? commandsOf(node).map(({ def }) => def?.Constraint ?? {}) : [];
  const primary = below.findIndex(
    (other) =>
      constraintsOf(other).some(
        ({ contype, keys }) =>
          contype === 'CONSTR_PRIMARY' &&
          [columns, named].some(
            (names) => names.toSorted().join('\0') === strings(keys).toSorted().join('\0'),
          ),
      ) && context.keyOf(other.node.relation) === table,
  );
  if (primary === -1 || conflictsBelow(columns, table, own, context).length > 0) return null;
  const isPointedAt = below
    .slice(0, primary)
    .flatMap(constraintsOf)
    .some(({ contype, pktable }) => contype === 'CONSTR_FOREIGN' && context.keyOf(pktable) === table);
  return isPointedAt ? null : below[primary]!.span.line;
}

/** The key or whole unique index that stands on these very columns before the change and after it. */
function keptUniqueBy(columns: readonly string[], key: string, { set }: FileContext): string | null {
  const [before, after] = [set.before.tables.get(key), set.after.tables.get(key)];
  if (before === undefined || after === undefined) return null;
  const namesOn = (table: Table) =>
    wholeKeys(table)
      .filter((own) => own.columns.length === columns.length && isWithin(own.columns, columns))
      .map(({ name }) => name);
  return namesOn(before).find((name) => namesOn(after).includes(name)) ?? null;
}

const isWithin = (own: readonly string[], columns: readonly string[]) =>
  own.every((name) => columns.includes(name));

/** No two rows are equal in columns that hold a key, or in one that this change adds empty. */
function mayRepeat(wanted: Wanted): boolean {
  const { columns, table, statement, context } = wanted;
  return (
    keyWithin(wanted) === null && !columns.some((column) => isNullInAll(column, table, statement, context))
  );
}

/** The key of the base on some of these columns; with NULLs that are equal it says nothing of the rows that have them. */
function keyWithin({ columns, table: key, constraint, context }: Wanted): string | null {
  const before = context.set.before.tables.get(key);
  if (before === undefined || constraint.nulls_not_distinct === true) return null;
  const own = wholeKeys(before).find((each) => each.columns.length > 0 && isWithin(each.columns, columns));
  return own?.name ?? null;
}
