/** UPDATEs and DELETEs tried on one table: by group of columns, and a row handed to somebody else. */

import type { Subject } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import type { Attempt } from '../acting/attempt.ts';
import { verdictOf } from '../acting/outcome.ts';
import { type Identity, userB } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { ownerValue } from '../rows/owners.ts';
import { isUnique } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, normalized, updating, whereIs } from '../rows/world.ts';
import {
  type Case,
  hasTriggers,
  prepared,
  returningList,
  rowsFor,
  type Subjects,
  type TableContext,
} from './case.ts';
import { parentsOfEntry } from './entered.ts';

/** Column names that say money, rights or state: what an owner should rarely set. */
export const sensitive =
  /role|admin|status|state$|balance|credit|amount|price|total|points?$|^xp$|score|verified|validat(ed|ion)|kyc|badge|approved|plan|tier|level|permission|banned|quota|limit|^max_|premium|coins?$|allowance|entitle|subscription|suspended|blocked|is_pro$|salary|wage|discount|fee$|paid|commission|rating|reputation|is_staff|is_super/i;

export function updates(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
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
  // What names the caller decides whose the row is: set along with the rest, it would take the row out of reach.
  const settable = table.columns.filter(
    (column) =>
      column.generated === null &&
      column.identity !== 'always' &&
      !keys.has(column.name) &&
      !context.compared.has(column.name) &&
      holds(column.name),
  );
  const special = table.columns
    .filter((column) => column.generated === null && column.identity !== 'always' && !keys.has(column.name))
    .filter((column) => choices.has(column.name) || sensitive.test(column.name))
    .slice(0, 8);
  const plain = plainOf(
    context,
    settable.filter((column) => !special.includes(column)),
  ).slice(0, 3);

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
    const parents = subjects.b && parentsOfEntry(context, 'update');
    found.push({
      ...updateCase(context, identity, 'transfer', subjects.a, set, subjects.b ? [subjects.b] : []),
      ...(subjects.b &&
        parents && { elsewhere: elsewhere(context, identity, subjects.a, subjects.b, parents, set) }),
    });
  }
  return found;
}

/** A's row under B's parent, handed on by A there. */
function elsewhere(
  context: TableContext,
  identity: Identity,
  mine: LaidRow,
  theirs: LaidRow,
  parents: readonly string[],
  set: Readonly<Record<string, Value>>,
): Case {
  const there = Object.fromEntries(parents.map((column) => [column, theirs.values[column] ?? null]));
  const moved: LaidRow = { ...mine, values: { ...mine.values, ...there } };
  return prepared(
    updateCase(context, identity, 'transfer', moved, set, [theirs]),
    quietly([updating(context.table.key, there, [mine])]),
  );
}

/** The plain columns of a table, those first that are asked with, and none whose value a trigger refuses. */
const plainOf = ({ table, refused }: TableContext, columns: Table['columns']): Table['columns'] =>
  columns
    .filter((column) => refused?.has(column.name) !== true)
    .toSorted((x, y) => plainness(y, table) - plainness(x, table));

/** Names of the columns that an UPDATE of somebody who may set all asks with. */
export function plainColumns(context: TableContext): readonly string[] {
  const { table, ownership } = context;
  const keys = new Set([
    ...(table.primaryKey?.columns ?? []),
    ...table.foreignKeys.flatMap((key) => key.columns),
    ...ownership.ownersOf(table.key).map((owner) => owner.column),
  ]);
  const choices = context.planner.choices(table.key);
  const free = table.columns.filter(
    ({ name: column, generated, identity }) =>
      generated === null &&
      identity !== 'always' &&
      !keys.has(column) &&
      !context.compared.has(column) &&
      !choices.has(column) &&
      !sensitive.test(column),
  );
  return plainOf(context, free)
    .slice(0, 3)
    .map((column) => column.name);
}

/** The UPDATE of these columns of a row, to other values. */
export function updateOfColumns(
  context: TableContext,
  row: LaidRow,
  columns: readonly string[],
): Omit<Attempt, 'identity'> {
  const set = Object.fromEntries(columns.map((column) => [column, changed(context, row, column)]));
  return { searchPath: context.searchPath, sql: updating(context.table.key, set, [row]) };
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
  const type = context.table.columns.find((candidate) => candidate.name === column)?.type ?? '';
  const differsFromIt = (value: Value) => !isSame(type, value, current);
  const open = choice?.open.find(differsFromIt);
  if (open !== undefined) return open;
  const counts = /^(small|big)?int/.test(type) && !isUnique(context.table, column);
  for (const turn of [1, 2, 3]) {
    const others = context.values
      .candidates(context.table, column, { owner: row.user.letter, turn })
      .filter((value) => value !== null && differsFromIt(value));
    // A small number before a made-up one, where no other row holds it: triggers know bounds too.
    const next = (counts ? others.find(isSmall) : undefined) ?? others[0];
    if (next !== undefined) return next;
  }
  return current;
}

/** Equal as the column's type has it: 0 is 0.00 where cents are kept. */
const isSame = (type: string, left: Value, right: Value): boolean =>
  left === right ||
  (left !== null && right !== null && /^(numeric|real|double)/.test(type) && Number(left) === Number(right));

const isSmall = (value: Value): boolean => value !== null && /^\d{1,3}$/.test(value);

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

export function deletes(context: TableContext, subjects: Subjects, identity: Identity): Case[] {
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
