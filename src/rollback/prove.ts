/**
 * Runs the way back of each migration, last one first, in one transaction that is rolled back: after it the catalog is
 * compared with what it was before, then the migration runs once more (up, down, up). No copy of the database is made.
 */
import { snapshot } from '../database/catalog/snapshot.ts';
import { EngineLost, type Session } from '../database/engine.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { RollbackResult } from '../model/rollback.ts';
import type { SourceFile } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import { type Difference, differences, differingIds } from './compare.ts';
import { copiesMade, keptCopies } from './copies.ts';
import { type Claim, losesData } from './data.ts';
import type { FoundPlan } from './find.ts';
import { noRows, type RowsBack, withoutKept } from './from-copies.ts';
import { type Generated, generate } from './generate.ts';
import { rowsThatStay, takeOutRows } from './rows.ts';
import { apart, type RunError, run, type SqlOf } from './run.ts';
import { broughtBack } from './written-over.ts';

/** A migration that was applied, and the catalog around it. */
export interface UndoStep {
  readonly path: string;
  readonly source: SourceFile;
  /** Taken by `postgres` right before and right after it ran. */
  readonly before: Snapshot;
  readonly after: Snapshot;
}

export interface ProofInput {
  /** What migrations run as, no transaction being open; it stands at the state after the last step. */
  readonly session: Session;
  /** In the order they were applied. */
  readonly steps: readonly UndoStep[];
  readonly planFor: (path: string) => FoundPlan | null;
  readonly sqlOf?: SqlOf;
}

/** One result a step, in the order of the steps. Leaves the database as it was. */
export async function proveRollbacks(input: ProofInput): Promise<RollbackResult[]> {
  const { session, steps } = input;
  const results = new Map<string, RollbackResult>();
  const last = steps.at(-1);
  if (last === undefined) return [];
  let stopped: string | null = null;
  try {
    await session.exec('begin');
    // What differs for reasons of its own (the other era's default privileges, what could not be undone) is not looked at.
    let now = await snapshot(session);
    for (const step of [...steps].reverse()) {
      if (stopped !== null) break;
      const known = differingIds(now, step.after);
      const outcome = await proveStep(step, now, known, input);
      results.set(step.path, outcome.result);
      if (outcome.end === null) stopped = `"${step.path}", which came after it, could not be undone`;
      else now = outcome.end;
    }
  } catch (error) {
    if (!(error instanceof EngineLost)) throw error;
    stopped = error.message;
  } finally {
    await session.exec('rollback').catch(() => undefined);
  }
  return steps.map(({ path }) => results.get(path) ?? notRun(path, input.planFor(path), stopped));
}

interface Outcome {
  readonly result: RollbackResult;
  /** State to go on from; null where none was reached. */
  readonly end: Snapshot | null;
}

async function proveStep(
  step: UndoStep,
  now: Snapshot,
  known: ReadonlySet<string>,
  input: ProofInput,
): Promise<Outcome> {
  const { session } = input;
  const found = input.planFor(step.path);
  const claims = losesData(step.before, step.after, step.source);
  const lost = claims.map(({ text }) => text);
  if (found === null) return tryGenerated(step, now, known, claims, input);

  await session.exec('savepoint given');
  const tried = await tryGiven(step, found, known, lost, input);
  if (tried.exact) return { result: tried.result, end: tried.end };
  // What was given does not lead back: go back by a plan of our own, and offer it.
  await session.exec('rollback to savepoint given');
  const generated = await tryGenerated(step, now, known, claims, input);
  const better = generated.result.status === 'restores' || generated.result.status === 'irreversible';
  return {
    result: { ...tried.result, alternative: better ? generated.result.sql : null },
    end: generated.end,
  };
}

async function tryGiven(
  step: UndoStep,
  found: FoundPlan,
  known: ReadonlySet<string>,
  lost: readonly string[],
  input: ProofInput,
): Promise<{ result: RollbackResult; end: Snapshot; exact: boolean }> {
  const { session, sqlOf = asItIs } = input;
  const common = {
    path: step.path,
    plan: found.kind,
    planPath: found.path,
    planLine: found.line,
    sql: found.sql,
    mayReorder: lost.length > 0,
  } as const;
  const error = await run(session, parseSource(found.path, found.sql), sqlOf);
  if (error !== null) {
    const line = found.line === null || error.line === null ? error.line : found.line + error.line - 1;
    const result = conclude({ ...common, lost, left: [], error: { ...error, line }, again: null });
    return { result, end: step.after, exact: false };
  }
  const end = await snapshot(session);
  const left = differences(end, step.before, known);
  const exact = left.every(({ order }) => order);
  const again = exact ? await onceMore(step, known, input) : null;
  return { result: conclude({ ...common, lost, left, error: null, again }), end, exact };
}

async function tryGenerated(
  step: UndoStep,
  now: Snapshot,
  known: ReadonlySet<string>,
  claims: readonly Claim[],
  input: ProofInput,
): Promise<Outcome> {
  const { session, sqlOf = asItIs } = input;
  await session.exec('savepoint generated');
  const { source, before, after } = step;
  const rows: RowsBack = {
    first: takeOutRows(source, before, after),
    copies: keptCopies(source, before, after),
    writtenOver: broughtBack(claims, source, before, after),
    made: copiesMade(source, before, after),
  };
  let generated: Generated = await generate(session, now, step.before, known, sqlOf, rows);
  if (generated.error !== null && rows.first.length + rows.copies.length + rows.writtenOver.length > 0) {
    // Rows are a courtesy: the catalog counts.
    await session.exec('rollback to savepoint generated');
    generated = await generate(session, now, before, known, sqlOf, { ...noRows, made: rows.made });
  }
  const lost = withoutKept(claims, rows, generated.sql).map(({ text }) => text);
  const common = {
    path: step.path,
    plan: 'generated',
    planPath: null,
    planLine: null,
    sql: withRemarks(generated.sql, step, lost.length > 0),
    mayReorder: claims.length > 0,
  } as const;
  if (generated.error !== null) {
    await session.exec('rollback to savepoint generated');
    return {
      result: conclude({ ...common, lost, left: [], error: generated.error, again: null }),
      end: null,
    };
  }
  const left = differences(generated.end, step.before, known);
  const again = await onceMore(step, known, input);
  const result = conclude({ ...common, lost, left, error: null, again });
  if (generated.impossible.length === 0) return { result, end: generated.end };
  const missing = `No statement brings back ${generated.impossible.join(', ')}.`;
  return {
    result: { ...result, detail: [missing, result.detail].filter(Boolean).join(' ') },
    end: generated.end,
  };
}

/** Up again, from where the way back led. */
async function onceMore(
  step: UndoStep,
  known: ReadonlySet<string>,
  { session, sqlOf = asItIs }: ProofInput,
): Promise<{ readonly error: RunError | null; readonly left: readonly Difference[] }> {
  return apart(session, 'again', async () => {
    const error = await run(session, step.source, sqlOf);
    if (error !== null) return { error, left: [] };
    return { error: null, left: differences(await snapshot(session), step.after, known) };
  });
}

/**
 * What can't be seen inside one transaction: a new enum value in use (unsafe_new_enum_value_usage), a command that wants
 * to be alone (active_sql_transaction), a table with pending trigger events (object_in_use).
 */
export const needsCommit: ReadonlySet<string> = new Set(['55P04', '25001', '55006']);

/** With what no statement does. */
function withRemarks(sql: string, { source, before, after }: UndoStep, isLost: boolean): string {
  const stay = rowsThatStay(source, before, after).map(
    (table) =>
      `-- Rows that the migration put into ${table.replace(/\s+/g, ' ')} stay: the file does not tell which they are.\n`,
  );
  if (sql !== '') return [...stay, sql].join('');
  const over = isLost ? ['-- What the migration wrote over is not brought back.\n'] : [];
  const isSilent = stay.length + over.length > 0 || source.statements.some(({ kind }) => mayWrite.has(kind));
  return [
    `-- The schema is as before${isSilent ? '' : ': there is nothing to undo'}.\n`,
    ...stay,
    ...over,
  ].join('');
}

/** Statements that may have written rows where nobody reads it. */
const mayWrite: ReadonlySet<string> = new Set([
  'DoStmt',
  'SelectStmt',
  'CallStmt',
  'InsertStmt',
  'UpdateStmt',
]);

const asItIs: SqlOf = (statement) => [statement.sql];

export function conclude(seen: {
  readonly path: string;
  readonly plan: RollbackResult['plan'];
  readonly planPath: string | null;
  readonly planLine: number | null;
  readonly sql: string;
  readonly lost: readonly string[];
  /** Something went that held data, whether that came back or not. */
  readonly mayReorder: boolean;
  readonly left: readonly Difference[];
  readonly error: RunError | null;
  readonly again: Again | null;
}): RollbackResult {
  const { path, plan, planPath, planLine, sql, lost, error, again } = seen;
  // A column that comes back stands at the end: that follows from its loss and is no fault of the plan.
  const left = seen.left.filter(({ order }) => !order || !seen.mayReorder).map(({ text }) => text);
  const untried = again?.error && needsCommit.has(again.error.sqlstate);
  const up = again === null ? null : againstGoingUp(again);
  const status = (): RollbackResult['status'] => {
    if (error !== null) return 'failed';
    if (left.length > 0) return 'differs';
    return lost.length > 0 ? 'irreversible' : 'restores';
  };
  return {
    path,
    plan,
    planPath,
    planLine,
    status: status(),
    sql,
    differences: left,
    losesData: lost,
    error:
      error === null
        ? null
        : { sqlstate: error.sqlstate, message: error.message, detail: error.detail, line: error.line },
    detail: up,
    upAgain: again === null || untried ? null : up === null,
    alternative: null,
  };
}

function notRun(path: string, found: FoundPlan | null, why: string | null): RollbackResult {
  return {
    path,
    plan: found?.kind ?? 'none',
    planPath: found?.path ?? null,
    planLine: found?.line ?? null,
    status: 'not-run',
    sql: found?.sql ?? null,
    differences: [],
    losesData: [],
    error: null,
    detail: why,
    upAgain: null,
    alternative: null,
  };
}

/** The migration run once more after its way back. */
interface Again {
  readonly error: RunError | null;
  readonly left: readonly Difference[];
}

function againstGoingUp({ error, left }: Again): string | null {
  if (error !== null && needsCommit.has(error.sqlstate))
    return `Whether it runs a second time was not seen: it needs a COMMIT on the way (${error.message}).`;
  if (error !== null)
    return `The migration does not run a second time after it: ${error.message} (${error.sqlstate}).`;
  return left.some(({ order }) => !order)
    ? `Run a second time after it, the migration leads elsewhere: ${left[0]!.text}.`
    : null;
}
