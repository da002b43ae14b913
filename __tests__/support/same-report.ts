/** Same migrations, same report, whichever engine saw them: the whole object, but for what is named here. */
import { check } from '../../src/check.ts';
import type { Report } from '../../src/model/report.ts';
import type { CheckSettings } from '../../src/pipeline/settings.ts';
import { testServer } from './server.ts';

/** What may differ: how long it took, and which Postgres it was. */
const blanked = new Set(['timings', 'durationMs', 'engine']);

async function reported(
  root: string,
  selection: CheckSettings['selection'],
  databaseUrl: string | null,
): Promise<Report> {
  const report = await check({
    cwd: root,
    project: null,
    everyProject: false,
    selection,
    remote: null,
    openPullRequests: [],
    baseTip: [],
    configFile: null,
    configFromBase: false,
    overrides: databaseUrl === null ? {} : { databaseUrl },
    stages: 'all',
    now: Date.parse('2026-11-23T12:00:00Z'),
  });
  expect(report.projects.map(({ engine }) => engine?.kind)).toEqual([
    databaseUrl === null ? 'embedded' : 'server',
  ]);
  return JSON.parse(JSON.stringify(report, (key, value) => (blanked.has(key) ? undefined : value)));
}

export async function expectTheSame(root: string, selection: CheckSettings['selection']): Promise<void> {
  const embedded = await reported(root, selection, null);
  expect(embedded.projects[0]!.migrations.length).toBeGreaterThan(0);
  expect(await reported(root, selection, await testServer())).toEqual(embedded);
}
