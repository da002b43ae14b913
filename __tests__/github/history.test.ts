/** Versions that the checkout does not hold: the shipped action finds them wherever they are, whatever is checked out. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runAction, shippedAction } from '../support/action.ts';
import { GitHubServer } from '../support/github-server.ts';

let github: GitHubServer;
let folder: string;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
    .toString()
    .trim();

const at = (name: string) => `supabase/migrations/${name}.sql`;

function commit(...names: string[]): string {
  for (const name of names) {
    mkdirSync(dirname(join(folder, at(name))), { recursive: true });
    writeFileSync(join(folder, at(name)), `comment on schema public is '${name}';\n`);
  }
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', names.join(' '));
  return git('rev-parse', 'HEAD');
}

/** GitHub knows the commit that is checked out. */
function pushed(sha: string): string {
  const names = readdirSync(join(folder, 'supabase', 'migrations'));
  github.trees.set(
    sha,
    Object.fromEntries(
      names.map((name) => [
        `supabase/migrations/${name}`,
        readFileSync(join(folder, 'supabase', 'migrations', name), 'utf8'),
      ]),
    ),
  );
  return sha;
}

beforeEach(async () => {
  github = await GitHubServer.start();
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  git('init', '-q', '-b', 'main');
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await github.close();
  expect(github.complaints).toEqual([]);
});

const run = (event: string, payload: object) =>
  runAction({ entry: shippedAction, apiUrl: github.url, event, payload, workspace: folder });

/** Rules that gate, and the files they name. */
const errors = ({ reportFile }: Awaited<ReturnType<typeof run>>) =>
  JSON.parse(reportFile!)
    .projects.flatMap((project: { findings: { severity: string }[] }) => project.findings)
    .filter(({ severity }: { severity: string }) => severity === 'error')
    .map(({ rule, file }: { rule: string; file: string }) => `${rule} ${file}`);

describe('the head itself is checked out, and main went on', () => {
  async function beside(own: string, merged: string) {
    github.mergeBase = pushed(commit('20260101000000_first'));
    github.refs.set('heads/main', pushed(commit(merged)));
    git('checkout', '-qb', 'feature', github.mergeBase);
    const pull = github.addPull({ number: 7, head: pushed(commit(own)) });
    github.files.set(7, [{ filename: at(own), status: 'added' }]);
    return run('pull_request', { pull_request: pull });
  }

  test('with a newer file: this one is out of order', async () => {
    const result = await beside('20260201000000_mine', '20260301000000_theirs');
    expect(errors(result)).toEqual([`history/out-of-order ${at('20260201000000_mine')}`]);
    expect(github.bodies(7)[0]).toContain(
      '`20260301000000_theirs.sql`, which came to `main` since this branch was made',
    );
  });

  test('with one of the same version: one of them can never run', async () => {
    const result = await beside('20260201000000_mine', '20260201000000_theirs');
    expect(errors(result)).toEqual([`history/duplicate-version ${at('20260201000000_mine')}`]);
  });

  test('with an older file: nothing is wrong', async () => {
    expect(errors(await beside('20260301000000_mine', '20260201000000_theirs'))).toEqual([]);
  });
});

test('a merge commit that was made before main went on is no excuse', async () => {
  const first = pushed(commit('20260101000000_first'));
  git('checkout', '-qb', 'feature');
  const pull = github.addPull({ number: 7, head: pushed(commit('20260201000000_mine')) });
  github.files.set(7, [{ filename: at('20260201000000_mine'), status: 'added' }]);
  git('checkout', '-q', 'main');
  github.refs.set('heads/main', pushed(commit('20260301000000_theirs')));
  git('checkout', '-q', '-B', 'merged', first);
  git('merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  const result = await run('pull_request', { pull_request: pull });
  expect(errors(result)).toEqual([`history/out-of-order ${at('20260201000000_mine')}`]);
});

test('in a merge queue: what is ahead counts as merged', async () => {
  commit('20260101000000_first');
  const ahead = commit('20260201000000_ahead');
  const head = commit('20260201000000_mine');
  const result = await run('merge_group', { merge_group: { base_sha: ahead, head_sha: head } });
  expect([result.code, ...errors(result)]).toEqual([
    1,
    `history/duplicate-version ${at('20260201000000_mine')}`,
  ]);
});

test('another open pull request brings the same version: both are told, neither is stopped', async () => {
  github.mergeBase = pushed(commit('20260101000000_first'));
  github.refs.set('heads/main', github.mergeBase);
  const pull = github.addPull({ number: 7, head: pushed(commit('20260201000000_mine')) });
  github.files.set(7, [{ filename: at('20260201000000_mine'), status: 'added' }]);
  github.addPull({ number: 8, head: 'f'.repeat(40), branch: 'other' });
  github.files.set(8, [{ filename: at('20260201000000_theirs'), status: 'added' }]);
  const result = await run('pull_request', { pull_request: pull });
  expect([result.code, result.outputs.warnings]).toEqual([0, '1']);
  expect(github.bodies(7)[0]).toContain('history/open-pull-request');
});
