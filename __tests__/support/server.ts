/**
 * A real Postgres 17 for tests. Roles are cluster-wide, so each Jest worker has a server of its own: test files of one
 * worker run one after the other and may do to it what they like, as long as they tidy up.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** URL of a throw-away server, superuser `postgres`. `TEST_DATABASE_URL` where set; else started at the first call. */
export async function testServer(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return given;
  const run = process.env.GUARD_TEST_FOLDER;
  if (!run) throw new Error('testServer() works under Jest only: its global setup makes the folder');
  const folder = join(run, `server-${process.env.JEST_WORKER_ID ?? '1'}`);
  if (await mkdir(folder, { recursive: true, mode: 0o755 })) await start(folder);
  for (let i = 0; i < 600; i++) {
    const url = await readFile(join(folder, 'url'), 'utf8').catch(() => null);
    if (url) return url;
    const failure = await readFile(join(folder, 'failed'), 'utf8').catch(() => null);
    if (failure) throw new Error(`The test server did not start: ${failure}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('The test server did not start within 30 seconds');
}

async function start(folder: string): Promise<void> {
  const keeper = join(import.meta.dirname, 'keeper.mjs');
  const child = spawn(process.execPath, [keeper, folder, process.env.GUARD_TEST_PID ?? ''], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  await writeFile(join(folder, 'keeper.pid'), String(child.pid));
}
