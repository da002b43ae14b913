import type { ReplayFacts } from '../../src/model/replay.ts';
import { type Story, withReplay } from '../support/replay.ts';

const base = {
  '1_a.sql': `
    create type public.mood as enum ('good', 'bad');
    create table public.orgs (id uuid primary key default gen_random_uuid(), name text not null unique);
    create table public.notes (
      id bigint generated always as identity primary key,
      org_id uuid not null references public.orgs (id) on delete cascade,
      parent_id bigint references public.notes (id),
      owner_id uuid references auth.users (id),
      title text not null check (char_length(title) between 3 and 5),
      status text not null default 'open' check (status in ('open', 'closed')),
      mood public.mood not null,
      score int check (score >= 10 and score <= 12),
      email text,
      tags text[] not null,
      created_at timestamptz not null default now()
    );`,
};

// On one engine: engines.test.ts holds the two together.
describe.each(['server'] as const)('on the %s engine', (kind) => {
  async function rowsOf(story: Story): Promise<ReplayFacts> {
    let facts!: ReplayFacts;
    await withReplay(kind, story, async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.rows();
      await replay.rerun();
      facts = replay.facts();
    });
    return facts;
  }

  test('a column that is filled from another fails on the rows where that one is empty', async () => {
    const facts = await rowsOf({
      base,
      added: {
        '2_a.sql':
          'alter table public.notes add column mail text;\nupdate public.notes set mail = email;\nalter table public.notes alter column mail set not null;',
      },
    });
    expect(facts.rows).toMatchObject([
      { line: 3, on: 'values', countQuery: 'select count(*) from public.notes where email is null' },
    ]);
  });

  test('what fails on rows only is found, and told apart by which rows', async () => {
    const facts = await rowsOf({
      base,
      added: {
        '2_a.sql': 'alter table public.notes add column kind text not null;',
        '3_b.sql': 'alter table public.notes\n  alter column email set not null;',
        '4_c.sql': 'alter table public.notes add constraint one unique (org_id, status);',
        '5_d.sql':
          "alter table public.notes add constraint c check (status = 'closed' and email is not null);",
        '6_e.sql':
          "alter table public.notes add column stage text not null default 'x' check (stage in ('a', 'b'));",
        '7_f.sql': 'alter table public.notes alter column email type int using email::int;',
        '8_g.sql':
          'alter table public.notes add column other uuid;\nupdate public.notes set other = gen_random_uuid();\nalter table public.notes alter column other set not null;',
      },
    });
    expect(facts.runs.map(({ status }) => status)).toEqual(Array(8).fill('applied'));
    expect(facts.notChecked).toEqual([]);
    expect(
      facts.rows.map(({ path, line, on, error, countQuery }) => [
        path.slice(20),
        line,
        on,
        error.sqlstate,
        countQuery,
      ]),
    ).toEqual([
      ['2_a.sql', 1, 'always', '23502', 'select count(*) from public.notes'],
      ['3_b.sql', 1, 'values', '23502', 'select count(*) from public.notes where email is null'],
      [
        '4_c.sql',
        1,
        'values',
        '23505',
        'select count(*) from (select org_id, status from public.notes where org_id is not null and status is not null group by org_id, status having count(*) > 1) doubles',
      ],
      [
        '5_d.sql',
        1,
        'values',
        '23514',
        "select count(*) from public.notes where not (status = 'closed' and email is not null)",
      ],
      ['6_e.sql', 1, 'always', '23514', 'select count(*) from public.notes'],
      ['7_f.sql', 1, 'values', '22P02', null],
    ]);
  });

  test('numbers fit what precision and scale leave room for', async () => {
    const facts = await rowsOf({
      base: {
        '1_a.sql': `
          create domain public.share as numeric(4,4) check (value > 0);
          create table public.rates (
            id int primary key, rate numeric(3,3) not null unique, low numeric(2,4) not null, big numeric(3,-2) not null,
            capped numeric(3,3) not null check (capped > 0), part public.share not null, plain numeric not null);`,
      },
      added: { '2_a.sql': 'alter table public.rates add column note text not null;' },
    });
    expect(facts.notChecked).toEqual([]);
    expect(facts.rows.map(({ on, table }) => [on, table])).toEqual([['always', 'public.rates']]);
  });

  test("the project's own seed rows count as what they are", async () => {
    const facts = await rowsOf({
      base,
      added: {
        '2_a.sql':
          'create unique index on public.notes (email);\nalter table public.orgs alter column name type varchar(5);',
      },
      project: {
        seeds: [
          {
            path: 'supabase/seed.sql',
            sql: "insert into public.orgs (name) values ('a long name');\ninsert into public.not_yet_there values (1);",
          },
        ],
      },
    });
    expect(facts.rows.map(({ line, on, table }) => [line, on, table])).toEqual([
      [1, 'values', 'public.notes'],
      [2, 'seeds', 'public.orgs'],
    ]);
  });

  test('a seed is one batch: constraints wait for its end, and for its own COMMIT', async () => {
    const facts = await rowsOf({
      base: {
        '1_a.sql': `
          create table public.clubs (id int primary key, name text not null, head int not null);
          create table public.people (id int primary key, name text not null, club int not null references public.clubs (id));
          alter table public.clubs add foreign key (head) references public.people (id) deferrable initially deferred;`,
      },
      added: {
        '2_a.sql': 'alter table public.clubs alter column name type varchar(5);',
        '3_b.sql': 'alter table public.people alter column name type varchar(5);',
      },
      project: {
        seeds: [
          {
            path: 'supabase/seed.sql',
            sql: "insert into public.clubs values (1, 'a long name', 1);\ninsert into public.people values (1, 'Ada', 1);",
          },
          {
            path: 'supabase/seeds/more.sql',
            sql: "begin;\ninsert into public.clubs values (2, 'b', 2);\ninsert into public.people values (2, 'a long name', 2);\ncommit;\ninsert into public.not_yet_there values (1);",
          },
        ],
      },
    });
    expect(facts.rows.map(({ path, on }) => [path.slice(20), on])).toEqual([
      ['2_a.sql', 'seeds'],
      ['3_b.sql', 'seeds'],
    ]);
  });

  test('a second run is stopped by what does not look whether it is there', async () => {
    const facts = await rowsOf({
      added: {
        '2_a.sql':
          'create table if not exists public.a (id int);\n\ncreate policy p on public.a for select using (true);',
        '3_b.sql':
          'create table if not exists public.b (id int);\ncreate or replace view public.v as select 1 as one;',
      },
    });
    expect(facts.reruns).toMatchObject([
      { path: 'supabase/migrations/2_a.sql', index: 1, line: 3, error: { sqlstate: '42710' } },
    ]);
  });

  test('rows are found for checks that bind columns of several types to one another', async () => {
    const facts = await rowsOf({
      base: {
        '1_a.sql': `
          create type public.plan as enum ('trial', 'paid');
          create table public.bills (
            id uuid primary key,
            reference text not null unique check (reference ~ '^[A-Z0-9]{3}-VB[0-9]{5}$'),
            plan public.plan not null,
            trial_ends timestamptz,
            made_at timestamptz not null default now(),
            link_until timestamptz not null,
            kind text not null check (kind in ('fixed', 'rate')),
            amount numeric,
            rate numeric,
            constraint trial_has_end check (plan <> 'trial' or trial_ends is not null and trial_ends > made_at),
            constraint short_link check (link_until > made_at and link_until <= made_at + interval '1 hour'),
            constraint one_of_both check ((kind = 'fixed' and amount > 0 and rate is null) or (kind = 'rate' and rate between 0 and 1 and amount is null))
          );`,
      },
      added: { '2_a.sql': 'alter table public.bills add column payer text not null;' },
    });
    expect(facts.notChecked).toEqual([]);
    expect(facts.rows.map(({ error }) => error.sqlstate)).toEqual(['23502']);
  });

  test('two keys that may not lead to the same row lead to two', async () => {
    const facts = await rowsOf({
      base: {
        '1_a.sql': `
          create table public.shops (id uuid primary key default gen_random_uuid());
          create table public.follows (
            follower_id uuid not null references public.shops (id),
            followed_id uuid not null references public.shops (id),
            unique (follower_id, followed_id),
            check (follower_id <> followed_id));`,
      },
      added: { '2_a.sql': 'alter table public.follows add column since date not null;' },
    });
    expect(facts.notChecked).toEqual([]);
    expect(facts.rows.map(({ error, table }) => [error.sqlstate, table])).toEqual([
      ['23502', 'public.follows'],
    ]);
  });
});
