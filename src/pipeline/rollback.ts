/** Stage 6: the way back of each changed migration, found or written, and run. */
import type { RollbackResult } from '../model/rollback.ts';
import { readCompanions } from '../project/companions.ts';
import type { Replay, RowsGround } from '../replay/replay.ts';
import {
  findPlan,
  lookOnRows,
  proveRollbacks,
  type RowsRecorder,
  type StepRecorder,
} from '../rollback/index.ts';
import type { ExamineInput } from './examination.ts';

export async function rollBack(
  { found, config, reading }: ExamineInput,
  replay: Replay,
  recorder: StepRecorder,
  onRows: { readonly ground: RowsGround; readonly recorder: RowsRecorder } | null,
): Promise<readonly RollbackResult[]> {
  const { folders } = config.rollback;
  const files = await readCompanions(found.root, found.repositoryRoot, folders);
  const migrations = found.history.head;
  const byPath = new Map(migrations.map((migration) => [migration.path, migration]));
  const applied = new Set(replay.facts().runs.flatMap((run) => (run.status === 'applied' ? [run.path] : [])));
  const steps = recorder.steps(reading.sources, (path) => applied.has(path));
  const results = await proveRollbacks({
    session: replay.engine.postgresRole,
    steps,
    planFor: (path) =>
      findPlan(byPath.get(path)!, { migrations, files, sources: reading.sources }, { folders }),
    sqlOf: (statement) => replay.sqlOf(statement),
  });
  if (onRows === null) return results;
  const { engine, run } = onRows.ground;
  const ground = {
    act: engine.act.bind(engine),
    session: engine.postgresRole,
    rows: onRows.recorder.rows,
    run,
  };
  return lookOnRows(results, steps, ground);
}
