/** `/migration-guard …`: who is heard, what is done, and on which commit. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseInputs } from '../../src/config/inputs.ts';
import { connect } from '../../src/github/client.ts';
import { answer, parseCommand } from '../../src/github/commands.ts';
import type { Context } from '../../src/github/context.ts';
import type { Report } from '../../src/model/report.ts';
import { comment } from '../../src/report/comment.ts';
import { noLinks } from '../../src/report/markdown.ts';
import { GitHubServer, person, repositoryName } from '../support/github-server.ts';
import { finding, mistakes, project, report } from '../support/sample-report.ts';

const head = 'a'.repeat(40);
const path = 'supabase/migrations/20260101000000_a.sql';
const source =
  '-- A\ncreate table public.t (id int);\ncreate policy p on public.t\n  for select using (true);\n';
let github: GitHubServer;
let found: Report;
let asked: number;

beforeEach(async () => {
  github = await GitHubServer.start();
  github.permissions.set('maintainer', 'write');
  github.permissions.set('reader', 'read');
  github.refs.set('heads/feature', head);
  github.trees.set(head, { [path]: source, 'supabase/config.toml': '', 'README.md': 'not ours' });
  github.trees.set('b'.repeat(40), {});
  github.files.set(7, [{ filename: path, status: 'added' }]);
  found = mistakes;
  asked = 0;
});
afterEach(async () => {
  await github.close();
  expect(github.complaints).toEqual([]);
});

/** The guard's own comment on `commit`, older than the command. */
const reported = (commit = head, updatedAt = '2026-11-20T10:00:00Z') =>
  github.addComment(
    7,
    comment(mistakes, noLinks, { project: null, head: commit, run: 4711 }),
    undefined,
    updatedAt,
  );

async function say(
  body: string,
  login = 'maintainer',
  fields: Partial<Parameters<GitHubServer['addPull']>[0]> = {},
) {
  if (!github.pulls.has(7)) github.addPull({ number: 7, head, ...fields });
  const context = {
    event: 'issue_comment',
    payload: {
      action: 'created',
      issue: { number: 7, pull_request: {} },
      comment: { id: 500, body, user: person(login), created_at: '2026-11-20T11:00:00Z' },
    },
    repository: { owner: 'acme', repo: 'shop' },
    workspace: '/nonexistent',
  } as unknown as Context;
  const client = connect({
    token: 't',
    apiUrl: github.url,
    log: () => {},
    patience: { tries: 1, firstWaitMs: 1, longestWaitMs: 1, timeLimitMs: 10_000, budgetMs: 60_000 },
  });
  const before = github.bodies(7).length;
  const code = await answer(
    context,
    parseInputs(() => ''),
    client,
    async () => {
      asked += 1;
      return found;
    },
  );
  expect(code).toBe(0);
  return github.bodies(7).slice(before);
}

const file = () => github.trees.get(github.refs.get('heads/feature') ?? '') ?? {};

test.each([
  ['/migration-guard recheck', { name: 'recheck', words: [] }],
  [
    '  /migration-guard ignore rls/disabled it is public\nthanks',
    { name: 'ignore', words: ['rls/disabled', 'it', 'is', 'public'] },
  ],
  ['please /migration-guard fix', null],
  ['/migration-guards fix', null],
  ['> /migration-guard fix', null],
  ['', null],
])('%j', (body, expected) => expect(parseCommand(body)).toEqual(expected));

test('an unknown command is answered with the nearest', async () => {
  const [reply] = await say('/migration-guard renam');
  expect(reply).toContain('Did you mean `rename`?');
  expect(github.reactions.map(({ content }) => content)).toEqual(['eyes', 'confused']);
});

test('people without write access get neither an answer nor a reaction', async () => {
  reported();
  for (const login of ['reader', 'stranger']) expect(await say('/migration-guard fix', login)).toEqual([]);
  expect(github.reactions).toEqual([]);
  expect(asked).toBe(0);
});

test('explain says what a rule means', async () => {
  const [reply] = await say('/migration-guard explain history/out-of-order');
  expect(reply).toContain('#### `history/out-of-order`');
  const [none] = await say('/migration-guard explain history/out-of-orde');
  expect(none).toContain('Did you mean `history/out-of-order`?');
});

test('recheck runs the workflow again', async () => {
  reported();
  const [reply] = await say('/migration-guard recheck');
  expect(github.reruns).toEqual([4711]);
  expect(reply).toBe('The check runs again.');
});

test('fix commits what is certain on top of the commit that was looked at', async () => {
  reported();
  found = report({
    projects: [
      project({
        findings: [
          finding({
            file: path,
            fix: {
              title: 't',
              edits: [
                {
                  file: path,
                  startLine: 3,
                  startColumn: 28,
                  endLine: 3,
                  endColumn: 28,
                  text: ' to authenticated',
                },
              ],
            },
          }),
        ],
      }),
    ],
  });
  const [reply] = await say('/migration-guard fix');
  expect(reply).toContain('1 finding mended');
  expect(reply).toContain("GitHub starts no workflow for a commit made with the job's own token");
  expect(file()[path]).toContain('public.t to authenticated');
  expect(file()['README.md']).toBe('not ours');
  expect(github.commits.get(github.refs.get('heads/feature')!)?.parents).toEqual([head]);
  expect(github.reactions.at(-1)?.content).toBe('rocket');
});

test('rename commits the new version, and nothing else', async () => {
  reported();
  const to = 'supabase/migrations/20261123000000_a.sql';
  found = report({
    projects: [
      project({
        findings: [finding({ file: path, fix: { title: 't', edits: [], rename: { from: path, to } } })],
      }),
    ],
  });
  await say('/migration-guard rename');
  expect(Object.keys(file()).sort()).toEqual(['README.md', 'supabase/config.toml', to].sort());
  expect(file()[to]).toBe(source);
});

test('rollback commits a file beside the migrations, never among them', async () => {
  reported();
  found = report({
    projects: [
      project({ rollback: [{ ...mistakes.projects[0]!.rollback[1]!, path, sql: 'drop table public.t;' }] }),
    ],
  });
  await say('/migration-guard rollback');
  expect(file()['supabase/rollback/20260101000000_a.sql']).toBe('drop table public.t;\n');
  expect(Object.keys(file()).filter((name) => name.includes('/migrations/'))).toEqual([path]);
});

test('ignore writes the reason above the whole statement', async () => {
  reported();
  found = report({
    projects: [project({ findings: [finding({ rule: 'rls/always-true', file: path, line: 4 })] })],
  });
  await say('/migration-guard ignore rls/always-true the catalogue is public');
  expect(file()[path]).toBe(
    source.replace(
      'create policy',
      '-- guard-ignore rls/always-true: the catalogue is public\ncreate policy',
    ),
  );
});

test('ignore needs a reason', async () => {
  reported();
  const [reply] = await say('/migration-guard ignore rls/always-true');
  expect(reply).toContain('Say which rule and why');
  expect(github.commits.size).toBe(0);
});

test('nothing to change commits nothing', async () => {
  reported();
  found = report();
  const [reply] = await say('/migration-guard fix');
  expect(reply).toBe('Nothing to change: no finding has a certain fix.');
  expect(github.commits.size).toBe(0);
});

describe('the commit must be the one that was looked at', () => {
  test('the branch has a newer commit than the comment of the guard', async () => {
    reported('b'.repeat(40));
    const [reply] = await say('/migration-guard fix');
    expect(reply).toContain('The branch has changed since');
    expect(asked).toBe(0);
  });

  test('the comment of the guard is newer than the command', async () => {
    reported(head, '2026-11-20T12:00:00Z');
    expect((await say('/migration-guard fix'))[0]).toContain('has found something else since you asked');
  });

  test('the guard has not commented yet', async () => {
    expect((await say('/migration-guard fix'))[0]).toContain('Wait for its first run');
  });

  test('somebody else’s comment with our marker does not count', async () => {
    github.addComment(7, comment(mistakes, noLinks, { project: null, head, run: 1 }), person('mallory'));
    expect((await say('/migration-guard fix'))[0]).toContain('Wait for its first run');
  });

  test('the branch moves while the command is carried out', async () => {
    reported();
    found = report({
      projects: [
        project({ rollback: [{ ...mistakes.projects[0]!.rollback[1]!, path, sql: 'drop table t;' }] }),
      ],
    });
    github.faults.push({
      on: /POST .*git\/commits/,
      meanwhile: () => github.refs.set('heads/feature', 'c'.repeat(40)),
    });
    const [reply] = await say('/migration-guard rollback');
    expect(reply).toContain('The branch has moved meanwhile, so nothing was committed.');
    expect(github.refs.get('heads/feature')).toBe('c'.repeat(40));
  });
});

test('on a fork the change is printed and nothing is committed', async () => {
  reported();
  found = report({
    projects: [
      project({
        rollback: [{ ...mistakes.projects[0]!.rollback[1]!, path, sql: 'drop table public.t; -- ```' }],
      }),
    ],
  });
  const [reply] = await say('/migration-guard rollback', 'maintainer', { headRepository: 'stranger/shop' });
  expect(reply).toContain('lives in a fork, which the guard never writes to');
  expect(reply).toContain('````sql\ndrop table public.t; -- ```\n````');
  expect(github.asked(/POST .*git/)).toEqual([]);
  expect(repositoryName).toBe('acme/shop');
});

test('a closed pull request is left alone', async () => {
  reported();
  const [reply] = await say('/migration-guard fix', 'maintainer', { state: 'closed' });
  expect(reply).toBe('The pull request is not open.');
});

test('a path that would leave the folder is not written', async () => {
  reported();
  const outside = `guard-escape-${process.pid}`;
  github.trees.set(head, {
    ...github.trees.get(head),
    [`supabase/../../${outside}`]: 'x',
    'supabase/.git/config': 'x',
  });
  found = report();
  expect((await say('/migration-guard fix'))[0]).toContain('Nothing to change');
  expect(existsSync(join(tmpdir(), outside))).toBe(false);
});
