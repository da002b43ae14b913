/** Migrations as the handbook wants them: nothing at all is said about them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadParser } from '../../src/sql/parse.ts';
import { findingsOf } from '../support/cases.ts';
import { readFixture } from '../support/fixture.ts';

const folder = 'fixtures/handbook';

beforeAll(loadParser);

/** Before 30 October 2026 the platform granted every new table to the API roles; since then nobody. */
const eras = ['automatic', 'explicit'] as const;

test.each(eras.flatMap((era) => readdirSync(folder).map((name) => [name, era] as const)))(
  'nothing is said about %s, grants being %s',
  (name, era) => {
    const findings = findingsOf({ ...readFixture(join(folder, name)), era });
    expect(
      findings.map(({ rule, line, severity, message }) => `${rule}@${line} ${severity}: ${message}`),
    ).toEqual([]);
  },
);
