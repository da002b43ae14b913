/** Each item of the handbook's checklist, broken in a migration about which nothing is said (handbook.test.ts), is found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../src/model/finding.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { findingsOf } from '../support/cases.ts';
import { parseFixture } from '../support/fixture.ts';

const read = (name: string) => readFileSync(join('fixtures', 'handbook', name), 'utf8');
const findings = (text: string): readonly Finding[] => findingsOf(parseFixture('handbook', text));

beforeAll(loadParser);

/** Checklist item, what breaks it in the notes' migration (or the file named), and the rule that finds it. */
const broken: readonly {
  item: string;
  rule: string;
  file?: string;
  change: (text: string) => string;
}[] = [
  {
    item: 'file name',
    rule: 'history/file-name',
    change: (text) => text.replace('20261102090000_', '20261102_'),
  },
  {
    item: 'primary keys',
    rule: 'structure/primary-key',
    change: (text) => text.replace('id uuid primary key default', 'id uuid not null default'),
  },
  {
    item: 'created_at',
    rule: 'structure/timestamps',
    change: (text) => text.replace('  created_at timestamptz not null default now(),\n', ''),
  },
  {
    item: 'updated_at',
    rule: 'structure/updated-at-trigger',
    change: (text) => text.replace(/create trigger[\s\S]*?;\n/, ''),
  },
  {
    item: 'ON DELETE on foreign keys',
    rule: 'integrity/foreign-key-on-delete',
    change: (text) => text.replace(' on delete cascade', ''),
  },
  {
    item: 'RLS on all tables with user data',
    rule: 'rls/policies-without-rls',
    change: (text) => text.replace(/alter table \S+ enable row level security;\n/, ''),
  },
  {
    item: 'RLS on a table without policies',
    rule: 'rls/disabled',
    change: (text) =>
      text
        .replace(/alter table \S+ enable row level security;\n/, '')
        .replace(/create policy[\s\S]*?;\n/g, ''),
  },
  ...(['view', 'insert', 'update', 'delete'] as const).map((verb) => ({
    item: `policies for ${verb === 'view' ? 'SELECT' : verb.toUpperCase()}`,
    rule: 'rls/command-coverage',
    change: (text: string) => text.replace(new RegExp(`create policy "Users can ${verb}[\\s\\S]*?;\\n`), ''),
  })),
  {
    item: 'service-role access for the API',
    rule: 'grants/missing',
    change: (text) => text.replace(/grant [^;]* to service_role;\n/, ''),
  },
  {
    item: 'grants for those who sign in',
    rule: 'grants/missing',
    change: (text) => text.replace(/grant [^;]* to authenticated;\n/, ''),
  },
  {
    item: 'index for every foreign key',
    rule: 'performance/foreign-key-index',
    change: (text) => text.replace(/create index if not exists idx_customer_notes_user_id[^;]*;\n/, ''),
  },
  {
    item: 'index for commonly filtered columns',
    rule: 'performance/filter-index',
    change: (text) =>
      `${text.replace(/create index if not exists idx_customer_notes_status[^;]*;\n/, '')}
create view public.open_notes with (security_invoker = true) as
  select id, title from public.customer_notes where status = 'open';\n`,
  },
  {
    item: 'index for columns policies filter by',
    rule: 'rls/policy-index',
    change: (text) =>
      text
        .replace(/create index if not exists idx_customer_notes_user_id[^;]*;\n/, '')
        .replace(/alter table public.customer_notes\n {2}add constraint[^;]*;\n/, ''),
  },
  {
    item: 'comments on tables',
    rule: 'structure/table-comment',
    change: (text) => text.replace(/comment on table[^;]*;\n/, ''),
  },
  {
    item: 'no hard-coded ids',
    rule: 'integrity/hardcoded-id',
    change: (text) =>
      `${text}\ninsert into public.customer_notes (user_id, title) values ('6f1c1a1e-9d5b-4c55-8a0f-0a8d3d1b7c11', 'a');\n`,
  },
  {
    item: 'no sensitive data',
    rule: 'integrity/personal-data',
    change: (text) =>
      `${text}\ninsert into public.customer_notes (user_id, title) select id, 'call jane.roe@circletel.co.za' from auth.users;\n`,
  },
  {
    item: 'header',
    rule: 'structure/header',
    change: (text) => text.replace(/-- (Migration: |Created: |Purpose: |1\. ).*\n/g, ''),
  },
  {
    item: 'own rows, not those of all',
    rule: 'rls/always-true',
    change: (text) => text.replace(/using \(\(select auth.uid\(\)\) = user_id\);/g, 'using (true);'),
  },
  {
    item: 'TO in every policy',
    rule: 'rls/role-missing',
    change: (text) => text.replaceAll(' to authenticated\n', '\n'),
  },
  {
    item: 'calls wrapped in a sub-select',
    rule: 'rls/initplan',
    change: (text) => text.replaceAll('(select auth.uid())', 'auth.uid()'),
  },
  {
    item: 'no recursion in policies',
    rule: 'rls/recursion',
    file: 'partner-portal.sql',
    change: (text) =>
      text.replace(
        'using ((select auth.uid()) = user_id);',
        'using (exists (select 1 from public.partners p where p.user_id = (select auth.uid())));',
      ),
  },
];

test.each(broken)('broken, it is found: $item ($rule)', ({ rule, file = 'customer-notes.sql', change }) => {
  const text = read(file);
  const changed = change(text);
  expect(changed).not.toBe(text);
  expect(findings(changed).map((finding) => finding.rule)).toContain(rule);
});

test('the handbook’s own form, without roles and grants, raises nothing above info but the missing grants', () => {
  const older = read('customer-notes.sql')
    .replace(/grant [^;]*;\n/g, '')
    .replaceAll(/ to (authenticated|service_role)\n/g, '\n')
    .replaceAll('(select auth.uid())', 'auth.uid()')
    .replace('using (true)\n  with check (true)', "using (auth.jwt() ->> 'role' = 'service_role')");
  const grave = (text: string) => [
    ...new Set(
      findings(text)
        .filter(({ severity }) => severity !== 'info')
        .map(({ rule }) => rule),
    ),
  ];
  expect(grave(older.replace('grants = explicit', 'grants = automatic'))).toEqual([]);
  expect(grave(older)).toEqual(['grants/missing']);
});
