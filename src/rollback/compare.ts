/** What is left after a way back: object by object, a whole told once. */
import { type CatalogObject, contentOf, type Snapshot } from '../model/catalog.ts';

/** Ids that are not the same on both sides. */
export function differingIds(a: Snapshot, b: Snapshot): Set<string> {
  const ids = new Set<string>();
  for (const [id, object] of a.objects) {
    const other = b.objects.get(id);
    if (other === undefined || contentOf(other) !== contentOf(object)) ids.add(id);
  }
  for (const id of b.objects.keys()) if (!a.objects.has(id)) ids.add(id);
  return ids;
}

export interface Difference {
  readonly id: string;
  readonly text: string;
  /** Only the order of columns: what a column that comes back can't help. */
  readonly order: boolean;
}

/** `now` against what should stand, one line an object; `known` differences are left out. */
export function differences(now: Snapshot, wanted: Snapshot, known: ReadonlySet<string>): Difference[] {
  const ids = [...differingIds(now, wanted)].filter((id) => !known.has(id));
  const list: Difference[] = [];
  for (const id of ids.sort()) {
    const is = now.objects.get(id);
    const was = wanted.objects.get(id);
    const name = `${(is ?? was)!.kind} ${(is ?? was)!.identity}`;
    if (is === undefined) {
      if (!wholeDiffers(was!, wanted, now)) list.push({ id, text: `${name} is missing`, order: false });
    } else if (was === undefined) {
      if (!wholeDiffers(is, now, wanted)) list.push({ id, text: `${name} is still there`, order: false });
    } else if (sameButForOrder(is, was)) {
      list.push({ id, text: `${name} has its columns in another order`, order: true });
    } else if (columnsAlone(is, was)) {
      // Each column that came or went is told by itself.
    } else {
      list.push({
        id,
        text: `${name} differs: ${brief(is.definition)} instead of ${brief(was.definition)}`,
        order: false,
      });
    }
  }
  return list;
}

function wholeDiffers(object: CatalogObject, here: Snapshot, there: Snapshot): boolean {
  for (let id = object.parent; id !== null; id = here.objects.get(id)?.parent ?? null) {
    if (here.objects.has(id) && !there.objects.has(id)) return true;
  }
  return false;
}

function sameButForOrder(a: CatalogObject, b: CatalogObject): boolean {
  if (!columnsAlone(a, b)) return false;
  const sorted = (object: CatalogObject) => [...(object.properties.columns as string[])].sort().join('\0');
  return sorted(a) === sorted(b);
}

/** Two tables that differ in which columns they have, or in their order, and in nothing else. */
function columnsAlone(a: CatalogObject, b: CatalogObject): boolean {
  if (a.kind !== 'table' && a.kind !== 'foreign table') return false;
  const rest = (object: CatalogObject) => JSON.stringify({ ...object.properties, columns: null });
  return rest(a) === rest(b);
}

const brief = (text: string) => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
};
