/** Whose default grants a file runs under: told by its version where that is a date, else by the files before it. */
import { expect, test } from '@jest/globals';
import type { Project } from '../../src/model/migration.ts';
import { eraOf } from '../../src/pipeline/read.ts';

const project = { autoExposeNewTables: null } as Project;

test('a version that is a date tells the era', () => {
  const era = eraOf(project, 'auto', []);
  expect(era('20261029235959')).toBe('automatic');
  expect(era('20261030000000')).toBe('explicit');
  // Numbered by hand behind the day: the day is what counts.
  expect(era('20261101000099')).toBe('explicit');
});

test('a version that is no calendar day goes by the newest date before it', () => {
  const old = eraOf(project, 'auto', ['20250101000000', '20261399000000']);
  expect(old('20261399000000')).toBe('automatic');
  expect(old('3')).toBe('automatic');
  const recent = eraOf(project, 'auto', ['20250101000000', '20261101000000', '20261399000000']);
  expect(recent('20261399000000')).toBe('explicit');
  expect(eraOf(project, 'auto', ['20270101000000'])('20261399000000')).toBe('automatic');
});

test('what the configuration says goes before any version', () => {
  expect(eraOf(project, 'explicit', [])('20200101000000')).toBe('explicit');
  expect(eraOf({ ...project, autoExposeNewTables: false }, 'auto', [])('20200101000000')).toBe('explicit');
});
