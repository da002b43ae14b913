/** What rls/initplan claims, as Postgres plans it: a bare call filters row by row, a wrapped one runs once. */
import type { Engine } from '../../src/database/engine.ts';
import { openTestEngine } from '../support/replay.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine('embedded');
});
afterAll(() => engine?.close());

/** The plan of a read by a signed-in user, under a policy with that predicate. */
async function plan(using: string, index = ''): Promise<string> {
  const { admin } = engine;
  await admin.exec(`begin;
    create table public.note (id int, user_id uuid);
    insert into public.note select n from generate_series(1, 2000) n;
    ${index};
    alter table public.note enable row level security;
    create policy "own" on public.note for select to authenticated using (${using});
    grant select on public.note to authenticated;
    analyze public.note;
    set local role authenticated`);
  try {
    const rows = await admin.query('explain (costs off) select * from public.note');
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await admin.exec('rollback');
  }
}

test.each(['auth.uid() = user_id', "(auth.jwt() ->> 'sub')::uuid = user_id"])(
  'bare, it is part of the filter: %s',
  async (using) => {
    expect(await plan(using)).toMatch(/Seq Scan on note\n +Filter: .*(auth\.|current_setting)/);
    expect(await plan(using)).not.toMatch(/InitPlan/);
  },
);

test('wrapped, it is computed before the scan', async () => {
  const seen = await plan('(select auth.uid()) = user_id');
  expect(seen).toMatch(/Filter: \(\(InitPlan 1\)\.col1 = user_id\)\n +InitPlan 1/);
});

test('bare, and with an index on the column, it is asked for once a scan', async () => {
  const seen = await plan('auth.uid() = user_id', 'create index on public.note (user_id)');
  expect(seen).toMatch(/Index Cond: \(user_id = /);
});
