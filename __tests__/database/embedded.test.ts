import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openEmbedded } from '../../src/database/embedded.ts';
import { type Engine, EngineLost } from '../../src/database/engine.ts';

const options = { statementLimitMs: 1_500, extensions: [] };
let engine: Engine;
beforeAll(async () => {
  engine = await openEmbedded(options);
});
afterAll(() => engine.close());

const who = `select session_user::text as who, current_setting('is_superuser') as super`;

describe('the embedded engine', () => {
  test('is the Postgres major that Supabase ships', () => {
    expect(engine.major).toBe(17);
  });

  test('keeps superuser and migration role apart on its one connection', async () => {
    expect(await engine.admin.query(who)).toEqual([{ who: 'supabase_admin', super: 'on' }]);
    expect(await engine.postgresRole.query(who)).toEqual([{ who: 'postgres', super: 'off' }]);
    expect(await engine.admin.query(who)).toEqual([{ who: 'supabase_admin', super: 'on' }]);
  });

  test('gives every value as text, parameters too', async () => {
    const rows = await engine.admin.query(
      'select $1::int + 1 as n, null::int as nothing, now() is not null as b',
      [41],
    );
    expect(rows).toEqual([{ n: '42', nothing: null, b: 't' }]);
  });

  test('reports an error field by field', async () => {
    await expect(engine.admin.exec('select missing from pg_class')).rejects.toMatchObject({
      sqlstate: '42703',
      message: 'column "missing" does not exist',
      position: 8,
    });
  });

  test('a batch goes on after an error, or stops where it is told to', async () => {
    const statements = ['select 1 as a', 'select 1/0', 'select 2 as a'];
    const all = await engine.admin.batch(statements);
    expect(all.map((outcome) => (outcome.ok ? outcome.rows[0]!.a : outcome.error.sqlstate))).toEqual([
      '1',
      '22012',
      '2',
    ]);
    expect(await engine.admin.batch(statements, { stopOnError: true })).toHaveLength(2);
  });

  test('is whole after ten thousand errors', async () => {
    const errors = await engine.admin.batch(Array.from({ length: 10_000 }, () => 'select nothing'));
    expect(errors.filter((outcome) => outcome.ok || outcome.error.sqlstate !== '42703')).toEqual([]);
    expect(await engine.admin.query('select 1 as a')).toEqual([{ a: '1' }]);
  });

  test('opens a second instance at a checkpoint, and what happens there stays there', async () => {
    await engine.postgresRole.exec('create table public.checkpointed (id int)');
    const checkpoint = await engine.checkpoint();
    const copy = await engine.open(checkpoint);
    try {
      await copy.postgresRole.exec('insert into public.checkpointed values (1)');
      expect(await engine.postgresRole.query('select * from public.checkpointed')).toEqual([]);
    } finally {
      await copy.close();
      await checkpoint.drop();
    }
  });

  test('shows hostile SQL no environment of this process', async () => {
    process.env.GUARD_TEST_SECRET = 'do not show';
    const copy = await openEmbedded(options);
    try {
      await expect(
        copy.postgresRole.query(`select pg_read_file('/proc/self/environ')`),
      ).rejects.toMatchObject({
        sqlstate: '42501',
      });
    } finally {
      delete process.env.GUARD_TEST_SECRET;
      await copy.close();
    }
  });

  test('is ended when a statement does not come to an end, and says so from then on', async () => {
    const copy = await openEmbedded({ ...options, statementLimitMs: 300 });
    const endless = copy.postgresRole.batch(['select 1', 'do $$ begin loop end loop; end $$']);
    await expect(endless).rejects.toMatchObject({ reason: 'time-limit', index: 1 });
    await expect(copy.admin.exec('select 1')).rejects.toBeInstanceOf(EngineLost);
    await copy.close();
  });
});
