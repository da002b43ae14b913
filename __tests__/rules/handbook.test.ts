/** Migrations as the handbook wants them: nothing at all is said about them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadParser } from '../../src/sql/parse.ts';
import { findingsOf } from '../support/cases.ts';
import { readFixture } from '../support/fixture.ts';

const folder = 'fixtures/handbook';

beforeAll(loadParser);

test.each(readdirSync(folder))('nothing is said about %s', (name) => {
  const findings = findingsOf(readFixture(join(folder, name)));
  expect(
    findings.map(({ rule, line, severity, message }) => `${rule}@${line} ${severity}: ${message}`),
  ).toEqual([]);
});
