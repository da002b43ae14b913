/** INSERTs tried on one table: own rows, rows in another's name, rows of nobody's. */

import type { Subject } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { saysWhose } from '../../sql/acted-by.ts';
import { verdictOf } from '../acting/outcome.ts';
import { type Identity, userB, userC } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { defaultOf } from '../rows/choices.ts';
import { type OwnerColumn, ownerValue } from '../rows/owners.ts';
import { isUnique, type RowValues, uniqueKeys } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, normalized, whereIs } from '../rows/world.ts';
import { type Case, hasTriggers, returningList, type Subjects, type TableContext } from './case.ts';
import { parentsOfEntry } from './entered.ts';
import { placesOf } from './standing.ts';

export function inserts(
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
  const base = a && b ? { ...a.values, ...placesOf(b, context) } : (a ?? b)?.values;
  if (owners.length > 0 && base) {
    const named = (by: readonly OwnerColumn[]) =>
      Object.fromEntries(by.map((owner) => [owner.column, ownerValue(owner, userB)]));
    // A row about two others: with one side its own, the caller is in it by right.
    const [second] = owners.filter((owner) => owners.some((other) => areSides(other.column, owner.column)));
    const spoofed = {
      ...named(owners),
      ...(second && { [second.column]: ownerValue(second, userC) }),
    };
    // Who signs as itself writes in nobody's name, whoever else the row is about.
    const signing = ownership.ownersOf(table.key).filter((owner) => context.signed?.has(owner.column));
    const signature = named(signing);
    // Only the name changes hands; parents stay those of whoever acts.
    const parents = b && parentsOfEntry(context, 'insert');
    const there = parents && Object.fromEntries(parents.map((column) => [column, b.values[column] ?? null]));
    const [owner] = owners;
    const free = table.foreignKeys.every(
      (key) => key.references === 'auth.users' || !key.columns.includes(owner!.column),
    );
    // B is in its own group already: there A enters somebody else.
    const third = there && free ? { [owner!.column]: ownerValue(owner!, userC) } : spoofed;
    found.push(
      there
        ? {
            ...caseOf('spoof', { ...base, ...spoofed }, spoofed),
            elsewhere: caseOf('spoof', { ...base, ...signature, ...third, ...there }, third),
          }
        : caseOf('spoof', { ...base, ...signature, ...spoofed }, spoofed),
    );
    // Where a policy looks at two such columns, one true name may carry a false one, but for whom it is signed by.
    const compared = owners.filter((owner) => context.compared.has(owner.column));
    const alone = (signing.length > 0 ? signing.filter(({ author }) => author) : compared).filter(
      // Two that stand in one row side by side: one of them is the other.
      (owner) => !owners.some((other) => areSides(owner.column, other.column)),
    );
    // Its maker is asked for, and whose it is from then on is not. What may be left empty says whom it is for.
    const unasked =
      compared.length === 0
        ? []
        : owners.filter((owner) => saysWhose(owner.column) && !owner.nullable && !alone.includes(owner));
    const several = new Set([...compared, ...signing]).size > 1;
    if (identity.role === 'authenticated' && (several || unasked.length > 0)) {
      for (const owner of new Set([...(several ? alone : []), ...unasked])) {
        const one = { [owner.column]: spoofed[owner.column]! };
        add('spoof', { ...base, ...one }, one);
      }
    }
    if (identity.role !== 'service_role' && owners.every((owner) => owner.nullable)) {
      const without = Object.fromEntries(
        ownership
          .ownersOf(table.key)
          .filter((owner) => owner.nullable)
          .map((owner) => [owner.column, null]),
      );
      add('unowned', { ...base, ...without }, {});
    }
  } else if (b && ownership.columnsOf(table.key).length === 0) {
    // Its members own it, and a new one has none: who makes one founds one.
    if (identity.role !== 'authenticated') add('unowned', b.values, {});
  } else if (b) {
    // Its own key is new in each row, also where a claim names it.
    const own = new Set(table.primaryKey?.columns.length === 1 ? table.primaryKey.columns : []);
    const parents = Object.fromEntries(
      ownership
        .columnsOf(table.key)
        .filter((column) => !own.has(column) || isForeign(table, column))
        .map((column) => [column, b.values[column] ?? null]),
    );
    add('spoof', b.values, parents);
  }
  return found;
}

const isForeign = (table: Table, column: string): boolean =>
  table.foreignKeys.some(({ columns }) => columns.includes(column));

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
    const asked = context.asked?.get(identity.role)?.get(at);
    if (asked !== undefined) {
      sent[at] = asked;
      continue;
    }
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
  // B's row that sign-up made stands: no INSERT comes beside it, whatever the policies say.
  const stands = subject === 'spoof' && context.bySignUp;
  const inTheWay = [subjects.a, subjects.b].filter(
    (row): row is LaidRow =>
      row !== undefined &&
      keepsOut(table, sent, row.values) &&
      !(stands && row === subjects.b && isOnlyOneOf(table, owners, sent, row.values)),
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
  const apart = new Set(
    table.indexes
      .filter(({ unique, predicate }) => unique && predicate !== null && !isOf(predicate.text, table, sent))
      .map(({ columns }) => columns),
  );
  return (
    table.exclusions.length > 0 ||
    uniqueKeys(table).some((columns) => !apart.has(columns) && columns.every(meets))
  );
}

/** False where a partial index is for rows of another value: one owner for each team, and this is no owner. */
function isOf(predicate: string, table: Table, sent: RowValues): boolean {
  const [, column, value] = /^\(*"?(\w+)"? = '([^']*)'(?:::[\w. ]+)?\)*$/.exec(predicate) ?? [];
  const definition = table.columns.find((candidate) => candidate.name === column);
  if (column === undefined || definition === undefined) return true;
  const holds = column in sent ? sent[column] : defaultOf(definition);
  return holds === undefined || holds === value;
}

/** A key of owner columns alone keeps it out: everybody has one such row. */
const isOnlyOneOf = (table: Table, owners: ReadonlySet<string>, sent: RowValues, there: RowValues): boolean =>
  uniqueKeys(table).some((columns) =>
    columns.every(
      (column) =>
        column !== null && owners.has(column) && sent[column] != null && sent[column] === there[column],
    ),
  );

const side = /(^|_)(1|2|a|b|one|two|first|second|low|high)(?=_|$)|(?<=\D)[12](?=_|$)/i;

/** `participant_1` and `participant_2`, `user_a` and `user_b`. */
const areSides = (left: string, right: string): boolean =>
  left !== right && side.test(left) && left.replace(side, '') === right.replace(side, '');

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
