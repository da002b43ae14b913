/** A small, seeded part of `npm run sweep`. */
import type { Engine } from '../../src/database/engine.ts';
import { openServer } from '../../src/database/server.ts';
import { testServer } from '../support/server.ts';
import { draw } from './draw.ts';
import { caught, seenBy } from './judge.ts';
import { mutantsOf } from './mutants.ts';
import { compare, laySchema, observe } from './oracle.ts';
import { readSchemas } from './schemas.ts';

const seed = process.env.SWEEP_SEED ?? 'suite';

describe.each(readSchemas().filter(({ name }) => /^(mfa|storage)$/.test(name)))('$name', (schema) => {
  let server: Engine;
  beforeAll(async () => {
    server = await openServer(await testServer(), {
      statementLimitMs: 20_000,
      extensions: [],
      lockWaitMs: 60_000,
    });
    await laySchema(server, schema);
  });
  afterAll(() => server.close());

  test('is correct: no finding about access', async () => {
    const { findings } = await seenBy(schema, null);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  test('opened by a mutation that the oracle sees, it is a finding', async () => {
    const before = await observe(server, schema, []);
    expect(compare(schema, before, await observe(server, schema, [])).changed).toEqual([]);
    const found: string[] = [];
    for (const mutant of draw(await mutantsOf(server), 1, seed)) {
      if (found.length === 2) break;
      const after = await observe(server, schema, mutant.sql).catch(() => null);
      const verdict = after === null ? null : compare(schema, before, after);
      if (verdict === null || !verdict.wider || verdict.narrower) continue;
      found.push(`${mutant.name}: ${caught(mutant, verdict, await seenBy(schema, mutant.sql))}`);
    }
    expect(found).toHaveLength(2);
    expect(found.filter((line) => line.endsWith(': missed'))).toEqual([]);
  });
});
