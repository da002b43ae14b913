/** Tables on which all users, or all of a group, work together. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { opensTo } from '../conditions/truth.ts';
import { leadsToUser } from '../owners/members.ts';
import { isRead, isReadElsewhere } from '../owners/name-read.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { isDeclaredPublic, isOfOpenParents, opensFor } from '../policies/openness.ts';
import { alternatives, functionName, someNode } from '../syntax/tree.ts';
import { signature } from './forged-names.ts';
import type { LeakGroup } from './leak.ts';

/** Who may read is asked, and nothing of the row, in which no column names a user: a list that those share. */
export function isSharedList({ object, leaks }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  const policies = (table?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, 'select') && appliesTo(policy, 'authenticated'),
  );
  return (
    table?.rls === true &&
    policies.length > 0 &&
    leaks.every(({ command, principal }) => command === 'select' && principal !== 'anon') &&
    !table.columns.some(({ name }) => isRead(name, table, policies)) &&
    object.ownerColumns.every((column) =>
      table.foreignKeys.some(
        ({ columns, references }) => columns.includes(column) && !leadsToUser(references, state),
      ),
    ) &&
    sensitiveColumns(
      table.columns.map(({ name }) => name),
      table,
    ).length === 0
  );
}

/** What the policy asks puts the caller beside the one whom the row names: the same group, a follower, a friend. */
export function isOfOnesGroup({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const showing = (state.tables.get(object.object)?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, 'select') && appliesTo(policy, 'authenticated'),
  );
  const asked = opener === null ? showing : opener === 'off' ? [] : [opener];
  const nodes = asked.flatMap(({ using }) => using?.node ?? []);
  if (!nodes.every((node) => looksAtCaller(node, state) && opensTo(node) === null)) return false;
  const isNamed = (inner: SyntaxNode) =>
    someNode(
      inner,
      (kind, { fields }) =>
        kind === 'ColumnRef' && object.ownerColumns.includes(strings(fields).at(-1) ?? ''),
    );
  return (
    leaks.every(({ command, principal }) => command === 'select' && principal !== 'anon') &&
    nodes
      .flatMap(alternatives)
      .some((branch) =>
        someNode(
          branch,
          (kind, call) =>
            kind === 'FuncCall' && functionName(call).schema !== 'auth' && (call.args ?? []).some(isNamed),
        ),
      )
  );
}

/** Users change what hangs on parents that all of them see, by policies named for them that ask for nobody. */
export function isUsersWork({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  return (
    table !== undefined &&
    opener !== null &&
    opener !== 'off' &&
    isDeclaredPublic(table, 'authenticated', state) &&
    leaks.every(
      ({ command, principal }) =>
        principal !== 'anon' && command !== 'execute' && isOfOpenParents(opener, command, table, state),
    )
  );
}

/** All users see the rows and work on them; who made one is noted, and no policy asks for that. */
export function isSharedWork({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  return (
    table !== undefined &&
    opener !== 'off' &&
    leaks.every(({ command, principal }) => command === 'update' && principal !== 'anon') &&
    object.ownerColumns.length > 0 &&
    object.ownerColumns.every((column) => signature.test(column) && !isRead(column, table, table.policies)) &&
    isDeclaredPublic(table, 'authenticated', state)
  );
}

/** Files that signed-in users share, in a project none of whose policies tells one of them from another. */
export const areAllTrusted = ({ object, leaks }: LeakGroup, state: SchemaState) =>
  object.kind === 'bucket' && leaks.every(({ principal }) => principal !== 'anon') && isOfOneKind(state);

function isOfOneKind({ tables }: SchemaState): boolean {
  const policies = [...tables.values()].flatMap(({ schema, policies: those }) =>
    those.filter((policy) => appliesTo(policy, 'authenticated')).map((policy) => ({ ...policy, schema })),
  );
  return (
    policies.some(({ schema, command }) => schema !== 'storage' && command !== 'select') &&
    policies.every(({ using, check }) =>
      [using, check].every((expression) => !tellsUsersApart(expression?.node ?? null)),
    )
  );
}

/** Asks who of the users it is: for an id, an address, a claim, or a function that may. */
const tellsUsersApart = (node: SyntaxNode | null) =>
  opensTo(node) === null &&
  someNode(node, (kind, inner) => {
    if (kind === 'SubLink')
      return inner.subLinkType !== 'EXPR_SUBLINK' || inner.subselect?.SelectStmt?.fromClause;
    if (kind !== 'FuncCall') return false;
    const { schema, name } = functionName(inner);
    return schema === 'auth'
      ? name !== 'role'
      : schema !== 'storage' && schema !== 'pg_catalog' && schema !== null;
  });

/** Every leak is a signed-in user's, in a table that is all users' work: its owner column is a note. */
export const isSharedByUsers = ({ object, leaks }: LeakGroup, facts: Facts) =>
  object.kind === 'table' &&
  leaks.every(({ principal }) => principal !== 'anon') &&
  isShared(object.object, facts);

/**
 * All its policies ask for no more than being signed in, and the column that says who made a row may be empty and is
 * named by no policy: staff of one firm who work on the same rows.
 */
function isShared(key: string, facts: Facts, depth = 0): boolean {
  const state = facts.head;
  const table = state.tables.get(key);
  const owners = facts.access?.head.objects.find(({ object }) => object === key)?.ownerColumns ?? [];
  const policies = (table?.policies ?? []).filter((policy) => appliesTo(policy, 'authenticated'));
  return (
    table?.rls === true &&
    policies.length > 0 &&
    policies.every(
      ({ permissive, using, check }) =>
        permissive &&
        [using, check].every(
          (expression) => expression === null || opensFor(expression.node, 'authenticated'),
        ),
    ) &&
    owners.length > 0 &&
    owners.every((owner) => {
      const parent = table.foreignKeys.find(({ columns }) => columns.includes(owner))?.references;
      return (
        (table.columns.find(({ name }) => name === owner)?.notNull === false &&
          !isReadElsewhere(table, owner, state)) ||
        (parent !== undefined && parent !== key && depth < 4 && isShared(parent, facts, depth + 1))
      );
    })
  );
}
