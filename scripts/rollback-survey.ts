/**
 * How often a generated way back restores the catalog exactly, on real projects.
 * usage: node scripts/run.mjs scripts/rollback-survey.ts [--limit N] [--from N] [--seconds N] [--verbose] PROJECT…
 * PROJECT holds `supabase/migrations` somewhere. Prints a line for each migration that is not restored, then the figures.
 */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { snapshot } from '../src/database/catalog/snapshot.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import { type Engine, EngineLost } from '../src/database/engine.ts';
import type { RollbackResult } from '../src/model/rollback.ts';
import { readMigrations } from '../src/project/migrations.ts';
import { openDetour } from '../src/replay/detour.ts';
import { FileRunner, LostAt } from '../src/replay/file.ts';
import { surroundings } from '../src/replay/surroundings.ts';
import { proveRollbacks } from '../src/rollback/index.ts';
import type { SqlOf } from '../src/rollback/run.ts';
import { loadParser, parseSource } from '../src/sql/parse.ts';

const args = process.argv.slice(2);
const option = (name: string, fallback: number) => {
  const at = args.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(args.splice(at, 2)[1]);
};
const limit = option('limit', 40);
const from = option('from', 0);
const seconds = option('seconds', 60);
const verbose = args.includes('--verbose');
const projects = args.filter((arg) => !arg.startsWith('--'));

const tally = {
  tried: 0,
  restores: 0,
  differs: 0,
  failed: 0,
  irreversible: 0,
  'not-run': 0,
  exact: 0,
  upAgain: 0,
};
await loadParser();
for (const project of projects) await survey(project);
const lossless = tally.tried - tally.irreversible;
console.log(
  JSON.stringify({ ...tally, shareOfLossless: `${((100 * tally.restores) / lossless).toFixed(1)} %` }),
);

async function survey(project: string): Promise<void> {
  const folder = await migrationsFolder(project);
  if (folder === null) return;
  const { migrations } = await readMigrations(folder, relative(project, folder));
  const texts = migrations.map(({ text }) => text ?? '').join('\n');
  const extensions = [
    ...texts.matchAll(/create\s+extension\s+(?:if\s+not\s+exists\s+)?"?([a-z0-9_-]+)"?/gi),
  ].map((match) => match[1]!.toLowerCase());
  const engine = await openEmbedded({ statementLimitMs: 20_000, extensions: [...new Set(extensions)] });
  const end = performance.now() + seconds * 1000;
  let tried = 0;
  let restored = 0;
  try {
    const runner = new FileRunner(engine, await surroundings(engine, await openDetour(engine)));
    const sqlOf: SqlOf = (statement) => {
      const command = runner.command(statement);
      return command.kind === 'run' ? command.sql : [];
    };
    let before = await snapshot(engine.postgresRole);
    for (const [i, { path, version, name, text }] of migrations.entries()) {
      if (text === null || performance.now() > end || tried >= limit) continue;
      const source = parseSource(path, text);
      const file = { path, version, name, source };
      const steps = await runner.asOne(file);
      if (steps.some(({ outcome }) => outcome !== 'applied')) {
        if (steps.some(({ outcome }) => outcome === 'failed'))
          await runner.oneByOne(file, { settled: runner.settled });
        before = await snapshot(engine.postgresRole);
        continue;
      }
      const after = await snapshot(engine.postgresRole);
      if (i >= from) {
        const [result] = await proveRollbacks({
          session: engine.postgresRole,
          steps: [{ path, source, before, after }],
          planFor: () => null,
          sqlOf,
        });
        tried += 1;
        if (count(result!)) restored += 1;
        else tell(project, result!);
      }
      before = after;
    }
  } catch (error) {
    if (!(error instanceof LostAt || error instanceof EngineLost)) throw error;
    console.log(`${project}: given up, ${error.message}`);
  } finally {
    await close(engine);
  }
  console.log(`${project}: ${restored} of ${tried}`);
}

/** True where nothing is left to explain. */
function count(result: RollbackResult): boolean {
  tally.tried += 1;
  tally[result.status] += 1;
  if (result.differences.length === 0 && result.error === null) tally.exact += 1;
  if (result.upAgain) tally.upAgain += 1;
  return (
    result.differences.length === 0 &&
    result.error === null &&
    result.status !== 'not-run' &&
    result.upAgain === true
  );
}

function tell(project: string, result: RollbackResult): void {
  const why = result.error
    ? `${result.error.sqlstate} ${result.error.message} (line ${result.error.line})`
    : '';
  console.log(`  ${project} ${result.path}: ${result.status} ${why} ${result.detail ?? ''}`);
  for (const difference of result.differences.slice(0, 6)) console.log(`      ${difference}`);
  if (verbose) console.log((result.sql ?? '').replace(/^/gm, '      | '));
}

async function migrationsFolder(project: string): Promise<string | null> {
  const entries = await readdir(project, { recursive: true, withFileTypes: true });
  const found = entries.find(
    (entry) => entry.isDirectory() && entry.name === 'migrations' && entry.parentPath.endsWith('supabase'),
  );
  return found === undefined ? null : join(found.parentPath, found.name);
}

async function close(engine: Engine): Promise<void> {
  await engine.close().catch(() => undefined);
}
