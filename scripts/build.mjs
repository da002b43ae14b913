// Builds dist/: bundles of the command line, the action and the database worker, and the files that run beside them.
// usage: node scripts/build.mjs [--out DIR] [--check]   (--check: fails where dist/ is not what src/ gives)
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string' }, check: { type: 'boolean' } } });
const dist = join(root, 'dist');
const out = values.check ? mkdtempSync(join(tmpdir(), 'guard-dist-')) : (values.out ?? dist);

/** Extensions of contrib and beyond that the embedded engine can load; `pgcrypto` is what `extensions` needs at boot. */
const pglite = join(root, 'node_modules', '@electric-sql', 'pglite', 'dist');
const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

// What esbuild names by its content goes first, or old chunks would stay behind.
mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) if (/\.js$/.test(name)) rmSync(join(out, name));

const entries = ['cli', 'action', 'database/embedded-worker'].filter((name) =>
  existsSync(join(root, 'src', `${name}.ts`)),
);
await build({
  absWorkingDir: root,
  entryPoints: entries.map((name) => ({ in: `src/${name}.ts`, out: name.split('/').at(-1) })),
  outdir: out,
  bundle: true,
  splitting: true,
  // Chunks are named by their content and paths: a linked node_modules gives the same names.
  preserveSymlinks: true,
  chunkNames: 'shared-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  logLevel: 'warning',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  define: {
    __dirname: 'import.meta.dirname',
    __filename: 'import.meta.filename',
    'process.env.GUARD_VERSION': JSON.stringify(version),
  },
});

cpSync(join(root, 'node_modules/libpg-query/wasm/libpg-query.wasm'), join(out, 'libpg-query.wasm'));
cpSync(join(pglite, 'pglite.wasm'), join(out, 'pglite.wasm'));
cpSync(join(pglite, 'pglite.data'), join(out, 'pglite.data'));
mkdirSync(join(out, 'extensions'), { recursive: true });
for (const name of readdirSync(pglite)) {
  if (name.endsWith('.tar.gz')) cpSync(join(pglite, name), join(out, 'extensions', name));
}

if (values.check) {
  const stale = differing(out, dist);
  rmSync(out, { recursive: true, force: true });
  if (stale.length > 0) {
    console.error(`dist/ is not what src/ gives: ${stale.join(', ')}. Run "npm run build" and commit dist/.`);
    process.exit(1);
  }
  console.log('dist/ is what src/ gives.');
}

function differing(fresh, committed) {
  const files = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const hash = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  const names = new Set([
    ...files(fresh),
    ...files(committed).filter((name) => !name.startsWith('platform-')),
  ]);
  return [...names].filter((name) => {
    const [a, b] = [join(fresh, name), join(committed, name)];
    return !existsSync(a) || !existsSync(b) || hash(a) !== hash(b);
  });
}
