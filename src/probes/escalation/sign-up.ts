/**
 * A signs up once more, and says of itself what a policy trusts: what `signUp({ options: { data } })` carries, a trigger
 * writes into the role of the new profile.
 */
import type { Escalation } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { ownerValue } from '../rows/owners.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { normalized } from '../rows/world.ts';
import { keysOfSignUp, signUpSaying } from '../sign-up.ts';
import { type EscalationContext, foreignPrizes, opened, type Prize, within } from './attempt.ts';

export async function bySignUp(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
): Promise<Escalation[]> {
  const { planner, state, createdBySignUp } = context;
  if (!createdBySignUp.has(table.key)) return [];
  for (const [column, choice] of planner.choices(table.key)) {
    const relevant = prizes.filter((prize) => prize.cell.when!.includes(`${column} = `));
    if (relevant.length === 0) continue;
    for (const key of keysOfSignUp(state)) {
      for (const value of choice.open.slice(0, 4)) {
        const escalation =
          value === null ? null : await said(context, table, relevant, { key, column, value });
        if (escalation !== null) return [escalation];
      }
    }
  }
  return [];
}

async function said(
  context: EscalationContext,
  table: Table,
  prizes: readonly Prize[],
  {
    key,
    column,
    value,
  }: { readonly key: string; readonly column: string; readonly value: NonNullable<Value> },
): Promise<Escalation | null> {
  const { session, state, ownership, world, planner } = context;
  const owner = ownership
    .ownersOf(table.key)
    .find(({ form, caller }) => form === 'plain' && caller.kind === 'uid');
  if (owner === undefined) return null;
  const own = `${name(owner.column)} = ${literal(ownerValue(owner, userA))}`;
  return within(context, async () => {
    for (const prize of prizes) await world.lay([...planner.ancestors(prize.opens), prize.opens], userB);
    const id = literal(userA.id);
    const gone = await session.batch(
      quietly([
        `delete from ${table.key} where ${own}`,
        `delete from auth.identities where user_id = ${id}`,
        `delete from auth.users where id = ${id}`,
      ]),
    );
    if (gone.some((outcome) => !outcome.ok)) return null;
    if (!(await signUpSaying(session, state, userA, { [key]: value }))) return null;
    const [row] = await session.query(`select * from ${table.key} where ${own}`);
    if (row === undefined || normalized(table, row)[column] !== value) return null;
    const prize = await opened(context, foreignPrizes(context, prizes));
    if (prize === null) return null;
    return {
      object: table.key,
      opens: prize.opens,
      principal: 'user',
      kind: 'sign-up',
      steps: [],
      reaches: prize.reaches,
      proof: [
        {
          as: 'anybody',
          sql: `-- supabase.auth.signUp({ email, password, options: { data: ${JSON.stringify({ [key]: value })} } })`,
          result: `a row in ${table.key} with ${column} = ${value}`,
        },
        prize.proof,
      ],
    };
  });
}
