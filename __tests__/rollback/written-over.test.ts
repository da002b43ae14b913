/** What a migration writes over, and copied before: its values and rows are back afterwards, on tables with rows. */
import { back } from '../support/back-on-rows.ts';

const note = `create table public.note (id integer primary key, title text not null, body text, size integer default 1, "order" integer);`;
const kept = 'create table public.kept as select * from public.note;';

const undone = [
  [
    'an UPDATE',
    `${kept} update public.note set title = title || '!', body = null where id < 3;`,
    'UPDATE public.note AS t SET title = k.title, body = k.body FROM public.kept AS k WHERE t.id = k.id AND (t.title IS DISTINCT FROM k.title OR t.body IS DISTINCT FROM k.body)',
  ],
  [
    'an UPDATE of what the same condition picked',
    `create table public.kept as select n.id, n."order" as was from public.note n where n.id < 3;
     update public.note set "order" = 7 where note.id < 3;`,
    'UPDATE public.note AS t SET "order" = k.was FROM public.kept AS k WHERE t.id = k.id AND t."order" IS DISTINCT FROM k.was',
  ],
  [
    'a DELETE',
    `select * into public.kept from public.note where id > 1; delete from public.note where id > 1;`,
    'INSERT INTO public.note (id, title, body, size, "order") SELECT k.id, k.title, k.body, k.size, k."order" FROM public.kept AS k WHERE NOT EXISTS (SELECT FROM public.note AS t WHERE t.id = k.id)',
  ],
  [
    'a TRUNCATE, from a table that is made first',
    `create table public.kept (like public.note, kept_at timestamptz default now());
     insert into public.kept select * from public.note; truncate public.note;`,
    'INSERT INTO public.note (id, title,',
  ],
  [
    'a change of the type',
    `${kept} alter table public.note alter column title type integer using length(title);`,
    'UPDATE public.note AS t SET title = k.title FROM public.kept',
  ],
  [
    'a change of the type, from columns that are named',
    `create table public.kept (note integer, was text);
     insert into public.kept (was, note) select title, id from public.note;
     alter table public.note alter column title type varchar(1) using left(title, 1);`,
    'UPDATE public.note AS t SET title = k.was FROM public.kept AS k WHERE t.id = k.note',
  ],
  [
    'rows as JSON',
    `create table public.kept as select to_jsonb(n) as old from public.note n; update public.note set body = 'x';`,
    'UPDATE public.note AS t SET body = r.body FROM public.kept AS k, jsonb_populate_record(NULL::public.note, k.old) AS r WHERE t.id = r.id',
  ],
  [
    'UPDATE, DELETE and a dropped column',
    `${kept} update public.note set title = 'x'; delete from public.note where id = 2; alter table public.note drop column body;`,
    'UPDATE public.note AS t SET title = k.title',
  ],
  [
    'two UPDATEs of one column, from two copies',
    `${kept} update public.note set title = 'x';
     create table public.later as select id, size from public.note; update public.note set size = 5;`,
    'SET size = k.size FROM public.later',
  ],
] as const;

/** Every case on tables of its own. */
const own = (sql: string, i: number) =>
  sql
    .replaceAll('public.note', `public.note_${i}`)
    .replaceAll(/public\.(kept|later)/g, `public.$1_${i}`)
    .replaceAll('note.id', `note_${i}.id`);

test('values and rows come back from a copy', async () => {
  const [result] = await back(undone.map((_, i) => own(note, i)).join('\n'), {
    '20260102000000_up.sql': undone.map(([, up], i) => own(up, i)).join('\n'),
  });
  for (const [i, [, , sql]] of undone.entries()) expect(result!.sql).toContain(own(sql, i));
  expect(result).toMatchObject({
    status: 'restores',
    losesData: [],
    error: null,
    detail: null,
    upAgain: true,
  });
  const copies = undone.length + 1;
  expect(
    result!
      .sql!.trim()
      .split('\n')
      .slice(-copies)
      .every((line) => line.startsWith('DROP TABLE')),
  ).toBe(true);
}, 60_000);

test('between the old constraints and the new ones', async () => {
  const [result] = await back(
    `create table public.note (id bigint generated always as identity primary key, mood text not null check (mood <> 'new'), at json);`,
    {
      '20260102000000_up.sql': `${kept}
        alter table public.note drop constraint note_mood_check; alter table public.note alter column mood drop not null;
        update public.note set mood = 'new', at = '{}'; update public.note set mood = null where id = 1;
        alter table public.note add constraint moods check (mood = 'new');
        truncate public.note restart identity;`,
    },
  );
  expect(result).toMatchObject({ status: 'restores', losesData: [], error: null, detail: null });
  expect(result!.sql).toContain('OVERRIDING SYSTEM VALUE SELECT');
  expect(result!.sql).toContain("SELECT setval(pg_get_serial_sequence('public.note', 'id'), max(id))");
  expect(result!.sql).toContain('t.at::text IS DISTINCT FROM k.at::text');
}, 60_000);

test('parents come back before their children', async () => {
  const [result] = await back(
    `create table public.owner (id integer primary key);
     create table public.dog (id integer primary key, owner integer not null references public.owner);`,
    {
      '20260102000000_up.sql': `create table public.dogs as select * from public.dog; create table public.owners as select * from public.owner;
        delete from public.dog; delete from public.owner;`,
    },
  );
  expect(result).toMatchObject({ status: 'restores', losesData: [], error: null, detail: null });
  expect(result!.sql!.indexOf('INTO public.owner ')).toBeLessThan(result!.sql!.indexOf('INTO public.dog '));
}, 60_000);

const unused = [
  [
    'holds no key',
    'create table public.kept as select title from public.note; update public.note set title = 1;',
  ],
  [
    'holds other rows',
    'create table public.kept as select * from public.note where id = 2; update public.note set title = 1;',
  ],
  ['is made after it', `update public.note set title = 1; ${kept}`],
  ['is written on', `${kept} update public.kept set title = 2; update public.note set title = 1;`],
  [
    'holds another type',
    'create table public.kept as select id, title::varchar as title from public.note; update public.note set title = 1;',
  ],
  ['stands beside a key that changes', `${kept} update public.note set id = id + 10, title = 1;`],
  [
    'is made after somebody else wrote',
    `insert into public.note (id, title) values (99, 'x'); ${kept} delete from public.note;`,
  ],
  [
    'the condition looks into a table that changes in between',
    `create table public.later (id integer); insert into public.later values (1);
     create table public.kept as select * from public.note where id in (select id from public.later);
     insert into public.later values (2);
     delete from public.note where id in (select id from public.later);`,
  ],
  [
    'a block writes on it ahead of the copy',
    `do $$ begin update public.note set title = 'block'; end $$; ${kept} update public.note set title = 'x';`,
  ],
] as const;

test('a copy is not used where it is not certain', async () => {
  const [result] = await back(unused.map((_, i) => own(note, i)).join('\n'), {
    '20260102000000_up.sql': unused.map(([, up], i) => own(up, i)).join('\n'),
  });
  expect(result!.status).toBe('irreversible');
  expect(result!.sql).not.toMatch(/^(UPDATE|INSERT)/m);
  for (const i of unused.keys()) expect(result!.losesData.join()).toContain(`public.note_${i} `);
}, 60_000);
