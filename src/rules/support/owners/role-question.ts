/** How a project tells its administrators and staff: a function of its own, or what its policies ask elsewhere. */
import type { Policy, Routine, SchemaState, Table } from '../../../model/schema.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { isPlatform } from '../callers/roles.ts';
import { leadsTo } from '../conditions/leads-to.ts';
import { readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { tenantCondition } from './tenants.ts';

/** The project's own question whether the caller is what a policy's name says: `(select public.is_admin())`. */
export const questionFor = (promised: string | null, state: SchemaState, table?: Table): string | null => {
  const role = roleOf(promised);
  if (role === null) return null;
  // Those who run the platform are no administrators of a tenant's rows.
  const ofTenants = role === 'admin' && table !== undefined && tenantCondition(table, state) !== null;
  return (
    (ofTenants ? narrowFunctionFor(role, state) : functionFor(promised, state)) ??
    askedElsewhere(role, state, table)
  );
};

/** The same by a function alone, for the body of another: a function that asks itself never answers. */
export function functionFor(promised: string | null, state: SchemaState, body?: Routine): string | null {
  const role = roleOf(promised);
  if (role === null) return null;
  return narrowFunctionFor(role, state, body) ?? functionAsking(names[role][1], state, body);
}

const narrowFunctionFor = (role: keyof typeof names, state: SchemaState, body?: Routine) =>
  functionAsking(names[role][0], state, body) ?? roleFunction(role, state, body);

const roleOf = (promised: string | null) => (promised === null ? null : (roles.get(promised) ?? null));
const roles: ReadonlyMap<string, keyof typeof names> = new Map([
  ['administrators', 'admin'],
  ['staff', 'staff'],
  ['managers', 'manager'],
]);

/** Of those that fit the first comes before what keeps roles by name, and the second behind it. */
const names = {
  admin: [
    /^(is|am)_?(an?_)?(current_user_)?admin(istrator)?(_user)?$|^[a-z]{2,4}_is_admin$|^(current_)?user_is_admin$/i,
    /^(is|am)_?(an?_)?super_?admin$/i,
  ],
  manager: [/^(is|am)_?(an?_)?(current_user_)?manager$/i, /^(current_)?user_is_manager$/i],
  staff: [/^(is|am)_?(an?_)?staff(_member)?$/i, /^[a-z]{2,4}_is_staff$/i],
} as const;

/** Users write it themselves: who says to be an administrator is one. */
const byOnesOwnWord = /user_?meta_?data/i;

/** Who is asked about is the caller, whom it finds itself or is given by id. */
function functionAsking(asked: RegExp, state: SchemaState, body?: Routine): string | null {
  const found = [...state.routines.values()].flatMap(
    ({ key, name, returns, arguments: all, body: answer }) => {
      if (!asked.test(name) || returns !== 'boolean' || name === body?.name || byOnesOwnWord.test(answer))
        return [];
      const [first, ...more] = all.filter(({ hasDefault, mode }) => mode === 'in' && !hasDefault);
      const called = key.slice(0, key.indexOf('('));
      if (first === undefined) return [{ call: `${called}()`, rank: 0 }];
      return more.length === 0 &&
        first.type === 'uuid' &&
        /(^|_)(uid|user|user_?(uu)?id)$/i.test(first.name ?? '')
        ? [{ call: `${called}((select auth.uid()))`, rank: 1 }]
        : [];
    },
  );
  const best = found.toSorted((a, b) => a.rank - b.rank)[0];
  return best === undefined ? null : `(select ${best.call})`;
}

/** `public.has_role(auth.uid(), 'admin')`: the project keeps roles, and asks for them by name. */
function roleFunction(role: string, state: SchemaState, body?: Routine): string | null {
  for (const { key, name, returns, arguments: all, body: answer } of state.routines.values()) {
    if (!/^(user_)?has_(app_|any_)?role$/i.test(name) || returns !== 'boolean' || name === body?.name)
      continue;
    if (byOnesOwnWord.test(answer)) continue;
    const asked = all.filter(({ hasDefault, mode }) => mode === 'in' && !hasDefault);
    const [last, first, ...more] = asked.toReversed();
    if (last === undefined || more.length > 0 || (first !== undefined && first.type !== 'uuid')) continue;
    const values = [...state.types.values()].find(
      (type) => type.key === last.type || type.name === last.type,
    )?.values;
    if (values === undefined ? !/^(text|character varying)$|role/.test(last.type) : !values.includes(role))
      continue;
    const caller = first === undefined ? '' : '(select auth.uid()), ';
    return `(select ${key.slice(0, key.indexOf('('))}(${caller}'${role}'))`;
  }
  return null;
}

/** What most policies of other tables ask, where it hangs on no column of theirs. */
function askedElsewhere(role: string | null, state: SchemaState, table?: Table): string | null {
  if (role === null) return null;
  const counted = new Map<string, number>();
  for (const { text, reads } of questionsIn(state)) {
    if (!text.toLowerCase().includes(role)) continue;
    if (table !== undefined && reads.some((read) => leadsTo(read, table, state))) continue;
    counted.set(text, (counted.get(text) ?? 0) + 1);
  }
  const [most] = [...counted].toSorted((a, b) => b[1] - a[1]);
  return most === undefined ? null : most[0];
}

interface Question {
  readonly text: string;
  /** Keys of the tables that it looks into. */
  readonly reads: readonly string[];
}

const known = new WeakMap<SchemaState, readonly Question[]>();

function questionsIn(state: SchemaState): readonly Question[] {
  let questions = known.get(state);
  if (questions === undefined) {
    questions = [...state.tables.values()]
      .filter(({ schema }) => !isPlatform(schema))
      .flatMap((table) => table.policies.flatMap((policy) => questionsOf(policy, table, state)));
    known.set(state, questions);
  }
  return questions;
}

function questionsOf({ permissive, using, check }: Policy, table: Table, state: SchemaState): Question[] {
  if (!permissive) return [];
  return [using, check].flatMap((expression) => {
    if (expression?.node == null || expression.text.length > 400) return [];
    const text = onOneLine(expression.text);
    if (!/admin|staff|manager/i.test(text) || noWayToAsk.test(text) || asksPlatformAlone(text)) return [];
    if (opensTo(expression.node) !== null || !looksAtCaller(expression.node, state)) return [];
    const { columns, reads } = readPredicate(expression.node, table, state);
    // It hangs on no column of the table that the policy stands on, nor on what is not known.
    if (columns.some(({ depth, source }) => depth === 0 || source.columns === null)) return [];
    // Where no migration makes a table that it looks into, no policy with it can be made.
    if (reads.some((key) => !isThere(key, state))) return [];
    return [{ text: /\bor\b/i.test(text) ? `(${text})` : text, reads }];
  });
}

const isThere = (key: string, { tables, views }: SchemaState) =>
  tables.has(key) || views.has(key) || isPlatform(splitKey(key)[0]);

/** Those who run the platform, and nobody of the place itself. */
const asksPlatformAlone = (text: string) =>
  /super_?admin/i.test(text) && !/admin|staff|manager/i.test(text.replace(/super_?admin\w*/gi, ''));

/** What users write themselves, what they can't read, one person by address, and those of one tenant. */
const noWayToAsk =
  /user_?meta_?data|auth"?\."?users|@|service_role|current_setting\('(?!request\.)|(company|org|organi[sz]ation|team|workspace|tenant|group|club|school|store|project)_(is_)?admin|(company|org|organi[sz]ation|team|workspace|tenant)_members|_id"? *= *'|\bsuper_?admin'?(?!.*\badmin\b)/i;
