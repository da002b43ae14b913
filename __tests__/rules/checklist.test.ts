/** The handbook's checklist, broken one item at a time in a migration that is right but for that. */
import { loadParser } from '../../src/sql/parse.ts';
import { findingsOf } from '../support/cases.ts';
import { readFixture } from '../support/fixture.ts';

const right = readFixture('fixtures/handbook/new-table.sql');

beforeAll(loadParser);

function rulesAfter(change: { text?: (text: string) => string; name?: string }): string[] {
  const [file] = right.head as [{ name: string; text: string }];
  const text = change.text?.(file.text) ?? file.text;
  if (change.text !== undefined && text === file.text) throw new Error('the change changes nothing');
  const name = change.name ?? file.name;
  const changes = right.changes.map((each) => ({ ...each, path: `supabase/migrations/${name}` }));
  return findingsOf({ ...right, head: [{ name, text }], changes }).map(({ rule }) => rule);
}

const without = (part: string | RegExp) => (text: string) => text.replace(part, '');
const instead = (part: string | RegExp, other: string) => (text: string) => text.replace(part, other);

test.each<[item: string, rule: string, change: { text?: (text: string) => string; name?: string }]>([
  ['file name', 'history/file-name', { name: '20261120_create_customer_invoices.sql' }],
  [
    'primary keys',
    'structure/primary-key',
    { text: instead(/id uuid primary key default gen_random_uuid\(\),\n\s+name/, 'id uuid,\n  name') },
  ],
  [
    'created_at and updated_at',
    'structure/timestamps',
    {
      text: without(
        /,\n\s+created_at[^\n]+\n\s+updated_at[^\n]+(?=\n\);\n\ncreate table if not exists public.customers)/,
      ),
    },
  ],
  [
    'ON DELETE on foreign keys',
    'integrity/foreign-key-on-delete',
    { text: without('foreign key (user_id) references auth.users (id) on delete cascade'.slice(-18)) },
  ],
  [
    'RLS on all tables with user data',
    'rls/policies-without-rls',
    { text: without('alter table public.customers enable row level security;') },
  ],
  [
    'policies for the commands',
    'rls/command-coverage',
    { text: without(/create policy "Customers delete[\s\S]*?;/) },
  ],
  [
    'index for every foreign key',
    'performance/foreign-key-index',
    { text: without('create index if not exists idx_customers_user_id on public.customers (user_id);') },
  ],
  ['comments on tables', 'structure/table-comment', { text: without(/comment on table public.tags[^\n]+/) }],
  [
    'no hard-coded ids',
    'integrity/hardcoded-id',
    {
      text: (text) =>
        `${text}\nupdate public.customers set status = 'closed' where id = '7c0a4a8e-33c4-4a8f-9f57-6c1d2b9e0a11';\n`,
    },
  ],
  [
    'no sensitive data',
    'integrity/secret',
    {
      text: (text) =>
        `${text}\nselect dblink_connect('postgres://app:hR7-w2q_Lk9@db.internal.company.net:5432/app');\n`,
    },
  ],
  [
    'explicit grants',
    'grants/missing',
    {
      text: without(
        'grant select, insert, update, delete on public.customers, public.tags, public.customer_tags to authenticated;',
      ),
    },
  ],
  ['header', 'structure/header', { text: without(/^-- (Migration|Created|Purpose|1\.).*\n/gm) }],
])('broken: %s is found by %s', (_item, rule, change) => {
  expect(rulesAfter(change)).toContain(rule);
});
