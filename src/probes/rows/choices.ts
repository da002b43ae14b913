/** What policies read of a column without asking who the caller is: the value that they let least through, and all others. */
import type { Column, SchemaState, Table } from '../../model/schema.ts';
import { any, other, type Reading, type ValueAtom } from '../predicate/reading.ts';
import { rank } from '../rank.ts';
import type { Ownership } from './owners.ts';
import { type Parent, push } from './parents.ts';
import type { Value } from './type-values.ts';
import type { ValueSource } from './values.ts';

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

export interface Choices {
  /** Null where policies do not read the column, or nothing is to be chosen: a key, an owner. */
  of(table: string, column: string): ColumnChoice | null;
  all(table: string): ReadonlyMap<string, ColumnChoice>;
}

export function createChoices(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  ownership: Ownership,
  values: ValueSource,
  parents: ReadonlyMap<string, readonly Parent[]>,
): Choices {
  const atoms = new Map<string, ValueAtom[]>();
  for (const reading of readings.values())
    for (const atom of reading.values) push(atoms, `${atom.table}.${atom.column}`, atom);
  const atomsOf = (table: string, column: string): readonly ValueAtom[] =>
    atoms.get(`${table}.${column}`) ?? [];
  /** `primary key (user_id, role)`: one row for each rank, of which other tables' policies and helpers ask for one. */
  const isRankInKey = (table: Table, name: string): boolean =>
    table.primaryKey!.columns.length > 1 &&
    atomsOf(table.key, name).every(({ home }) => !home) &&
    ownership.ownersOf(table.key).some((owner) => table.primaryKey!.columns.includes(owner.column));
  const isKeyOrOwner = (table: Table, name: string): boolean =>
    (table.primaryKey?.columns.includes(name) === true && !isRankInKey(table, name)) ||
    ownership.ownersOf(table.key).some((owner) => owner.column === name) ||
    parents.get(table.key)!.some((parent) => parent.columns.includes(name));

  const find = (key: string, name: string): ColumnChoice | null => {
    const table = state.tables.get(key);
    const column = table?.columns.find((candidate) => candidate.name === name);
    if (table === undefined || column === undefined || column.generated !== null) return null;
    if (isKeyOrOwner(table, name)) return null;
    const asked = atomsOf(key, name).filter((atom) => tells(column, atom));
    return asked.length === 0 ? null : choose(table, column, asked, state, values);
  };
  const known = new Map<string, ColumnChoice | null>();
  const of = (key: string, name: string): ColumnChoice | null => {
    const id = `${key}.${name}`;
    let found = known.get(id);
    if (found === undefined) {
      found = find(key, name);
      known.set(id, found);
    }
    return found;
  };
  return {
    of,
    all(key) {
      const found = new Map<string, ColumnChoice>();
      for (const { name } of state.tables.get(key)?.columns ?? []) {
        const value = of(key, name);
        if (value !== null) found.set(name, value);
      }
      return found;
    },
  };
}

function choose(
  table: Table,
  column: Column,
  list: readonly ValueAtom[],
  state: SchemaState,
  source: ValueSource,
): ColumnChoice | null {
  // Asked of the new member, and something else of who lets it in.
  const both = rank.test(column.name) && list.some(({ home }) => home) && list.some(({ home }) => !home);
  const each = both || list.some((atom) => atom.each === true);
  const explicit = list
    .flatMap((atom) => [...atom.open, ...atom.closed])
    .filter((value) => value !== any && value !== other);
  const allowed = allowedValues(table, column, state, source);
  if (explicit.length === 0 && list.every((atom) => atom.each) && (allowed?.length ?? 0) < 2) return null;
  const pool = poolOf(table, column, explicit, allowed, source);
  if (pool.length === 0) return null;
  const scored = pool.map((value, index) => ({
    value,
    score: list.filter((atom) => satisfies(value, atom)).length,
    index,
  }));
  // A rank that is false until somebody gives it: "is not true", which users must leave it at, is not what opens.
  const ungiven = rank.test(column.name)
    ? scored.find(({ value }) => value === 'false' && column.default?.text === 'false')
    : undefined;
  const closed = ungiven ?? scored.toSorted((a, b) => a.score - b.score || a.index - b.index)[0]!;
  const opposite = ungiven === undefined ? undefined : 'true';
  const made = (value: Value) => allowed === null && !explicit.includes(value) && value !== defaultOf(column);
  const open = scored
    .filter(
      (entry) =>
        entry !== closed &&
        (entry.score > closed.score || entry.value === opposite || (each && entry.value !== null)),
    )
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .map((entry) => entry.value)
    // Of values that stand for "any other", one says what all of them would.
    .filter((value, index, all) => !made(value) || all.findIndex(made) === index);
  return {
    closed: closed.value,
    natural: naturalOf(column, list, pool, open[0] ?? closed.value, closed.value),
    open,
    others: pool.filter((value) => value !== closed.value),
    each,
  };
}

/** Values worth trying: the default, what is asked for, what the type or a CHECK allows. */
function poolOf(
  table: Table,
  column: Column,
  explicit: readonly Value[],
  allowed: readonly Value[] | null,
  source: ValueSource,
): readonly Value[] {
  const made = (turn: number) => source.candidates(table, column.name, { owner: 'A', turn });
  const values = [
    defaultOf(column),
    ...explicit,
    ...(allowed ?? [...made(0).slice(0, 2), ...made(1).slice(0, 1)]),
  ];
  return [...new Set(values)].filter(
    (value) =>
      value !== undefined &&
      (value === null ? !column.notNull : allowed === null || allowed.includes(value)) &&
      fitsType(value, column.type),
  ) as Value[];
}

function naturalOf(
  column: Column,
  list: readonly ValueAtom[],
  pool: readonly Value[],
  mostOpen: Value,
  closed: Value,
): Value {
  if (rank.test(column.name) || opening.test(column.name)) return closed;
  const usual = defaultOf(column);
  const nullIsOpen = usual === null && list.some((atom) => atom.open.includes(null));
  return usual !== undefined && (usual !== null || nullIsOpen) && pool.includes(usual) ? usual : mostOpen;
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
