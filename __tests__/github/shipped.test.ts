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
  // Half a second on a machine that does nothing else; tests share two cores with others.
  expect(result.ms).toBeLessThan(3000);
});

// biome-ignore lint/suspicious/noExplicitAny: a report that was just checked against its schema.
type Any = any;
