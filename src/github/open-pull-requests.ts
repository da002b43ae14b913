/** Versions that other open pull requests bring: two of them can't both be merged as they are. */
import type { History } from '../model/migration.ts';
import type { Client, Repository } from './client.ts';
import type { PullRequest } from './context.ts';
import { changedFiles } from './files.ts';

/** The newest so many are looked at: each costs a request. */
const limit = 40;

const migration = /(?:^|\/)supabase\/migrations\/(\d+)_[^/]*\.sql$/;

export async function openPullRequests(
  client: Client,
  repository: Repository,
  own: PullRequest,
): Promise<History['openPullRequests']> {
  const { data } = await client.rest.pulls.list({
    ...repository,
    state: 'open',
    base: own.baseRef,
    sort: 'updated',
    direction: 'desc',
    per_page: limit,
  });
  const others = data.filter(({ number, draft }) => number !== own.number && draft !== true);
  const found = [];
  for (const { number } of others) {
    const { files } = await changedFiles(client, repository, number);
    for (const { path, status } of files) {
      const version = migration.exec(path)?.[1];
      if (version !== undefined && (status === 'added' || status === 'renamed')) {
        found.push({ version, path, where: `#${number}` });
      }
    }
  }
  return found;
}
