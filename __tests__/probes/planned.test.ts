/** What takes long to plan is planned once, and the answers stay what they were. */
import { planned } from '../../src/probes/acting/planned.ts';
import { become, signedIn, userA } from '../../src/probes/acting/principals.ts';
import { openStage, readStory, type Stage } from './story.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => stage.clear());

const as = become(signedIn(userA), 'public');
const plans = async () =>
  (await stage.engine.admin.query(`select statement from pg_prepared_statements order by statement`)).map(
    ({ statement }) => statement,
  );

test('the same question with other values is executed from its plan', async () => {
  await stage.apply(`create table public.notes (id int primary key, title text);
    insert into public.notes values (1, 'it''s'), (2, 'two');
    grant select, update on public.notes to authenticated;`);
  const session = planned(stage.engine.admin, 0);
  await session.exec('begin');
  try {
    const ask = (title: string) =>
      session.batch([
        'savepoint probe',
        as,
        `update public.notes set title = '${title}' where id = '1'`,
        `select id from public.notes where title = '${title}'`,
        'rollback to savepoint probe',
        `select title from public.notes where id = '1'`,
      ]);
    for (const title of ['one', 'a "quoted" one', `another''s`]) {
      expect(await ask(title)).toMatchObject([
        {},
        {},
        { ok: true, affected: 1 },
        { ok: true, rows: [{ id: '1' }] },
        {},
        { ok: true, rows: [{ title: `it's` }] },
      ]);
    }
    expect(await plans()).toEqual([
      'prepare guard_probe_1 as update public.notes set title = $1 where id = $2',
      'prepare guard_probe_2 as select id from public.notes where title = $1',
    ]);
    const [, , refused] = await session.batch([
      'savepoint probe',
      as,
      `update public.notes set title = 'x' where id = 'no number'`,
    ]);
    expect(refused).toMatchObject({ ok: false, error: { sqlstate: '22P02' } });
  } finally {
    await session.exec(
      `rollback${session
        .prepared()
        .map((name) => `; deallocate ${name}`)
        .join('')}`,
    );
  }
  expect(await plans()).toEqual([]);
});

test('what Postgres cannot prepare, and what the superuser asks, is sent as it stands', async () => {
  const session = planned(stage.engine.admin, 0);
  await session.exec('begin');
  try {
    for (const day of ['2026-01-01', '2026-01-02']) {
      expect(
        await session.batch([
          as,
          `select date '${day}' as day`,
          'set local role none',
          `select '${day}' as day`,
        ]),
      ).toMatchObject([{}, { ok: true, rows: [{ day }] }, {}, { ok: true, rows: [{ day }] }]);
    }
    expect(await plans()).toEqual([]);
  } finally {
    await session.exec('rollback');
  }
});

/** Stories whose rows have ids of the probes' own: those that the database draws are others in each run. */
const stories = [
  'claim-that-nobody-can-guess',
  'function-of-active-rows',
  'insert-privileges-of-columns',
  'members-read-what-stands',
  'own-row-missing-delete',
  'people-of-one-department',
  'realtime-own-topic',
  'storage-upload-anywhere',
  'trigger-refuses-anybody',
  'view-without-its-key',
];

test.each(stories)('%s: the same matrix', async (name) => {
  await stage.apply(readStory(name).schema);
  const plain = await stage.probe();
  expect(await stage.probe({}, null, null, 0)).toEqual(plain);
  expect(await plans()).toEqual([]);
});
