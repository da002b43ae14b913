/** Which files run, as the Supabase CLI decides it by their versions, and what their order changes. */
import { diff } from '../database/catalog/diff.ts';
import { snapshot } from '../database/catalog/snapshot.ts';
import type { Engine } from '../database/engine.ts';
import type { History, Migration } from '../model/migration.ts';

/** Where string order from zero and "base first" can give different databases. */
export function needsFromZero({ all, base, changes, head }: History): boolean {
  if (all) return false;
  const newest = base.reduce(
    (version, migration) => (migration.version > version ? migration.version : version),
    '',
  );
  return changes.some(
    (change) =>
      change.kind !== 'added' || (head.find(({ path }) => path === change.path)?.version ?? newest) < newest,
  );
}

/** Files of the head that `db push` would run: those whose version the base has not applied from the same file. */
export function pending(history: History): readonly Migration[] {
  const old = new Set(seenByVersion(history));
  const changed = new Set(history.changes.map((change) => change.path));
  return history.head.filter((migration) => changed.has(migration.path) && !old.has(migration));
}

/** Files that were edited or renamed but kept their version: the CLI compares versions only, and runs them never again. */
export function seenByVersion(history: History): readonly Migration[] {
  const onBase = new Map(history.base.map((migration) => [migration.path, migration.version]));
  return history.changes.flatMap((change) => {
    if (change.kind !== 'edited' && change.kind !== 'renamed') return [];
    const migration = history.head.find(({ path }) => path === change.path);
    return migration && onBase.get(change.previousPath ?? change.path) === migration.version
      ? [migration]
      : [];
  });
}

/** What is different where all files ran from zero, in words. */
export async function orderDifferences(production: Engine, zero: Engine): Promise<readonly string[]> {
  const before = await snapshot(production.admin);
  const { added, removed, changed } = diff(before, await snapshot(zero.admin), { sameDatabase: false });
  const tell = (entries: typeof changed, what: string) =>
    entries.map(({ kind, object }) => `${kind} ${object} ${what}.`);
  return [
    ...tell(added, 'is there from zero, and not where main was deployed first'),
    ...tell(removed, 'is there where main was deployed first, and not from zero'),
    ...tell(changed, 'differs from what it is where main was deployed first'),
  ];
}
