import { readState } from '../../src/database/catalog/state.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Engine } from '../../src/database/engine.ts';
import type { SchemaState } from '../../src/model/schema.ts';
import { compareStates } from '../../src/sql/fold/compare.ts';
import { emptyState, foldFile } from '../../src/sql/fold/index.ts';
import { overlay } from '../../src/sql/fold/overlay.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

let engine: Engine;
beforeAll(async () => {
  await loadParser();
  engine = await openEmbedded({ statementLimitMs: 20_000, extensions: [] });
});
afterAll(() => engine.close());

/** What the catalog has after some SQL; all of it is rolled back. */
async function stateAfter(sql: string): Promise<SchemaState> {
  await engine.postgresRole.exec('begin');
  try {
    await engine.postgresRole.exec(sql);
    return await readState(engine.postgresRole);
  } finally {
    await engine.postgresRole.exec('rollback; reset all');
  }
}

test('the state that the fold starts from is the platform that the engine starts with', async () => {
  expect(compareStates(emptyState({ era: 'automatic' }), await readState(engine.admin))).toEqual([]);
});

test('the explicit era of the fold is the one that the platform enters', async () => {
  const { grantsSql } = await import('../../src/database/platform/index.ts');
  await engine.admin.exec(`begin; ${grantsSql('explicit')}`);
  const catalog = await readState(engine.admin);
  await engine.admin.exec('rollback');
  expect(compareStates(emptyState({ era: 'explicit' }), catalog)).toEqual([]);
});

test('a table is read with all that hangs on it, in Postgres’ own spelling', async () => {
  const state = await stateAfter(`
    create schema app; create type app.mood as enum ('sad', 'glad');
    create function app.touch() returns trigger language plpgsql as 'begin return new; end';
    create table public."My table" (
      id bigserial primary key, mood app.mood not null default 'sad', "Owner" uuid references auth.users on delete cascade,
      low text generated always as (id::text || 'x') stored, check (id > 0) no inherit);
    create unique index on public."My table" (lower(low), mood desc) include (id) where mood = 'glad';
    alter table public."My table" enable row level security;
    create policy own on public."My table" for update to authenticated using ((select auth.uid()) = "Owner");
    create trigger t before update on public."My table" for each row execute function app.touch();
    grant select ("Owner", id) on public."My table" to anon;
    comment on column public."My table".mood is 'how it feels'`);
  const table = state.tables.get('public."My table"')!;
  expect(
    table.columns.map(({ name, type, notNull, sequence, comment }) => ({
      name,
      type,
      notNull,
      sequence,
      comment,
    })),
  ).toEqual([
    { name: 'id', type: 'bigint', notNull: true, sequence: 'public."My table_id_seq"', comment: null },
    { name: 'mood', type: 'app.mood', notNull: true, sequence: null, comment: 'how it feels' },
    { name: 'Owner', type: 'uuid', notNull: false, sequence: null, comment: null },
    { name: 'low', type: 'text', notNull: false, sequence: null, comment: null },
  ]);
  expect(table.columns[3]!.generated?.text).toBe("((id)::text || 'x'::text)");
  expect(table.foreignKeys).toMatchObject([
    { name: 'My table_Owner_fkey', references: 'auth.users', referencedColumns: ['id'], onDelete: 'cascade' },
  ]);
  expect(table.indexes[1]).toMatchObject({
    name: 'My table_lower_mood_id_idx',
    columns: [null, 'mood'],
    expressions: [{ text: 'lower(low)' }],
    include: ['id'],
    unique: true,
    definition: "UNIQUE btree (lower(low), mood DESC) INCLUDE (id) WHERE (mood = 'glad'::app.mood)",
  });
  expect(table.policies).toMatchObject([
    { name: 'own', command: 'update', roles: ['authenticated'], rolesStated: true },
  ]);
  expect(table.policies[0]!.using!.node).toHaveProperty('A_Expr');
  expect(table.triggers).toMatchObject([
    { timing: 'before', events: ['update'], level: 'row', function: 'app.touch' },
  ]);
  expect(table.grants).toContainEqual({
    grantee: 'anon',
    privilege: 'select',
    columns: ['id', 'Owner'],
    origin: null,
  });
  expect(table.grants.some((grant) => grant.grantee === 'postgres')).toBe(false);
});

test('functions are keyed by their input types and read with settings and grants', async () => {
  const state = await stateAfter(`
    create function f(a int, variadic b text[] default '{}', out c jsonb) language sql stable security definer
      set search_path = '' as 'select null::jsonb';
    revoke execute on function f from public, anon`);
  expect(state.routines.get('public.f(integer, text[])')).toMatchObject({
    arguments: [
      { name: 'a', type: 'integer', mode: 'in', hasDefault: false },
      { name: 'b', type: 'text[]', mode: 'variadic', hasDefault: true },
      { name: 'c', type: 'jsonb', mode: 'out', hasDefault: false },
    ],
    returns: 'jsonb',
    securityDefiner: true,
    config: { search_path: '""' },
    volatility: 'stable',
    grants: [{ grantee: 'authenticated' }, { grantee: 'service_role' }],
  });
});

test('views say what they read and under whose rights', async () => {
  const state = await stateAfter(`create table t (a int);
    create view v with (security_invoker = 'yes') as select a, (select count(*) from auth.users) from t`);
  expect(state.views.get('public.v')).toMatchObject({
    securityInvoker: true,
    columns: ['a', 'count'],
    reads: ['auth.users', 'public.t'],
  });
  expect(state.views.get('public.v')!.definition.node).toHaveProperty('SelectStmt');
});

test('reading leaves the search path as it was', async () => {
  await engine.postgresRole.exec('begin; set local search_path = auth, public');
  await readState(engine.postgresRole);
  const [row] = await engine.postgresRole.query("select current_setting('search_path') as path");
  await engine.postgresRole.exec('rollback');
  expect(row?.path).toBe('auth, public');
});

describe('the catalog laid over the fold', () => {
  const files = {
    ran: `create table t (
      id int primary key,
      owner uuid references auth.users on delete no action);
      create policy p on t using (true);
      create table gone (id int)`,
    failed:
      'create table dashboard_only (id int); alter table t add column later text; create policy q on t using (true)',
  };

  async function laid(): Promise<SchemaState> {
    let folded = emptyState({ era: 'automatic' });
    for (const [path, sql] of Object.entries(files)) {
      folded = foldFile(folded, parseSource(path, sql), { era: 'automatic' }).after;
    }
    const catalog = await stateAfter(`${files.ran}; drop table gone`);
    return overlay(folded, catalog, { applied: new Set(['ran']) });
  }

  test('is the catalog, with the places of the SQL', async () => {
    const table = (await laid()).tables.get('public.t')!;
    expect(table.origin).toMatchObject({ file: 'ran', line: 1 });
    expect(table.columns.slice(0, 2).map(({ origin }) => origin?.line)).toEqual([2, 3]);
    expect(table.foreignKeys).toMatchObject([
      { onDelete: 'no action', onDeleteStated: true, origin: { line: 3 } },
    ]);
    expect(table.policies[0]).toMatchObject({ name: 'p', rolesStated: false, using: { text: 'true' } });
  });

  test('keeps what a file says that could not be run, and nothing else', async () => {
    const { tables } = await laid();
    expect(tables.has('public.gone')).toBe(false);
    expect(tables.has('public.dashboard_only')).toBe(true);
    expect(tables.get('public.t')!.columns.map((column) => column.name)).toEqual(['id', 'owner', 'later']);
    expect(tables.get('public.t')!.policies.map((policy) => policy.name)).toEqual(['p', 'q']);
  });
});
