/** A session on which `exec` waits for the next question: savepoints and settings ride along with it, in order. */
import { EngineLost, type Outcome, type Session } from '../../database/engine.ts';

/**
 * `exec` answers at once and is sent before the next `query` or `batch`, which throws its error. What nothing is asked
 * behind is never sent: for use inside a transaction that is rolled back.
 */
export function queued(session: Session): Session {
  let waiting: string[] = [];
  const send: Session['batch'] = async (statements, options) => {
    const before = waiting;
    waiting = [];
    const outcomes = await session.batch([...before, ...statements], options).catch((error) => {
      if (!(error instanceof EngineLost) || error.index === null) throw error;
      const index = error.index < before.length ? null : error.index - before.length;
      throw new EngineLost(error.reason, error.message, index);
    });
    for (const outcome of outcomes.slice(0, before.length)) rowsOf(outcome);
    return outcomes.slice(before.length);
  };
  return {
    async exec(sql) {
      waiting.push(sql);
    },
    async query(sql, parameters) {
      if (parameters === undefined || parameters.length === 0) return rowsOf((await send([sql]))[0]!);
      if (waiting.length > 0) await send([]);
      return session.query(sql, parameters);
    },
    batch: send,
  };
}

function rowsOf(outcome: Outcome) {
  if (!outcome.ok) throw outcome.error;
  return outcome.rows;
}
