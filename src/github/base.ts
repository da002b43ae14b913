/** A commit's files by API, where the checkout does not have it (a shallow clone, as `actions/checkout` makes it). */
import { type CommitReader, isSupabase, type Tree } from '../changes/git.ts';
import type { Client, Repository } from './client.ts';

/** A recursive listing ends at 100,000 entries or 7 MB (REST docs, Get a tree); then folder by folder, so many at most. */
const folderLimit = 400;

export class GitHubCommits implements CommitReader {
  readonly #client: Client;
  readonly #repository: Repository;
  readonly #limit: number;

  constructor(client: Client, repository: Repository, limit = folderLimit) {
    this.#client = client;
    this.#repository = repository;
    this.#limit = limit;
  }

  async tree(commit: string): Promise<Tree | null> {
    const whole = await this.#list(commit, true);
    if (!whole.truncated)
      return new Map(whole.entries.flatMap(blobOf('')).filter(([path]) => isSupabase(path)));
    return this.#walk(commit);
  }

  async blob(id: string): Promise<Uint8Array> {
    const { data } = await this.#client.rest.git.getBlob({ ...this.#repository, file_sha: id });
    return Buffer.from(data.content, data.encoding === 'base64' ? 'base64' : 'utf8');
  }

  /** Breadth first, so that a `supabase` folder near the top is found before the limit; null where the limit was met. */
  async #walk(commit: string): Promise<Tree | null> {
    const files = new Map<string, string>();
    const folders = [{ path: '', id: commit }];
    for (let count = 0; folders.length > 0; count += 1) {
      if (count === this.#limit) return null;
      const { path, id } = folders.shift()!;
      const inside = isSupabase(path);
      const { entries, truncated } = await this.#list(id, inside);
      if (inside && truncated) return null;
      for (const [name, blob] of entries.flatMap(blobOf(path))) if (isSupabase(name)) files.set(name, blob);
      if (inside) continue;
      for (const entry of entries) {
        if (entry.type === 'tree' && entry.path !== 'node_modules')
          folders.push({ path: `${path}${entry.path}/`, id: entry.sha ?? '' });
      }
    }
    return files;
  }

  async #list(id: string, recursive: boolean) {
    const { data } = await this.#client.rest.git.getTree({
      ...this.#repository,
      tree_sha: id,
      ...(recursive ? { recursive: '1' } : {}),
    });
    return { entries: data.tree, truncated: data.truncated };
  }
}

/** Ordinary files only: `120000` is a link, `160000` a submodule. */
const blobOf =
  (folder: string) =>
  (entry: { path?: string; sha?: string | null; type?: string; mode?: string }): [string, string][] =>
    entry.type === 'blob' && entry.mode?.startsWith('100')
      ? [[`${folder}${entry.path}`, entry.sha ?? '']]
      : [];
