/**
 * The project's own pgTAP files (`supabase/tests`), run as `supabase test db` runs them: one file after the other in the
 * order of their names, statement by statement, stopped by the first error; what a file leaves open is rolled back.
 */
import { posix } from 'node:path';
import { bundledSql } from '../database/bundle-sql.ts';
import { DatabaseError, type Engine, EngineLost } from '../database/engine.ts';
import type { TestFileRun } from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import { transactionControl } from '../sql/transaction.ts';
import { sqlError, timeLimitError } from './errors.ts';
import type { FileRunner } from './file.ts';
import type { Excuse } from './names.ts';
import { interpolate, isBlank, isSilent, needsPsql, setVariable, splitPsql, type Variables } from './psql.ts';
import { failingLine, readTap } from './tap.ts';
import { testHelperExtensions, testHelpersSql } from './test-helpers.ts';

interface TestFile {
  readonly path: string;
  readonly sql: string;
}

export interface TestFiles {
  readonly engine: Engine;
  readonly runner: FileRunner;
  readonly files: readonly TestFile[];
  /** What the files may include with `\i` and `\ir`, beside each other. */
  readonly parts: readonly TestFile[];
  excuse(error: ReturnType<typeof sqlError>): Excuse | null;
}

/** How a file ran, and where and with what words it failed first. */
export interface LocatedRun {
  readonly run: TestFileRun;
  readonly line: number | null;
  readonly says: string | null;
}

export async function runTests(tests: TestFiles): Promise<readonly LocatedRun[]> {
  const { engine, files } = tests;
  const unavailable = await providePgtap(engine, tests.runner);
  if (unavailable === null) await provideHelpers(tests);
  const runs: LocatedRun[] = [];
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const { path } = file;
    if (unavailable) {
      runs.push(nowhere(notRun(path, unavailable)));
      continue;
    }
    try {
      runs.push(await runFile(tests, file));
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      const { message } = timeLimitError(error);
      runs.push(nowhere({ path, status: 'error', passed: 0, failed: 0, detail: message }));
      const rest = files.filter((file) => !runs.some(({ run }) => run.path === file.path));
      runs.push(...rest.map((file) => nowhere(notRun(file.path, `${path} did not end.`))));
      break;
    }
  }
  return runs.sort((a, b) => (a.run.path < b.run.path ? -1 : 1));
}

const nowhere = (run: TestFileRun): LocatedRun => ({ run, line: null, says: run.detail });

export const notRun = (path: string, detail: string): TestFileRun => ({
  path,
  status: 'not-checkable',
  passed: 0,
  failed: 0,
  detail,
});

/** In place where the project has it; else as an extension; else its SQL. Null, or why it can't be had. */
async function providePgtap(engine: Engine, runner: FileRunner): Promise<string | null> {
  const [row] = await engine.admin.query(`
    select exists (select from pg_proc where proname = 'throws_ok') as installed,
      exists (select from pg_available_extensions where name = 'pgtap') as available`);
  if (row!.installed === 't') return null;
  if (row!.available === 't') {
    await engine.admin.query(runner.asSuperuser('create extension pgtap with schema extensions'));
    return null;
  }
  const sql = await bundledSql('pgtap', 'extensions').catch(() => null);
  if (sql === null) return 'pgTAP is not available on this engine.';
  // The owner of the schema, as on the platform.
  await engine.admin.query(runner.asSuperuser(`set local search_path = extensions; ${sql}`));
  // What asks for the extension finds it.
  await engine.admin.exec(`
    insert into pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    select pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'), 'pgtap', 'postgres'::regrole,
      'extensions'::regnamespace, true, '1.3.3'
    where not exists (select from pg_catalog.pg_extension where extname = 'pgtap')`);
  return null;
}

/** Where the files call helpers and neither they nor a migration make any: a script outside of `supabase/tests` did. */
async function provideHelpers({ engine, runner, files, parts }: TestFiles): Promise<void> {
  const all = [...files, ...parts].map(({ sql }) => sql);
  if (!all.some((sql) => callsHelpers.test(sql)) || all.some((sql) => makesHelpers.test(sql))) return;
  const [row] = await engine.admin.query("select to_regnamespace('tests') is null as missing");
  if (row!.missing === 't') await engine.admin.query(runner.asSuperuser(testHelpersSql));
}

const callsHelpers =
  /\btests\.(create_supabase_user|get_supabase_u(id|ser)|authenticate_as|clear_authentication|rls_enabled)\b/i;
const makesHelpers =
  /\bcreate\s+(schema\s+(if\s+not\s+exists\s+)?"?tests\b|extension\b[^;]*test_helpers)|database\.dev|dbdev|pgtle/i;

async function runFile(tests: TestFiles, file: TestFile): Promise<LocatedRun> {
  const session = tests.engine.postgresRole;
  await session.exec('reset all');
  const run = new TestRun(tests, file);
  await run.play(file, 0);
  // Each file has a session of its own there: what it set, prepared and made for itself alone goes with it.
  for (const sql of ['rollback', 'reset role', 'discard temp', 'deallocate all']) await session.exec(sql);
  const { stopped } = run;
  const { passed, failed, planned, failures } = readTap(run.output);
  const counts = { path: file.path, passed, failed };
  if (stopped) {
    const why = stopped.error ? tests.excuse(stopped.error)?.reason : stopped.message;
    const message = stopped.error?.message ?? 'psql command';
    const detail = `Line ${stopped.line}: ${message}`;
    const status = why ? 'not-checkable' : 'error';
    return {
      run: { ...counts, status, detail: why ? `${detail} (${why})` : detail },
      line: stopped.line,
      says: message,
    };
  }
  const { line = null, says = null } = run.firstFailure ?? {};
  if (failed > 0) {
    const detail = failures.slice(0, 5).join('; ');
    return { run: { ...counts, status: 'failed', detail }, line, says };
  }
  if (planned !== null && planned !== passed) {
    return nowhere({
      ...counts,
      status: 'failed',
      detail: `${planned} tests were planned, ${passed} ran.`,
    });
  }
  return nowhere({ ...counts, status: 'passed', detail: null });
}

/** Why a file did not run to its end: an error of Postgres, or a psql command that is not had here. */
interface Stop {
  readonly line: number;
  readonly error: ReturnType<typeof sqlError> | null;
  readonly message: string | null;
}

/** How deep files may include each other. */
const includeDepth = 8;

/** One file, statement by statement, and what it printed. */
class TestRun {
  readonly output: string[] = [];
  stopped: Stop | null = null;
  firstFailure: { readonly line: number; readonly says: string } | null = null;
  readonly #tests: TestFiles;
  readonly #variables: Variables = new Map();
  /** Packages that come from a registry on the network are provided here: what fetches them may fail. */
  readonly #fetches: boolean;
  #inTransaction = false;

  constructor(tests: TestFiles, file: TestFile) {
    this.#tests = tests;
    this.#fetches = fetching.test(file.sql);
  }

  async play(file: TestFile, depth: number): Promise<void> {
    if (!needsPsql(file.sql)) {
      await this.#statements(parseSource(file.path, file.sql), 1);
      return;
    }
    let carried = '';
    let last = '';
    for (const { sql, line, command } of splitPsql(file.sql)) {
      const text = interpolate(carried + sql, this.#variables);
      carried = '';
      if (command === null || command.name === 'g' || command.name === ';') {
        await this.#statements(parseSource(file.path, text), line);
        last = text;
      } else if (command.name === 'gset') {
        // With nothing before it, the query that went before is sent again.
        const query = isBlank(text) ? last : text;
        const rows = await this.#statements(parseSource(file.path, query), line);
        if (this.stopped) return;
        if (rows.length !== 1) {
          this.#stop(line, `"\\gset" needs one row and got ${rows.length}.`);
        } else {
          for (const [name, value] of Object.entries(rows[0]!)) {
            if (value === null) this.#variables.delete(command.words + name);
            else this.#variables.set(command.words + name, value);
          }
        }
      } else if (command.name === 'set' || command.name === 'unset') {
        carried = sql;
        if (command.name === 'unset') this.#variables.delete(command.words);
        else if (!setVariable(command.words, this.#variables)) {
          this.#stop(line, 'The shell is not asked for a value here.');
        }
      } else if (/^(?:i|ir|include|include_relative)$/.test(command.name)) {
        const included = this.#included(file, command.name, command.words);
        if (!included) this.#stop(line, `"${command.words}" is not among the project's tests and seeds.`);
        else if (depth === includeDepth) this.#stop(line, 'The files include each other.');
        else await this.play(included, depth + 1);
      } else if (isSilent(command.name) || /^d[a-z]*$|^l$|^s[fv]$/.test(command.name)) {
        carried = sql;
      } else if (command.name !== '\\') {
        this.#stop(line, `"\\${command.name}" is not run here.`);
      }
      if (this.stopped) return;
    }
    if (carried.trim())
      await this.#statements(parseSource(file.path, interpolate(carried, this.#variables)), 1);
  }

  #print(text: string, line: number): void {
    this.output.push(text);
    const says = failingLine(text);
    if (says !== null) this.firstFailure ??= { line, says };
  }

  #stop(line: number, message: string): void {
    this.stopped = { line, error: null, message };
  }

  /** `\ir` is relative to the file, `\i` to the folder `supabase/tests`, where `supabase test db` starts. */
  #included(from: TestFile, command: string, words: string): TestFile | null {
    const wanted = interpolate(words, this.#variables).replace(/^'(.*)'$/, '$1');
    const { files, parts } = this.#tests;
    const tests = /^(.*?supabase\/tests)\//.exec(from.path)?.[1] ?? '.';
    const relative = command === 'ir' || command === 'include_relative';
    const path = posix.join(relative ? posix.dirname(from.path) : tests, wanted);
    return [...files, ...parts].find((file) => file.path === path) ?? null;
  }

  /** Rows of the last statement. Stops at the first error, as psql does for pg_prove (ON_ERROR_STOP). */
  async #statements(
    source: SourceFile,
    firstLine: number,
  ): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const session = this.#tests.engine.postgresRole;
    let rows: readonly Readonly<Record<string, string | null>>[] = [];
    for (const statement of source.statements) {
      const control = transactionControl(statement);
      if (control === 'open') this.#inTransaction = true;
      if (control === 'close') this.#inTransaction = false;
      const line = firstLine + statement.span.line - 1;
      const guarded = this.#fetches && this.#inTransaction && !control;
      try {
        if (guarded) await session.exec('savepoint guard_fetch');
        for (const sql of testCommand(this.#tests.runner, statement)) {
          rows = await session.query(sql);
          for (const row of rows) {
            for (const value of Object.values(row)) if (value !== null) this.#print(value, line);
          }
        }
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        if (this.#fetches && fetching.test(`${statement.sql} ${error.message}`)) {
          if (guarded) await session.exec('rollback to guard_fetch');
          await session.query(this.#tests.runner.asSuperuser(testHelpersSql));
          continue;
        }
        this.stopped = { line, error: sqlError(error), message: null };
        break;
      }
    }
    return rows;
  }
}

/** A package registry on the network: its helpers are provided here. */
const fetching = /database\.dev|dbdev|pgtle/i;

/** What to send for a statement of a test file: extensions that are only tools of the test are provided. */
function testCommand(runner: FileRunner, statement: Statement): readonly string[] {
  if (statement.kind === 'CreateExtensionStmt') {
    const name: string = statement.node.extname;
    if (name === 'pgtap') return [];
    if (testHelperExtensions.has(name)) return [runner.asSuperuser(testHelpersSql)];
  }
  if (statement.kind === 'DropStmt' && statement.node.removeType === 'OBJECT_EXTENSION') {
    const names: string[] = (statement.node.objects ?? []).map(
      (entry: { String?: { sval: string } }) => entry.String?.sval,
    );
    if (names.every((name) => name === 'pgtap' || testHelperExtensions.has(name))) return [];
  }
  if (transactionControl(statement)) return [statement.sql];
  const command = runner.command(statement);
  return command.kind === 'pass over' ? [] : command.sql;
}
