/** What is said of a change of type, and the SQL to write instead. */
import type { Column } from '../../../model/schema.ts';
import type { Statement } from '../../../model/sql.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { linesOf, movingAlong, shown } from '../statements/moves-along.ts';
import { listed, sql } from '../statements/statements.ts';
import { listed as andList } from '../words/words.ts';
import { swapOf } from './column-swap.ts';
import { alwaysConverts, decimalsLeft, mayOverflow } from './conversions.ts';
import { filled } from './fill.ts';
import { inStep } from './in-step.ts';
import { defaultOfFile, inTheWayOf } from './in-the-way.ts';
import { isPlain, isPutRight, labelsAdded, onlyCasts, type TypeChange } from './type-change.ts';
import { atTheEnd, endOfOldTypes, meantForThem } from './type-change-lines.ts';

export interface Told {
  readonly message: string;
  readonly help: string;
}

export function underGenerated(change: TypeChange, computed: readonly Column[]): Told {
  const { table, target, value } = change;
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

export const usingOnGenerated = (change: TypeChange): Told => ({
  message: `${changing(change)} to ${change.target} fails: the column is generated, and the type of one is altered without USING. Leave USING out.`,
  help: sql(alter(change)),
});

export function withoutCast(change: TypeChange): Told {
  const { table, target } = change;
  const added = addedName(change);
  return {
    message: `${changing(change)}${from(change)} to ${target} fails: Postgres has no cast between them. Add a new column, say which value each row gets, and swap the names.`,
    help: sql(
      `alter table ${table} add column ${added} ${target};`,
      '-- in batches, from what tells which is which',
      `update ${table} set ${added} = … where …;`,
      inStepSomehow,
      '-- in the last migration: drop the old column, and rename the new one',
    ),
  };
}

export function defaultInTheWay(change: TypeChange, context: FileContext): Told {
  const { table, before, target, column, value } = change;
  const name = quoteIdent(column);
  const others = inTheWayOf(change, context);
  const next = defaultOfFile(change, context) ?? before!.default!.text.replace(/::[\w." ]+$/, '');
  const more = others.length - shownAtMost;
  const [they, them] = others.length === 1 ? ['stands', 'it'] : ['stand', 'them'];
  const inTheWay =
    others.length === 0
      ? ''
      : ` ${upperFirst(andList([...others.slice(0, shownAtMost).map(({ label }) => label), ...(more > 0 ? [`${more} more`] : [])]))} ${they} in its way too, because ${others.length === 1 ? 'it names' : 'they name'} the column: drop ${them} first and make ${them} again behind it.`;
  return {
    message: `${changing(change)}${from(change)} to ${target} fails: its default can't be cast automatically (42804), whatever USING says. Drop the default first and set it again behind the change.${inTheWay}`,
    help: sql(
      ...others.map(({ drop }) => drop),
      `alter table ${table} alter column ${name} drop default;`,
      alter(change, value ?? `${name}::text::${target}`),
      `alter table ${table} alter column ${name} set default ${next};`,
      ...others.map(({ made }) => made).reverse(),
    ),
  };
}

const shownAtMost = 4;

const upperFirst = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** As a diff writes it. */
export const leaveBothOut = (change: TypeChange): Told => ({
  message: `"${change.column}" of "${change.table}" is changed${from(change)} to ${change.target} and back in this file: the table is written anew twice under an exclusive lock, for nothing. Leave both out.`,
  help: 'Leave both statements out: the column has that type already.',
});

export const moreLabels = (change: TypeChange, type: string, labels: readonly string[]): Told => ({
  message: `${changing(change)} to an enum of more labels writes the table anew under an exclusive lock. ${wait}. Add the labels to the type that is there: that writes nothing.`,
  help: sql(
    '-- in place of the new type',
    ...labels.map((label) => `alter type ${type} add value if not exists ${quoteLiteral(label)};`),
  ),
});

export function toNull(change: TypeChange): Told {
  const { column, table, target } = change;
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
export function writtenAgain(changes: readonly TypeChange[]): Told {
  const [first] = changes as readonly [TypeChange];
  return {
    message: `"${first.column}" of "${first.table}" is changed${first.before === undefined ? '' : ` from ${first.before.type}`} to ${changes.map(({ target }) => target).join(' and then to ')}: the table is written anew ${changes.length === 2 ? 'twice' : `${changes.length} times`} under an exclusive lock. ${wait}. Add one column of the last type that a trigger keeps in step, fill it in batches in a later file, and swap the names in the last.`,
    help: 'Make the last type under a name of its own, if one of that name is there. Add a column of it, let a trigger fill it for rows written meanwhile, fill the others in batches from the old column, and swap the names in the last migration.',
  };
}

/** With nothing to convert. */
export function madeAgain(changes: readonly TypeChange[]): Told {
  const [{ table }] = changes as readonly [TypeChange];
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

export function rewritten(changes: readonly TypeChange[], context: FileContext): Told {
  const [first] = changes as readonly [TypeChange];
  const { table, target } = first;
  const one = changes.length === 1;
  const alike = changes.map(unlessStoredAlike).find((words) => words !== '') ?? '';
  const loss = changes.map((change) => lossOf(change, context)).find((words) => words !== null) ?? wait;
  const what = one
    ? `${changing(first)}${from(first)} to ${target}`
    : `Changing the types of ${listed(changes.map(({ column }) => column))} of "${table}"`;
  const old = endOfOldTypes(changes, context);
  return {
    message: `${what} writes the table anew under an exclusive lock${alike}. ${loss}. Add ${one ? 'a new column' : 'new columns'} that a trigger keeps in step, fill ${one ? 'it' : 'them'} in batches in a later file, and swap the names in the last.${movingAlong(meantForThem(changes, context), 'the new type')}${movingBehindSwap(old)}`,
    help: sql(...newColumns(changes, context), ...old.map(shown)),
  };
}

/** ` Line 9 drops the old type and moves behind that.` */
function movingBehindSwap(statements: readonly Statement[]): string {
  const lines = linesOf(statements);
  if (lines.length === 0) return '';
  return lines.length === 1
    ? ` Line ${lines[0]} drops the old type and moves behind that.`
    : ` Lines ${andList(lines)} take the old type away and move behind that.`;
}

/** Columns of the new types, from the first file to the last. */
function newColumns(changes: readonly TypeChange[], context: FileContext): readonly string[] {
  const [{ table, column }] = changes as readonly [TypeChange];
  const replaced = changes.map((change) => ({
    from: change.column,
    to: `${change.column}_new`,
    type: change.target,
  }));
  const swap = swapOf(table, replaced, changes[0]!.statement, context);
  const known = changes.every(({ valueOfNew }) => valueOfNew !== null);
  const step = inStep(
    table,
    context.set.after.tables.get(table),
    changes.length === 1 ? `${column}_new` : 'new',
    changes.map(
      (change) => `new.${addedName(change)} := ${atTheEnd(change.valueOfNew ?? '', change, context)};`,
    ),
    changes.every(({ isQualified }) => isQualified) ? undefined : 'public, extensions',
  );
  return [
    `alter table ${table} ${changes.map((change) => `add column ${addedName(change)} ${change.target}`).join(', ')};`,
    ...(known ? step.made : [inStepSomehow]),
    ...swap.laid,
    ...filled(
      table,
      replaced.map(({ to }) => to),
      [
        `update ${table} set ${changes.map((change) => `${addedName(change)} = ${atTheEnd(converted(change), change, context)}`).join(', ')} where …;`,
      ],
      context,
    ),
    ...(swap.validated.length === 0 ? [] : ['-- when every row is filled', ...swap.validated]),
    ...(swap.built.length === 0 ? [] : ['-- each in a file of its own', ...swap.built]),
    ...(swap.own.length === 0
      ? []
      : [`-- ${listed(swap.own)} of this file: on the new column, CONCURRENTLY and each in a later file`]),
    '-- in the last migration',
    ...(known ? step.dropped : []),
    ...swap.swapped,
    ...(swap.after.length === 0 ? [] : ['-- in one behind it', ...swap.after]),
  ];
}

const inStepSomehow = '-- and a trigger that does for rows written meanwhile what the fill does';

/** `Changing "c" of "t"`, as each of them begins. */
const changing = ({ column, table }: TypeChange) => `Changing "${column}" of "${table}"`;

/** The type as it was, unless it bears the name of the new one. */
const from = ({ before, target }: TypeChange) =>
  before === undefined || before.type === target ? '' : ` from ${before.type}`;

const wait = 'Reads and writes wait that long';

/** What may come of values that do not fit; null where all do. */
function lossOf(change: TypeChange, context: FileContext): string | null {
  const { before, target } = change;
  const plain = isPlain(change);
  const decimals = plain ? decimalsLeft(before?.type, target) : null;
  if (decimals !== null)
    return `Values are rounded to ${decimals === 1 ? 'one decimal' : `${decimals} decimals`}${mayOverflow(before?.type, target) ? ', and one that is too large makes it fail' : ''}`;
  const fits = plain && alwaysConverts(before?.type, target);
  if (plain && !fits && change.using !== undefined && /^character( varying)?\(/.test(target))
    return 'Longer values are cut';
  const converts =
    labelsAdded(change, context) !== null || !onlyCasts(change) || fits || isPutRight(change, context);
  return converts ? null : 'A value that does not convert makes it fail';
}

const unlessStoredAlike = (change: TypeChange) =>
  change.before === undefined && isPlain(change)
    ? ', unless the old type, which no migration tells, is stored alike'
    : '';

const alter = ({ table, column, target }: TypeChange, value: string | null = null) =>
  `alter table ${table} alter column ${quoteIdent(column)} type ${target}${value === null ? '' : ` using ${value}`};`;

const addedName = ({ column }: TypeChange) => quoteIdent(`${column}_new`);

/** Without USING as an assignment does it, which refuses what does not fit; a cast cuts it off. */
const converted = (change: TypeChange) => {
  const column = quoteIdent(change.column);
  if (change.using === undefined) return column;
  return change.value ?? (isPlain(change) ? `${column}::${change.target}` : '…');
};
