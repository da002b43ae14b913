import type { Migration } from '../../src/model/migration.ts';
import { findPlan } from '../../src/rollback/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

beforeAll(() => loadParser());

const migration = (fileName: string, text = 'create table t (id integer);'): Migration => {
  const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(fileName)!;
  return {
    path: `supabase/migrations/${fileName}`,
    fileName,
    version: version!,
    name: name!,
    text,
    unreadable: null,
  };
};

function find(
  text: string,
  options: { files?: Record<string, string>; later?: readonly string[]; folders?: readonly string[] } = {},
) {
  const subject = migration('20260101000000_add_bills.sql', text);
  const later = (options.later ?? []).map((name) => migration(name, 'drop table t;'));
  return findPlan(
    subject,
    {
      migrations: [subject, ...later],
      files: Object.entries(options.files ?? {}).map(([path, sql]) => ({ path, text: sql })),
      sources: new Map([[subject.path, parseSource(subject.path, text)]]),
    },
    options.folders ? { folders: options.folders } : undefined,
  );
}

describe('a companion file', () => {
  test.each([
    'supabase/migrations/20260101000000_add_bills.down.sql',
    'supabase/migrations/20260101000000_add_bills.rollback.sql',
    'supabase/migrations/20260101000000_add_bills_down.sql',
    'supabase/migrations/rollback/20260101000000_add_bills.sql',
    'supabase/migrations/down/20260101000000.sql',
    'supabase/rollbacks/20260101000000_add_bills.sql',
    'supabase/rollback/20260101000000_add_bills_rollback.sql',
  ])('%s is found', (path) => {
    expect(find('select 1', { files: { [path]: 'drop table t;' } })).toEqual({
      kind: 'file',
      path,
      line: null,
      sql: 'drop table t;',
    });
  });

  test.each([
    'supabase/migrations/20260101000000_add_bills_lines.down.sql',
    'supabase/tests/20260101000000_add_bills.sql',
    'supabase/rollbacks/20260101000001_add_bills.sql',
  ])('%s is another thing', (path) => {
    expect(find('select 1', { files: { [path]: 'drop table t;' } })).toBeNull();
  });

  test('stands in the folders the configuration names', () => {
    const files = { 'supabase/back/20260101000000_add_bills.sql': 'drop table t;' };
    expect(find('select 1', { files })).toBeNull();
    expect(find('select 1', { files, folders: ['back'] })?.path).toBe(
      'supabase/back/20260101000000_add_bills.sql',
    );
  });
});

test('a later migration that says it undoes this one is found, an earlier one or one of another name is not', () => {
  expect(find('select 1', { later: ['20260102000000_rollback_add_bills.sql'] })?.path).toBe(
    'supabase/migrations/20260102000000_rollback_add_bills.sql',
  );
  expect(find('select 1', { later: ['20260102000000_revert_add_bills.sql'] })?.kind).toBe('file');
  expect(
    find('select 1', {
      later: ['20251231000000_rollback_add_bills.sql', '20260102000000_rollback_add_users.sql'],
    }),
  ).toBeNull();
});

describe('a section in the file', () => {
  test('is read from commented SQL below its heading, with the line it begins in', () => {
    const text = [
      'create table t (id integer);',
      '',
      '-- Rollback:',
      '-- drop policy p on t;',
      '-- drop table t;',
    ].join('\n');
    expect(find(text)).toEqual({
      kind: 'section',
      path: 'supabase/migrations/20260101000000_add_bills.sql',
      line: 4,
      sql: 'drop policy p on t;\ndrop table t;\n',
    });
  });

  test('may begin in the line of its heading, and may stand in a block comment with prose around it', () => {
    expect(find('create table t (id integer);\n-- Rollback: DROP TABLE t;')?.sql).toBe('DROP TABLE t;\n');
    const text = `/* Purpose: bills\n\n * Rollback:\n * Run this by hand:\n * drop table t;\n * drop type\n *   mood;\n * Then tell the team.\n */\ncreate table t (id integer);`;
    expect(find(text)).toMatchObject({ line: 5, sql: 'drop table t;\ndrop type\n  mood;\n' });
  });

  test.each([
    '-- Down',
    '-- ==== ROLLBACK ====',
    '-- migrate:down',
    '-- +goose Down',
    '-- To roll back:',
    '-- Revert:',
    '-- Step 8: Rollback',
    '-- DOWN MIGRATION',
  ])('is known by the heading %s', (heading) => {
    expect(find(`create table t (id integer);\n${heading}\n-- drop table t;`)?.sql).toBe('drop table t;\n');
  });

  test('is none where there is prose only, or where the SQL below the heading runs', () => {
    expect(find('-- Rollback: drop the table by hand.\ncreate table t (id integer);')).toBeNull();
    expect(find('create table t (id integer);\n-- Down\ndrop table t;')).toBeNull();
    expect(find('-- Download links of bills\n-- drop table x;\ncreate table t (id integer);')).toBeNull();
  });
});
