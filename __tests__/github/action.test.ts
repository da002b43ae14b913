/** The action as the runner runs it, against a GitHub on loopback that checks every request. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../src/model/report.ts';
import { type ActionResult, buildCannedAction, runAction } from '../support/action.ts';
import { bot, GitHubServer, person, repositoryName } from '../support/github-server.ts';
import { allWell, halted, mistakes, nothingChanged } from '../support/sample-report.ts';

const head = 'a'.repeat(40);
let built: Awaited<ReturnType<typeof buildCannedAction>>;
let github: GitHubServer;

beforeAll(async () => {
  built = await buildCannedAction();
});
afterAll(() => built.remove());
beforeEach(async () => {
  github = await GitHubServer.start();
});
afterEach(async () => {
  await github.close();
  expect(github.complaints).toEqual([]);
});

const migration = 'supabase/migrations/20261105101500_create_invoices.sql';

function open(
  fields: Partial<Parameters<GitHubServer['addPull']>[0]> = {},
  files: readonly object[] = [{ filename: migration, status: 'added' }],
) {
  const pull = github.addPull({ number: 7, head, ...fields });
  github.files.set(7, [...files]);
  return pull;
}

const onPull = (
  report: Report,
  pull: object,
  more: Partial<Parameters<typeof runAction>[0]> = {},
): Promise<ActionResult> =>
  runAction({
    entry: built.entry,
    apiUrl: github.url,
    event: 'pull_request',
    payload: { action: 'synchronize', pull_request: pull },
    report,
    ...more,
  });

test('a pull request with mistakes: exit code 1, a comment, annotations, a summary, outputs and files', async () => {
  const result = await onPull(mistakes, open());
  expect(result.code).toBe(1);
  expect(github.bodies(7)).toHaveLength(1);
  expect(github.bodies(7)[0]).toContain('2 things would break');
  expect(github.bodies(7)[0]).toContain(`https://github.example/acme/shop/blob/${head}/${migration}#L3`);
  expect(github.bodies(7)[0]).toContain(
    'https://github.example/acme/supabase-migration-guard/blob/v1/docs/rules/access/anon-read.md',
  );
  expect(result.log.match(/^::error title=/gm)).toHaveLength(3);
  expect(result.log.match(/^::warning title=/gm)).toHaveLength(2);
  expect(result.summary).toContain('### ❌ 2 things would break');
  expect(result.outputs).toMatchObject({ verdict: 'fail', errors: '3', warnings: '2', infos: '2' });
  expect(result.outputs['comment-url']).toContain('#issuecomment-');
  expect(JSON.parse(result.reportFile ?? '')).toEqual(JSON.parse(JSON.stringify(mistakes)));
});

test('all well: exit code 0, and the same run again posts nothing', async () => {
  const pull = open();
  expect((await onPull(allWell, pull)).code).toBe(0);
  const again = await onPull(allWell, pull);
  expect(again.log).toContain('The comment already says this');
  expect(github.asked(/^(POST|PATCH|DELETE)/)).toHaveLength(1);
});

test('a new commit updates the comment in place, on whichever page it stands', async () => {
  for (let i = 0; i < 120; i += 1) github.addComment(7, `chatter ${i}`, person('octocat'));
  const pull = open();
  await onPull(mistakes, pull);
  for (let i = 0; i < 120; i += 1) github.addComment(7, `more ${i}`, person('octocat'));
  await onPull(allWell, pull);
  const ours = github.bodies(7).filter((body) => body.includes('supabase-migration-guard: report'));
  expect(ours).toHaveLength(1);
  expect(ours[0]).toContain('Nothing would break');
});

test('a person who copies the marker is not overwritten', async () => {
  const pull = open();
  github.addComment(7, '<!-- supabase-migration-guard: report -->\n✅ trust me', person('mallory'));
  await onPull(mistakes, pull);
  expect(github.bodies(7)).toHaveLength(2);
  expect(github.bodies(7)[0]).toContain('trust me');
});

test('with the token of a person the comment is found by that name', async () => {
  github.user = 'release-bot';
  const pull = open();
  await onPull(mistakes, pull);
  await onPull(allWell, pull);
  expect(github.bodies(7)).toHaveLength(1);
});

test('no migration is changed: nothing is checked, nothing is posted', async () => {
  const result = await onPull(mistakes, open({}, [{ filename: 'src/app.ts', status: 'modified' }]));
  expect(result.code).toBe(0);
  expect(result.settings).toBeNull();
  expect(github.bodies(7)).toEqual([]);
  expect(result.outputs.verdict).toBe('pass');
});

test('migrations taken back: the earlier comment says so', async () => {
  const pull = open();
  await onPull(mistakes, pull);
  github.files.set(7, [{ filename: 'README.md', status: 'modified' }]);
  await onPull(nothingChanged, pull);
  expect(github.bodies(7)).toHaveLength(1);
  expect(github.bodies(7)[0]).toContain('No migration is changed any more');
});

test('3,000 files are a list that may be cut: the check looks for itself', async () => {
  const files = Array.from({ length: 3100 }, (_, index) => ({
    filename: `src/${index}.ts`,
    status: 'added',
  }));
  const result = await onPull(allWell, open({}, files));
  expect(result.settings).not.toBeNull();
  expect(github.asked(/files$/).length).toBeGreaterThanOrEqual(30);
});

test('a read-only token, as a fork has: the verdict, annotations and summary stand, and the log says what to do', async () => {
  github.readOnly = true;
  const result = await onPull(mistakes, open({ headRepository: 'stranger/shop' }), {
    inputs: { review: 'true', 'check-name': 'Guard' },
  });
  expect(result.code).toBe(1);
  expect(result.log).toMatch(
    /The comment was not posted: the token may not do that .*give this workflow "pull-requests: write"/,
  );
  expect(result.log).toMatch(/The check run "Guard" was not posted: .*"checks: write"/);
  expect(result.log).toContain('::error title=access/anon-read');
  expect(result.summary).toContain('2 things would break');
});

test('what stands in SQL is no command to the runner', async () => {
  const [first] = mistakes.projects;
  const evil = {
    ...first!.findings[0]!,
    message: `${'x '.repeat(47)}::stop-commands::x ::add-mask::e ##[error]boo`,
    help: '::set-output name=verdict::pass',
  };
  const { log } = await onPull({ ...mistakes, projects: [{ ...first!, findings: [evil] }] }, open());
  const [, token] = /^::stop-commands::([0-9a-f-]{36})$/m.exec(log) ?? [];
  const [, hidden = '', after = ''] = log.split(new RegExp(`^::(?:stop-commands::)?${token}(?:::)?$`, 'm'));
  expect(hidden).toContain('::add-mask::e');
  expect(after.split('\n').filter((line) => /^\s*::(?!error title=)/.test(line))).toEqual([]);
});

test('without a token everything but posting is done', async () => {
  const result = await onPull(mistakes, open(), { inputs: { token: '' } });
  expect(result.code).toBe(1);
  expect(github.requests).toEqual([]);
  expect(result.log).toContain('Nothing was posted: there is no token.');
});

test('the verdict is the job: an incomplete check is red and exits with 3', async () => {
  const result = await onPull(halted, open());
  expect(result.code).toBe(3);
  expect(result.outputs.verdict).toBe('incomplete');
});

test('a wrong input is exit code 2 and names the nearest value', async () => {
  const result = await onPull(allWell, open(), { inputs: { 'fail-on': 'warnings' } });
  expect(result.code).toBe(2);
  expect(result.log).toContain(
    'Input "fail-on" is "warnings", but must be one of "error", "warning", "never". Did you mean "warning"?',
  );
});

describe('faults of GitHub', () => {
  const comments = /issues\/\{issue_number\}\/comments/;

  test('a 502 and a rate limit with retry-after are waited for', async () => {
    github.faults.push({ on: new RegExp(`GET.*${comments.source}`), status: 502 });
    github.faults.push({
      on: new RegExp(`POST.*${comments.source}`),
      status: 403,
      headers: { 'retry-after': '1' },
      message: 'You have exceeded a secondary rate limit.',
    });
    const result = await onPull(mistakes, open());
    expect(result.code).toBe(1);
    expect(github.bodies(7)).toHaveLength(1);
    expect(result.log).toContain('Trying again in 1.0 s.');
  });

  test('a rate limit of an hour is not waited for, and the verdict stands', async () => {
    github.faults.push({
      on: new RegExp(`POST.*${comments.source}`),
      times: 9,
      status: 403,
      headers: { 'retry-after': '3600' },
      message: 'API rate limit exceeded',
    });
    const result = await onPull(mistakes, open());
    expect(result.code).toBe(1);
    expect(result.log).toContain(
      "The comment was not posted: GitHub's rate limit holds (API rate limit exceeded). The verdict stands without it.",
    );
  });

  test('a lost answer to a posted comment does not make a second one', async () => {
    github.faults.push({ on: new RegExp(`POST.*${comments.source}`), hangUp: true, afterwards: true });
    const result = await onPull(mistakes, open());
    expect(result.code).toBe(1);
    expect(github.bodies(7)).toHaveLength(1);
    expect(github.asked(/^POST/)).toHaveLength(1);
  });

  test('a comment deleted meanwhile is posted again', async () => {
    const pull = open();
    await onPull(mistakes, pull);
    github.faults.push({
      on: /^PATCH .*issues\/comments/,
      status: 404,
      meanwhile: () => github.comments.set(7, []),
    });
    await onPull(allWell, pull);
    expect(github.bodies(7)).toHaveLength(1);
    expect(github.bodies(7)[0]).toContain('Nothing would break');
  });

  test('two runs at once leave one comment', async () => {
    const pull = open();
    github.faults.push({
      on: new RegExp(`POST.*${comments.source}`),
      delayMs: 20,
      meanwhile: () =>
        github.addComment(7, '<!-- supabase-migration-guard: report -->\nof the other run', bot),
    });
    await onPull(mistakes, pull);
    expect(github.bodies(7)).toHaveLength(1);
    expect(github.bodies(7)[0]).toContain('2 things would break');
  });

  test('a slow run does not overwrite what a newer commit was told', async () => {
    const pull = structuredClone(open());
    github.pulls.get(7).head.sha = 'd'.repeat(40);
    const result = await onPull(mistakes, pull);
    expect(result.code).toBe(1);
    expect(github.bodies(7)).toEqual([]);
    expect(result.log).toContain('the pull request has a newer commit');
  });

  test('GitHub may be down altogether: four tries, then the verdict stands', async () => {
    const pull = open();
    github.faults.push({ on: /./, times: 999, status: 500 });
    const result = await onPull(mistakes, pull, { inputs: { base: 'main' } });
    expect(result.code).toBe(1);
    expect(result.log).toContain('The comment was not posted: GitHub answered 500');
    expect(github.requests).toHaveLength(4);
  });

  test('what other pull requests bring may stay unknown', async () => {
    const pull = open();
    github.faults.push({ on: /pulls\/\{pull_number\}\/files$/, status: 404 });
    const result = await onPull(mistakes, pull);
    expect(result.code).toBe(1);
    expect(result.log).toContain('What other pull requests bring was not looked at: GitHub does not find it');
    expect(github.bodies(7)).toHaveLength(1);
  });
});

test('on an Enterprise Server requests go to its own address', async () => {
  const enterprise = await GitHubServer.start('/api/v3');
  try {
    const pull = enterprise.addPull({ number: 7, head });
    enterprise.files.set(7, [{ filename: migration, status: 'added' }]);
    const result = await onPull(mistakes, pull, { apiUrl: enterprise.url });
    expect(result.code).toBe(1);
    expect(enterprise.bodies(7)).toHaveLength(1);
    expect(enterprise.complaints).toEqual([]);
    expect(github.requests).toEqual([]);
  } finally {
    await enterprise.close();
  }
});

test("a check run of its own: annotations in batches of fifty, and no verdict but the job's", async () => {
  const [first] = mistakes.projects;
  const findings = Array.from({ length: 120 }, (_, index) => ({
    ...first!.findings[0]!,
    fingerprint: `x${index}`,
    line: index + 1,
    endLine: index + 1,
  }));
  await onPull({ ...mistakes, projects: [{ ...first!, findings }] }, open(), {
    inputs: { 'check-name': 'Migration guard' },
  });
  const [run] = github.checkRuns;
  expect(run).toMatchObject({
    name: 'Migration guard',
    head_sha: head,
    status: 'completed',
    conclusion: 'failure',
  });
  expect(run.annotations).toHaveLength(120);
  for (const { body } of github.asked(/check-runs/))
    expect(body.output.annotations.length).toBeLessThanOrEqual(50);
});

describe('what is compared', () => {
  test('pull_request from a merge commit: its first parent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
        .toString()
        .trim();
    git('init', '-q', '-b', 'main');
    writeFileSync(join(folder, 'a'), '');
    git('add', '.');
    git('commit', '-qm', 'base');
    const base = git('rev-parse', 'HEAD');
    git('checkout', '-qb', 'feature');
    git('commit', '-q', '--allow-empty', '-m', 'feature');
    git('checkout', '-q', 'main');
    git('merge', '-q', '--no-ff', '-m', 'merge', 'feature');
    try {
      const merged = await onPull(allWell, open(), { workspace: folder });
      expect(merged.settings.selection).toEqual({ kind: 'base', ref: base });
      // The head itself checked out: what it branched off from, not the tip that moved on.
      git('checkout', '-q', 'feature');
      github.mergeBase = base;
      const plain = await onPull(allWell, open(), { workspace: folder });
      expect(plain.settings.selection).toEqual({ kind: 'base', ref: base });
      expect(github.asked(/compare/)).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('versions of other open pull requests are handed to the check', async () => {
    const pull = open();
    github.addPull({ number: 8, head: 'f'.repeat(40), branch: 'other' });
    github.files.set(8, [{ filename: 'supabase/migrations/20261105101500_other.sql', status: 'added' }]);
    const result = await onPull(allWell, pull);
    expect(result.settings.openPullRequests).toEqual([
      { version: '20261105101500', path: 'supabase/migrations/20261105101500_other.sql', where: '#8' },
    ]);
  });

  test('so is what came to the base branch since: by its tip of now, whatever the event says', async () => {
    const pull = open();
    const tip = 'e'.repeat(40);
    const merged = 'supabase/migrations/20261106000000_merged.sql';
    github.refs.set('heads/main', tip);
    github.trees.set(tip, { [merged]: '', 'supabase/config.toml': '' });
    const result = await onPull(allWell, pull);
    expect(result.settings.baseTip).toEqual([{ version: '20261106000000', path: merged, where: 'main' }]);
  });

  test('what came there may stay unknown', async () => {
    const pull = open();
    github.faults.push({ on: /branches/, status: 403 });
    const result = await onPull(mistakes, pull);
    expect(result.code).toBe(1);
    expect(result.log).toContain(
      'What came to "main" meanwhile was not looked at: the token may not do that',
    );
  });

  test('on pull requests the configuration is read from the base', async () => {
    expect((await onPull(allWell, open())).settings.configFromBase).toBe(true);
  });
});

test('outside of a runner it says so', async () => {
  const result = await onPull(allWell, open(), { env: { GITHUB_REPOSITORY: '' } });
  expect(result.code).toBe(2);
  expect(result.log).toContain('migration-guard check');
  expect(repositoryName).toBe('acme/shop');
});
