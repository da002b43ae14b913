/** Where git's work trees begin, found without starting git. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Top of the work tree that a folder is in, where git itself would find it; null where it is in none. For paths alone:
 * starting git for that takes longer than reading a migration.
 */
export async function workTreeOf(folder: string): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    if (await isRepository(at)) return at;
    if (dirname(at) === at) return null;
  }
}

/** Top of a work tree: it holds the repository itself, or the file that a linked work tree and a submodule have in its place. */
export async function isRepository(folder: string): Promise<boolean> {
  const path = join(folder, '.git');
  const entry = await stat(path).catch(() => null);
  return entry !== null && (entry.isFile() || (await stat(join(path, 'HEAD')).catch(() => null)) !== null);
}
