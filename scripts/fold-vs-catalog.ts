// Folds the migrations of real projects and compares with what Postgres has after running the same statements.
// usage: node scripts/run.mjs scripts/fold-vs-catalog.ts [--show N] PROJECT-FOLDER…   (a folder that holds supabase/)
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readState } from '../src/database/catalog/state.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import { bundlesFor } from '../src/database/platform/index.ts';
import type { SourceFile } from '../src/model/sql.ts';
import { openDetour } from '../src/replay/detour.ts';
import { extensionsIn } from '../src/replay/extensions.ts';
import { FileRunner } from '../src/replay/file.ts';
import type { Difference } from '../src/sql/fold/compare.ts';
import { compareStates, unexplained } from '../src/sql/fold/compare.ts';
import { emptyState, foldFile } from '../src/sql/fold/index.ts';
import { loadParser, parseSource } from '../src/sql/parse.ts';

const args = process.argv.slice(2);
const show = args[0] === '--show' ? Number(args.splice(0, 2)[1]) : 5;

await loadParser();
const total = { objects: 0, equal: 0, explained: 0, wrong: 0 };
for (const folder of args) {
  try {
    await project(folder);
  } catch (error) {
    console.log(`${basename(folder)}: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(
  `\n${total.objects} objects: ${total.equal} equal, ${total.explained} different where the fold says so, ${total.wrong} different without a word (${((100 * total.equal) / total.objects).toFixed(2)} % equal)`,
);

async function project(folder: string): Promise<void> {
  const migrations = join(folder, 'supabase', 'migrations');
  const names = readdirSync(migrations).filter((name) => /^\d+_.*\.sql$/.test(name));
  const texts = names.sort().map((name) => [name, readFileSync(join(migrations, name), 'utf8')] as const);
  const extensions = texts.flatMap(([, text]) => extensionsIn(text).map(({ name }) => name));
  const engine = await openEmbedded({
    statementLimitMs: 30_000,
    extensions: bundlesFor(extensions).map(({ name }) => name),
  });
  try {
    const secret = await openDetour(engine);
    const runner = new FileRunner(engine, {
      engine: 'embedded',
      secret,
      database: 'postgres',
      available: new Set(),
      pgtap: null,
    });
    let state = emptyState({ era: 'automatic' });
    let ran = 0;
    let all = 0;
    let foldMs = 0;
    for (const [name, text] of texts) {
      const source = parseSource(name, text.replace(/^\ufeff/, ''));
      const [version] = name.split('_');
      const file = { path: name, version: version!, name, source };
      const steps = await runner.oneByOne(file, { history: false });
      const applied = new Set(steps.filter((step) => step.outcome === 'applied').map((step) => step.index));
      all += source.statements.length;
      ran += applied.size;
      const part: SourceFile = {
        ...source,
        statements: source.statements.filter((statement) => applied.has(statement.index)),
        issue: null,
      };
      const start = performance.now();
      state = foldFile(state, part, { era: 'automatic' }).after;
      foldMs += performance.now() - start;
    }
    const start = performance.now();
    const catalog = await readState(engine.admin);
    const readMs = performance.now() - start;
    const differences = compareStates(state, catalog);
    const wrong = unexplained(
      differences,
      state.unknown.filter(({ object }) => object !== null),
    );
    const distinct = (list: readonly Difference[]) =>
      new Set(list.map(({ kind, key }) => `${kind} ${key}`)).size;
    const maps = [catalog.tables, catalog.views, catalog.routines, catalog.types, catalog.sequences];
    const objects = maps.reduce((sum, map) => sum + map.size, 0);
    total.objects += objects;
    total.equal += objects - distinct(differences);
    total.explained += distinct(differences) - distinct(wrong);
    total.wrong += distinct(wrong);
    console.log(
      `${basename(folder)}: ${ran} of ${all} statements ran; ${objects} objects, ${distinct(wrong)} different without a word, ${distinct(differences) - distinct(wrong)} where the fold says so; ${state.unknown.filter(({ object }) => object === null).length} notes without an object; fold ${foldMs.toFixed(0)} ms, catalog ${readMs.toFixed(0)} ms`,
    );
    for (const { kind, key, what, left, right } of wrong.slice(0, show)) {
      console.log(`  ${kind} ${key} ${what}\n    folded:  ${short(left)}\n    catalog: ${short(right)}`);
    }
    if (wrong.length > 0) {
      for (const { place, why } of state.unknown.filter(({ object }) => object === null).slice(0, show)) {
        console.log(`  note ${place.file}:${place.line} ${why}`);
      }
    }
  } finally {
    await engine.close();
  }
}

function short(text: string | null): string {
  if (text === null) return 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
