import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CannotCheck, type DiscoverOptions, discover, type Selection } from '../../src/changes/discover.ts';
import { blobId, type CommitReader } from '../../src/changes/git.ts';
import { UsageError } from '../../src/project/project.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-discover-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();
const commit = () => {
  git('add', '-A');
  git('commit', '-qm', 'x', '--allow-empty');
  return git('rev-parse', 'HEAD');
};
const migration = (name: string) => `supabase/migrations/${name}.sql`;
const options = (selection: Selection, rest: Partial<DiscoverOptions> = {}): DiscoverOptions => ({
  cwd: folder,
  project: null,
  everyProject: false,
  selection,
  remote: null,
  openPullRequests: [],
  baseTip: [],
  ...rest,
});
const changesAgainst = async (ref: string | null) => {
  const [project] = await discover(options({ kind: 'base', ref }));
  return project!.history.changes.map(({ kind, path, previousPath }) => [
    kind,
    path.slice(20),
    previousPath?.slice(20) ?? null,
  ]);
};

describe('against a commit', () => {
  let base: string;
  beforeEach(() => {
    git('init', '-q', '-b', 'main');
    write(migration('20260101000000_a'), 'select 1;');
    write(migration('20260102000000_b'), 'select 2;');
    write(migration('20260103000000_c'), 'select 3;');
    write('supabase/config.toml', '');
    base = commit();
  });

  test('added, edited, renamed and removed files are told apart', async () => {
    write(migration('20260104000000_d'), 'select 4;');
    write(migration('20260102000000_b'), 'select 22;');
    renameSync(join(folder, migration('20260101000000_a')), join(folder, migration('20260105000000_a')));
    rmSync(join(folder, migration('20260103000000_c')));
    expect(await changesAgainst(base)).toEqual([
      ['edited', '20260102000000_b.sql', null],
      ['removed', '20260103000000_c.sql', null],
      ['added', '20260104000000_d.sql', null],
      ['renamed', '20260105000000_a.sql', '20260101000000_a.sql'],
    ]);
  });

  test('without a name it is the merge base with the default branch', async () => {
    git('checkout', '-qb', 'feature');
    write(migration('20260104000000_d'), 'select 4;');
    commit();
    git('checkout', '-q', 'main');
    write(migration('20260104000001_main'), 'select 5;');
    commit();
    git('checkout', '-q', 'feature');
    expect(await changesAgainst(null)).toEqual([['added', '20260104000000_d.sql', null]]);
  });

  test('nothing changed is said at once', async () => {
    write('README.md', 'x');
    const [project] = await discover(options({ kind: 'base', ref: base }));
    expect(project!.touched).toBe(false);
  });

  test('a file that the CLI would skip is a change, though it is no migration', async () => {
    write('supabase/migrations/fix-policies.sql', 'select 1;');
    const [project] = await discover(options({ kind: 'base', ref: base }));
    expect(project).toMatchObject({ touched: true, history: { changes: [], skipped: [{ reason: 'name' }] } });
  });

  test('such a file may be named alone too', async () => {
    write('supabase/migrations/fix-policies.sql', 'select 1;');
    const [project] = await discover(options({ kind: 'changed', files: ['fix-policies.sql'] }));
    expect(project).toMatchObject({ touched: true, history: { changes: [], skipped: [{ reason: 'name' }] } });
  });

  test('the configuration comes as it stands on the base', async () => {
    write('supabase/migration-guard.yml', 'fail-on: never');
    const [project] = await discover(options({ kind: 'base', ref: base }));
    expect(project).toMatchObject({
      baseConfig: null,
      history: { otherChanges: ['supabase/migration-guard.yml'] },
    });
  });

  test('every project that changed is found, wherever it stands', async () => {
    write('apps/one/supabase/migrations/20260101000000_x.sql', 'select 1;');
    write('apps/two/supabase/migrations/20260101000000_x.sql', 'select 1;');
    base = commit();
    write('apps/two/supabase/migrations/20260102000000_y.sql', 'select 1;');
    const projects = await discover(options({ kind: 'base', ref: base }, { everyProject: true }));
    expect(projects.map(({ root }) => root)).toEqual([join(folder, 'apps/two')]);
  });

  test('a base that is not in the checkout is asked of GitHub', async () => {
    const missing = '1234567890123456789012345678901234567890';
    const text = Buffer.from('select 1;');
    const remote: CommitReader = {
      tree: async (sha) =>
        sha === missing ? new Map([[migration('20260101000000_a'), blobId(text)]]) : null,
      blob: async () => text,
    };
    const [project] = await discover(options({ kind: 'base', ref: missing }, { remote }));
    expect(project!.history.changes.map(({ kind }) => kind)).toEqual(['added', 'added']);
    expect(project!.history.base).toHaveLength(1);
  });

  test('a base that nobody has is never taken for an empty one', async () => {
    await expect(discover(options({ kind: 'base', ref: 'nowhere' }))).rejects.toThrow(CannotCheck);
  });
});

describe('without git', () => {
  beforeEach(() => {
    write(migration('20260101000000_a'), 'select 1;');
    write(migration('9_z'), 'select 9;');
    write(migration('10_y'), 'select 10;');
    write('supabase/migrations/nested/20260101000000_x.sql', 'select 1;');
  });

  test('"all" takes every migration in the order of the CLI, which compares strings', async () => {
    const [project] = await discover(options({ kind: 'all' }));
    expect(project!.history.head.map(({ version }) => version)).toEqual(['10', '20260101000000', '9']);
    expect(project!.history).toMatchObject({ all: true, base: [], skipped: [{ reason: 'folder' }] });
  });

  test('listed files are the change and all others the base', async () => {
    const [project] = await discover(options({ kind: 'changed', files: ['9_z.sql'] }));
    expect(project!.history.changes.map(({ path }) => path)).toEqual([migration('9_z')]);
    expect(project!.history.base).toHaveLength(2);
  });

  test('paths begin at the top of the work tree, a linked one and a folder named ".git" that is none included', async () => {
    const pathsIn = async (project: string) => {
      const [found] = await discover(options({ kind: 'all' }, { project: join(folder, project) }));
      return found!.history.head.map(({ path }) => path);
    };
    write(`main/apps/web/${migration('1_a')}`, 'select 1;');
    write('main/apps/.git/nothing', '');
    git('init', '-q', 'main');
    expect(await pathsIn('main/apps/web')).toEqual([`apps/web/${migration('1_a')}`]);
    git('-C', 'main', 'add', '-A');
    git('-C', 'main', 'commit', '-qm', 'x');
    git('-C', 'main', 'worktree', 'add', '-q', '../linked');
    expect(await pathsIn('linked/apps/web')).toEqual([`apps/web/${migration('1_a')}`]);
    write(`none/${migration('1_a')}`, 'select 1;');
    expect(await pathsIn('none')).toEqual([migration('1_a')]);
  });

  test('a file that is not there, a folder without git and one without supabase/ are the user’s to mend', async () => {
    await expect(discover(options({ kind: 'changed', files: ['nothing.sql'] }))).rejects.toThrow(UsageError);
    await expect(discover(options({ kind: 'base', ref: null }))).rejects.toThrow(/--all/);
    await expect(discover(options({ kind: 'all' }, { cwd: tmpdir() }))).rejects.toThrow(
      /No "supabase" folder/,
    );
  });
});
