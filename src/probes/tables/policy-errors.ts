/**
 * Policies that fail: EXPLAIN plans the policies of a table without touching a row, so recursion (42P17) and missing
 * functions or privileges show on empty tables too.
 */

import type { Session } from '../../database/engine.ts';
import type { AccessCell, PolicyError } from '../../model/access.ts';
import type { Command, Table } from '../../model/schema.ts';
import { type Attempted, attemptAll } from '../acting/attempt.ts';
import { describe, verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, signedIn, userA } from '../acting/principals.ts';
import { name } from '../acting/quote.ts';
import type { Privileges } from '../catalog.ts';
import type { Reading } from '../predicate/reading.ts';

export interface PolicyErrors {
  readonly failing: readonly PolicyError[];
  /** A helper refuses by RAISE, until the application has said which tenant it is about: what it would let through is not known. */
  readonly raised: readonly PolicyError[];
}

const commands: readonly Command[] = ['select', 'insert', 'update', 'delete'];

export async function findPolicyErrors(
  session: Session,
  tables: readonly Table[],
  privileges: Privileges,
  searchPathOf: (schema: string) => string,
  readings: ReadonlyMap<string, Reading>,
  /** Hears which table comes next: a helper that asks for its own table without end breaks the embedded engine. */
  onObject: (object: string | null) => void = () => {},
): Promise<PolicyErrors> {
  const tried: { table: Table; identity: Identity; command: Command; sql: string }[] = [];
  for (const table of tables) {
    const reading = readings.get(table.key);
    // Only what reads other rows or calls something can raise before it sees a row.
    if (!table.rls || reading === undefined || (reading.tables.size === 0 && reading.functions.size === 0))
      continue;
    for (const identity of [anon, signedIn(userA)]) {
      for (const command of commands) {
        const columns = privileges(identity.role, command, table.key);
        // Without the privilege Postgres stops before it looks at a policy.
        if (columns === null) continue;
        const sql = explain(table, command, columns);
        if (sql !== null) tried.push({ table, identity, command, sql });
      }
    }
  }
  const attempted: Attempted[] = [];
  for (const table of new Set(tried.map((one) => one.table))) {
    onObject(table.key);
    const ofTable = tried.filter((one) => one.table === table);
    attempted.push(
      ...(await attemptAll(
        session,
        ofTable.map(({ identity, sql }) => ({ identity, searchPath: searchPathOf(table.schema), sql })),
      )),
    );
  }
  onObject(null);
  const all = tried.flatMap(({ table, identity, command, sql }, index) => {
    const { outcome } = attempted[index]!;
    if (outcome.ok) return [];
    const verdict = verdictOf(outcome.error, table, command);
    // UPDATE and DELETE with a WHERE need SELECT too: a missing one is a grant, no error of a policy.
    if (verdict.outcome === 'no-permission') return [];
    const { sqlstate, message } = outcome.error;
    return [
      {
        object: table.key,
        principal: identity.principal,
        command,
        sqlstate,
        message,
        opens: null,
        proof: { as: identity.label, sql, result: `ERROR ${describe(outcome.error)}` },
      },
    ];
  });
  return {
    failing: all.filter((error) => !isRaised(error)),
    raised: all.filter(isRaised),
  };
}

const isRaised = ({ sqlstate }: PolicyError) => sqlstate === 'P0001';

/** What a helper refused to answer is no denial and no error. */
export const unproven = (cells: readonly AccessCell[], raised: readonly PolicyError[]): AccessCell[] =>
  cells.map((cell) => {
    const by = raised.find(
      ({ principal, sqlstate, message }) =>
        principal === cell.principal && cell.reason?.includes(`${sqlstate}: ${message}`),
    );
    return by !== undefined && cell.outcome === 'error'
      ? {
          ...cell,
          outcome: 'unknown',
          reason: `a function that the policies call refuses to answer: ${by.message}`,
        }
      : cell;
  });

function explain(table: Table, command: Command, held: readonly string[]): string | null {
  const writable = table.columns.filter(
    (column) => column.generated === null && column.identity !== 'always',
  );
  switch (command) {
    case 'select':
      return `explain select ${held.length === table.columns.length ? '*' : held.map(name).join(', ')} from ${table.key}`;
    case 'insert':
      return `explain insert into ${table.key} default values`;
    case 'update': {
      const column = writable.find((candidate) => held.includes(candidate.name));
      return column ? `explain update ${table.key} set ${name(column.name)} = null where true` : null;
    }
    case 'delete':
      return `explain delete from ${table.key} where true`;
  }
}
