import type { ReplayFacts } from '../../src/model/replay.ts';
import { engineKinds, type Story, withReplay } from '../support/replay.ts';

describe.each(engineKinds)('on the %s engine', (kind) => {
  async function replayed(story: Story, look?: (facts: ReplayFacts) => void): Promise<ReplayFacts> {
    let facts!: ReplayFacts;
    await withReplay(kind, story, async (replay) => {
      await replay.base();
      await replay.changes();
      facts = replay.facts();
      look?.(facts);
    });
    return facts;
  }

  test('base and change apply as an ordinary postgres, and the history knows both', async () => {
    await withReplay(
      kind,
      {
        base: { '20240101000000_a.sql': 'create table public.notes (id bigint primary key);' },
        added: {
          '20240102000000_b.sql':
            "-- adds a word\nalter table public.notes add column word text;\ncreate policy p on storage.objects for select using (bucket_id = 'a');",
        },
      },
      async (replay) => {
        await replay.base();
        await replay.changes();
        const facts = replay.facts();
        expect(facts.base).toEqual({
          reproducible: true,
          applied: 1,
          total: 1,
          firstFailure: null,
          failedStatements: 0,
        });
        const run = facts.runs.at(-1)!;
        expect(run).toMatchObject({
          path: 'supabase/migrations/20240102000000_b.sql',
          status: 'applied',
          error: null,
        });
        expect(run.statements[0]).toMatchObject({
          line: 2,
          kind: 'AlterTableStmt',
          status: 'applied',
          locks: [{ relation: 'public.notes', mode: 'AccessExclusiveLock' }],
          rewrites: [],
        });
        expect(
          await replay.engine.admin.query(
            'select version, name, statements::text from supabase_migrations.schema_migrations order by 1',
          ),
        ).toMatchObject([
          { version: '20240101000000', name: 'a' },
          { version: '20240102000000', name: 'b' },
        ]);
      },
    );
  });

  test('a failing statement is reported at its line and column, and what can be applied is', async () => {
    await withReplay(
      kind,
      {
        base: { '1_a.sql': 'create table public.t (id int);' },
        added: {
          '2_b.sql':
            'create table public.u (id int);\n\n  alter table public.t\n    add column x numberr;\ncreate table public.v (id int);',
        },
      },
      async (replay) => {
        await replay.base();
        await replay.changes();
        const run = replay.facts().runs.at(-1)!;
        expect(run).toMatchObject({
          status: 'failed',
          error: {
            sqlstate: '42704',
            message: 'type "numberr" does not exist',
            line: 4,
            lineColumn: 18,
            alsoOnBase: false,
          },
        });
        expect(run.statements.map((s) => s.status)).toEqual(['applied', 'failed', 'applied']);
        expect(
          await replay.engine.admin.query(
            "select to_regclass('public.v') is not null as v, (select count(*) from supabase_migrations.schema_migrations) as n",
          ),
        ).toEqual([{ v: 't', n: '1' }]);
      },
    );
  });

  test('CONCURRENTLY runs alone in a file, and fails between BEGIN and COMMIT', async () => {
    const base = { '1_a.sql': 'create table public.t (id int);' };
    const alone = await replayed({
      base,
      added: {
        '2_b.sql':
          'alter table public.t add x int;\ncreate index concurrently i on public.t (id);\ncreate index concurrently j on public.t (x);',
      },
    });
    expect(alone.runs.at(-1)).toMatchObject({ status: 'applied' });
    const inside = await replayed({
      base,
      added: { '2_b.sql': 'begin;\ncreate index concurrently i on public.t (id);\ncommit;' },
    });
    expect(inside.runs.at(-1)).toMatchObject({ status: 'failed', error: { sqlstate: '25001', line: 2 } });
  });

  test('COMMIT in a file keeps what stands before it when a later statement fails', async () => {
    const facts = await replayed({
      added: { '2_b.sql': 'begin;\ncreate table public.kept (id int);\ncommit;\nselect 1/0;' },
    });
    expect(facts.runs[0]).toMatchObject({ status: 'failed', error: { sqlstate: '22012', line: 4 } });
  });

  test('two files of one version: the second fails with 23505', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.a (id int);' },
      added: { '1_b.sql': 'create table public.b (id int);' },
    });
    expect(facts.runs.at(-1)).toMatchObject({ status: 'failed', error: { sqlstate: '23505', line: 1 } });
  });

  test('the era of explicit grants is seen as 42501', async () => {
    await withReplay(
      kind,
      {
        base: { '20260101000000_a.sql': 'create table public.old (id int);' },
        added: { '20261101000000_b.sql': 'create table public.new (id int);' },
        era: (version) => (version < '20261030000000' ? 'automatic' : 'explicit'),
      },
      async (replay) => {
        await replay.base();
        await replay.changes();
        expect(replay.facts().runs.map((run) => run.grants)).toEqual(['automatic', 'explicit']);
        const outcomes = await replay.engine.admin.batch([
          'begin',
          'set local role authenticated',
          'select * from public.old',
          'select * from public.new',
          'rollback',
        ]);
        expect(outcomes.map((o) => (o.ok ? 'ok' : `${o.error.sqlstate} ${o.error.message}`))).toEqual([
          'ok',
          'ok',
          'ok',
          '42501 permission denied for table new',
          'ok',
        ]);
      },
    );
  });

  test('a main that does not apply is gone on with, and a change that needs what it lacks is not blamed', async () => {
    const facts = await replayed({
      base: {
        '1_a.sql':
          "create table public.a (id int);\nalter table public.dashboard_made add column x int;\ncreate table public.b (x int);\ncreate type public.size as enum ('small');",
        '2_b.sql': 'create table public.c (id int);',
      },
      added: {
        '3_c.sql': 'create table public.d (id int);\ncreate index on public.dashboard_made (x);',
        '4_d.sql': 'alter table public.c drop column typo;',
        '5_e.sql': 'create view public.v as select * from public.e;',
        '6_f.sql': 'create function public.f(kind mood) returns int language sql as $$ select 1 $$;',
        '7_g.sql':
          "create function public.g() returns table (kind mood) language sql as $$ select 'low'::mood $$;",
        '91_j.sql':
          "do $$ begin if to_regprocedure('public.made_there()') is null then raise 'not there'; end if; end $$;",
        '92_k.sql': "select 'large'::public.size;",
        '9_i.sql': 'create index on public.c (x); alter table public.c rename column x to y;',
        '8_h.sql':
          "select 'low'::tone;\ncreate type tone_new as enum ('low');\ndrop type tone;\nalter type tone_new rename to tone;",
      },
    });
    expect(facts.base).toMatchObject({
      reproducible: false,
      applied: 1,
      total: 2,
      failedStatements: 1,
      firstFailure: { path: 'supabase/migrations/1_a.sql', line: 2, error: { sqlstate: '42P01' } },
    });
    expect(facts.runs.map(({ path, status }) => `${path.slice(20)} ${status}`)).toEqual([
      '1_a.sql partial',
      '2_b.sql applied',
      '3_c.sql partial',
      '4_d.sql not-checkable',
      '5_e.sql not-checkable',
      '6_f.sql not-checkable',
      '7_g.sql not-checkable',
      '8_h.sql partial',
      '91_j.sql not-checkable',
      '92_k.sql not-checkable',
      '9_i.sql not-checkable',
    ]);
    expect(facts.runs[2]!.statements[1]).toMatchObject({
      status: 'not-checkable',
      reason:
        'No migration makes "dashboard_made", and main does not apply from zero: it may be there already.',
    });
  });

  test('what an earlier file of the pull request failed to make is not held against a later one', async () => {
    const facts = await replayed({
      added: {
        '1_a.sql': 'create table public.a (id int, constraint c check (nope > 0));',
        '2_b.sql': 'alter table public.a add column x int;',
      },
    });
    expect(facts.runs.map((run) => run.status)).toEqual(['failed', 'not-checkable']);
    expect(facts.runs[1]!.statements[0]!.reason).toBe(
      'It needs "a", which line 1 of supabase/migrations/1_a.sql would have made.',
    );
  });

  test("a syntax error is Postgres' own, at its place", async () => {
    const facts = await replayed({
      added: { '1_a.sql': 'create table public.a (id int);\ncreate tabel public.b (id int);' },
    });
    expect(facts.runs[0]).toMatchObject({
      status: 'failed',
      error: { sqlstate: '42601', message: 'syntax error at or near "tabel"', line: 2, lineColumn: 8 },
    });
  });

  test('what a file with a syntax error would take away still stands for those behind it', async () => {
    const story: Story = {
      base: {
        '1_a.sql': 'create table public.a (id int, word text);\ncreate view public.w as select 1 as one;',
        '2_b.sql':
          'drop table public.a cascade;\ndrop view public.w;\ncreate view public.w as select 2 as two;\ncreate tabel public.b (id int);\ncreate table public.c (id int);',
      },
      added: {
        '3_c.sql': 'alter table public.a add column x int;\nselect two from public.w;',
        '4_d.sql': 'alter table public.a drop column x;\ncreate tabel public.d (id int);',
        '5_e.sql': 'alter table public.a rename column x to y;\nalter table public.c add column x int;',
      },
    };
    const { base, runs } = await replayed(story);
    expect(base.applied).toBe(1);
    expect(runs.map(({ status }) => status)).toEqual(['applied', 'partial', 'applied', 'failed', 'applied']);
    expect(runs[1]!.statements.map(({ line, status, reason }) => [line, status, reason])).toEqual([
      [
        1,
        'failed',
        'Postgres refuses the file as a whole for its syntax error, so what stood before still stands.',
      ],
    ]);
  });

  test('an endless loop is ended, and the run goes on without it', async () => {
    const facts = await replayed({
      base: { '1_a.sql': 'create table public.a (id int);' },
      added: {
        '2_b.sql':
          'create table public.b (id int);\ndo $$ begin loop null; end loop; end $$;\ncreate table public.c (id int);',
        '3_c.sql': 'create table public.d (id int references public.nothing);\n',
        '4_d.sql': 'alter table public.a add x int; alter table public.c add x int;',
      },
      limitMs: 700,
    });
    expect(facts.runs.map((run) => run.status)).toEqual(['applied', 'failed', 'failed', 'applied']);
    expect(facts.runs[1]).toMatchObject({ error: { sqlstate: '57014', line: 2 } });
    expect(facts.runs[1]!.statements.map((s) => s.status)).toEqual(['applied', 'failed', 'applied']);
    expect(facts.runs[3]!.statements[0]!.locks).toEqual([
      { relation: 'public.a', mode: 'AccessExclusiveLock' },
    ]);
  });
});

test('a role goes although the copies of the database on the same server still know it', async () => {
  await withReplay(
    'server',
    {
      base: {
        '1_a.sql': 'create role app; create table public.t (id int); grant select on public.t to app;',
      },
      added: {
        '2_b.sql': 'drop role app;',
        '3_c.sql': 'revoke all on public.t from app;\ndrop role app;\ncreate role app nologin;',
      },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      const [, early, late] = replay.facts().runs;
      expect(early).toMatchObject({ status: 'failed', error: { sqlstate: '2BP01', line: 1 } });
      expect(late).toMatchObject({ status: 'applied' });
    },
  );
});

test('a main that does not apply excuses neither a second file of a version nor OLD in a policy', async () => {
  await withReplay(
    'server',
    {
      base: {
        '1_a.sql': 'create table public.t (id int);\nalter table public.made_elsewhere add column x int;',
      },
      added: {
        '1_b.sql': 'create view public.v as select * from public.made_elsewhere;',
        '2_c.sql': 'create policy p on public.t for update with check (old.id = id);',
      },
    },
    async (replay) => {
      await replay.base();
      await replay.mark();
      await replay.changes();
      expect(replay.facts().runs.slice(1)).toMatchObject([
        { status: 'failed', error: { sqlstate: '23505' }, statements: [{ status: 'not-checkable' }] },
        {
          status: 'failed',
          error: { sqlstate: '42P01', message: 'missing FROM-clause entry for table "old"' },
        },
      ]);
    },
  );
});

test.each(engineKinds)(
  "locks of what runs outside a transaction are the manual's, on the %s engine",
  async (kind) => {
    await withReplay(
      kind,
      {
        base: {
          '1_a.sql':
            'create table public.t (id int primary key, note text); create index old on public.t (note); insert into public.t values (1);',
        },
        added: {
          '2_b.sql':
            'create index concurrently fresh on public.t (note);\ndrop index concurrently public.old;\nvacuum full public.t;\nalter table public.t add column x int;',
        },
      },
      async (replay) => {
        await replay.base();
        await replay.mark();
        await replay.changes();
        const [, run] = replay.facts().runs;
        const source = 'manual';
        expect(run!.statements.map(({ locks, rewrites }) => [locks, rewrites])).toEqual([
          [[{ relation: 'public.t', mode: 'ShareUpdateExclusiveLock', source }], []],
          [[{ relation: 'public.t', mode: 'ShareUpdateExclusiveLock', source }], []],
          [[{ relation: 'public.t', mode: 'AccessExclusiveLock', source }], ['public.t']],
          [[{ relation: 'public.t', mode: 'AccessExclusiveLock' }], []],
        ]);
      },
    );
  },
);
