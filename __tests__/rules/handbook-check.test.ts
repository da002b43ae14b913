/** The handbook's migrations, run: nothing is said about them, and what only shows when they run is found. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { check } from '../../src/check.ts';
import type { Finding } from '../../src/model/finding.ts';
import { readFixture } from '../support/fixture.ts';

const fixtures = 'fixtures/handbook';
const migrations = 'supabase/migrations';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-handbook-'));
  mkdirSync(join(folder, migrations), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is said about a fixture's change, its base laid down first; `edit` breaks the last file. */
async function run(
  name: string,
  grantsEra: 'automatic' | 'explicit',
  edit = (sql: string) => sql,
): Promise<readonly Finding[]> {
  const { head, changes } = readFixture(join(fixtures, name));
  for (const file of head) {
    const text = file === head.at(-1) ? edit(file.text) : file.text;
    writeFileSync(join(folder, migrations, file.name), text);
  }
  const report = await check({
    cwd: folder,
    project: null,
    everyProject: false,
    selection: { kind: 'changed', files: changes.map(({ path }) => path) },
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: null,
    configFromBase: false,
    overrides: { grantsEra },
    stages: 'all',
    now: Date.parse('2026-12-31T12:00:00Z'),
  });
  const changed = new Set(changes.map(({ path }) => path));
  return report.projects[0]!.findings.filter(({ file }) => file === null || changed.has(file));
}

test.each(readdirSync(fixtures))('nothing is said about %s where the platform still grants', async (name) => {
  const findings = await run(name, 'automatic');
  expect(findings.map(({ rule, severity, message }) => `${rule} ${severity}: ${message}`)).toEqual([]);
});

test.each([
  ['rollback documented', 'rollback/missing', (sql: string) => sql.slice(0, sql.search(/^-- Rollback:/m))],
  [
    'tested locally from zero',
    'replay/failed',
    (sql: string) => `${sql}\nselect 1 from public.no_such_table;\n`,
  ],
  [
    'policies tested with different roles',
    'access/insert-spoof',
    (sql: string) => sql.replace(/(for insert[\s\S]*?with check )\([^;]*\);/, '$1(true);'),
  ],
])('checklist, broken: %s (%s)', async (_item, rule, edit) => {
  const findings = await run('customer-notes.sql', 'explicit', edit);
  expect(findings.map((finding) => finding.rule)).toContain(rule);
});
