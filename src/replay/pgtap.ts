/**
 * The project's own pgTAP files (`supabase/tests`), run as `supabase test db` runs them: one file after the other in the
 * order of their names, statement by statement, stopped by the first error; what a file leaves open is rolled back.
 */
import { bundledSql } from '../database/bundle-sql.ts';
import { DatabaseError, type Engine, EngineLost } from '../database/engine.ts';
import type { TestFileRun } from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import { transactionControl } from './commands.ts';
import { sqlError, timeLimitError } from './errors.ts';
import type { FileRunner } from './file.ts';
import type { Excuse } from './names.ts';
import { readTap } from './tap.ts';
import { testHelperExtensions, testHelpersSql } from './test-helpers.ts';

export interface TestFiles {
  readonly engine: Engine;
  readonly runner: FileRunner;
  readonly files: readonly { readonly path: string; readonly sql: string }[];
  excuse(error: ReturnType<typeof sqlError>): Excuse | null;
}

export async function runTests({
  engine,
  runner,
  files,
  excuse,
}: TestFiles): Promise<readonly TestFileRun[]> {
  const unavailable = await providePgtap(engine);
  const runs: TestFileRun[] = [];
  for (const { path, sql } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (unavailable) {
      runs.push({ path, status: 'not-checkable', passed: 0, failed: 0, detail: unavailable });
      continue;
    }
    try {
      runs.push(await runFile(engine, runner, parseSource(path, sql), excuse));
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      const { message } = timeLimitError(error);
      runs.push({ path, status: 'error', passed: 0, failed: 0, detail: message });
      const rest = files.filter((file) => !runs.some((run) => run.path === file.path));
      for (const file of rest) {
        runs.push({
          path: file.path,
          status: 'not-checkable',
          passed: 0,
          failed: 0,
          detail: `${path} did not end.`,
        });
      }
      break;
    }
  }
  return runs.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** In place where the project has it; else as an extension; else its SQL. Null, or why it can't be had. */
async function providePgtap(engine: Engine): Promise<string | null> {
  const [row] = await engine.admin.query(`
    select exists (select from pg_proc where proname = 'throws_ok') as installed,
      exists (select from pg_available_extensions where name = 'pgtap') as available`);
  if (row!.installed === 't') return null;
  if (row!.available === 't') {
    await engine.admin.exec('create extension pgtap with schema extensions');
    return null;
  }
  const sql = await bundledSql('pgtap', 'extensions').catch(() => null);
  if (sql === null) return 'pgTAP is not available on this engine.';
  // The owner of the schema, as on the platform.
  await engine.admin.exec(`begin; set local search_path = extensions; ${sql}; commit`);
  return null;
}

async function runFile(
  engine: Engine,
  runner: FileRunner,
  source: SourceFile,
  excuse: TestFiles['excuse'],
): Promise<TestFileRun> {
  const session = engine.postgresRole;
  const output: string[] = [];
  await session.exec('reset all');
  let stopped: { readonly statement: Statement; readonly error: ReturnType<typeof sqlError> } | null = null;
  for (const statement of source.statements) {
    try {
      for (const sql of testCommand(runner, statement)) {
        for (const row of await session.query(sql)) {
          for (const value of Object.values(row)) if (value !== null) output.push(value);
        }
      }
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      // A package registry on the network: its helpers are provided here.
      if (/database\.dev|dbdev|pgtle/i.test(statement.sql)) continue;
      stopped = { statement, error: sqlError(error) };
      break;
    }
  }
  // Each file has a session of its own there: what it set and its temporary tables (pgTAP's plan is one) go with it.
  for (const sql of ['rollback', 'reset role', 'discard temp']) await session.exec(sql);
  const { passed, failed, planned, failures } = readTap(output);
  const counts = { path: source.path, passed, failed };
  if (stopped) {
    const { error, statement } = stopped;
    const why = excuse(error);
    const detail = `Line ${statement.span.line}: ${error.message}`;
    return {
      ...counts,
      status: why ? 'not-checkable' : 'error',
      detail: why ? `${detail} (${why.reason})` : detail,
    };
  }
  if (failed > 0) return { ...counts, status: 'failed', detail: failures.slice(0, 5).join('; ') };
  if (planned !== null && planned !== passed) {
    return { ...counts, status: 'failed', detail: `${planned} tests were planned, ${passed} ran.` };
  }
  if (source.issue && passed === 0) {
    return { ...counts, status: 'not-checkable', detail: `psql commands: ${source.issue.message}` };
  }
  return { ...counts, status: 'passed', detail: null };
}

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
