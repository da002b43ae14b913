import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineKinds, withReplay } from '../support/replay.ts';

const marker = join(tmpdir(), `guard-escaped-${process.pid}`);

/** What a stranger's pull request may try, and how it is stopped. */
const attempts: Readonly<Record<string, readonly [sql: string, sqlstate: string]>> = {
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
  'platform role': ['drop role anon', '42501'],
  'platform role changed': ['alter role service_role nobypassrls', '42501'],
  'platform table': ['drop table auth.users cascade', '42501'],
  history: ['drop table supabase_migrations.schema_migrations', '42P01'],
  'untrusted language': ['create function evil() returns int language c as $$evil$$', '42501'],
  sleep: ['select pg_sleep(3600)', '57014'],
  'endless loop': ['do $$ begin loop null; end loop; end $$', '57014'],
  'endless rows': ['select count(*) from generate_series(1, 1000000000000)', '57014'],
};

const names = Object.keys(attempts);
const fileName = (index: number) => `${100 + index}_attempt.sql`;

test.each(engineKinds)(
  'nothing gets out of the throw-away database on the %s engine, and the run goes on',
  async (kind) => {
    // Each loss of the embedded engine costs a second: one endless statement is enough there.
    const tried = names.filter((name) => kind === 'server' || !['sleep', 'endless rows'].includes(name));
    await withReplay(
      kind,
      {
        base: { '1_base.sql': 'create table public.t (id int);' },
        added: {
          ...Object.fromEntries(tried.map((name, index) => [fileName(index), `${attempts[name]![0]};`])),
          '999_last.sql': 'alter table public.t add column x int;',
        },
        limitMs: 800,
      },
      async (replay) => {
        await replay.base();
        await replay.mark();
        await replay.changes();
        const { runs } = replay.facts();
        const seen = tried.map((name, index) => {
          const run = runs.find(({ path }) => path.endsWith(fileName(index)))!;
          return `${name}: ${run.status} ${run.error?.sqlstate}`;
        });
        expect(seen).toEqual(tried.map((name) => `${name}: failed ${attempts[name]![1]}`));
        expect(runs.at(-1)).toMatchObject({ status: 'applied' });
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
