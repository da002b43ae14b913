/** Tables of people with rights: which stay empty until a world fills them, and the row that fills them. */
import type { Session } from '../../database/engine.ts';
import type { Expression, SchemaState, Table } from '../../model/schema.ts';
import type { User } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Ownership } from './owners.ts';
import type { Planner } from './plan.ts';
import { insertion, type LaidRow, type World } from './world.ts';

/** Names of tables that nobody is in by having signed up, whatever hangs on their rows. */
const ofRights = /(^|_)(admin|administrator|moderator|superuser|operator|staff)s?(_|$)/i;

export function absentTables(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  ownership: Ownership,
  createdBySignUp: ReadonlySet<string>,
): ReadonlySet<string> {
  const absent = new Set<string>();
  for (const key of ownership.trusted) {
    if (createdBySignUp.has(key)) continue;
    const table = state.tables.get(key)!;
    const primary = table.primaryKey?.columns.length === 1 ? table.primaryKey.columns[0]! : null;
    if (primary !== null && !ofRights.test(table.name) && isIdentityOf(key, primary)) continue;
    absent.add(key);
  }
  return absent;

  /**
   * Rows of others hang on the user's row there: `orders.customer_id` leads to `customers`, which leads to the user;
   * `posts.author_id` is the id of a profile. Being in it is no right, it is having a profile.
   */
  function isIdentityOf(key: string, primary: string): boolean {
    for (const [home, reading] of readings) {
      // Files lie in a folder called after its rows.
      if (
        reading.folders.some(
          (atom) => 'table' in atom.is && atom.is.table === key && atom.is.column === primary,
        )
      )
        return true;
      const table = state.tables.get(home);
      if (home === key || table === undefined) continue;
      const leading = new Set(
        table.foreignKeys
          .filter((foreign) => foreign.references === key && foreign.columns.length === 1)
          .map((foreign) => foreign.columns[0]!),
      );
      for (const atom of reading.callers) {
        if (atom.table === home && leading.has(atom.column) && required(home, atom.column)) return true;
      }
      for (const { left, right } of reading.links) {
        for (const [near, far] of [
          [left, right],
          [right, left],
        ] as const) {
          if (near.table !== key && far.table === key && far.column === primary && near.table === home)
            if (!pointsElsewhere(table, near.column, key)) return true;
        }
      }
    }
    return false;
  }

  /** A user's id by its own key: `members.user_id = admin_users.user_id` asks whether a member is an admin too. */
  function pointsElsewhere(table: Table, column: string, key: string): boolean {
    const keys = table.foreignKeys.filter(({ columns }) => columns.includes(column));
    return keys.length > 0 && keys.every(({ references }) => references !== key);
  }

  function required(key: string, column: string): boolean {
    return state.tables.get(key)?.columns.find((candidate) => candidate.name === column)?.notNull === true;
  }
}

/** A user's row in a table, and the statements that lay it (none where it is there already). */
export type TrustedRow =
  | {
      readonly inserts: readonly string[];
      readonly row: LaidRow;
      /** The statement that lays it once more where it was taken away. */
      readonly again: string;
    }
  | { readonly failure: string };

export interface TrustedRows {
  rowIn(table: string, user: User): Promise<TrustedRow>;
}

/** Each row is laid once to see what fits; afterwards its statements alone do, in any world. */
export function createTrustedRows(session: Session, world: World, planner: Planner): TrustedRows {
  const known = new Map<string, TrustedRow>();
  return {
    async rowIn(table, user) {
      const there = world.row(table, user);
      if (there !== undefined) return { inserts: [], row: there, again: layingAgain(there, planner) };
      const id = `${table} ${user.letter}`;
      const cached = known.get(id);
      if (cached !== undefined) return cached;
      const chain = planner.order.filter((key) => key === table || planner.ancestors(table).has(key));
      const missing = chain.filter((key) => world.row(key, user) === undefined);
      const restore = world.mark();
      await session.exec('savepoint trusted');
      await world.lay(chain, user);
      const rows = missing.flatMap((key) => world.row(key, user) ?? []);
      const row = world.row(table, user);
      restore();
      await session.exec('rollback to savepoint trusted; release savepoint trusted');
      const answer: TrustedRow =
        row === undefined
          ? { failure: world.failures.get(table) ?? 'no such row could be laid' }
          : {
              row,
              again: layingAgain(row, planner),
              inserts: rows.map((laid) => layingAgain(laid, planner)),
            };
      known.set(id, answer);
      return answer;
    },
  };
}

function layingAgain({ table, values }: LaidRow, planner: Planner): string {
  const chosen = planner.choices(table.key);
  // What the clock says here is said again by the default: proofs are the same in every run.
  const left = new Set(
    table.columns
      .filter(
        (column) => column.generated !== null || (readsClock(column.default) && !chosen.has(column.name)),
      )
      .map((column) => column.name),
  );
  return insertion(table, Object.fromEntries(Object.entries(values).filter(([column]) => !left.has(column))));
}

const readsClock = (expression: Expression | null): boolean =>
  /\b(now|(clock|statement|transaction)_timestamp|timeofday)\(|\b(current_(timestamp|date|time)|localtime(stamp)?)\b/i.test(
    expression?.text ?? '',
  );
