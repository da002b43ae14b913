/** Rollbacks among the migrations: which one a file takes back. */
import type { History, Migration } from '../../../model/migration.ts';

/** The migration of the same change that a file undoes, told by its name. Null where it undoes none. */
export function undoneBy(migration: Migration, { all, changes, head }: History): Migration | null {
  const undone = undoneName(migration.name);
  if (undone === null) return null;
  const together = new Set(changes.map(({ path }) => path));
  const target = head.find(
    ({ name, path }) => path !== migration.path && name.toLowerCase() === undone.name && together.has(path),
  );
  // Some time later it may be meant: a migration that takes back what is out already. "x.down" never is.
  return target === undefined || (all && !undone.companion) ? null : target;
}

/** `rollback_add_note`, `add_note.down`: the name of the migration it undoes. */
function undoneName(name: string): { readonly name: string; readonly companion: boolean } | null {
  const before = /^(?:rollback|revert|undo)_(?:\d+_)?(.+)$/i.exec(name);
  if (before) return { name: before[1]!.toLowerCase(), companion: false };
  const behind = /^(.+?)([._-])(?:down|rollback|revert|undo)$/i.exec(name);
  return behind && { name: behind[1]!.toLowerCase(), companion: behind[2] === '.' };
}
