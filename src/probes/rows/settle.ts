/**
 * What the laid rows still owe at COMMIT is settled before anybody acts: else each probe's own check would stumble over
 * rows that the probes have made. Where a project's trigger refuses the laid rows, it is silent that once.
 */
import type { Outcome, Session } from '../../database/engine.ts';
import { literal } from '../acting/quote.ts';
import { triggersOff, triggersOn } from './triggers.ts';

/** Functions of triggers that wait for COMMIT are few. */
const most = 8;

/** Why laid rows can't stand, by the constraint that says so; null where they do. */
export async function settle(session: Session): Promise<string | null> {
  let refused = await passes(session, []);
  if (refused.ok) return null;
  const waiting = await waitingFunctions(session);
  const silenced: WaitingFunction[] = [];
  while (!refused.ok && silenced.length < most) {
    const { where, message } = refused.error;
    const raising = waiting.find(
      ({ name, signature }) =>
        !silenced.some((other) => other.signature === signature) && (where ?? '').includes(`${name}(`),
    );
    if (raising === undefined) return message;
    silenced.push(raising);
    refused = await passes(session, silenced);
  }
  return refused.ok ? null : refused.error.message;
}

interface WaitingFunction {
  readonly name: string;
  readonly signature: string;
  /** The statement that makes it what it is. */
  readonly definition: string;
}

async function waitingFunctions(session: Session): Promise<readonly WaitingFunction[]> {
  const rows = await session.query(`
    select distinct p.proname as name, format('%I.%I()', n.nspname, p.proname) as signature, pg_get_functiondef(p.oid) as definition
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where t.tgdeferrable and not t.tgisinternal and l.lanname = 'plpgsql' order by 2`);
  return rows.map((row) => ({ name: row.name!, signature: row.signature!, definition: row.definition! }));
}

/** All that waits is asked now, with some functions silent; what is answered does not wait any more. */
async function passes(session: Session, silenced: readonly WaitingFunction[]): Promise<Outcome> {
  const silent = silenced.map(
    ({ signature }) =>
      `create or replace function ${signature} returns trigger language plpgsql as ${literal('begin return null; end')}`,
  );
  const around = (statements: readonly string[]) =>
    statements.length === 0 ? [] : [triggersOff, ...statements, triggersOn];
  const asked = ['savepoint settle', ...around(silent), 'set constraints all immediate'];
  const outcomes = await session.batch(
    [
      ...asked,
      'set constraints all deferred',
      ...around(silenced.map(({ definition }) => definition)),
      'release savepoint settle',
    ],
    { stopOnError: true },
  );
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed === undefined) return outcomes.at(-1)!;
  await session.exec('rollback to savepoint settle; release savepoint settle');
  return failed;
}
