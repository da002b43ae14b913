/** Writes the way back: a plan from what stands to what stood, run and looked at again until nothing is left to do. */
import { snapshot } from '../database/catalog/snapshot.ts';
import type { Session } from '../database/engine.ts';
import type { Snapshot } from '../model/catalog.ts';
import { parseSource } from '../sql/parse.ts';
import { differingIds } from './compare.ts';
import { noRows, type RowsBack, withRowsBack } from './from-copies.ts';
import { type PlannedStatement, plan } from './plan.ts';
import { type RunError, run, type SqlOf } from './run.ts';

/** Renames of schemas, of what is in them, of what is on tables; the plan; what default privileges put on top. */
const ROUNDS = 6;

/** Bodies in SQL may name what a later statement brings back; `pg_dump` does the same. */
const unchecked: PlannedStatement = { sql: 'SET check_function_bodies = off', note: null };

export interface Generated {
  readonly sql: string;
  readonly statements: readonly PlannedStatement[];
  readonly error: RunError | null;
  readonly impossible: readonly string[];
  /** The state it led to. */
  readonly end: Snapshot;
}

/** In an open transaction whose state is `after`; leaves it in the state it led to. `known` differences stay. */
export async function generate(
  session: Session,
  after: Snapshot,
  before: Snapshot,
  known: ReadonlySet<string>,
  sqlOf: SqlOf,
  rows: RowsBack = noRows,
): Promise<Generated> {
  const statements: PlannedStatement[] = [...rows.first];
  const impossible = new Set<string>();
  let now = after;
  let last = '';
  let error = rows.first.length === 0 ? null : await run(session, parseSource('', format(rows.first)), sqlOf);
  for (let round = 0; round < ROUNDS && error === null; round += 1) {
    const goal = leaveAlone(before, now, known);
    const next = plan(now, goal);
    for (const object of next.impossible) impossible.add(object);
    const steps = withRowsBack(next.statements, rows);
    const text = format(steps);
    // The same again would lead nowhere: what only somebody else may undo.
    if (text === '' || text === last) break;
    last = text;
    const planned = steps.some(({ sql }) => /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)/.test(sql))
      ? [unchecked, ...steps]
      : steps;
    error = await run(session, parseSource('', format(planned)), sqlOf);
    statements.push(...planned.filter((statement) => !statements.includes(statement)));
    if (error !== null) break;
    now = await snapshot(session);
    if ([...differingIds(now, before)].every((id) => known.has(id))) break;
  }
  return { sql: format(statements), statements, error, impossible: [...impossible], end: now };
}

/** The goal, but for what is known to differ: that stays as it is now. */
function leaveAlone(goal: Snapshot, now: Snapshot, known: ReadonlySet<string>): Snapshot {
  if (known.size === 0) return goal;
  const objects = new Map(goal.objects);
  for (const id of known) {
    const object = now.objects.get(id);
    if (object === undefined) objects.delete(id);
    else objects.set(id, object);
  }
  return { ...goal, objects };
}

/** One statement after the other, long ones apart; what a reader should know stands above it. */
export function format(statements: readonly PlannedStatement[]): string {
  const texts = statements.map(({ sql, note }) => `${note === null ? '' : `-- ${note}\n`}${sql};\n`);
  const long = (at: number) => /\n/.test(statements[at]!.sql);
  return texts.map((text, i) => (i > 0 && (long(i) || long(i - 1)) ? `\n${text}` : text)).join('');
}
