import fc from 'fast-check';
import { connect } from '../../src/github/client.ts';
import { toPullRequest } from '../../src/github/context.ts';
import { wholeLines } from '../../src/github/remark.ts';
import { postReview } from '../../src/github/review.ts';
import type { Finding } from '../../src/model/finding.ts';
import { GitHubServer, person, repositoryName } from '../support/github-server.ts';
import { finding, project, report } from '../support/sample-report.ts';

const repository = { owner: 'acme', repo: 'shop' };
const head = 'a'.repeat(40);
const path = 'supabase/migrations/1_a.sql';
const source = [
  'create table t (id int);',
  'create policy p on t',
  '  for select using (true);',
  '',
  'select 1;',
  'select 2;',
  '',
].join('\n');
let github: GitHubServer;
const log: string[] = [];

beforeEach(async () => {
  github = await GitHubServer.start();
  github.addPull({ number: 7, head });
  github.files.set(7, [{ filename: path, status: 'modified', patch: '@@ -1,3 +1,3 @@\n-a\n+b' }]);
  log.length = 0;
});
afterEach(async () => {
  await github.close();
  expect(github.complaints).toEqual([]);
});

const fixed = (fingerprint: string, line: number, text = 'x', endLine = line): Finding =>
  finding({
    fingerprint,
    file: path,
    line,
    rule: 'rls/role-missing',
    fix: {
      title: 'Say for whom',
      edits: [{ file: path, startLine: line, startColumn: 1, endLine, endColumn: 7, text }],
    },
  });

const review = (...findings: Finding[]) =>
  postReview({
    client: connect({
      token: 't',
      apiUrl: github.url,
      log: (line) => log.push(line),
      patience: { tries: 1, firstWaitMs: 1, longestWaitMs: 1, timeLimitMs: 2000, budgetMs: 60_000 },
    }),
    repository,
    report: report({ projects: [project({ findings })] }),
    head,
    headText: async (name) => (name === path ? source : null),
    pullRequest: toPullRequest(github.pulls.get(7), repositoryName)!,
    log: (line) => log.push(line),
  });

test('fixes in lines of the diff are one review of suggestions', async () => {
  await review(fixed('one', 1, 'CREATE'), fixed('two', 2, 'CREATE', 3));
  expect(github.reviews).toHaveLength(1);
  expect(github.reviews[0]).toMatchObject({ event: 'COMMENT', commit_id: head });
  const [one, two] = github.reviewComments;
  expect(one).toMatchObject({ path, line: 1, side: 'RIGHT' });
  expect(one.body).toContain('```suggestion\nCREATE table t (id int);\n```');
  expect(two).toMatchObject({ start_line: 2, line: 3 });
});

test('a fix outside of the diff is a comment on the file', async () => {
  await review(fixed('far', 5));
  expect(github.reviews).toEqual([]);
  expect(github.reviewComments[0]).toMatchObject({ path, subject_type: 'file' });
  expect(github.reviewComments[0].body).toContain('In line 5:');
  expect(github.reviewComments[0].body).not.toContain('suggestion');
});

test('one line that GitHub refuses does not take the others with it', async () => {
  // GitHub knows another diff than the one it listed: the head has moved.
  github.faults.push({
    on: /reviews$/,
    status: 422,
    meanwhile: () => (github.files.get(7)![0].patch = '@@ -1 +1 @@\n-a\n+b'),
  });
  await review(fixed('one', 1), fixed('two', 3));
  expect(github.reviewComments.map(({ line, subject_type }) => [line, subject_type])).toEqual([
    [1, undefined],
    [undefined, 'file'],
  ]);
  expect(log).toEqual(['Review: 2 of 2 new remarks posted, 0 were there.']);
});

test.each([null, 'release-bot'])(
  'nothing is posted twice, and what was mended is withdrawn (token of %s)',
  async (user) => {
    github.user = user;
    await review(fixed('one', 1), fixed('two', 2));
    await review(fixed('one', 1), fixed('two', 2));
    expect(github.reviews).toHaveLength(1);
    await review(fixed('two', 2));
    expect(github.reviewComments.map(({ line }) => line)).toEqual([2]);
    await review();
    await review();
    expect(github.reviewComments).toEqual([]);
    expect(github.asked(/^DELETE/)).toHaveLength(2);
  },
);

test('a remark that somebody answered stays, and says that it is mended', async () => {
  await review(fixed('one', 1));
  const [{ id }] = github.reviewComments;
  github.reviewComments.push({ id: 2, in_reply_to_id: id, user: person('octocat'), body: 'Why?' });
  await review();
  await review();
  expect(github.reviewComments.map(({ body }) => body)).toEqual([
    expect.stringContaining('✅ Mended'),
    'Why?',
  ]);
  expect(github.asked(/^PATCH/)).toHaveLength(1);
});

test('another fix of the same lines takes the place of the first; on other lines it is a new suggestion', async () => {
  await review(fixed('one', 1, 'CREATE'));
  await review(fixed('one', 1, 'create'));
  expect(github.reviews).toHaveLength(1);
  expect(github.reviewComments[0].body).toContain('```suggestion\ncreate table');
  await review(fixed('one', 2, 'create'));
  expect(github.reviewComments.map(({ line }) => line)).toEqual([2]);
});

test('two runs at once leave one remark', async () => {
  await review(fixed('one', 1));
  const [other] = github.reviewComments.splice(0);
  github.faults.push({ on: /reviews$/, delayMs: 20, meanwhile: () => github.reviewComments.push(other) });
  await review(fixed('one', 1));
  expect(github.reviewComments).toEqual([other]);
});

test('a finding that comes back is posted again', async () => {
  await review(fixed('one', 1));
  await review();
  await review(fixed('one', 1));
  expect(github.reviews).toHaveLength(2);
});

test('a person who quotes a mark is left alone', async () => {
  github.reviewComments.push({
    id: 1,
    user: person('octocat'),
    body: '<!-- supabase-migration-guard: fix one -->\nlook',
  });
  await review();
  expect(github.reviewComments[0].body).toContain('look');
});

test('findings without a certain fix, renames, and files that the pull request does not touch are left to the comment', async () => {
  const elsewhere = {
    ...fixed('three', 1),
    fix: {
      title: 't',
      edits: [{ file: 'other.sql', startLine: 1, startColumn: 1, endLine: 1, endColumn: 1, text: '' }],
    },
  };
  await review(
    finding({ fix: null }),
    finding({ fix: { title: 't', edits: [], rename: { from: 'a', to: 'b' } } }),
    elsewhere,
  );
  expect(github.asked(/^POST/)).toEqual([]);
});

test('a suggestion cannot be left by what the SQL holds', async () => {
  await review(fixed('one', 1, '```\n@octocat [x](y)\n```suggestion\nevil'));
  expect(github.reviewComments[0].body).toContain('````suggestion\n```\n@octocat');
});

test('what would be committed is what the edits make, line for line', () => {
  const text = fc.stringMatching(/^[ab\n]{0,12}$/);
  fc.assert(
    fc.property(text, text, fc.nat(12), fc.nat(12), (content, inserted, a, b) => {
      const [from, to] = [Math.min(a, b, content.length), Math.min(Math.max(a, b), content.length)];
      const position = (offset: number) => {
        const before = content.slice(0, offset).split('\n');
        return { line: before.length, column: before.at(-1)!.length + 1 };
      };
      const [start, end] = [position(from), position(to)];
      const change = wholeLines(content, [
        {
          file: path,
          startLine: start.line,
          startColumn: start.column,
          endLine: end.line,
          endColumn: end.column,
          text: inserted,
        },
      ]);
      const lines = content.split('\n');
      const whole = [
        ...lines.slice(0, change.from - 1),
        ...change.text.split('\n'),
        ...lines.slice(change.to),
      ].join('\n');
      expect(whole).toBe(content.slice(0, from) + inserted + content.slice(to));
    }),
  );
});
