// Runs one TypeScript script of this folder: bundled in memory by esbuild, packages left external.
// usage: node scripts/run.mjs scripts/NAME.ts [arguments]
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [entry, ...args] = process.argv.slice(2);
const folder = join(import.meta.dirname, '..', 'node_modules', '.cache', 'scripts');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${process.pid}.mjs`);
/** Each module keeps the address of its own source: some look for files beside them. */
const ownAddress = {
  name: 'own-address',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](src|scripts|__tests__)[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const text = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(join(path, '..')));
      return { contents: text, loader: 'ts' };
    });
  },
};
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
  plugins: [ownAddress],
});
process.argv = [process.argv[0], entry, ...args];
try {
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
