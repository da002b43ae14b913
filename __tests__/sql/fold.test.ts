import type { SchemaState } from '../../src/model/schema.ts';
import { isKeyOf, wholeKeys } from '../../src/sql/fold/constraints.ts';
import { emptyState, foldAll, foldFile } from '../../src/sql/fold/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

beforeAll(loadParser);

const step = (sql: string, before = emptyState({ era: 'automatic' }), path = 'one.sql') =>
  foldFile(before, parseSource(path, sql), { era: 'automatic' });
const fold = (sql: string, before?: SchemaState) => step(sql, before).after;
const table = (state: SchemaState, key = 'public.t') => {
  const found = state.tables.get(key);
  if (found === undefined) throw new Error(`no table ${key}: ${[...state.tables.keys()]}`);
  return found;
};

describe('tables', () => {
  test('a key that holds for some rows, by an expression, or not yet, is none that tells any row from all others', () => {
    const made = table(
      fold(`create table t (id int primary key, a int unique, b int, c int, d int);
        create unique index on t (b) where c > 0;
        create unique index on t (abs(c));
        create unique index on t (d)`),
    );
    expect(wholeKeys(made).map(({ columns }) => columns.join())).toEqual(['id', 'a', 'id', 'a', 'd']);
    // CONCURRENTLY leaves such an index where it meets equal values.
    const failed = { ...made, indexes: made.indexes.map((each) => ({ ...each, valid: each.constraint })) };
    expect(wholeKeys(failed).map(({ columns }) => columns.join())).toEqual(['id', 'a', 'id', 'a']);
    expect([made, failed].map((each) => isKeyOf(each, ['d']))).toEqual([true, false]);
  });

  test('a column, its type, key, default and check are read from one line', () => {
    const { columns, primaryKey, checks, uniques, foreignKeys } = table(
      fold(`create table t (
        id uuid primary key default gen_random_uuid(),
        mail varchar(20) unique not null check (mail <> ''),
        at timestamptz default now() not null,
        owner uuid references auth.users on delete cascade
      )`),
    );
    expect(columns.map(({ name, type, notNull }) => [name, type, notNull])).toEqual([
      ['id', 'uuid', true],
      ['mail', 'character varying(20)', true],
      ['at', 'timestamp with time zone', true],
      ['owner', 'uuid', false],
    ]);
    expect(columns[2]!.default?.text).toBe('now()');
    expect(primaryKey).toMatchObject({ name: 't_pkey', columns: ['id'] });
    expect(uniques).toMatchObject([{ name: 't_mail_key', columns: ['mail'] }]);
    expect(checks).toMatchObject([{ name: 't_mail_check', expression: { text: "mail <> ''" } }]);
    expect(foreignKeys).toMatchObject([
      { name: 't_owner_fkey', references: 'auth.users', referencedColumns: ['id'], onDelete: 'cascade' },
    ]);
  });

  test('NO ACTION that is written is told from nothing written', () => {
    const { foreignKeys } = table(
      fold(`create table t (
        a uuid references auth.users, -- on delete cascade would be better
        b uuid references auth.users on delete no action)`),
    );
    expect(foreignKeys.map((key) => key.onDeleteStated)).toEqual([false, true]);
  });

  test('each column and constraint has its own place', () => {
    const { columns, checks } = table(
      fold('create table t (\n  a int default 1,\n  é text, constraint c\n check (a > 0)\n)'),
    );
    expect(columns[1]!.origin).toMatchObject({
      file: 'one.sql',
      line: 3,
      column: 3,
      endLine: 3,
      endColumn: 9,
    });
    expect(checks[0]!.origin).toMatchObject({
      file: 'one.sql',
      line: 3,
      column: 11,
      endLine: 4,
      endColumn: 15,
    });
  });

  test('a table nobody creates is remembered with what is said about it, and as unknown', () => {
    const state = fold('alter table t enable row level security; create policy p on t using (true)');
    expect(table(state)).toMatchObject({
      rls: true,
      columns: [],
      unknown: [{ about: 'object', why: 'no migration creates this table' }],
    });
    expect(state.unknown).toMatchObject([{ object: { kind: 'table', key: 'public.t' }, place: { line: 1 } }]);
    const created = fold('create table if not exists t (id int)', state);
    expect(table(created)).toMatchObject({ rls: true, columns: [{ name: 'id' }], unknown: [] });
    expect(table(created).policies).toHaveLength(1);
  });

  test('IF NOT EXISTS does nothing where the table is there', () => {
    const state = fold('create table t (a int); create table if not exists t (b int)');
    expect(table(state).columns.map((column) => column.name)).toEqual(['a']);
    expect(state.unknown).toEqual([]);
  });

  test('a serial column owns a sequence, an identity column has none of its own to grant', () => {
    const state = fold('create table t (a serial, b int generated always as identity)');
    expect(table(state).columns).toMatchObject([
      { sequence: 'public.t_a_seq' },
      { sequence: null, identity: 'always' },
    ]);
    expect([...state.sequences.values()].map(({ key, ownedBy }) => [key, ownedBy])).toEqual(
      expect.arrayContaining([
        ['public.t_a_seq', 'public.t.a'],
        ['public.t_b_seq', 'public.t.b'],
      ]),
    );
  });

  test('a temporary table is no part of the state', () => {
    const { after, touched } = step('create temp table t (a int); create index on t (a); drop table t');
    expect(after.tables.has('pg_temp.t')).toBe(false);
    expect(after.unknown).toEqual([]);
    expect(touched).toEqual([]);
  });

  test('names longer than 63 bytes are cut as Postgres cuts them', () => {
    const long = 'a'.repeat(40);
    const state = fold(`create table ${long} (${'b'.repeat(40)} int unique)`);
    const [key] = table(state, `public.${long}`).uniques;
    expect(key!.name).toBe(`${'a'.repeat(29)}_${'b'.repeat(29)}_key`);
  });
});

describe('renames', () => {
  test('a renamed table takes its policies, foreign keys, views and publication along', () => {
    const state = fold(`
      create table t (id int primary key);
      create table child (t int references t);
      create policy p on child using (exists (select 1 from t where t.id = child.t));
      create view v as select id from t;
      alter publication supabase_realtime add table t;
      alter table t rename to renamed`);
    expect(state.tables.has('public.t')).toBe(false);
    expect(table(state, 'public.child').foreignKeys[0]!.references).toBe('public.renamed');
    expect(state.views.get('public.v')!.reads).toEqual(['public.renamed']);
    expect(state.publications.get('supabase_realtime')!.tables.map((member) => member.table)).toEqual([
      'public.renamed',
    ]);
    expect(JSON.stringify(table(state, 'public.child').policies[0]!.using!.node)).toContain(
      '"relname":"renamed"',
    );
  });

  test('a renamed column is renamed in its policies, and only where it is meant', () => {
    const state = fold(`
      create table t (owner uuid, a int);
      create table other (owner uuid);
      create policy p on t using (owner = auth.uid() and exists (select 1 from other where other.owner = t.owner));
      alter table t rename column owner to user_id`);
    const text = JSON.stringify(table(state).policies[0]!.using!.node);
    expect(text.match(/"user_id"/g)).toHaveLength(2);
    expect(text.match(/"owner"/g)).toHaveLength(1);
  });

  test('what is renamed is no new object', () => {
    const before = fold('create table t (id int)');
    const { touched, created } = step('alter table t rename to u; create table t (id int)', before);
    expect(touched).toEqual([
      { kind: 'table', key: 'public.t' },
      { kind: 'table', key: 'public.u' },
    ]);
    expect(created).toEqual([{ kind: 'table', key: 'public.t' }]);
  });

  test('a function whose argument is a renamed type gets another key', () => {
    const state = fold(`
      create type mood as enum ('a');
      create function f(mood[]) returns mood language sql as 'select null';
      alter type mood rename to feeling`);
    expect(state.routines.get('public.f(public.feeling[])')?.returns).toBe('public.feeling');
  });
});

describe('DROP … CASCADE', () => {
  test('takes policies, views and foreign keys that name the table', () => {
    const state = fold(`
      create table t (id int primary key);
      create table child (t int references t);
      create policy p on child using (exists (select 1 from t));
      create policy q on child using (true);
      create view v as select id from t;
      create view w as select id from v;
      drop table t cascade`);
    expect(table(state, 'public.child').policies.map((policy) => policy.name)).toEqual(['q']);
    expect(table(state, 'public.child').foreignKeys).toEqual([]);
    expect([...state.views.keys()].filter((key) => key.startsWith('public.'))).toEqual([]);
  });

  test('of a function takes its triggers and the policies that call it', () => {
    const state = fold(`
      create function f() returns trigger language plpgsql as '';
      create function g(int) returns boolean language sql as 'select true';
      create table t (a int);
      create trigger trg before insert on t for each row execute function f();
      create policy p on t using (g(a));
      drop function f cascade; drop function g(int) cascade`);
    expect(table(state)).toMatchObject({ triggers: [], policies: [] });
  });
});

describe('grants', () => {
  const grantees = (state: SchemaState, privilege: string) =>
    table(state)
      .grants.filter((grant) => grant.privilege === privilege)
      .map((grant) => grant.grantee)
      .sort();

  test('new tables are granted by the era they are made in', () => {
    const [automatic, explicit] = foldAll(
      emptyState({ era: 'automatic' }),
      [parseSource('1.sql', 'create table t (a int)'), parseSource('2.sql', 'create table u (a int)')],
      (source) => (source.path === '1.sql' ? 'automatic' : 'explicit'),
    );
    expect(grantees(automatic!.after, 'select')).toEqual(['anon', 'authenticated', 'service_role']);
    const grants = table(explicit!.after, 'public.u').grants;
    expect(grants.filter((grant) => grant.privilege === 'select')).toEqual([]);
    expect(grants.filter((grant) => grant.privilege === 'truncate')).toHaveLength(3);
    expect(grantees(explicit!.after, 'select')).toHaveLength(3);
  });

  test('REVOKE from the API roles leaves EXECUTE of PUBLIC', () => {
    const state = fold(
      "create function f() returns int language sql as 'select 1'; revoke execute on function f from anon, authenticated",
    );
    expect(state.routines.get('public.f()')!.grants.map((grant) => grant.grantee)).toEqual([
      'public',
      'service_role',
    ]);
  });

  test('REVOKE on a table of the platform leaves what its owner granted', () => {
    const before = emptyState({ era: 'automatic' }).tables.get('storage.objects')!.grants;
    const { grants } = table(fold('revoke all on storage.objects from anon'), 'storage.objects');
    expect(grants).toEqual(before);
  });

  test('revoked from the table, a privilege is revoked from its columns', () => {
    const state = fold(`create table t (a int, b int); revoke all on t from anon;
      grant select (a, b), insert (a) on t to anon; revoke select on t from anon`);
    expect(table(state).grants.filter((grant) => grant.grantee === 'anon')).toMatchObject([
      { privilege: 'insert', columns: ['a'], origin: { line: 2 } },
    ]);
  });
});

describe('views', () => {
  test('CREATE OR REPLACE without options loses security_invoker and keeps grants', () => {
    const state = fold(`create table t (a int);
      create view v with (security_invoker = on) as select a from t;
      revoke all on v from anon;
      create or replace view v as select a from t`);
    const view = state.views.get('public.v')!;
    expect(view).toMatchObject({ securityInvoker: false, columns: ['a'], reads: ['public.t'] });
    expect(view.grants.some((grant) => grant.grantee === 'anon')).toBe(false);
  });

  test('a star shows columns merged by USING once', () => {
    const state = fold(`create table a (id int, x int); create table b (id int, y int);
      create view v as select * from a join b using (id);
      create view w as select b.*, a.x from a join b using (id)`);
    expect(state.views.get('public.v')!.columns).toEqual(['id', 'x', 'y']);
    expect(state.views.get('public.w')!.columns).toEqual(['id', 'y', 'x']);
  });
});

describe('functions', () => {
  test('replacing keeps grants and takes the settings of the new statement alone', () => {
    const state = fold(`
      create function f(a int, b text default 'x') returns setof auth.users language sql security definer
        set search_path = '' as 'select 1';
      revoke execute on function f(int, text) from public;
      create or replace function f(a int, b text) returns setof auth.users language sql as 'select 2'`);
    expect(state.routines.get('public.f(integer, text)')).toMatchObject({
      securityDefiner: false,
      config: {},
      returns: 'SETOF auth.users',
      body: 'select 2',
      grants: [{ grantee: 'anon' }, { grantee: 'authenticated' }, { grantee: 'service_role' }],
    });
  });

  test('search_path is kept as the catalog keeps it', () => {
    const state = fold(`create function f() returns int language sql set search_path = '' as 'select 1';
      create function g() returns int language sql set search_path = public, pg_temp as 'select 1'`);
    expect(state.routines.get('public.f()')!.config).toEqual({ search_path: '""' });
    expect(state.routines.get('public.g()')!.config).toEqual({ search_path: 'public, pg_temp' });
  });
});

test('a search path that the file sets decides where things are made', () => {
  const state = fold(
    "create schema app; select set_config('search_path', 'app', false); create table t (a int)",
  );
  expect(state.tables.has('app.t')).toBe(true);
  expect(fold('create table t (a int)', state).tables.has('public.t')).toBe(true);
});

test('buckets are followed where literals tell them', () => {
  const state = fold(`
    insert into storage.buckets (id, name, public) values ('a', 'a', true), ('b', 'b', false) on conflict do nothing;
    update storage.buckets set public = false where id = 'a';
    delete from storage.buckets where id in ('b')`);
  expect([...state.buckets.values()].map(({ id, public: isPublic }) => [id, isPublic])).toEqual([
    ['a', false],
  ]);
});

test('what a file with a syntax error would take away still stands, unless it makes it again', () => {
  const before = fold(`
    create table t (id int primary key, a int, b int, constraint low check (a < 9), constraint high check (b > 0));
    create table u (id int);
    create function f() returns int language sql as 'select 1';
    create function g() returns int language sql as 'select 1';
    create type mood as enum ('ok');
    create policy p on t for select using (true);
    create policy q on t for select using (true);`);
  const broken = `
    drop table u;
    drop function f();
    drop function g();
    drop type mood;
    drop policy p on t;
    drop policy q on t;
    alter table t drop column b;
    alter table t drop constraint low;
    create function f() returns text language sql as 'select null::text';
    create policy q on t for select using (false);
    alter table t add constraint low check (a < 5);
    create policy if not exists r on t for select using (true);`;
  const after = fold(broken, before);
  expect([...after.tables.keys()].filter((key) => key.startsWith('public.'))).toEqual([
    'public.t',
    'public.u',
  ]);
  expect(
    [...after.routines.values()].flatMap(({ schema, name, returns }) =>
      schema === 'public' ? [name, returns] : [],
    ),
  ).toEqual(expect.arrayContaining(['f', 'text', 'g', 'integer']));
  expect(after.types.has('public.mood')).toBe(true);
  const { columns, policies, checks } = table(after);
  expect(columns.map(({ name }) => name)).toEqual(['id', 'a', 'b']);
  expect(policies.map(({ name, using }) => [name, using?.text]).toSorted()).toEqual([
    ['p', 'true'],
    ['q', 'false'],
  ]);
  expect(checks.map(({ name }) => name).toSorted()).toEqual(['high', 'low']);
  expect(table(fold(broken.replace('if not exists ', ''), before)).columns.map(({ name }) => name)).toEqual([
    'id',
    'a',
  ]);
});

test('what stands behind a syntax error is unknown, and nothing throws', () => {
  const state = fold('create table t (a int);\ncreate tabel u (b int);');
  expect(state.tables.has('public.t')).toBe(true);
  expect(state.unknown).toMatchObject([{ place: { line: 2 }, object: null }]);
});

test('a file that changes nothing gives the state it was given', () => {
  const before = fold('create table t (a int)');
  expect(fold('select 1; insert into t values (1)', before)).toBe(before);
});
