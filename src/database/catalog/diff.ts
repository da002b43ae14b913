/** What changed between two snapshots, for people: a new table is one entry with all it brings, not thirty. */
import { type CatalogKind, type CatalogObject, contentOf, type Snapshot } from '../../model/catalog.ts';
import type { SchemaDiff, SchemaDiffEntry } from '../../model/rollback.ts';

/** Told as part of what they belong to where that is new or gone itself. */
const parts: ReadonlySet<CatalogKind> = new Set([
  'column',
  'default',
  'constraint',
  'rls',
  'grant',
  'comment',
  'sequence owner',
  'membership',
  'setting',
  'publication table',
]);

export interface DiffOptions {
  /**
   * Whether both were read from one database that lived on from the first to the second (or from a copy of it): renames
   * are then known by the object's own address. Default true.
   */
  readonly sameDatabase?: boolean;
}

export function diff(before: Snapshot, after: Snapshot, options: DiffOptions = {}): SchemaDiff {
  const renames = options.sameDatabase === false ? [] : renamed(before, after);
  const translate = translator(renames);
  /** Before, with everything that was renamed under its new name. */
  const byAddress = addresses(after);
  const kept = (object: CatalogObject) => byAddress.get(object.address ?? '')?.id === object.id;
  const old = new Map(
    // What kept its name has it by right: a function may be called as a table was that bears another name now.
    [...before.objects.values()].map((object) => [kept(object) ? object.id : translate(object.id), object]),
  );
  const added: SchemaDiffEntry[] = [];
  const removed: SchemaDiffEntry[] = [];
  const changed = new Map<string, SchemaDiffEntry>();
  const isPart = (object: CatalogObject, here: Snapshot, there: { has(id: string): boolean }, name = same) =>
    object.kind === 'sequence'
      ? wholeIsMissing(object.properties.owned as string | null, here, there, name)
      : parts.has(object.kind) && wholeIsMissing(object.parent, here, there, name);

  for (const object of after.objects.values()) {
    if (old.has(object.id)) continue;
    if (object.kind === 'default' || object.kind === 'sequence owner') touchColumn(object);
    else if (!isPart(object, after, old)) added.push(entry(object, null, describe(object, after)));
  }
  for (const [id, object] of old) {
    const now = after.objects.get(id);
    if (now === undefined) {
      if (object.kind === 'default' || object.kind === 'sequence owner') touchColumn(object);
      else if (!isPart(object, before, after.objects, translate))
        removed.push(entry(object, describe(object, before), null));
    } else if (object.id !== id && !renames.some((rename) => rename.partOf(object))) {
      changed.set(id, {
        kind: object.kind,
        object: now.identity,
        before: object.identity,
        after: now.identity,
      });
    } else if (contentOf(object) !== contentOf(now) && translate(contentOf(object)) !== contentOf(now)) {
      if (now.kind === 'default' || now.kind === 'sequence owner') touchColumn(now);
      else {
        const texts = [describe(object, before, false), describe(now, after, false)] as const;
        // Of a table itself only columns came or went, and each has its entry.
        if (texts[0] !== texts[1]) changed.set(id, entry(now, ...texts));
      }
    }
  }
  return { added: sort(added), removed: sort(removed), changed: sort([...changed.values()]) };

  /** A default is told as part of its column. */
  function touchColumn(object: CatalogObject): void {
    const id = object.kind === 'default' ? `column ${object.identity}` : null;
    const [was, now] = id === null ? [] : [old.get(id), after.objects.get(id)];
    if (!was || !now) return;
    changed.set(now.id, entry(now, describe(was, before), describe(now, after)));
  }
}

const same = (id: string) => id;

/** True where the object's whole, or the whole of that, has no counterpart. */
function wholeIsMissing(
  parent: string | null,
  here: Snapshot,
  there: { has(id: string): boolean },
  name: (id: string) => string,
): boolean {
  for (let id = parent; id !== null; id = here.objects.get(id)?.parent ?? null) {
    if (here.objects.has(id) && !there.has(name(id))) return true;
  }
  return false;
}

function entry(object: CatalogObject, before: string | null, after: string | null): SchemaDiffEntry {
  return {
    kind: object.kind === 'rls' ? 'row level security' : object.kind,
    object: object.identity,
    before,
    after,
  };
}

const sort = (entries: readonly SchemaDiffEntry[]) =>
  [...entries].sort((a, b) => compare(a.object, b.object) || compare(a.kind, b.kind));
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** One line for a column; for a table (`whole`), its columns and constraints, one a line. */
function describe(object: CatalogObject, of: Snapshot, whole = true): string {
  if (object.kind === 'column') {
    const value = of.objects.get(`default ${object.identity}`);
    return object.definition + (value === undefined ? '' : ` DEFAULT ${value.definition}`);
  }
  if (object.kind !== 'table' && object.kind !== 'foreign table') return object.definition;
  if (!whole) return object.definition.replace(/; columns .*$/s, '');
  const columns = (object.properties.columns as readonly string[]).flatMap((name) => {
    const column = of.objects.get(`column ${object.identity}.${name}`);
    return column === undefined ? [] : [`${name} ${describe(column, of)}`];
  });
  const constraints = childrenOf(object, of)
    .filter((child) => child.kind === 'constraint')
    .map((child) => `CONSTRAINT ${child.properties.name} ${child.definition}`);
  const rls = of.objects.get(`rls ${object.identity}`)?.definition;
  const security = rls === undefined || rls === 'disabled' ? [] : [`row level security ${rls}`];
  return [...columns, ...constraints, ...security].join('\n');
}

const children = new WeakMap<Snapshot, ReadonlyMap<string, readonly CatalogObject[]>>();

export function childrenOf(object: CatalogObject, of: Snapshot): readonly CatalogObject[] {
  let byParent = children.get(of);
  if (byParent === undefined) {
    const groups = new Map<string, CatalogObject[]>();
    for (const child of of.objects.values()) {
      if (child.parent === null) continue;
      const group = groups.get(child.parent);
      if (group) group.push(child);
      else groups.set(child.parent, [child]);
    }
    byParent = groups;
    children.set(of, byParent);
  }
  return byParent.get(object.id) ?? [];
}

interface Rename {
  readonly before: CatalogObject;
  readonly after: CatalogObject;
  /** Whether an object bears another name only because this one, its whole, was renamed. */
  partOf(object: CatalogObject): boolean;
}

const addresses = (of: Snapshot) =>
  new Map([...of.objects.values()].flatMap((object) => (object.address ? [[object.address, object]] : [])));

/** Objects that live on under another name: same address, same kind. */
export function renamed(before: Snapshot, after: Snapshot): Rename[] {
  const byAddress = addresses(after);
  return [...before.objects.values()].flatMap((was) => {
    const now = was.address === null ? undefined : byAddress.get(was.address);
    if (now === undefined || now.kind !== was.kind || now.identity === was.identity) return [];
    return [{ before: was, after: now, partOf: (object: CatalogObject) => isInside(object, was, before) }];
  });
}

function isInside(object: CatalogObject, whole: CatalogObject, of: Snapshot): boolean {
  for (let id = object.parent; id !== null; id = of.objects.get(id)?.parent ?? null)
    if (id === whole.id) return true;
  return false;
}

/** Puts new names for old ones in ids and definitions. */
function translator(renames: readonly Rename[]): (text: string) => string {
  const names = new Map(
    renames
      .filter(({ before }) => before.identity.length > 3)
      .sort((a, b) => b.before.identity.length - a.before.identity.length)
      .map(({ before, after }) => [before.identity, after.identity]),
  );
  if (names.size === 0) return same;
  const escaped = [...names.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(?<![\\w$"])(?:${escaped.join('|')})(?![\\w$"])`, 'g');
  return (text) => text.replace(pattern, (name) => names.get(name) ?? name);
}
