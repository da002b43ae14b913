import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { workflow } from '../../src/commands/init.ts';
import { run } from '../../src/commands/run.ts';

let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-commands-'));
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true });
  out = '';
  err = '';
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const guard = (...argv: string[]) => guardIn(folder, ...argv);
const guardIn = (cwd: string, ...argv: string[]) =>
  run(argv, {
    cwd,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
  });
const migration = (name: string, sql: string | Buffer) =>
  writeFileSync(join(folder, 'supabase/migrations', name), sql);
const report = () =>
  JSON.parse(out) as {
    verdict: string;
    projects: { findings: { rule: string; line: number }[]; notChecked: { why: string }[] }[];
  };

const correct = '-- Migration: tidy up\n-- Created: 2026-01-01\n-- Purpose: tidy\nselect 1;\n';

describe('the era of grants', () => {
  const table = `create table public.notes (id uuid primary key default gen_random_uuid());
alter table public.notes enable row level security;
create policy read on public.notes for select to authenticated using (true);`;
  const seen = async (...argv: string[]) => {
    out = '';
    await guard('check', '--all', '--format', 'json', ...argv);
    const [project] = (
      JSON.parse(out) as {
        projects: {
          engine: { grants: string };
          migrations: { grants: string }[];
          findings: { rule: string }[];
        }[];
      }
    ).projects;
    return {
      engine: project!.engine.grants,
      migrations: project!.migrations.map(({ grants }) => grants),
      missing: project!.findings.some(({ rule }) => rule === 'grants/missing'),
    };
  };
  const explicit = { engine: 'explicit', migrations: ['explicit'], missing: true };
  const automatic = { engine: 'automatic', migrations: ['automatic'], missing: false };

  test("is the date's, and can be forced on the command line and in the configuration", async () => {
    migration('20260101000000_notes.sql', table);
    expect(await seen()).toEqual(automatic);
    expect(await seen('--grants-era', 'explicit')).toEqual(explicit);
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'grants-era: explicit\n');
    expect(await seen()).toEqual(explicit);
    expect(await seen('--grants-era', 'automatic')).toEqual(automatic);

    rmSync(join(folder, 'supabase/migrations/20260101000000_notes.sql'));
    migration('20261031000000_notes.sql', table);
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'grants-era: automatic\n');
    expect(await seen()).toEqual(automatic);
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'grants-era: auto\n');
    expect(await seen()).toEqual(explicit);
  });
});

describe('usage', () => {
  test('without a command, help and exit code 2; with --help, exit code 0', async () => {
    expect(await guard()).toBe(2);
    expect(await guard('--help')).toBe(0);
    expect(out).toMatch(/Usage: migration-guard COMMAND/);
  });

  test.each([
    [['chek'], /no command "chek". Did you mean "check"/],
    [['check', '--proyect', 'x'], /no option "--proyect". Did you mean "--project"/],
    [['check', '--all', '--base', 'main'], /--base and --all can't go together/],
    [['check', '--format', 'xml'], /--format is one of pretty, json/],
    [['check', '--all', '--project', '/nowhere'], /--project "\/nowhere" is no folder/],
    [['check', '--project', 'nope'], /--project "nope" is no folder. Name the folder that holds "supabase"/],
    [['lint', '--project', 'nope'], /--project "nope" is no folder/],
    [['status', '--project', 'nope'], /--project "nope" is no folder/],
    [['access', '--project', 'nope'], /--project "nope" is no folder/],
    [
      ['check', '--project', 'supabase/migrations'],
      /--project "supabase\/migrations" holds no "supabase" folder. Make one with "supabase init"/,
    ],
    [['check', '--changed', 'none.sql'], /"none.sql" is no migration/],
    [['check', '--all', '--config', 'none.yml'], /configuration file "none.yml" can't be read/],
    [['lint', '--all', '--baseline'], /baseline/],
    [['status', 'foo'], /"status" takes no argument, and "foo" is one/],
    [['rules', 'foo'], /"rules" takes no argument/],
    [['access', '--format', 'pgtap'], /printed with --emit pgtap/],
    [['access', 'public.note', '--write'], /leave the names out/],
    [['explain', 'history/file-nam'], /Did you mean "history\/file-name"/],
  ])('%p is answered by one sentence and exit code 2', async (argv, sentence) => {
    expect(await guard(...argv)).toBe(2);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    ['lint', /^Usage: migration-guard lint .*--fix/m],
    ['rollback', /--write companion/],
    ['access', /--emit pgtap/],
    ['check', /--grants-era ERA/],
    ['explain', /explain RULE\n$/],
  ])('%s --help prints its own usage', async (name, words) => {
    expect(await guard(name, '--help')).toBe(0);
    expect(out).toMatch(words);
    expect(out).not.toMatch(/Usage: migration-guard COMMAND/);
  });

  test('at the root of a monorepo the folders below are named', async () => {
    rmSync(join(folder, 'supabase'), { recursive: true });
    for (const path of ['apps/web/supabase', 'services/a/b/supabase', 'node_modules/x/supabase'])
      mkdirSync(join(folder, path), { recursive: true });
    expect(await guard('lint', '--all')).toBe(2);
    expect(err).toMatch(/Below it there is one in "apps\/web", "services\/a\/b": name it with --project DIR/);
  });

  test('a repository within the folder of a project does not take that project', async () => {
    const inner = join(folder, 'inner/src');
    mkdirSync(inner, { recursive: true });
    migration('20260101000000_a.sql', correct);
    expect(await guardIn(inner, 'status', '--all')).toBe(0);
    execFileSync('git', ['init', '-q'], { cwd: join(folder, 'inner') });
    for (const command of ['check', 'lint', 'status']) {
      err = '';
      expect(await guardIn(inner, command)).toBe(2);
      expect(err).toMatch(/No "supabase" folder was found in .* Make one with "supabase init"/);
    }
  });

  test('before the first commit all is new, also what was never added', async () => {
    execFileSync('git', ['init', '-q'], { cwd: folder });
    migration('20260101000000_a.sql', 'create table public.a (id int);');
    expect(await guard('lint', '--format', 'json')).toBe(1);
    expect(report().projects[0]!.findings.map(({ rule }) => rule)).toContain('rls/disabled');
    out = '';
    expect(await guard('status')).toBe(0);
    expect(out).toMatch(/^20260101000000\s+added/m);
    expect(await guard('lint', '--base', 'main')).toBe(3);
  });

  test('where nothing listens at the database URL, access and rollback say so', async () => {
    migration('20260101000000_a.sql', correct);
    for (const [command, ...rest] of [['access'], ['rollback', '20260101000000_a.sql']] as const) {
      err = '';
      expect(await guard(command, ...rest, '--database-url', 'postgresql://u:p@127.0.0.1:1/postgres')).toBe(
        3,
      );
      expect(err).toMatch(/Nothing listens at 127\.0\.0\.1:1\./);
    }
  });

  test('an unknown key of the configuration is exit code 2 with the nearest key', async () => {
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'fial-on: error\n');
    expect(await guard('lint', '--all')).toBe(2);
    expect(err).toMatch(/Did you mean "fail-on"/);
  });
});

describe('lint --fix', () => {
  const text = (name: string) => readFileSync(join(folder, 'supabase/migrations', name), 'utf8');
  const names = () => readdirSync(join(folder, 'supabase/migrations')).sort();

  test('what is certain is mended on disk, and a second time there is nothing to mend', async () => {
    migration(
      '20260101000000_notes.sql',
      `\ufeff-- Notes\r
create table public.notes (id uuid primary key, user_id uuid not null references auth.users (id), body json);\r
create policy "own" on public.notes for select using (auth.uid() = user_id);\r
`,
    );
    await guard('lint', '--fix', '20260101000000_notes.sql');
    expect(err).toMatch(/^\d+ findings mended\.\n {2}supabase\/migrations\/20260101000000_notes\.sql$/m);
    const mended = text('20260101000000_notes.sql');
    expect(mended).toMatch(/^\ufeff-- Notes\r\n/);
    // What becomes of the rows of a user who goes is no fix to guess.
    expect(mended).toMatch(/references auth\.users \(id\), body jsonb\);\r\n/);
    expect(mended).toMatch(/for select to authenticated using \(\(select auth\.uid\(\)\) = user_id\);\r\n/);
    expect(mended).toMatch(/^alter table public\.notes enable row level security;\r$/m);
    expect(mended).not.toMatch(/[^\r]\n/);
    err = '';
    await guard('lint', '--fix', '20260101000000_notes.sql');
    expect(err).toMatch(/^0 findings mended\.$/m);
    expect(text('20260101000000_notes.sql')).toBe(mended);
  });

  test('a file that gets another name is followed, and one that never ran comes last', async () => {
    migration('20260101_Add-Notes.sql', correct);
    migration('late.sql', correct);
    expect(await guard('lint', '--fix', '20260101_Add-Notes.sql', '--fail-on', 'never')).toBe(0);
    expect(err).toMatch(/mended\.\n {2}supabase\/migrations\/\d{14}_add_notes\.sql$/m);
    expect(names()).toEqual([expect.stringMatching(/^\d{14}_add_notes\.sql$/), 'late.sql']);
    expect(await guard('lint', '--fix', '--all', '--fail-on', 'never')).toBe(0);
    expect(names()).toEqual([
      expect.stringMatching(/^\d{14}_add_notes\.sql$/),
      expect.stringMatching(/^\d{14}_late\.sql$/),
    ]);
  });
});

describe('lint --fix --all', () => {
  test('leaves what the default branch has as it ran, and says so', async () => {
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' });
    const broken = 'create table public.T (id uuid primary key, body json);\n';
    migration('20260101000000_old.sql', broken.replace('T', 'old'));
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '.');
    git('-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '--quiet', '--message', 'old');
    migration('20260102000000_new.sql', broken.replace('T', 'new'));

    const text = (name: string) => readFileSync(join(folder, 'supabase/migrations', name), 'utf8');
    await guard('lint', '--fix', '--all');
    expect(text('20260101000000_old.sql')).toMatch(/body json\)/);
    expect(text('20260102000000_new.sql')).toMatch(/body jsonb\)/);
    expect(err).toMatch(/^ {2}supabase\/migrations\/20260102000000_new\.sql$/m);
    expect(err).toMatch(/^One migration of the default branch could be mended, and stays as it ran: /m);

    err = '';
    await guard('lint', '--fix', '20260101000000_old.sql', '20260102000000_new.sql');
    expect(text('20260101000000_old.sql')).toMatch(/body jsonb\)/);
    expect(err).not.toMatch(/default branch/);
  });
});

describe('lint', () => {
  test('a correct migration is a pass', async () => {
    migration('20260101000000_tidy_up.sql', correct);
    expect(await guard('lint', '--all', '--format', 'json')).toBe(0);
    expect(report()).toMatchObject({ verdict: 'pass', projects: [{ findings: [] }] });
  });

  test('an empty folder is a pass', async () => {
    expect(await guard('lint', '--all', '--format', 'json')).toBe(0);
  });

  test('files that can’t be read are said, and the others are checked', async () => {
    migration('20260101000000_utf16.sql', Buffer.from('\ufeffselect 1;', 'utf16le'));
    migration('20260101000001_latin1.sql', Buffer.from([0x2d, 0x2d, 0xe9]));
    migration('20260101000002_broken.sql', 'create tabel x ();');
    expect(await guard('lint', '--all', '--format', 'json')).toBe(1);
    const [project] = report().projects;
    expect(project!.notChecked.map(({ why }) => why).join()).toMatch(/UTF-16.*UTF-8/s);
    expect(project!.findings).toContainEqual(expect.objectContaining({ rule: 'structure/syntax', line: 1 }));
  });

  test('--output writes there, and nothing to standard output', async () => {
    migration('20260101000000_tidy_up.sql', correct);
    await guard('lint', '--all', '--format', 'json', '--output', 'report.json');
    expect(out).toBe('');
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toHaveProperty('schemaVersion', 1);
  });
});

describe('check', () => {
  test('of a base that can’t be found prints one object and ends with code 3', async () => {
    expect(
      await guard('check', '--all', '--database-url', 'postgres://127.0.0.1:1/none', '--format', 'json'),
    ).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ verdict: 'incomplete' });
    expect(JSON.stringify(JSON.parse(out))).toMatch(/Nothing listens at 127.0.0.1:1/);
  });
});

describe('new', () => {
  test('writes one file with a name later than the newest', async () => {
    migration('20991231235959_future.sql', 'select 1;');
    expect(await guard('new', 'create', 'customer', 'invoices', 'table')).toBe(0);
    expect(readdirSync(join(folder, 'supabase/migrations'))).toContain(
      '21000101000000_create_customer_invoices_table.sql',
    );
    expect(out.trim()).toBe('supabase/migrations/21000101000000_create_customer_invoices_table.sql');
  });
});

describe('init', () => {
  test('writes workflow and configuration once, and keeps what is there', async () => {
    expect(await guard('init')).toBe(0);
    writeFileSync(join(folder, 'supabase/migration-guard.yml'), 'fail-on: never\n');
    expect(await guard('init')).toBe(0);
    expect(out).toMatch(/kept {5}supabase\/migration-guard.yml/);
    expect(readFileSync(join(folder, 'supabase/migration-guard.yml'), 'utf8')).toBe('fail-on: never\n');
    expect(await guard('lint', '--all')).toBe(0);
  });

  test('its workflow is the one in the README', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    expect(readme).toContain(workflow(false).trim());
  });
});

describe('status', () => {
  test('lists files in the order of the CLI, and those it skips', async () => {
    migration('9_nine.sql', '');
    migration('10_ten.sql', '');
    migration('notes.sql', '');
    expect(await guard('status', '--all', '--format', 'json')).toBe(0);
    const rows = JSON.parse(out).migrations.map(({ version, local }: { version: string; local: string }) => [
      version,
      local,
    ]);
    expect(rows).toEqual([
      ['', 'skipped'],
      ['10', 'same'],
      ['9', 'same'],
    ]);
    out = '';
    expect(await guard('status', '--all')).toBe(0);
    expect(out).toMatch(/^1 entry skipped: the Supabase CLI runs "<digits>_<name>\.sql" only\.$/m);
  });

  test('without git, and where no base can be had, it is a plain list', async () => {
    migration('20260101000000_notes.sql', '');
    expect(await guard('status')).toBe(0);
    expect(out).toBe('version         file\n20260101000000  supabase/migrations/20260101000000_notes.sql\n');
    expect(err).toBe('No commit to compare with was found here: what changed is not shown.\n');
    expect(await guard('status', '--base', 'main')).toBe(2);
  });
});

describe('rules and explain', () => {
  test('the list has what the contract says', async () => {
    expect(await guard('rules', '--format', 'json')).toBe(0);
    const [first] = JSON.parse(out).rules;
    expect(Object.keys(first)).toEqual(['id', 'severity', 'evidence', 'summary', 'fixable', 'docs']);
  });

  test('a rule is explained by its id, or by its name alone', async () => {
    expect(await guard('explain', 'file-name')).toBe(0);
    expect(out).toMatch(/^history\/file-name: warning \(recommended\)/);
  });
});

describe('rollback', () => {
  test('leads back from where the migration was the newest, and says what stands on it', async () => {
    migration('20260101000000_note.sql', 'create table public.note (id uuid primary key, body text);');
    migration('20260102000000_title.sql', 'alter table public.note add column title text;');
    migration('20260103000000_view.sql', 'create view public.titles as select title from public.note;');
    expect(await guard('rollback', '20260102000000_title.sql')).toBe(0);
    expect(out).toMatch(/1 later migration stands on it/);
    expect(out).toMatch(/^ALTER TABLE public.note DROP COLUMN title;$/m);
  }, 60_000);

  test('says of the file what its own section leaves, and of the generated SQL that it leads back', async () => {
    migration(
      '20260101000000_plan.sql',
      'create table public.plans (id uuid primary key, name text, old text);',
    );
    migration(
      '20260102000000_fee.sql',
      'alter table public.plans add column fee int, drop column old;\n-- Rollback:\n--   alter table public.plans drop column fee;\n',
    );
    expect(await guard('rollback', '20260102000000_fee.sql')).toBe(0);
    expect(out).toMatch(
      /^-- Its own Rollback section \(line 3\) was run, and leaves a difference:\n-- {3}column public\.plans\.old is missing.*\n-- What follows was generated instead\.\n-- It was run: the catalog is as before, but/m,
    );
  }, 60_000);

  test('says what depends on what the own section drops', async () => {
    migration(
      '20260101000000_note.sql',
      `create table public.note (id uuid primary key);
create view public.ids with (security_invoker = on) as select id from public.note;
-- Rollback:
--   drop table public.note;
`,
    );
    expect(await guard('rollback', '20260101000000_note.sql')).toBe(0);
    expect(out).toMatch(
      /was run, and failed:\n-- {3}cannot drop .*\n-- {3}view ids depends on table note\n-- What follows/,
    );
    out = '';
    expect(await guard('check', '20260101000000_note.sql')).toBe(1);
    expect(out).toMatch(/view ids\s+depends on table note/);
    expect(out).toMatch(/^ {4}DROP VIEW public\.ids;/m);
  }, 60_000);

  test('is written as a companion, where the CLI does not run it', async () => {
    migration('20260101000000_note.sql', 'create table public.note (id uuid primary key, body text);');
    migration('20260102000000_body.sql', 'alter table public.note drop column body;');
    expect(await guard('rollback', '20260102000000_body.sql', '--write', 'companion')).toBe(0);
    const written = readFileSync(join(folder, 'supabase/rollback/20260102000000_body.sql'), 'utf8');
    expect(written).toContain('--   the values of public.note.body (seen: 2 of 3 rows)');
    expect(written).toContain('ALTER TABLE public.note ADD COLUMN body text;');
    expect(err).toContain('the values of public.note.body (seen: 2 of 3 rows)');
  }, 60_000);
});

describe('access', () => {
  test('of objects that are named shows these, and says which are not there', async () => {
    migration(
      '20260101000000_note.sql',
      'create table public.note (id uuid primary key); create table public.tag (id uuid primary key);',
    );
    expect(await guard('access', 'note')).toBe(0);
    expect(out).toMatch(/^public\.note /m);
    expect(out).not.toMatch(/public\.tag/);
    expect(await guard('access', 'public.tags')).toBe(2);
    expect(err).toMatch(/"public\.tags" is nothing that the API exposes\. Did you mean "public\.tag"/);
  }, 60_000);

  test('shows who reaches which rows, and names the migrations whose objects are missing from it', async () => {
    migration('20260101000000_note.sql', 'create table public.note (id uuid primary key, body text);');
    migration('20260102000000_tag.sql', 'create table public.tag (note uuid references public.notes);');
    expect(await guard('access')).toBe(0);
    expect(out).toMatch(/^public\.note \(table, row level security off\)$/m);
    expect(out).not.toMatch(/public\.tag/);
    expect(err).toMatch(
      /1 migration did not apply; what only it makes is not in the matrix: supabase\/migrations\/20260102000000_tag\.sql$/m,
    );
  }, 60_000);
});
