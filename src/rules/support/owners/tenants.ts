/** Rows of one tenant each: the column that says of which, and how the project asks for the caller's own. */

import type { Column, Policy, Routine, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller, routineLooksAtCaller, routinesCalled } from '../callers/caller.ts';
import { appliesTo, covers, isPlatform } from '../callers/roles.ts';
import { leadsTo } from '../conditions/leads-to.ts';
import { isInDoubt, withoutDoubt } from '../conditions/overloads.ts';
import { type ColumnUse, ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { cyclesOnceOn, recursingBehind, tablesRead } from '../policies/recursion.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { alternatives, bare, conjuncts, functionCalls, isColumn } from '../syntax/tree.ts';
import { membershipsOf } from './members.ts';
import { isCaller, isKeyOfTeam, isPersonTable, ownerColumns } from './owners.ts';

const tenant =
  /^(tenant|org|organi[sz]ation|company|workspace|account|store|shop|club|school|restaurant|clinic|agency|business|household|family|project)_?(uu)?id$/i;

/** Columns that say whose tenant's a row is. */
export const tenantColumns = ({ columns }: Table): readonly Column[] =>
  columns.filter(({ name }) => tenant.test(name));

/**
 * The condition that a row is the caller's tenant's: as other policies ask it, by the project's own function, or by the
 * rows that say where somebody belongs. Null where nothing of the project tells it.
 */
export const tenantCondition = (table: Table, state: SchemaState): string | null =>
  tenantOf(table, state)?.condition ?? null;

export interface Tenancy {
  readonly column: string;
  readonly condition: string;
  /** Where only the table that enters people tells it: the column by which it tells some of them from the others. */
  readonly rank: string | null;
}

/** The same, with the column that says whose tenant's a row is. */
export function tenantOf(table: Table, state: SchemaState): Tenancy | null {
  const known = conditions.get(state) ?? new Map<Table, Tenancy | null>();
  conditions.set(state, known);
  const before = known.get(table);
  if (before !== undefined) return before;
  const found = findCondition(table, state);
  known.set(table, found);
  return found;
}

/** A line of SQL comment: that a table enters people says not which of them write. Empty where the project says more. */
export function saidOfRanks(policies: string, table: Table, state: SchemaState): string {
  const tenancy = tenantOf(table, state);
  return tenancy?.rank != null && policies.includes(tenancy.condition)
    ? `-- all who belong there may do that: where only some of them do, ask for their ${quoteIdent(tenancy.rank)} too`
    : '';
}

/** It reads every policy and function of the schema, and is asked for each command. */
const conditions = new WeakMap<SchemaState, Map<Table, Tenancy | null>>();

/** Who made a row that a whole tenant works on is not its owner. */
export const isMakerAlone = (owner: string): boolean =>
  /^(created|made|added|inserted|uploaded|entered|recorded|updated|managed|authored|submitted|published|generated)_by(_\w+)?$/i.test(
    inEnglish(owner),
  );

/** `brand_id`, where "brand_members" says who belongs to a brand. */
const columnsOfMembers = (table: Table, state: SchemaState): readonly Column[] =>
  table.columns.filter(({ name, notNull }) => {
    const stem = /^(\w+?)_?(uu)?id$/i.exec(name)?.[1];
    const members = [`${stem}_members`, `${stem}_member`, `${stem}_memberships`];
    return (
      notNull &&
      stem !== undefined &&
      members.some((other) => other !== table.name && state.tables.has(`${table.schema}.${other}`))
    );
  });

/** What a row belongs to by its structure: other tables' policies ask that column, or people are entered there. */
const columnsOfGroups = (table: Table, state: SchemaState): readonly Column[] =>
  table.columns.filter((column) => {
    const leads = ledTo(column, table);
    if (leads !== undefined && isPersonTable(leads, state) && !isKeyOfTeam(column.name, table, state))
      return false;
    if (leads !== undefined && talk.test(leads)) return false;
    return (
      (leads !== undefined &&
        membershipsOf(leads, state).length > 0 &&
        (column.notNull || isCalledAfter(column, leads))) ||
      tablesAsking(column, table, state).size > 1
    );
  });

/** `community_id` of "communities", and no mere link to one. */
const isCalledAfter = ({ name }: Column, leads: string): boolean => {
  const stem = name.replace(/_?(uu)?id$/i, '').toLowerCase();
  return (
    stem !== '' && leads.slice(leads.indexOf('.') + 1).startsWith(stem.slice(0, Math.max(3, stem.length - 2)))
  );
};

/** People who talk with each other write their own messages each. */
const talk = /(conversation|chat|room|channel|thread|message|dm)s?$/i;

function findCondition(table: Table, state: SchemaState): Tenancy | null {
  const columns = new Set([
    ...tenantColumns(table),
    ...columnsOfMembers(table, state),
    ...columnsOfGroups(table, state),
  ]);
  for (const column of columns) {
    const asked = askedElsewhere(column, table, state);
    const own = byFunction(column, state);
    // A function answers whatever the policies show of the table that it reads.
    const condition =
      (asked !== null && own?.certain && /\bfrom\b/i.test(asked) ? own.condition : asked) ??
      own?.condition ??
      byMemberFunction(column, state) ??
      byMembership(column, table, state);
    if (condition !== null) return { column: column.name, condition, rank: null };
    const members = byMembers(column, table, state);
    if (members !== null) return { column: column.name, ...members };
  }
  // What fails as the policies stand is said beside the condition, and is better than none.
  for (const column of columns) {
    const asked = askedElsewhere(column, table, state, leadsTo);
    if (asked !== null) return { column: column.name, condition: asked, rank: null };
  }
  return null;
}

/** Columns that name what people talk in. */
export const talksIn = (table: Table): readonly Column[] =>
  table.columns.filter((column) => talk.test(ledTo(column, table) ?? ''));

/** That the caller has a part in what the column names: as other policies ask it, or by the table that enters people. */
export const partIn = (column: Column, table: Table, state: SchemaState): string | null =>
  askedElsewhere(column, table, state) ??
  byMemberFunction(column, state) ??
  byMembers(column, table, state)?.condition ??
  null;

/** What most policies ask of a column of that name and type, or one that leads to the same table, and of nothing else. */
function askedElsewhere(
  column: Column,
  table: Table,
  state: SchemaState,
  fails: Fails = leadsBack,
): string | null {
  const counted = new Map<string, number>();
  for (const { text } of questionsAbout(column, table, state, fails))
    counted.set(text, (counted.get(text) ?? 0) + 1);
  return [...counted].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** Whether a condition that reads that table can't stand on the other. */
type Fails = (read: string, table: Table, state: SchemaState) => boolean;

interface Question {
  readonly text: string;
  readonly on: Table;
  /** Keys of the tables that it looks into. */
  readonly reads: readonly string[];
}

function questionsAbout(
  column: Column,
  table: Table,
  state: SchemaState,
  fails: Fails = leadsBack,
): Question[] {
  const found: Question[] = [];
  for (const other of state.tables.values()) {
    if (isPlatform(other.schema)) continue;
    for (const theirs of alike(column, table, other))
      for (const policy of other.policies)
        found.push(...questionsOf(policy, theirs, other, column, table, state, fails));
  }
  return found;
}

/** Other tables whose policies ask it by a function or by rows elsewhere than in the table that the column leads to. */
const tablesAsking = (column: Column, table: Table, state: SchemaState): ReadonlySet<Table> =>
  /_(uu)?id$/i.test(column.name)
    ? new Set(
        questionsAbout(column, table, state)
          .filter(({ reads, on }) => on !== table && !reads.includes(ledTo(column, table) ?? ''))
          .map(({ on }) => on),
      )
    : new Set();

const ledTo = ({ name }: Column, { foreignKeys }: Table) =>
  foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === name)?.references;

/** The column of the same name, or the one that leads to the same table. */
function alike(column: Column, table: Table, other: Table): readonly Column[] {
  const led = ledTo(column, table);
  const same = other.columns.find(({ name, type }) => name === column.name && type === column.type);
  const theirs = same === undefined ? undefined : ledTo(same, other);
  if (same !== undefined) return led === undefined || theirs === undefined || led === theirs ? [same] : [];
  return led === undefined ? [] : other.columns.filter((each) => ledTo(each, other) === led).slice(0, 1);
}

const isSameColumn = (column: Column, table: Table, other: Table) =>
  alike(column, table, other).some(({ name }) => name === column.name);

function questionsOf(
  policy: Policy,
  theirs: Column,
  on: Table,
  column: Column,
  table: Table,
  state: SchemaState,
  fails: Fails,
): Question[] {
  if (!policy.permissive || !appliesTo(policy, 'authenticated')) return [];
  return [policy.using ?? policy.check].flatMap((expression) => {
    if (expression?.node == null || expression.text.length > 400) return [];
    const { node } = expression;
    const text = onOneLine(expression.text);
    if (narrower.test(text) || untrusted.test(text)) return [];
    // As text it can't be compared with an id: such a policy was never made.
    if (column.type === 'uuid' && /->>\s*'[^']*'(?!\s*\)*\s*::)/.test(text)) return [];
    if (opensTo(node) !== null || !looksAtCaller(node, state)) return [];
    if (alternatives(node).some((branch) => conjuncts(branch).length > 1)) return [];
    const reading = readPredicate(node, on, state);
    const own = reading.columns.filter(({ depth }) => depth === 0);
    if (own.length === 0 || reading.columns.some(({ source }) => source.columns === null)) return [];
    if (own.some(({ name }) => name !== theirs.name)) return [];
    if (reading.reads.some((read) => fails(read, table, state)) || callsBack(node, table, state)) return [];
    const isAsked =
      ownComparisons(reading).some(
        ({ operator, other }) => operator === '=' && (other.is === 'other' || other.is === 'select'),
      ) || alternatives(node).some((branch) => isCallWith(branch, theirs.name));
    const moved = isAsked ? movedTo(text, own, theirs, on, column, table) : null;
    const asked = moved === null ? null : withoutDoubt(moved, state);
    return asked === null ? [] : [{ text: asked, on, reads: reading.reads }];
  });
}

/** Under the policies of what it reads it would come back to the table, or never end. */
const leadsBack = (read: string, table: Table, state: SchemaState) =>
  leadsTo(read, table, state) || recursingBehind(read, 'authenticated', state) !== null;

/** A function with the caller's own rights reads the table that the policy would stand on. */
const callsBack = (node: SyntaxNode, table: Table, state: SchemaState) =>
  functionCalls(node)
    .flatMap((call) => routinesCalled(call, state))
    .some((routine) => !routine.securityDefiner && tablesRead(routine).includes(table.key));

/** `is_member(team_id)` */
const isCallWith = (node: SyntaxNode, column: string): boolean => {
  const call = functionIn(node);
  return call !== undefined && (call.args ?? []).some((arg: SyntaxNode) => isColumn(arg, column));
};

/** The call that a branch consists of, perhaps as `(select f(x))`. */
function functionIn(node: SyntaxNode): SyntaxNode | undefined {
  const inner = bare(node);
  const select =
    inner?.SubLink?.subLinkType === 'EXPR_SUBLINK' ? inner.SubLink.subselect?.SelectStmt : undefined;
  const target: SyntaxNode | undefined =
    select?.fromClause === undefined ? select?.targetList?.[0]?.ResTarget?.val : undefined;
  return target === undefined ? inner?.FuncCall : functionIn(target);
}

/** The same of the other table's column; null where the text does not show which of its words are that column. */
function movedTo(
  text: string,
  own: readonly ColumnUse[],
  theirs: Column,
  on: Table,
  column: Column,
  table: Table,
): string | null {
  const qualified = own.some(({ unqualified }) => !unqualified);
  if (theirs.name !== column.name) {
    const words = text.match(new RegExp(`\\b${escapeRegExp(theirs.name)}\\b`, 'g')) ?? [];
    if (qualified || own.length !== 1 || words.length !== 1) return null;
    const quoted = new RegExp(`"?\\b${escapeRegExp(theirs.name)}\\b"?`);
    return text.replace(quoted, () => quoteIdent(column.name));
  }
  if (!qualified) return text;
  const prefix = new RegExp(
    `(?<![\\w.$"])(?:"?${escapeRegExp(on.schema)}"?\\.)?"?${escapeRegExp(on.name)}"?\\.(?="?${escapeRegExp(theirs.name)}\\b)`,
    'g',
  );
  return text.replace(prefix, () => `${table.key}.`);
}

/** For some of a tenant's people alone. */
const narrower =
  /\broles?\b|'(admin|owner|manager|staff)\w*'|\b\w*(admin|owner|manager|staff|leader|moderator)\w*"?\s*\(/i;

/** What users write themselves, and what no request of the API sets. */
const untrusted = /user_?meta_?data|current_setting\(\s*'(?!request\.)|auth"?\."?users|service_role/i;

/** `get_my_tenant_id()`, `current_org()`: no argument, and the tenant comes back. */
function byFunction(
  column: Column,
  state: SchemaState,
): { readonly condition: string; readonly certain: boolean } | null {
  const named = new RegExp(`(^|_)${stemOf(column)}(_?(uu)?ids?)?$`, 'i');
  const found = [...state.routines.values()].flatMap((routine) => {
    const { name, returns } = routine;
    if (!named.test(name) || writesSomething.test(name) || !asksForCaller(routine, state)) return [];
    if (routine.arguments.some(({ mode, hasDefault }) => mode !== 'in' || !hasDefault)) return [];
    const type = /^setof /i.test(returns) ? returns.slice(6) : returns;
    const cast = castTo(column.type, type);
    const many = type !== returns;
    if (cast === null || (many && cast !== '')) return [];
    const call = withoutDoubt(`(select ${calledAs(routine)}())`, state);
    if (call === null) return [];
    return [
      {
        condition: `${quoteIdent(column.name)} ${many ? 'in' : '='} ${call}${cast}`,
        // Else who belongs nowhere is somebody's.
        certain: !/coalesce/i.test(routine.body),
      },
    ];
  });
  return found.find(({ certain }) => certain) ?? found[0] ?? null;
}

/** `is_org_member(org_id)`, perhaps with the caller beside it. */
function byMemberFunction(column: Column, state: SchemaState): string | null {
  const stem = new RegExp(stemOf(column), 'i');
  for (const routine of state.routines.values()) {
    const { name, returns } = routine;
    if (returns !== 'boolean' || !stem.test(name) || !belongs.test(name)) continue;
    const asked = routine.arguments.filter(({ mode, hasDefault }) => mode === 'in' && !hasDefault);
    const isUser = (argument: string | null) => /(^|_)(user|uid)(_?(uu)?id)?$/i.test(argument ?? '');
    const given = asked.filter((argument) => !isUser(argument.name));
    if (given.length !== 1 || given[0]!.type !== column.type || asked.length > 2) continue;
    if (asked.length === 1 && !asksForCaller(routine, state)) continue;
    const values = asked.map((argument) =>
      isUser(argument.name) ? '(select auth.uid())' : quoteIdent(column.name),
    );
    const types = asked.map(({ type }) => type);
    if (isInDoubt(routine.key, types, state)) continue;
    return `${calledAs(routine)}(${values.join(', ')})`;
  }
  return null;
}

/** The row of the caller that names the tenant, where its own policies show it: a profile, a membership. */
function byMembership(column: Column, table: Table, state: SchemaState): string | null {
  const found = [...state.tables.values()].flatMap((other) => {
    if (isPlatform(other.schema) || !isSameColumn(column, table, other) || !people.test(other.name))
      return [];
    if (leadsTo(other.key, table, state)) return [];
    const user = ownerColumns(other, state).find((name) => account.test(name));
    if (user === undefined || user === column.name || !showsOwn(other, user, state)) return [];
    return [
      `${quoteIdent(column.name)} in (select ${quoteIdent(column.name)} from ${other.key} where ${quoteIdent(user)} = (select auth.uid()))`,
    ];
  });
  return found.length === 1 ? found[0]! : null;
}

const rank =
  /^(\w+_)?(roles?|rank|position|level)(_(id|level|name))?$|^permissions?$|^is_(admin|owner|leader|captain|manager)$/i;

/** The same by the table that enters people there, as its own policies show it to them. */
function byMembers(
  column: Column,
  table: Table,
  state: SchemaState,
): { readonly condition: string; readonly rank: string | null } | null {
  const led = ledTo(column, table);
  const found = (led === undefined ? [] : membershipsOf(led, state)).filter(
    ({ table: members, person }) =>
      members !== table &&
      !leadsBack(members.key, table, state) &&
      cyclesOnceOn(members, state).length === 0 &&
      showsOwn(members, person, state),
  );
  const [members] = found;
  if (members === undefined || found.length > 1) return null;
  return {
    condition: `${quoteIdent(column.name)} in (select ${quoteIdent(members.of)} from ${members.table.key} where ${isCaller(members.person, members.table, state)})`,
    rank: members.table.columns.find(({ name }) => rank.test(name))?.name ?? null,
  };
}

const people = /(^|_)(users?|profiles?|members?|memberships?|employees?|staff)$/i;
const account = /^(id|(auth_|supabase_)?(user|profile)_?(uu)?(id|uid)?)$/i;

const showsOwn = (table: Table, user: string, state: SchemaState) =>
  !table.rls ||
  table.policies.some(
    (policy) =>
      policy.permissive &&
      covers(policy, 'select') &&
      appliesTo(policy, 'authenticated') &&
      (opensTo(policy.using?.node ?? null) !== null ||
        alternatives(policy.using?.node ?? null).some(
          (branch) =>
            conjuncts(branch).length === 1 &&
            ownComparisons(readPredicate(branch, table, state)).some(
              ({ column, other, operator }) =>
                column.name === user && operator === '=' && (other.is === 'user-id' || other.is === 'select'),
            ),
        )),
  );

/** `tenant` of `tenant_id`; an organisation is spelt in several ways. */
function stemOf({ name }: Column): string {
  const stem = name.replace(/_?(uu)?id$/i, '');
  return /^org/i.test(stem) ? '(org|organi[sz]ation)' : escapeRegExp(stem);
}

const writesSomething = /^(set|create|make|add|delete|remove|switch|update|assign|generate|new|default)_/i;
const belongs = /member|belongs|(^|_)in_|access|has_role_on/i;

const asksForCaller = (routine: Routine, state: SchemaState) =>
  routine.kind === 'function' &&
  /^(sql|plpgsql)$/.test(routine.language) &&
  !isPlatform(routine.schema) &&
  !untrusted.test(routine.body) &&
  routineLooksAtCaller(routine, state);

const calledAs = ({ key }: Routine) => key.slice(0, key.indexOf('('));

/** Behind what is to be compared with the column; null where the two are no match. */
function castTo(column: string, given: string): string | null {
  const kind = (type: string) =>
    /^(text|character varying)/.test(type)
      ? 'text'
      : /^(bigint|integer|smallint)$/.test(type)
        ? 'number'
        : type;
  const [to, from] = [kind(column), kind(given)];
  if (to === from) return '';
  if (to === 'text' && from === 'uuid') return '::text';
  return to === 'uuid' && from === 'text' ? '::uuid' : null;
}
