/** Leaks that are a warning: by what the project says elsewhere they are meant, or harm nobody much. */
import type { AccessCell, AccessMatrix } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { saysWhose } from '../../../sql/acted-by.ts';
import { strings } from '../../../sql/names.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { neverHolds, opensTo } from '../conditions/truth.ts';
import { isRead, isReadElsewhere, isReadInCode } from '../owners/name-read.ts';
import { ownerColumns, sensitiveColumns } from '../owners/owners.ts';
import { isMakerAlone } from '../owners/tenants.ts';
import { isDeclaredPublic, isOfOpenParents, opensFor, visitorsInsert } from '../policies/openness.ts';
import { alternatives, functionName, someNode } from '../syntax/tree.ts';
import { isEnteredByOthers } from './entered-people.ts';
import { untilFirst } from './first-come.ts';
import { isOutOfReach } from './footing.ts';
import { asksForARoleAlone, isCatalogue, isSignedByInsertAlone } from './granted.ts';
import { areOfNobody, type LeakGroup, onlyNamesOthers } from './leak.ts';
import { isSaidForAll } from './said-for-all.ts';
import { isInsertSaidForVisitors } from './said-for-visitors.ts';
import { isSharedByStaff } from './shared-by-staff.ts';

export const isMild = (group: LeakGroup, facts: Facts) =>
  isSharedByUsers(group, facts) ||
  isGuestsName(group, facts.head) ||
  areAllTrusted(group, facts.head) ||
  isUnreadName(group, facts) ||
  isUnreadMaker(group, facts) ||
  isUnderAskedParent(group, facts.head) ||
  isAboutOpenParent(group, facts.head) ||
  isEntry(group, facts) ||
  isEnteredByOthers(group, facts) ||
  isNotice(group, facts.head) ||
  isSharedList(group, facts.head) ||
  isOfOnesGroup(group, facts.head) ||
  isReadByItsState(group) ||
  isByFooting(group, facts) ||
  isShownByItsState(group, facts.head) ||
  isHandedOnByParent(group, facts.head) ||
  isUpload(group) ||
  isUsersWork(group, facts.head) ||
  isSaidForAll(group, facts) ||
  isInsertSaidForVisitors(group, facts) ||
  untilFirst(group, facts) !== null ||
  isSharedWork(group, facts.head) ||
  isSharedByStaff(group, facts) ||
  isCatalogue(group, facts.head) ||
  areOfNobody(group);

/**
 * Policies ask who is acting, and the name that was written is no answer to it. None of them reads that column; or the row
 * is signed in another one, and this one says whom it is for; or what they ask for is a group that nobody enters by
 * itself, and members write down each other.
 */
function isUnreadName({ object, leaks, opener }: LeakGroup, facts: Facts): boolean {
  const state = facts.head;
  const table = state.tables.get(object.object);
  if (table === undefined || opener === 'off') return false;
  const policies = table.policies.filter((policy) => appliesTo(policy, 'authenticated'));
  const writing = policies.filter((policy) => covers(policy, 'insert') || covers(policy, 'update'));
  const asked = policies.filter((policy) =>
    leaks.some(({ command }) => command !== 'execute' && covers(policy, command)),
  );
  // Who made the row signs it, and whose it is from then on decides who comes to it.
  const keeping = policies.filter((policy) => covers(policy, 'update') || covers(policy, 'delete'));
  const isKeptByOwner = (column: string) =>
    saysWhose(column) &&
    (isRead(column, table, keeping) ||
      (isRead(column, table, policies) &&
        !object.ownerColumns.some((other) => other !== column && isRead(other, table, keeping))));
  const isUnread = (column: string, cell: AccessCell) =>
    !isKeptByOwner(column) &&
    ((!isRead(column, table, policies) && !isReadElsewhere(table, column, state)) ||
      isSignedByInsertAlone(column, cell, table, policies, state) ||
      object.ownerColumns.some((other) => !cell.columns.includes(other) && isRead(other, table, writing)) ||
      (!isRead(column, table, asked) && (cell.via === null || !isEnteredAlone(cell.via, facts))));
  return (
    onlyNamesOthers(leaks, isUnread, ['spoof', 'transfer']) &&
    asked.every((policy) => {
      const node = (policy.check ?? policy.using)?.node;
      return looksAtCaller(node, state) && opensTo(node ?? null) === null;
    })
  );
}

/**
 * Beside a column that says whose the row is, and that named the caller all the same, who made it is a note of it: no
 * policy, function, view or call in the code reads it.
 */
function isUnreadMaker({ object, leaks, opener }: LeakGroup, { head, clientCalls }: Facts): boolean {
  const table = head.tables.get(object.object);
  if (table === undefined || opener === 'off') return false;
  const reading = clientCalls.filter((call) => call.object === table.key && call.command !== 'insert');
  const isNote = (column: string, { columns }: AccessCell) =>
    isMakerAlone(column) &&
    ownerColumns(table, head).some((owner) => !columns.includes(owner) && !isMakerAlone(owner)) &&
    !isRead(column, table, table.policies) &&
    !isReadElsewhere(table, column, head) &&
    !isReadInCode(table, column, head) &&
    !reading.some(({ columns: named, given }) => named.includes(column) && given?.includes(column) !== true);
  return onlyNamesOthers(leaks, isNote);
}

/** Who may read is asked, and nothing of the row, in which no column names a user: a list that those share. */
function isSharedList({ object, leaks }: LeakGroup, state: SchemaState): boolean {
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
        ({ columns, references }) => columns.includes(column) && !isOfUsers(references, state),
      ),
    ) &&
    sensitiveColumns(
      table.columns.map(({ name }) => name),
      table,
    ).length === 0
  );
}

/** What the policy asks puts the caller beside the one whom the row names: the same group, a follower, a friend. */
function isOfOnesGroup({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
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

/** Who does it stands where nobody comes to stand by itself, or where sign-up puts everybody, as its own words have it. */
const isByFooting = ({ leaks }: LeakGroup, facts: Facts) =>
  leaks.every(({ cell: { footing } }) => footing?.given === 'sign-up') ||
  leaks.every(({ cell: { footing } }) => isOutOfReach(footing, facts));

/** Other rows of the same owner stay closed: what such a row says of itself opens it, to all users. */
const isReadByItsState = ({ leaks }: LeakGroup) =>
  leaks.every(({ command, cell }) => command === 'select' && cell.state !== undefined);

/** The policy does not look at who asks, and shows one row of somebody else and not another: what the row says of itself decides. */
const isShownByItsState = ({ object, leaks, opener }: LeakGroup, state: SchemaState) =>
  opener !== null &&
  opener !== 'off' &&
  !looksAtCaller(opener.using?.node, state) &&
  opensTo(opener.using?.node ?? null) === null &&
  leaks.every(
    ({ command, principal }) =>
      command === 'select' &&
      object.cells.some(
        (cell) =>
          cell.principal === principal &&
          cell.command === 'select' &&
          cell.subject === 'unowned' &&
          cell.outcome === 'filtered',
      ),
  );

/**
 * The policy asks for the one whom the row names, or for whoever runs what the row is a part of: that one hands it on, and
 * enters whom it is about. What it asks of the caller alone, a role, is no stranger's.
 */
function isHandedOnByParent({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
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
          (cell.subject === 'spoof' && cell.columns.every((column) => concerned.test(column)))) &&
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

/** Anybody may insert itself there: whoever is a member may be a stranger. */
const isEnteredAlone = (key: string, { access }: Facts) =>
  access?.head.objects
    .find(({ object }) => object === key)
    ?.cells.some(
      (cell) =>
        cell.principal === 'user' &&
        cell.command === 'insert' &&
        cell.subject === 'own' &&
        cell.when === null &&
        cell.outcome === 'allowed',
    ) === true;

/** Whose the row is, a parent says alone, and the policy asks about that very parent and the caller: it decides who may. */
function isUnderAskedParent({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const isParent = (column: string) =>
    table.foreignKeys.some(
      ({ columns, references }) => columns.includes(column) && !isOfUsers(references, state),
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
function isAboutOpenParent({ object, leaks }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined) return false;
  const policies = table.policies.filter((policy) => appliesTo(policy, 'authenticated'));
  const showing = policies.filter((policy) => policy.permissive && covers(policy, 'select'));
  const isAbout = (column: string) =>
    table.columns.find(({ name }) => name === column)?.notNull === false &&
    !isRead(column, table, policies) &&
    table.foreignKeys.some(
      ({ columns, references }) =>
        columns.join() === column && !isOfUsers(references, state) && isShownToAll(references, state),
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

/**
 * All may enter anybody anywhere, and that they enter themselves is told as an escalation. Entering the other side is how
 * one begins a conversation.
 */
function isEntry({ object, leaks, preexisting }: LeakGroup, facts: Facts): boolean {
  const table = facts.head.tables.get(object.object);
  const oneEach = (column: string) =>
    [table?.primaryKey?.columns ?? [], ...(table?.uniques ?? []).map(({ columns }) => columns)].some(
      (columns) => columns.length > 1 && columns.includes(column),
    );
  // As an error, and with this change as this is.
  const stands = (matrix: AccessMatrix | null | undefined) =>
    matrix?.escalations.some(
      ({ kind, object: key, principal, inTheOpen }) =>
        kind === 'membership' && key === object.object && principal === 'user' && inTheOpen !== true,
    ) === true;
  return (
    leaks.every(
      ({ cell, principal }) =>
        principal === 'user' &&
        cell.command === 'insert' &&
        cell.subject === 'spoof' &&
        cell.columns.length === 1 &&
        oneEach(cell.columns[0]!),
    ) &&
    stands(facts.access?.head) &&
    (preexisting || !stands(facts.access?.base))
  );
}

/** The users themselves, or a table that is keyed by them. */
export const isOfUsers = (key: string, { tables }: SchemaState): boolean => {
  const table = tables.get(key);
  return (
    key === 'auth.users' ||
    table?.foreignKeys.some(
      ({ columns, references }) =>
        references === 'auth.users' && columns.join() === table.primaryKey?.columns.join(),
    ) === true
  );
};

/**
 * Signed-in users may put a notice into anybody's list, by an INSERT policy that says so. The name is the recipient's, by
 * whom rows are shown, and none that the notice is signed with.
 */
export function isNotice({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const showing = table.policies.filter(
    (policy) => covers(policy, 'select') && appliesTo(policy, 'authenticated'),
  );
  return (
    opener.command === 'insert' &&
    // Everybody may, or whoever belongs to the same organisation.
    (opensFor(opener.check?.node ?? null, 'authenticated') ||
      looksAtCaller(opener.check?.node ?? null, state)) &&
    /(^|_)(notif\w*|notices?|alerts?|inbox)(_|$)/.test(table.name) &&
    leaks.every(
      ({ cell, principal }) =>
        principal !== 'anon' &&
        cell.command === 'insert' &&
        cell.subject === 'spoof' &&
        cell.columns.some((column) => isRead(column, table, showing)) &&
        !cell.columns.some((column) => isRead(column, table, [opener])) &&
        !cell.columns.some((column) => signature.test(column)),
    )
  );
}

/** Whom a row is about. */
const concerned =
  /^(client|customer|buyer|guest|tenant|patient|student|member|attendee|participant)(_?u?id)?$/i;

/** Who a row says it comes from. */
const signature = /(^|_)(by|from|sender|actor|author|creator|created)(_|$)/i;

/** Users change what hangs on parents that all of them see, by policies named for them that ask for nobody. */
function isUsersWork({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
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
function isSharedWork({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
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

/** Visitors may insert what they like, and who did it may stay empty: a form for guests, in which a name can be made up. */
const isGuestsName = ({ object, leaks }: LeakGroup, state: SchemaState) => {
  const table = state.tables.get(object.object) ?? null;
  return (
    visitorsInsert(table, state) &&
    leaks.every(
      ({ cell }) =>
        cell.command === 'insert' &&
        cell.columns.every((column) => table?.columns.find(({ name }) => name === column)?.notNull === false),
    )
  );
};

/** A new file in a bucket whose files are out of reach otherwise: it takes a name, and no file of anybody's. */
const isUpload = ({ object, leaks }: LeakGroup) =>
  object.kind === 'bucket' && leaks.every(({ command }) => command === 'insert');

/** Files that signed-in users share, in a project none of whose policies tells one of them from another. */
const areAllTrusted = ({ object, leaks }: LeakGroup, state: SchemaState) =>
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
const isSharedByUsers = ({ object, leaks }: LeakGroup, facts: Facts) =>
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
