/** The way back where tables hold rows: what is lost is seen, and what needs a COMMIT is run with one. */
import { back } from '../support/back-on-rows.ts';
import { engineKinds } from '../support/replay.ts';

const notes = `create table public.note (id integer primary key, title text not null, body text, size integer default 1);
  create table public.old (id integer primary key, word text)`;

test.each(engineKinds)(
  'what is lost is said object by object, with how many rows were seen to lose it (%s)',
  async (kind) => {
    const [result] = await back(
      notes,
      {
        '20260102000000_drop.sql': `alter table public.note drop column body; drop table public.old;
          do $$ begin update public.note set title = title || '!' where id < 3; end $$;
          delete from public.note where id = 99`,
      },
      {},
      kind,
    );
    expect(result).toMatchObject({ status: 'irreversible', plan: 'generated', error: null, upAgain: true });
    expect(result!.losesData).toEqual([
      'the values of public.note.body (seen: 2 of 3 rows)',
      'the rows of public.old (seen: 3 of 3 rows)',
      'rows of public.note (DELETE, line 3) (not seen on the rows tried)',
      'former values of title in public.note (seen: 2 of 3 rows)',
    ]);
  },
);

test('what a later file of the change takes is no loss of those before it', async () => {
  const [first, second] = await back(notes, {
    '20260102000000_a.sql': `alter table public.note add column tag text; alter table public.note drop column size;
      delete from public.note where id = 1`,
    '20260103000000_b.sql': 'drop table public.old; delete from public.note where id = 2',
  });
  expect(first!.losesData).toEqual([
    'the values of public.note.size (seen: 1 of 2 rows)',
    'rows of public.note (DELETE, line 2) (seen: 1 of 2 rows)',
  ]);
  expect(second!.losesData).toEqual([
    'the rows of public.old (seen: 3 of 3 rows)',
    'rows of public.note (DELETE, line 1) (seen: 1 of 2 rows)',
  ]);
});

test('a way back that keeps a copy loses nothing, whatever the schema says', async () => {
  const [result] = await back(
    notes,
    {
      '20260102000000_keep.sql': `create table public.kept as select id, body from public.note;
        alter table public.note drop column body`,
    },
    {
      '20260102000000_keep.sql': `alter table public.note add column body text;
        update public.note n set body = k.body from public.kept k where k.id = n.id; drop table public.kept`,
    },
  );
  expect(result).toMatchObject({ plan: 'file', status: 'restores', losesData: [] });
});

test('a given way back that stops on rows fails, with its line; one that was written here says so', async () => {
  const up = 'alter table public.note drop column title';
  const [given] = await back(
    notes,
    { '20260102000000_title.sql': up },
    {
      '20260102000000_title.sql': 'begin;\nalter table public.note add column title text not null;\ncommit;',
    },
  );
  expect(given).toMatchObject({ status: 'failed', error: { sqlstate: '23502', line: 2 } });
  const [key] = await back(notes, { '20260102000000_key.sql': 'alter table public.note drop column id' });
  expect(key!.status).toBe('irreversible');
  expect(key!.detail).toContain('On tables with rows it stops: column "id"');
});

test('a required column comes back nullable where rows hold no value, and the same SQL given is no failure', async () => {
  const up = { '20260102000000_title.sql': 'alter table public.note drop column title' };
  const [written] = await back(notes, up);
  const lost = ['the values of public.note.title (seen: 3 of 3 rows)'];
  expect(written).toMatchObject({ status: 'irreversible', losesData: lost, detail: null });
  expect(written!.sql).toContain('-- rows hold no value for it: with rows it comes back nullable');
  const [given] = await back(notes, up, { '20260102000000_title.sql': written!.sql! });
  expect(given).toMatchObject({ plan: 'file', status: 'irreversible', losesData: lost, error: null });
}, 60_000);

test('a column with a default comes back on rows', async () => {
  const [result] = await back(
    `create table public.t (id integer primary key, state text not null default 'open')`,
    { '20260102000000_state.sql': 'alter table public.t drop column state' },
  );
  expect(result).toMatchObject({ status: 'irreversible', error: null, detail: null });
  expect(result!.sql).toContain(`ADD COLUMN state text DEFAULT 'open'::text NOT NULL`);
});

test('what needs a COMMIT on the way is run with one: up, back, up', async () => {
  const [result] = await back(
    `create type public.state as enum ('open'); create table public.t (id integer primary key, state public.state not null default 'open')`,
    {
      '20260102000000_done.sql': `alter type public.state add value 'done';
        commit; alter table public.t alter column state set default 'done'`,
    },
  );
  expect(result).toMatchObject({ status: 'restores', upAgain: true, detail: null, differences: [] });
});

test('CONCURRENTLY is run as it stands, and what it leaves is seen', async () => {
  const [result] = await back(
    notes,
    { '20260102000000_index.sql': 'create index concurrently by_title on public.note (title)' },
    { '20260102000000_index.sql': 'drop index concurrently public.by_title' },
  );
  expect(result).toMatchObject({ plan: 'file', status: 'restores', upAgain: true, detail: null });
});

test('where the migration itself stops on rows, nothing is claimed to be seen', async () => {
  const [result] = await back(notes, {
    '20260102000000_unique.sql':
      'alter table public.note drop column body, add constraint one check (id < 2)',
  });
  expect(result).toMatchObject({ status: 'irreversible' });
  expect(result!.losesData).toEqual([
    'the values of public.note.body (not seen on rows: the migration stops on the rows tried)',
  ]);
});

test('a table that was copied before it went comes back with its rows, and the copy goes last', async () => {
  const [result] = await back(
    `create table public.page (
       id bigint generated always as identity primary key, no serial, title text not null default 'x',
       len integer generated always as (length(title)) stored, "Odd Name" text)`,
    {
      '20260102000000_drop.sql': `create table public.page_old as select * from public.page;
        drop table public.page;`,
    },
  );
  expect(result).toMatchObject({ plan: 'generated', status: 'restores', losesData: [], upAgain: true });
  const at = (text: string) => result!.sql!.indexOf(text);
  expect(at('INSERT INTO public.page (id, no, title, "Odd Name")')).toBeGreaterThan(
    at('CREATE TABLE public.page'),
  );
  expect(at('DROP TABLE public.page_old')).toBeGreaterThan(at('FROM public.page_old'));
  // The next number comes after those of the rows.
  expect(result!.sql).toContain(
    "SELECT setval(pg_get_serial_sequence('public.page', 'id'), max(id)) FROM public.page",
  );
  expect(result!.sql).toContain("SELECT setval('public.page_no_seq'::regclass, max(no)) FROM public.page");
}, 60_000);

const numbered = `create table public.invoices (id uuid primary key, number text not null check (number <> ''), word varchar(30));`;

test.each([
  [
    'of the column beside its key, in a schema that the file makes',
    `create schema if not exists archive; create table archive.invoices_number as select id, number from public.invoices;`,
    'UPDATE public.invoices AS t SET number = k.number FROM archive.invoices_number AS k WHERE t.id = k.id',
  ],
  [
    'under another name, and nothing but what it held',
    `create table public.numbers as select i.number as "Old", i.id as invoice from public.invoices i where i.number is not null;`,
    'UPDATE public.invoices AS t SET number = k."Old" FROM public.numbers AS k WHERE t.id = k.invoice',
  ],
  [
    'of the row as JSON',
    `create table public.kept as select to_jsonb(t) as old_row from public.invoices t;`,
    'UPDATE public.invoices AS t SET number = r.number FROM public.kept AS k, jsonb_populate_record(NULL::public.invoices, k.old_row) AS r WHERE t.id = r.id',
  ],
  [
    'of the value as JSON',
    `create table public.kept as select id, to_jsonb(number) as number from public.invoices;`,
    'UPDATE public.invoices AS t SET number = r.number FROM public.kept AS k, jsonb_populate_record(NULL::public.invoices, to_jsonb(k)) AS r WHERE t.id = r.id',
  ],
  [
    'in a block that looks first',
    `do $$ begin if to_regclass('public.invoices') is not null then
       create table public.kept as select * from public.invoices; end if; end $$;`,
    'UPDATE public.invoices AS t SET number = k.number FROM public.kept AS k WHERE t.id = k.id',
  ],
])(
  'a dropped column comes back with its values from a copy %s',
  async (_how, copy, update) => {
    const [result] = await back(numbered, {
      '20260102000000_drop.sql': `${copy} alter table public.invoices drop column number;`,
    });
    expect(result).toMatchObject({
      status: 'restores',
      losesData: [],
      upAgain: true,
      error: null,
      detail: null,
    });
    const order = ['ADD COLUMN number text', update, 'ALTER COLUMN number SET NOT NULL', 'DROP TABLE'];
    const places = order.map((text) => result!.sql!.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(-1);
    if (copy.includes('create schema'))
      expect(result!.sql!.trim()).toMatch(/DROP TABLE archive.invoices_number;\nDROP SCHEMA archive;$/);
  },
  60_000,
);

test('a dropped table comes back with its rows from a copy of them as JSON', async () => {
  const [result] = await back(numbered, {
    '20260102000000_drop.sql': `create schema if not exists archive;
      create table archive.invoices as select to_jsonb(t) as old_row from public.invoices t;
      drop table if exists public.invoices cascade;`,
  });
  expect(result).toMatchObject({ status: 'restores', losesData: [], upAgain: true });
  expect(result!.sql).toContain(
    'INSERT INTO public.invoices (id, number, word) SELECT r.id, r.number, r.word FROM archive.invoices AS k, jsonb_populate_record(NULL::public.invoices, k.old_row) AS r',
  );
}, 60_000);

test('a copy without the key of its rows is not used, and is not dropped without a word', async () => {
  const [result] = await back(numbered, {
    '20260102000000_drop.sql': `create table public.kept as select number from public.invoices;
      alter table public.invoices drop column number;`,
  });
  expect(result!.losesData).toEqual(['the values of public.invoices.number (seen: 3 of 3 rows)']);
  expect(result!.sql).toContain('-- a copy from public.invoices: what it holds is not brought back');
}, 60_000);

test('a copy of some of the rows is no way back', async () => {
  const [result] = await back(notes, {
    '20260102000000_drop.sql': `create table public.kept as select * from public.old where id > 1;
      drop table public.old;`,
  });
  expect(result!.losesData).toEqual([expect.stringMatching(/^the rows of public\.old/)]);
  expect(result!.sql).not.toMatch(/INSERT INTO/);
}, 60_000);

test('the time of the last change, which a trigger or the file itself keeps, is no value that is lost', async () => {
  const [first, second] = await back(
    `create function public.touch() returns trigger language plpgsql as $$ begin
       new.updated_at = timezone('utc', now()); if new.done then new.done_at := now(); end if; return new; end $$;
     create table public.task (id integer primary key, title text, done boolean not null default true, done_at timestamptz not null, updated_at timestamptz not null);
     create trigger touch before insert or update on public.task for each row execute function public.touch();
     create table public.page (id integer primary key, title text, updated_at timestamptz not null, seen_at timestamptz);
     alter table public.task disable trigger touch;`,
    {
      '20260102000000_a.sql': `alter table public.task enable trigger touch; alter table public.task add column size integer;
        create table public.kept as select id, title from public.page; update public.page set title = 'x', updated_at = now();`,
      '20260103000000_b.sql': `do $$ begin update public.task set size = 1; end $$; update public.page set updated_at = now(), seen_at = now();`,
    },
  );
  expect(first).toMatchObject({ status: 'restores', losesData: [] });
  expect(second!.losesData).toEqual([
    expect.stringContaining('former values of seen_at in public.page (UPDATE, line 1)'),
    expect.stringContaining('former values of done_at, size in public.task (seen: '),
  ]);
}, 60_000);
