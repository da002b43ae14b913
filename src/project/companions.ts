/** SQL files that stand beside the migrations to undo them. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface Companion {
  readonly path: string;
  readonly text: string;
}

/** Files of `supabase/migrations` and of these folders below `supabase/` that are no plain migration's own. */
export async function readCompanions(
  root: string,
  repositoryRoot: string,
  folders: readonly string[],
): Promise<readonly Companion[]> {
  const base = join(root, 'supabase');
  const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch(() => []);
  const wanted = entries.filter((entry) => {
    if (!entry.isFile() || !entry.name.endsWith('.sql')) return false;
    const parts = relative(base, entry.parentPath).split(sep);
    return (
      parts.some((part) => folders.includes(part)) ||
      /[._-](down|rollback|revert|undo)\.sql$/i.test(entry.name)
    );
  });
  return Promise.all(
    wanted.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return {
        path: relative(repositoryRoot, path).split(sep).join('/'),
        text: await readFile(path, 'utf8'),
      };
    }),
  );
}
