/** Two folders of migrations, base and head: what was added, edited, renamed, removed. */
import type { Change, Migration } from '../model/migration.ts';

/** A file of the base: where it stood, its blob id, and its text when it is asked for. */
export interface BaseFile {
  readonly path: string;
  readonly id: string;
  text(): Promise<string | null>;
}

/**
 * `headIds`: blob id of each head file. A file that went and one of the same content, or of the same description,
 * that came is a rename.
 */
export async function compareMigrations(
  base: readonly BaseFile[],
  head: readonly Migration[],
  headIds: ReadonlyMap<string, string>,
): Promise<readonly Change[]> {
  const before = new Map(base.map((file) => [file.path, file]));
  const there = new Set(head.map((migration) => migration.path));
  const gone = base.filter((file) => !there.has(file.path));
  const changes: Change[] = [];
  const takeGone = (fits: (file: BaseFile) => boolean) => {
    const index = gone.findIndex(fits);
    return index === -1 ? null : gone.splice(index, 1)[0]!;
  };
  const added: Migration[] = [];
  for (const migration of head) {
    const file = before.get(migration.path);
    if (file === undefined) added.push(migration);
    else if (file.id !== headIds.get(migration.path)) {
      changes.push({ kind: 'edited', path: migration.path, previousPath: null, before: await file.text() });
    }
  }
  for (const migration of added) {
    const from =
      takeGone((file) => file.id === headIds.get(migration.path)) ??
      takeGone((file) => migration.name !== '' && file.path.endsWith(`_${migration.name}.sql`));
    changes.push(
      from === null
        ? { kind: 'added', path: migration.path, previousPath: null, before: null }
        : { kind: 'renamed', path: migration.path, previousPath: from.path, before: await from.text() },
    );
  }
  for (const file of gone) {
    changes.push({ kind: 'removed', path: file.path, previousPath: null, before: await file.text() });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
