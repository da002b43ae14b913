/** Where the files stand that run beside the code: WebAssembly, extension bundles, the platform's snapshot. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** Bundled, this file is in `dist/` itself; from source, `dist/` is two folders up. */
const dist = existsSync(join(here, 'pglite.wasm')) ? here : join(here, '..', '..', 'dist');

export const assets = {
  worker: join(dist, 'embedded-worker.js'),
  wasm: join(dist, 'pglite.wasm'),
  files: join(dist, 'pglite.data'),
  snapshot: join(dist, 'platform-17.tar.br'),
  snapshotInfo: join(dist, 'platform-17.json'),
  /** Bundle of an extension, by its name in CREATE EXTENSION. */
  extension: (name: string) => join(dist, 'extensions', `${name}.tar.gz`),
};
