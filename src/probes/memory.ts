/**
 * What was seen of a table, by all that it hangs on. A change that reaches nothing of that leaves what was seen as it
 * was: on the head the table is not asked once more.
 */
import { createHash } from 'node:crypto';
import type { Session } from '../database/engine.ts';
import type { ObjectAccess, PolicyError, SignUpRun } from '../model/access.ts';
import type { NotChecked } from '../model/finding.ts';
import type { SchemaState, Table } from '../model/schema.ts';
import type { ProbeCatalog } from './catalog.ts';
import { literal } from './quote.ts';
import type { Ownership } from './rows/owners.ts';
import type { Planner } from './rows/plan.ts';

export interface Remembered {
  readonly access: ObjectAccess;
  readonly errors: readonly PolicyError[];
  readonly notChecked: readonly NotChecked[];
}

export type Memory = Map<string, Remembered>;

/** What a probe of any table is made of. */
interface Ground {
  readonly state: SchemaState;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly catalog: ProbeCatalog;
  readonly absent: ReadonlySet<string>;
  readonly signUps: { readonly creates: ReadonlySet<string>; readonly runs: readonly SignUpRun[] };
  readonly contents: ReadonlyMap<string, string>;
  /** Whatever else is the same for all tables. */
  readonly options: unknown;
}

/** One word for all that what is seen of a table hangs on; two tables of the same basis are seen to be the same. */
export function basisOf(ground: Ground): (table: Table) => string {
  const { state, planner, ownership, catalog, absent, signUps, contents } = ground;
  const objects = objectsOf(state);
  const common = JSON.stringify([
    ground.options,
    signUps.runs,
    [...state.schemas.values()].map(plain),
    [...state.types.values()].map(plain),
    [...catalog.domains],
    catalog.deferred,
    // Who there is, and which files.
    [...contents].filter(([key]) => /^(auth|storage)\./.test(key)),
  ]);
  const children = new Map<string, string[]>();
  for (const { key, foreignKeys } of state.tables.values())
    for (const { references } of foreignKeys)
      children.set(references, [...(children.get(references) ?? []), key]);

  const known = new Map<string, string>();
  const partOf = (key: string): string => {
    let part = known.get(key);
    if (part === undefined) {
      part = `${objects.texts.get(key)}${state.tables.has(key) ? JSON.stringify(aboutRows(key)) : ''}`;
      known.set(key, part);
    }
    return part;
  };
  const aboutRows = (key: string) => [
    [...planner.ancestors(key)],
    [...planner.choices(key)],
    ownership.ownersOf(key),
    ownership.columnsOf(key),
    [ownership.isOwned(key), ownership.trusted.has(key), absent.has(key), signUps.creates.has(key)],
    (['anon', 'authenticated', 'service_role'] as const).map((role) =>
      (['select', 'insert', 'update', 'delete'] as const).map((command) =>
        catalog.privileges(role, command, key),
      ),
    ),
    contents.get(key),
  ];

  return (table) => {
    const near = new Set<string>();
    const add = (key: string) => {
      if (near.has(key)) return;
      near.add(key);
      for (const other of objects.named(key)) add(other);
      for (const parent of state.tables.has(key) ? planner.ancestors(key) : []) add(parent);
    };
    // What goes with its rows when they are deleted, or keeps them from it.
    const below = (key: string) => {
      for (const child of children.get(key) ?? []) {
        if (near.has(child)) continue;
        add(child);
        below(child);
      }
    };
    add(table.key);
    below(table.key);
    const hash = createHash('sha256').update(table.key).update(common);
    for (const key of [...near].toSorted()) hash.update(partOf(key));
    return hash.digest('base64');
  };
}

/** Tables, views, routines and sequences as text, and whom each text names: more than it means, never less. */
function objectsOf(state: SchemaState) {
  const texts = new Map<string, string>();
  const byName = new Map<string, string[]>();
  const all = [state.tables, state.views, state.routines, state.sequences].flatMap((kind) => [
    ...kind.values(),
  ]);
  for (const object of all) {
    texts.set(object.key, JSON.stringify(plain(object)));
    byName.set(object.name, [...(byName.get(object.name) ?? []), object.key]);
  }
  const odd = [...byName.keys()].filter((name) => !/^\w+$/.test(name));
  const named = new Map<string, readonly string[]>();
  return {
    texts,
    named(key: string): readonly string[] {
      let those = named.get(key);
      if (those === undefined) {
        const text = texts.get(key) ?? '';
        const words = new Set(text.split(/\W+/));
        those = [...words, ...odd.filter((name) => text.includes(name))].flatMap(
          (word) => byName.get(word) ?? [],
        );
        named.set(key, those);
      }
      return those;
    },
  };
}

/** Without where it stands in which file, and without its tree beside its text. */
const plain = (object: object): unknown =>
  JSON.parse(
    JSON.stringify(object, (key, value) =>
      key === 'origin' || key === 'rlsOrigin' || key === 'node' ? undefined : value,
    ),
  );

/** Rows read of a table to know it again; one that holds more is new each time. */
const enough = 100_000;

/** What lies in each table, in one word. */
export async function contentsOf(session: Session, state: SchemaState): Promise<Map<string, string>> {
  const tables = [...state.tables.values()].filter(({ kind }) => kind === 'table' || kind === 'partition');
  const contents = new Map<string, string>();
  for (let from = 0; from < tables.length; from += 100) {
    const rows = await session.query(
      tables
        .slice(from, from + 100)
        .map(
          ({ key }) =>
            `select ${literal(key)} as t, count(*) || case when count(*) > ${enough} then ' ' || gen_random_uuid() else '' end || ' ' || coalesce(sum(hashtextextended(r::text, 0)), 0) as has from (select * from only ${key} limit ${enough + 1}) r`,
        )
        .join(' union all '),
    );
    for (const row of rows) contents.set(row.t!, row.has!);
  }
  return contents;
}
