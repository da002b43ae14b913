/** The SQL that a finding offers is tried on the database, and the finding says what came of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { check } from '../../src/check.ts';
import type { Facts } from '../../src/model/facts.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { SqlError } from '../../src/model/replay.ts';
import { withTrial } from '../../src/rules/way-out-tried.ts';
import { testServer } from '../support/server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-ways-out-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function errorsOf(
  files: Readonly<Record<string, string>>,
  { databaseUrl, all = false }: { databaseUrl?: string; all?: boolean } = {},
) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const report = await check({
    cwd: folder,
    project: null,
    everyProject: false,
    selection: all
      ? { kind: 'all' }
      : { kind: 'changed', files: Object.keys(files).filter((name) => name.endsWith('.sql')) },
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: null,
    configFromBase: false,
    overrides: databaseUrl === undefined ? {} : { databaseUrl },
    stages: 'all',
    now: Date.parse('2026-11-28T12:00:00Z'),
  });
  return report.projects[0]!.findings.filter(({ severity }) => severity === 'error');
}

const tried = ({ help }: Finding) => /^(?:Tried on|No SQL is offered).*$/m.exec(help ?? '')?.[0];

const note = (policies: string) => `
create table public.note (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  body text not null
);
grant select, insert, update, delete on public.note to authenticated, service_role;
alter table public.note enable row level security;
${policies}`;

const readable = 'create policy "read" on public.note for select to authenticated using (true);';
const own = (command: string) =>
  `create policy "${command} own" on public.note for ${command} to authenticated ${command === 'insert' ? 'with check' : 'using'} ((select auth.uid()) = user_id);`;

test.each(['embedded', 'server'] as const)('it closes what was seen, and owners go on (%s)', async (kind) => {
  const errors = await errorsOf(
    {
      'supabase/migrations/20261101000000_note.sql': note(
        `${readable}\n${own('insert')}\n${own('update')}\ncreate policy "delete" on public.note for delete to authenticated using (true);`,
      ),
    },
    kind === 'server' ? { databaseUrl: await testServer() } : {},
  );
  expect(errors.map((finding) => [finding.rule, tried(finding)])).toEqual([
    [
      'access/cross-user-delete',
      'Tried on this schema: what was seen is refused then, and users still SELECT, INSERT, UPDATE and DELETE rows of their own.',
    ],
  ]);
});

test('what an earlier migration still shows in its text is no answer of the probes', async () => {
  const errors = await errorsOf(
    {
      'supabase/migrations/20261101000000_member.sql': `
create table public.member (
  team_id uuid not null,
  user_id uuid not null references auth.users (id) on delete cascade,
  primary key (team_id, user_id)
);
grant select on public.member to authenticated;
alter table public.member enable row level security;
create policy "colleagues" on public.member for select to authenticated
  using (exists (select 1 from public.member m where m.user_id = (select auth.uid()) and m.team_id = member.team_id));`,
      'supabase/migrations/20261102000000_comment.sql': `comment on table public.member is 'Who is in which team.';`,
    },
    { all: true },
  );
  expect(errors.map((finding) => [finding.rule, tried(finding)])).toEqual([
    ['rls/recursion', 'Tried on this schema: the error is gone, and users SELECT rows of their own.'],
  ]);
});

test('it takes along what the code does: said with the place', async () => {
  const errors = await errorsOf({
    'supabase/migrations/20261101000000_registration.sql': `
create table public.registration (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  approved boolean not null default false
);
grant select, insert, update on public.registration to anon, authenticated;`,
    'src/registrations.ts': `import { createClient } from '@supabase/supabase-js';
const supabase = createClient(import.meta.env.VITE_SUPABASE_URL, import.meta.env.VITE_SUPABASE_ANON_KEY);
export const waiting = () => supabase.from('registration').select('id, email').eq('approved', false);
`,
  });
  expect(errors.map((finding) => [finding.rule, tried(finding)])).toEqual([
    [
      'access/anon-write',
      'Tried on this schema: what was seen is refused then, and so is SELECT by every user, which the code does (src/registrations.ts:3). Say in a policy or a check whose that is.',
    ],
  ]);
});

describe('what is said', () => {
  const finding = {
    fingerprint: 'a',
    rule: 'access/cross-user-write',
    object: 'public.note',
    severity: 'error',
    help: 'Compare the owner.\n\n```sql\nselect 1;\n```',
  } as Finding;
  const way = { of: 'a', sql: 'select 1;', error: null, stands: true };
  const seeing = (outcome: string) =>
    ({
      access: {
        head: {
          escalations: [],
          signUps: [],
          objects: [
            {
              object: 'public.note',
              kind: 'table',
              cells: [{ principal: 'user', command: 'update', subject: 'foreign', outcome }],
            },
          ],
        },
      },
      clientCalls: [],
    }) as unknown as Facts;
  const trial = {
    before: seeing('allowed'),
    after: seeing('filtered'),
    left: [],
    known: new Set(['a']),
  };

  test('SQL that does not run here is not offered', () => {
    const error = {
      sqlstate: '42725',
      message: 'function is_member(unknown) is not unique',
      detail: null,
      hint: null,
      position: null,
      where: null,
    } as SqlError;
    expect(withTrial(finding, { ...way, error, stands: false }, trial).help).toBe(
      'Compare the owner.\n\nNo SQL is offered: what usually mends this was tried on this schema and ended with "function is_member(unknown) is not unique".',
    );
  });

  test('nor is what leaves it as it is', () => {
    expect(withTrial(finding, way, { ...trial, left: [finding] }).help).toBe(
      'Compare the owner.\n\nNo SQL is offered: what usually mends this was tried on this schema and left what was seen as it is.',
    );
  });

  test('what is seen instead makes it not enough', () => {
    const other = {
      ...finding,
      fingerprint: 'b',
      message: 'A user deletes rows of "public.note". Limit it.',
    };
    const seen = { ...trial, left: [other as Finding] };
    expect(tried(withTrial(finding, way, seen))).toBe(
      'Tried on this schema, and it is not enough: A user deletes rows of "public.note".',
    );
    // One of several commands goes on, and is told more mildly.
    const milder = { ...other, severity: 'warning' } as Finding;
    expect(tried(withTrial(finding, way, { ...trial, left: [milder] }))).toBe(
      'Tried on this schema, and it is not enough: A user deletes rows of "public.note".',
    );
    expect(tried(withTrial(finding, way, { ...trial, left: [{ ...milder, rule: 'another' }] }))).toBe(
      'Tried on this schema: what was seen is refused then.',
    );
    const stood = { ...seen, known: new Set(['a', 'b']) };
    expect(tried(withTrial(finding, way, stood))).toBe(
      'Tried on this schema: what was seen is refused then.',
    );
  });

  test('where the same could not be asked again, nothing is claimed', () => {
    const unseen =
      'The SQL could not be tried on this schema: with it the probes could not ask the same once more.';
    for (const after of [seeing('unknown'), { ...seeing('filtered'), access: null }])
      expect(withTrial(finding, way, { ...trial, after }).help).toBe(`${finding.help}\n\n${unseen}`);
  });

  test('nor of one that did not run beside the others', () => {
    expect(withTrial(finding, { ...way, stands: false }, trial).help).toBe(
      `${finding.help}\n\nThe SQL could not be tried on this schema: it does not run beside the other ways out of this report.`,
    );
  });
});
