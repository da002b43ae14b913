/** Rows that hang on another one, whose policies or openness decide who may. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { neverHolds } from '../conditions/truth.ts';
import { leadsToUser } from '../owners/members.ts';
import { isRead } from '../owners/name-read.ts';
import { ownerColumns } from '../owners/owners.ts';
import { alternatives, nodesOf, someNode } from '../syntax/tree.ts';
import { asksForARoleAlone } from './granted.ts';
import { type LeakGroup, onlyNamesOthers } from './leak.ts';

/**
 * The policy asks for the one whom the row names, or for whoever runs what the row is a part of: that one hands it on, and
 * enters whom it is about. What it asks of the caller alone, a role, is no stranger's.
 */
export function isHandedOnByParent({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const branches = alternatives((opener.check ?? opener.using)?.node ?? null);
  // A role that everybody has would open others' rows as well, where the old row is asked the same.
  const asksOnce = opener.check === null || opener.check.text === opener.using?.text;
  const names = (branch: SyntaxNode, columns: readonly string[]) =>
    someNode(
      branch,
      (kind, { fields }) => kind === 'ColumnRef' && columns.includes(strings(fields).at(-1) ?? ''),
    );
  // All rows of a parent are its owner's to change: whose name a new one bears is no more than that.
  const isForeman = (others: readonly SyntaxNode[], columns: readonly string[]) =>
    asksOnce &&
    opener.command === 'all' &&
    leaks.some(({ cell }) => cell.subject === 'transfer') &&
    !columns.some((column) => speaking.test(column)) &&
    others.some((branch) => table.foreignKeys.some((key) => asksForItsOwner(branch, key, state)));
  return (
    branches.length > 1 &&
    leaks.every(({ cell, principal }) => {
      const parents = table.foreignKeys
        .flatMap(({ columns }) => columns)
        .filter((name) => !cell.columns.includes(name));
      const others = branches.filter((branch) => !names(branch, cell.columns));
      return (
        principal !== 'anon' &&
        (cell.subject === 'transfer' ||
          (cell.subject === 'spoof' &&
            (cell.columns.every((column) => concerned.test(column)) || isForeman(others, cell.columns)))) &&
        cell.columns.length > 0 &&
        others.length < branches.length &&
        others.some((branch) => names(branch, parents)) &&
        others.every(
          (branch) => names(branch, parents) || (asksOnce && asksForARoleAlone(branch, table, state)),
        )
      );
    })
  );
}

/** It looks the parent up and compares who owns it with the caller. */
function asksForItsOwner(
  branch: SyntaxNode,
  { columns, references }: Table['foreignKeys'][number],
  state: SchemaState,
): boolean {
  const parent = state.tables.get(references);
  if (parent === undefined || leadsToUser(references, state)) return false;
  const owners = ownerColumns(parent, state);
  return nodesOf(branch, 'SubLink').some(({ subselect }) => {
    const named = nodesOf(subselect, 'ColumnRef').map(({ fields }) => strings(fields).at(-1) ?? '');
    return (
      nodesOf(subselect, 'RangeVar').some(({ relname }) => relname === parent.name) &&
      looksAtCaller(subselect, state) &&
      columns.every((column) => named.includes(column)) &&
      owners.some((column) => named.includes(column))
    );
  });
}

/** What stands in the row was said by whom it names. */
const speaking = /(^|_)(author|sender|from|signer|signed|voter|reviewer|commenter)(_|$)/i;

/** Whom a row is about. */
const concerned =
  /^(client|customer|buyer|guest|tenant|patient|student|member|attendee|participant)(_?u?id)?$/i;

/** Whose the row is, a parent says alone, and the policy asks about that very parent and the caller: it decides who may. */
export function isUnderAskedParent({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const isParent = (column: string) =>
    table.foreignKeys.some(
      ({ columns, references }) => columns.includes(column) && !leadsToUser(references, state),
    );
  return (
    looksAtCaller((opener.check ?? opener.using)?.node, state) &&
    leaks.every(
      ({ cell, principal }) =>
        principal !== 'anon' &&
        cell.subject === 'spoof' &&
        cell.columns.length > 0 &&
        cell.columns.every((column) => isParent(column) && isRead(column, table, [opener])),
    )
  );
}

/**
 * A conversation about a listing that all see: the row outlives the listing and may be without one, no policy reads it, and
 * who sees the row is asked of the caller by other ways. It is its people's, and in nobody's name.
 */
export function isAboutOpenParent({ object, leaks }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined) return false;
  const policies = table.policies.filter((policy) => appliesTo(policy, 'authenticated'));
  const showing = policies.filter((policy) => policy.permissive && covers(policy, 'select'));
  const isAbout = (column: string) =>
    table.columns.find(({ name }) => name === column)?.notNull === false &&
    !isRead(column, table, policies) &&
    table.foreignKeys.some(
      ({ columns, references }) =>
        columns.join() === column && !leadsToUser(references, state) && isShownToAll(references, state),
    );
  return (
    showing.length > 0 &&
    showing.every(({ using }) => looksAtCaller(using?.node, state)) &&
    leaks.every(({ cell }) => cell.command === 'insert') &&
    onlyNamesOthers(leaks, isAbout)
  );
}

/** Some of its rows whoever asks sees: all, or those that are published. */
const isShownToAll = (key: string, state: SchemaState) =>
  state.tables
    .get(key)
    ?.policies.some(
      (policy) =>
        policy.permissive &&
        covers(policy, 'select') &&
        appliesTo(policy, 'authenticated') &&
        alternatives(policy.using?.node ?? null).some(
          (branch) => !looksAtCaller(branch, state) && !neverHolds(branch, { table: null, who: 'user' }),
        ),
    ) === true;
