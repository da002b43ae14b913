/** Statements tried one by one as somebody, each undone: many of them in one round trip. */
import type { Outcome, Row, Session } from '../database/engine.ts';
import { become, becomeAdmin, type Claims, type Identity, withClaims } from './principals.ts';

export interface Attempt {
  /** Null: the session's superuser with these claims, the positive control. */
  readonly identity: Identity | null;
  readonly controlClaims?: Claims;
  readonly searchPath: string;
  /** As the superuser, before it. */
  readonly prepare?: readonly string[];
  readonly sql: string;
  /** As the superuser, after it: the rows as they are stored now. Absent for reads. */
  readonly readBack?: string;
}

export interface Attempted {
  /** The statement itself, or the deferred constraint that it broke. */
  readonly outcome: Outcome;
  readonly stored: readonly Row[] | null;
  /** Set where the attempt could not be made. */
  readonly unprepared: string | null;
}

const savepoint = 'savepoint probe';
const undo = 'rollback to savepoint probe';

/** Runs all attempts inside the open transaction and leaves it as it was. */
export async function attemptAll(
  session: Session,
  attempts: readonly Attempt[],
): Promise<readonly Attempted[]> {
  if (attempts.length === 0) return [];
  const statements: string[] = [savepoint];
  const at: { first: number; sql: number }[] = [];
  for (const attempt of attempts) {
    const first = statements.length;
    statements.push(...(attempt.prepare ?? []));
    statements.push(
      attempt.identity === null
        ? withClaims(attempt.controlClaims ?? {})
        : become(attempt.identity, attempt.searchPath),
    );
    at.push({ first, sql: statements.length });
    statements.push(attempt.sql);
    if (attempt.readBack !== undefined) {
      statements.push('set constraints all immediate', becomeAdmin, attempt.readBack);
    }
    statements.push(undo);
  }
  statements.push('release savepoint probe');
  const outcomes = await session.batch(statements);
  return attempts.map((attempt, index) => {
    const { first, sql } = at[index]!;
    for (let step = first; step < sql; step += 1) {
      const prepared = outcomes[step]!;
      if (!prepared.ok) {
        return { outcome: outcomes[sql]!, stored: null, unprepared: prepared.error.message };
      }
    }
    const outcome = outcomes[sql]!;
    if (!outcome.ok || attempt.readBack === undefined) return { outcome, stored: null, unprepared: null };
    const deferred = outcomes[sql + 1]!;
    if (!deferred.ok) return { outcome: deferred, stored: null, unprepared: null };
    const stored = outcomes[sql + 3]!;
    return { outcome, stored: stored.ok ? stored.rows : null, unprepared: null };
  });
}
