/** How the Supabase CLI applies one file, rule by rule (CLI 3.1, tried by hand). What `postgres` may do there: `database/platform.test.ts`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProject } from '../../src/project/project.ts';
import type { Replay } from '../../src/replay/replay.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { isStandalone } from '../../src/sql/transaction.ts';
import { engineKinds, type Story, withReplay } from '../support/replay.ts';

beforeAll(loadParser);

/** The whole list of CLI 3: what can't run in a transaction block. */
const alone = [
  'create index concurrently i on t (a)',
  'create unique index concurrently i on t (a)',
  'drop index concurrently i',
  'reindex index concurrently i',
  'reindex (concurrently) table t',
  'vacuum t',
  "alter system set work_mem = '4MB'",
  'cluster',
  'create database d',
  'drop database d',
  "create tablespace s location '/s'",
  'drop tablespace s',
  "create subscription s connection '' publication p",
  'drop subscription s',
  'alter table t detach partition p concurrently',
];
const together = [
  'create index i on t (a)',
  'drop index i',
  'reindex index i',
  'analyze t',
  'alter table t detach partition p',
];

test.each([...alone.map((sql) => [sql, true] as const), ...together.map((sql) => [sql, false] as const)])(
  '"%s" runs alone: %s',
  (sql, expected) => {
    const [statement] = parseSource('a.sql', `${sql};`).statements;
    expect(isStandalone(statement!)).toBe(expected);
  },
);

describe.each(engineKinds)('on the %s engine', (kind) => {
  async function applied(story: Story, look: (replay: Replay) => Promise<void>): Promise<void> {
    await withReplay(kind, story, async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await look(replay);
    });
  }
  const ask = (replay: Replay, sql: string) => replay.engine.admin.query(sql);
  const versions = 'select version from supabase_migrations.schema_migrations order by 1';
  const last = (replay: Replay) => replay.facts().runs.at(-1)!;

  test('what a file set is reset before the next, in the base and in a change', async () => {
    const setting = "create schema other; set search_path = other; set statement_timeout = '1h';";
    const made = (name: string) =>
      `create table ${name} as select current_setting('statement_timeout') as long;`;
    await applied(
      {
        base: { '1_a.sql': setting, '2_b.sql': made('t2') },
        added: {
          '3_c.sql': setting.replace('schema other', 'schema if not exists other'),
          '4_d.sql': made('t4'),
        },
      },
      async (replay) => {
        const [row] = await ask(
          replay,
          'select t2.long = t4.long as same, t2.long <> $$1h$$ as own from public.t2, public.t4',
        );
        expect(row).toEqual({ same: 't', own: 't' });
      },
    );
  });

  test('a file that fails leaves nothing on production: neither its rows nor its place in the history', async () => {
    await applied(
      {
        base: { '1_a.sql': 'create table public.t (id int);' },
        added: { '2_b.sql': 'insert into public.t values (1);\nselect public.nope();' },
      },
      async (replay) => {
        expect(last(replay)).toMatchObject({ status: 'failed', error: { line: 2, sqlstate: '42883' } });
        expect(await ask(replay, versions)).toEqual([{ version: '1' }]);
      },
    );
  });

  test('the history row is written as whoever the file has become, and a file that forgot to go back fails by it', async () => {
    const forgets = 'create table public.t (id int);\nset role anon;';
    await applied(
      {
        base: { '1_a.sql': forgets, '2_b.sql': 'create table public.u (id int);' },
        added: { '3_c.sql': forgets.replace('.t', '.v') },
      },
      async (replay) => {
        const { runs, base } = replay.facts();
        expect(runs.map(({ status, error }) => [status, error?.sqlstate])).toEqual([
          ['partial', '42501'],
          ['applied', undefined],
          ['failed', '42501'],
        ]);
        expect(base).toMatchObject({ reproducible: false, applied: 1 });
      },
    );
  });

  test('what runs alone ends the batch before it, and the history goes with the last batch', async () => {
    await applied(
      {
        base: {
          '1_a.sql':
            'create table public.t (id int primary key, note text); insert into public.t values (1);',
        },
        added: {
          '2_b.sql': `set lock_timeout = '5s';
alter table public.t add column extra int;
create index concurrently one on public.t (note);
create index concurrently two on public.t (extra);
reindex index concurrently public.one;
vacuum public.t;
cluster public.t using t_pkey;
drop index concurrently public.one;
update public.t set extra = 1;`,
        },
      },
      async (replay) => {
        expect(last(replay)).toMatchObject({ status: 'applied', error: null });
        expect(await ask(replay, versions)).toEqual([{ version: '1' }, { version: '2' }]);
        expect(await ask(replay, 'select extra from public.t')).toEqual([{ extra: '1' }]);
      },
    );
  });

  test('where what runs alone fails, what stood before it stays, an invalid index too, and no history', async () => {
    await applied(
      {
        base: {
          '1_a.sql': 'create table public.t (id int, note text); insert into public.t values (1), (1);',
        },
        added: {
          '2_b.sql':
            'alter table public.t add column extra int;\ncreate unique index concurrently one on public.t (id);\nselect 1;',
        },
      },
      async (replay) => {
        expect(last(replay)).toMatchObject({ status: 'failed', error: { line: 2, sqlstate: '23505' } });
        expect(await ask(replay, versions)).toEqual([{ version: '1' }]);
        expect(
          await ask(
            replay,
            "select indisvalid as valid, (select count(*) from pg_attribute where attrelid = indrelid and attname = 'extra') as extra from pg_index where indexrelid = 'public.one'::regclass",
          ),
        ).toEqual([{ valid: 'f', extra: '1' }]);
      },
    );
  });

  test('BEGIN and COMMIT in a file end its transaction early', async () => {
    await applied(
      {
        base: { '1_a.sql': 'create table public.t (id int);' },
        added: {
          '2_b.sql':
            'insert into public.t values (1);\nbegin;\ninsert into public.t values (2);\ncommit;\nselect public.nope();',
        },
      },
      async (replay) => {
        expect(last(replay)).toMatchObject({ status: 'failed', error: { line: 5 } });
        expect(await ask(replay, 'select count(*) as n from public.t')).toEqual([{ n: '2' }]);
        expect(await ask(replay, versions)).toEqual([{ version: '1' }]);
      },
    );
  });

  test('roles.sql runs before the migrations, seeds after them', async () => {
    const seed = { path: 'supabase/seed.sql', sql: 'insert into public.t values (null);' };
    await applied(
      {
        base: { '1_a.sql': 'create table public.t (id int); grant select on public.t to reporter;' },
        added: { '2_b.sql': 'alter table public.t alter column id set not null;' },
        project: { roles: { path: 'supabase/roles.sql', sql: 'create role reporter;' }, seeds: [seed] },
      },
      async (replay) => {
        expect(replay.facts().base).toMatchObject({ reproducible: true, applied: 1 });
        expect(await ask(replay, 'select from public.t')).toEqual([]);
        await replay.rows();
        expect(replay.facts().rows).toMatchObject([{ line: 1, on: 'seeds', table: 'public.t' }]);
      },
    );
  });
});

describe('what a project says of itself', () => {
  async function read(config: string) {
    const root = mkdtempSync(join(tmpdir(), 'guard-one-file-'));
    try {
      mkdirSync(join(root, 'supabase/schemas'), { recursive: true });
      writeFileSync(join(root, 'supabase/config.toml'), config);
      writeFileSync(join(root, 'supabase/schemas/a.sql'), 'create table public.declared (id int);');
      writeFileSync(join(root, 'supabase/seed.sql'), 'select 1;');
      return await readProject(root, root);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  test('the major version is 17 where nothing is said', async () => {
    expect((await read('')).major).toBe(17);
    expect((await read('[db]\nmajor_version = 15\n')).major).toBe(15);
  });

  test('seed.sql is the seed where nothing is said, and declarative schemas are not applied', async () => {
    const { seeds } = await read('[db.migrations]\nschema_paths = ["./schemas/*.sql"]\n');
    expect(seeds.map(({ path }) => path)).toEqual(['supabase/seed.sql']);
  });
});
