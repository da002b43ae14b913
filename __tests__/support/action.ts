/** Runs the action as the runner does: environment, event file and command files in; exit code, outputs and log out. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Report } from '../../src/model/report.ts';
import { repositoryName } from './github-server.ts';

/** The entry that a release ships. */
export const shippedAction = join(import.meta.dirname, '..', '..', 'dist', 'action.js');

/** The action around a check that hands back a given report: what is published does not depend on how it was found. */
export async function buildCannedAction(): Promise<{ readonly entry: string; readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'canned-action-'));
  await build({
    stdin: {
      contents: `
        import { readFileSync } from 'node:fs';
        import { run } from './src/github/run.ts';
        const check = async (settings) => {
          const { report, settingsTo } = JSON.parse(readFileSync(process.env.CANNED, 'utf8'));
          const { writeFileSync } = await import('node:fs');
          writeFileSync(settingsTo, JSON.stringify(settings));
          return report;
        };
        process.exitCode = await run(check, process.env);`,
      resolveDir: join(import.meta.dirname, '..', '..'),
      loader: 'ts',
    },
    outdir: folder,
    entryNames: 'action',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);",
    },
    minify: true,
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    logLevel: 'error',
  });
  cpSync(
    join(import.meta.dirname, '..', '..', 'node_modules/libpg-query/wasm/libpg-query.wasm'),
    join(folder, 'libpg-query.wasm'),
  );
  return { entry: join(folder, 'action.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface ActionRun {
  readonly entry: string;
  readonly apiUrl: string;
  readonly event: string;
  readonly payload: object;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly report?: Report;
  readonly workspace?: string;
  readonly sha?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ActionResult {
  readonly code: number | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What the check was told; null where it was not asked. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of CheckSettings.
  readonly settings: any;
  readonly reportFile: string | null;
}

export async function runAction(run: ActionRun): Promise<ActionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'action-run-'));
  const at = (name: string) => join(folder, name);
  for (const name of ['output', 'summary']) writeFileSync(at(name), '');
  writeFileSync(at('event.json'), JSON.stringify(run.payload));
  writeFileSync(at('canned.json'), JSON.stringify({ report: run.report, settingsTo: at('settings.json') }));
  const workspace = run.workspace ?? at('workspace');
  mkdirSync(workspace, { recursive: true });
  mkdirSync(at('temp'));
  const inputs = { token: 'ghs_test', ...run.inputs };
  const child = spawn(process.execPath, [run.entry], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the test's own environment but what a program needs to start.
    env: {
      PATH: process.env.PATH,
      GITHUB_ACTIONS: 'true',
      CI: 'true',
      GITHUB_API_URL: run.apiUrl,
      GITHUB_SERVER_URL: 'https://github.example',
      GITHUB_REPOSITORY: repositoryName,
      GITHUB_EVENT_NAME: run.event,
      GITHUB_EVENT_PATH: at('event.json'),
      GITHUB_SHA: run.sha ?? 'c'.repeat(40),
      GITHUB_RUN_ID: '4711',
      GITHUB_WORKSPACE: workspace,
      GITHUB_OUTPUT: at('output'),
      GITHUB_STEP_SUMMARY: at('summary'),
      GITHUB_ACTION_REPOSITORY: 'acme/supabase-migration-guard',
      GITHUB_ACTION_REF: 'v1',
      RUNNER_TEMP: at('temp'),
      CANNED: at('canned.json'),
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
      ...run.env,
    },
  });
  let log = '';
  child.stdout.on('data', (chunk) => (log += chunk));
  child.stderr.on('data', (chunk) => (log += chunk));
  const timer = setTimeout(() => child.kill(), 50_000);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  };
  const settings = read(at('settings.json'));
  const outputs = outputsOf(read(at('output')) ?? '');
  const result = {
    code,
    log,
    outputs,
    summary: read(at('summary')) ?? '',
    settings: settings === null ? null : JSON.parse(settings),
    reportFile: outputs['report-path'] === undefined ? null : read(outputs['report-path']),
  };
  rmSync(folder, { recursive: true, force: true });
  return result;
}

/** `name<<delimiter`, value, delimiter: as `@actions/core` writes them. */
function outputsOf(file: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [, name, , value] of file.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2$/gm))
    outputs[name!] = value!;
  return outputs;
}
