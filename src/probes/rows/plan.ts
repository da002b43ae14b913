/** What a row of a table is made of: parents before children, closed values before open ones. */
import type { Column, SchemaState, Table } from '../../model/schema.ts';
import { any, other, type Reading, type ValueAtom } from '../predicate/reading.ts';
import { type User, userB } from '../principals.ts';
import { rank } from '../rank.ts';
import { secret } from '../secret.ts';
import { type Ownership, ownerValue } from './owners.ts';
import type { Value, ValueSource } from './values.ts';

export type RowValues = Readonly<Record<string, Value>>;

export interface ColumnChoice {
  /** What satisfies least of what policies ask of this column: B's rows. */
  readonly closed: Value;
  /** What such a row usually holds, and for a rank the lowest: A's own rows. */
  readonly natural: Value;
  /** Every other value worth trying, the most satisfying first. */
  readonly open: readonly Value[];
  /** All values but the closed one: where several satisfy as much, that one may open a row as well. */
  readonly others: readonly Value[];
  /** One of several that may or may not satisfy: each is tried by itself, and an ordinary row's is said. */
  readonly each: boolean;
}

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
  const atoms = new Map<string, ValueAtom[]>();
  const links = new Map<string, { table: string; column: string }[]>();
  for (const reading of readings.values()) {
    for (const atom of reading.values) push(atoms, `${atom.table}.${atom.column}`, atom);
    for (const { left, right } of reading.links) {
      push(links, `${left.table}.${left.column}`, right);
      push(links, `${right.table}.${right.column}`, left);
    }
  }

  /** Parent by a foreign key, or by what policies join where there is none. */
  const parentsOf = (
    table: Table,
  ): { columns: readonly string[]; references: string; referenced: readonly string[]; strong: boolean }[] => {
    const parents = table.foreignKeys.map((key) => ({
      columns: key.columns,
      references: key.references,
      referenced: key.referencedColumns,
      strong: key.columns.every(
        (name) => table.columns.find((column) => column.name === name)?.notNull === true,
      ),
    }));
    const bound = new Set(parents.flatMap((parent) => parent.columns));
    const own = new Set([
      ...ownership.ownersOf(table.key).map((owner) => owner.column),
      ...(table.primaryKey?.columns ?? []),
    ]);
    for (const column of table.columns) {
      if (bound.has(column.name) || own.has(column.name)) continue;
      for (const link of links.get(`${table.key}.${column.name}`) ?? []) {
        const target = state.tables.get(link.table);
        const keyed =
          target?.primaryKey?.columns.length === 1 && target.primaryKey.columns[0] === link.column;
        const other = target?.columns.find((candidate) => candidate.name === link.column);
        if (target && keyed && target.key !== table.key && other?.type === column.type) {
          parents.push({
            columns: [column.name],
            references: target.key,
            referenced: [link.column],
            strong: false,
          });
          break;
        }
      }
    }
    return parents;
  };
  const parents = new Map([...state.tables.values()].map((table) => [table.key, parentsOf(table)]));

  const order = sortTables(state, parents);

  const choiceCache = new Map<string, ColumnChoice | null>();
  const choice = (tableKey: string, name: string): ColumnChoice | null => {
    const id = `${tableKey}.${name}`;
    const cached = choiceCache.get(id);
    if (cached !== undefined) return cached;
    const table = state.tables.get(tableKey);
    const column = table?.columns.find((candidate) => candidate.name === name);
    const found =
      table && column && column.generated === null && !isKeyOrOwner(table, name)
        ? choose(
            table,
            column,
            (atoms.get(id) ?? []).filter((atom) => tells(column, atom)),
            values,
          )
        : null;
    choiceCache.set(id, found);
    return found;
  };
  /** `primary key (user_id, role)`: one row for each rank, of which other tables' policies and helpers ask for one. */
  const isRankInKey = (table: Table, name: string): boolean =>
    table.primaryKey!.columns.length > 1 &&
    (atoms.get(`${table.key}.${name}`) ?? []).every(({ home }) => !home) &&
    ownership.ownersOf(table.key).some((owner) => table.primaryKey!.columns.includes(owner.column));
  const isKeyOrOwner = (table: Table, name: string): boolean =>
    (table.primaryKey?.columns.includes(name) === true && !isRankInKey(table, name)) ||
    ownership.ownersOf(table.key).some((owner) => owner.column === name) ||
    parents.get(table.key)!.some((parent) => parent.columns.includes(name));

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

  return {
    order,
    ancestors,
    choice,
    choices(key) {
      const found = new Map<string, ColumnChoice>();
      for (const column of state.tables.get(key)?.columns ?? []) {
        const value = choice(key, column.name);
        if (value !== null) found.set(column.name, value);
      }
      return found;
    },
    plan(table, user, rowOf, options = {}) {
      const turn = options.turn ?? 0;
      const seed = { owner: user.letter, turn };
      const row: Record<string, Value> = {};
      const owners = ownership.ownersOf(table.key);
      const keyed = parents.get(table.key)!;
      for (const column of table.columns) {
        if (column.generated !== null || options.left?.has(column.name)) continue;
        const owner = owners.find((candidate) => candidate.column === column.name);
        const parent = keyed.find((candidate) => candidate.columns.includes(column.name));
        if (owner) {
          row[column.name] = ownerValue(owner, user);
        } else if (parent) {
          if (parent.references === table.key) {
            const at = parent.columns.indexOf(column.name);
            if (column.notNull) row[column.name] = row[parent.referenced[at]!] ?? null;
            continue;
          }
          if (parent.references === 'auth.users') {
            row[column.name] = user.id;
            continue;
          }
          if (!column.notNull && absent.has(parent.references)) continue;
          if (!state.tables.has(parent.references)) continue;
          const known = rowOf(parent.references, user);
          if (known === undefined) {
            if (column.notNull) return { missing: parent.references };
            continue;
          }
          row[column.name] = known[parent.referenced[parent.columns.indexOf(column.name)]!] ?? null;
        } else {
          const value = plainValue(table, column, seed);
          if (value !== undefined) row[column.name] = value;
        }
      }
      return row;

      function plainValue(of: Table, column: Column, at: typeof seed): Value | undefined {
        const picked = choice(of.key, column.name);
        if (picked !== null) return user === userB ? picked.closed : picked.natural;
        const unique = isUnique(of, column.name);
        const first = () => values.candidates(of, column.name, at)[0] ?? null;
        if (unique || column.identity !== null || column.sequence !== null) return first();
        // A secret that its default would make at random stands in proofs: the same in every run.
        if (
          secret.test(column.name) &&
          /\(/.test(column.default?.text ?? '') &&
          /^(uuid|text)$/.test(column.type)
        )
          return first();
        if (column.default !== null) return undefined;
        if (column.notNull) return first();
        const checked = of.checks.some((check) => check.expression.text.includes(column.name));
        return /^(text|character varying|citext)/.test(column.type) && !checked ? first() : undefined;
      }
    },
  };

  function choose(
    table: Table,
    column: Column,
    list: readonly ValueAtom[],
    source: ValueSource,
  ): ColumnChoice | null {
    // Asked of the new member, and something else of who lets it in.
    const both = rank.test(column.name) && list.some(({ home }) => home) && list.some(({ home }) => !home);
    const each = both || list.some((atom) => atom.each === true);
    if (list.length === 0) return null;
    const generic = source.candidates(table, column.name, { owner: 'A', turn: 0 });
    const later = source.candidates(table, column.name, { owner: 'A', turn: 1 });
    const explicit = list
      .flatMap((atom) => [...atom.open, ...atom.closed])
      .filter((value) => value !== any && value !== other);
    const allowed = allowedValues(table, column, state, source);
    if (explicit.length === 0 && list.every((atom) => atom.each) && (allowed?.length ?? 0) < 2) return null;
    const pool = [
      ...new Set([
        defaultOf(column),
        ...explicit,
        ...(allowed ?? [...generic.slice(0, 2), ...later.slice(0, 1)]),
      ]),
    ].filter(
      (value) =>
        value !== undefined &&
        (value === null ? !column.notNull : allowed === null || allowed.includes(value)) &&
        fitsType(value, column.type),
    ) as Value[];
    if (pool.length === 0) return null;
    const score = (value: Value) => list.filter((atom) => satisfies(value, atom)).length;
    const byScore = pool.map((value, index) => ({ value, score: score(value), index }));
    // A rank that is false until somebody gives it: "is not true", which users must leave it at, is not what opens.
    const ungiven = rank.test(column.name)
      ? byScore.find(({ value }) => value === 'false' && column.default?.text === 'false')
      : undefined;
    const closed = ungiven ?? byScore.toSorted((a, b) => a.score - b.score || a.index - b.index)[0]!;
    const opposite = ungiven === undefined ? undefined : 'true';
    const made = (value: Value) =>
      allowed === null && !explicit.includes(value) && value !== defaultOf(column);
    const open = byScore
      .filter(
        (entry) =>
          entry !== closed &&
          (entry.score > closed.score || entry.value === opposite || (each && entry.value !== null)),
      )
      .toSorted((a, b) => b.score - a.score || a.index - b.index)
      .map((entry) => entry.value)
      // Of values that stand for "any other", one says what all of them would.
      .filter((value, index, all) => !made(value) || all.findIndex(made) === index);
    const usual = defaultOf(column);
    const nullIsOpen = usual === null && list.some((atom) => atom.open.includes(null));
    const natural =
      rank.test(column.name) || opening.test(column.name)
        ? closed.value
        : usual !== undefined && (usual !== null || nullIsOpen) && pool.includes(usual)
          ? usual
          : (open[0] ?? closed.value);
    const others = pool.filter((value) => value !== closed.value);
    return { closed: closed.value, natural, open, others, each };
  }
}

/** Column names that open a row to others: an own row is told from a public one by leaving them closed. */
const opening = /public|publish|visib|shared|listed|searchable|discoverable/i;

/** Whether a column that is never null is null, is no question. */
const tells = (column: Column, { open, closed, each }: ValueAtom): boolean =>
  !column.notNull ||
  each === true ||
  !(open.every((value) => value === null) || (closed.length > 0 && closed.every((value) => value === null)));

function satisfies(value: Value, atom: ValueAtom): boolean {
  if (atom.open.includes(value)) return true;
  if (atom.closed.includes(value)) return false;
  return value !== null && (atom.open.includes(any) || atom.open.includes(other));
}

/** Members of an enum or of a CHECK's list; null where any value goes. */
function allowedValues(
  table: Table,
  column: Column,
  state: SchemaState,
  values: ValueSource,
): readonly Value[] | null {
  const type = [...state.types.values()].find(
    (candidate) =>
      candidate.key === column.type || (candidate.schema === 'public' && candidate.name === column.type),
  );
  if (type?.kind === 'enum') return type.values;
  if (column.type === 'boolean') return ['false', 'true'];
  const mentions = table.checks.some(
    (check) => check.expression.text.includes(column.name) && /\b(ANY|IN)\b/i.test(check.expression.text),
  );
  if (!mentions) return null;
  // The hints of a list come first among the candidates and turn with `turn`: collect one turn after the other.
  const members = new Set<Value>();
  for (let turn = 0; turn < 24; turn += 1) {
    const first = values.candidates(table, column.name, { owner: 'A', turn })[0]!;
    if (members.has(first)) break;
    members.add(first);
  }
  return [...members];
}

export function fitsType(value: Value, type: string): boolean {
  if (value === null) return true;
  if (/^(smallint|integer|bigint|numeric|real|double)/.test(type)) return /^-?\d+(\.\d+)?$/.test(value);
  if (type === 'uuid') return /^[0-9a-f-]{36}$/i.test(value);
  if (/^(timestamp|date)/.test(type)) return /^\d{4}-/.test(value);
  if (type === 'boolean') return value === 'true' || value === 'false';
  if (type.endsWith('[]')) return value.startsWith('{');
  if (/^jsonb?$/.test(type)) return /^[[{"\d]|^(true|false|null)$/.test(value);
  return true;
}

/** The value of a constant default. */
export function defaultOf(column: Column): Value | undefined {
  const text = column.default?.text;
  if (text === undefined) return column.notNull ? undefined : null;
  const quoted = /^'((?:[^']|'')*)'(?:::.*)?$/s.exec(text);
  if (quoted) return quoted[1]!.replaceAll("''", "'");
  if (/^(true|false)$/i.test(text)) return text.toLowerCase();
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  return undefined;
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

function sortTables(
  state: SchemaState,
  parents: ReadonlyMap<string, readonly { references: string; strong: boolean }[]>,
): string[] {
  const order: string[] = [];
  const seen = new Map<string, 'open' | 'done'>();
  const visit = (key: string) => {
    if (seen.has(key)) return;
    seen.set(key, 'open');
    // Keys that may be empty can wait: on a circle they are the ones that give.
    for (const strong of [true, false]) {
      for (const parent of parents.get(key) ?? []) if (parent.strong === strong) visit(parent.references);
    }
    seen.set(key, 'done');
    if (state.tables.has(key)) order.push(key);
  };
  for (const key of [...state.tables.keys()].toSorted()) visit(key);
  return order;
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
