// One folder for the whole run: what `testServer()` starts lives in it and ends with it.
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function globalSetup() {
  const folder = await mkdtemp(join(tmpdir(), 'guard-tests-'));
  // Postgres refuses to run as root: its own user has to get at its data folder in here.
  await chmod(folder, 0o755);
  process.env.GUARD_TEST_FOLDER = folder;
  process.env.GUARD_TEST_PID = String(process.pid);
}
