/** What a row of a table is made of: parents before children, closed values before open ones. */
import type { Column, SchemaState, Table } from '../../model/schema.ts';
import { type User, userB } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import { secret } from '../secret.ts';
import { type ColumnChoice, createChoices } from './choices.ts';
import { type Ownership, ownerValue } from './owners.ts';
import { type Parent, parentsByTable, sortTables } from './parents.ts';
import type { Value } from './type-values.ts';
import type { ValueSource } from './values.ts';

export type RowValues = Readonly<Record<string, Value>>;

export interface Planner {
  /** Tables in the order rows can be laid. */
  readonly order: readonly string[];
  /** Everything a row needs before it: foreign-key ancestors, nearest last. */
  ancestors(table: string): ReadonlySet<string>;
  /** What policies read of a column without asking who the caller is; null where they don't. */
  choice(table: string, column: string): ColumnChoice | null;
  choices(table: string): ReadonlyMap<string, ColumnChoice>;
  /** Values of the row of `user`; `rowOf` gives rows laid before. Null: a parent is missing. */
  plan(
    table: Table,
    user: User,
    rowOf: (table: string, user: User) => RowValues | undefined,
    options?: { readonly turn?: number; readonly left?: ReadonlySet<string> },
  ): Record<string, Value> | { readonly missing: string };
}

export function createPlanner(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  ownership: Ownership,
  values: ValueSource,
  /** Tables nobody has a row in unless a world says so. */
  absent: ReadonlySet<string>,
): Planner {
  const parents = parentsByTable(state, readings, ownership);
  const choices = createChoices(state, readings, ownership, values, parents);

  const ancestorsCache = new Map<string, Set<string>>();
  const ancestors = (key: string): Set<string> => {
    const cached = ancestorsCache.get(key);
    if (cached) return cached;
    const set = new Set<string>();
    ancestorsCache.set(key, set);
    for (const parent of parents.get(key) ?? []) {
      if (parent.references === key || !state.tables.has(parent.references)) continue;
      // A nullable key to people with rights stays empty, and so is no ancestor.
      if (!parent.strong && absent.has(parent.references)) continue;
      for (const further of ancestors(parent.references)) set.add(further);
      set.add(parent.references);
    }
    return set;
  };

  /** What the parent's row holds; null where the column stays empty, and the parent's table where its row has to be there first. */
  const fromParent = (
    table: Table,
    column: Column,
    { columns, references, referenced }: Parent,
    user: User,
    row: RowValues,
    rowOf: (table: string, user: User) => RowValues | undefined,
  ): { readonly value: Value } | { readonly missing: string } | null => {
    const from = referenced[columns.indexOf(column.name)]!;
    if (references === table.key) return column.notNull ? { value: row[from] ?? null } : null;
    if (references === 'auth.users') return { value: user.id };
    if ((!column.notNull && absent.has(references)) || !state.tables.has(references)) return null;
    const known = rowOf(references, user);
    if (known !== undefined) return { value: known[from] ?? null };
    return column.notNull ? { missing: references } : null;
  };

  /** Undefined where the column is left to its default. */
  const ofItsOwn = (table: Table, column: Column, user: User, turn: number): Value | undefined => {
    const picked = choices.of(table.key, column.name);
    if (picked !== null) return user === userB ? picked.closed : picked.natural;
    const first = () => values.candidates(table, column.name, { owner: user.letter, turn })[0] ?? null;
    if (isUnique(table, column.name) || column.identity !== null || column.sequence !== null) return first();
    // A secret that its default would make at random stands in proofs: the same in every run.
    const isMadeAtRandom = /\(/.test(column.default?.text ?? '') && /^(uuid|text)$/.test(column.type);
    if (secret.test(column.name) && isMadeAtRandom) return first();
    if (column.default !== null) return undefined;
    if (column.notNull) return first();
    const checked = table.checks.some((check) => check.expression.text.includes(column.name));
    return /^(text|character varying|citext)/.test(column.type) && !checked ? first() : undefined;
  };

  return {
    order: sortTables(state, parents),
    ancestors,
    choice: choices.of,
    choices: choices.all,
    plan(table, user, rowOf, options = {}) {
      const row: Record<string, Value> = {};
      const owners = ownership.ownersOf(table.key);
      const keyed = parents.get(table.key)!;
      for (const column of table.columns) {
        const { name } = column;
        if (column.generated !== null || options.left?.has(name)) continue;
        const owner = owners.find((candidate) => candidate.column === name);
        const parent = keyed.find((candidate) => candidate.columns.includes(name));
        if (owner !== undefined) row[name] = ownerValue(owner, user);
        else if (parent !== undefined) {
          const found = fromParent(table, column, parent, user, row, rowOf);
          if (found !== null && 'missing' in found) return found;
          if (found !== null) row[name] = found.value;
        } else {
          const value = ofItsOwn(table, column, user, options.turn ?? 0);
          if (value !== undefined) row[name] = value;
        }
      }
      return row;
    },
  };
}

/** Columns of every key that holds a row only once; null stands for an expression. */
export const uniqueKeys = (table: Table): readonly (readonly (string | null)[])[] => [
  ...(table.primaryKey ? [table.primaryKey.columns] : []),
  ...table.uniques.map((key) => key.columns),
  ...table.indexes.filter((index) => index.unique).map((index) => index.columns),
];

export function isUnique(table: Table, column: string): boolean {
  return (
    table.primaryKey?.columns.includes(column) === true ||
    table.uniques.some((key) => key.columns.includes(column)) ||
    table.indexes.some((index) => index.unique && index.columns.includes(column))
  );
}
