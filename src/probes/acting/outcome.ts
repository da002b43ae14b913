/** What an answer of Postgres says about access: 42501 alone is four answers (manual 5.8 and the executor's order). */

import type { Outcome } from '../../database/engine.ts';
import type { ProbeOutcome } from '../../model/access.ts';
import type { SqlError } from '../../model/replay.ts';

export interface Verdict {
  readonly outcome: ProbeOutcome;
  /** The error in one line; null where there is none. */
  readonly reason: string | null;
}

interface Target {
  readonly schema: string;
  readonly name: string;
}

/** Errors that are raised only after row level security has let the row pass, where they name the probed table. */
const afterPolicies = new Set(['23502', '23503', '23505', '23514', '23P01']);

/** A failed statement on `target`. */
export function verdictOf(
  error: SqlError,
  target: Target,
  command: 'select' | 'insert' | 'update' | 'delete',
): Verdict {
  const reason = describe(error);
  const byFunction = error.where !== null && /\b(function|trigger|SQL statement)\b/.test(error.where);
  if (error.sqlstate === '42501') {
    if (byFunction) return { outcome: 'error', reason };
    // libpq prints the relation's bare name in these two messages.
    if (/^new row violates row-level security policy\b/.test(error.message)) {
      const table = /for table "(.*)"$/.exec(error.message)?.[1];
      return { outcome: table === target.name ? 'check-failed' : 'error', reason };
    }
    const denied =
      /^permission denied for (materialized view|foreign table|table|view|relation|column|schema|sequence|\w+) (.*)$/.exec(
        error.message,
      );
    if (
      denied !== null &&
      /^(materialized view|foreign table|table|view|relation|column)$/.test(denied[1]!)
    ) {
      const relation = denied[2]!.replace(/^"|"$/g, '');
      // "column" messages read: permission denied for column c of relation t — they name the relation last.
      const named = /of relation "?(.*?)"?$/.exec(relation)?.[1] ?? relation;
      return { outcome: named === target.name ? 'no-permission' : 'error', reason };
    }
    // The schema or a sequence of the table's own: a grant is missing on the way.
    if (denied?.[1] === 'schema' && denied[2] === target.schema) return { outcome: 'no-permission', reason };
    if (denied?.[1] === 'sequence') return { outcome: 'no-permission', reason };
    return { outcome: 'error', reason };
  }
  if (afterPolicies.has(error.sqlstate) && !byFunction && error.table !== null) {
    const own = error.table === target.name && (error.schema ?? target.schema) === target.schema;
    // A foreign key of a child stops a DELETE, or an UPDATE of the key, after the policies.
    const child = error.sqlstate === '23503' && command !== 'insert';
    if (own || child) return { outcome: 'constraint', reason };
  }
  return { outcome: 'error', reason };
}

export const describe = (error: SqlError): string =>
  `${error.sqlstate}: ${error.message}${error.where ? ` (${error.where.split('\n')[0]})` : ''}`;

/** What came back, for a proof. */
export function resultOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'not run';
  if (!outcome.ok) return `ERROR ${describe(outcome.error)}`;
  return rowsCalled(outcome.affected);
}

export const rowsCalled = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;
