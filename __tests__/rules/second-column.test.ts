/** Ways out by a second column, run on rows: what is written between the files is there when the last one is through. */
import type { Engine } from '../../src/database/engine.ts';
import { rules } from '../../src/rules/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { findingsOf } from '../support/cases.ts';
import { readFixture } from '../support/fixture.ts';
import { openTestEngine } from '../support/replay.ts';

let engine: Engine;
beforeAll(async () => {
  await loadParser();
  engine = await openTestEngine('embedded');
});
afterAll(() => engine?.close());

const id = '00000000-0000-0000-0000-00000000000';

test.each([
  {
    way: 'safety/change-type/fail-what-stands-on-it',
    before: `insert into public.note values ('${id}1', 1)`,
    meanwhile: `insert into public.note values ('${id}2', 2); update public.note set size = 3 where id = '${id}1'`,
    seen: 'select size::text as v from public.note order by id',
    values: ['3', '2'],
  },
  {
    way: 'safety/change-type/fail-of-a-key',
    before: 'insert into public.note default values',
    meanwhile: 'insert into public.note (parent_id) values (1)',
    seen: "select concat_ws(' of ', id, parent_id) as v from public.note order by id",
    values: ['1', '2 of 1', '3'],
    last: 'insert into public.note default values',
  },
  {
    way: 'safety/change-type/fail-of-an-identity',
    before: "insert into public.note (body) values ('a')",
    meanwhile: "insert into public.note (body) values ('b')",
    seen: 'select concat(id, body) as v from public.note order by id',
    values: ['1a', '2b', '3c'],
    last: "insert into public.note (body) values ('c')",
  },
  {
    way: 'safety/change-type/fail-using-a-function',
    before: `insert into public.note values ('${id}1', '7', 2)`,
    meanwhile: `insert into public.note values ('${id}2', '7', 3)`,
    seen: 'select price::text as v from public.note order by id',
    values: ['14', '21'],
  },
  {
    way: 'safety/change-type/fail-index-made-again',
    before: `insert into public.task values ('${id}1', 'NEW')`,
    meanwhile: `insert into public.task values ('${id}2', 'DONE')`,
    seen: 'select state::text as v from public.task order by id',
    values: ['new', 'done'],
  },
  {
    way: 'safety/serial-column/fail-becomes-the-key',
    before: "insert into public.source values ('a', 'A'), ('b', 'B')",
    meanwhile: "insert into public.source values ('c', 'C')",
    seen: 'select count(distinct id)::text as v from public.source',
    values: ['4'],
    last: "insert into public.source values ('d', 'D')",
  },
])('$way', async ({ way, before, meanwhile, last, seen, values }) => {
  const fixture = readFixture(new URL(`../../fixtures/rules/${way}.sql`, import.meta.url).pathname);
  const rule = rules.filter((each) => way.startsWith(`${each.id}/`));
  const [finding] = findingsOf(fixture, rule);
  const offered = /```sql\n([\s\S]*?)```/
    .exec(finding!.help!)![1]!
    .replaceAll('where …', 'where true')
    .replaceAll(' and …;', ';')
    .replaceAll(' concurrently', '');
  const lines = parseSource('way out', offered).statements;
  const fill = lines.findIndex(({ kind }) => kind === 'UpdateStmt');
  const session = engine.postgresRole;
  const run = (statements: readonly string[]) => session.exec(statements.join(';\n'));
  await session.exec('begin');
  try {
    await run(fixture.base.map(({ text }) => text));
    await run([before]);
    await run(lines.slice(0, fill).map(({ sql }) => sql));
    await run([meanwhile]);
    await run(lines.slice(fill).map(({ sql }) => sql));
    if (last !== undefined) await run([last]);
    const rows = await session.query(seen);
    expect(rows.map(({ v }) => v)).toEqual(values);
  } finally {
    await session.exec('rollback');
  }
});
