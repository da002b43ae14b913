// Builds the embedded engine's snapshot: a data directory with the platform in it. Does nothing while it is current.
// usage: node scripts/build-platform.mjs [--force]
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const version = JSON.parse(
  readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'),
).version;
const dist = join(root, 'dist');
const image = join(dist, 'platform-17.tar.br');
const record = join(dist, 'platform-17.json');

const cache = join(root, 'node_modules', '.cache', 'platform');
mkdirSync(cache, { recursive: true });
const bundle = join(cache, `${process.pid}.mjs`);
await build({
  entryPoints: [join(root, 'src/database/platform/snapshot.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
});
const { buildSnapshot, platformHash } = await import(pathToFileURL(bundle).href).finally(() =>
  rmSync(bundle),
);

// The recipe counts too: how the directory is made, not only what is in it.
const recipe = readFileSync(join(root, 'src/database/platform/snapshot.ts'));
const hash = createHash('sha256').update(platformHash(version)).update(recipe).digest('hex');
const current =
  existsSync(image) && existsSync(record) && JSON.parse(readFileSync(record, 'utf8')).hash === hash;
if (current && !process.argv.includes('--force')) {
  console.log(`dist/platform-17.tar.br is current (${hash.slice(0, 12)})`);
} else {
  const { tar, postgres } = await buildSnapshot();
  const compressed = brotliCompressSync(tar, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: tar.length,
    },
  });
  mkdirSync(dist, { recursive: true });
  writeFileSync(image, compressed);
  writeFileSync(record, `${JSON.stringify({ hash, pglite: version, postgres }, null, 2)}\n`);
  console.log(
    `dist/platform-17.tar.br: ${(tar.length / 1e6).toFixed(1)} MB, compressed ${(compressed.length / 1e6).toFixed(2)} MB, Postgres ${postgres}`,
  );
}
