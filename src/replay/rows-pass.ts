/** The changed migrations once more, on tables that hold rows: the project's seeds, and made-up rows where those leave a table empty. */
import type { Engine } from '../database/engine.ts';
import { platformSchemas } from '../database/platform/index.ts';
import { fillTables } from '../database/rows/fill.ts';
import type { NotChecked } from '../model/finding.ts';
import type { GrantsEra, MigrationRun, RowsFailure, SqlError } from '../model/replay.ts';
import type { SourceFile } from '../model/sql.ts';
import { type FileRunner, LostAt, type MigrationFile } from './file.ts';
import { rowsBefore, rowsFailure } from './rows.ts';

export interface RowsPass {
  readonly engine: Engine;
  readonly runner: FileRunner;
  readonly seeds: readonly MigrationFile[];
  readonly files: readonly {
    readonly file: MigrationFile;
    readonly era: GrantsEra;
    readonly run: MigrationRun;
  }[];
  setEra(era: GrantsEra): Promise<void>;
  readonly watch: RowsWatch | null;
}

/** Called around each changed migration, no transaction open. */
export type RowsWatch = (when: 'before' | 'after', path: string, engine: Engine) => Promise<void>;

export interface RowsFound {
  readonly failures: readonly RowsFailure[];
  readonly notChecked: readonly NotChecked[];
  /** Paths of the migrations that applied whole on rows. */
  readonly whole: ReadonlySet<string>;
}

export async function rowsPass({
  engine,
  runner,
  seeds,
  files,
  setEra,
  watch,
}: RowsPass): Promise<RowsFound> {
  const failures: RowsFailure[] = [];
  const notChecked: NotChecked[] = [];
  const applied = new Set<string>();
  try {
    // A seed file is written for the head: what of it the base can't take is left.
    for (const seed of seeds) await runForGood(runner, seed.source);
    const before = await engine.act(rowsBefore);
    const { empty } = await engine.act((session) =>
      fillTables(session, (schema) => platformSchemas.has(schema)),
    );
    for (const { table, why } of empty) {
      notChecked.push({
        what: `Rows for table ${table}`,
        why: `No valid row could be made: ${why}.`,
        file: null,
        line: null,
      });
    }
    for (const { file, era, run } of files) {
      await setEra(era);
      await watch?.('before', file.path, engine);
      const runs = new Set(
        run.statements.filter(({ status }) => status === 'applied').map(({ index }) => index),
      );
      const leaveOut = new Map(
        file.source.statements
          .filter(({ index }) => !runs.has(index))
          .map(({ index }) => [index, 'It does not apply on empty tables either.']),
      );
      const whole = run.status === 'applied' ? await runner.asOne(file) : null;
      if (whole?.every(({ outcome }) => outcome === 'applied')) {
        applied.add(file.path);
        await watch?.('after', file.path, engine);
        continue;
      }
      const settled = whole ? runner.settled : new Set<number>();
      const steps = await runner.oneByOne(file, { leaveOut, settled });
      const failed = [...(whole ?? []), ...steps].filter(({ outcome }) => outcome === 'failed');
      const seen = new Set<number>();
      for (const { index, error } of failed) {
        const statement = file.source.statements[index];
        if (!statement || !error || seen.has(index)) continue;
        seen.add(index);
        const failure = rowsFailure(file, statement, error, before);
        if (failure) failures.push(failure);
      }
    }
  } catch (error) {
    if (!(error instanceof LostAt)) throw error;
    notChecked.push({
      what: 'The rest of the pass on tables with rows',
      why: error.message,
      file: null,
      line: null,
    });
  }
  return { failures, notChecked, whole: applied };
}

/**
 * Runs a file for good, its own transactions and all, as the CLI sends a seed: in one batch, so that constraints wait for
 * its end. The first error, and then what of the rest can be run.
 */
export async function runForGood(
  runner: FileRunner,
  source: SourceFile,
): Promise<{ readonly index: number; readonly error: SqlError } | null> {
  const file = { path: '', version: '', name: '', source };
  const steps = await runner.asOne(file, { history: false });
  const failed = steps.find(({ outcome }) => outcome === 'failed');
  if (!failed?.error) return null;
  await runner.oneByOne(file, { settled: runner.settled });
  return { index: failed.index, error: failed.error };
}
