/**
 * What `lint --fix` writes, on every case: taken, the fixes leave none to take; what parsed parses, and what Postgres ran
 * it still runs.
 */
import type { Checkpoint, Engine } from '../../src/database/engine.ts';
import { openDetour } from '../../src/replay/detour.ts';
import { FileRunner } from '../../src/replay/file.ts';
import { fileOf } from '../../src/replay/runs.ts';
import { setEra, surroundings } from '../../src/replay/surroundings.ts';
import { rules } from '../../src/rules/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { isStandalone, transactionControl } from '../../src/sql/transaction.ts';
import { applyFixes, findingsOf, listCases } from '../support/cases.ts';
import { type Fixture, readFixture, toMigration } from '../support/fixture.ts';
import { openTestEngine } from '../support/replay.ts';

const cases = listCases();
const fixable = rules.filter((rule) => rule.fixable).map(({ id }) => id);
let engine: Engine;
let checkpoint: Checkpoint;
let secret: string;

beforeAll(async () => {
  await loadParser();
  engine = await openTestEngine('embedded');
  secret = await openDetour(engine);
  checkpoint = await engine.checkpoint();
});
afterAll(async () => {
  await checkpoint?.drop();
  await engine?.close();
});

/** Files in the order they run. */
const filesOf = ({ head }: Fixture) =>
  head
    .map(toMigration)
    .sort((a, b) => (a.version < b.version ? -1 : 1))
    .map(({ path, version, name, text }) => fileOf(path, version, name, parseSource(path, text!)));

const unparsed = (fixture: Fixture) => filesOf(fixture).flatMap(({ source }) => source.issue?.message ?? []);

/** The first error; null where all of it ran. */
async function replay(fixture: Fixture): Promise<string | null> {
  const files = filesOf(fixture);
  const statements = files.flatMap(({ source }) => source.statements);
  const commits = statements.some((each) => isStandalone(each) || transactionControl(each));
  return commits ? replayForGood(fixture, files) : replayAndForget(fixture, files);
}

async function replayAndForget({ era }: Fixture, files: ReturnType<typeof filesOf>): Promise<string | null> {
  const runner = new FileRunner(engine, await surroundings(engine, secret));
  await setEra(engine, era, (sql) => sql);
  await engine.postgresRole.exec('begin');
  try {
    for (const { path, source } of files) {
      for (const statement of source.statements) {
        const { error } = await runner.send(statement, runner.command(statement), true);
        if (error !== null) return `${path}: ${error.message}`;
      }
    }
    return null;
  } finally {
    await engine.postgresRole.exec('rollback');
  }
}

/** On a copy: what can't run in a transaction block, or ends it. */
async function replayForGood({ era }: Fixture, files: ReturnType<typeof filesOf>): Promise<string | null> {
  const copy = await engine.open(checkpoint);
  try {
    const runner = new FileRunner(copy, await surroundings(copy, secret));
    await setEra(copy, era, (sql) => sql);
    for (const file of files) {
      const failed = (await runner.asOne(file)).find(({ error }) => error !== null);
      if (failed !== undefined) return `${file.path}: ${failed.error!.message}`;
    }
    return null;
  } finally {
    await copy.close();
  }
}

test.each(fixable)('%s', async (id) => {
  const own = rules.filter((rule) => rule.id === id);
  let taken = 0;
  let ran = 0;
  for (const path of cases.get(id)!) {
    const fixture = readFixture(path);
    const offered = findingsOf(fixture, own).filter(({ fix }) => fix !== null);
    if (offered.length === 0) continue;
    taken += 1;
    const fixed = applyFixes(fixture, offered);
    expect([path, unparsed(fixed)]).toEqual([path, []]);
    if (!fixture.unfixed) {
      const again = findingsOf(fixed, own).flatMap(({ fix }) => fix?.title ?? []);
      expect([path, again]).toEqual([path, []]);
    }
    if ((await replay(fixture)) !== null) continue;
    ran += 1;
    expect([path, await replay(fixed)]).toEqual([path, null]);
  }
  expect({ taken: taken > 0, ran: ran > 0 }).toEqual({ taken: true, ran: true });
});

test('fixes of all rules together come to an end, and nothing that parsed is broken', () => {
  const ways = [...cases.values()].flat().map((path) => {
    // What was seen happening is not seen by lint.
    let fixture: Fixture = { ...readFixture(path), replay: null, access: null, rollback: null, skipped: [] };
    const broken = unparsed(fixture).length;
    for (let round = 0; round < 8; round += 1) {
      const offered = findingsOf(fixture).filter(({ fix }) => fix !== null);
      if (offered.length === 0) return { path, ends: true, broken: unparsed(fixture).length - broken };
      fixture = applyFixes(fixture, offered);
    }
    return { path, ends: false, broken };
  });
  expect(ways.filter(({ ends, broken }) => !ends || broken > 0)).toEqual([]);
});
