/** One commit on a pull request's branch, on top of the commit that was looked at and of no other. */
import type { Client, Repository } from './client.ts';
import type { Changes } from './head.ts';
import { statusOf } from './retry.ts';

/** Null where the branch has moved meanwhile. */
export async function commitChanges(
  client: Client,
  repository: Repository,
  on: { readonly branch: string; readonly head: string; readonly message: string },
  changes: Changes,
): Promise<string | null> {
  const { data: parent } = await client.rest.git.getCommit({ ...repository, commit_sha: on.head });
  const { data: tree } = await client.rest.git.createTree({
    ...repository,
    base_tree: parent.tree.sha,
    tree: [...changes].map(([path, content]) => ({
      path,
      mode: '100644' as const,
      type: 'blob' as const,
      ...(content === null ? { sha: null } : { content }),
    })),
  });
  const { data: commit } = await client.rest.git.createCommit({
    ...repository,
    message: on.message,
    tree: tree.sha,
    parents: [on.head],
  });
  try {
    // Without force: refused with 422 unless the branch still stands at the parent.
    await client.rest.git.updateRef({
      ...repository,
      ref: `heads/${on.branch}`,
      sha: commit.sha,
      force: false,
    });
    return commit.sha;
  } catch (error) {
    if (statusOf(error) === 422) return null;
    throw error;
  }
}
