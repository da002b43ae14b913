/** What tells findings apart, and tells one again after its object got another name. */
import type { ChangeSet } from '../model/facts.ts';
import type { ObjectKind, Origin, SchemaState } from '../model/schema.ts';
import type { Problem, Rule } from './rule.ts';

/** A problem on its way to a finding. */
export interface Noted {
  readonly rule: Rule;
  readonly problem: Problem;
  readonly isNew: boolean;
  /** What was judged when a state hook saw it; null for the other hooks. */
  readonly set: ChangeSet | null;
  mendedBy: string | null;
}

export const objectKinds = [
  'table',
  'view',
  'routine',
  'sequence',
  'extension',
  'publication',
  'bucket',
] as const;
export type HookedKind = (typeof objectKinds)[number];
export const wholeSchema = 'the schema';

/** Every object that has hooks, as `kind key`, and the schema as a whole. */
export function* sourcesOf(state: SchemaState): Iterable<string> {
  for (const kind of objectKinds) for (const key of state[collections[kind]].keys()) yield `${kind} ${key}`;
  yield wholeSchema;
}

export function objectOf(state: SchemaState, source: string): unknown {
  const at = source.indexOf(' ');
  return state[collections[source.slice(0, at) as HookedKind]].get(source.slice(at + 1));
}

export const isHooked = (kind: string): kind is HookedKind =>
  (objectKinds as readonly string[]).includes(kind);

const collections = {
  table: 'tables',
  view: 'views',
  routine: 'routines',
  sequence: 'sequences',
  extension: 'extensions',
  publication: 'publications',
  bucket: 'buckets',
} as const satisfies Record<HookedKind & ObjectKind, keyof SchemaState>;

/** Rule, object and what else tells findings apart: never a line number. */
export const identityOf = ({ rule, problem }: Noted) =>
  `${rule.id}\0${problem.object ?? problem.at?.file ?? ''}\0${problem.key ?? ''}`;

/** The same but for the object's name: what the same words of the same file gave. */
const placeIdentityOf = ({ rule, problem: { at, severity } }: Noted) =>
  `${rule.id}\0${severity ?? ''}\0${at?.file}\0${at?.line}\0${at?.column}`;

/**
 * What a problem was told as before the change gave another name to its object (a table or function that is renamed or
 * moved keeps its origin), or to a column of it: nothing new.
 */
export function underFormerName(
  set: ChangeSet,
  source: string,
  foundBefore: (source: string) => ReadonlyMap<string, Noted>,
): (noted: Noted) => Noted | undefined {
  const old = formerSource(set, source);
  if (old !== null) {
    const byPlace = new Map([...foundBefore(old).values()].map((noted) => [placeIdentityOf(noted), noted]));
    return (noted) => byPlace.get(placeIdentityOf(noted));
  }
  const columns = formerColumns(set, source);
  if (columns.size === 0) return () => undefined;
  const before = foundBefore(source);
  return (noted) => {
    const key = noted.problem.key?.replace(/[^\s,]+/g, (name) => columns.get(name) ?? name);
    return before.get(identityOf({ ...noted, problem: { ...noted.problem, ...(key && { key }) } }));
  };
}

/** The table or function of another name that this one was before; null where it has its own. */
function formerSource({ before, after, touched }: ChangeSet, source: string): string | null {
  const kind = source.split(' ', 1)[0]!;
  if (!/^(table|routine)$/.test(kind) || objectOf(before, source) !== undefined) return null;
  const origin = originOf(after, source);
  if (origin === null) return null;
  for (const old of touched) {
    if (!old.startsWith(`${kind} `) || !isSame(originOf(before, old), origin)) continue;
    // A new one may have taken the old name.
    if (!isSame(originOf(after, old), origin)) return old;
  }
  return null;
}

/** A table's columns that have another name than before: old names by new ones. */
function formerColumns({ before, after }: ChangeSet, source: string): ReadonlyMap<string, string> {
  if (!source.startsWith('table ')) return new Map();
  const key = source.slice('table '.length);
  const [old, now] = [before.tables.get(key), after.tables.get(key)];
  if (old === undefined || now === undefined) return new Map();
  const gone = old.columns.filter(({ name }) => !now.columns.some((column) => column.name === name));
  if (gone.length === 0) return new Map();
  return new Map(
    now.columns.flatMap(({ name, origin }) => {
      if (old.columns.some((column) => column.name === name)) return [];
      const was = gone.find((column) => isSame(column.origin, origin));
      return was === undefined ? [] : [[name, was.name] as const];
    }),
  );
}

const originOf = (state: SchemaState, source: string): Origin =>
  (objectOf(state, source) as { origin: Origin } | undefined)?.origin ?? null;

const isSame = (a: Origin, b: Origin) =>
  a !== null && b !== null && a.file === b.file && a.line === b.line && a.column === b.column;
