import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInputs } from '../../src/config/inputs.ts';
import { headSha, readContext, selectionOf } from '../../src/github/context.ts';
import { linksFor } from '../../src/github/links.ts';

const [head, base, merge] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'event-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function contextOf(event: string, payload: object) {
  const path = join(folder, 'event.json');
  writeFileSync(path, JSON.stringify(payload));
  return readContext({
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: path,
    GITHUB_SHA: merge,
    GITHUB_RUN_ID: '5',
  });
}

const pull = (repository: string | null = 'acme/shop') => ({
  pull_request: {
    number: 7,
    head: { sha: head, ref: 'feature', repo: repository === null ? null : { full_name: repository } },
    base: { sha: base, ref: 'main' },
  },
});

test.each([
  ['merge_group', { merge_group: { base_sha: base, head_sha: head } }, { kind: 'base', ref: base }],
  ['push', { before: base }, { kind: 'base', ref: base }],
  ['push', { before: '0'.repeat(40) }, { kind: 'base', ref: null }],
  ['workflow_dispatch', {}, { kind: 'all' }],
  ['schedule', {}, { kind: 'all' }],
])('%s %j is compared with %j', async (event, payload, selection) => {
  expect(selectionOf(await contextOf(event, payload), null, null)).toEqual(selection);
});

describe('a pull request', () => {
  const refOf = async (checkout: Parameters<typeof selectionOf>[1], mergeBase: string | null = null) =>
    selectionOf(await contextOf('pull_request', pull()), checkout, mergeBase);

  test('as a merge commit is compared with its first parent', async () => {
    expect(await refOf({ sha: merge, parents: ['d'.repeat(40), head] })).toEqual({
      kind: 'base',
      ref: 'd'.repeat(40),
    });
  });

  test('as its head is compared with the merge base, else with the tip of the base branch', async () => {
    const checkout = { sha: head, parents: ['e'.repeat(40)] };
    expect(await refOf(checkout, 'f'.repeat(40))).toEqual({ kind: 'base', ref: 'f'.repeat(40) });
    expect(await refOf(checkout)).toEqual({ kind: 'base', ref: base });
  });

  test('is known as a fork by its repository, also when that is gone', async () => {
    expect((await contextOf('pull_request', pull())).pullRequest?.fork).toBe(false);
    expect((await contextOf('pull_request', pull('Acme/Shop'))).pullRequest?.fork).toBe(false);
    expect((await contextOf('pull_request', pull('stranger/shop'))).pullRequest?.fork).toBe(true);
    expect((await contextOf('pull_request', pull(null))).pullRequest?.fork).toBe(true);
  });

  test('links lead to its head, never to the merge commit', async () => {
    const context = await contextOf('pull_request', pull());
    expect(headSha(context)).toBe(head);
    expect(linksFor(context, {}).file('supabase/a b(1).sql', 3)).toBe(
      `https://github.com/acme/shop/blob/${head}/supabase/a%20b%281%29.sql#L3`,
    );
  });
});

test('pull_request_target with the base checked out has nothing to check, and is refused', async () => {
  const context = await contextOf('pull_request_target', pull());
  expect(() => selectionOf(context, { sha: base, parents: [merge] }, null)).toThrow('Run on "pull_request"');
  expect(selectionOf(context, { sha: head, parents: [base] }, base)).toEqual({ kind: 'base', ref: base });
});

test('an event that says nothing to compare is refused', async () => {
  const context = await contextOf('label', {});
  expect(() => selectionOf(context, null, null)).toThrow('The event "label" says nothing to compare.');
});

describe('inputs', () => {
  const of = (given: Record<string, string>) => parseInputs((name) => given[name] ?? '');

  test('that are not given have the defaults of the contract', () => {
    expect(of({})).toMatchObject({ comment: true, annotations: true, review: false });
    expect(of({}).project).toBeUndefined();
  });

  test.each([
    [{ comment: 'yes' }, 'Input "comment" is "yes", but must be "true" or "false".'],
    [{ 'fail-on': 'eror' }, 'Did you mean "error"?'],
    [{ require: 'everything' }, 'must be one of "checked"'],
  ])('%j is refused by name', (given, words) => {
    expect(() => of(given as unknown as Record<string, string>)).toThrow(words);
  });
});
