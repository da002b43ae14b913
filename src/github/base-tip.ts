/** Migrations on the tip of the base branch as it is now. What was checked out may be older, or never have been merged with it. */
import type { History } from '../model/migration.ts';
import { GitHubCommits } from './base.ts';
import type { Client, Repository } from './client.ts';
import { versionOf } from './files.ts';

/** `known`: a commit whose files are looked at anyway; nothing is asked where it is the tip. */
export async function baseTip(
  client: Client,
  repository: Repository,
  branch: string,
  known: string | null,
): Promise<History['baseTip']> {
  const { data } = await client.rest.repos.getBranch({ ...repository, branch });
  if (data.commit.sha === known) return [];
  const tree = await new GitHubCommits(client, repository).tree(data.commit.sha);
  if (tree === null) throw new Error('GitHub gave an incomplete listing of it');
  return [...tree.keys()].flatMap((path) => {
    const version = versionOf(path);
    return version === null ? [] : [{ version, path, where: branch }];
  });
}
