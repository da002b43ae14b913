/** What reads from GitHub, and how long it is waited for. */
import { GitHubCommits } from '../../src/github/base.ts';
import { connect } from '../../src/github/client.ts';
import { toPullRequest } from '../../src/github/context.ts';
import { changedFiles, diffHunks, touchesSupabase } from '../../src/github/files.ts';
import { openPullRequests } from '../../src/github/open-pull-requests.ts';
import { advice } from '../../src/github/retry.ts';
import { blobSha, GitHubServer, repositoryName } from '../support/github-server.ts';

const repository = { owner: 'acme', repo: 'shop' };
const commit = 'a'.repeat(40);
let github: GitHubServer;
const log: string[] = [];
const client = (patience = {}) =>
  connect({
    token: 'ghs_test',
    apiUrl: github.url,
    log: (line) => log.push(line),
    patience: {
      tries: 3,
      firstWaitMs: 5,
      longestWaitMs: 100,
      timeLimitMs: 10_000,
      budgetMs: 60_000,
      ...patience,
    },
  });

beforeEach(async () => {
  github = await GitHubServer.start();
  log.length = 0;
});
afterEach(async () => {
  await github.close();
  expect(github.complaints).toEqual([]);
});

const files = {
  'README.md': 'x',
  'supabase/config.toml': 'y',
  'supabase/migrations/1_a.sql': 'select 1;',
  'apps/shop/supabase/migrations/2_b.sql': 'select 2; -- ü',
  'apps/shop/src/index.ts': 'z',
  'deep/er/still/file.txt': 'w',
};

describe('a commit that the checkout lacks', () => {
  const expected = Object.entries(files)
    .filter(([path]) => /(^|\/)supabase\//.test(path))
    .map(([path, content]): [string, string] => [path, blobSha(content)]);

  test('is one listing, and a blob when it is asked for', async () => {
    github.trees.set(commit, files);
    const commits = new GitHubCommits(client(), repository);
    expect([...((await commits.tree(commit)) ?? [])].sort()).toEqual(expected.sort());
    expect(Buffer.from(await commits.blob(blobSha('select 2; -- ü'))).toString()).toBe('select 2; -- ü');
    expect(github.requests).toHaveLength(2);
  });

  test('is walked folder by folder where GitHub cuts the listing', async () => {
    github.trees.set(commit, files);
    github.treeLimit = 3;
    const tree = await new GitHubCommits(client(), repository).tree(commit);
    expect([...(tree ?? [])].sort()).toEqual(expected.sort());
  });

  test('that has too many folders to walk is no empty base', async () => {
    github.trees.set(
      commit,
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}/x/file.txt`, 'x'])),
    );
    github.treeLimit = 3;
    expect(await new GitHubCommits(client(), repository, 40).tree(commit)).toBeNull();
  });
});

test('files come from all pages, and 3,000 are not taken for all', async () => {
  github.files.set(
    7,
    Array.from({ length: 250 }, (_, index) => ({ filename: `f${index}`, status: 'added' })),
  );
  const some = await changedFiles(client(), repository, 7);
  expect(some.files).toHaveLength(250);
  expect(some.complete).toBe(true);
  expect(touchesSupabase(some)).toBe(false);
  github.files.set(
    7,
    Array.from({ length: 3005 }, (_, index) => ({ filename: `f${index}`, status: 'added' })),
  );
  const cut = await changedFiles(client(), repository, 7);
  expect(cut.complete).toBe(false);
  expect(touchesSupabase(cut)).toBe(true);
});

test('a file that was moved out of supabase/ touches it', () => {
  const moved = {
    path: 'old/1_a.sql',
    previousPath: 'supabase/migrations/1_a.sql',
    status: 'renamed',
    patch: null,
  };
  expect(touchesSupabase({ files: [moved], complete: true })).toBe(true);
});

test('lines of a diff are those of its hunks on the new side', () => {
  expect(
    diffHunks('@@ -1,2 +1,3 @@\n a\n+b\n c\n@@ -10 +11 @@ x\n-a\n+b\n@@ -20,2 +20,0 @@\n-a\n-b'),
  ).toEqual([
    { from: 1, to: 3 },
    { from: 11, to: 11 },
  ]);
  expect(diffHunks(null)).toEqual([]);
});

test('other open pull requests of the same base count, drafts and our own do not', async () => {
  const own = github.addPull({ number: 7, head: commit });
  github.addPull({ number: 8, head: 'b'.repeat(40), branch: 'b' });
  github.addPull({ number: 9, head: 'c'.repeat(40), branch: 'c' }).draft = true;
  github.addPull({ number: 10, head: 'd'.repeat(40), branch: 'd' }).base.ref = 'release';
  for (const number of [7, 8, 9, 10]) {
    github.files.set(number, [
      { filename: `supabase/migrations/2026010100000${number % 10}_x.sql`, status: 'added' },
      { filename: 'supabase/migrations/20250101000000_old.sql', status: 'modified' },
      { filename: 'supabase/migrations/notes.md', status: 'added' },
    ]);
  }
  const found = await openPullRequests(client(), repository, toPullRequest(own, repositoryName)!);
  expect(found).toEqual([
    { version: '20260101000008', path: 'supabase/migrations/20260101000008_x.sql', where: '#8' },
  ]);
});

describe('a fault', () => {
  const read = (patience = {}) => client(patience).rest.pulls.get({ ...repository, pull_number: 7 });

  test('of the server is tried again, a bounded number of times', async () => {
    github.addPull({ number: 7, head: commit });
    github.faults.push({ on: /./, times: 2, status: 502 });
    expect((await read()).data.number).toBe(7);
    expect(github.requests).toHaveLength(3);
    github.faults.push({ on: /./, times: 9, status: 502 });
    await expect(read()).rejects.toMatchObject({ status: 502 });
    expect(github.requests).toHaveLength(6);
  });

  test('that passes by itself: a broken connection, an answer that never comes', async () => {
    github.addPull({ number: 7, head: commit });
    await read();
    github.faults.push({ on: /./, hangUp: true }, { on: /./, delayMs: 3000 });
    expect((await read({ timeLimitMs: 600, budgetMs: 60_000 })).data.number).toBe(7);
    expect(log).toEqual([
      expect.stringContaining('other side closed'),
      expect.stringContaining('no answer within 0.6 s'),
    ]);
  });

  test('a rate limit is waited for as long as GitHub asks, if that is not too long', async () => {
    github.addPull({ number: 7, head: commit });
    const limit = { on: /./, status: 403, message: 'secondary rate limit' };
    github.faults.push({ ...limit, headers: { 'retry-after': '0' } });
    expect((await read()).data.number).toBe(7);
    github.faults.push({
      ...limit,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.now() / 1000 + 3600) },
    });
    await expect(read()).rejects.toMatchObject({ status: 403 });
    expect(github.requests).toHaveLength(3);
  });

  test('is not waited for once the faults of a run have cost enough', async () => {
    github.faults.push({ on: /./, times: 99, status: 502 });
    const impatient = client({ tries: 50, firstWaitMs: 40, budgetMs: 200 });
    for (let i = 0; i < 3; i += 1) {
      await expect(impatient.rest.pulls.get({ ...repository, pull_number: 7 })).rejects.toMatchObject({
        status: 502,
      });
    }
    expect(github.requests.length).toBeLessThan(8);
  });

  test.each([401, 403, 404, 422])('%i is final at once', async (status) => {
    github.faults.push({ on: /./, status });
    await expect(read()).rejects.toMatchObject({ status });
    expect(github.requests).toHaveLength(1);
  });

  test('a POST is not sent twice after a server error, and is after a refusal', async () => {
    const post = () => client().rest.issues.createComment({ ...repository, issue_number: 7, body: 'x' });
    github.faults.push({ on: /POST/, status: 502 });
    await expect(post()).rejects.toMatchObject({ status: 502 });
    expect(github.requests).toHaveLength(1);
    github.faults.push({ on: /POST/, status: 429, headers: { 'retry-after': '0' } });
    await post();
    expect(github.bodies(7)).toEqual(['x']);
  });

  test.each([
    [{ status: 401 }, 'the token is not valid'],
    [
      { status: 403, message: 'Resource not accessible by integration' },
      'give this workflow "pull-requests: write"',
    ],
    [{ status: 404 }, 'the token may not see it'],
    [{ status: 500 }, 'GitHub answered 500'],
    [{ hangUp: true }, 'GitHub did not answer'],
    [{ status: 403, headers: { 'retry-after': '9999' } }, "GitHub's rate limit holds"],
  ])('%j becomes advice', async (fault, words) => {
    github.faults.push({ on: /./, times: 9, ...fault });
    const error = await read().catch((thrown: unknown) => thrown);
    expect(advice(error, 'pull-requests: write')).toContain(words);
  });
});
