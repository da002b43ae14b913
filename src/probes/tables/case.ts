/** What is tried on one table: the context, the rows, and a case: a statement as somebody and how to read its answer. */

import type { Session } from '../../database/engine.ts';
import type { AccessCell, Principal, ProbeOutcome, Subject } from '../../model/access.ts';
import type { Command, Table } from '../../model/schema.ts';
import type { Attempt, Attempted } from '../acting/attempt.ts';
import type { Identity } from '../acting/principals.ts';
import { name } from '../acting/quote.ts';
import type { Privileges } from '../catalog.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Ownership } from '../rows/owners.ts';
import type { Planner } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import type { ValueSource } from '../rows/values.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';
import type { Asked } from './asked.ts';

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
  /** Columns of a new row that policies ask to name the caller. */
  readonly signed?: ReadonlySet<string>;
  /** Lists of people with rights that A is in here for nothing but the rows that hang on it. */
  readonly standing?: readonly string[];
  /** What policies ask of a new row's columns, by role. */
  readonly asked?: Asked;
  /** Every sign-up makes a row here. */
  readonly bySignUp: boolean;
  /** True where a constraint or a trigger somewhere waits for COMMIT. */
  readonly deferred: boolean;
  /** Columns whose made-up value a trigger refuses to everybody. */
  readonly refused?: ReadonlySet<string>;
  /** Names of functions that look at who acts. */
  readonly asking: ReadonlySet<string>;
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

/** Without a permissive policy for the role and command no row ever passes. */
export function mayEverPass(table: Table, principal: Principal, command: AccessCell['command']): boolean {
  const role = principal === 'anon' ? 'anon' : 'authenticated';
  return table.policies.some(
    (policy) =>
      policy.permissive &&
      (policy.command === 'all' || policy.command === command) &&
      policy.roles.some((member) => member === 'public' || member === role),
  );
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

/** Only triggers make a stored row differ from what was sent. */
export const hasTriggers = (table: Table): boolean => table.triggers.some((trigger) => trigger.enabled);

/** Rows there are for a principal: `own` only for a user, and only where rows belong to somebody. */
export function rowsFor(
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

export function returningList(context: TableContext, identity: Identity): string {
  const readable = context.privileges(identity.role, 'select', context.table.key);
  if (readable === null || readable.length === context.table.columns.length) return '*';
  return readable.map(name).join(', ');
}
