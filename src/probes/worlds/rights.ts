/**
 * A policy that stops for want of a right: was there anything for the role to reach? Seen by giving it the right and
 * probing the table once more. A helper that visitors may not execute, in policies that give visitors nothing, is kept
 * from them on purpose.
 */
import type { AccessCell, PolicyError } from '../../model/access.ts';
import type { SchemaState } from '../../model/schema.ts';
import type { Identity } from '../acting/principals.ts';
import { name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { signatureOf } from '../rows/arguments.ts';
import type { Case } from '../tables/case.ts';
import { probeCases } from '../tables/table.ts';
import { conditionalCells } from './index.ts';
import type { WorldContext } from './spec.ts';

/** A right given may show the next one missing: a schema, the function in it, the table that reads. */
const rounds = 5;

/** The errors of one table with `opens` set, where it could be tried. */
export async function tryWithRights(
  context: WorldContext,
  /** All of the table, as they are tried in the closed world. */
  cases: readonly Case[],
  errors: readonly PolicyError[],
): Promise<PolicyError[]> {
  const reached = new Map<string, boolean>();
  for (const identity of context.identities) {
    const missing = errors.filter((error) => error.principal === identity.principal && lacksRight(error));
    if (missing.length === 0) continue;
    const cells = await cellsWith(
      { ...context, identities: [identity] },
      cases.filter((entry) => entry.identity === identity),
      identity,
      missing.map(({ message }) => message),
    );
    if (cells === null) continue;
    for (const { command } of missing)
      reached.set(
        `${identity.principal} ${command}`,
        cells.some((cell) => cell.command === command && passes(cell)),
      );
  }
  return errors.map((error) => ({
    ...error,
    opens: reached.get(`${error.principal} ${error.command}`) ?? null,
  }));
}

const lacksRight = ({ sqlstate, message }: PolicyError) =>
  sqlstate === '42501' && message.startsWith('permission denied for ');

/** What the role reaches once it holds what was missing; null where that could not be found out. */
async function cellsWith(
  context: WorldContext,
  cases: readonly Case[],
  { role }: Identity,
  messages: readonly string[],
): Promise<AccessCell[] | null> {
  const { session, world } = context;
  const restore = world.mark();
  await session.exec('savepoint rights');
  const cells = await tryGranted();
  await session.exec('rollback to savepoint rights; release savepoint rights');
  restore();
  return cells;

  async function tryGranted(): Promise<AccessCell[] | null> {
    const given = new Set<string>();
    let wanted = messages;
    for (let round = 0; round < rounds; round += 1) {
      const grants = wanted
        .flatMap((message) => grantsFor(message, role, context.state))
        .filter((grant) => !given.has(grant));
      if (grants.length === 0) return null;
      for (const grant of grants) given.add(grant);
      const outcomes = await session.batch([...new Set(grants)], { stopOnError: true });
      if (outcomes.some(({ ok }) => !ok)) return null;
      const closed = await probeCases(context, cases);
      wanted = closed.flatMap(({ proof }) => denial.exec(proof[0]?.result ?? '')?.[0] ?? []);
      if (
        wanted.every((message) => grantsFor(message, role, context.state).every((grant) => given.has(grant)))
      )
        return [...closed, ...(await conditionalCells(context, closed))];
    }
    return null;
  }
}

const denial = /permission denied for (function|schema|table|view|materialized view|sequence) [^\s(]+/;

/** What would have kept Postgres from saying so. Its messages name objects without their schema. */
function grantsFor(message: string, role: string, state: SchemaState): string[] {
  const [, kind, printed] = /^permission denied for (materialized view|\w+) (.+)$/.exec(message) ?? [];
  const called = printed?.replace(/^"(.*)"$/, '$1');
  switch (kind) {
    case 'function':
      return [...state.routines.values()]
        .filter((routine) => routine.name === called)
        .map((routine) => `grant execute on function ${signatureOf(routine)} to ${role}`);
    case 'schema':
      return [`grant usage on schema ${name(called!)} to ${role}`];
    case 'table':
    case 'view':
    case 'materialized view':
      return [...state.tables.values(), ...state.views.values()]
        .filter((relation) => relation.name === called)
        .map((relation) => `grant select on ${relation.key} to ${role}`);
    default:
      return [];
  }
}
