/** What the table rules ask first: whether enough is known of a table to say something about it. */
import type { Place } from '../../../model/finding.ts';
import type { Grant, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { isKnownByName } from '../../../sql/fold/table-access.ts';
import type { StateContext } from '../../rule.ts';
import { apiRoles, commands, isPlatform } from '../callers/roles.ts';

/** True where the table's keys and indexes are known; some of its columns may not be. */
export const hasKnownKeys = (table: Table) => table.unknown.every(({ about }) => about === 'columns');

/** True where its policies, grants and row level security are known too. */
export function isKnown(table: Table, state: SchemaState): boolean {
  return hasKnownKeys(table) && !mayHaveChanged(table, state);
}

/** A later statement whose text is made at run time may have enabled row level security, or anything. */
function mayHaveChanged(table: Table, state: SchemaState): boolean {
  if (state.source !== 'folded' || table.origin === null) return false;
  const { file, line } = table.origin;
  return state.unknown.some(
    ({ about, place }) =>
      about === 'any' && (place.file > file || (place.file === file && place.line > line)),
  );
}

/** A table of the project that the Data API shows. What dynamic SQL did to it may have changed everything: left to the catalog. */
export function isExposedTable(table: Table, context: StateContext): boolean {
  return (
    table.kind !== 'foreign' &&
    isKnown(table, context.state) &&
    !isPlatform(table.schema) &&
    context.exposed(table.schema)
  );
}

/**
 * The table as far as its policies tell. One that was made on the dashboard is known by name only: its policies can be
 * judged all the same, with what the dashboard gives a table, row level security and all grants. And where text that is
 * made at run time did something to the table, those of its policies that were written behind it stand as they are.
 */
export function policyTable(table: Table, context: StateContext): Table | null {
  if (isExposedTable(table, context)) return table;
  if (isPlatform(table.schema) || !context.exposed(table.schema)) return null;
  if (isKnownByName(table)) return { ...table, rls: true, grants: [...table.grants, ...dashboardGrants] };
  if (context.state.source !== 'folded' || table.kind === 'foreign' || table.origin === null) return null;
  if (!table.unknown.every(({ about }) => about === 'columns' || about === 'block')) return null;
  const blocks = context.state.unknown.filter(
    ({ about, object }) =>
      about === 'any' || (about === 'block' && object?.kind === 'table' && object.key === table.key),
  );
  const changed = new Set(context.set.migrations.map(({ migration }) => migration.path));
  const policies = table.policies.filter(({ origin }) =>
    blocks.every(({ place }) => origin !== null && isBehind(origin, place, changed)),
  );
  return policies.length === 0 ? null : { ...table, rls: true, policies };
}

/** In the order they run: the base, then the change, by the names of the files. */
function isBehind(origin: Place, place: Place, changed: ReadonlySet<string>): boolean {
  const rank = ({ file }: Place) => (changed.has(file) ? 1 : 0);
  if (rank(origin) !== rank(place)) return rank(origin) > rank(place);
  return origin.file === place.file ? origin.line > place.line : origin.file > place.file;
}

const dashboardGrants: readonly Grant[] = apiRoles.flatMap((grantee) =>
  commands.map((privilege) => ({ grantee, privilege, columns: null, origin: null })),
);

/** What tells a policy's finding from those of others: what is wrong may come with new roles or another command. */
export const policyKey = (policy: Policy) =>
  `${policy.name} ${policy.command} ${[...policy.roles].sort().join(',')}`;
