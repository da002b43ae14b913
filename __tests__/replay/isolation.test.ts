import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshot } from '../../src/database/catalog/snapshot.ts';
import { readState } from '../../src/database/catalog/state.ts';
import { probe } from '../../src/probes/probe.ts';
import { RowsRecorder } from '../../src/rollback/record.ts';
import { type EngineKind, engineKinds, plainProject, withReplay } from '../support/replay.ts';

const marker = join(tmpdir(), `guard-escaped-${process.pid}`);
afterEach(() => rmSync(marker, { force: true }));

/** What a stranger's pull request may try, and how it is stopped. */
const attempts: Readonly<
  Record<string, readonly [sql: string, sqlstate: string, otherwise?: Partial<Record<EngineKind, string>>]>
> = {
  program: [`copy (select 1) to program 'touch ${marker}'`, '42501'],
  'file written': [`copy (select 1) to '${marker}'`, '42501'],
  'file read': ["select pg_read_file('/etc/passwd')", '42501'],
  'alter system': ["alter system set archive_command = 'true'", '42501'],
  'superuser role': ['create role evil superuser', '42501'],
  'superuser self': ['alter role postgres superuser', '42501'],
  'superuser by set role': ['set role supabase_admin', '42501'],
  'superuser by session': ['reset session authorization;\ncreate role evil superuser', '42501'],
  'superuser by another session': ['set session authorization supabase_admin', '42501'],
  'superuser by the guard': [
    "select pg_catalog.migration_guard_run('guess', 'create role evil superuser')",
    '42501',
  ],
  'superuser by reset role': ['reset role;\ncreate role evil superuser', '42501'],
  'large object from a file': ["select lo_import('/etc/passwd')", '42501'],
  'another database': [
    "create extension dblink with schema extensions;\nselect * from extensions.dblink('host=127.0.0.1 password=x', 'select 1') as t(a int)",
    '42501',
    { embedded: 'not-checkable undefined', server: 'partial undefined' },
  ],
  'another database by a wrapper': [
    "create extension postgres_fdw with schema extensions;\ncreate server away foreign data wrapper postgres_fdw options (host '127.0.0.1', port '1');\ncreate user mapping for postgres server away options (user 'x', password 'x');\ncreate foreign table public.far (a int) server away;\nselect * from public.far",
    '0A000',
    // The test's embedded engine was opened without it.
    { server: 'partial undefined' },
  ],
  'another server by a subscription': [
    "create subscription away connection 'host=127.0.0.1 port=1 user=x password=x' publication p",
    '',
    { embedded: 'partial undefined', server: 'partial undefined' },
  ],
  'platform role': ['drop role anon', '42501'],
  'platform role of users': ['drop role authenticated', '42501'],
  'platform schema': ['drop schema auth cascade', '42501'],
  'platform role changed': ['alter role service_role nobypassrls', '42501'],
  'platform table': ['drop table auth.users cascade', '42501'],
  history: ['drop table supabase_migrations.schema_migrations', '42P01'],
  'untrusted language': ['create function evil() returns int language c as $$evil$$', '42501'],
  sleep: ['select pg_sleep(3600)', '57014'],
  'endless loop': ['do $$ begin loop null; end loop; end $$', '57014'],
  'no time limit': ['set statement_timeout = 0;\nselect pg_sleep(3600)', '57014'],
  'endless rows': ['select count(*) from generate_series(1, 1000000000000)', '57014'],
  'endless table': ['insert into public.t select generate_series(1, 1000000000000)', '57014'],
  'own connection': ['select pg_terminate_backend(pg_backend_pid())', 'XX000', { embedded: 'failed 42501' }],
};

/** What touches only the session. */
const harmless = ['select pg_advisory_lock(5871330478164902715)', 'listen evil;\nnotify evil'];

const names = Object.keys(attempts);
const fileName = (index: number) => `${100 + index}_attempt.sql`;

test.each(engineKinds)(
  'nothing gets out of the throw-away database on the %s engine, and the run goes on',
  async (kind) => {
    await withReplay(
      kind,
      {
        base: { '1_base.sql': 'create table public.t (id int);' },
        added: {
          ...Object.fromEntries(names.map((name, index) => [fileName(index), `${attempts[name]![0]};`])),
          ...Object.fromEntries(harmless.map((sql, index) => [`${900 + index}_harmless.sql`, `${sql};`])),
          '999_last.sql': 'alter table public.t add column x int;',
        },
        limitMs: 800,
      },
      async (replay) => {
        await replay.base();
        await replay.mark();
        await replay.changes();
        const { runs } = replay.facts();
        const seen = names.map((name, index) => {
          const run = runs.find(({ path }) => path.endsWith(fileName(index)))!;
          return `${name}: ${run.status} ${run.error?.sqlstate}`;
        });
        const expected = names.map((name) => {
          const [, sqlstate, otherwise] = attempts[name]!;
          return `${name}: ${otherwise?.[kind] ?? `failed ${sqlstate}`}`;
        });
        expect(seen).toEqual(expected);
        const rest = runs.slice(-harmless.length - 1);
        expect(rest.map(({ status }) => status)).toEqual(rest.map(() => 'applied'));
        expect(existsSync(marker)).toBe(false);
        expect(
          await replay.engine.admin.query("select rolname from pg_roles where rolname = 'evil'"),
        ).toEqual([]);
      },
    );
  },
);

test('a DO block that takes the login back is stopped where the login is a superuser', async () => {
  await withReplay(
    'embedded',
    {
      added: {
        '1_a.sql':
          "do $$ begin execute 'set session ' || 'authorization supabase_admin'; end $$;\ncreate role evil superuser;",
      },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      expect(replay.facts().runs[0]).toMatchObject({
        status: 'failed',
        error: { sqlstate: '42501', message: 'permission denied to set session authorization' },
      });
      expect(await replay.engine.admin.query("select rolname from pg_roles where rolname = 'evil'")).toEqual(
        [],
      );
      expect(await replay.engine.postgresRole.query('select session_user as u')).toEqual([{ u: 'postgres' }]);
    },
  );
});

/** Takes any role back that it can, and reaches for the machine: what a default, a trigger, a policy may hold. */
const reach = (name: string, returns: string, answer: string) => `
  create function public.${name}() returns ${returns} language plpgsql as $$ begin
    begin
      perform set_config('role', 'none', true);
      execute 'copy (select 1) to program ''touch ${marker}''';
    exception when others then null;
    end;
    ${answer}
  end $$;`;

// The embedded engine has no machine to reach, and ends where a program is asked for.
test('what a project hangs on its tables runs as no superuser when the guard lays rows on a server', async () => {
  const base = `
    ${reach('by_default', 'text', "return 'x';")}
    ${reach('by_policy', 'boolean', 'return true;')}
    ${reach('by_trigger', 'trigger', 'return new;')}
    ${reach('by_ddl', 'event_trigger', '')}
    create table public.notes (
      id uuid primary key default gen_random_uuid(), user_id uuid references auth.users (id),
      body text default public.by_default() check (public.by_policy())
    );
    alter table public.notes enable row level security;
    create policy own on public.notes to authenticated using (user_id = auth.uid() and public.by_policy());
    create trigger before_insert before insert on public.notes for each row execute function public.by_trigger();
    create event trigger hung on ddl_command_end execute function public.by_ddl();`;
  const added = `create extension if not exists pg_trgm;
    create policy own on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
    create function public.count_notes() returns bigint language sql as 'select count(*) from public.notes';
    alter table public.notes add column title text default public.by_default();`;
  await withReplay(
    'server',
    { base: { '1_base.sql': base }, added: { '2_added.sql': added } },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.rows();
      await replay.functions();
      const { objects } = await probe(replay.engine, {
        project: plainProject,
        state: await readState(replay.engine.admin),
      });
      expect(replay.facts().runs.at(-1)).toMatchObject({ status: 'applied' });
      expect(objects.find(({ object }) => object === 'public.notes')?.cells).not.toEqual([]);
      expect(existsSync(marker)).toBe(false);
    },
  );
});

test('what a project names as Postgres names its own is taken for it by no superuser', async () => {
  const shadows = `
    ${reach('reached', 'text', "return 'x';")}
    create type public.mood as enum ('good');
    create function public.mood_as_json(public.mood) returns json language plpgsql as $$ begin perform public.reached(); return '1'; end $$;
    create cast (public.mood as json) with function public.mood_as_json(public.mood);
    create table public.days (id int primary key, mood public.mood);
    insert into public.days values (1, 'good');
    create function public.same(oid, regclass) returns boolean language plpgsql as $$ begin perform public.reached(); return $1 = $2::oid; end $$;
    create operator public.= (leftarg = oid, rightarg = regclass, function = public.same);
    create function public.same(name, name) returns boolean language plpgsql as $$ begin
      perform public.reached(), public.asked(current_query());
      return $1 operator(pg_catalog.=) $2;
    end $$;
    create operator public.= (leftarg = name, rightarg = name, function = public.same);
    create function public.quote_ident(name) returns text language plpgsql as $$ begin perform public.reached(); return pg_catalog.quote_ident($1); end $$;
    create function public.md5(text) returns text language plpgsql as $$ begin
      perform public.reached(), public.asked(format($f$migration_guard_run('%s', '')$f$, $1));
      return pg_catalog.md5($1);
    end $$;`;
  const asked = `
    create function public.asked(query text) returns void language plpgsql as $$
    declare secret text := substring(query from $q$migration_guard_run[a-z_]*\\('([0-9a-f]{32})'$q$);
    begin
      perform pg_catalog.migration_guard_run(secret, 'copy (select 1) to program ''touch ${marker}''');
    exception when others then null;
    end $$;`;
  const added = `
    set search_path = public, pg_catalog, extensions;
    create extension if not exists pg_trgm with schema extensions;
    create extension if not exists pg_jsonschema with schema extensions;
    create extension if not exists dblink with schema extensions;
    create policy own on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
    create role worker;
    grant worker to postgres;
    grant create on schema public to worker;
    create table public.of_worker (id int);
    alter table public.of_worker owner to worker;
    do $$ begin drop role worker; exception when others then null; end $$;
    drop owned by worker;
    drop role worker;
    select public.asked(current_query());
    alter table public.days add column note text;
    create function public.notes() returns void language plpgsql as $$ begin perform note from public.days; end $$;`;
  const recorder = new RowsRecorder();
  await withReplay(
    'server',
    {
      // Once as a file that goes to the server in one text, once statement by statement.
      base: { '1_base.sql': asked + shadows, '2_base.sql': `${added.replaceAll('worker', 'one')}` },
      added: {
        '3_added.sql': `${added
          .replace(/create policy.*/, '')
          .replaceAll('note', 'remark')
          .replace('.of_worker', '.of_two')
          .replace('.of_worker', '.of_two')}`,
      },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      const ground = await replay.rows(recorder.watch);
      await ground?.engine.close();
      await replay.functions();
      await snapshot(replay.engine.admin);
      await readState(replay.engine.admin);
      expect(replay.facts().runs.map(({ status, error }) => [status, error?.message])).toEqual([
        ['applied', undefined],
        ['applied', undefined],
        ['applied', undefined],
      ]);
      expect(recorder.rows.size).toBe(1);
      expect(existsSync(marker)).toBe(false);
    },
  );
});

test('an event trigger that fires ALWAYS fires for no superuser, and stands as it stood', async () => {
  const base = `
    ${reach('by_ddl', 'event_trigger', '')}
    create event trigger hung on ddl_command_end execute function public.by_ddl();
    alter event trigger hung enable always;
    create event trigger asleep on ddl_command_end execute function public.by_ddl();
    alter event trigger asleep disable;`;
  const added = `
    create extension if not exists pg_trgm with schema extensions;
    create policy own on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
    create function public.one() returns int language plpgsql as 'begin return 1; end';`;
  const tests = [
    {
      path: 'supabase/tests/a.sql',
      sql: 'begin; select plan(1); select pass(); select * from finish(); rollback;',
    },
  ];
  await withReplay(
    'server',
    {
      base: { '20260101000000_base.sql': base },
      added: { '20270101000000_added.sql': added },
      era: (version) => (version < '20261030' ? 'automatic' : 'explicit'),
      project: { tests },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.functions();
      await replay.rows();
      await replay.ownFiles();
      expect(replay.facts()).toMatchObject({
        runs: [{ status: 'applied' }, { status: 'applied' }],
        tests: [{ status: 'passed' }],
      });
      expect(
        await replay.engine.admin.query('select evtname, evtenabled from pg_event_trigger order by 1'),
      ).toEqual(
        expect.arrayContaining([
          { evtname: 'asleep', evtenabled: 'D' },
          { evtname: 'hung', evtenabled: 'A' },
        ]),
      );
      expect(existsSync(marker)).toBe(false);
    },
  );
});

test('where a seed does not come to its end the tests of the project could not be run, and nothing else is lost', async () => {
  const tests = [{ path: 'supabase/tests/a.sql', sql: 'select plan(1);' }];
  const seeds = [{ path: 'supabase/seed.sql', sql: 'select 1; select pg_sleep(3600);' }];
  const story = {
    added: { '1_a.sql': 'create table public.t (id int);' },
    project: { tests, seeds },
    limitMs: 800,
  };
  await withReplay('embedded', story, async (replay) => {
    await replay.base();
    await replay.mark();
    await replay.changes();
    await replay.ownFiles();
    expect(replay.facts().tests).toMatchObject([
      { status: 'not-checkable', detail: expect.stringMatching(/^supabase\/seed\.sql did not end: /) },
    ]);
    expect(await replay.engine.admin.query('select count(*) as n from public.t')).toEqual([{ n: '0' }]);
  });
});
