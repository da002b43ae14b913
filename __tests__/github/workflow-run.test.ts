/** The second workflow: what a stranger's run wrote down, posted by one that may write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../../src/report/json.ts';
import { buildCannedAction, runAction } from '../support/action.ts';
import { GitHubServer } from '../support/github-server.ts';
import { mistakes } from '../support/sample-report.ts';

const head = 'a'.repeat(40);
const run = {
  id: 99,
  event: 'pull_request',
  head_sha: head,
  head_branch: 'patch-1',
  head_repository: { full_name: 'stranger/shop', owner: { login: 'stranger' } },
  pull_requests: [],
};
let built: Awaited<ReturnType<typeof buildCannedAction>>;
let github: GitHubServer;
let folder: string;

beforeAll(async () => {
  built = await buildCannedAction();
});
afterAll(() => built.remove());
beforeEach(async () => {
  github = await GitHubServer.start();
  folder = mkdtempSync(join(tmpdir(), 'fork-report-'));
  github.addPull({ number: 7, head, branch: 'patch-1', headRepository: 'stranger/shop' });
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await github.close();
  expect(github.complaints).toEqual([]);
});

async function post(content: string | null, workflowRun: object = run) {
  const path = join(folder, 'report.json');
  if (content !== null) writeFileSync(path, content);
  const result = await runAction({
    entry: built.entry,
    apiUrl: github.url,
    event: 'workflow_run',
    payload: { workflow_run: workflowRun },
    inputs: { 'report-path': path, review: 'true' },
  });
  expect(result.code).toBe(0);
  return result;
}

test('the report is posted on the one pull request of that head', async () => {
  await post(json(mistakes));
  expect(github.bodies(7)).toHaveLength(1);
  expect(github.bodies(7)[0]).toContain('2 things would break');
  expect(github.bodies(7)[0]).toContain(`<!-- head=${head} run=99 -->`);
  expect(github.asked(/reviews/)).toEqual([]);
});

test('a number in the artifact is not read', async () => {
  github.addPull({ number: 8, head: 'b'.repeat(40) });
  await post(json({ ...mistakes, pullRequest: 8, number: 8 } as typeof mistakes));
  expect(github.bodies(8)).toEqual([]);
  expect(github.bodies(7)).toHaveLength(1);
});

test.each([
  ['closed', () => (github.pulls.get(7).state = 'closed'), 'no open pull request from "stranger/shop"'],
  ['at another commit', () => (github.pulls.get(7).head.sha = 'f'.repeat(40)), 'no open pull request'],
  [
    'of another repository with the same branch',
    () => (github.pulls.get(7).head.repo.full_name = 'stranger/other'),
    'no open pull request',
  ],
  [
    'not into this repository',
    () => (github.pulls.get(7).base.repo.full_name = 'acme/fork'),
    'no open pull request',
  ],
  [
    'one of two',
    () => void github.addPull({ number: 9, head, branch: 'patch-1', headRepository: 'stranger/shop' }),
    '2 open pull requests',
  ],
])('where the pull request is %s, nothing is posted and the log says so', async (_, change, words) => {
  change();
  const result = await post(json(mistakes));
  expect(github.asked(/^(POST|PATCH)/)).toEqual([]);
  expect(result.log).toContain(`Nothing was posted: ${words}`);
});

test.each([
  ['missing', null, 'there is no report'],
  ['no JSON', '{', 'is no JSON'],
  ['of another form', '{"schemaVersion":1}', 'not in the expected form (tool:'],
  ['too large', ' '.repeat(17 * 1024 * 1024), 'is the most that is read'],
])('a report that is %s is not posted', async (_, content, words) => {
  const result = await post(content);
  expect(github.requests).toEqual([]);
  expect(result.log).toContain('Nothing was posted: ');
  expect(result.log).toContain(words);
});

test('a run that no pull request started is not ours', async () => {
  const result = await post(json(mistakes), { ...run, event: 'push' });
  expect(result.log).toContain('was started by "push"');
  expect(github.requests).toEqual([]);
});

test('a GitHub that does not answer is no failure of this workflow', async () => {
  github.faults.push({ on: /pulls$/, times: 9, status: 404 });
  const result = await post(json(mistakes));
  expect(result.log).toContain('the pull request could not be looked up');
});
