/** Versions that other open pull requests bring: two of them can't both be merged as they are. */
import type { History } from '../model/migration.ts';
import type { Client, Repository } from './client.ts';
import type { PullRequest } from './context.ts';
import { addedMigrations, changedFiles, versionOf } from './files.ts';

/** The newest so many are looked at: each costs a request, five of them at a time. */
const limit = 40;
const together = 5;

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
  for (let from = 0; from < others.length; from += together) {
    const some = others.slice(from, from + together);
    found.push(...(await Promise.all(some.map(({ number }) => versionsIn(client, repository, number)))));
  }
  return found.flat();
}

async function versionsIn(
  client: Client,
  repository: Repository,
  number: number,
): Promise<History['openPullRequests']> {
  const listing = await changedFiles(client, repository, number);
  return addedMigrations(listing).map(({ path }) => ({
    version: versionOf(path)!,
    path,
    where: `#${number}`,
  }));
}
