import fc from 'fast-check';
import { readState } from '../../src/database/catalog/state.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Engine } from '../../src/database/engine.ts';
import type { SchemaState } from '../../src/model/schema.ts';
import { compareStates, unexplained } from '../../src/sql/fold/compare.ts';
import { emptyState, foldFile } from '../../src/sql/fold/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { statement } from '../support/colliding-ddl.ts';

/** The same schemas at each run, so that none fails by luck; FOLD_SEED for others, FOLD_RUNS=500 for more of them. */
const runs = Number(process.env.FOLD_RUNS ?? 15);
const seed = Number(process.env.FOLD_SEED ?? 20261128);

let engine: Engine;
beforeAll(async () => {
  await loadParser();
  engine = await openEmbedded({ statementLimitMs: 20_000, extensions: ['citext'] });
});
afterAll(() => engine.close());

/** Runs each statement in a savepoint; gives those that Postgres took, and what the catalog has then. */
async function run(statements: readonly string[]): Promise<{ kept: string[]; catalog: SchemaState }> {
  const session = engine.postgresRole;
  const kept: string[] = [];
  await session.exec('begin; create schema app');
  try {
    for (const sql of statements) {
      const [, outcome] = await session.batch(['savepoint s', sql]);
      if (outcome?.ok) kept.push(sql);
      await session.exec(outcome?.ok ? 'release s' : 'rollback to s; release s');
    }
    return { kept, catalog: await readState(session) };
  } finally {
    await session.exec('rollback; reset all');
  }
}

test('the fold of random DDL is what the catalog has, or says what it does not know', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(statement, { minLength: 10, maxLength: 60, size: 'max' }),
      async (statements) => {
        const { kept, catalog } = await run(statements);
        const source = parseSource(
          'random.sql',
          ['create schema app', ...kept].map((sql) => `${sql};\n`).join(''),
        );
        const { after } = foldFile(emptyState({ era: 'automatic' }), source, { era: 'automatic' });
        const differences = unexplained(compareStates(after, catalog), after.unknown);
        if (differences.length > 0) {
          throw new Error(
            `${JSON.stringify(differences.slice(0, 4), null, 1)}\nnotes: ${JSON.stringify(after.unknown.map((u) => u.why))}\n${source.text}`,
          );
        }
      },
    ),
    { numRuns: runs, seed, endOnFailure: process.env.FOLD_SHRINK === undefined },
  );
}, 600_000);
