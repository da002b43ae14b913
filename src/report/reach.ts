/** How far somebody reaches into an object, in words. */
import type { AccessSummary, ObjectAccess } from '../model/access.ts';
import { reachesOwnToo } from '../probes/ways-in.ts';
import { reachWords } from './report.ts';

export const wordsOf = (object: ObjectAccess, entry: AccessSummary): string =>
  reachesOwnToo(object, entry) ? 'own rows and some of others' : reachWords(entry.access);

/** In their order, under what they have in common. */
export function grouped<T>(items: readonly T[], by: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}
