import { describe, expect, test } from '@jest/globals';
import type { ReplayFacts } from '../../src/model/replay.ts';
import { type Story, withReplay } from '../support/replay.ts';

async function replayed(story: Story): Promise<ReplayFacts> {
  let facts!: ReplayFacts;
  await withReplay('server', story, async (replay) => {
    await replay.base();
    await replay.mark();
    await replay.changes();
    await replay.ownFiles();
    facts = replay.facts();
  });
  return facts;
}
const seed = (sql: string) => [{ path: 'supabase/seed.sql', sql }];
const testFile = (path: string, sql: string) => ({
  path: `supabase/tests/${path}`,
  sql: `begin;\nselect plan(1);\n${sql}\nselect * from finish();\nrollback;`,
});
const note = "create table public.note (id int primary key, title text default 'x');";

describe('the seeds', () => {
  test('that fail after the change are told at the statement that takes what they ask for', async () => {
    const { seedFailure } = await replayed({
      base: { '1_a.sql': note },
      added: { '2_b.sql': 'select 1;\nalter table public.note rename column title to heading;' },
      project: {
        seeds: seed(
          "insert into public.note (id) values (1);\ninsert into public.note (id, title) values (2, 'a');",
        ),
      },
    });
    expect(seedFailure).toMatchObject({
      path: 'supabase/seed.sql',
      line: 2,
      onBase: 'applied',
      error: { sqlstate: '42703' },
      cause: { path: 'supabase/migrations/2_b.sql', line: 2 },
    });
  });

  test('that lack a value for a column that is required now are told at the statement that requires it', async () => {
    const { seedFailure } = await replayed({
      base: { '1_a.sql': note },
      added: { '2_b.sql': 'alter table public.note add column body text not null;' },
      project: { seeds: seed('insert into public.note (id) values (1);') },
    });
    expect(seedFailure).toMatchObject({
      onBase: 'applied',
      error: { sqlstate: '23502', detail: null },
      cause: { line: 1 },
    });
  });

  test('that failed on the base too, and those that run, are no fault of the change', async () => {
    const story = { base: { '1_a.sql': note }, added: { '2_b.sql': 'select 1;' } };
    const before = await replayed({
      ...story,
      project: { seeds: seed('insert into public.nope values (1);') },
    });
    expect(before.seedFailure).toMatchObject({ onBase: 'failed', cause: null });
    const runs = await replayed({
      ...story,
      project: { seeds: seed('insert into public.note values (1);') },
    });
    expect(runs.seedFailure).toBeNull();
  });

  test('that fail for want of what the base did not make are not checked', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.note (id int references public.gone (id));' },
      added: { '2_b.sql': 'select 1;' },
      project: { seeds: seed('insert into public.note values (1);') },
    });
    expect(facts.seedFailure).toBeNull();
    expect(facts.notChecked.map(({ what }) => what)).toContain('The seed');
  });
});

test('a test file that fails is set against the base, with its failing line', async () => {
  const facts = await replayed({
    base: { '1_a.sql': note },
    added: { '2_b.sql': 'alter table public.note rename column title to heading;' },
    project: {
      seeds: seed('insert into public.note (id) values (1);'),
      tests: [
        testFile('1_column.sql', "select has_column('public', 'note', 'title', 'a note has a title');"),
        testFile('2_always.sql', "select is(1, 2, 'one is two');"),
        testFile('3_rows.sql', "select isnt_empty('select from public.note', 'seeded');"),
      ],
    },
  });
  expect(facts.testFailures).toEqual([
    { path: 'supabase/tests/1_column.sql', line: 3, says: 'not ok 1 - a note has a title', onBase: 'passed' },
    { path: 'supabase/tests/2_always.sql', line: 3, says: 'not ok 1 - one is two', onBase: 'failed' },
  ]);
});
