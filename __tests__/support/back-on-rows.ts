/** Migrations and their way back, for good, on tables with rows. */
import type { RollbackResult } from '../../src/model/rollback.ts';
import { lookOnRows, proveRollbacks, RowsRecorder, StepRecorder } from '../../src/rollback/index.ts';
import { parseSource } from '../../src/sql/parse.ts';
import { engineKinds, type Files, historyOf, withReplay } from './replay.ts';

/** Each added file, undone on rows; `down` is what its author wrote, by file name. */
export async function back(
  base: string,
  added: Files,
  down: Files = {},
  kind = engineKinds[0]!,
): Promise<RollbackResult[]> {
  const steps = new StepRecorder();
  const rows = new RowsRecorder();
  const story = { base: { '20260101000000_base.sql': base }, added, watch: steps.watch };
  const history = historyOf(story);
  let results: RollbackResult[] = [];
  await withReplay(kind, story, async (replay) => {
    await replay.base();
    await replay.mark();
    await replay.changes();
    const ground = (await replay.rows(rows.watch))!;
    const sources = new Map(history.head.map(({ path, text }) => [path, parseSource(path, text!)]));
    const taken = steps.steps(sources, () => true);
    const proven = await proveRollbacks({
      session: replay.engine.postgresRole,
      steps: taken,
      planFor: (path) => {
        const sql = down[path.split('/').at(-1)!];
        return sql === undefined ? null : { kind: 'file', path: `${path}.down`, line: null, sql };
      },
      sqlOf: (statement) => replay.sqlOf(statement),
    });
    const { engine, run } = ground;
    try {
      results = await lookOnRows(proven, taken, {
        act: engine.act.bind(engine),
        session: engine.postgresRole,
        rows: rows.rows,
        run,
      });
    } finally {
      await engine.close();
    }
  });
  return results;
}
