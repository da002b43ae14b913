/** Writes through views: with their owner's rights, unless the view is `security_invoker`. */

import type { AccessCell, Principal } from '../../model/access.ts';
import type { Command, SchemaState, Table, View } from '../../model/schema.ts';
import { type Attempt, attemptAll } from '../acting/attempt.ts';
import { resultOf, verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, signedIn, userA, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import { ownerValue } from '../rows/owners.ts';
import { quietly } from '../rows/triggers.ts';
import { type LaidRow, normalized, whereIs } from '../rows/world.ts';
import type { AroundContext } from './views.ts';

const identities: readonly Identity[] = [anon, signedIn(userA)];

/** Bits of `pg_relation_is_updatable`, which follows views of views: a trigger's INSTEAD OF is left out. */
const bits: Readonly<Record<'insert' | 'update' | 'delete', number>> = { insert: 8, update: 4, delete: 16 };

/**
 * What becomes of B's row in the table below when others change it, delete it or write it anew through the view. `via`
 * names that table where it refuses the same to the same principal.
 */
export async function writeThrough(context: AroundContext, view: View): Promise<AccessCell[]> {
  const base = baseOf(view, context.state);
  const laid = base && context.world.row(base.key, userB);
  const key = base && laid ? keyShown(context, view, base, laid) : null;
  if (base === null || laid === null || laid === undefined || key === null) return [];
  const row = { ...laid, key };
  const [found] = await context.session.query(
    `select pg_relation_is_updatable(${literal(view.key)}::regclass, false) as bits`,
  );
  const writable = Number(found?.bits ?? '0');
  if (writable === 0) return [];
  const target = (await anotherShown(context, view, base, row)) ?? row;
  const tried = (['insert', 'update', 'delete'] as const).flatMap((command) => {
    const of = command === 'insert' ? row : target;
    const statement = (writable & bits[command]) === 0 ? null : writeOf(command, view, base, of);
    return statement === null
      ? []
      : identities.map((identity) => ({
          command,
          ...statement,
          attempt: {
            identity,
            searchPath: context.searchPath(view.schema),
            sql: statement.sql,
            ...(statement.prepare && { prepare: statement.prepare }),
          } satisfies Attempt,
        }));
  });
  const attempted = await attemptAll(
    context.session,
    tried.map(({ attempt }) => attempt),
  );
  return tried.map(({ command, columns, attempt }, index): AccessCell => {
    const { outcome, unprepared } = attempted[index]!;
    const { identity, sql } = attempt;
    const verdict =
      unprepared !== null
        ? { outcome: 'unknown' as const, reason: unprepared }
        : outcome.ok
          ? { outcome: outcome.affected > 0 ? ('allowed' as const) : ('filtered' as const), reason: null }
          : verdictOf(outcome.error, outcome.error.table === base.name ? base : view, command);
    return {
      principal: identity.principal,
      command,
      subject: command === 'insert' ? 'spoof' : 'foreign',
      ...verdict,
      columns,
      representation: true,
      when: null,
      via:
        verdict.outcome === 'allowed' && isRefused(context, base, identity.principal, command)
          ? base.key
          : null,
      proof: [{ as: identity.label, sql, result: resultOf(outcome) }],
    };
  });
}

/** By what the view shows of it the row is picked out: its key, else another unique one, else whose it is. */
function keyShown(
  { probing }: AroundContext,
  view: View,
  base: Table,
  row: LaidRow,
): readonly string[] | null {
  const owners = probing.ownership
    .ownersOf(base.key)
    .flatMap(({ form, column }) => (form === 'plain' ? [[column]] : []));
  const keys = [row.key, ...base.uniques.map(({ columns }) => columns), ...owners];
  return (
    keys.find((columns) =>
      columns.every((column) => view.columns.includes(column) && row.values[column] != null),
    ) ?? null
  );
}

/** Where the view leaves B's row out, as its state stands, a row that it shows and that is not A's. */
async function anotherShown(
  { session, probing, world, searchPath }: AroundContext,
  view: View,
  base: Table,
  row: LaidRow,
): Promise<LaidRow | null> {
  if (row.key.length === 0) return null;
  const key = row.key.map(name).join(', ');
  const mine = world.row(base.key, userA);
  const others = [
    ...(mine === undefined ? [] : [`not (${whereIs(mine)})`]),
    ...probing.ownership
      .ownersOf(base.key)
      .filter(({ form }) => form === 'plain')
      .map((owner) => `${name(owner.column)}::text is distinct from ${literal(ownerValue(owner, userA))}`),
  ];
  const asked = await attemptAll(
    session,
    [
      `select 1 as there from ${view.key} where ${whereIs(row)} limit 1`,
      `select * from ${base.key} where (${key}) in (select ${key} from ${view.key})${others.map((other) => ` and ${other}`).join('')} limit 1`,
    ].map((sql) => ({ identity: null, searchPath: searchPath(view.schema), sql })),
  );
  const [there, found] = asked.map(({ outcome }) => (outcome.ok ? outcome.rows[0] : undefined));
  if (there !== undefined) return null;
  return found === undefined ? null : { ...row, values: normalized(base, found) };
}

/** The one table that a view stands on, straight or by other views. */
export function baseOf(view: View, state: SchemaState, seen: ReadonlySet<string> = new Set()): Table | null {
  const [read] = view.reads;
  if (view.kind !== 'view' || view.reads.length !== 1 || read === undefined || seen.has(view.key))
    return null;
  const inner = state.views.get(read);
  if (inner !== undefined) return baseOf(inner, state, new Set(seen).add(view.key));
  return state.tables.get(read) ?? null;
}

interface Write {
  readonly sql: string;
  readonly columns: readonly string[];
  /** The row is written anew: it must not stand there any more. */
  readonly prepare?: readonly string[];
}

function writeOf(
  command: 'insert' | 'update' | 'delete',
  view: View,
  base: Table,
  row: LaidRow,
): Write | null {
  if (command === 'delete') return { sql: `delete from ${view.key} where ${whereIs(row)}`, columns: [] };
  const settable = base.columns.filter(
    ({ name: column, generated, identity }) =>
      generated === null && identity !== 'always' && view.columns.includes(column),
  );
  if (command === 'update') {
    const column = (settable.find((candidate) => !row.key.includes(candidate.name)) ?? settable[0])?.name;
    if (column === undefined) return null;
    // As it is: what triggers and constraints say to another value is not asked.
    const value = literal(row.values[column] ?? null);
    return {
      sql: `update ${view.key} set ${name(column)} = ${value} where ${whereIs(row)}`,
      columns: [column],
    };
  }
  const sent = settable.map((column) => column.name).filter((column) => row.values[column] != null);
  if (sent.length === 0) return null;
  return {
    sql: `insert into ${view.key} (${sent.map(name).join(', ')}) values (${sent.map((column) => literal(row.values[column]!)).join(', ')})`,
    columns: sent,
    prepare: quietly([`delete from ${base.key} where ${whereIs(row)}`]),
  };
}

/** Asked of the table itself the same principal got nowhere. A table that the API does not show guards by its policies. */
function isRefused(context: AroundContext, base: Table, principal: Principal, command: Command): boolean {
  const seen = context.tables.get(base.key);
  if (seen === undefined) return base.rls;
  const asked = seen.cells.filter(
    (cell) =>
      cell.principal === principal &&
      cell.command === command &&
      (cell.subject === 'foreign' || cell.subject === 'unowned' || cell.subject === 'spoof'),
  );
  const open = asked.some((cell) => cell.when === null && passes(cell));
  return !open && asked.some((cell) => refusals.has(cell.outcome));
}

const refusals: ReadonlySet<string> = new Set(['filtered', 'no-permission', 'check-failed']);
