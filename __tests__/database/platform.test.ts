import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PlatformFacts, readPlatformFacts } from '../../scripts/platform-facts.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import { DatabaseError, type Engine } from '../../src/database/engine.ts';
import {
  bundlesFor,
  extensionPlan,
  extensions,
  grantsSql,
  platformFiles,
  platformRoles,
  platformSchemas,
  policyTables,
} from '../../src/database/platform/index.ts';
import { grantEraSql, platformSql, standInSql } from '../../src/database/platform/sql.ts';
import { openServer } from '../../src/database/server.ts';
import { testServer } from '../support/server.ts';

// Written by `npm run platform-list` from the public sources' own migrations.
const list: PlatformFacts & { readonly sources: unknown } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'platform-list.json'), 'utf8'),
);

const options = {
  statementLimitMs: 20_000,
  lockWaitMs: 60_000,
  extensions: ['vector', 'citext', 'pg_trgm', 'postgis'],
};
const engines = {
  embedded: () => openEmbedded(options),
  server: async () => openServer(await testServer(), options),
};

const claims = (sub: string | null, role = 'authenticated') =>
  `select set_config('request.jwt.claims', '${JSON.stringify({ sub, role, email: 'a@example.com' })}', true)`;

describe.each(Object.entries(engines))('on the %s engine', (kind, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine?.close());

  /** Runs statements as postgres in a transaction that is rolled back; the last one's rows, or its error. */
  async function asPostgres(...statements: string[]): Promise<readonly unknown[] | string> {
    return inTransaction(engine.postgresRole, statements);
  }
  async function asAdmin(...statements: string[]): Promise<readonly unknown[] | string> {
    return inTransaction(engine.admin, statements);
  }
  async function inTransaction(session: Engine['admin'], statements: string[]) {
    await session.exec('begin');
    try {
      let rows: readonly unknown[] = [];
      for (const sql of statements) rows = await session.query(sql);
      return rows;
    } catch (error) {
      if (error instanceof DatabaseError)
        return `${error.sqlstate} ${error.message}${error.sqlstate === '2BP01' ? error.detail : ''}`;
      throw error;
    } finally {
      await session.exec('rollback');
    }
  }

  test('schemas hold the tables, types, functions, owners and grants of the public sources', async () => {
    const { sources: _, ...wanted } = list;
    expect(await readPlatformFacts((sql) => engine.admin.query(sql))).toEqual(wanted);
  });

  test('postgres is powerful and no superuser', async () => {
    const [row] = await engine.admin.query(
      `select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolcanlogin from pg_roles where rolname = 'postgres'`,
    );
    expect(row).toEqual({
      rolsuper: 'f',
      rolcreaterole: 't',
      rolcreatedb: 't',
      rolbypassrls: 't',
      rolreplication: 't',
      rolcanlogin: 't',
    });
  });

  test('the API roles cannot log in, service_role bypasses RLS, authenticator does not inherit', async () => {
    const rows = await engine.admin.query(
      `select rolname, rolcanlogin, rolinherit, rolbypassrls from pg_roles
       where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 1`,
    );
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      'anon f t f',
      'authenticated f t f',
      'authenticator t f f',
      'service_role f t t',
    ]);
  });

  test('every role and schema that is called the platform’s is there', async () => {
    const roles = await engine.admin.query(
      `select rolname from pg_roles where rolname !~ '^pg_' and not rolname like '%guard%'`,
    );
    expect(roles.map(({ rolname }) => rolname)).toEqual(expect.arrayContaining([...platformRoles]));
    const schemas = await engine.admin.query(`select nspname from pg_namespace`);
    const byExtension = ['cron', 'dbdev', 'pgmq', 'pgsodium_masks', 'pgtle'];
    expect(schemas.map(({ nspname }) => nspname)).toEqual(
      expect.arrayContaining([...platformSchemas].filter((name) => !byExtension.includes(name))),
    );
  });

  test('the tables postgres may write policies on belong to the owners they are listed with', async () => {
    const owners = await engine.admin.query(
      `select n.nspname || '.' || c.relname as name, c.relowner::regrole::text as owner
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('auth', 'storage', 'realtime') and c.relkind in ('r', 'p')`,
    );
    const byName = new Map(owners.map(({ name, owner }) => [name, owner]));
    const gone = [...policyTables.keys()].filter((table) => !byName.has(table));
    expect(gone).toEqual(['storage.prefixes']);
    for (const [table, owner] of policyTables) {
      if (byName.has(table)) expect([table, byName.get(table)]).toEqual([table, owner]);
    }
  });

  describe('postgres is refused', () => {
    test.each([
      [
        'a column on auth.users',
        'alter table auth.users add column nick text',
        '42501 must be owner of table users',
      ],
      ['an index on auth.users', 'create index on auth.users (phone)', '42501 must be owner of table users'],
      [
        'a function in auth',
        'create function auth.mine() returns int language sql as $$select 1$$',
        '42501 permission denied for schema auth',
      ],
      [
        'another auth.uid()',
        'create or replace function auth.uid() returns uuid language sql as $$select null::uuid$$',
        '42501 permission denied for schema auth',
      ],
      [
        'a table in storage',
        'create table storage.mine (id int)',
        '42501 permission denied for schema storage',
      ],
      [
        'RLS switched off on storage.objects',
        'alter table storage.objects disable row level security',
        '42501 must be owner of table objects',
      ],
      [
        'an index on storage.objects',
        'create index on storage.objects (owner)',
        '42501 must be owner of table objects',
      ],
      [
        'a column on realtime.messages',
        'alter table realtime.messages add column x int',
        '42501 must be owner of table messages',
      ],
      [
        'a delete from storage.objects',
        'delete from storage.objects',
        '42501 Direct deletion from storage tables is not allowed. Use the Storage API instead.',
      ],
      [
        'a delete from storage.buckets',
        'delete from storage.buckets',
        '42501 Direct deletion from storage tables is not allowed. Use the Storage API instead.',
      ],
      [
        'a secret written past its function',
        "insert into vault.secrets (secret) values ('x')",
        '42501 permission denied for function _crypto_aead_det_noncegen',
      ],
      [
        'GoTrue’s list of migrations',
        "insert into auth.schema_migrations values ('1')",
        '42501 permission denied for table schema_migrations',
      ],
      [
        'the role of GoTrue',
        'set role supabase_auth_admin',
        '42501 permission denied to set role "supabase_auth_admin"',
      ],
      ['a superuser', 'create role boss superuser', '42501 permission denied to create role'],
      [
        'a server program',
        "copy (select 1) to program 'true'",
        '42501 permission denied to COPY to or from an external program',
      ],
    ])('%s', async (_what, sql, message) => {
      expect(await asPostgres(sql)).toBe(message);
    });
  });

  describe('postgres may', () => {
    const makeFunction =
      'create function public.on_user() returns trigger language plpgsql as $$ begin return new; end $$';
    test.each([
      [
        'put a trigger on auth.users',
        [
          makeFunction,
          'create trigger on_user after insert on auth.users for each row execute function public.on_user()',
        ],
      ],
      [
        'refer to auth.users',
        ['create table public.p (id uuid primary key references auth.users on delete cascade)'],
      ],
      ['insert a user', ["insert into auth.users (id, email) values (gen_random_uuid(), 'a@example.com')"]],
      [
        'insert and change a bucket',
        [
          "insert into storage.buckets (id, name, public) values ('b', 'b', true)",
          'update storage.buckets set public = false',
        ],
      ],
      [
        'delete an object where it says so',
        ["set local storage.allow_delete_query = 'true'", 'delete from storage.objects'],
      ],
      [
        'keep a secret and read it',
        [
          "select vault.create_secret('s3cret', 'key')",
          'select decrypted_secret from vault.decrypted_secrets',
        ],
      ],
      [
        'add a table to the publication',
        [
          'create table public.t (id int primary key)',
          'alter publication supabase_realtime add table public.t',
        ],
      ],
      [
        'broadcast',
        ["select realtime.send('{}', 'e', 'room', true)", 'select 1/count(*) from realtime.messages'],
      ],
      [
        'set what supautils allows',
        ["set session_replication_role = 'replica'", "set pgrst.db_schemas = 'public'"],
      ],
      [
        'change a setting of authenticator',
        ["alter role authenticator set pgrst.db_aggregates_enabled = 'true'"],
      ],
      ['make a role and hand it to authenticator', ['create role clerk', 'grant clerk to authenticator']],
      ['write into extensions', ['create table extensions.t (id int)']],
      [
        'call pgcrypto and uuid-ossp without their schema',
        ["select crypt('a', gen_salt('bf')), uuid_generate_v4(), gen_random_bytes(4)"],
      ],
      [
        'make a webhook',
        [
          'create table public.w (id int)',
          "create trigger hook after insert on public.w for each row execute function supabase_functions.http_request('http://x', 'POST', '{}', '{}', '1000')",
          'insert into public.w values (1)',
          'select 1/count(*) from net.http_request_queue',
        ],
      ],
    ])('%s', async (_what, statements) => {
      expect(await asPostgres(...statements)).toEqual(expect.any(Array));
    });
  });

  test('auth.uid(), role(), email() and jwt() read the claims, in both forms', async () => {
    const id = '7f1b0a3e-1c1d-4a7e-9a55-0d7a7b3c2f11';
    expect(
      await asAdmin(
        claims(id),
        'select auth.uid() as u, auth.role() as r, auth.email() as e, auth.jwt() ->> $$sub$$ as j',
      ),
    ).toEqual([{ u: id, r: 'authenticated', e: 'a@example.com', j: id }]);
    expect(await asAdmin(`set local request.jwt.claim.sub = '${id}'`, 'select auth.uid() as u')).toEqual([
      { u: id },
    ]);
    expect(await asAdmin('select auth.uid() as u, auth.jwt() as j')).toEqual([{ u: null, j: null }]);
  });

  test('anon and authenticated see no user and, without a policy, no object', async () => {
    for (const role of ['anon', 'authenticated', 'service_role']) {
      expect(await asAdmin(`set local role ${role}`, 'select from auth.users')).toBe(
        '42501 permission denied for table users',
      );
    }
    expect(
      await asAdmin(
        "insert into storage.buckets (id, name) values ('b', 'b')",
        "insert into storage.objects (bucket_id, name) values ('b', 'x/y.png')",
        'set local role anon',
        'select count(*) as n from storage.objects',
      ),
    ).toEqual([{ n: '0' }]);
  });

  test('object names come apart as policies expect', async () => {
    expect(
      await asPostgres(
        "select storage.foldername('u/a/p.tar.gz')::text as f, storage.filename('u/a/p.tar.gz') as n, storage.extension('u/a/p.tar.gz') as e",
      ),
    ).toEqual([{ f: '{u,a}', n: 'p.tar.gz', e: 'gz' }]);
  });

  test('under automatic grants a new table is open to the API roles, under explicit ones it is not', async () => {
    const privileges = `select has_table_privilege('anon', 'public.t', 'SELECT') as read, has_table_privilege('service_role', 'public.t', 'INSERT') as write,
      has_table_privilege('anon', 'public.t', 'TRUNCATE') as truncate, has_function_privilege('anon', 'public.f()', 'EXECUTE') as execute,
      has_sequence_privilege('authenticated', 'public.t_id_seq', 'USAGE') as sequence`;
    const make = [
      'set local session authorization postgres',
      'create table public.t (id serial)',
      'create function public.f() returns int language sql as $$select 1$$',
    ];
    const automatic = grantsSql('automatic')
      .split(/;\s*/)
      .filter((sql) => /^\s*[^-\s]/m.test(sql) && sql.includes('alter'));
    const explicit = grantsSql('explicit')
      .split(/;\s*/)
      .filter((sql) => sql.includes('alter'));
    expect(await asAdmin(...automatic, ...make, privileges)).toEqual([
      { read: 't', write: 't', truncate: 't', execute: 't', sequence: 't' },
    ]);
    expect(await asAdmin(...explicit, ...make, privileges)).toEqual([
      { read: 'f', write: 'f', truncate: 't', execute: 't', sequence: 'f' },
    ]);
  });

  describe('extensions that cannot be installed', () => {
    async function withExtension(name: string, schema: string | null, ...statements: string[]) {
      const plan = extensionPlan(name, schema, kind as 'embedded' | 'server');
      if (plan.sql !== null) {
        return asAdmin(...splitPlan(plan.sql), 'set local session authorization postgres', ...statements);
      }
      return asPostgres(`create extension "${name}"${schema ? ` with schema ${schema}` : ''}`, ...statements);
    }
    // The plan is one text for the simple protocol; `query` takes one statement.
    const splitPlan = (sql: string) => [`do $plan$ begin execute $sql$${sql}$sql$; end $plan$`];

    test.each(
      [...extensions.values()]
        .filter((each) => each.kind[kind as 'server'] === 'stand-in')
        .map((each) => each.name),
    )('%s is created, listed and dropped', async (name) => {
      const { requires } = extensions.get(name)!;
      expect(requires.filter((other) => !['pgcrypto', 'hypopg'].includes(other))).toEqual([]);
      if (requires.includes('hypopg') && kind === 'embedded') return;
      const listed = `select count(*) as n from pg_extension where extname = '${name}'`;
      const installed = await engine.admin.query(listed);
      const again = installed[0]!.n === '1';
      if (again) expect(await asPostgres(`drop extension "${name}" cascade`, listed)).toEqual([{ n: '0' }]);
      else {
        expect(
          await withExtension(name, extensions.get(name)!.schema === null ? 'extensions' : null, listed),
        ).toEqual([{ n: '1' }]);
        expect(
          await withExtension(
            name,
            extensions.get(name)!.schema === null ? 'extensions' : null,
            `drop extension "${name}"`,
            listed,
          ),
        ).toEqual([{ n: '0' }]);
      }
    });

    test('pg_cron records a job by name, replaces it, unschedules it, and refuses a wrong schedule', async () => {
      const job = (...more: string[]) =>
        withExtension('pg_cron', null, "select cron.schedule('nightly', '0 3 * * *', 'select 1')", ...more);
      expect(
        await job(
          "select cron.schedule('nightly', '30 seconds', 'select 2')",
          'select jobname, schedule, command, username from cron.job',
        ),
      ).toEqual([{ jobname: 'nightly', schedule: '30 seconds', command: 'select 2', username: 'postgres' }]);
      expect(await job("select cron.unschedule('nightly')", 'select count(*) as n from cron.job')).toEqual([
        { n: '0' },
      ]);
      expect(await job("select cron.unschedule('weekly')")).toMatch(
        /could not find valid entry for job 'weekly'/,
      );
      expect(await job("select cron.schedule('x', 'every day', 'select 1')")).toBe(
        '22023 invalid schedule: every day',
      );
    });

    test('pgmq keeps messages: sent with headers, read, archived, deleted', async () => {
      expect(
        await withExtension(
          'pgmq',
          null,
          "select pgmq.create('jobs')",
          `select pgmq.send('jobs', '{"a": 1}', '{"h": 2}'::jsonb)`,
          `select pgmq.send('jobs', '{"a": 2}')`,
          `select pgmq.send_batch('jobs', array['{"a": 3}', '{"a": 4}']::jsonb[])`,
          "select pgmq.archive('jobs', 1)",
          "select pgmq.delete('jobs', 2)",
          "select pgmq.read('jobs', 30, 1)",
          'select (select count(*) from pgmq.q_jobs) as queued, (select headers::text from pgmq.a_jobs) as headers, (select queue_visible_length from pgmq.metrics($$jobs$$)) as visible',
        ),
      ).toEqual([{ queued: '2', headers: '{"h": 2}', visible: '1' }]);
    });

    test('PostGIS: places are kept, indexed and measured', async () => {
      const place = (x: number, y: number) =>
        `extensions.st_setsrid(extensions.st_makepoint(${x}, ${y}), 4326)`;
      expect(
        await withExtension(
          'postgis',
          'extensions',
          'create table public.places (id int, location extensions.geography(point, 4326), area extensions.geometry(polygon))',
          'create index on public.places using gist (location)',
          'create index on public.places using gist (area)',
          `insert into public.places select i, ${place(0, 0).replace('(0, 0)', '(i % 180, i % 90)')}::extensions.geography, 'POLYGON((0 0,0 1,1 1,0 0))' from generate_series(1, 500) i`,
          `select count(*) as near, round(min(extensions.st_distance(location, ${place(1, 2)}::extensions.geography))) as metres
           from public.places where extensions.st_dwithin(location, ${place(1, 1)}::extensions.geography, 1000)`,
        ),
      ).toEqual([{ near: '3', metres: '111195' }]);
    });

    test('pgjwt signs what it verifies', async () => {
      expect(
        await withExtension(
          'pgjwt',
          'extensions',
          `select valid, payload::text as p from extensions.verify(extensions.sign('{"sub": "a"}', 'key'), 'key')`,
        ),
      ).toEqual([{ valid: 't', p: '{"sub": "a"}' }]);
    });

    test('pg_jsonschema checks', async () => {
      expect(
        await withExtension(
          'pg_jsonschema',
          'extensions',
          `select extensions.jsonb_matches_schema('{"type": "object", "required": ["a"]}', '{"a": 1}') as yes,
                  extensions.jsonb_matches_schema('{"type": "object", "required": ["a"]}', '{"b": 1}') as no`,
        ),
      ).toEqual([{ yes: 't', no: 'f' }]);
    });
  });
});

test('the SQL in sql.ts is that of the files', () => {
  const folder = join(import.meta.dirname, '../../src/database/platform');
  const text = (name: string) => readFileSync(join(folder, `${name}.sql`), 'utf8');
  for (const [name, sql] of Object.entries({ ...platformSql, ...grantEraSql })) expect(sql).toBe(text(name));
  for (const [name, sql] of Object.entries(standInSql)) expect(sql).toBe(text(`stand-ins/${name}`));
  expect(platformFiles('server').map(({ name }) => name)).toEqual(
    platformFiles('embedded').map(({ name }) => name),
  );
});

test('an extension says what it is: real with a bundle, a stand-in with SQL', () => {
  for (const { name, kind, bundle } of extensions.values()) {
    if (kind.embedded === 'real' && name !== 'plpgsql')
      expect([name, bundle]).toEqual([name, expect.anything()]);
    if (kind.embedded === 'stand-in' || kind.server === 'stand-in') {
      const plan = extensionPlan(name, 'extensions', 'server');
      if (kind.server === 'stand-in') expect(plan.sql).toContain('create ');
    }
  }
  expect(extensionPlan('pgroonga', null, 'server')).toMatchObject({ kind: 'missing', sql: null });
  expect(extensionPlan('nobody_knows', null, 'embedded')).toMatchObject({ kind: 'missing', extension: null });
  expect(bundlesFor(['earthdistance', 'pg_cron']).map(({ name }) => name)).toEqual([
    'pgcrypto',
    'uuid-ossp',
    'earthdistance',
    'cube',
  ]);
});
