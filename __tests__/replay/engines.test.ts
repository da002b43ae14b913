import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplayFacts } from '../../src/model/replay.ts';
import { readMigrations } from '../../src/project/migrations.ts';
import { readProject } from '../../src/project/project.ts';
import { type EngineKind, type Files, withReplay } from '../support/replay.ts';

const projects = join(import.meta.dirname, '..', '..', 'fixtures', 'projects');

/** The last two migrations are the change. */
async function replayed(kind: EngineKind, name: string): Promise<ReplayFacts> {
  const root = join(projects, name);
  const project = await readProject(root, root);
  const { migrations } = await readMigrations(join(root, 'supabase', 'migrations'), 'supabase/migrations');
  const files = (from: number, to?: number): Files =>
    Object.fromEntries(migrations.slice(from, to).map(({ fileName, text }) => [fileName, text!]));
  let facts!: ReplayFacts;
  await withReplay(kind, { base: files(0, -2), added: files(-2), project }, async (replay) => {
    await replay.base();
    await replay.mark();
    await replay.changes();
    await replay.rows();
    await replay.rerun();
    await replay.functions();
    await replay.fromZero();
    await replay.ownFiles();
    facts = replay.facts();
  });
  return facts;
}

const timeless = (facts: ReplayFacts): unknown =>
  JSON.parse(JSON.stringify(facts, (key, value) => (key === 'durationMs' ? undefined : value)));

test.each(readdirSync(projects))('both engines see the same in the project "%s"', async (name) => {
  const embedded = timeless(await replayed('embedded', name));
  expect(embedded).toEqual(timeless(await replayed('server', name)));
});

test('what they see in the clinic is what is wrong there', async () => {
  const facts = await replayed('server', 'clinic');
  expect(facts.base).toMatchObject({ reproducible: true, applied: 2 });
  expect(facts.runs.map(({ status }) => status)).toEqual([
    'applied',
    'applied',
    'applied',
    'applied',
    'applied',
  ]);
  expect(facts.rows).toMatchObject([
    {
      line: 3,
      on: 'seeds',
      table: 'public.patients',
      countQuery: 'select count(*) from public.patients where born is null',
    },
  ]);
  expect(facts.brokenFunctions).toMatchObject([
    {
      function: 'public.visit_report(p_patient uuid)',
      line: 4,
      error: { message: 'column v.status does not exist' },
    },
  ]);
  expect(facts.reruns.map(({ line }) => line)).toEqual([2, 6]);
  expect(facts.tests).toMatchObject([{ status: 'passed', passed: 2 }]);
  const [minutes, born, index] = facts.runs[3]!.statements;
  expect(minutes).toMatchObject({
    locks: [{ relation: 'public.visits', mode: 'AccessExclusiveLock' }],
    rewrites: [],
  });
  expect(born).toMatchObject({ locks: [{ relation: 'public.patients', mode: 'AccessExclusiveLock' }] });
  expect(index).toMatchObject({
    status: 'applied',
    locks: [{ relation: 'public.visits', mode: 'ShareUpdateExclusiveLock', source: 'manual' }],
  });
});
