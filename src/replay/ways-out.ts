/** Runs the SQL that findings offer behind the head: each by itself, and then all that run together, for good. */
import type { Session } from '../database/engine.ts';
import type { TriedWayOut, WayOut } from '../model/way-out.ts';
import { parseSource } from '../sql/parse.ts';
import { type FileRunner, type MigrationFile, secondRun } from './file.ts';

export async function runWaysOut(
  runner: FileRunner,
  session: Session,
  ways: readonly WayOut[],
): Promise<readonly TriedWayOut[]> {
  const alone: { way: WayOut; file: MigrationFile; error: TriedWayOut['error'] }[] = [];
  for (const way of ways) {
    const file = fileOf(way.sql);
    alone.push({ way, file, error: (await secondRun(runner, session, file))?.error ?? null });
  }
  // Two findings of one cause offer the same: once is enough.
  const done = new Set<string>();
  const tried: TriedWayOut[] = [];
  for (const { way, file, error } of alone) {
    if (error !== null) {
      tried.push({ ...way, error, stands: false });
      continue;
    }
    const statements = file.source.statements.filter(({ sql }) => !done.has(sql));
    const steps = await runner.asOne({ ...file, source: { ...file.source, statements } }, { history: false });
    const stands = steps.every(({ outcome }) => outcome !== 'failed');
    if (stands) for (const { sql } of statements) done.add(sql);
    tried.push({ ...way, error: null, stands });
  }
  return tried;
}

const fileOf = (sql: string): MigrationFile => ({
  path: 'way out',
  version: '',
  name: '',
  source: parseSource('way out', sql),
});
