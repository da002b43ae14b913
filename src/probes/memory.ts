/**
 * What was seen of a table, by all that it hangs on. A change that reaches nothing of that leaves what was seen as it
 * was: on the head the table is not asked once more.
 */
import { createHash } from 'node:crypto';
import type { Session } from '../database/engine.ts';
import type { ObjectAccess, PolicyError, SignUpRun } from '../model/access.ts';
import { type CatalogKind, contentOf, type Snapshot } from '../model/catalog.ts';
import type { NotChecked } from '../model/finding.ts';
import type { SchemaState, Table } from '../model/schema.ts';
import { literal } from './acting/quote.ts';
import type { Ownership } from './rows/owners.ts';
import type { Planner } from './rows/plan.ts';

export interface Remembered {
  readonly access: ObjectAccess;
  readonly errors: readonly PolicyError[];
  readonly notChecked: readonly NotChecked[];
}

export type Memory = Map<string, Remembered>;

export interface Remembering {
  readonly seen: Memory;
  /** Of the very state that is probed. */
  readonly snapshot: Snapshot;
}

/** What a probe of any table is made of. */
interface Ground {
  readonly state: SchemaState;
  readonly snapshot: Snapshot;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly absent: ReadonlySet<string>;
  readonly signUps: { readonly creates: ReadonlySet<string>; readonly runs: readonly SignUpRun[] };
  readonly contents: ReadonlyMap<string, string>;
  /** Whatever else is the same for all tables. */
  readonly options: unknown;
}

/** One word for all that what is seen of a table hangs on; two tables of the same basis are seen to be the same. */
export function basisOf(ground: Ground): (table: Table) => string {
  const { state, planner, ownership, absent, signUps, contents } = ground;
  const { texts, everywhere } = textsOf(ground.snapshot);
  const named = namesIn(texts);
  const common = JSON.stringify([
    ground.options,
    signUps.runs,
    everywhere,
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
      part = `${key}\0${texts.get(key)}\0${state.tables.has(key) ? JSON.stringify(aboutRows(key)) : ''}\0`;
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
    contents.get(key),
  ];

  return (table) => {
    const near = new Set<string>();
    const add = (key: string) => {
      if (near.has(key)) return;
      near.add(key);
      for (const other of named(key)) add(other);
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

/** What names others in its text, and is named by them. */
const speaking: ReadonlySet<CatalogKind> = new Set([
  'table',
  'foreign table',
  'view',
  'materialized view',
  'function',
  'procedure',
  'aggregate',
  'sequence',
]);

/** What no access hangs on that was seen already. */
const idle: ReadonlySet<CatalogKind> = new Set([
  'default privilege',
  'publication',
  'publication table',
  'cron job',
  'comment',
]);

/** Tables, views, routines and sequences with all their parts, as text by key; and what else there is. */
function textsOf({ objects }: Snapshot): { texts: Map<string, string>; everywhere: readonly string[] } {
  const texts = new Map<string, string>();
  const everywhere: string[] = [];
  for (const object of objects.values()) {
    if (idle.has(object.kind)) continue;
    let root = object;
    while (root.parent !== null && objects.has(root.parent)) root = objects.get(root.parent)!;
    const text = `${object.id} ${contentOf(object)}`;
    if (speaking.has(root.kind)) texts.set(root.identity, `${texts.get(root.identity) ?? ''}${text}\n`);
    else everywhere.push(text);
  }
  return { texts, everywhere };
}

/** Whom each text names: more than it means, never less. */
function namesIn(texts: ReadonlyMap<string, string>): (key: string) => readonly string[] {
  const byName = new Map<string, string[]>();
  for (const key of texts.keys()) {
    const name = nameOf(key);
    byName.set(name, [...(byName.get(name) ?? []), key]);
  }
  const odd = [...byName.keys()].filter((name) => !/^\w+$/.test(name));
  const named = new Map<string, readonly string[]>();
  return (key) => {
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
  };
}

/** `public.f(uuid)` is called `f`, `public."My table"` `My table`. */
const nameOf = (key: string): string =>
  /^(?:"(?:[^"]|"")+"|[^."]+)\.(?:"((?:[^"]|"")+)"|([^("]+))/.exec(key)?.slice(1).find(Boolean) ?? key;

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
