import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { check } from '../src/check.ts';
import type { ProjectReport } from '../src/model/report.ts';
import type { CheckSettings } from '../src/pipeline/settings.ts';
import { StageBook } from '../src/pipeline/stages.ts';
import { testServer } from './support/server.ts';

const demo = join(import.meta.dirname, '../fixtures/projects/invoices');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-check-'));
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, sql: string) => writeFileSync(join(folder, 'supabase/migrations', name), sql);

async function checked(
  project: string,
  files: string[],
  rest: Partial<CheckSettings> = {},
): Promise<ProjectReport> {
  const report = await check({
    cwd: project,
    project: null,
    everyProject: false,
    selection: { kind: 'changed', files },
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: null,
    configFromBase: false,
    overrides: {},
    stages: 'all',
    now: Date.parse('2026-11-23T12:00:00Z'),
    ...rest,
  });
  return report.projects[0]!;
}
const found = (project: ProjectReport) =>
  project.findings.map(({ rule, severity, object }) => [severity, rule, object]);

const moddatetime = 'create extension if not exists moddatetime schema extensions;\n';

const table = (name: string) => `-- Migration: create ${name}
-- Created: 2026-11-20
-- Purpose: notes of a user

create table public.${name} (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index idx_${name}_user_id on public.${name} (user_id);
alter table public.${name} enable row level security;
grant select, insert, update, delete on public.${name} to authenticated, service_role;
create policy "${name}: read own" on public.${name}
  for select to authenticated using ((select auth.uid()) = user_id);
create policy "${name}: insert own" on public.${name}
  for insert to authenticated with check ((select auth.uid()) = user_id);
create policy "${name}: update own" on public.${name}
  for update to authenticated using ((select auth.uid()) = user_id);
create policy "${name}: delete own" on public.${name}
  for delete to authenticated using ((select auth.uid()) = user_id);
create trigger ${name}_updated_at before update on public.${name}
  for each row execute function extensions.moddatetime(updated_at);
comment on table public.${name} is 'What a user wrote down.';

-- Rollback:
-- drop table public.${name};
`;

describe('a correct migration', () => {
  test('is a pass without a word, seen in Postgres', async () => {
    write('20261101000000_create_lists.sql', moddatetime + table('lists'));
    write('20261120000000_create_notes.sql', table('notes'));
    const project = await checked(folder, ['20261120000000_create_notes.sql']);
    expect(found(project)).toEqual([]);
    expect(project.verdict).toBe('pass');
    expect(project.stages.filter(({ status }) => status !== 'done')).toEqual([]);
    expect(project.coverage).toMatchObject({ statements: 10, statementsChecked: 10 });
    const notes = project.access.objects.find(({ object }) => object === 'public.notes')!;
    expect(notes.summary).toEqual(
      expect.arrayContaining([
        { principal: 'anon', command: 'select', access: 'none' },
        { principal: 'user', command: 'select', access: 'own' },
        { principal: 'service_role', command: 'select', access: 'all' },
      ]),
    );
  });
});

describe('a main that does not apply', () => {
  test('is said once, blames nobody, and what can be checked is', async () => {
    write(
      '20260101000000_made_on_the_dashboard.sql',
      `${moddatetime}alter table public.missing add column x int;\n`,
    );
    write('20261120000000_create_notes.sql', table('notes'));
    const project = await checked(folder, ['20261120000000_create_notes.sql']);
    expect(project.base).toMatchObject({ reproducible: false, applied: 0, total: 1 });
    expect(project.verdict).toBe('pass');
    expect(found(project).filter(([severity]) => severity === 'error')).toEqual([]);
    expect(project.migrations.at(-1)).toMatchObject({ status: 'applied' });
  });
});

describe('a migration that fails', () => {
  test("is an error at its line, with Postgres' own words", async () => {
    write('20261120000000_broken.sql', '-- one\nselect 1;\nalter table public.nothing add column x int;\n');
    const project = await checked(folder, ['20261120000000_broken.sql']);
    expect(project.verdict).toBe('fail');
    expect(project.findings).toContainEqual(
      expect.objectContaining({
        rule: 'replay/failed',
        line: 3,
        message: expect.stringMatching(/"public.nothing" does not exist/),
      }),
    );
  });

  test('by never coming to an end is stopped, and the next one is still checked', async () => {
    write('20261120000000_endless.sql', 'do $$ begin loop end loop; end $$;\n');
    write('20261120000001_create_notes.sql', moddatetime + table('notes'));
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'engine: { statement-limit: 1 }\n');
    const project = await checked(folder, ['20261120000000_endless.sql', '20261120000001_create_notes.sql']);
    expect(project.findings).toContainEqual(expect.objectContaining({ rule: 'replay/time-limit', line: 1 }));
    expect(project.migrations.at(-1)).toMatchObject({ status: 'applied' });
  });
});

describe('the demonstration project', () => {
  test('shows what a team gets wrong, each thing once', async () => {
    const project = await checked(demo, [
      '20261102093000_share_invoices.sql',
      '20261102100000_payments_and_roles.sql',
    ]);
    expect(project.verdict).toBe('fail');
    expect(project.stages.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(found(project).filter(([severity]) => severity === 'error')).toEqual([
      ['error', 'safety/not-null-without-default', 'public.invoices'],
      ['error', 'rls/tautology', 'public.invoices'],
      ['error', 'access/definer-view', 'public.invoice_totals'],
      ['error', 'grants/missing', 'public.payments'],
      ['error', 'rls/recursion', 'public.org_members'],
      ['error', 'access/sign-up-broken', 'auth.users'],
    ]);
    // The function's body is why sign-up fails: told with it, and not again.
    expect(project.findings.find(({ rule }) => rule === 'access/sign-up-broken')!.causes).toContain(
      'integrity/invalid-function',
    );
    expect(project.access.changes).toContainEqual(
      expect.objectContaining({
        object: 'public.invoices',
        principal: 'anon',
        command: 'select',
        direction: 'widened',
      }),
    );
  });
});

describe('the book of stages', () => {
  test('counts what is timed inside there, and not twice', async () => {
    const book = new StageBook(() => {});
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await book.time('outer', async () => {
      await book.time('inner', () => wait(60));
      await wait(10);
    });
    const { stages } = book.timings;
    expect(stages.inner!).toBeGreaterThanOrEqual(55);
    expect(stages.outer!).toBeLessThan(stages.inner!);
  });

  test('a failed stage stays failed, whatever is said of it later', async () => {
    const book = new StageBook(() => {});
    await book.run('probe', null, () => {
      throw new Error('broke');
    });
    await book.run('probe', null, () => 1);
    expect(book.reports).toEqual([{ id: 'probe', status: 'failed', reason: 'broke' }]);
    expect(book.failed).toBe(true);
  });
});

describe('a server whose user is no superuser', () => {
  test('is said to be unusable, and everything is seen on the embedded Postgres', async () => {
    const admin = new pg.Client({ connectionString: await testServer() });
    await admin.connect();
    const role = 'guard_test_nobody';
    await admin.query(`drop role if exists ${role}`);
    await admin.query(`create role ${role} login password 'x'`);
    try {
      const url = new URL(await testServer());
      url.username = role;
      url.password = 'x';
      write('20261120000000_create_notes.sql', moddatetime + table('notes'));
      const project = await checked(folder, ['20261120000000_create_notes.sql'], {
        overrides: { databaseUrl: url.href },
      });
      expect(project.engine).toMatchObject({ kind: 'embedded' });
      expect(project.migrations.at(-1)).toMatchObject({ status: 'applied' });
      expect(project.notChecked).toContainEqual(
        expect.objectContaining({ why: expect.stringMatching(/is no superuser/) }),
      );
      expect(project.stages).toContainEqual(expect.objectContaining({ id: 'replay', status: 'partial' }));
    } finally {
      await admin.query(`drop role ${role}`);
      await admin.end();
    }
  });
});

test('with --all bodies are looked into as they stand at the end, and the replay says what it leaves out', async () => {
  write(
    '20260101000000_a.sql',
    `create table public.people (id uuid primary key, email text);
create function public.mail() returns setof text language plpgsql as $$ begin return query select email from public.people; end $$;`,
  );
  write('20260102000000_b.sql', 'alter table public.people drop column email;');
  const project = await checked(folder, [], { selection: { kind: 'all' } });
  expect(project.findings.filter(({ rule }) => rule === 'integrity/invalid-function')).toMatchObject([
    { file: 'supabase/migrations/20260101000000_a.sql', line: 2, object: 'public.mail()' },
  ]);
  expect(project.stages.find(({ id }) => id === 'replay')).toMatchObject({
    status: 'done',
    reason: expect.stringMatching(/^with --all nothing runs on tables with rows/),
  });
});

test('a table whose trigger never comes to its end is left out of the probes, and the others are tried', async () => {
  write(
    '20260101000000_loop.sql',
    `create table public.loop (id uuid primary key default gen_random_uuid(), user_id uuid references auth.users (id) on delete cascade, body text not null);
create table public.note (id uuid primary key default gen_random_uuid(), user_id uuid references auth.users (id) on delete cascade, body text not null);
alter table public.loop enable row level security;
alter table public.note enable row level security;
create policy "own" on public.loop for all to authenticated using ((select auth.uid()) = user_id);
create policy "own" on public.note for all to authenticated using ((select auth.uid()) = user_id);
create function public.touch() returns trigger language plpgsql set search_path = '' as $$
begin
  update public.loop set body = new.body || '.' where id = new.id;
  return new;
end $$;
create trigger touch after insert or update on public.loop for each row execute function public.touch();
`,
  );
  const project = await checked(folder, ['supabase/migrations/20260101000000_loop.sql']);
  expect(project.notChecked).toContainEqual(
    expect.objectContaining({
      what: 'access to "public.loop"',
      access: { object: 'public.loop', policy: null },
    }),
  );
  const tried = project.access.objects;
  expect(tried.map(({ object }) => object)).toContain('public.note');
  expect(project.coverage).toMatchObject({ objects: tried.length + 1, objectsProbed: tried.length });
  // Where the change mends it, what stood before is not known, and nobody can say that access stays.
  write('20260102000000_mend.sql', 'drop trigger touch on public.loop;');
  const mended = await checked(folder, ['supabase/migrations/20260102000000_mend.sql']);
  const before = 'access to "public.loop", as it stood before';
  expect(mended.notChecked.map(({ what }) => what)).toContain(before);
});
