/**
 * Shows speed as ratios measured in one run; seconds are printed and never asserted.
 * usage: npm run bench [-- boot|lint|replay|probe …]   (default: all)
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { readState } from '../src/database/catalog/state.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import type { Engine, Outcome } from '../src/database/engine.ts';
import { openServer } from '../src/database/server.ts';
import type { Report } from '../src/model/report.ts';
import { probe } from '../src/probes/probe.ts';
import { loadParser } from '../src/sql/parse.ts';
import { makeMigrations } from './bench-migrations.ts';
import { startServer } from './server.ts';

const root = join(import.meta.dirname, '..');
const cli = join(root, 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'guard-bench-'));
const parts: Record<string, () => Promise<void>> = { boot, lint, replay, probe: probes };
const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(parts);
try {
  for (const name of wanted) {
    console.log(`\n## ${name}\n`);
    await parts[name]!();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Whole processes, as a user or a runner starts them. */
async function boot() {
  const unchanged = project('unchanged', 20);
  execFileSync('git', ['init', '-q'], { cwd: unchanged });
  execFileSync('git', ['add', '-A'], { cwd: unchanged });
  execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '-qm', 'x'], {
    cwd: unchanged,
  });
  const example = join(root, 'fixtures/projects/invoices');
  row('node itself', whole(['-e', '0']), null);
  row(
    'a pull request without migrations (aim 0.5 s)',
    whole([cli, 'check', '--base', 'HEAD'], unchanged),
    null,
  );
  row(
    'the bundled example, cold (aim 4 s)',
    whole([cli, 'check', '--changed', '20261102093000_share_invoices.sql', '--project', example]),
    null,
  );
  const opened = await timed(async () =>
    (await openEmbedded({ statementLimitMs: 60_000, extensions: [] })).close(),
  );
  row('the embedded engine with the platform, in process (aim 1.5 s)', opened, null);
}

/** Lint and bare parse() of the same text, each in fresh processes; then whole processes beside squawk's. */
async function lint() {
  console.log(
    '| migrations | text | bare parse() | all stages | ratio (aim 1.5) | stages |\n|---|---|---|---|---|---|',
  );
  for (const count of [100, 300, 1000]) {
    const dir = project(`lint-${count}`, count);
    const bytes = makeMigrations(count).reduce((sum, { sql }) => sum + Buffer.byteLength(sql), 0);
    const bare = medianOf(5, () => Number(run([bareParse(), dir]).stdout));
    const [total, stages] = medianStages(5, dir);
    const parts = stages.map(([name, ms]) => `${name} ${seconds(ms)}`).join(', ');
    const ratio = (total / bare).toFixed(2);
    console.log(
      `| ${count} | ${(bytes / 1e6).toFixed(1)} MB | ${seconds(bare)} | ${seconds(total)} | ${ratio} | ${parts} |`,
    );
  }
  console.log('');
  const squawk = squawkCommand();
  if (squawk === null) return console.log('not compared with squawk: npm could not bring it');
  for (const [count, aim] of [
    [1, 1],
    [1000, 2],
  ] as const) {
    const dir = project(`lint-${count}`, count);
    const files = makeMigrations(count).map(({ name }) => join(dir, 'supabase/migrations', name));
    const theirs = medianOf(5, () => since(() => spawnSync(squawk, files, { maxBuffer: 1 << 30 })));
    const ours = medianOf(5, () => since(() => succeeding(lintArguments(dir))));
    const those = count === 1 ? '1 file' : `${count} files`;
    row(`squawk, ${those}, whole process`, theirs, null);
    row(`lint, ${those}, whole process (aim ${aim} of squawk)`, ours, ours / theirs);
  }
}

function lintArguments(dir: string): readonly string[] {
  return [cli, 'lint', '--all', '--fail-on', 'never', '--format', 'json', '--project', dir];
}

/** Milliseconds of each stage in the run with the median sum, and that sum. */
function medianStages(count: number, dir: string): [number, [string, number][]] {
  const runs = Array.from({ length: count }, (): [number, [string, number][]] => {
    const { stages } = JSON.parse(succeeding(lintArguments(dir))).projects[0].timings;
    const entries = Object.entries(stages as Record<string, number>);
    return [entries.reduce((sum, [, ms]) => sum + ms, 0), entries];
  });
  return runs.sort(([a], [b]) => a - b)[Math.floor(count / 2)]!;
}

/** A script that prints how long parse() takes for all migrations of a project, the parser loaded and its code cold. */
function bareParse(): string {
  const script = join(folder, 'bare-parse.mjs');
  const parser = pathToFileURL(join(root, 'node_modules/libpg-query/wasm/index.cjs')).href;
  writeFileSync(
    script,
    `import { readdirSync, readFileSync } from 'node:fs';
import { loadModule, parseSync } from ${JSON.stringify(parser)};
const folder = process.argv[2] + '/supabase/migrations/';
const texts = readdirSync(folder).map((name) => readFileSync(folder + name, 'utf8'));
await loadModule();
const began = performance.now();
for (const text of texts) parseSync(text);
console.log(performance.now() - began);`,
  );
  return script;
}

/** From npm into the benchmark's own folder; null where npm fails. */
function squawkCommand(): string | null {
  const home = join(folder, 'squawk');
  mkdirSync(home);
  const npm = spawnSync('npm', ['install', '--no-save', '--prefix', home, 'squawk-cli@2.66.0']);
  return npm.status === 0 ? join(home, 'node_modules/.bin/squawk') : null;
}

/** Standard output; throws where the process fails, which must not count as fast. */
function succeeding(args: readonly string[]): string {
  const { status, stdout, stderr } = run(args);
  if (status !== 0) throw new Error(`${args.join(' ')}: exit code ${status}\n${stderr}`);
  return stdout;
}

/** Whole checks, beside what the same server needs for the same files when each is sent as one simple query, as psql would. */
async function replay() {
  const server = await startServer();
  try {
    console.log(
      '| migrations | bare, server | check --all, server | check --all, embedded | check of the last, server | embedded |',
    );
    console.log('|---|---|---|---|---|---|');
    for (const count of [10, 100, 300, 1000]) {
      const files = makeMigrations(count);
      const dir = project(`replay-${count}`, count);
      const bare = await bareOn(
        server.url,
        files.map(({ sql }) => sql),
      );
      const onServer = ['--database-url', server.url];
      const all = ['--all'];
      const last = ['--changed', files.at(-1)!.name];
      const cells: string[] = [];
      for (const args of [[...all, ...onServer], all, [...last, ...onServer], last]) {
        const ms = await timed(() => checked(dir, args, count));
        cells.push(`${seconds(ms)}, ${(ms / count).toFixed(1)} ms each, ${(ms / bare).toFixed(1)} ×`);
      }
      console.log(
        `| ${count} | ${seconds(bare)}, ${(bare / count).toFixed(1)} ms each | ${cells.join(' | ')} |`,
      );
    }
    console.log('\nof 100, in seconds by stage:');
    for (const [name, args] of [
      ['embedded, --all', ['--all']],
      ['server, --all', ['--all', '--database-url', server.url]],
    ] as const) {
      const { timings } = await checked(project('replay-100', 100), args, 100);
      const stages = Object.entries(timings.stages).map(
        ([stage, ms]) => `${stage} ${(ms / 1000).toFixed(2)}`,
      );
      console.log(`  ${name}: ${stages.join(', ')}`);
    }
  } finally {
    await server.stop();
  }
}

/**
 * Throws where the check did not do its work: a fast failure is no speed. Not by spawnSync: the server writes its log to
 * this process, and stands still when nobody reads it.
 */
async function checked(dir: string, args: readonly string[], count: number) {
  const command = [cli, 'check', '--fail-on', 'never', '--format', 'json', '--project', dir, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, {
    cwd: folder,
    maxBuffer: 1 << 30,
  });
  const [report] = (JSON.parse(stdout) as Report).projects;
  const { migrations, timings } = report!;
  const applied = migrations.filter((each) => each.status === 'applied').length;
  if (applied !== count) throw new Error(`check ${args.join(' ')} applied ${applied} of ${count} migrations`);
  return { timings };
}

/** On the platform, in a database of the guard's own making: the same statements, and nobody looks. */
async function bareOn(url: string, files: readonly string[]): Promise<number> {
  const engine = await openServer(url, { statementLimitMs: 60_000, extensions: [] });
  try {
    return await timed(async () => {
      for (const sql of files) await engine.postgresRole.exec(sql);
    });
  } finally {
    await engine.close();
  }
}

/**
 * The matrix of 10 to 100 tables beside bare transactions (begin, set local role, select of one row, rollback) on the
 * same engine, the median of three interleaved runs each; ratios are of processor time, which other work on the machine
 * does not lengthen. A probe is a statement sent as an API role; its time holds all
 * that belongs to it: the rows laid, the controls, the reading back, the undoing. So most of the probes are writes, and
 * the bare ones reads: the last columns say what the probes' own statements take, and their share of Postgres' time.
 */
async function probes() {
  await loadParser();
  console.log(
    '| tables | matrix (aim 5 s for 100) | of a processor | probes | round trips | probes a second, of bare transactions (aim 0.7) | time a statement, of bare | a bare transaction, a probe’s own statement | own statements, of all |\n|---|---|---|---|---|---|---|---|---|',
  );
  for (const tables of [10, 50, 100]) {
    const engine = await openEmbedded({ statementLimitMs: 60_000, extensions: [] });
    try {
      for (const { sql } of makeMigrations(tables)) await engine.postgresRole.exec(sql);
      const state = await readState(engine.admin);
      const project = {
        exposedSchemas: ['public'],
        extraSearchPath: ['extensions'],
        thirdPartyAuth: false,
        anonymousSignIns: false,
        phoneSignIns: false,
      };
      const transaction = [
        'begin',
        'set local role authenticated',
        'select * from public.t1 limit 1',
        'rollback',
      ];
      const rounds = 50 * tables;
      const bare = Array.from({ length: rounds }, () => transaction).flat();
      const runs: { ms: number; cpu: number; bare: number; counts: Counts }[] = [];
      for (let run = 0; run < 3; run += 1) {
        const counts = { trips: 0, statements: 0, probes: 0, ownMs: 0, allMs: 0 };
        const whole = { ms: 0 };
        const cpu = await processorTime(async () => {
          whole.ms = await timed(() => probe(counted(engine, counts), { project, state }));
        });
        const each = (await processorTime(() => engine.admin.batch(bare))) / rounds;
        runs.push({ ...whole, cpu, bare: each, counts });
      }
      const ms = median(runs.map((run) => run.ms));
      const cpu = median(runs.map((run) => run.cpu));
      const { trips, statements, probes: count, ownMs, allMs } = runs[0]!.counts;
      const speed = median(runs.map((run) => (run.bare * count) / run.cpu));
      const each = median(runs.map((run) => run.cpu / statements / (run.bare / transaction.length)));
      console.log(
        `| ${tables} | ${seconds(ms)} | ${seconds(cpu)} | ${count} of ${statements} statements | ${trips} | ${speed.toFixed(2)} | ${each.toFixed(1)} | ${median(runs.map((run) => run.bare)).toFixed(2)} ms, ${(ownMs / count).toFixed(2)} ms | ${(ownMs / allMs).toFixed(2)} |`,
      );
    } finally {
      await engine.close();
    }
  }
}

interface Counts {
  trips: number;
  statements: number;
  /** Sent as an API role. */
  probes: number;
  /** Milliseconds in Postgres of those, and of all statements. */
  ownMs: number;
  allMs: number;
}

function counted(engine: Engine, counts: Counts): Engine {
  const { admin } = engine;
  // As whom the statements behind the savepoint run, and the one that comes.
  let group = false;
  let asRole = false;
  const count = (statements: readonly string[], outcomes: readonly Outcome[] = []) => {
    counts.trips += 1;
    counts.statements += statements.length;
    for (const [index, sql] of statements.entries()) {
      const ms = outcomes[index]?.ms ?? 0;
      counts.allMs += ms;
      if (/^select set_config\('role'/.test(sql)) {
        group = /^select set_config\('role', '(anon|authenticated|service_role)'/.test(sql);
        asRole = group;
      } else if (/^(set local role none|rollback to savepoint (?!probe$))/.test(sql)) asRole = false;
      else if (sql === 'rollback to savepoint probe') asRole = group;
      else if (asRole && !/^(savepoint|release|set) /.test(sql)) {
        counts.probes += 1;
        counts.ownMs += ms;
      }
    }
  };
  const counting: Engine['admin'] = {
    exec(sql) {
      count([sql]);
      return admin.exec(sql);
    },
    query(sql, parameters) {
      count([sql]);
      return admin.query(sql, parameters);
    },
    async batch(statements, options) {
      const outcomes = await admin.batch(statements, options);
      count(statements, outcomes);
      return outcomes;
    },
  };
  return {
    kind: engine.kind,
    postgres: engine.postgres,
    major: engine.major,
    postgresRole: engine.postgresRole,
    act: (work) => work(counting),
    checkpoint: () => engine.checkpoint(),
    open: (from) => engine.open(from),
    close: () => engine.close(),
    admin: counting,
  };
}

function project(name: string, count: number): string {
  const dir = join(folder, name);
  const migrations = join(dir, 'supabase', 'migrations');
  if (existsSync(migrations)) return dir;
  mkdirSync(migrations, { recursive: true });
  for (const file of makeMigrations(count)) writeFileSync(join(migrations, file.name), file.sql);
  return dir;
}

function run(args: readonly string[], cwd = folder) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 });
}

function whole(args: readonly string[], cwd = folder): number {
  return medianOf(3, () => since(() => run(args, cwd)));
}

function since(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** Milliseconds of this process, the embedded engine's thread included. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function medianOf(count: number, measure: () => number): number {
  return median(Array.from({ length: count }, measure));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function row(name: string, ms: number, ratio: number | null) {
  console.log(
    `${seconds(ms).padStart(10)}  ${ratio === null ? '      ' : `${ratio.toFixed(2)} ×`.padStart(6)}  ${name}`,
  );
}
