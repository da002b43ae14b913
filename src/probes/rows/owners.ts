/** Whose row is it: the columns that name a user, and the tables whose rows belong to somebody through their parents. */
import type { Column, SchemaState, Table } from '../../model/schema.ts';
import { inEnglish, ownerEver, ownerNow } from '../../sql/acted-by.ts';
import type { User } from '../acting/principals.ts';
import type { Caller, CallerAtom, Reading } from '../predicate/reading.ts';
import { rank } from '../rank.ts';

export interface OwnerColumn {
  readonly column: string;
  readonly caller: Caller;
  readonly form: CallerAtom['form'];
  readonly nullable: boolean;
  /** Says who made the row; false for who receives, is assigned, approves, where another column says who made it. */
  readonly author: boolean;
}

export interface Ownership {
  ownersOf(table: string): readonly OwnerColumn[];
  /** True where rows belong to somebody: by a column of their own, by a membership, or through a parent. */
  isOwned(table: string): boolean;
  /** Columns that lead to the owner: own ones, else foreign keys to owned parents. */
  columnsOf(table: string): readonly string[];
  /**
   * Tables of people with rights (members, admins): read by policies of other tables to see what the caller may do.
   * Nobody is in them unless a world says so.
   */
  readonly trusted: ReadonlySet<string>;
}

const usersTable = 'auth.users';
/** Column names that say who made the row. Where none is among them, only naming nobody but B is another's name. */
const maker = new RegExp(
  `^(user|${ownerEver}|author|creator|sender|uploader|requester|reporter|reviewer|poster|account|profile|member|customer|client|follower|voter|commenter|subscriber|buyer|inviter|blocker|created|uploaded|posted|submitted|sent|requested|invited|owned|from|auth|auth_user|supabase_user)(_?by|_?user)?(_?id|_?uid|_?email)?$`,
  'i',
);

/** Of those, names that as often say whom the row is about. */
const concerned = /^(account|profile|member|customer|client|subscriber)(_?id|_?uid|_?email)?$/i;

/**
 * Of the makers' names those that leave no doubt, without a foreign key too. A "profile_id" may hold an id of the
 * profile's own, and an "original_owner_id" one who has given the row away: that it names a user a key or a policy
 * must say.
 */
const evident = new RegExp(
  `^(user_id|${ownerNow}(_user)?_id|owner|author_id|creator_id|created_by|auth_user_id|uploaded_by|posted_by|sender_id)$`,
  'i',
);

/** Who dealt with a row, not whose it is: an owner only where a policy says so. */
const clerk =
  /^(verified|approved|reviewed|assigned|updated|modified|deleted|resolved|processed|handled|banned|suspended|closed|moderated|granted|rejected|confirmed|completed|cancelled|canceled|changed|edited|last_\w+|assignee|reviewer|approver|moderator)(_by|_to)?(_user)?(_id)?$/i;

/** `archived_by`, `generated_by`: a note of who did something to the row, unless that was making it. */
function isClerk(column: string): boolean {
  const name = inEnglish(column);
  return clerk.test(name) || (/_by(_user)?(_?u?id)?$/i.test(name) && !maker.test(name));
}

export function readOwnership(
  state: SchemaState,
  readings: ReadonlyMap<string, Reading>,
  functionsGiveUid: ReadonlySet<string>,
  /** Owner columns by table as the base had them: a policy that no longer names one does not make rows nobody's. */
  before: ReadonlyMap<string, readonly string[]> = new Map(),
  /** True for a column that the base had. */
  earlier: (table: string, column: string) => boolean = () => false,
): Ownership {
  const owners = new Map<string, OwnerColumn[]>();
  const add = (table: Table, column: Column, caller: Caller, form: OwnerColumn['form']): boolean => {
    const list = owners.get(table.key) ?? [];
    if (list.some((owner) => owner.column === column.name)) return false;
    list.push({ column: column.name, caller, form, nullable: !column.notNull, author: true });
    owners.set(table.key, list);
    return true;
  };
  const columnOf = (table: Table | undefined, name: string) =>
    table?.columns.find((column) => column.name === name);

  const compared = new Set(
    [...readings.values()].flatMap((reading) =>
      reading.callers.map((atom) => `${atom.table}.${atom.column}`),
    ),
  );
  /**
   * A policy may compare the wrong column: `customer_id`, a key of customers, is no user's id where customers have an
   * id of their own and name their user in another column.
   */
  const holdsAnotherId = (table: Table, column: Column, depth = 0): boolean => {
    const key = table.foreignKeys.find(
      (foreign) => foreign.columns.length === 1 && foreign.columns[0] === column.name,
    );
    if (key !== undefined) {
      if (key.references === usersTable || depth > 4) return false;
      const parent = state.tables.get(key.references);
      const target = columnOf(parent, key.referencedColumns[0] ?? '');
      return parent !== undefined && target !== undefined && holdsAnotherId(parent, target, depth + 1);
    }
    const primary = table.primaryKey?.columns;
    if (primary?.length !== 1 || primary[0] !== column.name || column.default === null) return false;
    return table.foreignKeys.some(
      (foreign) => foreign.references === usersTable && maker.test(inEnglish(foreign.columns[0]!)),
    );
  };

  for (const reading of readings.values()) {
    for (const atom of reading.callers) {
      const table = state.tables.get(atom.table);
      const column = columnOf(table, atom.column);
      if (table === undefined || column === undefined || platformSchemas.has(table.schema)) continue;
      if (atom.form === 'folder' || atom.caller.kind === 'claim' || atom.caller.kind === 'header') continue;
      if (atom.caller.kind === 'function' && !functionsGiveUid.has(atom.caller.key)) continue;
      const caller: Caller = atom.caller.kind === 'function' ? { kind: 'uid' } : atom.caller;
      const form = atom.form === 'plain' && column.type.endsWith('[]') ? 'array' : atom.form;
      if (caller.kind === 'uid' && !/^(uuid|text|character|json)/.test(column.type)) continue;
      if (caller.kind === 'uid' && form === 'plain' && holdsAnotherId(table, column)) continue;
      // The base had it, and knew the owner by another column that is still there: this one holds something else.
      const known = before.get(table.key) ?? [];
      if (known.length > 0 && !known.includes(column.name) && earlier(table.key, column.name)) continue;
      add(table, column, caller, form);
    }
  }
  // What the base took from a claim is an organisation, and no user on the head either.
  const byToken = new Set(
    [...readings.values()].flatMap(({ callers }) =>
      callers.flatMap(({ table, column, caller }) => (caller.kind === 'claim' ? [`${table}.${column}`] : [])),
    ),
  );
  for (const table of state.tables.values()) {
    if (platformSchemas.has(table.schema)) continue;
    const bound = new Set(table.foreignKeys.flatMap((key) => key.columns));
    for (const column of table.columns) {
      if (bound.has(column.name)) continue;
      const known =
        before.get(table.key)?.includes(column.name) === true && !byToken.has(`${table.key}.${column.name}`);
      // Neither a key nor a policy says so, but its name does.
      if (column.type === 'uuid' && (known || evident.test(column.name)))
        add(table, column, { kind: 'uid' }, 'plain');
      else if (known && /e_?mail/i.test(column.name)) add(table, column, { kind: 'email' }, 'plain');
    }
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const table of state.tables.values()) {
      if (platformSchemas.has(table.schema)) continue;
      for (const key of table.foreignKeys) {
        if (key.columns.length !== 1) continue;
        const column = columnOf(table, key.columns[0]!);
        if (column === undefined || (isClerk(column.name) && !compared.has(`${table.key}.${column.name}`)))
          continue;
        const parent = owners
          .get(key.references)
          ?.find((owner) => owner.column === key.referencedColumns[0] && owner.caller.kind === 'uid');
        if (key.references === usersTable || parent !== undefined) {
          grown = add(table, column, { kind: 'uid' }, 'plain') || grown;
        }
      }
    }
  }
  // Looked up by the address that the user's own row holds: `reviewers.email = profiles.email`.
  for (const { left, right } of [...readings.values()].flatMap(({ links }) => links)) {
    for (const [near, far] of [
      [left, right],
      [right, left],
    ] as const) {
      const table = state.tables.get(far.table);
      const column = columnOf(table, far.column);
      if (table === undefined || column === undefined || platformSchemas.has(table.schema)) continue;
      const isAddress = [near.column, far.column].every((called) => /e_?mail/i.test(called));
      const isOwn = owners
        .get(near.table)
        ?.some(({ caller, form }) => caller.kind === 'uid' && form === 'plain');
      if (
        isAddress &&
        isOwn === true &&
        !owners.has(far.table) &&
        /^(text|character|citext)/.test(column.type)
      )
        add(table, column, { kind: 'email' }, 'plain');
    }
  }
  for (const [table, list] of owners) {
    list.sort((a, b) => (a.column < b.column ? -1 : 1));
    const named = list.filter((owner) => maker.test(inEnglish(owner.column)));
    // Who is invited or written about, where another column says by whom.
    const acting = named.filter((owner) => !concerned.test(owner.column));
    const makers = acting.length > 0 ? acting : named;
    if (makers.length > 0) {
      owners.set(
        table,
        list.map((owner) => ({ ...owner, author: makers.includes(owner) })),
      );
    }
  }

  const trusted = new Set<string>();
  for (const [home, reading] of readings) {
    for (const key of reading.tables) {
      if (key === home) continue;
      const table = state.tables.get(key);
      if (table === undefined || platformSchemas.has(table.schema)) continue;
      if (owners.has(key)) trusted.add(key);
    }
  }

  // `org_id = auth.jwt() ->> 'org_id'`: rows belong to whoever's token names them.
  const claimed = new Map<string, Set<string>>();
  for (const reading of readings.values()) {
    for (const atom of reading.callers) {
      if (atom.caller.kind !== 'claim' || !state.tables.has(atom.table)) continue;
      if (
        rank.test(atom.column) ||
        !/^(uuid|text|character|integer|bigint|smallint)/.test(
          columnOf(state.tables.get(atom.table), atom.column)?.type ?? '',
        )
      )
        continue;
      claimed.set(atom.table, (claimed.get(atom.table) ?? new Set()).add(atom.column));
    }
  }

  /** A row hangs on its parent; that somebody approved it does not make it hang on that one. */
  const parentsOf = (table: Table) =>
    table.foreignKeys.filter(
      ({ references, columns }) =>
        references !== table.key &&
        !columns.every((column) => isClerk(column) && !compared.has(`${table.key}.${column}`)),
    );
  const owned = new Map<string, boolean>();
  const isOwned = (key: string): boolean => {
    const known = owned.get(key);
    if (known !== undefined) return known;
    owned.set(key, false);
    const table = state.tables.get(key);
    const answer =
      table !== undefined &&
      ((owners.get(key)?.length ?? 0) > 0 ||
        tenants.has(key) ||
        claimed.has(key) ||
        parentsOf(table).some(({ references }) => isOwned(references)));
    owned.set(key, answer);
    return answer;
  };
  // A parent of a members table is somebody's: its members'.
  const tenants = new Set<string>();
  for (const key of trusted) {
    const members = state.tables.get(key)!;
    for (const foreign of members.foreignKeys) {
      const parent = state.tables.get(foreign.references);
      if (parent === undefined || platformSchemas.has(parent.schema) || owners.has(parent.key)) continue;
      const readers = [...readings].filter(([home, reading]) => home !== key && reading.tables.has(key));
      // Only where the members table decides about the parent itself or about what hangs on it.
      const decides = readers.some(
        ([home]) =>
          home === parent.key ||
          state.tables.get(home)?.foreignKeys.some((other) => other.references === parent.key) === true,
      );
      if (decides) tenants.add(parent.key);
    }
  }

  return {
    ownersOf: (table) => owners.get(table) ?? [],
    isOwned,
    columnsOf(key) {
      const direct = owners.get(key) ?? [];
      if (direct.length > 0) return direct.map((owner) => owner.column);
      const byClaim = claimed.get(key);
      if (byClaim !== undefined) return [...byClaim].toSorted();
      const table = state.tables.get(key);
      return table === undefined
        ? []
        : parentsOf(table)
            .filter(({ references }) => isOwned(references))
            .flatMap(({ columns }) => columns);
    },
    trusted,
  };
}

/** How a column names a user. */
export function ownerValue(owner: OwnerColumn, user: User): string {
  const value =
    owner.caller.kind === 'email' ? user.email : owner.caller.kind === 'phone' ? user.phone : user.id;
  if (owner.form === 'array') return `{"${value}"}`;
  if (owner.form === 'json') return JSON.stringify([value]);
  return value;
}

export const platformSchemas: ReadonlySet<string> = new Set([
  'auth',
  'storage',
  'realtime',
  'vault',
  'extensions',
  'graphql',
  'graphql_public',
  'supabase_migrations',
  'supabase_functions',
  'net',
  'cron',
  'pgmq',
  'pgsodium',
]);
