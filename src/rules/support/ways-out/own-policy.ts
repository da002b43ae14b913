/** The policy that is offered where one is missing: as the table's other policies have it, else each user's own rows. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { placesOf } from '../application/client-calls.ts';
import { signedInAs } from '../application/signed-in-as.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { apiRolesOf, covers } from '../callers/roles.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { isCaller } from '../owners/owners.ts';
import { asGiven } from '../owners/rights.ts';
import { saidOfRanks, tenantCondition } from '../owners/tenants.ts';
import { leftToServer } from '../owners/trusted-rows.ts';
import { isOtherSide, isOwn, makerOf, ownerByName, ownerOf, tenantsOwn } from '../owners/whose.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { alternatives, bare, columnParts, functionCalls, nodesOf } from '../syntax/tree.ts';
import { named } from '../words/words.ts';
import { administratorsToo, asTheCodeAsks } from './as-the-code-asks.ts';
import { keptByBoth, partiesBeside, whoseTurn, withTalk } from './both-ends.ts';
import { rightsKept } from './column-grants.ts';
import { filledBy } from './fills-itself.ts';
import { ofNobodyAlone, othersDo } from './others-decide.ts';

/** One for each command, by what the code sends with it, and what these need to find the rows. */
export function ownPolicies(
  table: Table,
  wanted: readonly Command[],
  state: SchemaState,
  calls: readonly ClientCall[],
): string[] {
  const filled = ownByTheCode(table, state, calls);
  const policies = wanted.map((command) =>
    ownPolicy(
      table,
      command,
      state,
      calls.filter((call) => call.command === command),
      filled,
    ),
  );
  const finding = wanted.filter(
    (command, at) => isFinding(command) && policies[at]!.startsWith('create policy'),
  );
  const beside = wanted.flatMap((command, at) =>
    (policies[at]!.startsWith(ofNobodyAlone(command)) && !policies[at]!.includes('create policy')) ||
    (policies[at]!.startsWith('create policy') && !/admin/i.test(policies[at]!))
      ? (administratorsToo(
          table,
          command,
          calls.filter((call) => call.command === command),
          state,
        ) ?? [])
      : [],
  );
  const writing = policies.filter((_, at) => wanted[at] !== 'select').join('\n');
  const ranks = [saidOfRanks(writing, table, state)].filter((line) => line !== '');
  if (!needsReading(wanted, table) || (finding.length === 0 && beside.length === 0))
    return [...policies, ...ranks, ...beside];
  return [
    ...(finding.length === 0
      ? []
      : [
          `-- ${finding.map((command) => command.toUpperCase()).join(' and ')} ${finding.length > 1 ? 'find' : 'finds'} only rows that a SELECT policy shows\n${ownPolicy(table, 'select', state, [], filled)}`,
        ]),
    ...policies,
    ...ranks,
    ...(beside.length === 0 ? [] : [found(table, calls, state)].flatMap((policy) => policy ?? [])),
    ...beside,
  ];
}

const found = (table: Table, calls: readonly ClientCall[], state: SchemaState) =>
  administratorsToo(
    table,
    'select',
    calls.filter(({ command }) => command === 'update' || command === 'delete'),
    state,
    'administrators find them too',
  );

const isFinding = (command: Command) => command === 'update' || command === 'delete';

/** One of the commands looks for rows, and no policy shows any. */
export const needsReading = (wanted: readonly Command[], { policies }: Table): boolean =>
  wanted.some(isFinding) &&
  !wanted.includes('select') &&
  !policies.some((policy) => policy.permissive && covers(policy, 'select') && apiRolesOf(policy).length > 0);

/**
 * The column that the code gives the id of who signed in, where nothing else says whose a row is; who did something with a
 * row that a whole tenant has is not its owner.
 */
export const ownByTheCode = (
  table: Table,
  state: SchemaState,
  calls: readonly ClientCall[],
): string | undefined =>
  tenantCondition(table, state) === null
    ? signedInAs(table, calls).find((name) => !/_by(_\w+)?$/i.test(inEnglish(name)))
    : undefined;

/** Three dots where nothing says whose a row is. */
export function ownPolicy(
  table: Table,
  command: Command,
  state: SchemaState,
  /** Of the code that asks for that command. */
  calls: readonly ClientCall[] = [],
  /** Whose the rows are by what the code writes. */
  filled: string | undefined = undefined,
): string {
  const known =
    ownerOf(table, state, [], command) ??
    (calls.length > 0 ? ownerByName(table, state) : undefined) ??
    filled;
  const byCode = calls.length > 0 || command === 'select';
  const tenants = byCode ? tenantsOwn(known, table, state, calls) : null;
  const owner = tenants === null ? known : undefined;
  const sibling = likeItsSiblings(table, command, state);
  const asked = sibling === null ? asTheCodeAsks(table, command, owner, calls, state) : null;
  if (asked !== null) return asked;
  const guarded = sibling === null ? null : guardedByTheCode(table, command, sibling, calls, state);
  if (guarded !== null) return guarded;
  // Those whom a policy lets change such rows were chosen by its author; that they are the user's own says nothing.
  const left = sibling === null || sibling.byOwner ? leftToServer(table, command, state) : null;
  if (left !== null) return left;
  const decided = sibling === null ? othersDo(table, command, owner, calls, state) : null;
  if (decided !== null) return decided;
  // That a tenant's people write it, the code has to show.
  const ofTenant = sibling === null ? tenants : null;
  if (
    command === 'insert' &&
    sibling === null &&
    owner === undefined &&
    ofTenant === null &&
    isAskedById(table)
  )
    return `-- no policy for INSERT: what the others ask by ${keyOf(table)} is not there for a new row; let a function make both`;
  const parties = owner === undefined ? [] : [owner, ...partiesBeside(owner, command, table, state)];
  const own =
    sibling?.condition ??
    (owner === undefined
      ? (ofTenant ?? '…')
      : withTalk(
          whoseTurn(parties, command)
            .map((column) => (column === filled ? isCaller(column, table) : isOwn(column, table, state)))
            .join(' or '),
          command,
          table,
          state,
        ));
  if (own === '…' && isFinding(command) && calls.length > 0) {
    const made = madeByVisitors(table);
    if (made !== null)
      return `${nothingSays} ${command.toUpperCase()} a row: visitors make such rows without signing in (${named([made.name])}); let a function that asks for what only they know, or the server, do it (${placesOf(calls)})`;
  }
  const filling =
    command === 'insert' && owner !== undefined ? filledBy(owner, own, table, calls, state) : '';
  const clause = {
    select: `using (${own})`,
    insert: `with check (${own}${asGiven(table, state)})`,
    update: `using (${own}) with check (${own})`,
    delete: `using (${own})`,
  }[command];
  // An administrator may well give rights.
  const kept =
    command === 'update' && (sibling?.byOwner ?? owner !== undefined)
      ? sibling === null && parties.length > 1
        ? keptByBoth(parties, table, calls, state)
        : rightsKept(table, state, calls)
      : '';
  return `create policy "${command} own" on ${table.key} for ${command} to authenticated\n  ${clause};${kept === '' ? '' : `\n${kept}`}${filling === '' ? '' : `\n${filling}`}`;
}

/** Stands in the place of a policy that nothing of the table could ask for. */
export const nothingSays = '-- nothing says who may';

/** A policy for signed-in users lets none of them in. */
const madeByVisitors = ({ policies }: Table) =>
  policies.find(
    (policy) =>
      policy.permissive &&
      covers(policy, 'insert') &&
      apiRolesOf(policy).includes('anon') &&
      opensTo((policy.check ?? policy.using)?.node ?? null) === 'everybody',
  ) ?? null;

/**
 * Who may do the one need not be whom the code lets do the other: where it asks for an administrator first, a policy that
 * names no owner says nothing of who deletes.
 */
function guardedByTheCode(
  table: Table,
  command: Command,
  sibling: { readonly condition: string; readonly byOwner: boolean },
  calls: readonly ClientCall[],
  state: SchemaState,
): string | null {
  const others = calls.filter(({ asksRole }) => !asksRole);
  if (command === 'select' || others.length === calls.length) return null;
  if (others.length > 0 && sibling.byOwner) return null;
  const policy = administratorsToo(
    table,
    command,
    calls.filter(({ asksRole }) => asksRole),
    state,
    'administrators',
  );
  if (policy === null || others.length === 0) return policy;
  return `${policy}\n-- ${placesOf(others)} asks for no role: who else may ${command.toUpperCase()}, a policy of its own has to say`;
}

/** Commands whose policy says most about who may do the other. */
const siblings: Readonly<Record<Command, readonly Command[]>> = {
  select: ['update', 'delete', 'insert'],
  insert: ['update', 'delete'],
  update: ['delete', 'insert'],
  delete: ['update', 'insert'],
};

/** The condition by which users write there, or read: it asks for the caller, and one policy alone gives it. */
function likeItsSiblings(
  table: Table,
  command: Command,
  state: SchemaState,
): { readonly condition: string; readonly byOwner: boolean } | null {
  for (const sibling of siblings[command]) {
    const policies = table.policies.filter(
      (policy) => policy.permissive && policy.command === sibling && apiRolesOf(policy).length > 0,
    );
    if (policies.length > 1) return null;
    const [policy] = policies;
    const condition = sibling === 'insert' ? policy?.check : policy?.using;
    if (condition == null) continue;
    if (command === 'insert' && asksForNewRow(condition.node, table)) continue;
    if (opensTo(condition.node) !== null || !looksAtCaller(condition.node, state)) continue;
    const text = onOneLine(condition.text);
    const owners = ownComparisons(readPredicate(condition.node, table, state))
      .filter(({ other, operator }) => operator === '=' && other.is === 'user-id')
      .map(({ column }) => column.name);
    return {
      condition: command === 'insert' ? signedByMaker(text, owners, table) : text,
      byOwner: owners.length > 0,
    };
  }
  return null;
}

/** Whoever gets a row may read or delete it; a new one is signed by who writes it. */
function signedByMaker(condition: string, owners: readonly string[], table: Table): string {
  const maker = makerOf(table);
  const others = owners.filter(isOtherSide);
  if (maker === undefined || others.length === 0 || owners.includes(maker)) return condition;
  const written = new RegExp(`\\b(?:${others.map(escapeRegExp).join('|')})\\b`, 'g');
  return condition.replace(written, () => maker);
}

const keyOf = ({ primaryKey, foreignKeys }: Table): string | null => {
  const [key, ...more] = primaryKey?.columns ?? [];
  return key === undefined || more.length > 0 || foreignKeys.some(({ columns }) => columns.includes(key))
    ? null
    : key;
};

const isAskedById = (table: Table) =>
  table.policies.some(({ using }) => asksForNewRow(using?.node ?? null, table));

/** `is_owner(id)`, `id in (select …)`, a sub-select that names the row: what it looks for comes after the row. */
function asksForNewRow(node: SyntaxNode | null, table: Table): boolean {
  const key = keyOf(table);
  if (node === null || key === null) return false;
  const isKey = (part: SyntaxNode | undefined, qualified = false) => {
    const path = part?.ColumnRef === undefined ? [] : columnParts(part.ColumnRef);
    return path.at(-1) === key && (qualified ? path.at(-2) === table.name : true);
  };
  const names = (part: SyntaxNode) =>
    functionCalls(part).some((call) => (call.args ?? []).some((arg: SyntaxNode) => isKey(bare(arg)!))) ||
    nodesOf(part, 'SubLink').some(
      (link) =>
        isKey(bare(link.testexpr) ?? undefined) ||
        nodesOf(link.subselect, 'ColumnRef').some((ColumnRef) => isKey({ ColumnRef }, true)),
    );
  return alternatives(node).every(names);
}
