/** A table that a change does not reach is not asked twice; one that hangs on what changed is. */
import type { AccessMatrix } from '../../src/model/access.ts';
import type { Memory } from '../../src/probes/memory.ts';
import { openStage, type Stage } from './story.ts';

const schema = `
create type public.mood as enum ('calm', 'loud');
create table public.members (team text not null, user_id uuid not null references auth.users (id) on delete cascade, primary key (team, user_id));
create table public.log (id bigint generated always as identity primary key, line text not null);
create table public.notes (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id) on delete cascade, team text, mood public.mood);
create table public.drafts (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id) on delete cascade, title text);
create function public.is_member(team text) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select 1 from public.members m where m.team = is_member.team and m.user_id = (select auth.uid()))
$$;
create function public.write_log() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.log (line) values (tg_op);
  return null;
end;
$$;
create function public.keep_title() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception 'the title stays';
end;
$$;
create trigger kept before update on public.drafts for each row execute function public.keep_title();
create role auditors;
create trigger logged after insert or update or delete on public.notes for each row execute function public.write_log();
alter table public.members enable row level security;
alter table public.log enable row level security;
alter table public.notes enable row level security;
alter table public.drafts enable row level security;
create policy "own" on public.members for select to authenticated using (user_id = (select auth.uid()));
create policy "own or team" on public.notes for all to authenticated using (user_id = (select auth.uid()) or public.is_member(team));
create policy "own" on public.drafts for all to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));`;

/** What is changed, and of which tables it may be said anew. */
const changes: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a new table beside the others',
    'create table public.tags (id bigint primary key, word text);',
    ['public.tags'],
  ],
  [
    'a helper function',
    `create or replace function public.is_member(team text) returns boolean language sql stable security definer set search_path = '' as 'select true';`,
    ['public.members', 'public.notes'],
  ],
  [
    'what a trigger writes to',
    'alter table public.log add column who uuid not null default auth.uid();',
    ['public.log', 'public.notes'],
  ],
  ['a right', 'revoke update on public.drafts from authenticated;', ['public.drafts']],
  [
    'a child that keeps its parent',
    'create table public.replies (id uuid primary key, draft_id uuid not null references public.drafts (id));',
    ['public.drafts', 'public.replies'],
  ],
  ['rows', `insert into public.log (line) values ('by hand');`, ['public.log', 'public.notes']],
  [
    'when a trigger acts',
    `drop trigger kept on public.drafts;
     create trigger kept before update on public.drafts for each row when (new.title is null) execute function public.keep_title();`,
    ['public.drafts'],
  ],
  [
    'a rule that does something else instead',
    'create rule quiet as on insert to public.drafts do instead nothing;',
    ['public.drafts'],
  ],
  [
    'in which roles a role is',
    'grant select on public.log to auditors; grant auditors to authenticated;',
    ['public.drafts', 'public.log', 'public.members', 'public.notes'],
  ],
  ['nothing', 'select 1;', []],
];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});
afterEach(async () => {
  await stage.clear();
  await stage.engine.admin.exec('drop role if exists auditors');
});

test.each(changes)('%s', async (_, change, anew) => {
  await stage.apply(schema);
  const memory: Memory = new Map();
  const base = await stage.probe({}, null, memory);
  const before = new Set(memory.values());
  await stage.apply(change);
  const remembered = await stage.probe({}, base, memory);
  expect(remembered).toEqual(await stage.probe({}, base));
  const asked = [...memory.values()].filter((seen) => !before.has(seen)).map(({ access }) => access.object);
  expect(asked.toSorted()).toEqual(anew);
  expect(tablesOf(remembered)).toEqual(expect.arrayContaining(['public.drafts', 'public.notes']));
});

const tablesOf = ({ objects }: AccessMatrix) =>
  objects.filter(({ kind }) => kind === 'table').map(({ object }) => object);
