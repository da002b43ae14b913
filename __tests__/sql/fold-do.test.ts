import type { SchemaState } from '../../src/model/schema.ts';
import { walkDo } from '../../src/sql/do.ts';
import { emptyState, foldFile } from '../../src/sql/fold/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

beforeAll(loadParser);

const start = () => emptyState({ era: 'automatic' });
const fold = (sql: string, before: SchemaState = start()) =>
  foldFile(before, parseSource('do.sql', sql), { era: 'automatic' }).after;

test('literal statements are folded, with their places in the file', () => {
  const state = fold('-- ä\ndo $$\nbegin\n  create table t (\n    id int\n  );\nend$$;');
  expect(state.tables.get('public.t')!.columns[0]!.origin).toMatchObject({
    file: 'do.sql',
    line: 5,
    column: 5,
    endLine: 5,
    endColumn: 11,
  });
});

test('IF NOT EXISTS on the catalog is answered from the state', () => {
  const guarded = `do $do$ begin
    if not exists (select 1 from pg_policies where schemaname = 'public' and tablename = 't' and policyname = 'p') then
      create policy p on t using (true);
    end if;
  end $do$`;
  const once = fold(`create table t (a int); ${guarded}`);
  expect(once.tables.get('public.t')!.policies).toHaveLength(1);
  const twice = fold(guarded, once);
  expect(twice).toBe(once);
});

test('a column is renamed only where it is there', () => {
  const sql = `do $$ begin
    if exists (select 1 from information_schema.columns c where c.table_name = 't' and c.column_name = 'old') then
      alter table t rename column old to new;
    else alter table t add column added int; end if; end $$`;
  const columns = (ddl: string) =>
    fold(`${ddl}; ${sql}`)
      .tables.get('public.t')!
      .columns.map((column) => column.name);
  expect(columns('create table t (old int)')).toEqual(['new']);
  expect(columns('create table t (other int)')).toEqual(['other', 'added']);
});

test('a type that may be there already is no conflict where the error is caught', () => {
  const sql =
    "do $$ begin create type mood as enum ('a'); exception when duplicate_object then null; end $$;";
  const state = fold(`${sql}${sql}`);
  expect(state.types.get('public.mood')!.values).toEqual(['a']);
  expect(state.unknown).toEqual([]);
});

test('loops over arrays, queries and values are gone through', () => {
  const state = fold(`create table a (x int); create table b (x int); create table c (x int);
    create policy one on a using (true); create policy two on b using (true);
    do $$ declare r record; t text; names text[] := array['a', 'b']; begin
      foreach t in array names loop
        execute format('alter table public.%I enable row level security', t);
      end loop;
      for r in (select policyname, tablename from pg_policies where schemaname = 'public') loop
        execute 'drop policy ' || quote_ident(r.policyname) || ' on public.' || r.tablename;
      end loop;
      for t in select unnest(array['c']) loop
        execute format($f$create policy %I on %s for select using (true)$f$, t || '_read', t);
      end loop;
    end $$`);
  const shown = ['a', 'b', 'c'].map((name) => state.tables.get(`public.${name}`)!);
  expect(shown.map(({ rls, policies }) => [rls, policies.map((policy) => policy.name)])).toEqual([
    [true, []],
    [true, []],
    [false, ['c_read']],
  ]);
  expect(state.unknown).toEqual([]);
});

test('what can not be known is said, with the table it is about', () => {
  const state = fold(`create table t (a int);
do $$ begin
  if (select count(*) from t) > 0 then
    alter table t enable row level security;
  end if;
  execute (select string_agg(x, ';') from t);
end $$`);
  expect(state.unknown).toMatchObject([
    { place: { line: 4 }, object: { kind: 'table', key: 'public.t' } },
    { place: { line: 6 }, object: null },
  ]);
});

test('a table that is missing is passed over where the error is caught', () => {
  const state = fold(
    'do $$ begin alter table gone add column a int; exception when others then null; end $$',
  );
  expect(state.tables.has('public.gone')).toBe(false);
  expect(state.unknown).toEqual([]);
});

test('walkDo gives the literal statements with file positions and when they run', () => {
  const source = parseSource(
    'do.sql',
    `do $$ begin
  create index on t (a);
  if true then drop table x; end if;
  execute 'drop table y';
  for i in 1..2 loop delete from z; end loop;
exception when others then drop table w;
end $$;`,
  );
  const inner = walkDo(source, source.statements[0]!);
  expect(
    inner.map(({ statement, when, caught }) => [statement.sql, statement.span.line, when, caught]),
  ).toEqual([
    ['create index on t (a)', 2, 'always', true],
    ['drop table x', 3, 'condition', true],
    ['drop table y', 4, 'always', true],
    ['delete from z', 5, 'loop', true],
    ['drop table w', 6, 'handler', false],
  ]);
  const range = inner[0]!.statement.node.relation;
  expect(source.text.slice(source.offsetOfByte(range.location))).toMatch(/^t \(a\)/);
});

test('a function that a migration made is followed where it is called', () => {
  const state = fold(`
    create table t (a int);
    create function secure(name text) returns void language plpgsql as $$
      begin execute format('alter table %I enable row level security', name); end $$;
    select secure('t');
    create function count_rows() returns bigint language sql as 'select count(*) from t';
    select count_rows()`);
  expect(state.tables.get('public.t')).toMatchObject({ rls: true, rlsOrigin: { line: 5 } });
  expect(state.unknown).toEqual([]);
});

test('a variable that decides what runs is worked out', () => {
  const state = fold(`create table t (a int); create view v as select a from t;
    do $$ declare kind char; name text := 'v'; n int; begin
      select c.relkind into kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relname = name;
      n := 1;
      if kind = 'v' and n = 1 then execute 'drop view ' || name; end if;
    end $$`);
  expect(state.views.has('public.v')).toBe(false);
  expect(state.unknown).toEqual([]);
});

test('where a dynamic statement is not known, the tables that its block changes are not either', () => {
  const state = fold(`create table t (a int); create policy p on t using (true);
    do $$ declare made text; begin
      drop policy p on t;
      select some_setting into made from app_settings;
      execute made;
    end $$`);
  expect(state.tables.get('public.t')!.policies).toEqual([]);
  expect(state.tables.get('public.t')!.unknown).toMatchObject([{ about: 'block' }]);
});

test('a loop over what is not known may reach any table', () => {
  const state = fold(`create table t (a int);
    do $$ declare n text; begin
      for n in select tablename from chosen loop execute format('alter table %I enable row level security', n); end loop;
    end $$`);
  expect(state.unknown).toMatchObject([{ about: 'any', object: null }]);
  expect(state.tables.get('public.t')!.unknown).toEqual([]);
});

test('a statement in it that names its table is about no other', () => {
  const state = fold(`create table t (a int); create table u (a int);
    do $$ declare n text; begin
      for n in select tablename from chosen loop alter table t enable row level security; end loop;
    end $$`);
  expect(state.unknown).toMatchObject([{ about: 'else', object: { key: 'public.t' } }]);
  expect(state.tables.get('public.t')!.unknown).toMatchObject([{ about: 'else' }]);
});

test('what can not be read may reach any table, if it bears on the schema at all', () => {
  const of = (sql: string) => fold(`create table t (a int); ${sql}`).unknown.map(({ about }) => about);
  expect(of(`do $$ plv8.execute('alter table t enable row level security') $$ language plv8`)).toEqual([
    'any',
  ]);
  expect(of(`do $$ plv8.elog(NOTICE, 'done') $$ language plv8`)).toEqual([]);
  const called = (body: string, language: string) =>
    of(`create function f() returns void language ${language} as $$ ${body} $$; select f()`);
  expect(called(`plv8.execute('alter table t enable row level security')`, 'plv8')).toEqual(['any']);
  expect(called('begin alter table t enable row level security', 'plpgsql')).toEqual(['any']);
});

test('a type that no migration makes leaves some columns unknown', () => {
  expect(fold('create table t (a mood)').tables.get('public.t')!.unknown).toMatchObject([
    { about: 'columns' },
  ]);
});

const chain = (body: (callee: string) => string) =>
  Array.from({ length: 8 }, (_, at) => body(at === 0 ? 'now' : `public.f${at - 1}`))
    .map(
      (text, at) =>
        `create function public.f${at}() returns void language plpgsql as $f$ begin ${text} /* create */ end $f$;`,
    )
    .join('\n');

// Each would take minutes, or all memory, if it were gone through: what a stranger's block does is then not known.
test.each([
  [
    'a pattern that backtracks',
    `do $$ begin if '${'a'.repeat(40)}!' ~ '^(a+)+$' then create table t (a int); end if; end $$`,
  ],
  [
    'one with many stars',
    `do $$ begin if '${'a'.repeat(400)}' ~ 'a*a*a*a*a*b' then create table t (a int); end if; end $$`,
  ],
  [
    'a text that doubles',
    `do $$ declare x text := 'create'; begin ${'x := x || x; '.repeat(60)} execute x; end $$`,
  ],
  [
    'a text that is replaced by longer ones',
    `do $$ declare x text := 'aaaaaaaaaa'; begin ${"x := replace(x, 'a', 'aaaaaaaaaa'); ".repeat(12)} execute x; end $$`,
  ],
  [
    'a format that repeats',
    `do $$ declare x text := '${'a'.repeat(90_000)}'; begin x := format('${'%1$s'.repeat(50_000)}', x); execute x; end $$`,
  ],
  [
    'an array that doubles',
    `do $$ declare x text[] := array['a']; y text; begin ${'x := x || x; '.repeat(60)} foreach y in array x loop execute y; end loop; end $$`,
  ],
  [
    'functions that call functions',
    `${chain((callee) => `perform ${callee}(); `.repeat(12))} select public.f7();`,
  ],
  [
    'loops in loops by way of functions',
    `${chain((callee) => `for i in 1..1900 loop perform ${callee}(); end loop; `)} select public.f7();`,
  ],
])('%s is given up', (_what, sql) => {
  const state = fold(sql);
  expect(state.tables.has('public.t')).toBe(false);
  expect(state.unknown.length).toBeGreaterThan(0);
});

test('LIKE is answered as Postgres answers it', () => {
  const holds = (condition: string) =>
    fold(`do $$ begin if ${condition} then create table t (a int); end if; end $$`).tables.has('public.t');
  for (const condition of [
    "'audit_log' like 'audit%'",
    "'audit_log' like '%\\_log'",
    "'audit_log' like 'a%_%g'",
    "'audit_log' ilike 'AUDIT%'",
    "'audit_log' not like '%logs'",
    "'' like '%'",
    `'${'a'.repeat(300)}' not like '%a%a%a%a%a%a%a%b'`,
    "'audit_log' ~ '^audit'",
    "'audit_log' !~* '^LOG'",
  ])
    expect([condition, holds(condition)]).toEqual([condition, true]);
  for (const condition of ["'auditXlog' like '%\\_log'", "'audit_log' like 'audit'", "'' like '_'"])
    expect([condition, holds(condition)]).toEqual([condition, false]);
});

test.each([
  [
    'that makes a table in each turn',
    Array.from(
      { length: 12 },
      (_, block) =>
        `do $$ begin for i in 1..2000 loop execute 'create table t_${block}_' || i || ' (id uuid primary key)'; end loop; end $$;`,
    ).join('\n'),
  ],
  [
    'whose SQL grows with each turn',
    `do $$ declare s text := 'select 1'; begin for i in 1..2000 loop s := s || '; create table a' || i || ' (id int)'; execute s; end loop; end $$;`,
  ],
  [
    'that runs blocks',
    `do $$ begin for i in 1..2000 loop execute 'do $x$ begin for j in 1..2000 loop execute ''create table q'' || j || ''(id int)''; end loop; end $x$'; end loop; end $$;`,
  ],
])('a block %s is given up in time, and said to be unknown', (_what, sql) => {
  fold('create table warm_up (id int)');
  const started = performance.now();
  const { unknown } = fold(sql);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(unknown.map(({ why }) => why)).toContain('what else this block does: it runs too many statements');
});
