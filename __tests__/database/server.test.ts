import pg from 'pg';
import { type Engine, EngineLost } from '../../src/database/engine.ts';
import { recordCluster } from '../../src/database/server/cluster.ts';
import { openServer, ServerUnavailable } from '../../src/database/server.ts';
import { testServer } from '../support/server.ts';

const options = { statementLimitMs: 20_000, extensions: [], lockWaitMs: 60_000 };
let url: string;
beforeAll(async () => {
  url = await testServer();
});

/** Runs `work` on a connection of the owner of the server, as he sees it. */
async function owner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    types: { getTypeParser: () => (v: unknown) => v as never },
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const everything = () =>
  owner(async (client) => ({
    cluster: await recordCluster(client),
    databases: (await client.query('select datname from pg_database order by 1')).rows,
    schemas: (await client.query("select nspname from pg_namespace where nspname !~ '^pg_' order by 1")).rows,
  }));

async function withEngine(work: (engine: Engine) => Promise<void>, more = {}): Promise<void> {
  const engine = await openServer(url, { ...options, ...more });
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

test('migrations run as an ordinary postgres on the platform, and the server is as before afterwards', async () => {
  const before = await everything();
  await withEngine(async (engine) => {
    expect(engine.major).toBe(Number.parseInt(engine.postgres, 10));
    // Compiling took minutes where a server of a distribution brings LLVM; npm's has none, and says "on" all the same.
    await engine.postgresRole.exec('reset all');
    expect(await engine.postgresRole.query('show jit')).toEqual([{ jit: 'off' }]);
    expect(
      await engine.admin.query("select current_user as u, current_setting('is_superuser') as s"),
    ).toEqual([{ u: 'supabase_admin', s: 'on' }]);
    expect(
      await engine.postgresRole.query(
        "select session_user as u, current_setting('is_superuser') as s, auth.uid() as uid",
      ),
    ).toEqual([{ u: 'postgres', s: 'off', uid: null }]);
    await expect(engine.postgresRole.exec('alter table auth.users add column x int')).rejects.toMatchObject({
      sqlstate: '42501',
      message: 'must be owner of table users',
    });
    await engine.postgresRole.exec(
      'reset session authorization; create role app; alter role app set work_mem = 1024',
    );
    await expect(engine.postgresRole.exec('alter system set work_mem = 1024')).rejects.toMatchObject({
      sqlstate: '42501',
    });
    await engine.postgresRole.exec('grant app to authenticated; alter role anon set statement_timeout = 9');
  });
  expect(await everything()).toEqual(before);
});

test('a checkpoint is a state to come back to, roles and database settings included', async () => {
  const before = await everything();
  await withEngine(async (engine) => {
    await engine.postgresRole.exec('create table t (id int); create role early');
    await engine.postgresRole.exec(
      "do $$ begin execute format('alter database %I set work_mem = 4096', current_database()); end $$",
    );
    const checkpoint = await engine.checkpoint();
    await engine.postgresRole.exec(
      'create role late; grant select on t to late; alter role early createdb; drop table if exists u',
    );
    const second = await engine.open(checkpoint);
    await second.postgresRole.exec(
      'create role late; grant late to early; create table u (id int); insert into t values (1)',
    );
    expect(
      await second.admin.query(
        "select current_setting('work_mem') as x, (select rolcreatedb from pg_roles where rolname = 'early') as c",
      ),
    ).toEqual([{ x: '4MB', c: 'f' }]);
    await second.close();
    expect(
      await engine.admin.query(
        "select (select count(*) from public.t) as rows, has_table_privilege('late', 'public.t', 'select') as late, (select rolcreatedb from pg_roles where rolname = 'early') as c, to_regclass('public.u') as u",
      ),
    ).toEqual([{ rows: '0', late: 't', c: 't', u: null }]);
    await checkpoint.drop();
  });
  expect(await everything()).toEqual(before);
});

test('what a killed run left is mended by the next', async () => {
  const before = await everything();
  const killed = await openServer(url, options);
  await killed.postgresRole.exec('create role left_over; create table t (id int)');
  // As a kill does: every connection breaks, nobody tidies up.
  const { host, port, password } = new pg.Client({ connectionString: url });
  const admin = new pg.Client({
    host,
    port,
    password: password ?? undefined,
    user: 'supabase_admin',
    database: 'template1',
  });
  await admin.connect();
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1',
    ['client backend'],
  );
  await admin.end();
  await expect(killed.postgresRole.exec('select 1')).rejects.toBeInstanceOf(EngineLost);
  await killed.close().catch(() => undefined);

  await withEngine(async (engine) => {
    expect(await engine.admin.query("select to_regrole('left_over') as r")).toEqual([{ r: null }]);
  });
  expect(await everything()).toEqual(before);
});

test('a statement without end is given up, even where it switches the time limit off', async () => {
  await withEngine(
    async (engine) => {
      await expect(engine.postgresRole.exec('select pg_sleep(60)')).rejects.toMatchObject({
        sqlstate: '57014',
      });
      await expect(
        engine.postgresRole.exec('set statement_timeout = 0; do $$ begin loop null; end loop; end $$'),
      ).rejects.toMatchObject({ sqlstate: '57014' });
      await expect(
        engine.postgresRole.exec(
          'set statement_timeout = 0; do $$ begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end $$',
        ),
      ).rejects.toMatchObject({ name: 'EngineLost', reason: 'time-limit' });
      await expect(engine.postgresRole.exec('select 1')).rejects.toMatchObject({ reason: 'time-limit' });
      expect(await engine.admin.query('select 1 as one')).toEqual([{ one: '1' }]);
    },
    { statementLimitMs: 200 },
  );
});

test('a second run waits for the first, and says so when it waits in vain', async () => {
  await withEngine(async () => {
    await expect(openServer(url, { ...options, lockWaitMs: 300 })).rejects.toThrow(
      'Another run holds this server',
    );
  });
});

test("a server with somebody's tables is refused unless told otherwise", async () => {
  await owner((client) => client.query('create table precious (id int)'));
  try {
    await expect(openServer(url, options)).rejects.toThrow(
      /table "precious" in database "postgres"\). Migrations are replayed on a throw-away server only/,
    );
    await withEngine(async () => {}, { allowUsedServer: true });
  } finally {
    await owner((client) => client.query('drop table precious'));
  }
});

test('what stops a connection is said in a sentence', async () => {
  const refusal = (change: Partial<URL>) => {
    const changed = Object.assign(new URL(url), change);
    return openServer(changed.href, options).then(
      () => 'opened',
      (error: Error) => {
        expect(error).toBeInstanceOf(ServerUnavailable);
        return error.message;
      },
    );
  };
  expect(await refusal({ port: '1' })).toMatch(/^Nothing listens at 127\.0\.0\.1:1\. /);
  expect(await refusal({ password: 'wrong' })).toMatch(
    /does not let "postgres" in: password authentication failed/,
  );
  expect(await refusal({ hostname: 'db.abcdefgh.supabase.co' })).toMatch(/is a Supabase project/);
  expect(await openServer('mysql://x', options).catch((e: Error) => e.message)).toMatch(
    /has to start with "postgres:/,
  );
  await owner((client) => client.query("create role plain login password 'plain'"));
  try {
    const message = await refusal({ username: 'plain', password: 'plain' });
    expect(message).toMatch(/"plain" is no superuser .*POSTGRES_USER: supabase_admin/);
  } finally {
    await owner((client) => client.query('drop role plain'));
  }
});

test('where the URL names supabase_admin nothing is renamed', async () => {
  await owner((client) => client.query("create role supabase_admin superuser login password 'admin'"));
  try {
    const before = await everything();
    const admin = new URL(url);
    admin.username = 'supabase_admin';
    admin.password = 'admin';
    const engine = await openServer(admin.href, options);
    expect(await engine.postgresRole.query("select current_setting('is_superuser') as s")).toEqual([
      { s: 'off' },
    ]);
    await engine.close();
    expect(await everything()).toEqual(before);
  } finally {
    await owner((client) => client.query('drop role supabase_admin'));
  }
});
