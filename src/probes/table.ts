/** One table: what each principal can do to own, foreign and unowned rows, each denial with its positive control. */

import type { Session } from '../database/engine.ts';
import type { AccessCell, ProbeOutcome, Proof, Subject } from '../model/access.ts';
import type { Command, Table } from '../model/schema.ts';
import { type Attempt, type Attempted, attemptAll } from './attempt.ts';
import type { Privileges } from './catalog.ts';
import { resultOf, verdictOf } from './outcome.ts';
import { type Ownership, ownerValue } from './owners.ts';
import { isUnique, type Planner, type RowValues, uniqueKeys } from './plan.ts';
import type { Reading } from './predicate.ts';
import { type Identity, userB, userC } from './principals.ts';
import { literal, name } from './quote.ts';
import { quietly, triggersOff } from './triggers.ts';
import type { Value, ValueSource } from './values.ts';
import { type LaidRow, normalized, whereIs } from './world.ts';

export interface TableContext {
  readonly session: Session;
  readonly table: Table;
  readonly planner: Planner;
  readonly ownership: Ownership;
  readonly values: ValueSource;
  readonly privileges: Privileges;
  readonly searchPath: string;
  /** Columns of the table that its policies compare with the caller. */
  readonly compared: ReadonlySet<string>;
  /** True where a constraint or a trigger somewhere waits for COMMIT. */
  readonly deferred: boolean;
}

/** Rows of the world in which a table is probed. */
export interface Subjects {
  readonly a: LaidRow | undefined;
  readonly b: LaidRow | undefined;
  readonly unowned: LaidRow | undefined;
}

/** One cell to be: a statement as somebody, and how to read its answer. */
export interface Case {
  readonly identity: Identity;
  readonly command: Command;
  readonly subject: Subject;
  readonly columns: readonly string[];
  readonly attempt: Attempt;
  /**
   * The same with RETURNING; null where that asks for nothing more: a read, and a write whose WHERE needs the rights and
   * policies of SELECT anyhow (manual, CREATE POLICY, table 302).
   */
  readonly returning: string | null;
  /** The same under a parent of B's: refused there, it is what the parent's owner may do, and in nobody's name. */
  readonly elsewhere?: Case;
  judge(attempted: Attempted): { outcome: ProbeOutcome; reason: string | null; columns?: readonly string[] };
}

const underOwnParent = "rows under a parent of the caller's own";

export function casesOf(
  context: TableContext,
  subjects: Subjects,
  identities: readonly Identity[],
  choose: ReadonlyMap<string, Value> = new Map(),
): Case[] {
  return identities.flatMap((identity) => [
    ...selects(context, subjects, identity),
    ...inserts(context, subjects, identity, choose),
    ...updates(context, subjects, identity),
    ...deletes(context, subjects, identity),
  ]);
}

/** True where a policy of a table looks the caller up in that same table. */
export const asksItself = (reading: Reading, table: string): boolean =>
  reading.tables.has(table) && reading.callers.some((atom) => atom.table === table);

/**
 * The same on others' rows without A's own: in a table that policies ask about the caller, A's row is a right, and
 * access by it is a condition.
 */
export function withoutRow(entry: Case, own: LaidRow): Case {
  const needed = entry.command !== 'insert' && (entry.subject === 'own' || entry.subject === 'transfer');
  if (needed || entry.identity.role !== 'authenticated') return entry;
  return prepared(entry, quietly([`delete from ${own.table.key} where ${whereIs(own)}`]));
}

/** The same with something done before. */
export const prepared = (entry: Case, statements: readonly string[]): Case =>
  statements.length === 0
    ? entry
    : {
        ...entry,
        attempt: { ...entry.attempt, prepare: [...statements, ...(entry.attempt.prepare ?? [])] },
        ...(entry.elsewhere && { elsewhere: prepared(entry.elsewhere, statements) }),
      };

/** Runs cases, then the controls of those that were denied and RETURNING of those that were allowed. */
export async function probeCases(context: TableContext, cases: readonly Case[]): Promise<AccessCell[]> {
  const { session } = context;
  const attempted = await attemptAll(
    session,
    cases.map((entry) => entry.attempt),
  );
  const verdicts = cases.map((entry, index) => judged(entry, attempted[index]!));
  const returning: number[] = [];
  const controls: number[] = [];
  cases.forEach((entry, index) => {
    const { outcome } = verdicts[index]!;
    if (entry.command === 'select') return;
    if (outcome === 'allowed' && entry.returning !== null) returning.push(index);
    // "No permission" and "check failed" are said in so many words; no row, or an error, may have other causes.
    if (outcome === 'filtered' || outcome === 'error') controls.push(index);
  });
  const controlOf = (index: number): Attempt => ({
    ...cases[index]!.attempt,
    identity: null,
    controlClaims: cases[index]!.identity.claims,
  });
  const elsewhere = cases.flatMap(({ elsewhere: other }, index) =>
    other !== undefined && verdicts[index]!.outcome === 'allowed' ? [{ index, other }] : [],
  );
  const there = await attemptAll(
    session,
    elsewhere.map(({ other }) => other.attempt),
  );
  const byParent = new Set(
    elsewhere
      .filter(({ other }, at) => /^(check-failed|filtered)$/.test(judged(other, there[at]!).outcome))
      .map(({ index }) => index),
  );
  const followed = await attemptAll(session, [
    ...returning.map((index) => {
      const { readBack: _, ...attempt } = cases[index]!.attempt;
      return { ...attempt, deferred: false, sql: cases[index]!.returning! };
    }),
    ...controls.map(controlOf),
  ]);
  const representation = new Map(returning.map((index, at) => [index, followed[at]!.outcome.ok]));
  const controlled = new Map(controls.map((index, at) => [index, followed[returning.length + at]!]));
  const works = (index: number, answer: Attempted): boolean => {
    const { outcome } = judged(cases[index]!, answer);
    return outcome === 'allowed' || outcome === 'constraint';
  };
  // A trigger may refuse the superuser too: without triggers the statement itself is left.
  const refused = controls.filter((index) => !works(index, controlled.get(index)!));
  const bare = await attemptAll(
    session,
    refused.map((index) => {
      const control = controlOf(index);
      return { ...control, prepare: [...(control.prepare ?? []), triggersOff] };
    }),
  );
  const withoutTriggers = new Map(refused.map((index, at) => [index, bare[at]!]));

  return cases.map((entry, index) => {
    const verdict = verdicts[index]!;
    let { outcome, reason } = verdict;
    const proof: Proof[] = [
      { as: entry.identity.label, sql: entry.attempt.sql, result: resultText(entry, attempted[index]!) },
    ];
    const control = controlled.get(index);
    if (control !== undefined) {
      const second = withoutTriggers.get(index);
      const answer = second !== undefined && works(index, second) ? second : control;
      proof.push({
        as: answer === second ? 'superuser, triggers off (control)' : 'superuser (control)',
        sql: entry.attempt.sql,
        result: resultText(entry, answer),
      });
      if (!works(index, answer)) {
        reason = `the control did not work either: ${resultText(entry, control)}`;
        outcome = 'unknown';
      }
    }
    return {
      principal: entry.identity.principal,
      command: entry.command,
      subject: entry.subject,
      outcome,
      columns: verdict.columns ?? entry.columns,
      representation: representation.get(index) ?? true,
      when: byParent.has(index) ? underOwnParent : null,
      via: null,
      proof,
      reason,
    };
  });
}

function judged(entry: Case, attempted: Attempted): ReturnType<Case['judge']> {
  if (attempted.unprepared !== null) return { outcome: 'unknown', reason: attempted.unprepared };
  return entry.judge(attempted);
}

function resultText(entry: Case, attempted: Attempted): string {
  if (attempted.unprepared !== null) return `not run: ${attempted.unprepared}`;
  if (entry.command === 'select' && attempted.outcome.ok) {
    return entry.judge(attempted).outcome === 'allowed' ? '1 row' : '0 rows';
  }
  return resultOf(attempted.outcome);
}

/** Only triggers make a stored row differ from what was sent. */
const hasTriggers = (table: Table): boolean => table.triggers.some((trigger) => trigger.enabled);

// Reading --------------------------------------------------------------------------------------------------------------

function selects(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
  const { table } = context;
  const readable = context.privileges(identity.role, 'select', table.key) ?? [];
  return rowsFor(context, subjects, identity).map(({ subject, row }) => {
    const key = row.key.every((column) => readable.includes(column)) ? row.key : readableKey(row, readable);
    const all = readable.length === 0 || readable.length === table.columns.length;
    const list = all ? '*' : readable.map(name).join(', ');
    return {
      identity,
      command: 'select' as const,
      subject,
      columns: all ? [] : readable,
      attempt: {
        identity,
        searchPath: context.searchPath,
        sql: `select ${list} from ${table.key} where ${whereIs(row, key)}`,
      },
      returning: null,
      judge: ({ outcome }) => {
        if (!outcome.ok) return verdictOf(outcome.error, table, 'select');
        return { outcome: outcome.rows.length > 0 ? 'allowed' : 'filtered', reason: null };
      },
    };
  });
}

function readableKey(row: LaidRow, readable: readonly string[]): readonly string[] {
  if (readable.length === 0) return row.key;
  const usable = row.table.columns.filter(
    (column) =>
      readable.includes(column.name) &&
      row.values[column.name] != null &&
      !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector)/.test(column.type),
  );
  return usable.length > 0 ? usable.map((column) => column.name) : row.key;
}

/** Rows there are for a principal: `own` only for a user, and only where rows belong to somebody. */
function rowsFor(
  context: TableContext,
  subjects: Subjects,
  identity: Identity,
): { subject: 'own' | 'foreign' | 'unowned'; row: LaidRow }[] {
  const rows: { subject: 'own' | 'foreign' | 'unowned'; row: LaidRow }[] = [];
  const owned = context.ownership.isOwned(context.table.key);
  if (owned && identity.role === 'authenticated' && subjects.a)
    rows.push({ subject: 'own', row: subjects.a });
  if (owned && subjects.b) rows.push({ subject: 'foreign', row: subjects.b });
  if (!owned && subjects.b) rows.push({ subject: 'unowned', row: subjects.b });
  if (owned && subjects.unowned) rows.push({ subject: 'unowned', row: subjects.unowned });
  return rows;
}

// Writing --------------------------------------------------------------------------------------------------------------

function inserts(
  context: TableContext,
  subjects: Subjects,
  identity: Identity,
  choose: ReadonlyMap<string, Value>,
): Case[] {
  const { table, ownership } = context;
  const { a, b } = subjects;
  const found: Case[] = [];
  const owners = ownership.ownersOf(table.key).filter((owner) => owner.author);
  const caseOf = (subject: Subject, values: RowValues, expected: Readonly<Record<string, Value>>) =>
    insertCase(context, identity, subject, values, expected, subjects, choose);
  const add = (...those: Parameters<typeof caseOf>) => found.push(caseOf(...those));
  if (!ownership.isOwned(table.key)) {
    const row = b ?? a;
    if (row) add('unowned', row.values, {});
    return found;
  }
  if (identity.role === 'authenticated' && a) add('own', a.values, {});
  const base = a ?? b;
  if (owners.length > 0 && base) {
    const spoofed = Object.fromEntries(owners.map((owner) => [owner.column, ownerValue(owner, userB)]));
    // Only the name changes hands; parents stay those of whoever acts.
    const parents = b && parentsOfEntry(context, 'insert');
    const there = parents && Object.fromEntries(parents.map((column) => [column, b.values[column] ?? null]));
    const [owner] = owners;
    const free = table.foreignKeys.every(
      (key) => key.references === 'auth.users' || !key.columns.includes(owner!.column),
    );
    // B is in its own group already: there A enters somebody else.
    const third = there && free ? { [owner!.column]: ownerValue(owner!, userC) } : spoofed;
    found.push({
      ...caseOf('spoof', { ...base.values, ...spoofed }, spoofed),
      ...(there && { elsewhere: caseOf('spoof', { ...base.values, ...third, ...there }, third) }),
    });
    // Where a policy looks at two such columns, one true name may carry a false one.
    const looked = owners.filter((owner) => context.compared.has(owner.column));
    if (identity.role === 'authenticated' && looked.length > 1) {
      for (const owner of looked) {
        const one = { [owner.column]: spoofed[owner.column]! };
        add('spoof', { ...base.values, ...one }, one);
      }
    }
    if (identity.role !== 'service_role' && owners.every((owner) => owner.nullable)) {
      const without = Object.fromEntries(
        ownership
          .ownersOf(table.key)
          .filter((owner) => owner.nullable)
          .map((owner) => [owner.column, null]),
      );
      add('unowned', { ...base.values, ...without }, {});
    }
  } else if (b && ownership.columnsOf(table.key).length === 0) {
    // Its members own it, and a new one has none: who makes one founds one.
    if (identity.role !== 'authenticated') add('unowned', b.values, {});
  } else if (b) {
    const parents = Object.fromEntries(
      ownership.columnsOf(table.key).map((column) => [column, b.values[column] ?? null]),
    );
    add('spoof', b.values, parents);
  }
  return found;
}

/**
 * Members, guests, attendance: a table with one row for each user under each parent. Where the policies ask for the parent
 * alone, the parent's owner enters others by right. Gives the columns that lead to the parent; undefined for any other table.
 */
function parentsOfEntry(
  { table, ownership }: TableContext,
  command: 'insert' | 'update',
): readonly string[] | undefined {
  const authors = ownership.ownersOf(table.key).filter((owner) => owner.author);
  const [user] = authors;
  if (authors.length !== 1 || user === undefined) return undefined;
  const owned = table.foreignKeys
    .filter((key) => key.references !== table.key && ownership.isOwned(key.references))
    .flatMap((key) => key.columns)
    .filter((column) => column !== user.column);
  // A group may be no more than an id, founded by whoever is first in it.
  const parents = owned.length > 0 ? owned : othersInKey(table, user.column);
  const oneEach = uniqueKeys(table).some(
    (columns) =>
      columns.length > 1 &&
      columns.includes(user.column) &&
      columns.every((column) => column === user.column || (column !== null && parents.includes(column))),
  );
  // Bare or by the table's name; `events.user_id` is the parent's.
  const word = new RegExp(`(?<![\\w."])"?${user.column}\\b|\\b${table.name}"?\\."?${user.column}\\b`);
  const asked = table.policies.some(
    (policy) =>
      policy.permissive &&
      (policy.command === 'all' || policy.command === command) &&
      word.test(`${policy.using?.text ?? ''} ${policy.check?.text ?? ''}`),
  );
  return oneEach && !asked ? parents : undefined;
}

const othersInKey = (table: Table, column: string): readonly string[] =>
  uniqueKeys(table)
    .find((columns) => columns.length > 1 && columns.includes(column) && !columns.includes(null))
    ?.filter((other): other is string => other !== column && other !== null) ?? [];

function insertCase(
  context: TableContext,
  identity: Identity,
  subject: Subject,
  values: RowValues,
  expected: Readonly<Record<string, Value>>,
  subjects: Subjects,
  choose: ReadonlyMap<string, Value>,
): Case {
  const { table, ownership } = context;
  const allowed = context.privileges(identity.role, 'insert', table.key);
  const owners = new Set(ownership.ownersOf(table.key).map((owner) => owner.column));
  const keyed = new Set(table.foreignKeys.flatMap((key) => key.columns));
  const primary = new Set(table.primaryKey?.columns ?? []);
  const sent: Record<string, Value> = {};
  for (const column of table.columns) {
    const { name: at } = column;
    // What a client leaves to Postgres: generated values and numbers from sequences.
    if (column.generated !== null || column.identity !== null || column.sequence !== null) continue;
    const chosen = choose.get(at);
    if (chosen !== undefined) {
      sent[at] = chosen;
      continue;
    }
    if (allowed !== null && !allowed.includes(at)) continue;
    // A key of its own: children of the row laid before hang on that one's.
    const fresh =
      primary.has(at) && primary.size === 1 && !owners.has(at) && !keyed.has(at) && values[at] != null
        ? context.values.candidates(table, at, {
            owner: identity.role === 'authenticated' ? 'A' : 'B',
            turn: 9,
          })[0]
        : undefined;
    const value = fresh ?? values[at] ?? null;
    const needed = primary.has(at) || owners.has(at) || keyed.has(at) || column.default === null;
    if (needed && (value !== null || owners.has(at))) sent[at] = value;
  }
  const columns = Object.keys(sent);
  const key = insertedKey(table, sent, values);
  const statement =
    columns.length === 0
      ? `insert into ${table.key} default values`
      : `insert into ${table.key} (${columns.map(name).join(', ')}) values (${columns.map((at) => literal(sent[at]!)).join(', ')})`;
  const inTheWay = [subjects.a, subjects.b].filter(
    (row): row is LaidRow => row !== undefined && keepsOut(table, sent, row.values),
  );
  return {
    identity,
    command: 'insert',
    subject,
    columns: Object.keys(expected).length > 0 ? Object.keys(expected) : [],
    attempt: {
      identity,
      searchPath: context.searchPath,
      // A row laid before goes first where it holds what the new one must hold alone.
      ...(inTheWay.length > 0 && {
        prepare: quietly([
          `delete from ${table.key} where ${inTheWay.map((row) => `(${whereIs(row)})`).join(' or ')}`,
        ]),
      }),
      sql: statement,
      deferred: context.deferred,
      ...(hasTriggers(table) && { readBack: `select * from ${table.key} where ${key}` }),
    },
    returning: `${statement} returning ${returningList(context, identity)}`,
    judge: ({ outcome, stored }) => {
      if (!outcome.ok) return verdictOf(outcome.error, table, 'insert');
      const last = stored?.at(-1);
      const row = last && normalized(table, last);
      if (outcome.affected === 0 || (row === undefined && stored !== null)) {
        return { outcome: 'filtered', reason: 'no row was stored' };
      }
      if (row === undefined) {
        // Left to its default, which names whoever acts: nothing was said in anybody's name.
        const unsent = Object.keys(expected).find((column) => !(column in sent));
        return unsent === undefined
          ? { outcome: 'allowed', reason: null }
          : { outcome: 'no-permission', reason: `"${unsent}" is not for "${identity.role}" to send` };
      }
      for (const [column, value] of Object.entries(expected)) {
        if (row[column] !== value && !sameJson(row[column], value)) {
          return { outcome: 'filtered', reason: `the row was stored with another "${column}"` };
        }
      }
      return { outcome: 'allowed', reason: null };
    },
  };
}

/** True where a key lets the new row in only without that one. Where defaults decide, it may be so. */
function keepsOut(table: Table, sent: RowValues, there: RowValues): boolean {
  const meets = (column: string | null): boolean => {
    if (column === null) return true;
    if (column in sent) return sent[column] !== null && sent[column] === there[column];
    const definition = table.columns.find((candidate) => candidate.name === column);
    const numbered = definition?.sequence != null || definition?.identity != null;
    return !numbered && definition?.default != null && !/\(/.test(definition.default.text);
  };
  return table.exclusions.length > 0 || uniqueKeys(table).some((columns) => columns.every(meets));
}

const sameJson = (left: Value | undefined, right: Value): boolean =>
  left != null && right !== null && left.replaceAll(' ', '') === right.replaceAll(' ', '');

/** Condition that finds the row just inserted; numbers from a sequence are asked from it. */
function insertedKey(table: Table, sent: RowValues, values: RowValues): string {
  const key = table.primaryKey?.columns ?? Object.keys(sent).filter((column) => isUnique(table, column));
  const columns =
    key.length > 0
      ? key
      : Object.keys(sent).filter((column) => comparable(table, column) && sent[column] !== null);
  return (
    columns
      .map((column) => {
        if (column in sent) return `${name(column)} = ${literal(sent[column]!)}`;
        const definition = table.columns.find((candidate) => candidate.name === column);
        if (definition?.sequence !== null || definition?.identity !== null) {
          return `${name(column)} = currval(pg_get_serial_sequence(${literal(table.key)}, ${literal(column)}))`;
        }
        const value = values[column];
        return value == null ? 'true' : `${name(column)} is not null`;
      })
      .join(' and ') || 'true'
  );
}

const comparable = (table: Table, column: string): boolean =>
  !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector|real|double)/.test(
    table.columns.find((candidate) => candidate.name === column)?.type ?? '',
  );

function returningList(context: TableContext, identity: Identity): string {
  const readable = context.privileges(identity.role, 'select', context.table.key);
  if (readable === null || readable.length === context.table.columns.length) return '*';
  return readable.map(name).join(', ');
}

/** Column names that say money, rights or state: what an owner should rarely set. */
export const sensitive =
  /role|admin|status|state$|balance|credit|amount|price|total|points?$|^xp$|score|verified|approved|plan|tier|level|permission|banned|quota|limit|salary|wage|discount|fee$|paid|commission|rating|reputation|is_staff|is_super/i;

function updates(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
  const { table, ownership } = context;
  const found: Case[] = [];
  const allowed = context.privileges(identity.role, 'update', table.key);
  const holds = (column: string) => allowed === null || allowed.includes(column);
  const owners = ownership.ownersOf(table.key);
  const keys = new Set([
    ...(table.primaryKey?.columns ?? []),
    ...table.foreignKeys.flatMap((key) => key.columns),
    ...owners.map((owner) => owner.column),
  ]);
  const choices = context.planner.choices(table.key);
  const settable = table.columns.filter(
    (column) =>
      column.generated === null &&
      column.identity !== 'always' &&
      !keys.has(column.name) &&
      holds(column.name),
  );
  const special = table.columns
    .filter((column) => column.generated === null && column.identity !== 'always' && !keys.has(column.name))
    .filter((column) => choices.has(column.name) || sensitive.test(column.name))
    .slice(0, 8);
  const plain = settable
    .filter((column) => !special.includes(column))
    .toSorted((x, y) => plainness(y, table) - plainness(x, table))
    .slice(0, 3);

  for (const { subject, row } of rowsFor(context, subjects, identity)) {
    const group = plain.length > 0 ? plain : special.filter((column) => holds(column.name)).slice(0, 1);
    const set = Object.fromEntries(group.map((column) => [column.name, changed(context, row, column.name)]));
    if (Object.keys(set).length > 0) found.push(updateCase(context, identity, subject, row, set, []));
    else {
      // Nothing but keys: write what stands there already.
      const same = table.columns.find(
        (column) => column.generated === null && column.identity !== 'always' && holds(column.name),
      );
      if (same)
        found.push(
          updateCase(context, identity, subject, row, { [same.name]: row.values[same.name] ?? null }, []),
        );
    }
    if (subject === 'own') {
      for (const column of special) {
        if (group.includes(column) && group.length === 1) continue;
        const value = changed(context, row, column.name);
        if (value !== row.values[column.name])
          found.push(updateCase(context, identity, subject, row, { [column.name]: value }, []));
      }
    }
  }
  const authors = owners.filter((owner) => owner.author && holds(owner.column));
  if (identity.role === 'authenticated' && subjects.a && authors.length > 0) {
    const set = Object.fromEntries(authors.map((owner) => [owner.column, ownerValue(owner, userB)]));
    found.push({
      ...updateCase(context, identity, 'transfer', subjects.a, set, subjects.b ? [subjects.b] : []),
      ...(subjects.b &&
        parentsOfEntry(context, 'update') && {
          elsewhere: updateCase(context, identity, 'transfer', subjects.b, set, []),
        }),
    });
  }
  return found;
}

function plainness(column: Table['columns'][number], table: Table): number {
  const text = /^(text|character varying)/.test(column.type) ? 4 : 0;
  const time = /^(timestamp|date)/.test(column.type) ? -4 : 0;
  const checked = table.checks.some((check) => check.expression.text.includes(column.name)) ? -2 : 0;
  return (
    text + time + checked + (isUnique(table, column.name) ? -2 : 0) + (column.type === 'boolean' ? 2 : 0)
  );
}

/** Another value for a column: an open one where policies read it, else the next of its kind. */
function changed(context: TableContext, row: LaidRow, column: string): Value {
  const current = row.values[column] ?? null;
  const choice = context.planner.choice(context.table.key, column);
  const open = choice?.open.find((value) => value !== current);
  if (open !== undefined) return open;
  for (const turn of [1, 2, 3]) {
    const next = context.values
      .candidates(context.table, column, { owner: row.user.letter, turn })
      .find((value) => value !== current && value !== null);
    if (next !== undefined) return next;
  }
  return current;
}

function updateCase(
  context: TableContext,
  identity: Identity,
  subject: Subject,
  row: LaidRow,
  set: Readonly<Record<string, Value>>,
  inTheWay: readonly LaidRow[],
): Case {
  const { table } = context;
  const columns = Object.keys(set);
  const statement = `update ${table.key} set ${columns
    .map((column) => `${name(column)} = ${literal(set[column]!)}`)
    .join(', ')} where ${whereIs(row)}`;
  // The row as it will be found: its key may be among what changes.
  const after = row.key.map(
    (column) => `${name(column)} = ${literal(column in set ? set[column]! : (row.values[column] ?? null))}`,
  );
  return {
    identity,
    command: 'update',
    subject,
    columns,
    attempt: {
      identity,
      searchPath: context.searchPath,
      ...(inTheWay.length > 0 && {
        prepare: quietly([
          `delete from ${table.key} where ${inTheWay.map((other) => `(${whereIs(other)})`).join(' or ')}`,
        ]),
      }),
      sql: statement,
      deferred: context.deferred,
      ...(hasTriggers(table) && {
        readBack: `select * from ${table.key} where ${after.join(' and ') || 'true'}`,
      }),
    },
    returning: row.key.length > 0 ? null : `${statement} returning ${returningList(context, identity)}`,
    judge: ({ outcome, stored }) => {
      if (!outcome.ok) return verdictOf(outcome.error, table, 'update');
      if (outcome.affected === 0) return { outcome: 'filtered', reason: null };
      // Without triggers what was sent is what is stored.
      if (stored === null) return { outcome: 'allowed', reason: null };
      const now = stored[0] && normalized(table, stored[0]);
      const changes = columns.filter((column) => set[column] !== (row.values[column] ?? null));
      const written = changes.filter(
        (column) => now !== undefined && differs(now[column] ?? null, row.values[column] ?? null),
      );
      if (changes.length > 0 && written.length === 0)
        return { outcome: 'filtered', reason: 'a trigger undid the change' };
      return { outcome: 'allowed', reason: null, columns: changes.length > 0 ? written : columns };
    },
  };
}

const differs = (left: Value, right: Value): boolean => left !== right;

function deletes(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
  const { table } = context;
  return rowsFor(context, subjects, identity).map(({ subject, row }) => {
    const statement = `delete from ${table.key} where ${whereIs(row)}`;
    return {
      identity,
      command: 'delete' as const,
      subject,
      columns: [],
      attempt: {
        identity,
        searchPath: context.searchPath,
        sql: statement,
        deferred: context.deferred,
        ...(hasTriggers(table) && { readBack: `select 1 as there from ${table.key} where ${whereIs(row)}` }),
      },
      returning: row.key.length > 0 ? null : `${statement} returning ${returningList(context, identity)}`,
      judge: ({ outcome, stored }) => {
        if (!outcome.ok) return verdictOf(outcome.error, table, 'delete');
        if (outcome.affected === 0) return { outcome: 'filtered', reason: null };
        if (stored?.length) return { outcome: 'filtered', reason: 'the row is still there' };
        return { outcome: 'allowed', reason: null };
      },
    };
  });
}
