/** One table: what each principal can do to own, foreign and unowned rows, each denial with its positive control. */

import type { Session } from '../../database/engine.ts';
import type { AccessCell, Proof } from '../../model/access.ts';
import { type Attempt, type Attempted, attemptAll } from '../acting/attempt.ts';
import { resultOf, verdictOf } from '../acting/outcome.ts';
import { type Identity, serviceRole } from '../acting/principals.ts';
import { name } from '../acting/quote.ts';
import { underOwnParent } from '../cells.ts';
import { mayRefuseTheValue, sameError } from '../refusals.ts';
import { triggersOff } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';
import { type Case, mayEverPass, rowsFor, type Subjects, type TableContext } from './case.ts';
import { inserts } from './inserts.ts';
import { deletes, updates } from './updates.ts';

export function casesOf(
  context: TableContext,
  subjects: Subjects,
  identities: readonly Identity[],
  choose: ReadonlyMap<string, Value> = new Map(),
): Case[] {
  return identities.flatMap((identity) => [
    ...selects(context, subjects, identity),
    ...inserts(context, subjects, identity, choose),
    ...updates(context, subjects, identity),
    ...deletes(context, subjects, identity),
  ]);
}

/** Runs cases, then the controls of those that were denied and RETURNING of those that were allowed. */
export async function probeCases(context: TableContext, cases: readonly Case[]): Promise<AccessCell[]> {
  const { session } = context;
  const attempted = await attemptAll(
    session,
    cases.map((entry) => entry.attempt),
  );
  const verdicts = cases.map((entry, index) => judged(entry, attempted[index]!));
  const returning: number[] = [];
  const denied: number[] = [];
  cases.forEach((entry, index) => {
    const { outcome } = verdicts[index]!;
    if (entry.command === 'select') return;
    if (outcome === 'allowed' && entry.returning !== null) returning.push(index);
    // "No permission" and "check failed" are said in so many words; no row, or an error, may have other causes.
    if (outcome === 'filtered' || outcome === 'error') denied.push(index);
  });
  const byParent = await underAnotherParent(session, cases, verdicts);
  const followed = await attemptAll(session, [
    ...returning.map((index) => {
      const { readBack: _, ...attempt } = cases[index]!.attempt;
      return { ...attempt, deferred: false, sql: cases[index]!.returning! };
    }),
    ...denied.map((index) => controlOf(cases[index]!)),
  ]);
  const representation = new Map(returning.map((index, at) => [index, followed[at]!.outcome.ok]));
  const controlled = new Map(denied.map((index, at) => [index, followed[returning.length + at]!]));
  // A trigger may refuse the superuser too: without triggers the statement itself is left.
  const refused = denied.filter((index) => !works(cases[index]!, controlled.get(index)!));
  const bare = await attemptAll(
    session,
    refused.map((index) => {
      const control = controlOf(cases[index]!);
      return { ...control, prepare: [...(control.prepare ?? []), triggersOff] };
    }),
  );
  const withoutTriggers = new Map(refused.map((index, at) => [index, bare[at]!]));
  const anybody = await refusedToAnybody(context, cases, attempted, refused);

  return cases.map((entry, index) => {
    const verdict = verdicts[index]!;
    const tried: Proof = {
      as: entry.identity.label,
      sql: entry.attempt.sql,
      result: resultText(entry, attempted[index]!),
    };
    const control = controlled.get(index);
    const checked = control && controlledBy(entry, control, withoutTriggers.get(index), anybody.has(index));
    return {
      principal: entry.identity.principal,
      command: entry.command,
      subject: entry.subject,
      outcome: checked?.reason === undefined ? verdict.outcome : 'unknown',
      columns: verdict.columns ?? entry.columns,
      representation: representation.get(index) ?? true,
      when: byParent.has(index) ? underOwnParent : null,
      via: null,
      proof: checked === undefined ? [tried] : [tried, checked.proof],
      reason: checked?.reason ?? verdict.reason,
    };
  });
}

/** The same as somebody whom no policy binds, with the claims of who was denied. */
const controlOf = ({ attempt, identity }: Case): Attempt => ({
  ...attempt,
  identity: null,
  controlClaims: identity.claims,
});

function works(entry: Case, answer: Attempted): boolean {
  const { outcome } = judged(entry, answer);
  return outcome === 'allowed' || outcome === 'constraint';
}

/** What the control says of a denial; a reason where it is none of the policies' doing. */
function controlledBy(
  entry: Case,
  control: Attempted,
  bare: Attempted | undefined,
  isRefusedToAnybody: boolean,
): { readonly proof: Proof; readonly reason?: string } {
  const answer = bare !== undefined && works(entry, bare) ? bare : control;
  const proof = {
    as: answer === bare ? 'superuser, triggers off (control)' : 'superuser (control)',
    sql: entry.attempt.sql,
    result: resultText(entry, answer),
  };
  if (!works(entry, answer)) {
    const why = judged(entry, control).reason ?? resultText(entry, control);
    return { proof, reason: `the control did not work either: ${why}` };
  }
  if (!isRefusedToAnybody) return { proof };
  return {
    proof,
    reason: `a trigger refuses this value, or this row, to everybody: ${resultText(entry, control)}`,
  };
}

/** Those that passed, and are refused under a parent of somebody else's. */
async function underAnotherParent(
  session: Session,
  cases: readonly Case[],
  verdicts: readonly { readonly outcome: AccessCell['outcome'] }[],
): Promise<ReadonlySet<number>> {
  const elsewhere = cases.flatMap(({ elsewhere: other }, index) =>
    other !== undefined && verdicts[index]!.outcome === 'allowed' ? [{ index, other }] : [],
  );
  const there = await attemptAll(
    session,
    elsewhere.map(({ other }) => other.attempt),
  );
  return new Set(
    elsewhere
      .filter(({ other }, at) => /^(check-failed|filtered)$/.test(judged(other, there[at]!).outcome))
      .map(({ index }) => index),
  );
}

/** Those of the refused that service_role is refused with the same words, by a function that asks for nobody. */
async function refusedToAnybody(
  context: TableContext,
  cases: readonly Case[],
  attempted: readonly Attempted[],
  refused: readonly number[],
): Promise<ReadonlySet<number>> {
  const byFunction = refused.filter((index) => {
    const { outcome } = attempted[index]!;
    const { principal } = cases[index]!.identity;
    // Where no policy lets anything pass, no other value would.
    const guarded = context.table.rls && principal !== 'service_role';
    if (guarded && !mayEverPass(context.table, principal, cases[index]!.command)) return false;
    return !outcome.ok && mayRefuseTheValue(outcome.error, context.asking);
  });
  const asService = await attemptAll(
    context.session,
    byFunction.map((index) => ({ ...cases[index]!.attempt, identity: serviceRole })),
  );
  return new Set(byFunction.filter((index, at) => sameError(attempted[index]!, asService[at]!)));
}

function judged(entry: Case, attempted: Attempted): ReturnType<Case['judge']> {
  if (attempted.unprepared !== null) return { outcome: 'unknown', reason: attempted.unprepared };
  return entry.judge(attempted);
}

function resultText(entry: Case, attempted: Attempted): string {
  if (attempted.unprepared !== null) return `not run: ${attempted.unprepared}`;
  if (entry.command === 'select' && attempted.outcome.ok) {
    return entry.judge(attempted).outcome === 'allowed' ? '1 row' : '0 rows';
  }
  return resultOf(attempted.outcome);
}

function selects(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
  const { table } = context;
  const readable = context.privileges(identity.role, 'select', table.key) ?? [];
  return rowsFor(context, subjects, identity).map(({ subject, row }) => {
    const key = row.key.every((column) => readable.includes(column)) ? row.key : readableKey(row, readable);
    const all = readable.length === 0 || readable.length === table.columns.length;
    const list = all ? '*' : readable.map(name).join(', ');
    return {
      identity,
      command: 'select' as const,
      subject,
      columns: all ? [] : readable,
      attempt: {
        identity,
        searchPath: context.searchPath,
        sql: `select ${list} from ${table.key} where ${whereIs(row, key)}`,
      },
      returning: null,
      judge: ({ outcome }) => {
        if (!outcome.ok) return verdictOf(outcome.error, table, 'select');
        return { outcome: outcome.rows.length > 0 ? 'allowed' : 'filtered', reason: null };
      },
    };
  });
}

function readableKey(row: LaidRow, readable: readonly string[]): readonly string[] {
  if (readable.length === 0) return row.key;
  const usable = row.table.columns.filter(
    (column) =>
      readable.includes(column.name) &&
      row.values[column.name] != null &&
      !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector)/.test(column.type),
  );
  return usable.length > 0 ? usable.map((column) => column.name) : row.key;
}
