/** Rows of one tenant each: the column that says of which, and how the project asks for the caller's own. */
import type { Column, Policy, Routine, SchemaState, Table } from '../../../model/schema.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller, routineLooksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers, isPlatform } from '../callers/roles.ts';
import { leadsTo } from '../conditions/leads-to.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { alternatives, conjuncts } from '../syntax/tree.ts';
import { ownerColumns } from './owners.ts';

const tenant =
  /^(tenant|org|organi[sz]ation|company|workspace|account|store|shop|club|school|restaurant|clinic|agency|business|household|family|project)_?(uu)?id$/i;

/** Columns that say whose tenant's a row is. */
export const tenantColumns = ({ columns }: Table): readonly Column[] =>
  columns.filter(({ name }) => tenant.test(name));

/**
 * The condition that a row is the caller's tenant's: as other policies ask it, by the project's own function, or by the
 * rows that say where somebody belongs. Null where nothing of the project tells it.
 */
export function tenantCondition(table: Table, state: SchemaState): string | null {
  const known = conditions.get(state) ?? new Map<Table, string | null>();
  conditions.set(state, known);
  const before = known.get(table);
  if (before !== undefined) return before;
  const condition = findCondition(table, state);
  known.set(table, condition);
  return condition;
}

/** It reads every policy and function of the schema, and is asked for each command. */
const conditions = new WeakMap<SchemaState, Map<Table, string | null>>();

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

function findCondition(table: Table, state: SchemaState): string | null {
  for (const column of new Set([...tenantColumns(table), ...columnsOfMembers(table, state)])) {
    const asked = askedElsewhere(column, table, state);
    const own = byFunction(column, state);
    // A function answers whatever the policies show of the table that it reads.
    const condition =
      (asked !== null && own?.certain && /\bfrom\b/i.test(asked) ? own.condition : asked) ??
      own?.condition ??
      byMemberFunction(column, state) ??
      byMembership(column, table, state);
    if (condition !== null) return condition;
  }
  return null;
}

/** What most policies ask of a column of that name and type, and of nothing else. */
function askedElsewhere(column: Column, table: Table, state: SchemaState): string | null {
  const counted = new Map<string, number>();
  for (const other of state.tables.values()) {
    if (isPlatform(other.schema) || !isSameColumn(column, table, other)) continue;
    for (const policy of other.policies)
      for (const text of questionsOf(policy, column, other, table, state))
        counted.set(text, (counted.get(text) ?? 0) + 1);
  }
  return [...counted].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

const isSameColumn = ({ name, type }: Column, table: Table, other: Table) => {
  const led = (each: Table) =>
    each.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === name)?.references;
  const [own, theirs] = [led(table), led(other)];
  return (
    other.columns.some((column) => column.name === name && column.type === type) &&
    (own === undefined || theirs === undefined || own === theirs)
  );
};

function questionsOf(policy: Policy, column: Column, on: Table, table: Table, state: SchemaState): string[] {
  if (!policy.permissive || !appliesTo(policy, 'authenticated')) return [];
  return [policy.using ?? policy.check].flatMap((expression) => {
    if (expression?.node == null || expression.text.length > 400) return [];
    const text = onOneLine(expression.text);
    if (narrower.test(text) || untrusted.test(text)) return [];
    if (opensTo(expression.node) !== null || !looksAtCaller(expression.node, state)) return [];
    if (alternatives(expression.node).some((branch) => conjuncts(branch).length > 1)) return [];
    const reading = readPredicate(expression.node, on, state);
    const own = reading.columns.filter(({ depth }) => depth === 0);
    if (reading.columns.some(({ source }) => source.columns === null)) return [];
    if (own.some(({ name, unqualified }) => name !== column.name || !unqualified)) return [];
    if (reading.reads.some((read) => leadsTo(read, table, state))) return [];
    return ownComparisons(reading).some(
      ({ operator, other }) => operator === '=' && (other.is === 'other' || other.is === 'select'),
    )
      ? [text]
      : [];
  });
}

/** For some of a tenant's people alone. */
const narrower = /\broles?\b|'(admin|owner|manager|staff)\w*'/i;

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
    const call = `(select ${calledAs(routine)}())`;
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
                column.name === user && operator === '=' && other.is === 'user-id',
            ),
        )),
  );

/** `tenant` of `tenant_id`; an organisation is spelt in several ways. */
function stemOf({ name }: Column): string {
  const stem = name.replace(/_?(uu)?id$/i, '');
  return /^org/i.test(stem) ? '(org|organi[sz]ation)' : escapeRegExp(stem);
}

const writesSomething = /^(set|create|make|add|delete|remove|switch|update|assign|generate|new|default)_/i;
const belongs = /member|belongs|(^|_)in_|access/i;

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
