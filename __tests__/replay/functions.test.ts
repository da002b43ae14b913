import type { ReplayFacts } from '../../src/model/replay.ts';
import { type Story, withReplay } from '../support/replay.ts';

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

// On one engine: engines.test.ts holds the two together.
describe.each(['server'] as const)('on the %s engine', (kind) => {
  async function broken(story: Story): Promise<ReplayFacts['brokenFunctions']> {
    let facts!: ReplayFacts;
    await withReplay(kind, story, async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      await replay.functions();
      facts = replay.facts();
    });
    expect(facts.runs.filter(({ status }) => status !== 'applied')).toEqual([]);
    return facts.brokenFunctions;
  }

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
    // "uses_email" asks in an expression: those are not looked into.
    expect(found.map(({ function: name, path, error }) => [name, path, error.message])).toEqual([
      ['public.reads_email()', null, 'column "email" does not exist'],
    ]);
  });
});
