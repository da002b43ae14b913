/** What every try shares: statements as A that stay, and the look at what opened. */
import type { Outcome, Session } from '../../database/engine.ts';
import type { AccessCell, Proof } from '../../model/access.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { attemptAll } from '../acting/attempt.ts';
import { resultOf } from '../acting/outcome.ts';
import { become, becomeAdmin, type Identity, signedIn, userA, userB } from '../acting/principals.ts';
import type { Privileges } from '../catalog.ts';
import type { Ownership } from '../rows/owners.ts';
import type { Planner } from '../rows/plan.ts';
import type { TrustedRows } from '../rows/trust.ts';
import { type World, whereIs } from '../rows/world.ts';

export interface Prize {
  /** Table that opens. */
  readonly opens: string;
  /** Table whose row opens it. */
  readonly via: string;
  /** The cell that was seen to open under that condition. */
  readonly cell: AccessCell;
}

export interface EscalationContext {
  readonly session: Session;
  readonly state: SchemaState;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly privileges: Privileges;
  readonly world: World;
  readonly searchPath: (schema: string) => string;
  readonly exposed: ReadonlySet<string>;
  readonly trusted: TrustedRows;
  /** Tables that got rows of their own by a sign-up. */
  readonly createdBySignUp: ReadonlySet<string>;
}

/** Who climbs. */
export const user = signedIn(userA);

/** Runs in a savepoint and leaves nothing. */
export async function within<T>(context: EscalationContext, run: () => Promise<T>): Promise<T> {
  const restore = context.world.mark();
  await context.session.exec('savepoint escalation');
  try {
    return await run();
  } finally {
    restore();
    await context.session.exec('rollback to savepoint escalation; release savepoint escalation');
  }
}

/** One statement as A; stays where it worked. */
export async function asA(
  context: EscalationContext,
  table: Table,
  sql: string,
  identity: Identity = user,
): Promise<{ outcome: Outcome; proof: Proof }> {
  const outcomes = await context.session.batch([
    'savepoint attempt',
    become(identity, context.searchPath(table.schema)),
    sql,
    becomeAdmin,
    // Refused, as everything is, where the statement failed.
    'release savepoint attempt',
  ]);
  const outcome = outcomes[2]!;
  if (!outcome.ok) await context.session.exec('rollback to savepoint attempt; release savepoint attempt');
  return { outcome, proof: { as: user.label, sql, result: resultOf(outcome) } };
}

/** Prizes worth looking at: one statement a table and command, reading first. */
const enough = 10;

/** What opens now, as A: the first prize that holds. */
export async function opened(
  context: EscalationContext,
  prizes: readonly Prize[],
): Promise<{ opens: string; reaches: AccessCell['command']; proof: Proof } | null> {
  const first = (await tried(context, prizes)).find(({ holds }) => holds);
  return first === undefined
    ? null
    : { opens: first.prize.opens, reaches: first.prize.cell.command, proof: first.proof };
}

/** Looked at before the climb: a few of them stay closed where a plain row opens the most. */
const many = 40;

/** Prizes that A does not have anyway. */
export async function closedTo(
  context: EscalationContext,
  prizes: readonly Prize[],
  identity: Identity = user,
): Promise<Prize[]> {
  return (await tried(context, prizes, identity, many)).flatMap(({ prize, holds }) => (holds ? [] : [prize]));
}

/** Whether the prizes hold now, reading first. */
export async function tried(
  context: EscalationContext,
  prizes: readonly Prize[],
  identity: Identity = user,
  most = enough,
): Promise<{ prize: Prize; holds: boolean; proof: Proof }[]> {
  const statements = new Map<string, Prize>();
  for (const prize of [...prizes].toSorted((a, b) => order(a) - order(b))) {
    const { sql } = prize.cell.proof.at(-1)!;
    if (!statements.has(sql)) statements.set(sql, prize);
  }
  const some = [...statements].slice(0, most);
  const attempted = await attemptAll(
    context.session,
    some.map(([sql, prize]) => ({
      identity,
      searchPath: context.searchPath(context.state.tables.get(prize.opens)?.schema ?? 'public'),
      sql,
    })),
  );
  return some.map(([sql, prize], index) => {
    const { outcome } = attempted[index]!;
    const rows = outcome.ok ? Math.max(outcome.rows.length, outcome.affected) : 0;
    return { prize, holds: rows > 0, proof: { as: identity.label, sql, result: resultOf(outcome) } };
  });
}

const order = (prize: Prize): number => (prize.cell.command === 'select' ? 0 : 1);

/** The same statements on B's rows: what a row in B's organisation should open. */
export function foreignPrizes(context: EscalationContext, prizes: readonly Prize[]): Prize[] {
  return prizes.flatMap((prize) => {
    if (prize.cell.subject === 'foreign' || prize.cell.subject === 'unowned') return [prize];
    if (prize.cell.command !== 'select') return [];
    const b = context.world.row(prize.opens, userB);
    if (b === undefined) return [];
    const sql = `select * from ${prize.opens} where ${whereIs(b)}`;
    return [{ ...prize, cell: { ...prize.cell, proof: [{ as: user.label, sql, result: '' }] } }];
  });
}
