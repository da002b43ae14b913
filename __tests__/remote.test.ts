/** What a real database's migration history changes in a check. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { check } from '../src/check.ts';
import { run } from '../src/commands/run.ts';
import type { ProjectReport } from '../src/model/report.ts';
import { testServer } from './support/server.ts';

const database = 'guard_test_remote';
let folder: string;
let remote: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guard-remote-'));
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true });
  await onServer(null, `drop database if exists ${database}`, `create database ${database}`);
  const url = new URL(await testServer());
  url.pathname = `/${database}`;
  remote = url.href;
  await onServer(
    database,
    `create schema supabase_migrations;
     create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text)`,
  );
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await onServer(null, `drop database if exists ${database} with (force)`);
});

async function onServer(name: string | null, ...statements: string[]): Promise<pg.QueryResult[]> {
  const url = new URL(await testServer());
  if (name !== null) url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const sql of statements) results.push(await client.query(sql));
    return results;
  } finally {
    await client.end();
  }
}

const file = (name: string, sql: string) => writeFileSync(join(folder, 'supabase/migrations', name), sql);
const ran = (version: string, ...statements: string[]) =>
  onServer(
    database,
    `insert into supabase_migrations.schema_migrations values ('${version}', array[${statements.map((sql) => `$sql$${sql}$sql$`).join(',')}]::text[], 'x')`,
  );

async function checked(files: string[], url = remote): Promise<ProjectReport> {
  const report = await check({
    cwd: folder,
    project: null,
    everyProject: false,
    selection: files.length === 0 ? { kind: 'all' } : { kind: 'changed', files },
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: null,
    configFromBase: false,
    overrides: { remoteUrl: url },
    stages: 'static',
    now: Date.parse('2026-11-23T12:00:00Z'),
  });
  return report.projects[0]!;
}
const drift = ({ findings }: ProjectReport) =>
  findings.flatMap(({ rule, severity, object }) =>
    rule === 'history/remote-drift' ? [[severity, object]] : [],
  );

describe('a remote that is in step', () => {
  test('is nothing to speak of, however the CLI has cut the statements', async () => {
    file('20260101000000_a.sql', '-- first\ncreate table a (id int);\n\ncreate table b (id int);\n');
    file('20260201000000_c.sql', 'create table c (id int);\n');
    await ran('20260101000000', '-- first\ncreate table a (id int)', 'create table b (id int)');
    expect(drift(await checked(['20260201000000_c.sql']))).toEqual([]);
  });

  test('that holds no history yet has run nothing', async () => {
    await onServer(database, 'drop schema supabase_migrations cascade');
    file('20260101000000_a.sql', 'create table a (id int);\n');
    const project = await checked(['20260101000000_a.sql']);
    expect(drift(project)).toEqual([]);
    expect(project.migrations.map(({ change }) => change)).toEqual(['added']);
  });
});

describe('a remote that differs', () => {
  test('by a version without a file, by a file it never ran, by other statements, is told of each', async () => {
    file('20260101000000_a.sql', 'create table a (id int);\n');
    file('20260102000000_late.sql', 'create table late (id int);\n');
    file('20260201000000_c.sql', 'create table c (id int);\n');
    await ran('20260101000000', 'create table a (id bigint)');
    await ran('20260115000000', 'create table by_hand (id int)');
    expect(drift(await checked(['20260201000000_c.sql']))).toEqual([
      ['error', '20260115000000'],
      ['error', '20260101000000'],
      ['error', '20260102000000'],
    ]);
  });

  test('by a version that was only marked as applied is not: its statements are unknown', async () => {
    file('20260101000000_a.sql', 'create table a (id int);\n');
    file('20260201000000_c.sql', 'create table c (id int);\n');
    await ran('20260101000000');
    expect(drift(await checked(['20260201000000_c.sql']))).toEqual([]);
  });
});

describe('only what is pending is new', () => {
  const open = 'create table public.open (id int);\n';

  test('a file that the remote has run already is said and not judged', async () => {
    file('20260101000000_open.sql', open);
    file('20260201000000_next.sql', 'comment on table public.open is $$x$$;\n');
    await ran('20260101000000', 'create table public.open (id int)');
    const project = await checked(['20260101000000_open.sql', '20260201000000_next.sql']);
    expect(drift(project)).toEqual([['info', 'supabase/migrations/20260101000000_open.sql']]);
    expect(project.findings.filter(({ rule }) => rule === 'rls/disabled')).toEqual([]);
    await onServer(database, 'delete from supabase_migrations.schema_migrations');
    const before = await checked(['20260101000000_open.sql', '20260201000000_next.sql']);
    expect(before.findings.map(({ rule }) => rule)).toContain('rls/disabled');
  });

  test('with --all the pending files are judged, one by one, on what has run', async () => {
    file('20260101000000_open.sql', open);
    file('20260201000000_next.sql', 'create table public.next (id int);\n');
    await ran('20260101000000', 'create table public.open (id int)');
    const project = await checked([]);
    expect(project.findings.flatMap(({ rule, object }) => (rule === 'rls/disabled' ? [object] : []))).toEqual(
      ['public.next'],
    );
  });
});

describe('the remote itself', () => {
  test('is left as it was', async () => {
    file('20260201000000_c.sql', 'create table c (id int); insert into c values (1);\n');
    const count = `select (select count(*) from pg_class)::int as relations,
      (select count(*) from supabase_migrations.schema_migrations)::int as versions`;
    const [before] = await onServer(database, count);
    await checked(['20260201000000_c.sql']);
    const [after] = await onServer(database, count);
    expect(after!.rows).toEqual(before!.rows);
  });

  test('that cannot be read leaves the check incomplete: exit code 3, and no password anywhere', async () => {
    file('20260201000000_c.sql', 'comment on schema public is $$x$$;\n');
    const url = new URL(remote);
    url.username = 'nobody_of_that_name';
    url.password = 'hunter2';
    let said = '';
    const sink = { write: (text: string) => (said += text) };
    const argv = ['lint', '--all', '--remote-url', url.href];
    expect(await run(argv, { cwd: folder, stdout: sink, stderr: sink, env: {} })).toBe(3);
    expect(said).toMatch(/The history of the remote database can't be read/);
    expect(
      await run(['status', '--all', ...argv.slice(2)], { cwd: folder, stdout: sink, stderr: sink, env: {} }),
    ).toBe(3);
    expect(said).not.toMatch(/defect/);
    expect(said).not.toMatch(/hunter2/);
  });
});
