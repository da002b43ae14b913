/**
 * Runs the SQL that the linter offers as a way out, where it offers it: does it hold on the schema as it stands there?
 *
 * The migrations of each project run on the embedded engine, one after the other, each judged by the linter as a pull
 * request of its own. For each error and warning with SQL in its way out, that SQL runs in the place of the statement
 * that the finding points at, and the rest of the file after it; and once more behind the whole file. It holds where one
 * of the two brings no error that the file itself does not have. CONCURRENTLY is left out, as all of it is rolled back;
 * files with transaction control, statements that fail themselves, and what
 * no statement is found for are not tried.
 *
 * usage: node scripts/run.mjs scripts/ways-out.ts [--rule ID] [--all] PROJECT-FOLDER…   (folders that hold supabase/)
 *   --all: what failed with its SQL and error, else the first three of a rule.
 */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from '../src/check.ts';
import { readShared, toCheckSettings } from '../src/commands/command.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import type { Engine } from '../src/database/engine.ts';
import { bundlesFor } from '../src/database/platform/index.ts';
import type { Finding } from '../src/model/finding.ts';
import type { SourceFile, Statement } from '../src/model/sql.ts';
import { readMigrations } from '../src/project/migrations.ts';
import { transactionControl } from '../src/replay/commands.ts';
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
  const texts = source.statements.map(({ sql }) => plain(sql));
  const whole = !source.statements.some((statement) => transactionControl(statement));
  const own = whole ? await errors(engine, texts) : [];
  for (const finding of findings) {
    const way = sqlOf(finding);
    if (way === null) continue;
    const tally = tallies.get(finding.rule) ?? { held: 0, failed: [], untried: 0 };
    tallies.set(finding.rule, tally);
    const at = source.statements.findIndex((statement) => holds(statement, finding));
    if (!whole || way.length === 0 || at < 0 || own[at] !== null) {
      tally.untried += 1;
      continue;
    }
    const fresh = (seen: readonly (string | null)[]) => seen.filter((error) => !own.includes(error));
    const runs: string[][] = [];
    for (const one of way) {
      const again = new Set(one.map(words));
      const rest = texts.map((sql, index) => (index === at || again.has(words(sql)) ? 'select 1' : sql));
      const behind = fresh(await errors(engine, [...texts, ...one]));
      const instead = fresh(await errors(engine, [...rest.slice(0, at), ...one, ...rest.slice(at)]));
      if (behind.length > 0 && instead.length > 0)
        runs.push([`instead: ${instead.join(' | ')}`, `behind:  ${behind.join(' | ')}`, ...one]);
    }
    if (runs.length === 0) tally.held += 1;
    else {
      const text = runs.map((lines) => lines.join('\n    ')).join('\n    ');
      tally.failed.push(`${finding.file}:${finding.line} ${finding.message}\n    ${text}`);
    }
  }
}

/**
 * The ways out in a finding's fences, each with its statements: a line `-- or …` tells one from the next. Null without
 * any, empty where they are no SQL (a gap left to fill in).
 */
function sqlOf({ help }: Finding): readonly (readonly string[])[] | null {
  const fences = [...(help ?? '').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);
  if (fences.length === 0) return null;
  const texts = fences
    .join('\n')
    .replaceAll('where …', 'where true')
    .split(/^-- or\b.*$/m);
  const sources = texts.map((text) => parseSource('way out', text));
  if (sources.some(({ issue, text }) => issue || text.includes('…'))) return [];
  return sources.map(({ statements }) => statements.map(({ sql }) => plain(sql)));
}

/** What two spellings of one statement share. */
function words(sql: string): string {
  return sql
    .toLowerCase()
    .replace(/\bif not exists\b|\bpublic\./g, ' ')
    .replace(/[\s"();]+/g, ' ')
    .trim();
}

function holds(statement: Statement, { line, column }: Finding): boolean {
  const { span } = statement;
  const from = line! > span.line || (line === span.line && (column ?? 1) >= span.column);
  return from && (line! < span.endLine || (line === span.endLine && (column ?? 1) <= span.endColumn));
}

function plain(sql: string): string {
  return sql.replace(/\bconcurrently\b/gi, '').replace(/^vacuum.*$/i, 'select 1');
}

/** The error of each statement, null for none: one transaction, a savepoint around each, and all of it undone. */
async function errors(engine: Engine, statements: readonly string[]): Promise<readonly (string | null)[]> {
  const session = engine.postgresRole;
  const found: (string | null)[] = [];
  await session.exec('reset all');
  await session.exec('begin');
  try {
    for (const sql of statements) {
      const [, outcome] = await session.batch(['savepoint way', sql, 'release savepoint way']);
      found.push(outcome?.ok === false ? outcome.error.message : null);
      if (outcome?.ok === false) await session.exec('rollback to savepoint way');
    }
  } finally {
    await session.exec('rollback');
  }
  return found;
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
