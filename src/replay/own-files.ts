/**
 * The project's own seeds and pgTAP tests on the head, as after `supabase db reset`; what fails there is run on the base
 * too, as it stood there.
 */
import type { Checkpoint, Engine } from '../database/engine.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { SeedFailure, SqlError, TestFailure, TestFileRun } from '../model/replay.ts';
import type { SourceFile } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import { type FileRunner, LostAt } from './file.ts';
import { type Excuse, missingIn, namesOf } from './names.ts';
import { type LocatedRun, notRun, runTests } from './pgtap.ts';
import { runForGood } from './rows-pass.ts';

interface Ground {
  readonly engine: Engine;
  readonly runner: FileRunner;
}

export interface OwnFiles {
  readonly project: Pick<Project, 'seeds' | 'tests' | 'testParts'>;
  readonly runsTests: boolean;
  readonly head: Checkpoint;
  /** Null where there is nothing to compare with. */
  readonly base: Checkpoint | null;
  open(checkpoint: Checkpoint): Promise<Ground>;
  /** A file as it stands on the base; null where it is not there. */
  textOnBase(path: string): Promise<string | null>;
  excuse(error: SqlError): Excuse | null;
  /** The changed migrations. */
  readonly changed: readonly SourceFile[];
}

export interface OwnFilesFound {
  readonly tests: readonly TestFileRun[];
  readonly testFailures: readonly TestFailure[];
  readonly seedFailure: SeedFailure | null;
  readonly notChecked: readonly NotChecked[];
}

type File = Project['seeds'][number];

/** The first seed statement that failed; or the seed that did not come to its end. */
type Seeded =
  | { readonly file: File; readonly line: number; readonly error: SqlError }
  | { readonly file: File; readonly lost: string };

export async function ownFiles(own: OwnFiles): Promise<OwnFilesFound> {
  const { project, runsTests } = own;
  const tests = runsTests ? project.tests : [];
  if (tests.length === 0 && project.seeds.length === 0) return nothing;
  const on = await play(own, own.head, project.seeds, tests);
  const { seeded, runs } = on;
  const failing = runs.filter(({ run: { status } }) => status === 'failed' || status === 'error');
  const failed = seeded !== null && 'error' in seeded ? seeded : null;
  const excuse = failed && own.excuse(failed.error);
  const before =
    own.base !== null && (failing.length > 0 || (failed && !excuse)) ? await onBase(own, failing) : null;
  return {
    tests: runs.map(({ run }) => run),
    testFailures: failing.map(({ run, line, says }) => ({
      path: run.path,
      line,
      says: says ?? run.detail ?? '',
      onBase: compared(run, before),
    })),
    seedFailure:
      failed && !excuse
        ? {
            path: failed.file.path,
            line: failed.line,
            error: withoutRow(failed.error),
            onBase: seedOnBase(failed.file, before),
            cause: causeOf(failed.error, own.changed),
          }
        : null,
    notChecked: unseen(seeded, excuse),
  };
}

const nothing: OwnFilesFound = { tests: [], testFailures: [], seedFailure: null, notChecked: [] };

async function play(
  own: OwnFiles,
  checkpoint: Checkpoint,
  seeds: readonly File[],
  tests: readonly File[],
): Promise<{ readonly seeded: Seeded | null; readonly runs: readonly LocatedRun[] }> {
  const { engine, runner } = await own.open(checkpoint);
  try {
    const seeded = await sow(runner, seeds);
    if (tests.length === 0) return { seeded, runs: [] };
    if (seeded !== null && 'lost' in seeded) {
      const detail = `${seeded.file.path} did not end: ${seeded.lost}`;
      const runs = tests.map(({ path }) => ({ run: notRun(path, detail), line: null, says: null }));
      return { seeded, runs };
    }
    const parts = [...own.project.testParts, ...seeds];
    const excuse = (error: SqlError) => own.excuse(error);
    return { seeded, runs: await runTests({ engine, runner, files: tests, parts, excuse }) };
  } finally {
    await engine.close();
  }
}

/** All of them, so that the tests find what rows there can be; the answer is the first failure. */
async function sow(runner: FileRunner, seeds: readonly File[]): Promise<Seeded | null> {
  let first: Seeded | null = null;
  for (const file of seeds) {
    const source = parseSource(file.path, file.sql);
    try {
      const failed = await runForGood(runner, source);
      if (failed === null || first !== null) continue;
      const span = source.statements[failed.index]?.span ?? source.issue?.span;
      first = { file, line: span?.line ?? 1, error: failed.error };
    } catch (error) {
      if (!(error instanceof LostAt)) throw error;
      return { file, lost: error.message };
    }
  }
  return first;
}

interface Before {
  readonly seeds: readonly File[];
  readonly tests: readonly File[];
  readonly seeded: Seeded | null;
  readonly runs: readonly LocatedRun[];
}

async function onBase(own: OwnFiles, failing: readonly LocatedRun[]): Promise<Before> {
  const there = async (files: readonly File[]) => {
    const texts = await Promise.all(files.map(({ path }) => own.textOnBase(path)));
    return files.flatMap(({ path }, i) => (texts[i] == null ? [] : [{ path, sql: texts[i] }]));
  };
  const seeds = await there(own.project.seeds);
  const paths = new Set(failing.map(({ run }) => run.path));
  const tests = await there(own.project.tests.filter(({ path }) => paths.has(path)));
  return { seeds, tests, ...(await play(own, own.base!, seeds, tests)) };
}

function seedOnBase(file: File, before: Before | null): SeedFailure['onBase'] {
  if (before === null) return 'absent';
  if (before.seeded !== null) return 'failed';
  return before.seeds.some(({ path }) => path === file.path) ? 'applied' : 'absent';
}

function compared(head: TestFileRun, before: Before | null): TestFailure['onBase'] {
  if (before === null || !before.tests.some(({ path }) => path === head.path)) return 'absent';
  const base = before.runs.find(({ run }) => run.path === head.path)?.run;
  if (base === undefined || base.status === 'not-checkable') return 'unknown';
  if (base.status === 'passed') return 'passed';
  return base.status === 'failed' && head.status === 'failed' && base.failed < head.failed
    ? 'fewer'
    : 'failed';
}

/** The row that was refused holds made-up keys and the time: another at each run, and the seed shows it better. */
const withoutRow = (error: SqlError): SqlError =>
  error.detail?.startsWith('Failing row contains') ? { ...error, detail: null } : error;

/** The last changed statement that takes the name the seed asks for, or that is about the table that refuses its row. */
function causeOf(error: SqlError, changed: readonly SourceFile[]): SeedFailure['cause'] {
  const missing = missingIn(error);
  const statements = changed
    .flatMap(({ path, statements }) => statements.map((statement) => ({ path, statement })))
    .toReversed();
  const takes = (drops: ReadonlySet<string>) =>
    [...drops].some((name) =>
      missing!.column
        ? name === `${missing!.table}.${missing!.name}` ||
          (missing!.table === null && name.endsWith(`.${missing!.name}`))
        : name === missing!.name,
    );
  const named = (sql: string, name: string | null) =>
    name !== null && sql.toLowerCase().includes(name.toLowerCase());
  const found = missing
    ? statements.find(({ statement }) => takes(namesOf(statement).drops))
    : statements.find(
        ({ statement: { kind, sql } }) =>
          /^(AlterTableStmt|IndexStmt)$/.test(kind) &&
          named(sql, error.table) &&
          (error.column === null || named(sql, error.column)),
      );
  if (!found) return null;
  const { line, endLine } = found.statement.span;
  return { path: found.path, line, endLine };
}

function unseen(seeded: Seeded | null, excuse: Excuse | null): readonly NotChecked[] {
  if (seeded === null) return [];
  const { path } = seeded.file;
  if ('lost' in seeded) return [{ what: 'The seed', why: seeded.lost, file: path, line: null }];
  return excuse ? [{ what: 'The seed', why: excuse.reason, file: path, line: seeded.line }] : [];
}
