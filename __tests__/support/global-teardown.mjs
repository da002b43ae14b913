// Ends the Postgres servers that test files started (see server.ts) and removes their folder.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

export default async function globalTeardown() {
  const folder = process.env.GUARD_TEST_FOLDER;
  if (!folder) return;
  for (const name of await readdir(folder)) {
    const pid = await readFile(join(folder, name, 'keeper.pid'), 'utf8').catch(() => null);
    if (pid) await ended(Number(pid));
  }
  await rm(folder, { recursive: true, force: true });
}

async function ended(pid) {
  try {
    process.kill(pid, 'SIGTERM');
    for (let i = 0; i < 100; i++) {
      process.kill(pid, 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch {
    // It has gone.
  }
}
