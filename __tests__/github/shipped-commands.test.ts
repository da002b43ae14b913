/** Commands through the shipped action: the head read by API, replayed, changed, committed; then checked again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { comment } from '../../src/report/comment.ts';
import { noLinks } from '../../src/report/markdown.ts';
import { runAction, shippedAction } from '../support/action.ts';
import { GitHubServer, person } from '../support/github-server.ts';
import { mistakes } from '../support/sample-report.ts';

const head = 'a'.repeat(40);
const tip = 'b'.repeat(40);
const at = (name: string) => `supabase/migrations/${name}.sql`;
const [merged, own] = [at('20260401000000_merged'), at('20260301000000_tasks')];
const people = {
  [at('20260101000000_people')]: `
create table public.people (
  id uuid primary key references auth.users (id) on delete cascade,
  created_at timestamptz not null default now()
);
alter table public.people enable row level security;
`,
};
const tasks = `-- Tasks of people.
create table public.tasks (
  id uuid primary key default gen_random_uuid(),
  person uuid not null references public.people (id) on delete cascade,
  created_at timestamp not null default now()
);
alter table public.tasks enable row level security;
create policy "tasks: own" on public.tasks for select using (person = auth.uid());
create function public.count_tasks() returns bigint language sql security definer
  as $$ select count(*) from public.tasks $$;
`;
let github: GitHubServer;

beforeEach(async () => {
  github = await GitHubServer.start();
  github.permissions.set('maintainer', 'write');
  github.refs.set('heads/feature', head);
  github.trees.set(tip, { ...people, [merged]: "comment on table public.people is 'Users';\n" });
  github.trees.set(head, { ...people, [own]: tasks });
  github.files.set(7, [{ filename: own, status: 'added' }]);
  github.addPull({ number: 7, head });
  github.addComment(7, comment(mistakes, noLinks, { project: null, head, run: 4711 }));
});
afterEach(async () => {
  await github.close();
  expect(github.complaints).toEqual([]);
});

async function say(body: string) {
  const result = await runAction({
    entry: shippedAction,
    apiUrl: github.url,
    event: 'issue_comment',
    payload: {
      action: 'created',
      issue: { number: 7, pull_request: {} },
      comment: { id: 500, body, user: person('maintainer'), created_at: '2026-11-20T11:00:00Z' },
    },
  });
  expect([result.code, result.log]).toEqual([0, expect.not.stringContaining('failed')]);
  const sha = github.refs.get('heads/feature')!;
  return { reply: github.bodies(7).at(-1)!, sha, files: github.trees.get(sha)! };
}

/** Rules that speak against the branch as it stands, checked out as it is. */
async function found(sha: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
  const lay = (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git('add', '-A');
    git('commit', '-qm', 'x');
  };
  try {
    git('init', '-q', '-b', 'main');
    lay(people);
    lay(github.trees.get(sha)!);
    const { reportFile } = await runAction({
      entry: shippedAction,
      apiUrl: github.url,
      event: 'pull_request',
      payload: { pull_request: github.addPull({ number: 7, head: sha }) },
      inputs: { base: 'HEAD~1', comment: 'false' },
      workspace: folder,
    });
    const [project] = JSON.parse(reportFile!).projects;
    return [...new Set<string>(project.findings.map(({ rule }: { rule: string }) => rule))].sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const certain = [
  'functions/search-path',
  'performance/foreign-key-index',
  'rls/initplan',
  'types/prefer-timestamptz',
];

test('fix mends what is certain, and the next check no longer finds it', async () => {
  const { reply, sha, files } = await say('/migration-guard fix');
  expect(reply).toMatch(/^Committed `[0-9a-f]{10}`: \d findings mended\./);
  expect(Object.keys(files).sort()).toEqual([...Object.keys(people), own].sort());
  expect(files[own]).toContain('created_at timestamptz not null');
  expect(files[own]).toContain('person = (select auth.uid())');
  expect(files[own]).toMatch(/security definer\s+set search_path = ''/);
  expect(files[own]).toMatch(/create index if not exists \S+ on public\.tasks \(person\)/i);
  const left = await found(sha);
  for (const rule of [...certain, 'replay/failed']) expect(left).not.toContain(rule);
});

test('rename puts the file behind what main has by now', async () => {
  const { reply, files } = await say('/migration-guard rename');
  expect(reply).toContain('1 file renamed');
  const [renamed] = Object.keys(files).filter((path) => path.endsWith('_tasks.sql'));
  expect(renamed! > merged).toBe(true);
  expect(files[renamed!]).toBe(tasks);
});

test('rollback writes what undoes it, beside the migrations', async () => {
  const { files } = await say('/migration-guard rollback');
  const text = files['supabase/rollback/20260301000000_tasks.sql'];
  expect(text).toMatch(/drop table public\.tasks/i);
  expect(text).toMatch(/drop function public\.count_tasks\(\)/i);
});

test('ignore writes the reason above the statement that the finding names', async () => {
  const { files } = await say('/migration-guard ignore performance/foreign-key-index small for good');
  expect(files[own]).toContain('-- guard-ignore performance/foreign-key-index: small for good\ncreate table');
});
