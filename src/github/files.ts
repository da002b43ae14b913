/** Files of a pull request. */
import type { Client, Repository } from './client.ts';

/** "A maximum of 3000 files will be returned" (REST docs, List pull requests files). */
export const listingLimit = 3000;

export interface ChangedFile {
  readonly path: string;
  readonly previousPath: string | null;
  readonly status: string;
  /** Unified diff without its header; null for large and binary files. */
  readonly patch: string | null;
}

export interface Listing {
  readonly files: readonly ChangedFile[];
  /** False where GitHub may have cut the list: then trees are compared. */
  readonly complete: boolean;
}

export async function changedFiles(client: Client, repository: Repository, number: number): Promise<Listing> {
  const entries = await client.paginate(client.rest.pulls.listFiles, {
    ...repository,
    pull_number: number,
    per_page: 100,
  });
  return {
    files: entries.map(({ filename, previous_filename, status, patch }) => ({
      path: filename,
      previousPath: previous_filename ?? null,
      status,
      patch: patch ?? null,
    })),
    complete: entries.length < listingLimit,
  };
}

/** True where something under a `supabase` folder changed, or where that cannot be ruled out. */
export const touchesSupabase = ({ files, complete }: Listing): boolean =>
  !complete ||
  files.some(({ path, previousPath }) =>
    [path, previousPath ?? ''].some((name) => /(^|\/)supabase\//.test(name)),
  );

/** Version of a migration file; null for any other. */
export const versionOf = (path: string): string | null =>
  /(?:^|\/)supabase\/migrations\/(\d+)_[^/]*\.sql$/.exec(path)?.[1] ?? null;

const brings = ({ path, status }: ChangedFile): boolean =>
  (status === 'added' || status === 'renamed') && versionOf(path) !== null;

export const addsMigrations = ({ files, complete }: Listing): boolean => !complete || files.some(brings);

export const addedMigrations = ({ files }: Listing): readonly ChangedFile[] => files.filter(brings);

/** Lines of the new file that stand in the diff, hunk by hunk: only there GitHub takes review comments. */
export function diffHunks(patch: string | null): readonly { readonly from: number; readonly to: number }[] {
  if (patch === null) return [];
  return [...patch.matchAll(/^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@/gm)]
    .map(([, start, length]) => ({ from: Number(start), to: Number(start) + Number(length ?? 1) - 1 }))
    .filter(({ from, to }) => to >= from);
}
