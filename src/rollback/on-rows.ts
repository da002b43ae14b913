/**
 * The way back once more, for good, where the migrations ran on tables with rows: which data does not come back, what
 * stops on rows, and what only a COMMIT shows (CONCURRENTLY, new enum values, the file's own COMMIT).
 */
import { snapshot } from '../database/catalog/snapshot.ts';
import { type Engine, EngineLost, type Session } from '../database/engine.ts';
import { type RowsSeen, readRows } from '../database/rows/read.ts';
import type { SqlError } from '../model/replay.ts';
import type { RollbackResult } from '../model/rollback.ts';
import type { SourceFile } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import { differences, differingIds } from './compare.ts';
import { keptCopies } from './copies.ts';
import { losesData } from './data.ts';
import { withoutKept } from './from-copies.ts';
import { lossesSeen } from './losses.ts';
import { conclude, needsCommit, type UndoStep } from './prove.ts';
import { stamps } from './stamps.ts';
import { broughtBack } from './written-over.ts';

export interface Ground {
  /** Sees every row, no transaction being open; it stands behind the last step. */
  readonly act: Engine['act'];
  /** What migrations run as. */
  readonly session: Session;
  /** What the tables held around each migration that applied whole there. */
  readonly rows: ReadonlyMap<string, { readonly before: RowsSeen; readonly after: RowsSeen }>;
  /** Runs a file for good. The first error, and then what of the rest can be run. */
  run(source: SourceFile): Promise<{ readonly index: number; readonly error: SqlError } | null>;
}

/** The results of the proof, with what was seen on rows. The ground is spent afterwards. */
export async function lookOnRows(
  results: readonly RollbackResult[],
  steps: readonly UndoStep[],
  ground: Ground,
): Promise<RollbackResult[]> {
  const seen = new Map<string, RollbackResult>();
  let stopped: string | null = null;
  let start: RowsSeen | null = null;
  for (const step of [...steps].reverse()) {
    const result = results.find(({ path }) => path === step.path)!;
    if (!ground.rows.has(step.path)) stopped ??= 'the migration stops on the rows tried';
    if (stopped === null && (result.alternative ?? result.sql) === null)
      stopped = 'a later one could not be undone';
    if (stopped !== null) {
      seen.set(step.path, unseen(result, stopped));
      continue;
    }
    try {
      const outcome = await oneBack(result, step, ground, start);
      start = outcome.back;
      seen.set(step.path, outcome.result);
      if (outcome.stopped) stopped = 'a later one could not be undone on the rows tried';
    } catch (error) {
      if (!(error instanceof EngineLost || (error as Error).cause instanceof EngineLost)) throw error;
      stopped = (error as Error).message;
      seen.set(step.path, unseen(result, stopped));
    }
  }
  return results.map((result) => seen.get(result.path) ?? result);
}

/** Data exceptions and broken constraints (manual, appendix A): what rows can do to a statement. */
const isAboutRows = ({ sqlstate }: SqlError) => /^(22|23)/.test(sqlstate);

async function oneBack(
  result: RollbackResult,
  step: UndoStep,
  ground: Ground,
  start: RowsSeen | null,
): Promise<{ readonly result: RollbackResult; readonly stopped: boolean; readonly back: RowsSeen | null }> {
  const commits = mustCommit(result, step);
  const known = commits ? differingIds(await snapshot(ground.session), step.after) : new Set<string>();
  const source = parseSource('', (result.alternative ?? result.sql)!);
  const failed = await ground.run(source);
  if (failed !== null && !isAboutRows(failed.error) && !commits)
    return { result: unseen(result, failed.error.message), stopped: true, back: null };
  const back = await ground.act(readRows);
  const rows = ground.rows.get(step.path)!;
  const { before, after } = step;
  const claims = losesData(before, after, step.source);
  const unkept = withoutKept(
    claims,
    {
      copies: keptCopies(step.source, before, after),
      writtenOver: broughtBack(claims, step.source, before, after),
    },
    result.alternative ?? result.sql,
  );
  const losses = lossesSeen(claims, new Set(unkept), {
    ...rows,
    start: start ?? rows.after,
    back,
    stamps: (table) => stamps(table, before, after),
  });
  if (failed !== null) {
    const line = source.statements[failed.index]?.span.line ?? null;
    return {
      result: stoppedByRows(withLosses(result, losses), { ...failed.error, line }),
      stopped: true,
      back,
    };
  }
  if (!commits) return { result: withLosses(result, losses), stopped: false, back };
  const left = differences(await snapshot(ground.session), step.before, known);
  const again = await ground.run(step.source);
  const there = again === null ? differences(await snapshot(ground.session), step.after, known) : [];
  const proven = conclude({
    ...result,
    sql: result.sql!,
    lost: losses,
    mayReorder: claims.length > 0,
    left,
    error: null,
    again: { error: again && { ...again.error, line: null, sql: '' }, left: there },
  });
  // Back once more, for the migration before it.
  const stopped = again !== null || (await ground.run(source)) !== null;
  return { result: { ...proven, alternative: result.alternative ?? null }, stopped, back };
}

/** Whether the proof in one transaction could not see it, or saw something else than what runs on Supabase. */
function mustCommit(result: RollbackResult, step: UndoStep): boolean {
  if (result.alternative || result.status === 'differs') return false;
  if (result.error !== null) return needsCommit.has(result.error.sqlstate);
  const commits = ({ kind, sql }: { kind: string; sql: string }) =>
    kind === 'TransactionStmt' || kind === 'AlterEnumStmt' || /\bconcurrently\b/i.test(sql);
  return [...step.source.statements, ...parseSource('', result.sql ?? '').statements].some(commits);
}

function withLosses(result: RollbackResult, losesData: readonly string[]): RollbackResult {
  const { status } = result;
  const open = status === 'restores' || status === 'irreversible';
  return {
    ...result,
    losesData,
    status: open ? (losesData.length > 0 ? 'irreversible' : 'restores') : status,
  };
}

function stoppedByRows(
  result: RollbackResult,
  error: SqlError & { readonly line: number | null },
): RollbackResult {
  const said = `On tables with rows it stops: ${error.message} (${error.sqlstate}).`;
  const detail = [said, result.detail].filter(Boolean).join(' ');
  // What was taken away and is asked for again stops a way back that was written here: that is its loss, and told so.
  if (result.status !== 'restores' && (result.plan === 'generated' || result.status !== 'irreversible'))
    return { ...result, detail };
  const { sqlstate, message, detail: about, line } = error;
  const at = line === null || result.planLine === null ? line : result.planLine + line - 1;
  return { ...result, status: 'failed', error: { sqlstate, message, detail: about, line: at }, detail };
}

/** What is only read says so. */
function unseen(result: RollbackResult, why: string): RollbackResult {
  return {
    ...result,
    losesData: result.losesData.map((text) => `${text} (not seen on rows: ${why})`),
  };
}
