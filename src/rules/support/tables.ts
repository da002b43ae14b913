/** What the table rules ask first. */
import type { Policy, Table } from '../../model/schema.ts';
import type { StateContext } from '../rule.ts';
import { isPlatform } from './roles.ts';

/** A table of the project that the Data API shows. What dynamic SQL did to it may have changed everything: left to the catalog. */
export function isExposedTable(table: Table, context: StateContext): boolean {
  return (
    table.kind !== 'foreign' &&
    table.unknown.length === 0 &&
    !isPlatform(table.schema) &&
    context.exposed(table.schema)
  );
}

/** A policy's place among others: command and roles. Its name is no identity, a new name opens nothing new. */
export const policyKey = (policy: Policy) => `${policy.command} ${[...policy.roles].sort().join(',')}`;

/** True where the table of that key is in the publication Realtime reads. */
export const inRealtime = (key: string, context: StateContext) => {
  const publication = context.state.publications.get('supabase_realtime');
  return publication?.allTables === true || publication?.tables.some(({ table }) => table === key) === true;
};
