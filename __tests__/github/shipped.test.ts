/** The committed `dist/action.js` on a real project, the whole way: checkout, embedded Postgres, comment. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readReport } from '../../src/report/schema.ts';
import { runAction, shippedAction } from '../support/action.ts';
import { GitHubServer } from '../support/github-server.ts';

const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'projects', 'invoices', 'supabase');
let github: GitHubServer;
let folder: string;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
    .toString()
    .trim();

beforeEach(async () => {
  github = await GitHubServer.start();
  folder = mkdtempSync(join(tmpdir(), 'shipped-action-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await github.close();
  expect(github.complaints).toEqual([]);
});

/** Main holds the files of January to October; the pull request brings those of November. A merge commit is checked out. */
function checkout(): string {
  git('init', '-q', '-b', 'main');
  const to = join(folder, 'supabase', 'migrations');
  mkdirSync(to, { recursive: true });
  const names = readdirSync(join(fixture, 'migrations'));
  const copy = (keep: (name: string) => boolean) => {
    for (const name of names.filter(keep)) cpSync(join(fixture, 'migrations', name), join(to, name));
    git('add', '-A');
  };
  for (const name of readdirSync(fixture))
    if (name !== 'migrations')
      cpSync(join(fixture, name), join(folder, 'supabase', name), { recursive: true });
  copy((name) => !/^2026-?11/.test(name));
  git('commit', '-qm', 'main');
  git('checkout', '-qb', 'feature');
  copy(() => true);
  git('commit', '-qm', 'feature');
  const head = git('rev-parse', 'HEAD');
  git('checkout', '-q', 'main');
  git('merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  github.files.set(
    7,
    git('diff', '--name-only', 'HEAD^1', 'HEAD')
      .split('\n')
      .map((filename) => ({ filename, status: 'added' })),
  );
  return head;
}

test('finds what is wrong with the pull request, and says so in one comment', async () => {
  const head = checkout();
  const pull = github.addPull({ number: 7, head });
  const result = await runAction({
    entry: shippedAction,
    apiUrl: github.url,
    event: 'pull_request',
    payload: { pull_request: pull },
    workspace: folder,
    sha: git('rev-parse', 'HEAD'),
  });
  expect([result.code, result.outputs.verdict]).toEqual([1, 'fail']);
  const value: { projects: Any[] } = JSON.parse(result.reportFile ?? 'null');
  expect(readReport(value)).toHaveProperty('report');
  const [project] = value.projects;
  expect(project.migrations.filter((migration: Any) => migration.change === 'added')).toHaveLength(2);
  expect(project.stages.filter((stage: Any) => stage.status === 'failed')).toEqual([]);
  expect(project.engine.kind).toBe('embedded');
  const [body] = github.bodies(7);
  expect(github.bodies(7)).toHaveLength(1);
  expect(body).toMatch(/^### ❌ /m);
  expect(body).toContain('Checklist: ');
  expect(result.log).toMatch(/^::error title=/m);
});

test('from a fork: a read-only token checks, and the second workflow posts what it found', async () => {
  const head = checkout();
  const pull = github.addPull({ number: 7, head, headRepository: 'stranger/shop' });
  github.readOnly = true;
  const first = await runAction({
    entry: shippedAction,
    apiUrl: github.url,
    event: 'pull_request',
    payload: { pull_request: pull },
    workspace: folder,
  });
  expect([first.code, github.bodies(7)]).toEqual([1, []]);
  expect(first.log).toMatch(/^::error title=/m);
  expect(first.summary).toMatch(/^### ❌ /m);

  github.readOnly = false;
  const artifact = join(folder, 'report.json');
  writeFileSync(artifact, first.reportFile!);
  const second = await runAction({
    entry: shippedAction,
    apiUrl: github.url,
    event: 'workflow_run',
    payload: {
      workflow_run: {
        id: 4711,
        event: 'pull_request',
        head_sha: head,
        head_branch: 'feature',
        head_repository: { full_name: 'stranger/shop', owner: { login: 'stranger' } },
        pull_requests: [],
      },
    },
    inputs: { 'report-path': artifact },
  });
  expect(second.code).toBe(0);
  expect(github.bodies(7)).toHaveLength(1);
  expect(github.bodies(7)[0]).toContain(first.outputs.headline);
});

test('two projects of one repository: a section each in one comment, and the worst verdict', async () => {
  git('init', '-q', '-b', 'main');
  const lay = (project: string, name: string, sql: string) => {
    mkdirSync(join(folder, project, 'supabase', 'migrations'), { recursive: true });
    writeFileSync(join(folder, project, 'supabase', 'migrations', `${name}.sql`), sql);
  };
  const commit = () => {
    git('add', '-A');
    git('commit', '-qm', 'x');
    return git('rev-parse', 'HEAD');
  };
  for (const project of ['apps/a', 'apps/b', 'apps/c']) lay(project, '20260101000000_first', 'select 1;');
  github.mergeBase = commit();
  github.refs.set('heads/main', github.mergeBase);
  lay('apps/a', '20260201000000_fine', "comment on schema public is 'a';");
  lay('apps/b', '20260201000000_broken', 'alter table public.nowhere add column a int;');
  const pull = github.addPull({ number: 7, head: commit() });
  github.files.set(7, [
    { filename: 'apps/a/supabase/migrations/20260201000000_fine.sql', status: 'added' },
    { filename: 'apps/b/supabase/migrations/20260201000000_broken.sql', status: 'added' },
  ]);
  // Another pull request's file of the same version, in a project of its own: no collision.
  github.addPull({ number: 8, head: 'f'.repeat(40), branch: 'other' });
  github.files.set(8, [{ filename: 'apps/c/supabase/migrations/20260201000000_c.sql', status: 'added' }]);
  const result = await runAction({
    entry: shippedAction,
    apiUrl: github.url,
    event: 'pull_request',
    payload: { pull_request: pull },
    workspace: folder,
  });
  expect([result.code, result.outputs.verdict]).toEqual([1, 'fail']);
  expect(JSON.parse(result.reportFile!).projects.map(({ path, verdict }: Any) => [path, verdict])).toEqual([
    ['apps/a', 'pass'],
    ['apps/b', 'fail'],
  ]);
  expect(github.bodies(7)).toHaveLength(1);
  for (const project of ['apps/a', 'apps/b'])
    expect(github.bodies(7)[0]).toMatch(new RegExp(`^## .*${project}`, 'm'));
  expect(github.bodies(7)[0]).not.toContain('history/open-pull-request');
});

test('a pull request without migrations is answered at once', async () => {
  git('init', '-q', '-b', 'main');
  writeFileSync(join(folder, 'README.md'), '');
  github.files.set(7, [{ filename: 'README.md', status: 'added' }]);
  const pull = github.addPull({ number: 7, head: 'a'.repeat(40) });
  const run = () =>
    runAction({
      entry: shippedAction,
      apiUrl: github.url,
      event: 'pull_request',
      payload: { pull_request: pull },
      workspace: folder,
    });
  await run();
  const result = await run();
  expect([result.code, result.outputs.verdict]).toEqual([0, 'pass']);
  expect(github.bodies(7)).toEqual([]);
});

// biome-ignore lint/suspicious/noExplicitAny: a report that was just checked against its schema.
type Any = any;
