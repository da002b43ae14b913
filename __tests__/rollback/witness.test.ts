/**
 * That a way back restores the catalog, said by somebody else: pg_dump, and queries that have nothing in common with the
 * snapshot. pg_dump must not be older than the server (17): `PG_DUMP` names one, else the one in PATH is asked.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { snapshot } from '../../src/database/catalog/snapshot.ts';
import type { Engine, Session } from '../../src/database/engine.ts';
import { openServer } from '../../src/database/server.ts';
import { losesData } from '../../src/rollback/data.ts';
import { generate } from '../../src/rollback/generate.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { ground, statement } from '../support/random-ddl.ts';
import { testServer } from '../support/server.ts';

const run = promisify(execFile);
const program = process.env.PG_DUMP ?? 'pg_dump';

async function dumpVersion(): Promise<number> {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return Number(/(\d+)\./.exec(stdout)?.[1] ?? 0);
}

let engine: Engine;
let database: string;
beforeAll(async () => {
  await loadParser();
  engine = await openServer(await testServer(), { statementLimitMs: 30_000, extensions: [] });
  const [row] = await engine.admin.query('select current_database() as name');
  database = row!.name!;
});
afterAll(() => engine.close());

/** As pg_dump sees the whole database: without its two lines with a random token, and the order of an object's grants. */
async function dump(): Promise<string> {
  await engine.admin.exec(`create role witness superuser login password 'witness'`);
  try {
    const url = new URL(await testServer());
    url.username = 'witness';
    url.password = 'witness';
    url.pathname = `/${database}`;
    const { stdout } = await run(program, ['--schema-only', `--dbname=${url}`], { maxBuffer: 1 << 28 });
    return stdout
      .replace(/^\\(un)?restrict .*$/gm, '')
      .replace(/(?:^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .*;\n)+/gm, (lines) =>
        lines.split('\n').sort().join('\n'),
      );
  } finally {
    await engine.admin.exec('drop role witness');
  }
}

/** As plain queries of the standard's views and Postgres' own printing functions see it. */
async function ask(session: Session): Promise<string> {
  const mine = `not in ('pg_catalog', 'information_schema', 'pg_toast', 'supabase_migrations')`;
  const questions = [
    `select table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, data_type, udt_schema, udt_name,
       character_maximum_length, numeric_precision, numeric_scale, is_identity, identity_generation, is_generated, generation_expression
     from information_schema.columns where table_schema ${mine} order by 1, 2, 4`.replace(
      'ordinal_position',
      'row_number() over (partition by table_schema, table_name order by ordinal_position)',
    ),
    `select * from information_schema.table_privileges where table_schema ${mine} order by table_schema, table_name, grantee, privilege_type, grantor`,
    `select * from information_schema.column_privileges where table_schema ${mine} order by table_schema, table_name, column_name, grantee, privilege_type, grantor`,
    `select routine_schema, routine_name, grantee, privilege_type, count(*) from information_schema.routine_privileges where routine_schema ${mine} group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
    `select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace::regnamespace::text ${mine} order by 1, 2, 3`,
    `select schemaname, tablename, indexname, indexdef from pg_indexes where schemaname ${mine} order by 1, 2, 3`,
    `select * from pg_policies order by schemaname, tablename, policyname`,
    `select schemaname, tablename, tableowner, rowsecurity from pg_tables where schemaname ${mine} order by 1, 2`,
    `select schemaname, viewname, definition from pg_views where schemaname ${mine} order by 1, 2`,
    `select schemaname, matviewname, definition from pg_matviews where schemaname ${mine} order by 1, 2`,
    `select tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1, 2`,
    `select * from pg_rules where schemaname ${mine} order by schemaname, tablename, rulename`,
    `select pg_get_functiondef(oid) from pg_proc where pronamespace::regnamespace::text ${mine} and prokind in ('f', 'p') order by pronamespace::regnamespace::text, proname, 1`,
    `select enumtypid::regtype::text, string_agg(enumlabel, ',' order by enumsortorder) from pg_enum group by 1 order by 1`,
    `select typnamespace::regnamespace::text, typname, typtype, typdefault, typnotnull from pg_type where typnamespace::regnamespace::text ${mine} and typtype in ('d', 'e', 'r') order by 1, 2`,
    `select schemaname, sequencename, data_type::text, start_value, increment_by, min_value, max_value, cycle from pg_sequences order by 1, 2`,
    `select * from pg_publication_tables order by pubname, schemaname, tablename`,
    `select extname, extnamespace::regnamespace::text from pg_extension order by 1`,
    `select relnamespace::regnamespace::text || '.' || relname, objsubid, description from pg_description join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass where relnamespace::regnamespace::text ${mine} order by 1, 2`,
    `select nspname, pg_get_userbyid(nspowner), coalesce(nspacl, acldefault('n', nspowner))::text from pg_namespace where nspname !~ '^pg_' order by 1`,
    `select rolname, rolcreatedb, rolcanlogin, rolbypassrls, rolconfig::text from pg_roles where rolname !~ '^pg_' order by 1`,
    `select id, public, file_size_limit from storage.buckets order by 1`,
  ];
  await session.exec('set search_path = pg_catalog');
  const answers = await session.batch(questions);
  await session.exec('reset search_path');
  return answers
    .map((answer, i) => {
      if (!answer.ok) throw new Error(`${questions[i]}: ${answer.error.message}`);
      return answer.rows.map((row) => Object.values(row).join(' | ')).join('\n');
    })
    .join('\n\n');
}

/** Runs what applies; returns that. Committed: another connection has to see it. */
async function apply(statements: readonly string[]): Promise<string[]> {
  const outcomes = await engine.postgresRole.batch(statements);
  return statements.filter((_, i) => outcomes[i]!.ok);
}

const story = {
  base: [
    ...ground,
    `create table public.a (id bigint generated always as identity primary key, x text not null default 'a', owner_id uuid references auth.users (id), mood public.mood)`,
    `create view public.v with (security_invoker = true) as select id, x from public.a`,
    `create policy one on public.a for select to anon using (mood = 'ok')`,
    `grant select (x) on public.a to reporter`,
    `comment on column public.a.x is 'X'`,
  ],
  up: [
    `alter type public.mood add value 'great'`,
    `alter table public.a rename column x to y`,
    `alter table public.a alter column y type varchar(20), alter column y drop default, add column z integer check (z > 0)`,
    `create or replace view public.v with (security_invoker = false) as select id, y as x, owner_id from public.a`,
    `create table public.b (id serial primary key, a_id bigint references public.a (id) on delete cascade)`,
    `create index on public.b (a_id)`,
    `alter table public.b enable row level security`,
    `create or replace function public.one() returns integer language sql as $$ select 2 $$`,
    `alter publication supabase_realtime add table public.b`,
    `alter default privileges in schema public revoke execute on functions from anon`,
    `revoke select on public.a from anon`,
  ],
};

/** Up, generated way back, up: what the witness says at each of four moments. */
async function thereAndBack(
  base: readonly string[],
  migration: readonly string[],
  witness: () => Promise<string>,
) {
  const session = engine.postgresRole;
  await apply(base);
  const before = await snapshot(session);
  const seenBefore = await witness();
  const up = await apply(migration);
  const after = await snapshot(session);
  const seenAfter = await witness();
  const found = await generate(session, after, before, new Set(), ({ sql }) => [sql]);
  expect({ up, sql: found.sql, error: found.error }).toEqual({ up, sql: found.sql, error: null });
  const lost = losesData(before, after, parseSource('up.sql', up.join(';\n')));
  return { seenBefore, seenAfter, seenBack: await witness(), lost, up };
}

/** Each in a database of its own. */
async function inCopy(work: () => Promise<void>): Promise<void> {
  const [main, name] = [engine, database];
  const checkpoint = await main.checkpoint();
  engine = await main.open(checkpoint);
  try {
    database = (await engine.admin.query('select current_database() as name'))[0]!.name!;
    await work();
  } finally {
    await engine.admin.exec('drop owned by reporter; drop role reporter').catch(() => undefined);
    await engine.close();
    await checkpoint.drop();
    [engine, database] = [main, name];
  }
}

const version = await dumpVersion();
const withDump = version >= 17 ? test : test.skip;
if (version < 17) {
  process.stderr.write(
    `pg_dump is ${version === 0 ? 'not here' : `of version ${version}`}; 17 or newer is needed: its witness is not heard.\n`,
  );
}

withDump(
  'pg_dump sees the same schema before a migration and after its way back',
  async () => {
    await inCopy(async () => {
      const { seenBefore, seenAfter, seenBack } = await thereAndBack(story.base, story.up, dump);
      expect(seenAfter).not.toBe(seenBefore);
      expect(seenBack).toBe(seenBefore);
    });
  },
  120_000,
);

test('queries of our own making see the same', async () => {
  await inCopy(async () => {
    const { seenBefore, seenAfter, seenBack } = await thereAndBack(story.base, story.up, () =>
      ask(engine.admin),
    );
    expect(seenAfter).not.toBe(seenBefore);
    expect(seenBack).toBe(seenBefore);
  });
}, 120_000);

test('and so it is with random DDL, wherever no column has to come back', async () => {
  const cases = fc.sample(
    fc.tuple(
      fc.array(statement, { minLength: 15, maxLength: 40 }),
      fc.array(statement, { minLength: 4, maxLength: 15 }),
    ),
    {
      numRuns: Number(process.env.WITNESS_RUNS ?? 1),
      seed: Number(process.env.WITNESS_SEED ?? 11),
    },
  );
  let compared = 0;
  for (const [base, migration] of cases) {
    await inCopy(async () => {
      const witness = async () => (await ask(engine.admin)) + (version >= 17 ? await dump() : '');
      const seen = await thereAndBack([...ground, ...base], migration, witness);
      if (seen.lost.some(({ text }) => text.startsWith('the '))) return;
      expect({ up: seen.up, back: seen.seenBack }).toEqual({ up: seen.up, back: seen.seenBefore });
      compared += 1;
    });
  }
  expect(compared).toBeGreaterThan(0);
}, 600_000);
