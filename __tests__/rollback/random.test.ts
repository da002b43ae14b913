/**
 * Random schemas, random DDL: up, generated way back, and the catalog is the same. The same ones at each run, so that none
 * fails by luck; ROLLBACK_SEED for others, ROLLBACK_RUNS for more of them.
 */
import fc from 'fast-check';
import { snapshot } from '../../src/database/catalog/snapshot.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Engine } from '../../src/database/engine.ts';
import { differences } from '../../src/rollback/compare.ts';
import { losesData } from '../../src/rollback/data.ts';
import { generate } from '../../src/rollback/generate.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { ground, statement } from '../support/random-ddl.ts';

let engine: Engine;
beforeAll(async () => {
  await loadParser();
  engine = await openEmbedded({ statementLimitMs: 30_000, extensions: ['hstore', 'citext'] });
});
afterAll(() => engine.close());

const runs = Number(process.env.ROLLBACK_RUNS ?? 8);

/** Runs what applies to the state it meets; returns that. */
async function applied(statements: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const sql of statements) {
    const outcomes = await engine.postgresRole.batch(['savepoint s', sql], { stopOnError: true });
    const ok = outcomes.every((outcome) => outcome.ok);
    await engine.postgresRole.exec(
      ok ? 'release savepoint s' : 'rollback to savepoint s; release savepoint s',
    );
    if (ok) kept.push(sql);
  }
  return kept;
}

test('whatever a migration does, the generated way back restores the catalog', async () => {
  const session = engine.postgresRole;
  await fc.assert(
    fc.asyncProperty(
      fc.array(statement, { minLength: 15, maxLength: 50 }),
      fc.array(statement, { minLength: 4, maxLength: 20 }),
      async (base, migration) => {
        await session.exec('begin');
        try {
          await applied([...ground, ...base]);
          const before = await snapshot(session);
          const up = await applied(migration);
          if (up.length === 0) return;
          const after = await snapshot(session);
          const found = await generate(session, after, before, new Set(), ({ sql }) => [sql]);
          const lost = losesData(before, after, parseSource('up.sql', up.join(';\n')));
          const left = differences(found.end, before, new Set()).filter(
            ({ order }) => !order || lost.length === 0,
          );
          const report = { up, sql: found.sql, error: found.error, left: left.map(({ text }) => text) };
          expect(report).toEqual({ ...report, error: null, left: [] });
        } finally {
          await session.exec('rollback');
        }
      },
    ),
    { numRuns: runs, seed: Number(process.env.ROLLBACK_SEED ?? 20261128) },
  );
}, 3_600_000);
