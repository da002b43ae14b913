/**
 * What stayed closed in the all-closed world is tried again in others: rows with other values, the caller among the
 * people a policy trusts, a token with other claims. What opens is conditional, and the condition is what was done.
 */
import type { AccessCell } from '../model/access.ts';
import type { Command, SchemaState, Table } from '../model/schema.ts';
import { type Attempted, attemptAll } from './attempt.ts';
import { resultOf } from './outcome.ts';
import type { Reading } from './predicate.ts';
import { type Claims, type Identity, userA, userB } from './principals.ts';
import { literal, name } from './quote.ts';
import { rank } from './rank.ts';
import { passes } from './summary.ts';
import { type Case, casesOf, type Subjects, type TableContext } from './table.ts';
import type { TrustedRows } from './trust.ts';
import type { Value } from './values.ts';
import { type LaidRow, type World, whereIs } from './world.ts';

export interface WorldContext extends TableContext {
  readonly state: SchemaState;
  readonly reading: Reading;
  readonly world: World;
  readonly subjects: Subjects;
  readonly identities: readonly Identity[];
  readonly trusted: TrustedRows;
  /** The cases to try, where they are not a table's own. */
  readonly cases?: (identities: readonly Identity[]) => Case[];
  skip(what: string, why: string): void;
}

/** One world: what is changed in the closed one, and how the condition is called. */
interface Spec {
  readonly changes: readonly string[];
  readonly when: string;
  readonly via: string | null;
  /** Values of the probed row that an INSERT must carry. */
  readonly choose?: ReadonlyMap<string, Value>;
  readonly claims?: Claims;
  readonly onlyUsers?: boolean;
  /** The condition is a plain row of the caller's in its own organisation. */
  readonly ownTenant?: boolean;
}

const triggersOff = `select set_config('session_replication_role', 'replica', true)`;
const triggersOn = `select set_config('session_replication_role', 'origin', true)`;

const keyOf = (cell: Pick<AccessCell, 'principal' | 'command' | 'subject'>): string =>
  `${cell.principal} ${cell.command} ${cell.subject}`;

/** Cells that open under a condition. */
export async function conditionalCells(
  context: WorldContext,
  closed: readonly AccessCell[],
): Promise<AccessCell[]> {
  const open = new Set(closed.filter(passes).map(keyOf));
  const wanted = new Set(
    closed
      .filter(
        (cell) =>
          cell.principal !== 'service_role' &&
          (cell.outcome === 'filtered' || cell.outcome === 'check-failed') &&
          cell.subject !== 'transfer' &&
          mayEverPass(context.table, cell),
      )
      .map(keyOf)
      .filter((key) => !open.has(key)),
  );
  if (wanted.size === 0) return [];
  const specs = [...rowWorlds(context), ...claimWorlds(context)];
  for (const key of trustedTables(context)) specs.push(...(await trustWorlds(context, key)));
  const found = distil(await tryAll(context, wanted, specs));
  const rest = without(wanted, found);
  const further: Spec[] = [];
  const both = everyRowOpen(context);
  if (both !== null) further.push(both);
  for (const key of trustedTables(context)) {
    // A row in another organisation opens that organisation: nothing to find out.
    if (!found.some((cell) => cell.via === key) && !sharesTenant(context, key))
      further.push(...(await naming(context, key)));
  }
  if (rest.size > 0 && further.length > 0) found.push(...distil(await tryAll(context, rest, further)));
  if (found.length === 0) {
    const all = await everythingOpen(context);
    if (all !== null) found.push(...(await tryAll(context, wanted, [all])).flat());
  }
  return found;
}

/** Without a permissive policy for the role and command no row ever passes. */
function mayEverPass(table: Table, cell: AccessCell): boolean {
  const role = cell.principal === 'anon' ? 'anon' : 'authenticated';
  return table.policies.some(
    (policy) =>
      policy.permissive &&
      (policy.command === 'all' || policy.command === (cell.command as Command)) &&
      policy.roles.some((member) => member === 'public' || member === role),
  );
}

const without = (wanted: ReadonlySet<string>, cells: readonly AccessCell[]): Set<string> =>
  new Set([...wanted].filter((key) => !cells.some((cell) => keyOf(cell) === key)));

/** One cell a condition; where a plain row in a table suffices, a rank in it is no news. */
function distil(bySpec: readonly (readonly AccessCell[])[]): AccessCell[] {
  const found: AccessCell[] = [];
  for (const cell of bySpec.flat()) {
    const same = found.filter((other) => keyOf(other) === keyOf(cell));
    if (same.some((other) => other.when === cell.when)) continue;
    if (
      same.some((other) => other.via !== null && other.via === cell.via && cell.when!.startsWith(other.when!))
    )
      continue;
    found.push(cell);
  }
  return found;
}

/** Runs the wanted cases in every world, in one round trip; those that pass come back with their condition. */
async function tryAll(
  context: WorldContext,
  wanted: ReadonlySet<string>,
  specs: readonly Spec[],
): Promise<AccessCell[][]> {
  const cases = specs.map((spec) => {
    const seen = new Set<string>();
    const who = identitiesOf(context, spec);
    const all = context.cases?.(who) ?? casesOf(context, context.subjects, who, spec.choose);
    return all.filter((entry) => {
      const key = keyOf({ ...entry, principal: entry.identity.principal });
      // An UPDATE of several column groups is one question here.
      const id = entry.command === 'insert' ? `${key} ${entry.columns.join()}` : key;
      if (!wanted.has(key) || seen.has(id)) return false;
      seen.add(id);
      return true;
    });
  });
  const attempted = await attemptAll(
    context.session,
    cases.flatMap((list, index) =>
      list.map(({ attempt }) => ({
        ...attempt,
        prepare: [...changing(specs[index]!.changes), ...(attempt.prepare ?? [])],
      })),
    ),
  );
  let at = 0;
  return cases.map((list, index) =>
    list.flatMap((entry) => {
      const cell = cellOf(entry, attempted[at]!, specs[index]!);
      at += 1;
      return cell === null ? [] : [cell];
    }),
  );
}

const changing = (changes: readonly string[]): string[] =>
  changes.length === 0 ? [] : [triggersOff, ...changes, triggersOn];

function identitiesOf(context: WorldContext, spec: Spec): Identity[] {
  return context.identities
    .filter((identity) => identity.principal !== 'service_role')
    .filter((identity) => !spec.onlyUsers || identity.principal !== 'anon')
    .map((identity) =>
      spec.claims === undefined || identity.principal === 'anon'
        ? identity
        : { ...identity, claims: merge(identity.claims, spec.claims) },
    );
}

function cellOf(entry: Case, attempted: Attempted, spec: Spec): AccessCell | null {
  if (attempted.unprepared !== null) return null;
  const verdict = entry.judge(attempted);
  if (verdict.outcome !== 'allowed' && verdict.outcome !== 'constraint') return null;
  return {
    principal: entry.identity.principal,
    command: entry.command,
    subject: entry.subject,
    outcome: verdict.outcome,
    columns: verdict.columns ?? entry.columns,
    representation: true,
    when: spec.when,
    via: spec.via,
    ...(spec.ownTenant &&
      (entry.subject === 'foreign' || entry.subject === 'spoof') && { acrossTenants: true }),
    proof: [
      ...spec.changes.map((sql) => ({ as: 'superuser (the condition)', sql, result: 'done' })),
      { as: entry.identity.label, sql: entry.attempt.sql, result: resultOf(attempted.outcome) },
    ],
    reason: verdict.reason,
  };
}

const shown = (column: string, value: Value): string =>
  value === null
    ? `${column} is null`
    : /^(true|false|-?\d+(\.\d+)?)$/.test(value)
      ? `${column} = ${value}`
      : `${column} = '${value}'`;

const shownAll = (values: Readonly<Record<string, Value>>, qualifier = ''): string =>
  Object.entries(values)
    .map(([column, value]) => shown(qualifier + column, value))
    .join(' and ');

const updating = (table: string, values: Readonly<Record<string, Value>>, rows: readonly LaidRow[]): string =>
  `update ${table} set ${Object.entries(values)
    .map(([column, value]) => `${name(column)} = ${literal(value)}`)
    .join(', ')} where ${rows.map((row) => `(${whereIs(row)})`).join(' or ')}`;

// Rows with other values -----------------------------------------------------------------------------------------------

interface Toggle {
  readonly table: string;
  readonly column: string;
  readonly value: Value;
  readonly own: boolean;
}

function toggles(context: WorldContext): Toggle[] {
  const { reading, table, ownership, planner } = context;
  const found: Toggle[] = [];
  const seen = new Set<string>();
  for (const atom of reading.values) {
    const id = `${atom.table}.${atom.column}`;
    if (seen.has(id)) continue;
    const own = atom.table === table.key;
    // A policy that asks its own table about the caller is no matter of the row: that is a trust world.
    if (own && !atom.home) continue;
    if (!own && ownership.trusted.has(atom.table) && !hangsOn(context, atom.table)) continue;
    seen.add(id);
    if (rowsOf(context, atom.table).length === 0) continue;
    for (const value of planner.choice(atom.table, atom.column)?.open.slice(0, 3) ?? []) {
      found.push({ table: atom.table, column: atom.column, value, own });
    }
  }
  return found;
}

/** Rows of A and B, and of the probed table the one without owner. */
function rowsOf(context: WorldContext, table: string): LaidRow[] {
  const rows = [userA, userB].flatMap((user) => context.world.row(table, user) ?? []);
  if (table === context.table.key && context.subjects.unowned) rows.push(context.subjects.unowned);
  return rows;
}

function rowWorlds(context: WorldContext): Spec[] {
  return toggles(context).map(({ table, column, value, own }) => ({
    changes: [updating(table, { [column]: value }, rowsOf(context, table))],
    when: `rows where ${shown(own ? column : `${table}.${column}`, value)}`,
    via: own ? null : table,
    ...(own && { choose: new Map([[column, value]]) }),
  }));
}

/** All such columns at once: some open only together. */
function everyRowOpen(context: WorldContext): Spec | null {
  const first = new Map<string, Toggle>();
  for (const toggle of toggles(context)) {
    const id = `${toggle.table}.${toggle.column}`;
    if (!first.has(id)) first.set(id, toggle);
  }
  if (first.size < 2) return null;
  const all = [...first.values()];
  return {
    changes: all.map(({ table, column, value }) =>
      updating(table, { [column]: value }, rowsOf(context, table)),
    ),
    when: `rows where ${all.map(({ own, table, column, value }) => shown(own ? column : `${table}.${column}`, value)).join(' and ')}`,
    via: null,
    choose: new Map(all.filter(({ own }) => own).map(({ column, value }) => [column, value])),
  };
}

/** True where rows of the probed table hang on rows of that table, and these are not the users themselves. */
const hangsOn = (context: WorldContext, table: string): boolean =>
  context.planner.ancestors(context.table.key).has(table) &&
  !context.ownership
    .ownersOf(table)
    .some((owner) => context.state.tables.get(table)?.primaryKey?.columns.includes(owner.column));

// The caller among people with rights ----------------------------------------------------------------------------------

function trustedTables(context: WorldContext): string[] {
  const { reading, ownership, table } = context;
  const members = [...reading.tables]
    .filter((key) => key !== table.key && ownership.trusted.has(key))
    .toSorted();
  // A table that trusts its own rows: `profiles.role` read by a policy on `profiles`.
  if (ownership.ownersOf(table.key).length > 0 && reading.tables.has(table.key)) members.push(table.key);
  return members;
}

/** Choices of a table of people that this policy reads there. */
function choicesRead(context: WorldContext, key: string) {
  const { planner, reading } = context;
  const read = [...planner.choices(key)].filter(
    ([column, choice]) =>
      choice.open.length > 0 &&
      reading.values.some((atom) => !atom.home && atom.table === key && atom.column === column),
  );
  const states = Object.fromEntries(
    read.filter(([column]) => !rank.test(column)).map(([column, choice]) => [column, choice.open[0]!]),
  );
  return { states, ranks: read.filter(([column]) => rank.test(column)) };
}

async function trustWorlds(context: WorldContext, key: string): Promise<Spec[]> {
  const row = await context.trusted.rowIn(key);
  if ('failure' in row) {
    context.skip(`access through a row in ${key}`, row.failure);
    return [];
  }
  const ownTenant = sharesTenant(context, key);
  const plain = { via: key, onlyUsers: true };
  const specs: Spec[] = [];
  // In the probed table itself A's row was left out for others' rows: here it is back.
  if (row.inserts.length > 0 || key === context.table.key) {
    specs.push({ ...plain, changes: row.inserts, when: `a row in ${key}`, ownTenant });
  }
  const { states, ranks } = choicesRead(context, key);
  const assignments: { values: Record<string, Value>; ranked: boolean }[] = [];
  if (Object.keys(states).length > 0) assignments.push({ values: states, ranked: false });
  for (const [column, choice] of ranks) {
    for (const value of choice.open.slice(0, 5))
      assignments.push({ values: { ...states, [column]: value }, ranked: true });
  }
  if (ranks.length > 1) {
    const highest = Object.fromEntries(ranks.map(([column, choice]) => [column, choice.open[0]!]));
    assignments.push({ values: { ...states, ...highest }, ranked: true });
  }
  for (const { values, ranked } of assignments) {
    specs.push({
      ...plain,
      changes: [...row.inserts, updating(key, values, [row.row])],
      when: `a row in ${key} with ${shownAll(values)}`,
      ownTenant: ownTenant && !ranked,
    });
  }
  return specs;
}

/** True where people's rows there belong to one organisation, project, team … on which the probed rows hang. */
function sharesTenant(context: WorldContext, key: string): boolean {
  const around = new Set([...context.planner.ancestors(context.table.key), context.table.key]);
  return (context.state.tables.get(key)?.foreignKeys ?? []).some(
    (foreign) =>
      around.has(foreign.references) &&
      foreign.references !== key &&
      !context.ownership.ownersOf(key).some((owner) => foreign.columns.includes(owner.column)),
  );
}

/** The caller's row names the very row of B: a friendship, a share, an invitation. */
async function naming(context: WorldContext, key: string): Promise<Spec[]> {
  const row = await context.trusted.rowIn(key);
  if ('failure' in row) return [];
  const { reading, world } = context;
  const callers = new Set(reading.callers.filter((atom) => atom.table === key).map((atom) => atom.column));
  const linked: Record<string, Value> = {};
  for (const { left, right } of reading.links) {
    for (const [near, far] of [
      [left, right],
      [right, left],
    ] as const) {
      if (near.table !== key || far.table === key) continue;
      const value = world.row(far.table, userB)?.values[far.column];
      if (value != null) linked[near.column] = value;
    }
  }
  const { states } = choicesRead(context, key);
  // A column that both names the caller and joins the row can do one at a time.
  return Object.entries(linked)
    .filter(([column]) => callers.size !== 1 || !callers.has(column))
    .map(([column, value]) => ({
      changes: [...row.inserts, updating(key, { ...states, [column]: value }, [row.row])],
      when: `a row in ${key} that names it by ${column}`,
      via: key,
      onlyUsers: true,
    }));
}

// Other claims ---------------------------------------------------------------------------------------------------------

/** Claims that every token has, or that are the caller's own. */
const fixed = new Set(['role', 'sub', 'email', 'phone', 'aud', 'iss', 'is_anonymous']);

function claimWorlds(context: WorldContext): Spec[] {
  const { reading, world, planner } = context;
  const specs: Spec[] = [];
  const seen = new Set<string>();
  const add = (path: readonly string[], value: unknown, when: string, changes: readonly string[] = []) => {
    const id = `${path.join('.')}=${JSON.stringify(value)}`;
    if (seen.has(id) || fixed.has(path[0]!)) return;
    seen.add(id);
    specs.push({ changes, when, via: null, claims: nested(path, value), onlyUsers: true });
  };
  for (const { path, values } of reading.claims) {
    for (const value of values) {
      const typed = value === 'true' ? true : value === 'false' ? false : value;
      add(path, typed, `a token whose claim ${path.join('.')} is ${JSON.stringify(typed)}`);
    }
  }
  for (const atom of reading.callers) {
    if (atom.caller.kind !== 'claim') continue;
    const row = world.row(atom.table, userA);
    const value = row?.values[atom.column];
    if (row === undefined || value == null) continue;
    const { path } = atom.caller;
    // What else the policy reads of that row is opened too: a permission's name beside the role it is given to.
    const open = atom.table === context.table.key ? {} : openValues(planner, atom.table);
    const changes = Object.keys(open).length > 0 ? [updating(atom.table, open, [row])] : [];
    const claim = `a token whose claim ${path.join('.')}`;
    add(path, value, `${claim} is the row's ${atom.column}`, changes);
    if (atom.form === 'array') add(path, [value], `${claim} holds the row's ${atom.column}`, changes);
  }
  return specs;
}

const openValues = (planner: WorldContext['planner'], key: string): Record<string, Value> =>
  Object.fromEntries(
    [...planner.choices(key)]
      .filter(([, choice]) => choice.open.length > 0)
      .map(([column, choice]) => [column, choice.open[0]!]),
  );

function nested(path: readonly string[], value: unknown): Claims {
  const [first, ...rest] = path;
  return { [first!]: rest.length === 0 ? value : nested(rest, value) };
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(base: Claims, extra: Claims): Claims {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return merged;
}

// Everything at once ---------------------------------------------------------------------------------------------------

/** Where nothing opened by itself: all values, all people with rights and all claims together. */
async function everythingOpen(context: WorldContext): Promise<Spec | null> {
  const { reading, planner, ownership } = context;
  const changes: string[] = [];
  const parts: string[] = [];
  for (const key of [...reading.tables].toSorted()) {
    if (!context.state.tables.has(key) || key === context.table.key) continue;
    const row = await context.trusted.rowIn(key);
    if ('failure' in row) continue;
    const open = openValues(planner, key);
    changes.push(...row.inserts.filter((sql) => !changes.includes(sql)));
    if (Object.keys(open).length > 0) changes.push(updating(key, open, [row.row]));
    if (ownership.trusted.has(key) || Object.keys(open).length > 0) {
      parts.push(`a row in ${key}${Object.keys(open).length > 0 ? ` with ${shownAll(open)}` : ''}`);
    }
  }
  const own = openValues(planner, context.table.key);
  const rows = rowsOf(context, context.table.key);
  if (Object.keys(own).length > 0 && rows.length > 0) {
    changes.push(updating(context.table.key, own, rows));
    parts.push(`rows where ${shownAll(own)}`);
  }
  let claims: Claims = {};
  for (const spec of claimWorlds(context)) {
    claims = merge(spec.claims!, claims);
    parts.push(spec.when);
    changes.push(...spec.changes);
  }
  if (parts.length < 2) return null;
  return {
    changes,
    when: parts.join(', and '),
    via: [...reading.tables].find((key) => ownership.trusted.has(key)) ?? null,
    choose: new Map(Object.entries(own)),
    claims,
    onlyUsers: true,
  };
}
