import { fingerprint, snapshot } from '../../src/database/catalog/snapshot.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Checkpoint, Engine } from '../../src/database/engine.ts';
import type { RollbackResult } from '../../src/model/rollback.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { tryBack } from '../support/rollback.ts';

let engine: Engine;
let story = 0;
beforeAll(async () => {
  await loadParser();
  engine = await openEmbedded({ statementLimitMs: 30_000, extensions: ['pg_trgm'] });
});
afterAll(() => engine.close());

/** Each story in a schema of its own name, `s` in its SQL; what has no schema ends in `_s`. */
async function back(base: string, up: string, down: string | null = null): Promise<RollbackResult> {
  story += 1;
  const here = (sql: string) => sql.replaceAll('s.', `s${story}.`).replace(/_s\b/g, `_s${story}`);
  const [result] = await tryBack(
    engine,
    `create schema s${story}; ${here(base)}`,
    [here(up)],
    [down === null ? null : here(down)],
  );
  return JSON.parse(JSON.stringify(result).replaceAll(`s${story}.`, 's.'));
}

/** What a reader is shown: the statements alone. */
const statements = (result: RollbackResult) => (result.sql ?? '').trim().split(/;\n?/).filter(Boolean);

describe('a generated way back', () => {
  test('drops what was created, what hangs on it first', async () => {
    const result = await back(
      '',
      `create type s.state as enum ('open', 'done');
       create table s.bills (id uuid primary key default gen_random_uuid(), state s.state not null default 'open');
       create function s.touch() returns trigger language plpgsql as $$ begin return new; end $$;
       create trigger touch before update on s.bills for each row execute function s.touch();
       create view s.open_bills as select id from s.bills where state = 'open';
       alter table s.bills enable row level security;
       create policy own on s.bills for select to authenticated using (true)`,
    );
    expect(result).toMatchObject({ plan: 'generated', status: 'restores', differences: [], upAgain: true });
    expect(statements(result)).toEqual([
      'DROP VIEW s.open_bills',
      'DROP TABLE s.bills',
      'DROP FUNCTION s.touch()',
      'DROP TYPE s.state',
    ]);
  });

  test('brings a table back from another schema where a new one has taken its name, its indexes and sequences', async () => {
    const table = '(id bigint generated always as identity primary key, code text unique, number serial)';
    const result = await back(
      `create schema elsewhere_s; create table s.b ${table}; create index on s.b (code)`,
      `alter table s.b set schema elsewhere_s; create table s.b ${table}; create index on s.b (code)`,
    );
    expect(result).toMatchObject({ plan: 'generated', status: 'restores', differences: [], upAgain: true });
  });

  test('restores what was changed as it stood', async () => {
    const result = await back(
      `create table s.t (id integer primary key, name text default 'a', size integer not null);
       create function s.f(a integer) returns integer language sql as 'select 1';
       create policy p on s.t for select to anon using (id = 1);
       alter table s.t enable row level security; comment on table s.t is 'Before'`,
      `alter table s.t alter column name drop default, alter column name set not null, alter column size drop not null;
       alter table s.t rename column size to weight;
       create or replace function s.f(a integer) returns integer language sql as 'select 2';
       alter policy p on s.t to authenticated using (id > 1);
       alter table s.t disable row level security; comment on table s.t is 'After';
       grant select on s.t to anon; create index by_name on s.t (name)`,
    );
    expect(result).toMatchObject({ status: 'restores', upAgain: true, losesData: [] });
    expect(statements(result)).toContain('ALTER TABLE s.t RENAME COLUMN weight TO size');
  });

  test('brings back what was dropped, without its data, and says so', async () => {
    const result = await back(
      `create table s.old (id integer primary key, note text);
       create table s.t (id integer primary key, secret text, old_id integer references s.old (id));
       create index by_secret on s.t (secret); grant select (secret) on s.t to anon;
       create policy p on s.t for select to anon using (secret is null);
       create policy q on s.old for select to anon using (true); comment on column s.t.secret is 'Secret'`,
      `drop policy p on s.t; drop table s.old cascade; alter table s.t drop column secret`,
    );
    expect(result.status).toBe('irreversible');
    expect(result.losesData).toEqual(['the values of s.t.secret', 'the rows of s.old']);
    expect(result.differences).toEqual([]);
    expect(result.upAgain).toBe(true);
    expect(result.sql).toContain('-- recreates the table, not its rows');
    expect(result.sql).toContain('-- recreates the column, not its data');
  });

  test('gives a column its type back that another table inherits', async () => {
    const result = await back(
      'create table s.t (x integer default 1); create table s.heir () inherits (s.t); create table s.next () inherits (s.heir)',
      'alter table s.t alter column x type text using x::text',
    );
    expect(result).toMatchObject({ status: 'restores', error: null, upAgain: true });
  });

  test('gives lists and single values their type back, with what a default has to do with it', async () => {
    const result = await back(
      `create type s.mood as enum ('ok'); create table s.t (id integer primary key, tags text[] default '{a}', words text[], numbers integer[],
         moods s.mood[] default '{ok}', tag text default 'x', number integer not null default 3, mood s.mood, list jsonb default '[]');
       insert into s.t values (1, '{a,b}', '{w}', '{2}', '{ok}', 'x', 3, 'ok', '["y"]')`,
      `alter table s.t alter tags drop default, alter moods drop default, alter tag drop default, alter number drop default, alter list drop default;
       alter table s.t alter tags type text using array_to_string(tags, ','), alter words type jsonb using to_jsonb(words),
         alter numbers type integer using numbers[1], alter moods type s.mood using moods[1], alter tag type text[] using array[tag],
         alter number type integer[] using array[number], alter mood type s.mood[] using array[mood], alter list type text[] using '{z}';
       alter table s.t alter tag set default '{}', alter number set default '{7}', alter tags set default 'c'`,
    );
    expect(result).toMatchObject({ error: null, differences: [], status: 'irreversible' });
    expect(result.sql).toContain("TYPE text[] USING string_to_array(tags, ',');");
    expect(result.sql).toContain("TYPE text USING array_to_string(tag, ',');");
    expect(result.sql).toContain('TYPE integer USING number[1]::text::integer;');
    expect(result.sql).toContain('TYPE jsonb USING to_jsonb(list);');
  });

  test('takes a value out of an enum by making the type anew', async () => {
    const result = await back(
      `create type s.state as enum ('open', 'done');
       create table s.t (id integer primary key, state s.state not null default 'open', more s.state[], check (state <> 'done' or id > 0));
       create index done on s.t (id) where state = 'done';
       create function s.is_done(v s.state) returns boolean language sql immutable as $$ select v = 'done' $$;
       create policy p on s.t for select to anon using (state = 'done'); create view s.v as select state from s.t`,
      `alter type s.state add value 'sent' before 'done'`,
    );
    expect(result).toMatchObject({ status: 'restores', upAgain: true });
    expect(result.sql).toContain('rows that hold the value stop this');
  });

  test('recreates a view that can not be narrowed, with the grants and the views on it', async () => {
    const result = await back(
      `create table s.t (id integer, name text);
       create view s.v with (security_invoker = true) as select id from s.t; create view s.w as select id from s.v;
       grant select on s.v to anon; comment on view s.w is 'W'`,
      `create or replace view s.v with (security_invoker = false) as select id, name from s.t`,
    );
    expect(result).toMatchObject({ status: 'restores', upAgain: true });
  });

  test('undoes a change of type, default and what reads the column', async () => {
    const result = await back(
      `create table s.t (id integer primary key, flag text not null default 'no' check (flag in ('yes', 'no')));
       create policy p on s.t for select to anon using (flag = 'yes'); create view s.v as select flag from s.t`,
      `drop view s.v; drop policy p on s.t; alter table s.t drop constraint t_flag_check, alter column flag drop default,
         alter column flag type boolean using flag = 'yes', alter column flag set default false;
       create policy p on s.t for select to anon using (flag); create view s.v as select flag from s.t`,
    );
    expect(result.differences).toEqual([]);
    expect(result).toMatchObject({ status: 'irreversible', upAgain: true });
    expect(result.losesData).toEqual(['values of s.t.flag that boolean can not hold as text did']);
  });

  test('undoes tables that need one another, and functions that read what comes back later', async () => {
    const result = await back(
      `create table s.gone (id integer); create function s.count_gone() returns bigint language sql as 'select count(*) from s.gone'`,
      `drop function s.count_gone(); drop table s.gone;
       create table s.a (id integer primary key); create table s.b (id integer primary key, a_id integer references s.a (id));
       alter table s.a add column b_id integer references s.b (id);
       create policy on_a on s.a using (exists (select from s.b)); create policy on_b on s.b using (exists (select from s.a))`,
    );
    expect(result.differences).toEqual([]);
    expect(result).toMatchObject({ status: 'irreversible', upAgain: true });
  });

  test('covers what a project puts on the platform: buckets, publications, triggers, roles, default privileges, extensions', async () => {
    const result = await back(
      '',
      `insert into storage.buckets (id, name, public) values ('bills', 'bills', true);
       create table s.feed (id integer primary key); alter publication supabase_realtime add table s.feed;
       create function s.welcome() returns trigger language plpgsql as $$ begin return new; end $$;
       create trigger welcome after insert on auth.users for each row execute function s.welcome();
       create role clerk; grant clerk to authenticator; alter role anon set statement_timeout = '9s';
       alter default privileges in schema public revoke execute on functions from anon;
       create extension pg_trgm with schema extensions; create index by_name on s.feed using btree (id)`,
    );
    expect(result).toMatchObject({ status: 'restores', differences: [], upAgain: true, error: null });
  });

  test('takes out the rows that the migration put into a table of old, where the file writes their keys', async () => {
    const result = await back(
      `create table s.plans (id integer generated always as identity primary key, name text unique, price numeric);
       create table s.log (id integer generated always as identity primary key, note text)`,
      `insert into s.plans (name, price) values ('free', 0), ('it''s pro', 9.5); insert into s.log (note) values ('plans');
       insert into s.plans (name) values ('more') on conflict do nothing`,
    );
    expect(result).toMatchObject({ status: 'restores', upAgain: true });
    expect(result.sql).toBe(
      `-- Rows that the migration put into s.log stay: the file does not tell which they are.
-- Rows that the migration put into s.plans stay: the file does not tell which they are.
-- the rows that the migration put in\nDELETE FROM s.plans WHERE name IN ('free', 'it''s pro');\n`,
    );
  });

  test('says what no statement brings back, and which rows may stop one', async () => {
    const base = `create table s.t (id integer primary key, name text not null check (name <> ''), other integer references s.t, unique (name)); create unique index by_other on s.t (other)`;
    const values = await back(base, `insert into s.t (name, id) select 'x', 1; update s.t set name = 'y'`);
    expect(values.sql).toBe(
      `-- The schema is as before.\n-- Rows that the migration put into s.t stay: the file does not tell which they are.\n-- What the migration wrote over is not brought back.\n`,
    );
    const loose = await back(
      base,
      `alter table s.t alter name drop not null, drop constraint t_name_check, drop constraint t_other_fkey, drop constraint t_name_key; drop index s.by_other`,
    );
    expect(loose).toMatchObject({ status: 'restores' });
    expect(loose.sql!.match(/^-- .*/gm)!.sort()).toEqual([
      '-- rows that do not satisfy it stop this',
      '-- rows that hold no value stop this',
      '-- rows that refer to none stop this',
      '-- values that are there twice stop this',
      '-- values that are there twice stop this',
    ]);
  });

  test('says so where there is nothing to undo', async () => {
    const result = await back('create table s.t (id integer)', 'create table if not exists s.t (id integer)');
    expect(result).toMatchObject({
      status: 'restores',
      sql: '-- The schema is as before: there is nothing to undo.\n',
    });
  });

  test('does not claim that a migration can not run twice where only the one transaction stops it', async () => {
    const result = await back(
      `create type s.state as enum ('open'); create table s.t (state s.state)`,
      `alter type s.state add value 'done'; commit; alter table s.t alter column state set default 'done'`,
    );
    expect(result).toMatchObject({ status: 'restores', upAgain: null });
    expect(result.detail).toMatch(/^Whether it runs a second time was not seen/);
  });

  test('says which former rows the file itself writes over', async () => {
    const result = await back(
      `create table s.t (id integer primary key, name text, note text)`,
      `alter table s.t add column slug text; update s.t set slug = name; update s.t set note = '' where note is null;
       update s.t set name = lower(name); delete from s.t where id = 3`,
    );
    expect(result.losesData).toEqual([
      'former values of name in s.t (UPDATE, line 2)',
      'rows of s.t (DELETE, line 2)',
    ]);
    expect(result.status).toBe('irreversible');
  });
});

/** Kinds that are seldom met. Each is made, changed and dropped, and all of it undone. */
describe('a generated way back of less usual objects', () => {
  test.each<[what: string, base: string, ...ups: string[]]>([
    [
      'an operator',
      `create function s.same(a integer, b integer) returns boolean language sql immutable as 'select a = b';
       create operator s.=== (leftarg = integer, rightarg = integer, function = s.same, commutator = operator(s.===), restrict = eqsel)`,
      `create operator s.<<>> (leftarg = integer, rightarg = integer, function = s.same); comment on operator s.<<>> (integer, integer) is 'Same'`,
      'alter operator s.=== (integer, integer) set (restrict = none, join = eqjoinsel)',
      'drop operator s.=== (integer, integer)',
    ],
    [
      'a cast',
      `create type s.pair as (a integer, b integer); create type s.couple as (a integer, b integer);
       create function s.to_couple(p s.pair) returns s.couple language sql immutable as 'select row(p.a, p.b)::s.couple';
       create function s.to_pair(p s.couple) returns s.pair language sql immutable as 'select row(p.a, p.b)::s.pair';
       create cast (s.pair as s.couple) with function s.to_couple(s.pair) as assignment; comment on cast (s.pair as s.couple) is 'To'`,
      'create cast (s.couple as s.pair) with function s.to_pair(s.couple) as implicit',
      'drop cast (s.pair as s.couple)',
    ],
    [
      'a collation',
      `create collation s.plain (provider = libc, locale = 'C'); create table s.t (name text collate s.plain)`,
      `create collation s.posix (provider = libc, locale = 'POSIX'); alter table s.t add column word text collate s.posix`,
      'alter collation s.plain rename to simple',
      'drop collation s.plain cascade',
    ],
    [
      'a text search configuration',
      `create text search dictionary s.plain (template = pg_catalog.simple, stopwords = english);
       create text search configuration s.words (copy = pg_catalog.english);
       create table s.t (body text, found tsvector generated always as (to_tsvector('s.words', body)) stored)`,
      `create text search dictionary s.more (template = pg_catalog.simple); create text search configuration s.other (parser = pg_catalog."default");
       alter text search configuration s.other add mapping for word, asciiword with s.more, pg_catalog.simple; comment on text search configuration s.other is 'Other'`,
      `alter text search configuration s.words alter mapping for asciiword with s.plain; alter text search configuration s.words drop mapping for email`,
      'alter text search dictionary s.plain (accept = false)',
      'drop text search configuration s.words cascade',
    ],
    [
      'what is foreign',
      `create foreign data wrapper far_s; create server near_s type 'db' version '1' foreign data wrapper far_s options (host 'a', dbname 'b');
       create user mapping for current_user server near_s options (user 'me', password 'it''s');
       create foreign table s.remote (id integer options (name 'ID'), word text) server near_s options (schema 'x')`,
      `create server more_s foreign data wrapper far_s; grant usage on foreign server more_s to authenticated; create user mapping for public server more_s;
       create foreign table s.second (id integer not null) server more_s; grant select on s.second to anon`,
      `alter server near_s version '2' options (set host 'c', drop dbname, add port '1'); alter user mapping for current_user server near_s options (set user 'you', drop password);
       alter foreign table s.remote options (set schema 'y', add more 'z'); alter foreign table s.remote alter column id options (set name 'Id'); alter foreign table s.remote add column extra date`,
      'drop foreign table s.remote; drop user mapping for current_user server near_s; drop server near_s',
      `alter foreign data wrapper far_s options (add debug 'true'); grant usage on foreign data wrapper far_s to authenticated`,
    ],
    [
      'an event trigger',
      `create function s.noted() returns event_trigger language plpgsql as $$ begin end $$; create event trigger noted_s on ddl_command_end when tag in ('CREATE TABLE') execute function s.noted()`,
      `create event trigger more_s on sql_drop execute function s.noted(); comment on event trigger more_s is 'More'`,
      'alter event trigger noted_s disable',
      'drop event trigger noted_s',
    ],
    [
      'an aggregate',
      'create aggregate s.total(integer) (sfunc = int4pl, stype = integer, initcond = 0)',
      'create aggregate s.most(integer) (sfunc = int4larger, stype = integer, combinefunc = int4larger, parallel = safe, sortop = >)',
      `create or replace aggregate s.total(integer) (sfunc = int4pl, stype = integer, initcond = '1', msfunc = int4pl, minvfunc = int4mi, mstype = integer, minitcond = '1')`,
      'drop aggregate s.total(integer)',
    ],
    [
      'extended statistics, a rule',
      `create table s.t (id integer, a integer, b integer); create statistics s.ab (dependencies) on a, b from s.t; create rule quiet as on delete to s.t do instead nothing`,
      `create statistics s.ida on id, (a + 1) from s.t; alter statistics s.ida set statistics 50; create rule still as on update to s.t where old.a = 1 do also select 1`,
      'alter statistics s.ab set statistics 500; alter table s.t disable rule quiet',
      'drop statistics s.ab; drop rule quiet on s.t',
    ],
    [
      'what a publication holds',
      `create table s.t (id integer primary key, a integer, b text); create publication feed_s for table s.t (id, a) where (id > 1) with (publish = 'insert, update')`,
      `create publication more_s for table s.t with (publish_via_partition_root = true)`,
      `alter publication feed_s set table s.t (id, b) where (id > 2)`,
      `alter publication feed_s set (publish = 'insert, delete'); alter publication feed_s drop table s.t`,
      'drop publication feed_s',
    ],
    [
      'partitions',
      `create table s.p (id integer not null, at date not null, primary key (id, at)) partition by range (at); create index by_at on s.p (at);
       create table s.p1 partition of s.p for values from ('2024-01-01') to ('2025-01-01');
       create table s.p2 (id integer not null, at date not null, primary key (id, at)); create index p2_at on s.p2 (at)`,
      `alter table s.p attach partition s.p2 for values from ('2025-01-01') to ('2026-01-01')`,
      'alter table s.p detach partition s.p1',
      `create table s.p3 partition of s.p for values from ('2026-01-01') to ('2027-01-01') partition by list (id); create table s.p3a partition of s.p3 default; create index more on s.p (id)`,
      'drop index s.by_at',
      'drop table s.p1',
    ],
    [
      'how a table is kept',
      `create table s.t (id integer primary key, a text, b text, c text not null); create index by_a on s.t (a); create unique index by_c on s.t (c); alter table s.t cluster on by_a;
       create type s.row as (id integer, name text); create table s.typed of s.row`,
      `alter table s.t replica identity using index by_c; alter table s.t set without cluster; alter table s.t set (fillfactor = 50, autovacuum_enabled = false, toast.autovacuum_enabled = false)`,
      `alter table s.t alter column a set storage external, alter column a set compression pglz, alter column b set statistics 300, alter column b set (n_distinct = 7)`,
      'alter table s.t cluster on t_pkey; alter table s.t replica identity nothing; alter index s.by_a set (fillfactor = 40); alter table s.typed not of',
      `comment on index s.t_pkey is 'Index'; comment on constraint t_pkey on s.t is 'Key'; comment on column s.row.name is 'Name'; alter table s.t set unlogged`,
    ],
  ])(
    '%s',
    async (_what, base, ...ups) => {
      for (const up of ups) {
        const { sql, differences, error, upAgain } = await back(base, up);
        expect({ up, sql, differences, error, upAgain }).toEqual({
          up,
          sql,
          differences: [],
          error: null,
          upAgain: true,
        });
      }
    },
    60_000,
  );
});

describe('a given way back', () => {
  const base = 'create table s.t (id integer primary key)';
  const up = 'alter table s.t add column name text; create index by_name on s.t (name)';

  test('restores', async () => {
    const result = await back(
      base,
      up,
      'begin; drop index concurrently s.by_name; alter table s.t drop column name; commit;',
    );
    expect(result).toMatchObject({ plan: 'file', status: 'restores', upAgain: true, alternative: null });
  });

  test('that leaves something differs, object by object, and a complete one is offered', async () => {
    const result = await back(base, up, 'drop index s.by_name;');
    expect(result).toMatchObject({
      plan: 'file',
      status: 'differs',
      differences: ['column s.t.name is still there'],
    });
    expect(result.alternative).toBe('ALTER TABLE s.t DROP COLUMN name;\n');
  });

  test('that does not run fails with its line, and a complete one is offered', async () => {
    const result = await back(base, up, 'drop index s.by_name;\nalter table s.t drop column nam;');
    expect(result).toMatchObject({ status: 'failed', error: { sqlstate: '42703', line: 2 } });
    expect(result.alternative).toContain('DROP COLUMN name');
  });

  test('that Postgres can not parse fails', async () => {
    expect(await back(base, up, 'drop column name;')).toMatchObject({
      status: 'failed',
      error: { sqlstate: '42601' },
    });
  });
});

test('several migrations are undone last one first, each from where it stood, and nothing of it stays', async () => {
  const checkpoint: Checkpoint = await engine.checkpoint();
  const copy = await engine.open(checkpoint);
  try {
    const results = await tryBack(
      copy,
      'create table public.t (id integer primary key)',
      [
        'alter table public.t add column a text',
        'alter table public.t rename column a to b',
        'create view public.v as select b from public.t',
      ],
      [null, 'alter table public.t rename column b to c', null],
    );
    expect(results.map(({ status, plan }) => `${plan} ${status}`)).toEqual([
      'generated restores',
      'file differs',
      'generated restores',
    ]);
    const print = fingerprint(await snapshot(copy.postgresRole));
    const columns = await copy.admin.query(
      `select attname from pg_attribute where attrelid = 'public.v'::regclass and attnum > 0`,
    );
    expect(columns).toEqual([{ attname: 'b' }]);
    expect(fingerprint(await snapshot(copy.admin))).toBe(print);
  } finally {
    await copy.close();
    await checkpoint.drop();
  }
});
