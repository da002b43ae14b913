/** A column's new name without a moment in which clients fail: a second column, kept in step until nobody uses the first. */
import type { Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';

export interface NewColumn {
  /** Key of the table. */
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** The new column's type; null where nobody knows it. */
  readonly type: string | null;
  /** False where the file changes the type as well. */
  readonly sameType: boolean;
  /** The state before the change. */
  readonly before: SchemaState;
  /** Names of tables that the file has changed above, by the old one. */
  readonly renamed: ReadonlyMap<string, string>;
  /** True of a policy that the change itself writes anew, or drops. */
  readonly isRewritten: (table: string, policy: Policy) => boolean;
}

export function newColumn(column: NewColumn): readonly string[] {
  const { table: key, before, sameType } = column;
  const [from, to] = [quoteIdent(column.from), quoteIdent(column.to)];
  const table = before.tables.get(key);
  const old = table?.columns.find(({ name }) => name === column.from);
  const fallback = old?.default == null ? [] : [`alter column ${to} set default ${old.default.text}`];
  const name = stepName(key, column.to);
  return [
    `alter table ${key} add column ${to} ${column.type ?? '…'}${referenceOf(table, column)};`,
    ...(sameType ? inStep(key, name, from, to) : ['-- a trigger that keeps the two in step']),
    `update ${key} set ${to} = ${sameType ? from : '…'} where ${to} is null;`,
    ...(old?.notNull === true && sameType ? [`alter table ${key} alter column ${to} set not null;`] : []),
    ...standsOn(table, column),
    '-- in a later migration, when nothing reads or writes the old one',
    ...(sameType ? [`drop trigger ${name} on ${key};`, `drop function ${functionOf(key, name)}();`] : []),
    ...policiesMoved(column),
    `alter table ${key} ${[...fallback, `drop column ${from}`].join(', ')};`,
  ];
}

/** Who writes one of the two writes both. A default of the old one counts as written by nobody. */
const inStep = (key: string, name: string, from: string, to: string): readonly string[] => [
  `create function ${functionOf(key, name)}() returns trigger language plpgsql set search_path = '' as $$`,
  'begin',
  // OLD is null on INSERT.
  `  if new.${to} is distinct from old.${to} then`,
  `    new.${from} := new.${to};`,
  '  else',
  `    new.${to} := new.${from};`,
  '  end if;',
  '  return new;',
  'end;',
  '$$;',
  `create trigger ${name} before insert or update on ${key} for each row execute function ${functionOf(key, name)}();`,
];

/** At most 63 bytes, as Postgres cuts names. */
const stepName = (key: string, column: string): string =>
  quoteIdent(`${key.split('.').at(-1)!.replaceAll('"', '')}_${column}`.slice(0, 50).concat('_in_step'));

const functionOf = (key: string, name: string): string =>
  key.includes('.') ? `${key.slice(0, key.lastIndexOf('.'))}.${name}` : name;

/** ` references …` where a key of this one column points somewhere. */
function referenceOf(table: Table | undefined, { from, renamed }: NewColumn): string {
  const key = table?.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === from);
  if (key === undefined) return '';
  const target = key.referencedColumns.length === 1 ? ` (${quoteIdent(key.referencedColumns[0]!)})` : '';
  return ` references ${renamed.get(key.references) ?? key.references}${target}${key.onDelete === 'no action' ? '' : ` on delete ${key.onDelete}`}`;
}

/** Indexes and keys of the old column for the new one; of checks and of expressions only that they are there. */
function standsOn(table: Table | undefined, { from, to }: NewColumn): readonly string[] {
  if (table === undefined) return [];
  const asks = nameIn(from);
  const listed = (columns: readonly (string | null)[]) =>
    columns.map((name) => quoteIdent(name === from ? to : name!)).join(', ');
  const plain = table.indexes.filter(
    ({ columns, predicate, include, method, constraint, definition }) =>
      columns.includes(from) &&
      !columns.includes(null) &&
      predicate === null &&
      include.length === 0 &&
      method === 'btree' &&
      !constraint &&
      !/\b(desc|nulls|collate|_ops)\b/i.test(definition),
  );
  const rest =
    table.indexes.some(
      (index) =>
        !plain.includes(index) &&
        !index.constraint &&
        (index.columns.includes(from) || asks.test(`${index.definition}`)),
    ) || table.checks.some(({ expression }) => asks.test(expression.text));
  return [
    ...plain.map(
      ({ unique, columns }) => `create ${unique ? 'unique ' : ''}index on ${table.key} (${listed(columns)});`,
    ),
    ...table.uniques
      .filter(({ columns }) => columns.includes(from))
      .map(({ columns }) => `alter table ${table.key} add unique (${listed(columns)});`),
    ...(table.primaryKey?.columns.includes(from)
      ? ['-- and the primary key, which takes a swap of its own']
      : []),
    ...(rest ? ["-- and the old column's other indexes and checks for the new one"] : []),
  ];
}

/** Policies that ask for the old column: they follow a RENAME, and not this. */
function policiesMoved(column: NewColumn): readonly string[] {
  const { table: key, from, before } = column;
  const to = quoteIdent(column.to);
  const asks = nameIn(from, 'g');
  return [...before.tables.values()].flatMap((table) =>
    table.policies.flatMap((policy) => {
      if (column.isRewritten(table.key, policy)) return [];
      const clauses = Object.entries({ using: policy.using, 'with check': policy.check }).flatMap(
        ([clause, asked]) => (asked?.text.match(asks) ? [{ clause, text: asked.text }] : []),
      );
      const own = table.key === key;
      const bare = key.split('.').at(-1)!;
      if (clauses.length === 0) return [];
      if (!own && !clauses.some(({ text }) => nameIn(bare.replaceAll('"', '')).test(text))) return [];
      const named = `${quoteIdent(policy.name)} on ${table.key}`;
      // In a sub-select the name may be another table's column.
      return !own || clauses.some(({ text }) => /\bselect\b(?!\s+auth\.)/i.test(text))
        ? [`-- policy ${named} asks for it: write it for the new one`]
        : [
            `alter policy ${named}${clauses.map(({ clause, text }) => ` ${clause} (${text.replace(asks, to)})`).join('')};`,
          ];
    }),
  );
}

/** A name as a word of its own that no other name is put before or behind. */
const nameIn = (name: string, flags = ''): RegExp =>
  new RegExp(`(?<![\\w$"])("${escapeRegExp(name)}"|${escapeRegExp(name)})(?![\\w$."])`, flags);
