/**
 * Columns that others replace under their names: what stands on them is made for the new ones first, and goes over when
 * the old ones are dropped.
 */
import type { Column, ForeignKey, Key, Origin, SchemaState, Table } from '../../../model/schema.ts';
import type { Statement } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { nameIn, policiesMoved, withNames } from '../policies/policies-moved.ts';
import { proofOf, setNotNull } from './proof.ts';

export interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly type: string;
}

export interface Swap {
  /** As soon as the trigger fills the new ones: constraints that hold for what is written from then on. */
  readonly laid: readonly string[];
  /** When all rows are filled. */
  readonly validated: readonly string[];
  /** Indexes that the file makes itself, and for which it has to name the new columns. */
  readonly own: readonly string[];
  /** Indexes, each in a file of its own. */
  readonly built: readonly string[];
  /** The swap itself. */
  readonly swapped: readonly string[];
  /** Foreign keys of other tables, once they point at the new ones. */
  readonly after: readonly string[];
}

export function swapOf(
  key: string,
  replaced: readonly Replacement[],
  { span }: Statement,
  { set, changed, source }: FileContext,
): Swap {
  /** Made by the file behind the change: its name is free until then. */
  const isBelow: IsBelow = (origin) => origin?.file === source.path && origin.line > span.line;
  // Another file of the change may take the column elsewhere.
  const state = set.migrations.length === 1 ? set.after : changed.step.after;
  const table = state.tables.get(key) ?? set.before.tables.get(key);
  const names = new Map(replaced.map(({ from, to }) => [from, to]));
  const columns = (table?.columns ?? []).filter(({ name }) => names.has(name));
  const renamed = replaced.map(
    ({ from, to }) => `alter table ${key} rename column ${quoteIdent(to)} to ${quoteIdent(from)};`,
  );
  const dropped = `alter table ${key} ${replaced.map(({ from }) => `drop column ${quoteIdent(from)}`).join(', ')};`;
  if (table === undefined)
    return { laid: [], validated: [], own: [], built: [], swapped: [dropped, ...renamed], after: [] };
  const required = columns.filter(({ notNull }) => notNull).map(({ name }) => name);
  const proof =
    required.length === 0
      ? null
      : proofOf(
          key,
          required.map((name) => names.get(name)!),
        );
  const constraints = constraintsOn(table, names, isBelow);
  const keys = keysOn(table, names, isBelow);
  const indexes = indexesOn(table, names, isBelow);
  const pointing = pointingAt(state, table, names);
  return {
    laid: [...(proof === null ? [] : [proof.check]), ...constraints.map(({ made }) => made)],
    validated: [
      ...(proof === null ? [] : [proof.validate]),
      ...constraints.map(({ laidAs }) => `alter table ${key} validate constraint ${quoteIdent(laidAs)};`),
    ],
    own: indexes.own,
    built: [...indexes.plain.map(({ made }) => made), ...keys.map(({ made }) => made)],
    swapped: [
      ...policiesMoved(state, key, names),
      ...restOf(state, table, names, indexes),
      ...pointing.map(({ owner, name }) => `alter table ${owner} drop constraint ${quoteIdent(name)};`),
      ...columns.flatMap(({ name, sequence }) =>
        sequence === null ? [] : [sequenceMoved(key, names.get(name)!, sequence, replaced)],
      ),
      dropped,
      ...renamed,
      ...(required.length === 0 ? [] : [setNotNull(key, required)]),
      ...(proof === null ? [] : [proof.drop]),
      ...columns.flatMap((column) => ownOf(key, column)),
      ...keys.map(({ adopted }) => adopted),
      ...indexes.plain.map(
        ({ name }) => `alter index ${inSchema(table, newName(name))} rename to ${quoteIdent(name)};`,
      ),
      ...constraints
        .filter(({ name, laidAs }) => laidAs !== name)
        .map(
          ({ name, laidAs }) =>
            `alter table ${key} rename constraint ${quoteIdent(laidAs)} to ${quoteIdent(name)};`,
        ),
      ...pointing.map(
        ({ owner, name, text }) =>
          `alter table ${owner} add constraint ${quoteIdent(name)} ${text} not valid;`,
      ),
    ],
    after: pointing.map(({ owner, name }) => `alter table ${owner} validate constraint ${quoteIdent(name)};`),
  };
}

type IsBelow = (origin: Origin) => boolean;

/** At most 63 bytes, as Postgres cuts names. */
const newName = (name: string) => `${name.slice(0, 59)}_new`;

const inSchema = ({ key }: Table, name: string) => `${quoteIdent(splitKey(key)[0])}.${quoteIdent(name)}`;

const listOf = (columns: readonly string[], names: ReadonlyMap<string, string>) =>
  columns.map((name) => quoteIdent(names.get(name) ?? name)).join(', ');

/** A serial column's sequence, which would go with the old column. */
function sequenceMoved(key: string, to: string, sequence: string, replaced: readonly Replacement[]): string {
  const type = replaced.find((each) => each.to === to)!.type;
  return `alter sequence ${sequence}${type === 'bigint' ? ' as bigint' : ''} owned by ${key}.${quoteIdent(to)};`;
}

/** Default, identity and comment of a column, under its own name again. */
function ownOf(key: string, { name, default: value, identity, comment }: Column): readonly string[] {
  const column = quoteIdent(name);
  return [
    ...(value === null ? [] : [`alter table ${key} alter column ${column} set default ${value.text};`]),
    ...(identity === null
      ? []
      : [
          `alter table ${key} alter column ${column} add generated ${identity} as identity;`,
          `select setval(pg_get_serial_sequence(${quoteLiteral(key)}, ${quoteLiteral(name)}), (select max(${column}) from ${key}));`,
        ]),
    ...(comment === null ? [] : [`comment on column ${key}.${column} is ${quoteLiteral(comment)};`]),
  ];
}

/** Checks and foreign keys of the columns, for the new ones. */
function constraintsOn(table: Table, names: ReadonlyMap<string, string>, isBelow: IsBelow) {
  const add = ({ name, origin }: Pick<Key, 'name' | 'origin'>, text: string) => {
    const laidAs = isBelow(origin) ? name : newName(name);
    return {
      name,
      laidAs,
      made: `alter table ${table.key} add constraint ${quoteIdent(laidAs)} ${text} not valid;`,
    };
  };
  return [
    ...table.checks
      .filter(({ expression }) => [...names.keys()].some((from) => nameIn(from).test(expression.text)))
      .map((check) => add(check, `check (${withNames(check.expression.text, names)})`)),
    ...table.foreignKeys
      .filter(
        ({ columns, references, referencedColumns }) =>
          columns.some((name) => names.has(name)) &&
          // One that points at the table itself comes with those that point at it.
          !(references === table.key && referencedColumns.some((name) => names.has(name))),
      )
      .map((key) => add(key, textOf(key, listOf(key.columns, names)))),
  ];
}

function textOf({ references, referencedColumns, onDelete, onUpdate }: ForeignKey, columns: string): string {
  const target = referencedColumns.length === 0 ? '' : ` (${referencedColumns.map(quoteIdent).join(', ')})`;
  return [
    `foreign key (${columns}) references ${references}${target}`,
    ...(onDelete === 'no action' ? [] : [`on delete ${onDelete}`]),
    ...(onUpdate === 'no action' ? [] : [`on update ${onUpdate}`]),
  ].join(' ');
}

/** The primary key and unique constraints, by an index that they adopt. */
const keysOn = (table: Table, names: ReadonlyMap<string, string>, isBelow: IsBelow) =>
  [
    ...(table.primaryKey === null ? [] : [{ ...table.primaryKey, kind: 'primary key' }]),
    ...table.uniques.map((key) => ({ ...key, kind: 'unique' })),
  ]
    .filter(({ columns }) => columns.some((name) => names.has(name)))
    .map(({ name, columns, kind, origin }) => {
      const index = quoteIdent(isBelow(origin) ? name : newName(name));
      return {
        made: `create unique index concurrently ${index} on ${table.key} (${listOf(columns, names)});`,
        adopted: `alter table ${table.key} add constraint ${quoteIdent(name)} ${kind} using index ${index};`,
      };
    });

interface Indexes {
  /** That can be written again from what is known of them. */
  readonly plain: readonly { readonly name: string; readonly made: string }[];
  /** That the file makes itself, behind the change. */
  readonly own: readonly string[];
  readonly others: readonly string[];
}

function indexesOn(table: Table, names: ReadonlyMap<string, string>, isBelow: IsBelow): Indexes {
  const isOn = (text: string) => [...names.keys()].some((from) => nameIn(from).test(text));
  const all = table.indexes.filter(
    ({ constraint, columns, definition }) =>
      !constraint && (columns.some((name) => name !== null && names.has(name)) || isOn(definition)),
  );
  const isOwn = ({ origin }: (typeof all)[number]) => isBelow(origin);
  const isPlain = ({ columns, predicate, include, definition }: (typeof all)[number]) =>
    table.kind !== 'partitioned' &&
    !columns.includes(null) &&
    predicate === null &&
    include.length === 0 &&
    !/\b(desc|nulls|collate)\b|_ops\b/i.test(definition);
  const old = all.filter((index) => !isOwn(index));
  return {
    plain: old.filter(isPlain).map(({ name, unique, method, columns }) => ({
      name,
      made: `create ${unique ? 'unique ' : ''}index concurrently ${quoteIdent(newName(name))} on ${table.key} ${method === 'btree' ? '' : `using ${method} `}(${listOf(columns as readonly string[], names)});`,
    })),
    own: all.filter(isOwn).map(({ name }) => name),
    others: old.filter((index) => !isPlain(index)).map(({ name }) => name),
  };
}

/** Foreign keys that point at one of the columns. */
const pointingAt = (state: SchemaState, table: Table, names: ReadonlyMap<string, string>) =>
  [...state.tables.values()].flatMap((other) =>
    other.foreignKeys
      .filter(
        ({ references, referencedColumns }) =>
          references === table.key && referencedColumns.some((name) => names.has(name)),
      )
      .map((key) => ({
        owner: other.key,
        name: key.name,
        text: textOf(key, key.columns.map(quoteIdent).join(', ')),
      })),
  );

/** What can't be written from what is known, by name. */
function restOf(
  state: SchemaState,
  { key, columns, exclusions, grants }: Table,
  names: ReadonlyMap<string, string>,
  { others }: Indexes,
): readonly string[] {
  const asks = (text: string) => [...names.keys()].some((from) => nameIn(from).test(text));
  const rest = [
    ...others.map((name) => `index ${quoteIdent(name)}`),
    ...exclusions
      .filter((each) => each.columns.some((name) => names.has(name)))
      .map(({ name }) => `constraint ${quoteIdent(name)}`),
    ...columns
      .filter(({ generated }) => generated !== null && asks(generated.text))
      .map(({ name }) => `generated column ${quoteIdent(name)}`),
    ...[...state.views.values()]
      .filter(({ reads, definition }) => reads.includes(key) && asks(definition.text))
      .map((view) => `view ${view.key}`),
    ...(grants.some((grant) => grant.columns?.some((name) => names.has(name)))
      ? ['grants on the column']
      : []),
  ];
  return [...(rest.length === 0 ? [] : [`-- and for the new column first: ${rest.join(', ')}`])];
}
