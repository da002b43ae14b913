/**
 * What would otherwise be looked for in every object of a state: who holds a name, whose child a table is, which
 * functions share a name. Kept up as objects are replaced, and handed on from one file's fold to the next.
 */
import type { Routine, SchemaState, Table, View } from '../../model/schema.ts';

export type Holder = Table | View;

interface Named {
  readonly name: string;
}

export class Lookups {
  /** By schema and name: how many constraints have it. */
  readonly #constraints = new Map<string, Map<string, number>>();
  /** By schema and name: keys of the tables and views that hold an index of that name. */
  readonly #indexes = new Map<string, Map<string, string[]>>();

  /** By key of the parent: keys of partitions and inheriting tables. */
  readonly #children = new Map<string, string[]>();
  /** By schema and name: keys of the functions, with their arguments. */
  readonly #routines = new Map<string, Map<string, string[]>>();

  constructor({ tables, views, routines }: Pick<SchemaState, 'tables' | 'views' | 'routines'>) {
    for (const table of tables.values()) this.replaceHolder(undefined, table);
    for (const view of views.values()) this.replaceHolder(undefined, view);
    for (const routine of routines.values()) this.replaceRoutine(undefined, routine);
  }

  hasConstraint(schema: string, name: string): boolean {
    return (this.#constraints.get(schema)?.get(name) ?? 0) > 0;
  }

  /** Keys of the relations that hold an index of that name: the first is the one that had it first. */
  holdersOfIndex(schema: string, name: string): readonly string[] {
    return this.#indexes.get(schema)?.get(name) ?? [];
  }

  /** In the order in which they became children. */
  childrenOf(parent: string): readonly string[] {
    return this.#children.get(parent) ?? [];
  }

  /** In the order in which they were made. */
  routinesNamed(schema: string, name: string): readonly string[] {
    return this.#routines.get(schema)?.get(name) ?? [];
  }

  /** `after` takes the place of `before`, which is what was given last for that object. */
  replaceHolder(before: Holder | undefined, after: Holder | undefined): void {
    const [gone, come] = difference(before, after, before?.indexes, after?.indexes);
    for (const { name } of gone) drop(inside(this.#indexes, before!.schema), name, before!.key);
    for (const { name } of come) add(inside(this.#indexes, after!.schema), name, after!.key);
    this.#replaceTable(asTable(before), asTable(after));
  }

  replaceRoutine(before: Routine | undefined, after: Routine | undefined): void {
    if (before?.key === after?.key) return;
    if (before !== undefined) drop(inside(this.#routines, before.schema), before.name, before.key);
    if (after !== undefined) add(inside(this.#routines, after.schema), after.name, after.key);
  }

  #replaceTable(before: Table | undefined, after: Table | undefined): void {
    if (before?.primaryKey !== after?.primaryKey) {
      if (before?.primaryKey) this.#count(before.schema, before.primaryKey.name, -1);
      if (after?.primaryKey) this.#count(after.schema, after.primaryKey.name, 1);
    }
    for (const part of ['uniques', 'foreignKeys', 'checks', 'exclusions'] as const) {
      const [gone, come] = difference(before, after, before?.[part], after?.[part]);
      for (const { name } of gone) this.#count(before!.schema, name, -1);
      for (const { name } of come) this.#count(after!.schema, name, 1);
    }
    if (before?.key === after?.key && before?.parent === after?.parent) return;
    if (before?.parent) drop(this.#children, before.parent, before.key);
    if (after?.parent) add(this.#children, after.parent, after.key);
  }

  #count(schema: string, name: string, by: 1 | -1): void {
    const names = inside(this.#constraints, schema);
    names.set(name, (names.get(name) ?? 0) + by);
  }
}

const none: readonly Named[] = [];

/** What went and what came between two lists: as a rule something was added at the end, or nothing changed. */
function difference(
  before: Holder | undefined,
  after: Holder | undefined,
  old: readonly Named[] = none,
  now: readonly Named[] = none,
): readonly [gone: readonly Named[], come: readonly Named[]] {
  const same = before?.key === after?.key;
  if (same && old === now) return [none, none];
  const added = same && old.every((entry, at) => entry === now[at]);
  return added ? [none, now.slice(old.length)] : [old, now];
}

const asTable = (holder: Holder | undefined): Table | undefined =>
  holder !== undefined && 'checks' in holder ? holder : undefined;

function inside<V>(maps: Map<string, Map<string, V>>, schema: string): Map<string, V> {
  let names = maps.get(schema);
  if (names === undefined) {
    names = new Map();
    maps.set(schema, names);
  }
  return names;
}

function add(lists: Map<string, string[]>, name: string, key: string): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [key]);
  else list.push(key);
}

function drop(lists: Map<string, string[]>, name: string, key: string): void {
  const list = lists.get(name);
  const at = list?.indexOf(key) ?? -1;
  if (at !== -1) list!.splice(at, 1);
}
