/** Statements tried one by one as somebody, each undone: many of them in one round trip. */
import type { Outcome, Row, Session } from '../../database/engine.ts';
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
  /** Constraints that wait for COMMIT are asked at once. */
  readonly deferred?: boolean;
}

export interface Attempted {
  /** The statement itself, or the deferred constraint that it broke. */
  readonly outcome: Outcome;
  readonly stored: readonly Row[] | null;
  /** Set where the attempt could not be made. */
  readonly unprepared: string | null;
}

/**
 * Runs all attempts inside the open transaction and leaves it as it was. Those that share preparation and identity stand
 * behind one savepoint: a statement and its undoing each, which is what makes the probes fast.
 */
export async function attemptAll(
  session: Session,
  attempts: readonly Attempt[],
): Promise<readonly Attempted[]> {
  if (attempts.length === 0) return [];
  const groups = new Map<string, { before: readonly string[]; members: number[] }>();
  attempts.forEach((attempt, index) => {
    const before = [
      ...(attempt.prepare ?? []),
      attempt.identity === null
        ? withClaims(attempt.controlClaims ?? {})
        : become(attempt.identity, attempt.searchPath),
    ];
    const key = before.join(';');
    const group = groups.get(key);
    if (group) group.members.push(index);
    else groups.set(key, { before, members: [index] });
  });

  const statements = ['savepoint prepared'];
  const at: { before: [number, number]; sql: number; stored: number | null; deferred: number | null }[] = [];
  for (const { before, members } of groups.values()) {
    const range: [number, number] = [statements.length, statements.length + before.length];
    statements.push(...before);
    if (members.length > 1) statements.push('savepoint probe');
    for (const index of members) {
      const attempt = attempts[index]!;
      const sql = statements.push(attempt.sql) - 1;
      const deferred = attempt.deferred ? statements.push('set constraints all immediate') - 1 : null;
      let stored: number | null = null;
      if (attempt.readBack !== undefined) {
        if (attempt.identity !== null) statements.push(becomeAdmin);
        stored = statements.push(attempt.readBack) - 1;
      }
      // The last one goes with its group.
      if (index !== members.at(-1)) statements.push('rollback to savepoint probe');
      at[index] = { before: range, sql, stored, deferred };
    }
    statements.push('rollback to savepoint prepared');
  }
  statements.push('release savepoint prepared');
  const outcomes = await session.batch(statements);
  return attempts.map((_, index) => {
    const { before, sql, stored, deferred } = at[index]!;
    for (const prepared of outcomes.slice(...before)) {
      if (!prepared.ok) return { outcome: prepared, stored: null, unprepared: prepared.error.message };
    }
    const outcome = outcomes[sql]!;
    if (!outcome.ok) return { outcome, stored: null, unprepared: null };
    const later = deferred === null ? null : outcomes[deferred]!;
    if (later !== null && !later.ok) return { outcome: later, stored: null, unprepared: null };
    const rows = stored === null ? null : outcomes[stored]!;
    return { outcome, stored: rows?.ok ? rows.rows : null, unprepared: null };
  });
}
