/** One migration, applied, and its way back tried: what a test of the rollback stage starts from. */
import { snapshot } from '../../src/database/catalog/snapshot.ts';
import type { Engine } from '../../src/database/engine.ts';
import type { RollbackResult } from '../../src/model/rollback.ts';
import type { Statement } from '../../src/model/sql.ts';
import { openDetour } from '../../src/replay/detour.ts';
import { FileRunner } from '../../src/replay/file.ts';
import { surroundings } from '../../src/replay/surroundings.ts';
import { type FoundPlan, proveRollbacks, type UndoStep } from '../../src/rollback/index.ts';
import { parseSource } from '../../src/sql/parse.ts';

/** Applies migrations on top of `base` and proves their ways back; what was applied stays. */
export async function tryBack(
  engine: Engine,
  base: string,
  migrations: readonly string[],
  plans: readonly (string | null)[] = [],
): Promise<RollbackResult[]> {
  const session = engine.postgresRole;
  const paths: string[] = [];
  const runner = new FileRunner(engine, await surroundings(engine, await openDetour(engine)));
  const sqlOf = (statement: Statement) => {
    const command = runner.command(statement);
    return command.kind === 'run' ? command.sql : [];
  };
  /** Each statement by itself, committed, as on Supabase. */
  const apply = async (sql: string) => {
    for (const statement of parseSource('', sql).statements) {
      if (statement.kind === 'TransactionStmt') continue;
      for (const command of sqlOf(statement)) await session.exec(command);
    }
  };
  await apply(base);
  const steps: UndoStep[] = [];
  for (const [i, sql] of migrations.entries()) {
    const path = `${i + 1}_up.sql`;
    const before = await snapshot(session);
    await apply(sql);
    steps.push({ path, source: parseSource(path, sql), before, after: await snapshot(session) });
    paths.push(path);
  }
  const planFor = (path: string): FoundPlan | null => {
    const sql = plans[paths.indexOf(path)] ?? null;
    return sql === null ? null : { kind: 'file', path: `${path}.down`, line: null, sql };
  };
  return proveRollbacks({ session, steps, planFor, sqlOf });
}
