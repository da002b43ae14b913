/** The head of a pull request as files on disk, read by API: a command comes without a checkout of it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blobId, Git, isSupabase, type Tree } from '../changes/git.ts';
import type { GitHubCommits } from './base.ts';

export interface HeadFiles {
  readonly folder: string;
  readonly tree: Tree;
}

/** What differs on disk from the head: path to new text; null where the file went. */
export type Changes = ReadonlyMap<string, string | null>;

/** `local`: a checkout whose objects save a request each. The folder is gone when `work` is done. */
export async function withHead<T>(
  commits: GitHubCommits,
  sha: string,
  local: Git | null,
  work: (head: HeadFiles) => Promise<T>,
): Promise<T> {
  const tree = await commits.tree(sha);
  if (tree === null) throw new Error('GitHub gave an incomplete listing of the head');
  const folder = await mkdtemp(join(tmpdir(), 'migration-guard-'));
  try {
    await Git.init(folder);
    for (const [path, id] of tree) {
      if (!harmless(path)) continue;
      const bytes = (await (local?.blob(id).catch(() => null) ?? null)) ?? (await commits.blob(id));
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    return await work({ folder, tree });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Git forbids such names; a tree that was made by hand may hold them. */
const harmless = (path: string): boolean =>
  !path.includes('\\') &&
  path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git');

export async function changesOf({ folder, tree }: HeadFiles): Promise<Changes> {
  const there = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = there
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => isSupabase(path) && !path.startsWith('.git/'));
  const changes = new Map<string, string | null>();
  for (const path of paths) {
    const bytes = await readFile(join(folder, path));
    if (blobId(bytes) !== tree.get(path)) changes.set(path, bytes.toString('utf8'));
  }
  const present = new Set(paths);
  for (const path of tree.keys()) if (harmless(path) && !present.has(path)) changes.set(path, null);
  return changes;
}
