/** Tables that hold what migrations write and nothing else: plans, kinds, settings. Nobody waits for a look at them. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { apiRoles, appliesTo, covers, holds } from '../callers/roles.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { holdsOneRow } from './emptiness.ts';

/** One row by its key, or a list that migrations write and no client and no function adds to. */
export function isShortList(key: string, state: SchemaState, facts: Facts): boolean {
  const table = state.tables.get(key);
  if (table === undefined) return false;
  return holdsOneRow(table) || (rowsWritten(facts).has(key) && !growsByUse(table, state));
}

/** A policy lets clients insert, or a function does. */
function growsByUse({ rls, policies, grants, name }: Table, { routines }: SchemaState): boolean {
  const byClients = apiRoles.some(
    (role) =>
      holds(grants, role, 'insert') &&
      (!rls || policies.some((policy) => covers(policy, 'insert') && appliesTo(policy, role))),
  );
  const insert = new RegExp(
    `\\binsert\\s+into\\s+(?:only\\s+)?(?:"?\\w+"?\\s*\\.\\s*)?"?${escapeRegExp(name)}\\b`,
    'i',
  );
  return byClients || [...routines.values()].some(({ body }) => insert.test(body));
}

const written = new WeakMap<Facts, ReadonlySet<string>>();

/** Tables that an INSERT … VALUES of a migration fills. */
function rowsWritten(facts: Facts): ReadonlySet<string> {
  let found = written.get(facts);
  if (found === undefined) {
    found = new Set(
      [...facts.sources.values()].flatMap(({ statements }) =>
        statements
          .filter(
            ({ kind, node }) =>
              kind === 'InsertStmt' && node.selectStmt?.SelectStmt?.valuesLists !== undefined,
          )
          .map(({ node }) => keyOfRangeVar(node.relation)),
      ),
    );
    written.set(facts, found);
  }
  return found;
}
