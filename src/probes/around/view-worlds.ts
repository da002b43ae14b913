/** A `security_invoker` view in the worlds of the table below: who reads there under a condition, reads here under it. */
import type { AccessCell } from '../../model/access.ts';
import type { Table, View } from '../../model/schema.ts';
import { verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, signedIn, type User, userA, userB } from '../acting/principals.ts';
import { name } from '../acting/quote.ts';
import { passes, withoutTenants } from '../cells.ts';
import { readPolicies } from '../predicate/index.ts';
import { type Marker, markersOf } from '../rows/markers.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';
import type { Case } from '../tables/case.ts';
import { conditionalCells } from '../worlds/index.ts';
import { unreached } from './cells.ts';
import type { AroundContext } from './views.ts';

/**
 * Conditional cells of a view on one table. `via` and `acrossTenants` stay the table's: that its policies open it is
 * told there, and the view passes by none of them.
 */
export async function cellsUnderConditions(
  context: AroundContext,
  view: View,
  base: Table,
  closed: readonly AccessCell[],
): Promise<AccessCell[]> {
  const { world } = context;
  const below = (context.tables.get(base.key)?.cells ?? []).filter(
    (cell) => cell.command === 'select' && cell.when !== null && passes(cell),
  );
  if (!view.securityInvoker || below.length === 0) return [];
  const subjects = {
    a: world.row(base.key, userA),
    b: world.row(base.key, userB),
    unowned: undefined,
  };
  const cases = (who: readonly Identity[]): Case[] =>
    who.flatMap((identity) => [
      ...(identity.role === 'authenticated' && subjects.a
        ? [caseOf(context, view, identity, 'own', subjects.a, userA)]
        : []),
      ...(subjects.b ? [caseOf(context, view, identity, 'foreign', subjects.b, userB)] : []),
    ]);
  const identities = [anon, signedIn(userA)];
  const filtered = cases(identities)
    .filter(
      ({ identity, subject }) =>
        !closed.some((cell) => cell.principal === identity.principal && cell.subject === subject) ||
        closed.some(
          (cell) =>
            cell.principal === identity.principal && cell.subject === subject && cell.outcome === 'filtered',
        ),
    )
    .map(({ identity, subject }) => unreached(identity, subject));
  const found = await conditionalCells(
    {
      ...context.probing,
      table: base,
      searchPath: context.searchPath(view.schema),
      compared: new Set<string>(),
      state: context.state,
      reading: readPolicies(base, context.state),
      world,
      subjects,
      identities,
      trusted: context.trusted,
      shares: [],
      skip: () => undefined,
      cases,
    },
    filtered,
  );
  return found
    .filter(({ principal, subject }) =>
      below.some((cell) => cell.principal === principal && cell.subject === subject),
    )
    .map((cell) => ({ ...withoutTenants(cell), via: null }));
}

/** The row itself where the view shows its key; else what only that row and its parents hold. */
function caseOf(
  context: AroundContext,
  view: View,
  identity: Identity,
  subject: 'own' | 'foreign',
  row: LaidRow,
  user: User,
): Case {
  const keyed = row.key.length > 0 && row.key.every((column) => view.columns.includes(column));
  const held = context.privileges(identity.role, 'select', view.key);
  const list = held === null || held.length >= view.columns.length ? '*' : held.map(name).join(', ');
  const markers: readonly Marker[] = keyed
    ? []
    : markersOf(context.world, context.state, user).filter(({ columns }) => columns.has(row.table.key));
  return {
    identity,
    command: 'select',
    subject,
    columns: [],
    attempt: {
      identity,
      searchPath: context.searchPath(view.schema),
      sql: `select ${list} from ${view.key}${keyed ? ` where ${whereIs(row)}` : ' limit 2000'}`,
    },
    returning: null,
    judge: ({ outcome }) => {
      if (!outcome.ok) return verdictOf(outcome.error, view, 'select');
      const seen = keyed
        ? outcome.rows.length > 0
        : outcome.rows.some((each) =>
            Object.values(each).some((value) => markers.some(({ text }) => value?.includes(text) === true)),
          );
      return { outcome: seen ? 'allowed' : 'filtered', reason: null };
    },
  };
}
