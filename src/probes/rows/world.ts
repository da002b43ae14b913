/**
 * Rows for the users, laid by a superuser in the owner's name: defaults and triggers fire, row level security does not.
 * What an insert complains about is mended and tried again; what can't be mended is said.
 */

import { type DatabaseError, EngineLost, type Outcome, type Session } from '../../database/engine.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { describe } from '../acting/outcome.ts';
import { claimsOf, companionOf, type User, userB, withClaims } from '../acting/principals.ts';
import { literal, name } from '../acting/quote.ts';
import { fitting, isNamed } from './checks.ts';
import type { ColumnChoice } from './choices.ts';
import { type Ownership, ownerValue } from './owners.ts';
import { isUnique, type Planner, type RowValues } from './plan.ts';
import { triggersOff, triggersOn } from './triggers.ts';
import type { Value } from './type-values.ts';
import type { ValueSource } from './values.ts';

export interface LaidRow {
  readonly table: Table;
  readonly user: User;
  /** As stored, after defaults and triggers. */
  readonly values: RowValues;
  /** Columns that tell it from every other row. */
  readonly key: readonly string[];
}

/** What was tried already to make one row stand. */
interface Tries {
  /** Gives a column its next value; false where none is left. */
  readonly next: (column: string) => boolean;
  readonly rowOf: RowOf;
  /** Checks of several columns that Postgres was asked about. */
  readonly asked: Set<string>;
}

type RowOf = (table: string, user: User) => RowValues | undefined;

/** Rows that every sign-up makes, and what a user says of itself there. */
export interface GivenBySignUp {
  readonly creates: ReadonlySet<string>;
  said(user: User): ReadonlySet<string>;
}

export class World {
  readonly #session: Session;
  readonly #state: SchemaState;
  readonly #planner: Planner;
  readonly #ownership: Ownership;
  readonly #values: ValueSource;
  readonly #signUps: GivenBySignUp;
  readonly #onObject: (object: string) => void;
  #rows = new Map<string, LaidRow>();
  /** Rows of parents beside the users' own. */
  #others = new Map<string, RowValues>();
  /** Table to the reason why no row could be laid. */
  readonly failures = new Map<string, string>();

  constructor(
    session: Session,
    state: SchemaState,
    planner: Planner,
    ownership: Ownership,
    values: ValueSource,
    signUps: GivenBySignUp,
    onObject: (object: string) => void,
  ) {
    this.#signUps = signUps;
    this.#onObject = onObject;
    this.#session = session;
    this.#state = state;
    this.#planner = planner;
    this.#ownership = ownership;
    this.#values = values;
  }

  row(table: string, user: User): LaidRow | undefined {
    return this.#rows.get(`${table} ${user.letter}`);
  }

  /** Rows as they are now, to come back to after ROLLBACK TO SAVEPOINT. */
  mark(): () => void {
    const rows = new Map(this.#rows);
    const others = new Map(this.#others);
    return () => {
      this.#rows = rows;
      this.#others = others;
    };
  }

  /** Lays the rows of a user that are still missing, in the planner's order. */
  async lay(tables: Iterable<string>, user: User): Promise<void> {
    const wanted = new Set(tables);
    const order = this.#planner.order.filter(
      (key) => wanted.has(key) && this.row(key, user) === undefined && !this.#hopeless(key),
    );
    if (order.length === 0) return;
    const planned = new Map<string, RowValues>();
    const rowOf = (key: string, of: User) =>
      this.row(key, of)?.values ?? (of === user ? planned.get(key) : undefined);
    await this.#session.exec(withClaims(claimsOf(user)));
    let at = 0;
    while (at < order.length) {
      const batch: { table: Table; row: Record<string, Value> }[] = [];
      for (const key of order.slice(at)) {
        const table = this.#state.tables.get(key)!;
        const row = this.#planner.plan(table, user, rowOf);
        if (isMissing(table, row)) {
          this.failures.set(key, `no row in "${row.missing}" to point to`);
          continue;
        }
        planned.set(key, row);
        batch.push({ table, row });
      }
      const failedAt = await this.#insertAll(batch, user);
      if (failedAt === null) break;
      const failed = batch[failedAt]!;
      await this.#mend(failed.table, user, failed.row, rowOf);
      if (this.row(failed.table.key, user) === undefined) planned.delete(failed.table.key);
      // Everything behind it is planned again: its key may have changed.
      at = order.indexOf(failed.table.key) + 1;
      for (const key of order.slice(at)) planned.delete(key);
    }
    await this.#readBack(order, user);
  }

  /** What could not be mended once is not tried again; a missing parent may be there by now. */
  #hopeless(key: string): boolean {
    const reason = this.failures.get(key);
    return reason !== undefined && !reason.startsWith('no row in ');
  }

  /** Index of the first row that failed, rolled back; null where all were laid. */
  async #insertAll(
    batch: readonly { table: Table; row: Record<string, Value> }[],
    user: User,
  ): Promise<number | null> {
    const statements = batch.flatMap(({ table, row }) => [
      'savepoint lay',
      insertion(table, row),
      'release savepoint lay',
    ]);
    const outcomes = await this.#session.batch(statements, { stopOnError: true }).catch((error) => {
      // Which row's triggers ran without an end?
      const index = error instanceof EngineLost ? error.index : null;
      if (index !== null) this.#onObject(batch[Math.floor(index / 3)]?.table.key ?? '');
      throw error;
    });
    let failed: number | null = null;
    for (let index = 0; index < batch.length; index += 1) {
      const outcome = outcomes[index * 3 + 1];
      const released = outcomes[index * 3 + 2];
      if (outcome?.ok && released?.ok) this.#keep(batch[index]!.table, user, outcome);
      else {
        failed = index;
        break;
      }
    }
    if (failed !== null) await this.#session.exec('rollback to savepoint lay; release savepoint lay');
    return failed;
  }

  #keep(table: Table, user: User, outcome: Outcome): void {
    const stored = outcome.ok ? outcome.rows[0] : undefined;
    if (stored === undefined) return;
    const values = normalized(table, stored);
    this.#rows.set(`${table.key} ${user.letter}`, { table, user, values, key: keyColumns(table, values) });
  }

  /** One statement in a savepoint of its own. */
  async #try(sql: string, off: boolean): Promise<Outcome> {
    const [, , outcome] = await this.#session.batch(['savepoint lay', off ? triggersOff : triggersOn, sql]);
    await this.#session.exec(
      outcome!.ok
        ? `${triggersOn}; release savepoint lay`
        : 'rollback to savepoint lay; release savepoint lay',
    );
    return outcome!;
  }

  async #mend(table: Table, user: User, first: Record<string, Value>, rowOf: RowOf): Promise<void> {
    const row = { ...first };
    const turns = new Map<string, number>();
    const next = (column: string): boolean => {
      const turn = (turns.get(column) ?? 0) + 1;
      turns.set(column, turn);
      const candidates = this.#values.candidates(table, column, { owner: user.letter, turn: 0 });
      const later = this.#values.candidates(table, column, { owner: user.letter, turn });
      const unused = [...candidates, ...later].filter((value) => value !== row[column]);
      const nullable = table.columns.find((candidate) => candidate.name === column)?.notNull === false;
      if (nullable) unused.push(null);
      const value = unused[(turn - 1) % Math.max(1, unused.length)];
      if (value === undefined || turn > unused.length + 1) return false;
      row[column] = value;
      return true;
    };
    const asked = new Set<string>();
    let off = false;
    const small = ['1', '0'];
    let reason = 'no attempt succeeded';
    for (let attempt = 0; attempt < 24; attempt += 1) {
      const outcome = await this.#try(insertion(table, row), off);
      if (outcome.ok) {
        if (outcome.rows.length > 0) {
          this.#keep(table, user, outcome);
          this.failures.delete(table.key);
          return;
        }
        reason = 'a trigger dropped the row';
        if (off) break;
        off = true;
        continue;
      }
      const { error } = outcome;
      reason = describe(error);
      if (await this.#adopted(table, user, row, error)) return;
      if (!(await this.#change(table, user, row, error, { next, rowOf, asked }))) {
        // A trigger knows bounds too: `if new.x >= board.width then raise`.
        if (!off && error.where !== null && this.#shrink(table, row, small.shift())) continue;
        if (off) break;
        off = true;
      }
    }
    this.failures.set(table.key, reason);
  }

  /** Sets the made-up numbers of a row; false where there are none, or no value is left. */
  #shrink(table: Table, row: Record<string, Value>, value: string | undefined): boolean {
    const keys = new Set(table.foreignKeys.flatMap((key) => key.columns));
    const numbers = table.columns.filter(
      ({ name: column, type, sequence }) =>
        row[column] != null &&
        /^(small|big)?int/.test(type) &&
        sequence === null &&
        !keys.has(column) &&
        !isUnique(table, column) &&
        this.#planner.choice(table.key, column) === null,
    );
    if (value === undefined) return false;
    for (const column of numbers) row[column.name] = value;
    return numbers.length > 0;
  }

  /** A trigger, or a sign-up, made the user's row already: that one is taken. */
  async #adopted(
    table: Table,
    user: User,
    row: Record<string, Value>,
    error: DatabaseError,
  ): Promise<boolean> {
    if (error.sqlstate !== '23505' || error.table !== table.name) return false;
    const columns = uniqueColumns(table, error.constraint);
    if (columns === null || columns.some((column) => row[column] == null)) return false;
    const owners = this.#ownership.ownersOf(table.key);
    const condition = columns.map((column) => `${name(column)} = ${literal(row[column]!)}`).join(' and ');
    const [found] = await this.#session.query(`select * from ${table.key} where ${condition} limit 1`);
    if (found === undefined) return false;
    // Somebody else's row is no row of this user's.
    if (
      owners.some((owner) => found[owner.column] !== null && found[owner.column] !== ownerValue(owner, user))
    )
      return false;
    if (owners.length > 0 && owners.every((owner) => found[owner.column] === null)) return false;
    if (this.#isAnothers(table, user, found)) return false;
    await this.#take(table, user, found, condition);
    return true;
  }

  /** A row that is there becomes the user's, with closed values. */
  async #take(table: Table, user: User, found: RowValues, condition: string): Promise<void> {
    const given = normalized(table, found);
    const closed = [...this.#planner.choices(table.key)]
      .map(([column, choice]) => [column, this.#wanted(table, column, choice, user, given)] as const)
      .filter(([column, value]) => given[column] !== value);
    if (closed.length > 0) {
      const set = closed.map(([column, value]) => `${name(column)} = ${literal(value)}`).join(', ');
      await this.#try(`update ${table.key} set ${set} where ${condition}`, true);
    }
    const [now] = await this.#session.query(`select * from ${table.key} where ${condition} limit 1`);
    const values = normalized(table, now ?? found);
    this.#rows.set(`${table.key} ${user.letter}`, { table, user, values, key: keyColumns(table, values) });
    this.failures.delete(table.key);
  }

  /** B's rows hold what opens least. What sign-up gave A stands, but for what A said of itself, and ranks elsewhere. */
  #wanted(table: Table, column: string, choice: ColumnChoice, user: User, given: RowValues): Value {
    if (user === userB) return choice.closed;
    const value = given[column] ?? null;
    const ofSignUp = this.#signUps.creates.has(table.key) && !this.#signUps.said(user).has(value ?? '');
    return ofSignUp && !this.#isMembership(table) ? value : choice.natural;
  }

  #isMembership(table: Table): boolean {
    return table.foreignKeys.some(
      ({ references }) => references !== table.key && this.#signUps.creates.has(references),
    );
  }

  /**
   * What sign-up gave a user beside its own row: a membership and the organisation it is in. Laid anew, the organisation
   * would be one that the user is no member of. What a rank there opens is a world of its own.
   */
  async takeSignUps(user: User): Promise<void> {
    const created = this.#signUps.creates;
    for (const key of [...this.#planner.order].reverse()) {
      const table = this.#state.tables.get(key);
      if (table === undefined || !created.has(key)) continue;
      const [owner] = this.#ownership
        .ownersOf(key)
        .filter((candidate) => candidate.form === 'plain' && candidate.caller.kind === 'uid');
      const parents = table.foreignKeys.filter(
        ({ references }) => references !== key && created.has(references),
      );
      if (owner === undefined || parents.length === 0) continue;
      const own = `${name(owner.column)} = ${literal(ownerValue(owner, user))}`;
      const together = parents.flatMap(({ columns }) =>
        columns.map((column) => `t.${name(column)} = o.${name(column)}`),
      );
      const [others] = await this.#session.query(
        `select count(*) as n from ${key} t join (select * from ${key} where ${own}) o on ${together.join(' or ')}`,
      );
      // Where sign-up puts everybody into one organisation, it is nobody's own.
      if (others?.n !== '1') continue;
      await this.#takeOne(table, user, { [owner.column]: ownerValue(owner, user) });
      await this.#takeParents(table, user, created);
    }
  }

  async #takeParents(table: Table, user: User, created: ReadonlySet<string>): Promise<void> {
    const row = this.row(table.key, user);
    for (const { references, columns, referencedColumns } of row === undefined ? [] : table.foreignKeys) {
      const parent = this.#state.tables.get(references);
      const pointed = columns.map((column) => row!.values[column] ?? null);
      if (parent === undefined || parent === table || !created.has(references) || pointed.includes(null))
        continue;
      if (this.row(references, user) !== undefined) continue;
      await this.#takeOne(
        parent,
        user,
        Object.fromEntries(referencedColumns.map((column, at) => [column, pointed[at]!])),
      );
      await this.#takeParents(parent, user, created);
    }
  }

  /** The one row that holds these values; none where there are more. */
  async #takeOne(table: Table, user: User, values: RowValues): Promise<void> {
    const condition = Object.entries(values)
      .map(([column, value]) => `${name(column)} = ${literal(value)}`)
      .join(' and ');
    const found = await this.#session.query(`select * from ${table.key} where ${condition} limit 2`);
    if (found.length === 1) await this.#take(table, user, found[0]!, condition);
  }

  /** The organisation laid for another user is none of this one's: its own must differ in what is unique. */
  #isAnothers(table: Table, user: User, found: RowValues): boolean {
    if (!this.#ownership.isOwned(table.key)) return false;
    return [...this.#rows.values()].some(
      (row) =>
        row.table.key === table.key &&
        row.user !== user &&
        row.key.every((column) => row.values[column] === normalized(table, found)[column]),
    );
  }

  async #change(
    table: Table,
    user: User,
    row: Record<string, Value>,
    error: DatabaseError,
    tries: Tries,
  ): Promise<boolean> {
    const { next, rowOf } = tries;
    const own = error.table === null || error.table === table.name;
    const owners = new Set(this.#ownership.ownersOf(table.key).map((owner) => owner.column));
    const keyed = new Set(table.foreignKeys.flatMap((key) => key.columns));
    const free = (column: string) => !owners.has(column) && !keyed.has(column);
    switch (own ? error.sqlstate : '') {
      case '23502': {
        const column = error.column;
        if (column === null) return false;
        const key = table.foreignKeys.find((candidate) => candidate.columns.includes(column));
        const parent = key && rowOf(key.references, user);
        if (key && parent) {
          row[column] = parent[key.referencedColumns[key.columns.indexOf(column)]!] ?? null;
          return row[column] !== null;
        }
        return next(column);
      }
      case '23514': {
        if (/no partition of relation/.test(error.message)) {
          return (
            await this.#try(
              `create table ${name(table.schema)}.${name(`${table.name}_probe_default`)} partition of ${table.key} default`,
              false,
            )
          ).ok;
        }
        const check = table.checks.find((candidate) => candidate.name === error.constraint);
        if (check === undefined) {
          // A domain: its error names the type only.
          const ofType = table.columns.filter(
            (column) => error.message.includes(column.type.split('.').at(-1)!) && free(column.name),
          );
          return ofType.some((column) => next(column.name));
        }
        const named = table.columns.map((column) => column.name).filter((column) => isNamed(check, column));
        const people = named.filter((column) => owners.has(column) && row[column] != null);
        if (people.length > 1) {
          // Not the same user twice: the later column names the user's companion.
          const last = people.find((column) => !this.#author(table, column)) ?? people.at(-1)!;
          const companion = companionOf(user);
          const owner = this.#ownership.ownersOf(table.key).find((candidate) => candidate.column === last)!;
          if (row[last] === ownerValue(owner, companion)) return false;
          row[last] = ownerValue(owner, companion);
          return true;
        }
        // Nor the same parent twice: `follower_id <> followed_id`, both of them profiles.
        if (await this.#apart(table, named, user, row, rowOf)) return true;
        const together = named.filter(free);
        if (named.length > 1 && together.length > 0 && !tries.asked.has(check.name)) {
          tries.asked.add(check.name);
          const values = (column: string) =>
            [0, 1].flatMap((turn) => this.#values.candidates(table, column, { owner: user.letter, turn }));
          const found = await fitting(this.#session, table, check, { row, free: together, values });
          for (const [column, value] of found ?? []) row[column] = value;
          if (found !== null) return true;
        }
        // All that stand empty by their default: `btrim(a) <> '' and btrim(b) <> ''`.
        const empty = named.filter(
          (column) => free(column) && row[column] === undefined && isEmptyByDefault(table, column),
        );
        if (empty.length > 1 && empty.map(next).every(Boolean)) return true;
        // One column after the other, the untouched ones first.
        for (const column of named.filter(free)) if (next(column)) return true;
        for (const column of named) {
          const nullable = table.columns.find((candidate) => candidate.name === column)?.notNull === false;
          if (nullable && row[column] !== null) {
            row[column] = null;
            return true;
          }
        }
        return false;
      }
      case '23505': {
        const columns = uniqueColumns(table, error.constraint) ?? [];
        return columns.filter((column) => free(column)).some((column) => next(column));
      }
      case '23P01':
        return table.exclusions
          .filter((key) => key.name === error.constraint)
          .flatMap((key) => key.columns)
          .flatMap((column) => sourcesOf(table, column))
          .filter(free)
          .some((column) => next(column));
      case '23503': {
        const key = table.foreignKeys.find((candidate) => candidate.name === error.constraint);
        if (key === undefined) return false;
        if (key.columns.some((column) => table.columns.find((c) => c.name === column)?.notNull === false)) {
          for (const column of key.columns) {
            if (table.columns.find((c) => c.name === column)?.notNull === false) row[column] = null;
          }
          return true;
        }
        return false;
      }
      case '428C9': {
        const column = /column "(.*?)"/.exec(error.message)?.[1];
        if (column === undefined || !(column in row)) return false;
        delete row[column];
        return true;
      }
    }
    if (error.where === null && /^22/.test(error.sqlstate)) {
      // A value that the type refuses: the message quotes it.
      for (const column of table.columns) {
        const value = row[column.name];
        if (value != null && free(column.name) && error.message.includes(value)) return next(column.name);
      }
    }
    return false;
  }

  /** Of two keys to one parent that may not be the same, the later one points to another row of it. */
  async #apart(
    table: Table,
    named: readonly string[],
    user: User,
    row: Record<string, Value>,
    rowOf: RowOf,
  ): Promise<boolean> {
    const keys = table.foreignKeys.filter(
      ({ columns: [column, ...more] }) =>
        more.length === 0 && named.includes(column!) && row[column!] != null,
    );
    for (const key of keys.toReversed()) {
      const [column] = key.columns;
      const twin = keys.find(
        (other) =>
          other !== key && other.references === key.references && row[other.columns[0]!] === row[column!],
      );
      if (twin === undefined) continue;
      const another = await this.#another(key.references, user, rowOf);
      const value = another?.[key.referencedColumns[0]!] ?? null;
      if (value === null || value === row[column!]) continue;
      row[column!] = value;
      return true;
    }
    return false;
  }

  /** A row of a parent beside the user's own: its companion's, else a second one of its own. */
  async #another(key: string, user: User, rowOf: RowOf): Promise<RowValues | null> {
    const id = `${key} ${user.letter}`;
    const known = this.#others.get(id);
    if (known !== undefined) return known;
    const table = this.#state.tables.get(key);
    if (table === undefined) return null;
    const companion = companionOf(user);
    for (const [of, turn] of [
      [companion, 0],
      [user, 1],
    ] as const) {
      const parents = (parent: string, asked: User) =>
        rowOf(parent, asked) ?? (asked === companion ? rowOf(parent, user) : undefined);
      const row = this.#planner.plan(table, of, parents, { turn });
      if (isMissing(table, row)) continue;
      const stored = await this.#stored(table, row);
      if (stored === undefined) continue;
      this.#others.set(id, stored);
      return stored;
    }
    return null;
  }

  /** The row, laid; or the one that stands in its way, which a sign-up has made. What triggers fail with is passed by. */
  async #stored(table: Table, row: RowValues): Promise<RowValues | undefined> {
    for (const off of [false, true]) {
      const outcome = await this.#try(insertion(table, row), off);
      if (outcome.ok) return outcome.rows[0];
      const columns =
        outcome.error.sqlstate === '23505' && outcome.error.table === table.name
          ? uniqueColumns(table, outcome.error.constraint)
          : null;
      if (columns === null || columns.some((column) => row[column] == null)) continue;
      const there = columns.map((column) => `${name(column)} = ${literal(row[column]!)}`).join(' and ');
      return (await this.#session.query(`select * from ${table.key} where ${there} limit 1`))[0];
    }
    return undefined;
  }

  #author(table: Table, column: string): boolean {
    return this.#ownership.ownersOf(table.key).find((owner) => owner.column === column)?.author ?? true;
  }

  /** Reads every row again, after all triggers; sets owners right that a trigger set wrong; forgets rows that are gone. */
  async #readBack(tables: readonly string[], user: User): Promise<void> {
    const rows = tables.flatMap((key) => this.row(key, user) ?? []);
    const outcomes = await this.#session.batch(
      rows.map((row) => `select * from ${row.table.key} where ${whereIs(row)}`),
    );
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index]!;
      const stored = outcome.ok ? outcome.rows[0] : undefined;
      if (stored === undefined) {
        this.#rows.delete(`${row.table.key} ${user.letter}`);
        this.failures.set(row.table.key, 'the row was gone after its triggers had run');
        continue;
      }
      const companion = companionOf(user);
      const wrong = this.#ownership.ownersOf(row.table.key).filter((owner) => {
        const value = stored[owner.column];
        return (
          value !== ownerValue(owner, user) &&
          value !== ownerValue(owner, companion) &&
          owner.form === 'plain' &&
          !(value === null && row.values[owner.column] === null)
        );
      });
      let values = normalized(row.table, stored);
      if (wrong.length > 0) {
        const set = wrong
          .map((owner) => `${name(owner.column)} = ${literal(ownerValue(owner, user))}`)
          .join(', ');
        const mended = await this.#try(
          `update ${row.table.key} set ${set} where ${whereIs(row)} returning *`,
          true,
        );
        if (mended.ok && mended.rows[0]) values = normalized(row.table, mended.rows[0]);
      }
      this.#rows.set(`${row.table.key} ${user.letter}`, {
        ...row,
        values,
        key: keyColumns(row.table, values),
      });
    }
  }
}

/** The planner's answer where a parent is missing. */
const isMissing = (table: Table, row: ReturnType<Planner['plan']>): row is { readonly missing: string } =>
  typeof row.missing === 'string' && !table.columns.some((column) => column.name === 'missing');

/** Postgres prints booleans as one letter; literals and defaults spell them out. */
export function normalized(table: Table, row: RowValues): RowValues {
  const booleans = table.columns.filter((column) => column.type === 'boolean' && row[column.name] != null);
  if (booleans.length === 0) return row;
  const spelled = booleans.map((column) => [column.name, /^t/.test(row[column.name]!) ? 'true' : 'false']);
  return { ...row, ...Object.fromEntries(spelled) };
}

export function insertion(table: Table, row: RowValues): string {
  const columns = Object.keys(row);
  if (columns.length === 0) return `insert into ${table.key} default values returning *`;
  const overriding = table.columns.some((column) => column.identity === 'always')
    ? ' overriding system value'
    : '';
  return `insert into ${table.key} (${columns.map(name).join(', ')})${overriding} values (${columns
    .map((column) => literal(row[column]!))
    .join(', ')}) returning *`;
}

/** Primary key, else a unique key without nulls, else every column that can be compared. */
function keyColumns(table: Table, values: RowValues): readonly string[] {
  for (const key of [table.primaryKey, ...table.uniques]) {
    if (key?.columns.every((column) => values[column] != null)) return key.columns;
  }
  return table.columns
    .filter(
      (column) =>
        values[column.name] != null &&
        !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector|real|double)/.test(column.type),
    )
    .map((column) => column.name)
    .slice(0, 6);
}

/** Rows set to other values. */
export const updating = (
  table: string,
  values: Readonly<Record<string, Value>>,
  rows: readonly LaidRow[],
): string =>
  `update ${table} set ${Object.entries(values)
    .map(([column, value]) => `${name(column)} = ${literal(value)}`)
    .join(', ')} where ${rows.map((row) => `(${whereIs(row)})`).join(' or ')}`;

export const whereIs = (row: LaidRow, key: readonly string[] = row.key): string =>
  key.map((column) => `${name(column)} = ${literal(row.values[column] ?? null)}`).join(' and ') || 'true';

const isEmptyByDefault = (table: Table, column: string): boolean =>
  /^''(::|$)/.test(table.columns.find((candidate) => candidate.name === column)?.default?.text ?? '');

/** A generated column changes with those it is made of. */
function sourcesOf(table: Table, column: string): string[] {
  const generated = table.columns.find((candidate) => candidate.name === column)?.generated;
  if (!generated) return [column];
  return table.columns
    .map((candidate) => candidate.name)
    .filter((name) => name !== column && new RegExp(`\\b${escapeRegExp(name)}\\b`).test(generated.text));
}

function uniqueColumns(table: Table, constraint: string | null): readonly string[] | null {
  if (table.primaryKey?.name === constraint) return table.primaryKey.columns;
  const key = table.uniques.find((candidate) => candidate.name === constraint);
  if (key) return key.columns;
  const index = table.indexes.find((candidate) => candidate.name === constraint);
  const columns = index?.columns.filter((column): column is string => column !== null) ?? [];
  return columns.length > 0 ? columns : null;
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
