import { openEmbedded } from '../../src/database/embedded.ts';
import { DatabaseError, type Engine, EngineLost } from '../../src/database/engine.ts';
import { queued } from '../../src/probes/acting/queued.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEmbedded({ statementLimitMs: 20_000, extensions: [] });
  await engine.admin.exec('begin');
});
afterAll(() => engine.close());

test('what was queued comes before the question, whichever way it is asked', async () => {
  const session = queued(engine.admin);
  await session.exec(`set local "probe.step" = 'one'`);
  expect(await session.query(`select current_setting('probe.step') as step`)).toEqual([{ step: 'one' }]);
  await session.exec(`set local "probe.step" = 'two'`);
  expect(await session.query(`select current_setting('probe.step') || $1 as step`, ['!'])).toEqual([
    { step: 'two!' },
  ]);
  await session.exec(`set local "probe.step" = 'three'`);
  const [outcome, ...more] = await session.batch([`select current_setting('probe.step') as step`]);
  expect(outcome).toMatchObject({ ok: true, rows: [{ step: 'three' }] });
  expect(more).toEqual([]);
});

test('its error is thrown by the next question, once', async () => {
  const session = queued(engine.admin);
  await session.exec('savepoint before');
  await session.exec('select 1 / 0');
  await expect(session.batch(['select 1'])).rejects.toThrow(DatabaseError);
  await session.exec('rollback to savepoint before');
  expect(await session.query('select 1 as one')).toEqual([{ one: '1' }]);
});

test('the statement that ended the engine is counted without what was queued', async () => {
  const lost = queued({
    ...engine.admin,
    batch: async () => {
      throw new EngineLost('time-limit', 'too long', 3);
    },
  });
  await lost.exec('savepoint one');
  await lost.exec('savepoint two');
  await expect(lost.batch(['select 1', 'select 2'])).rejects.toMatchObject({ index: 1 });
});
