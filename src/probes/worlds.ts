/**
 * What stayed closed in the all-closed world is tried again in others: rows with other values, the caller among the
 * people a policy trusts, a token with other claims. What opens is conditional, and the condition is what was done.
 */
import type { AccessCell } from '../model/access.ts';
import type { SchemaState } from '../model/schema.ts';
import { attemptAll } from './attempt.ts';
import { resultOf } from './outcome.ts';
import type { Reading } from './predicate.ts';
import { type Claims, type Identity, userA, userB } from './principals.ts';
import { literal, name } from './quote.ts';
import { rank } from './rank.ts';
import { passes } from './summary.ts';
import { type Case, casesOf, type Subjects, type TableContext } from './table.ts';
import type { Value } from './values.ts';
import { type World, whereIs } from './world.ts';

export interface WorldContext extends TableContext {
  readonly state: SchemaState;
  readonly reading: Reading;
  readonly world: World;
  readonly subjects: Subjects;
  readonly identities: readonly Identity[];
  skip(what: string, why: string): void;
}

interface Change {
  /** `is_public = true` */
  readonly text: string;
  readonly sql: string;
}

const triggersOff = `select set_config('session_replication_role', 'replica', true)`;
const triggersOn = `select set_config('session_replication_role', 'origin', true)`;

const keyOf = (cell: {
  principal: string;
  command: string;
  subject: string;
  columns: readonly string[];
}): string => `${cell.principal} ${cell.command} ${cell.subject}`;

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
          (cell.principal === 'anon' || cell.principal === 'user' || cell.principal === 'user-anonymous') &&
          (cell.outcome === 'filtered' || cell.outcome === 'check-failed') &&
          cell.subject !== 'transfer',
      )
      .map(keyOf)
      .filter((key) => !open.has(key)),
  );
  if (wanted.size === 0) return [];
  const found: AccessCell[] = [];
  const add = (cells: readonly AccessCell[]) => {
    for (const cell of cells) {
      if (found.some((other) => keyOf(other) === keyOf(cell) && other.when === cell.when)) continue;
      found.push(cell);
    }
  };
  add(await rowWorlds(context, wanted));
  add(await trustWorlds(context, wanted));
  add(await claimWorlds(context, wanted));
  if (found.length === 0) add(await everythingOpen(context, wanted));
  return found;
}

/** Runs the wanted cases in the world as it is now; those that pass come back with their condition. */
async function tryWanted(
  context: WorldContext,
  wanted: ReadonlySet<string>,
  options: {
    readonly when: string;
    readonly via: string | null;
    readonly choose?: ReadonlyMap<string, Value>;
    readonly claims?: Claims;
    readonly onlyUsers?: boolean;
    readonly set?: readonly string[];
    /** The condition is a row of the caller's own tenant. */
    readonly ownTenant?: boolean;
  },
): Promise<AccessCell[]> {
  const identities = context.identities
    .filter((identity) => identity.principal !== 'service_role')
    .filter((identity) => !options.onlyUsers || identity.principal !== 'anon')
    .map((identity) =>
      options.claims === undefined || identity.principal === 'anon'
        ? identity
        : { ...identity, claims: merge(identity.claims, options.claims) },
    );
  const subjects = {
    a: context.world.row(context.table.key, userA) ?? context.subjects.a,
    b: context.world.row(context.table.key, userB) ?? context.subjects.b,
    unowned: context.subjects.unowned,
  };
  const seen = new Set<string>();
  const cases = casesOf(context, subjects, identities, options.choose).filter((entry) => {
    const key = keyOf({ ...entry, principal: entry.identity.principal });
    if (!wanted.has(key) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const attempted = await attemptAll(
    context.session,
    cases.map((entry) => entry.attempt),
  );
  return cases.flatMap((entry, index) => {
    const answer = attempted[index]!;
    if (answer.unprepared !== null) return [];
    const verdict = entry.judge(answer);
    if (verdict.outcome !== 'allowed' && verdict.outcome !== 'constraint') return [];
    return [cellOf(entry, verdict, options, resultOf(answer.outcome))];
  });
}

function cellOf(
  entry: Case,
  verdict: ReturnType<Case['judge']>,
  options: {
    readonly when: string;
    readonly via: string | null;
    readonly set?: readonly string[];
    readonly ownTenant?: boolean;
  },
  result: string,
): AccessCell {
  return {
    principal: entry.identity.principal,
    command: entry.command,
    subject: entry.subject,
    outcome: verdict.outcome,
    columns: verdict.columns ?? entry.columns,
    representation: true,
    when: options.when,
    via: options.via,
    ...(options.ownTenant &&
      (entry.subject === 'foreign' || entry.subject === 'spoof') && { acrossTenants: true }),
    proof: [
      ...(options.set ?? []).map((sql) => ({ as: 'superuser (the condition)', sql, result: 'done' })),
      { as: entry.identity.label, sql: entry.attempt.sql, result },
    ],
    reason: verdict.reason,
  };
}

/** In a savepoint: rows are changed by the superuser, without triggers, then something is done. */
async function within<T>(
  context: WorldContext,
  changes: readonly string[],
  run: () => Promise<T>,
): Promise<T | null> {
  const restore = context.world.mark();
  await context.session.exec('savepoint world');
  const outcomes = await context.session.batch([triggersOff, ...changes, triggersOn], { stopOnError: true });
  const failed = outcomes.some((outcome) => !outcome.ok);
  const result = failed ? null : await run();
  restore();
  await context.session.exec('rollback to savepoint world; release savepoint world');
  return result;
}

const shown = (column: string, value: Value): string =>
  value === null
    ? `${column} is null`
    : /^(true|false|-?\d+(\.\d+)?)$/.test(value)
      ? `${column} = ${value}`
      : `${column} = '${value}'`;

// Rows with other values -----------------------------------------------------------------------------------------------

async function rowWorlds(context: WorldContext, wanted: ReadonlySet<string>): Promise<AccessCell[]> {
  const found: AccessCell[] = [];
  const toggles: { change: Change; column: string; own: boolean; value: Value; via: string | null }[] = [];
  const seen = new Set<string>();
  for (const atom of context.reading.values) {
    const id = `${atom.table}.${atom.column}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const own = atom.table === context.table.key;
    // A policy that asks its own table about the caller is no matter of the row: that is a trust world.
    if (
      own &&
      !context.reading.values.some(
        (other) => other.home && other.table === atom.table && other.column === atom.column,
      )
    )
      continue;
    if (!own && context.ownership.trusted.has(atom.table) && !hangsOn(context, atom.table)) continue;
    const choice = context.planner.choice(atom.table, atom.column);
    for (const value of choice?.open.slice(0, 3) ?? []) {
      const change = changeRows(context, atom.table, { [atom.column]: value });
      if (change !== null) {
        toggles.push({ change, column: atom.column, own, value, via: own ? null : atom.table });
      }
    }
  }
  for (const toggle of toggles) {
    const cells = await within(context, [toggle.change.sql], () =>
      tryWanted(context, wanted, {
        when: `rows where ${toggle.change.text}`,
        via: toggle.via,
        set: [toggle.change.sql],
        ...(toggle.own && { choose: new Map([[toggle.column, toggle.value]]) }),
      }),
    );
    found.push(...(cells ?? []));
  }
  // Two columns that only open together.
  const columns = new Map<string, (typeof toggles)[number]>();
  for (const toggle of toggles) {
    const id = `${toggle.via ?? ''}.${toggle.column}`;
    if (!columns.has(id)) columns.set(id, toggle);
  }
  if (columns.size > 1) {
    const rest = new Set([...wanted].filter((key) => !found.some((cell) => keyOf(cell) === key)));
    if (rest.size > 0) {
      const all = [...columns.values()];
      const cells = await within(
        context,
        all.map((toggle) => toggle.change.sql),
        () =>
          tryWanted(context, rest, {
            when: `rows where ${all.map((toggle) => toggle.change.text).join(' and ')}`,
            via: null,
            set: all.map((toggle) => toggle.change.sql),
            choose: new Map(
              all.filter((toggle) => toggle.own).map((toggle) => [toggle.column, toggle.value]),
            ),
          }),
      );
      found.push(...(cells ?? []));
    }
  }
  return found;
}

/** True where rows of the probed table hang on rows of that table. */
const hangsOn = (context: WorldContext, table: string): boolean =>
  context.planner.ancestors(context.table.key).has(table) &&
  !context.ownership.ownersOf(table).some((owner) => isPrimary(context, table, owner.column));

const isPrimary = (context: WorldContext, table: string, column: string): boolean =>
  context.state.tables.get(table)?.primaryKey?.columns.includes(column) === true;

/** The same values for the rows of A and B (and the one without owner). */
function changeRows(
  context: WorldContext,
  table: string,
  values: Readonly<Record<string, Value>>,
): Change | null {
  const rows = [userA, userB].flatMap((user) => context.world.row(table, user) ?? []);
  if (table === context.table.key && context.subjects.unowned) rows.push(context.subjects.unowned);
  if (rows.length === 0) return null;
  const qualifier = table === context.table.key ? '' : `${table}.`;
  return {
    text: Object.entries(values)
      .map(([column, value]) => shown(qualifier + column, value))
      .join(' and '),
    sql: `update ${table} set ${Object.entries(values)
      .map(([column, value]) => `${name(column)} = ${literal(value)}`)
      .join(', ')} where ${rows.map((row) => `(${whereIs(row)})`).join(' or ')}`,
  };
}

// The caller among people with rights ----------------------------------------------------------------------------------

async function trustWorlds(context: WorldContext, wanted: ReadonlySet<string>): Promise<AccessCell[]> {
  const { reading, ownership, world, planner, table } = context;
  const found: AccessCell[] = [];
  const members = [...reading.tables]
    .filter((key) => key !== table.key && ownership.trusted.has(key))
    .toSorted();
  // A table that trusts its own rows: `profiles.role` read by a policy on `profiles`.
  if (ownership.ownersOf(table.key).length > 0 && reading.tables.has(table.key)) members.push(table.key);
  for (const key of members) {
    const cells = await within(context, [], async () => {
      const there = world.row(key, userA) !== undefined;
      if (!there) await world.lay([...planner.ancestors(key), key], userA);
      const row = world.row(key, userA);
      if (row === undefined) {
        context.skip(
          `access through a row in ${key}`,
          world.failures.get(key) ?? 'no such row could be laid',
        );
        return [];
      }
      const opened: AccessCell[] = [];
      const ownTenant = sharesTenant(context, key);
      const rest = () => new Set([...wanted].filter((id) => !opened.some((cell) => keyOf(cell) === id)));
      const insert = `-- a row of user A in ${key}: ${Object.entries(row.values)
        .filter(([, value]) => value !== null)
        .slice(0, 6)
        .map(([column, value]) => `${column} = ${value}`)
        .join(', ')}`;
      if (!there) {
        opened.push(
          ...(await tryWanted(context, wanted, {
            when: `a row in ${key}`,
            via: key,
            onlyUsers: true,
            set: [insert],
            ownTenant,
          })),
        );
      }
      const choices = [...planner.choices(key)].filter(
        ([column, choice]) =>
          choice.open.length > 0 &&
          reading.values.some((atom) => !atom.home && atom.table === key && atom.column === column),
      );
      const states = choices.filter(([column]) => !rank.test(column));
      const ranks = choices.filter(([column]) => rank.test(column));
      const assignments: Record<string, Value>[] = [];
      const base = Object.fromEntries(states.map(([column, choice]) => [column, choice.open[0]!]));
      if (states.length > 0) assignments.push(base);
      for (const [column, choice] of ranks) {
        for (const value of choice.open.slice(0, 5)) assignments.push({ ...base, [column]: value });
      }
      if (ranks.length > 1) {
        assignments.push({
          ...base,
          ...Object.fromEntries(ranks.map(([column, choice]) => [column, choice.open[0]!])),
        });
      }
      for (const assignment of assignments) {
        // A rank that opens what another rank opened already is told too: who may is the question.
        const open =
          Object.keys(assignment).length === Object.keys(base).length
            ? rest()
            : wantedBeyond(wanted, opened, key);
        if (open.size === 0) continue;
        const sql = `update ${key} set ${Object.entries(assignment)
          .map(([column, value]) => `${name(column)} = ${literal(value)}`)
          .join(', ')} where ${whereIs(row)}`;
        const text = Object.entries(assignment)
          .map(([column, value]) => shown(column, value))
          .join(' and ');
        const more = await within(context, [sql], () =>
          tryWanted(context, open, {
            when: `a row in ${key} with ${text}`,
            via: key,
            onlyUsers: true,
            set: [insert, sql],
            ownTenant: ownTenant && Object.keys(assignment).length === Object.keys(base).length,
          }),
        );
        opened.push(...(more ?? []));
      }
      if (opened.length === 0) opened.push(...(await naming(context, key, rest(), base, insert)));
      return opened;
    });
    found.push(...(cells ?? []));
  }
  return found;
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

/** Cells that no plain row in that table opened. */
function wantedBeyond(wanted: ReadonlySet<string>, opened: readonly AccessCell[], key: string): Set<string> {
  return new Set(
    [...wanted].filter((id) => !opened.some((cell) => keyOf(cell) === id && cell.when === `a row in ${key}`)),
  );
}

/** The caller's row names the very row of B: a friendship, a share, an invitation. */
async function naming(
  context: WorldContext,
  key: string,
  wanted: ReadonlySet<string>,
  states: Readonly<Record<string, Value>>,
  insert: string,
): Promise<AccessCell[]> {
  const row = context.world.row(key, userA);
  if (row === undefined || wanted.size === 0) return [];
  const callers = new Set(
    context.reading.callers.filter((atom) => atom.table === key).map((atom) => atom.column),
  );
  const linked: Record<string, Value> = {};
  for (const { left, right } of context.reading.links) {
    for (const [near, far] of [
      [left, right],
      [right, left],
    ] as const) {
      if (near.table !== key || far.table === key) continue;
      const value = context.world.row(far.table, userB)?.values[far.column];
      if (value != null) linked[near.column] = value;
    }
  }
  const columns = Object.keys(linked).filter((column) => callers.size !== 1 || !callers.has(column));
  const found: AccessCell[] = [];
  // A column that both names the caller and joins the row can do one at a time.
  for (const column of columns) {
    const assignment = { ...states, [column]: linked[column]! };
    const sql = `update ${key} set ${Object.entries(assignment)
      .map(([at, value]) => `${name(at)} = ${literal(value)}`)
      .join(', ')} where ${whereIs(row)}`;
    const cells = await within(context, [sql], () =>
      tryWanted(context, wanted, {
        when: `a row in ${key} that names it by ${column}`,
        via: key,
        onlyUsers: true,
        set: [insert, sql],
      }),
    );
    found.push(...(cells ?? []));
    if (found.length > 0) break;
  }
  return found;
}

// Other claims ---------------------------------------------------------------------------------------------------------

async function claimWorlds(context: WorldContext, wanted: ReadonlySet<string>): Promise<AccessCell[]> {
  const found: AccessCell[] = [];
  for (const { claims, text, set } of claimsToTry(context)) {
    const cells = await within(context, set, () =>
      tryWanted(context, wanted, { when: text, via: null, claims, onlyUsers: true, set }),
    );
    found.push(...(cells ?? []));
  }
  return found;
}

/** Claims every token has with just one value, or that are the caller's own. */
const fixed = new Set(['role', 'sub', 'email', 'phone', 'aud', 'iss']);

function claimsToTry(context: WorldContext): { claims: Claims; text: string; set: string[] }[] {
  const { reading, world } = context;
  const tries: { claims: Claims; text: string; set: string[] }[] = [];
  const seen = new Set<string>();
  const add = (path: readonly string[], value: unknown, text: string, set: string[] = []) => {
    const id = `${path.join('.')}=${JSON.stringify(value)}`;
    if (seen.has(id) || fixed.has(path[0]!)) return;
    seen.add(id);
    tries.push({ claims: nested(path, value), text, set });
  };
  for (const claim of reading.claims) {
    for (const value of claim.values) {
      const typed = value === 'true' ? true : value === 'false' ? false : value;
      if (claim.path.join('.') === 'is_anonymous') continue;
      add(claim.path, typed, `a token whose claim ${claim.path.join('.')} is ${JSON.stringify(typed)}`);
    }
  }
  for (const atom of reading.callers) {
    if (atom.caller.kind !== 'claim') continue;
    const row = world.row(atom.table, userA);
    const value = row?.values[atom.column];
    if (value == null) continue;
    const { path } = atom.caller;
    // What else the policy reads of that row is opened too: a permission's name beside the role it is given to.
    const open =
      atom.table === context.table.key
        ? []
        : [...context.planner.choices(atom.table)].filter(([, choice]) => choice.open.length > 0);
    const set =
      open.length > 0 && row
        ? [
            `update ${atom.table} set ${open.map(([column, choice]) => `${name(column)} = ${literal(choice.open[0]!)}`).join(', ')} where ${whereIs(row)}`,
          ]
        : [];
    add(path, value, `a token whose claim ${path.join('.')} is the row's ${atom.column}`, set);
    if (atom.form === 'array')
      add(path, [value], `a token whose claim ${path.join('.')} holds the row's ${atom.column}`, set);
  }
  return tries;
}

function nested(path: readonly string[], value: unknown): Claims {
  const [first, ...rest] = path;
  return { [first!]: rest.length === 0 ? value : nested(rest, value) };
}

function merge(base: Claims, extra: Claims): Claims {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const old = merged[key];
    const both =
      typeof old === 'object' &&
      old !== null &&
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value);
    merged[key] = both ? merge(old as Claims, value as Claims) : value;
  }
  return merged;
}

// Everything at once ---------------------------------------------------------------------------------------------------

/** Where nothing opened by itself: all values, all people with rights and all claims together. */
async function everythingOpen(context: WorldContext, wanted: ReadonlySet<string>): Promise<AccessCell[]> {
  const { reading, world, planner, ownership } = context;
  const users = new Set([...wanted].filter((key) => key.startsWith('user')));
  if (users.size === 0 || (reading.tables.size === 0 && reading.claims.length === 0)) return [];
  const cells = await within(context, [], async () => {
    const parts: string[] = [];
    const set: string[] = [];
    for (const key of [...reading.tables].toSorted()) {
      if (!context.state.tables.has(key)) continue;
      if (world.row(key, userA) === undefined) await world.lay([...planner.ancestors(key), key], userA);
      const row = world.row(key, userA);
      if (row === undefined) continue;
      const open = [...planner.choices(key)].filter(([, choice]) => choice.open.length > 0);
      const text = open.map(([column, choice]) => shown(column, choice.open[0]!)).join(' and ');
      if (ownership.trusted.has(key) || text !== '')
        parts.push(`a row in ${key}${text === '' ? '' : ` with ${text}`}`);
      if (open.length > 0) {
        set.push(
          `update ${key} set ${open.map(([column, choice]) => `${name(column)} = ${literal(choice.open[0]!)}`).join(', ')} where ${whereIs(row)}`,
        );
      }
    }
    const own = [...planner.choices(context.table.key)].filter(([, choice]) => choice.open.length > 0);
    const change =
      own.length === 0
        ? null
        : changeRows(
            context,
            context.table.key,
            Object.fromEntries(own.map(([column, choice]) => [column, choice.open[0]!])),
          );
    if (change !== null) {
      parts.push(`rows where ${change.text}`);
      set.push(change.sql);
    }
    let claims: Claims = {};
    for (const claim of claimsToTry(context)) {
      claims = merge(claim.claims, claims);
      parts.push(claim.text);
      set.push(...claim.set);
    }
    if (parts.length < 2) return [];
    const more = await within(context, set, () =>
      tryWanted(context, users, {
        when: parts.join(', and '),
        via: [...reading.tables].find((key) => ownership.trusted.has(key)) ?? null,
        claims,
        onlyUsers: true,
        choose: new Map(own.map(([column, choice]) => [column, choice.open[0]!])),
        set,
      }),
    );
    return more ?? [];
  });
  return cells ?? [];
}
