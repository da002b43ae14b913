import { beforeAll, describe, expect, test } from '@jest/globals';
import { migrationTemplate, nextVersion, timeKeeper, toName } from '../../src/project/template.ts';
import { timeOf } from '../../src/project/version.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

beforeAll(loadParser);

describe('a new migration', () => {
  test.each([
    ['create customer invoices table', 'create_customer_invoices_table'],
    ['  Füge „Größe“ hinzu! ', 'fuge_gro_e_hinzu'],
    ['../../etc/passwd', 'etc_passwd'],
    ['!!!', ''],
  ])('named from %p', (words, name) => {
    expect(toName(words)).toBe(name);
  });

  test('is later than the newest file, even where that lies ahead', () => {
    const now = new Date('2026-11-23T10:00:00Z');
    expect(nextVersion(now, [])).toBe('20261123100000');
    expect(nextVersion(now, ['20261123100000'])).toBe('20261123100001');
    expect(nextVersion(now, ['20261231235959'])).toBe('20270101000000');
    expect(nextVersion(now, ['001', '20260101'])).toBe('20261123100000');
  });

  test('makes the function that keeps updated_at once, and takes it back again', () => {
    const first = migrationTemplate('create notes table', 'create_notes_table', '20261123100000');
    expect(first).toContain('CREATE FUNCTION public.set_updated_at()');
    expect(first).toContain('-- DROP FUNCTION public.set_updated_at();');
    expect(timeKeeper([first])).toBe('set_updated_at');
    expect(timeKeeper(['create or replace function update_updated_at_column() returns trigger …'])).toBe(
      'update_updated_at_column',
    );
    expect(timeKeeper(['create function public.touch() …'])).toBeNull();
    const second = migrationTemplate(
      'create tags table',
      'create_tags_table',
      '20261123100001',
      timeKeeper([first]),
    );
    expect(second).not.toContain('CREATE FUNCTION');
    expect(second).not.toContain('DROP FUNCTION');
    expect(second).toContain('EXECUTE FUNCTION public.set_updated_at();');
  });

  test('has SQL that Postgres can parse', () => {
    const text = migrationTemplate(
      'create customer invoices table',
      'create_customer_invoices_table',
      '20261123100000',
    );
    expect(parseSource('a.sql', text)).toMatchObject({ issue: null });
    expect(text).toContain('public.customer_invoices');
    expect(
      parseSource('a.sql', migrationTemplate('tidy up', 'tidy_up', '20261123100000')).statements,
    ).toEqual([]);
  });
});

test('a version is a date only where the calendar has it', () => {
  expect(timeOf('20240229120000')).toBe(Date.parse('2024-02-29T12:00:00.000Z'));
  expect(timeOf('20250229120000')).toBeNull();
  expect(timeOf('20251301000000')).toBeNull();
  expect(timeOf('2025')).toBeNull();
});
