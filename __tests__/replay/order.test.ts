import type { ReplayFacts } from '../../src/model/replay.ts';
import { type Story, withReplay } from '../support/replay.ts';

// On one engine: engines.test.ts holds the two together.
describe.each(['server'] as const)('on the %s engine', (kind) => {
  async function replayed(story: Story): Promise<ReplayFacts> {
    let facts!: ReplayFacts;
    await withReplay(kind, story, async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.fromZero();
      await replay.ownFiles();
      facts = replay.facts();
    });
    return facts;
  }

  test('an edited file is not run again, and what the edit does shows from zero only', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.a (id int);', '2_b.sql': 'create table public.b (id int);' },
      edited: { '1_a.sql': 'create table public.a (id int, late text);' },
      added: { '3_c.sql': 'create table public.c (id int);' },
    });
    expect(facts.runs.map(({ path, status }) => `${path.slice(20)} ${status}`)).toEqual([
      '1_a.sql applied',
      '2_b.sql applied',
      '3_c.sql applied',
      '1_a.sql skipped',
    ]);
    expect(facts.orderDifferences).toEqual([
      'column public.a.late is there from zero, and not where main was deployed first.',
    ]);
  });

  test('a file out of order is run last on production, and first from zero', async () => {
    const facts = await replayed({
      base: { '2_b.sql': 'create table public.b (id int);' },
      added: { '1_a.sql': 'alter table public.b add column x int;' },
    });
    expect(facts.runs.at(-1)).toMatchObject({ path: 'supabase/migrations/1_a.sql', status: 'applied' });
    expect(facts.orderDifferences).toEqual([
      'supabase/migrations/1_a.sql:1 fails from zero: relation "public.b" does not exist',
    ]);
  });

  test('IF NOT EXISTS that did nothing is told where what stands there is another thing', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.a (id int, x int, y int);\ncreate index i on public.a (x);' },
      added: {
        '2_b.sql':
          'create table if not exists public.a (id int, note text, late text);\nalter table public.a add column if not exists late text;\ncreate index if not exists i on public.a (y);\ncreate table if not exists public.new (id int);\ncreate index if not exists j on public.new (id);',
      },
    });
    expect(facts.skippedCreates.map(({ line, object, difference }) => [line, object, difference])).toEqual([
      [1, 'public.a', 'The table that is there has no column "note".'],
      [3, 'public.i', 'The index that is there is on "x".'],
    ]);
  });

  test('what PostGIS has and its stand-in lacks is not checkable, on main and in a change, and main stays whole', async () => {
    const facts = await replayed({
      base: {
        '1_a.sql':
          'create extension postgis with schema extensions;\ncreate table public.a (at extensions.geometry);\ngrant execute on function extensions.box2df_in(cstring) to anon;',
      },
      added: {
        '2_b.sql': 'select extensions.st_clusterdbscan(at, 1, 1) over () from public.a;',
        '3_c.sql': 'select extensions.unheard_of(1);',
      },
    });
    expect(facts.base.reproducible).toBe(true);
    expect(facts.notChecked).toContainEqual({
      what: 'A statement that needs an extension',
      why: '"box2df_in" is a part of PostGIS that this engine does not have.',
      file: 'supabase/migrations/1_a.sql',
      line: 3,
    });
    expect(facts.runs.map(({ status }) => status)).toEqual(['partial', 'not-checkable', 'failed']);
  });

  test("the project's own pgTAP files run, with the helpers that many install", async () => {
    const facts = await replayed({
      base: {
        '1_a.sql':
          'create table public.notes (id int, owner uuid default auth.uid());\nalter table public.notes enable row level security;\ncreate policy own on public.notes to authenticated using (owner = auth.uid());',
      },
      project: {
        tests: [
          {
            path: 'supabase/tests/001_ok.sql',
            sql: `begin;
create extension if not exists pgtap with schema extensions;
create extension "basejump-supabase_test_helpers";
select plan(5);
select tests.rls_enabled('public');
select tests.create_supabase_user('ann');
select tests.create_supabase_user('bob');
select tests.authenticate_as('ann');
select lives_ok($$ insert into public.notes (id) values (1) $$, 'ann writes');
select is((select count(*)::int from public.notes), 1, 'ann reads');
select tests.authenticate_as('bob');
select is_empty('select * from public.notes', 'bob does not');
select throws_ok($$ insert into public.notes values (2, tests.get_supabase_uid('ann')) $$, '42501');
select * from finish();
rollback;`,
          },
          {
            path: 'supabase/tests/002_bad.sql',
            sql: "begin;\nselect plan(2);\nselect ok(true, 'fine');\nselect is(1, 2, 'one is two');\nselect * from finish();\nrollback;",
          },
          {
            path: 'supabase/tests/003_error.sql',
            sql: 'begin;\nselect plan(1);\nselect * from public.nowhere;\nrollback;',
          },
        ],
      },
    });
    expect(facts.tests).toEqual([
      { path: 'supabase/tests/001_ok.sql', status: 'passed', passed: 5, failed: 0, detail: null },
      { path: 'supabase/tests/002_bad.sql', status: 'failed', passed: 1, failed: 1, detail: 'one is two' },
      {
        path: 'supabase/tests/003_error.sql',
        status: 'error',
        passed: 0,
        failed: 0,
        detail: 'Line 3: relation "public.nowhere" does not exist',
      },
    ]);
  });

  test('helpers that a script outside of supabase/tests installs are there too', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.notes (id int);' },
      project: {
        tests: [
          {
            path: 'supabase/tests/001.sql',
            sql: `begin;
select plan(1);
select tests.create_supabase_user('ann');
select isnt(tests.get_supabase_uid('ann'), null, 'ann is there');
rollback;`,
          },
        ],
      },
    });
    expect(facts.tests).toMatchObject([{ status: 'passed', detail: null }]);
  });

  test('a test file that is written for psql runs: variables, queries into them, included files; each in its own session', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.notes (id int generated always as identity, body text);' },
      project: {
        tests: [
          {
            path: 'supabase/tests/notes/001_psql.sql',
            sql: String.raw`\set ON_ERROR_STOP 1
\set body 'it\'s'
\ir ../_shared/plan.sql.raw
insert into public.notes (body) values (:'body') returning id as note_id
\gset
prepare find as select body from public.notes where id = :note_id;
select is((select body from public.notes where id = :note_id), :'body', 'written');
select has_extension('pgtap');
\echo done
rollback;`,
          },
          {
            path: 'supabase/tests/notes/002_again.sql',
            sql: "begin; select plan(1); prepare find as select 1; select results_eq('find', 'values (1)'); rollback;",
          },
          { path: 'supabase/tests/notes/003_shell.sql', sql: String.raw`\! rm -rf /` },
          { path: 'supabase/tests/notes/004_outside.sql', sql: String.raw`\i ../../../../etc/passwd` },
        ],
        testParts: [{ path: 'supabase/tests/_shared/plan.sql.raw', sql: 'begin;\nselect plan(2);' }],
      },
    });
    expect(facts.tests.map(({ path, status, detail }) => [path.slice(21), status, detail])).toEqual([
      ['001_psql.sql', 'passed', null],
      ['002_again.sql', 'passed', null],
      ['003_shell.sql', 'not-checkable', 'Line 1: psql command ("\\!" is not run here.)'],
      [
        '004_outside.sql',
        'not-checkable',
        'Line 1: psql command ("../../../../etc/passwd" is not among the project\'s tests and seeds.)',
      ],
    ]);
  });
});
