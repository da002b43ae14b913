/** Whose default grants a file runs under: told by its version where that is a date, else by the files before it. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Project } from '../../src/model/migration.ts';
import { withTemplate } from '../../src/pipeline/hidden-by-default.ts';
import { eraOf } from '../../src/pipeline/read.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

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

describe('a template that says what holds where nothing is set', () => {
  beforeAll(loadParser);
  const said = { ...project, unsetHides: true };
  const told = (sql: string, from = said) =>
    withTemplate(from, [parseSource('supabase/migrations/1_note.sql', sql)]).autoExposeNewTables;

  test.each([
    'grant select on public.note to authenticated;',
    'grant select (id), update (body) on table public.note to anon, authenticated;',
    'grant select on all tables in schema public to anon;',
    'alter default privileges in schema public grant select on tables to authenticated;',
    "do $$ begin execute format('grant select on public.%I to authenticated', 'note'); end $$;",
  ])('is taken at its word where users are granted tables: %s', (sql) => {
    expect(told(sql)).toBe(false);
    expect(told(sql, project)).toBe(null);
    expect(told(sql, { ...said, autoExposeNewTables: true })).toBe(true);
  });

  // Nothing would be shown by the API at all.
  test.each([
    'grant execute on function public.f() to authenticated;',
    'grant usage on schema public to anon;',
    'grant select on public.note to service_role;',
    'revoke select on public.note from anon;',
    '-- grant select on public.note to anon;\ncreate table public.note (id int);',
    '/* grant select on public.note to anon; */ select 1;',
    'do $$ begin\n  -- grant select on public.note to anon\n  perform 1;\nend $$;',
    'alter default privileges in schema public grant execute on functions to anon;',
  ])('is younger than the project where none is: %s', (sql) => expect(told(sql)).toBe(null));
});
