/**
 * Runs the SQL that the linter offers as a way out, where it offers it: does it hold on the schema as it stands there?
 *
 * The migrations of each project run on the embedded engine, one after the other, each judged by the linter as a pull
 * request of its own. How the SQL of each error's and warning's way out is tried: `__tests__/support/ways-out.ts`.
 *
 * usage: node scripts/run.mjs scripts/ways-out.ts [--rule ID] [--all] PROJECT-FOLDER…   (folders that hold supabase/)
 *   --all: what failed with its SQL and error, else the first three of a rule.
 */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { waysOut } from '../__tests__/support/ways-out.ts';
import { check } from '../src/check.ts';
import { readShared, toCheckSettings } from '../src/commands/command.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import type { Engine } from '../src/database/engine.ts';
import { bundlesFor } from '../src/database/platform/index.ts';
import type { Finding } from '../src/model/finding.ts';
import type { SourceFile } from '../src/model/sql.ts';
import { readMigrations } from '../src/project/migrations.ts';
import { openDetour } from '../src/replay/detour.ts';
import { extensionsIn } from '../src/replay/extensions.ts';
import { FileRunner } from '../src/replay/file.ts';
import { loadParser, parseSource } from '../src/sql/parse.ts';

const { values, positionals: folders } = parseArgs({
  options: { rule: { type: 'string' }, all: { type: 'boolean', default: false } },
  allowPositionals: true,
});

interface Tally {
  held: number;
  failed: string[];
  untried: number;
}
const tallies = new Map<string, Tally>();

await loadParser();
for (const folder of folders) {
  try {
    await project(folder);
    console.error(folder);
  } catch (error) {
    console.error(`${basename(folder)}: ${error instanceof Error ? error.message : error}`);
  }
}
print();

async function project(folder: string): Promise<void> {
  const findings = await lint(folder);
  const { migrations } = await readMigrations(join(folder, 'supabase', 'migrations'), 'supabase/migrations');
  const sources = migrations
    .filter(({ version }) => version !== null)
    .map((migration) => ({
      path: migration.path,
      version: migration.version!,
      name: migration.name ?? '',
      source: parseSource(migration.path, migration.text ?? ''),
    }));
  const extensions = sources.flatMap(({ source }) => extensionsIn(source.text).map(({ name }) => name));
  const engine = await openEmbedded({
    statementLimitMs: 30_000,
    extensions: bundlesFor(extensions).map(({ name }) => name),
  });
  try {
    const runner = new FileRunner(engine, {
      engine: 'embedded',
      secret: await openDetour(engine),
      database: 'postgres',
      available: new Set(),
      pgtap: null,
    });
    for (const file of sources) {
      const here = firstOfEach(findings.filter((one) => one.file === file.path));
      if (here.length > 0) await tried(engine, file.source, here);
      await runner.oneByOne(file, { history: false });
    }
  } finally {
    await engine.close();
  }
}

async function lint(folder: string): Promise<readonly Finding[]> {
  const settings = toCheckSettings(
    readShared({ all: true, project: folder }, []),
    { cwd: folder, stdout: process.stdout, stderr: process.stderr, env: {} },
    'static',
  );
  const { projects } = await check(settings);
  return projects
    .flatMap((one) => one.findings)
    .filter(({ severity, rule }) => severity !== 'info' && (!values.rule || rule === values.rule));
}

/** At most three of a rule in one file: a dump would fill the table. */
function firstOfEach(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ rule }, at) => findings.slice(0, at).filter((other) => other.rule === rule).length < 3,
  );
}

async function tried(engine: Engine, source: SourceFile, findings: readonly Finding[]): Promise<void> {
  for (const { finding, outcome, shown } of await waysOut(engine, source, findings)) {
    const tally = tallies.get(finding.rule) ?? { held: 0, failed: [], untried: 0 };
    tallies.set(finding.rule, tally);
    if (outcome === 'holds') tally.held += 1;
    else if (outcome === 'not tried') tally.untried += 1;
    else {
      const text = shown.replaceAll('\n', '\n    ');
      tally.failed.push(`${finding.file}:${finding.line} ${finding.message}\n    ${text}`);
    }
  }
}

function print(): void {
  for (const [rule, { held, failed, untried }] of [...tallies].sort()) {
    console.log(`${rule}: ${held} hold, ${failed.length} fail, ${untried} not tried`);
    for (const one of failed.slice(0, values.all ? undefined : 3)) console.log(`  ${one}`);
  }
  const all = [...tallies.values()];
  const held = all.reduce((sum, tally) => sum + tally.held, 0);
  const failed = all.reduce((sum, tally) => sum + tally.failed.length, 0);
  console.log(
    `\n${held + failed} ways out ran: ${held} hold, ${failed} fail; ${all.reduce((sum, tally) => sum + tally.untried, 0)} not tried`,
  );
}
