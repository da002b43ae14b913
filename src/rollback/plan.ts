/**
 * From one snapshot to another: what is too much is dropped, what differs is altered, what is missing is made, in an
 * order in which everything finds what it needs. What can't be altered is dropped and made again, and with it what
 * hangs on it. Data is never moved: a table or column that is gone comes back empty, and its statement says so.
 */
import { changePrivileges } from '../database/catalog/privileges.ts';
import type { CatalogKind, CatalogObject, Snapshot } from '../model/catalog.ts';
import { contentOf } from '../model/catalog.ts';
import { alter } from './alter.ts';
import { converted } from './converted.ts';
import { keepsValues } from './data.ts';
import { noted } from './notes.ts';
import { type Action, order } from './order.ts';
import { aside, qualified, renameBack } from './rename.ts';

export interface PlannedStatement {
  readonly sql: string;
  /** What a reader should know before running it. */
  readonly note: string | null;
}

export interface Plan {
  readonly statements: readonly PlannedStatement[];
  /** Objects that no statement brings back. */
  readonly impossible: readonly string[];
}

/** One round. After renames, look again: definitions follow names. */
export function plan(now: Snapshot, wanted: Snapshot): Plan {
  const renames = renameBack(now, wanted);
  if (renames.length > 0) return { statements: renames.map((sql) => ({ sql, note: null })), impossible: [] };
  return new Planner(now, wanted).run();
}

/** Go unasked where a column of theirs goes. */
const goWithColumn: ReadonlySet<CatalogKind> = new Set([
  'index',
  'constraint',
  'default',
  'statistics',
  'sequence owner',
]);
/** Stand in the way of a change of a column's type. */
const boundToType: ReadonlySet<CatalogKind> = new Set([
  'view',
  'materialized view',
  'rule',
  'policy',
  'trigger',
  'function',
  'procedure',
  'default',
  'publication table',
]);
/** Hold rows: never dropped to be made again. */
const holdsRows: ReadonlySet<CatalogKind> = new Set([
  'table',
  'foreign table',
  'schema',
  'queue',
  'sequence',
  'role',
  'database',
  'server',
  'foreign data wrapper',
]);

class Planner {
  readonly #now: Snapshot;
  readonly #wanted: Snapshot;
  /** What of `now` goes, by itself or with something else. */
  readonly #gone = new Set<string>();
  /** Types that are set aside, made anew, and given to the columns that have them. */
  readonly #rebuilt = new Map<string, string[]>();
  readonly #dependents = new Map<string, string[]>();
  readonly #children = new Map<string, string[]>();
  readonly #impossible: string[] = [];

  constructor(now: Snapshot, wanted: Snapshot) {
    this.#now = now;
    this.#wanted = wanted;
    for (const object of now.objects.values()) {
      for (const need of object.dependencies) push(this.#dependents, need, object.id);
      if (object.parent !== null) push(this.#children, object.parent, object.id);
    }
  }

  run(): Plan {
    const changed = this.#classify();
    const made = this.#toMake();
    const actions = [...this.#drops(), ...this.#alters(changed, made), ...this.#creates(made)];
    return {
      statements: order(actions).flatMap((action) => action.statements),
      impossible: this.#impossible,
    };
  }

  /** Fills `gone` and `rebuilt`; returns what is altered in place. */
  #classify(): Map<string, string[]> {
    const changed = new Map<string, string[]>();
    for (const [id, object] of this.#now.objects) {
      const goal = this.#wanted.objects.get(id);
      if (goal === undefined) this.#goes(id);
      else if (contentOf(object) !== contentOf(goal)) {
        const statements = alter(object, goal);
        if (statements === null) this.#replace(id);
        else {
          changed.set(id, statements);
          if (object.kind === 'column' && changesType(object, goal)) this.#freeColumn(id);
        }
      }
    }
    for (const id of [...changed.keys()]) if (this.#gone.has(id)) changed.delete(id);
    this.#changed = changed;
    for (const id of [...this.#gone]) this.#spread(id);
    for (const id of this.#rebuilt.keys()) this.#spread(id);
    for (const id of [...changed.keys()]) if (this.#gone.has(id)) changed.delete(id);
    return changed;
  }
  #changed: ReadonlyMap<string, string[]> | null = null;

  #goes(id: string): void {
    if (this.#gone.has(id)) return;
    this.#gone.add(id);
    for (const child of this.#children.get(id) ?? []) this.#goes(child);
    if (this.#changed !== null) this.#spread(id);
  }

  #replace(id: string): void {
    const object = this.#now.objects.get(id)!;
    if (this.#gone.has(id) || this.#rebuilt.has(id)) return;
    if (object.kind === 'type') {
      this.#rebuilt.set(id, []);
      for (const child of this.#children.get(id) ?? []) this.#goes(child);
      if (this.#changed !== null) this.#spread(id);
    } else if (holdsRows.has(object.kind)) this.#impossible.push(`${object.kind} ${object.identity}`);
    else this.#goes(id);
  }

  /** What needs something that goes has to go before it. */
  #spread(id: string): void {
    for (const dependent of this.#dependents.get(id) ?? []) {
      if (this.#gone.has(dependent) || this.#rebuilt.has(dependent)) continue;
      const object = this.#now.objects.get(dependent)!;
      const goal = this.#wanted.objects.get(dependent);
      if (goal === undefined) this.#goes(dependent);
      else if (object.kind === 'column') {
        if (this.#rebuilt.has(id)) {
          if (goal.dependencies.includes(id)) this.#rebuilt.get(id)!.push(dependent);
          this.#freeColumn(dependent);
        } else if (object.properties.generated !== null && !this.#changed!.has(dependent))
          this.#goes(dependent);
      } else if (this.#changed!.has(dependent) && !goal.dependencies.includes(id)) continue;
      else if (!holdsRows.has(object.kind)) this.#replace(dependent);
    }
  }

  /** Before a column's type changes, what reads it must be out of the way. */
  #freeColumn(id: string): void {
    for (const dependent of this.#dependents.get(id) ?? []) {
      const object = this.#now.objects.get(dependent)!;
      const foreignKey = object.kind === 'constraint' && object.properties.type === 'f';
      const generated = object.kind === 'column' && object.properties.generated !== null;
      if (boundToType.has(object.kind) || foreignKey || generated) this.#goes(dependent);
    }
  }

  /** Ids of `wanted` that have to be made: those missing, and those of what goes that should stand. */
  #toMake(): Set<string> {
    const made = new Set<string>();
    for (const id of this.#wanted.objects.keys()) {
      if (!this.#now.objects.has(id) || this.#gone.has(id)) made.add(id);
    }
    return made;
  }

  // ── drops ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #drops(): Action[] {
    const explicit = new Set<string>();
    for (;;) {
      const carrier = new Map<string, string>();
      for (const id of this.#gone) carrier.set(id, this.#carrierOf(id, explicit));
      const edges: { from: string; to: string; because: string }[] = [];
      for (const id of this.#gone) {
        for (const need of this.#now.objects.get(id)!.dependencies) {
          const from = carrier.get(id)!;
          const to = carrier.get(need) ?? (this.#rebuilt.has(need) ? `rebuild ${need}` : undefined);
          if (to !== undefined && from !== to) edges.push({ from, to, because: id });
        }
      }
      // Two tables whose parts need one another: the part goes first, by a statement of its own.
      const knots = inCycles(edges).filter(
        ({ because }) => carrier.get(because) !== because && !explicit.has(because),
      );
      const loose = knots.filter(({ because }) => this.#now.objects.get(because)!.drop !== null);
      if (loose.length > 0) {
        for (const { because } of loose) explicit.add(because);
        continue;
      }
      return this.#dropActions(carrier, edges);
    }
  }

  #dropActions(
    carrier: ReadonlyMap<string, string>,
    edges: readonly { from: string; to: string }[],
  ): Action[] {
    const actions: Action[] = [];
    for (const id of new Set(carrier.values())) {
      if (id.startsWith('rebuild ')) continue;
      const object = this.#now.objects.get(id)!;
      actions.push({
        id: `drop ${id}`,
        phase: 'drop',
        kind: object.kind,
        statements: (object.drop ?? []).map((sql) => ({ sql, note: null })),
        after: edges
          .filter((edge) => edge.to === id)
          .map((edge) => (edge.from.startsWith('rebuild ') ? edge.from : `drop ${edge.from}`)),
      });
    }
    for (const [id, columns] of this.#rebuilt) {
      actions.push({
        id: `rebuild ${id}`,
        phase: 'alter',
        kind: 'type',
        statements: this.#rebuild(id, columns),
        after: [
          ...edges.filter((edge) => edge.to === `rebuild ${id}`).map((edge) => `drop ${edge.from}`),
          ...this.#wanted.objects
            .get(id)!
            .dependencies.flatMap((need) => [`create ${need}`, `rebuild ${need}`, `alter ${need}`]),
          // Columns that get rid of the type do so before it is dropped.
          ...(this.#dependents.get(id) ?? [])
            .filter((dependent) => !columns.includes(dependent))
            .map((dependent) => `alter ${dependent}`),
          ...columns.flatMap((column) =>
            (this.#dependents.get(column) ?? []).map((dependent) => `drop ${carrier.get(dependent)}`),
          ),
        ],
      });
    }
    return actions;
  }

  /** The object whose DROP takes this one along: itself, its whole, or the column it stands on. */
  #carrierOf(id: string, explicit: ReadonlySet<string>): string {
    const object = this.#now.objects.get(id)!;
    if (explicit.has(id)) return id;
    if (object.parent !== null) {
      if (this.#gone.has(object.parent)) return this.#carrierOf(object.parent, explicit);
      if (this.#rebuilt.has(object.parent)) return `rebuild ${object.parent}`;
    }
    const column = object.dependencies.find(
      (need) =>
        need.startsWith('column ') &&
        this.#gone.has(need) &&
        this.#now.objects.get(need)!.parent === tableOf(object),
    );
    if (column !== undefined && goWithColumn.has(object.kind)) return this.#carrierOf(column, explicit);
    const owned = object.kind === 'sequence' ? (object.properties.owned as string | null) : null;
    if (owned !== null && this.#gone.has(owned)) return this.#carrierOf(owned, explicit);
    if (object.kind === 'membership' || object.drop === null) {
      const whole = object.dependencies.find((need) => this.#gone.has(need) && need !== id);
      if (whole !== undefined) return this.#carrierOf(whole, explicit);
    }
    return id;
  }

  #rebuild(id: string, columns: readonly string[]): PlannedStatement[] {
    const type = this.#wanted.objects.get(id)!;
    const { schema, name } = qualified(type.identity);
    const statements = [`ALTER TYPE ${type.identity} RENAME TO ${aside(name)}`, ...type.create];
    for (const columnId of columns) {
      const column = this.#wanted.objects.get(columnId)!;
      const {
        table,
        name: columnName,
        inherited,
      } = column.properties as { table: string; name: string; inherited: boolean };
      const to = String(column.properties.type);
      if (inherited) continue;
      statements.push(
        `ALTER TABLE ${table} ALTER COLUMN ${columnName} TYPE ${to} USING ${converted(columnName, to.endsWith('[]') ? 'x[]' : 'x', to)}`,
      );
    }
    statements.push(`DROP TYPE ${schema}.${aside(name)}`);
    const enumeration = type.properties.type === 'enum';
    return statements.map((sql, i) => ({
      sql,
      note:
        i === 0 && enumeration
          ? 'a value can not be dropped from an enum: the type is made anew; rows that hold the value stop this'
          : null,
    }));
  }

  // ── alters ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #alters(changed: ReadonlyMap<string, readonly string[]>, made: ReadonlySet<string>): Action[] {
    return [...changed].map(([id, statements]) => {
      const object = this.#now.objects.get(id)!;
      const goal = this.#wanted.objects.get(id)!;
      const [type, original] = [String(object.properties.type), String(goal.properties.type)];
      const narrowed = object.kind === 'column' && !keepsValues(original, type);
      return {
        id: `alter ${id}`,
        phase: 'alter',
        kind: goal.kind,
        statements: statements.map((sql) => ({
          sql,
          note:
            narrowed && / TYPE /.test(sql)
              ? 'values are converted, not brought back'
              : / SET NOT NULL$/.test(sql)
                ? 'rows that hold no value stop this'
                : null,
        })),
        after: [
          ...goal.dependencies.flatMap((need) => [`create ${need}`, `rebuild ${need}`, `alter ${need}`]),
          ...(this.#dependents.get(id) ?? [])
            .filter((dependent) => this.#gone.has(dependent))
            .map((dependent) => `drop ${dependent}`),
        ],
        before: object.dependencies
          .filter((need) => this.#gone.has(need) && !made.has(need))
          .map((need) => `drop ${need}`),
      };
    });
  }

  // ── creates ────────────────────────────────────────────────────────────────────────────────────────────────────

  #creates(made: ReadonlySet<string>): Action[] {
    const actions: Action[] = [];
    for (const id of made) {
      const object = this.#wanted.objects.get(id)!;
      const along = this.#comesAlong(object, made);
      if (along && object.kind !== 'column') continue;
      if (!along) actions.push(this.#create(object, made));
      const grants = this.#initialGrants(object);
      if (grants.length > 0) {
        actions.push({
          id: `grants ${id}`,
          phase: 'create',
          kind: 'grant',
          statements: grants,
          after: [`create ${id}`],
        });
      }
    }
    for (const id of this.#rebuilt.keys()) {
      const statements = this.#initialGrants(this.#wanted.objects.get(id)!);
      actions.push({
        id: `grants ${id}`,
        phase: 'create',
        kind: 'grant',
        statements,
        after: [`rebuild ${id}`],
      });
    }
    return actions;
  }

  #create(object: CatalogObject, made: ReadonlySet<string>): Action {
    if (object.create.length === 0 && unmade(object))
      this.#impossible.push(`${object.kind} ${object.identity}`);
    const parent = object.kind === 'grant' ? object.parent : null;
    const grantOfNew = parent !== null && (made.has(parent) || this.#rebuilt.has(parent));
    return {
      id: `create ${object.id}`,
      phase: 'create',
      kind: object.kind,
      statements: grantOfNew ? [] : noted(object, this.#defaultOf(object), this.#isNews(object, made)),
      after: [
        ...[...object.dependencies, ...(this.#defaultOf(object)?.dependencies ?? [])].flatMap((need) => [
          `create ${need}`,
          `rebuild ${need}`,
          `alter ${need}`,
        ]),
        `drop ${object.id}`,
        // Another object of that name goes first.
        ...relationKinds.map((kind) => `drop ${kind} ${object.identity}`),
      ],
    };
  }

  /** To rows that stand there and that nothing holds to it now. */
  #isNews(object: CatalogObject, made: ReadonlySet<string>): boolean {
    const is = this.#now.objects.get(object.id);
    const isHeld = is !== undefined && contentOf(is) === contentOf(object);
    return !isHeld && object.parent !== null && !made.has(object.parent);
  }

  /** Of a column that is NOT NULL: it is added with it, so that rows do not stop it. */
  #defaultOf(column: CatalogObject): CatalogObject | undefined {
    if (column.kind !== 'column' || !column.properties.notNull) return undefined;
    return this.#wanted.objects.get(`default ${column.identity}`);
  }

  /** Made by the statement that makes its whole. */
  #comesAlong(object: CatalogObject, made: ReadonlySet<string>): boolean {
    if (object.kind === 'column') return made.has(object.parent!);
    if (object.kind === 'default') {
      const column = this.#wanted.objects.get(object.parent!)!;
      if (made.has(column.id) && !made.has(column.parent!) && this.#defaultOf(column)) return true;
    }
    for (let id = object.parent; id !== null; id = this.#wanted.objects.get(id)?.parent ?? null) {
      if (!made.has(id)) return false;
      if (id.startsWith('queue ') || id.startsWith('extension ')) return true;
    }
    return false;
  }

  /** GRANT and REVOKE that bring a new object from what default privileges give it to what it should have. */
  #initialGrants(object: CatalogObject): PlannedStatement[] {
    if (objectClass[object.kind] === undefined && object.kind !== 'column') return [];
    const grants = [...this.#wanted.objects.values()].filter(
      (one) => one.kind === 'grant' && one.parent === object.id,
    );
    // On a column hang its own grants, and those on the sequence of an identity.
    const whole = grants.filter(
      (grant) => grant.properties.column === null && !/ by \S+$/.test(grant.identity),
    );
    const others = grants.filter((grant) => !whole.includes(grant)).flatMap((grant) => [...grant.create]);
    if (whole.length === 0) return others.map((sql) => ({ sql, note: null }));
    const on = String(whole[0]!.properties.on);
    const have = initialAcl(object.kind === 'column' ? 'sequence' : object.kind, on, this.#wanted);
    const want = new Map(
      whole.map((grant) => [String(grant.properties.grantee), String(grant.properties.privileges)]),
    );
    const statements = [...new Set([...have.keys(), ...want.keys()])]
      .sort()
      .flatMap((grantee) =>
        changePrivileges(have.get(grantee) ?? '', want.get(grantee) ?? '', { on, grantee }),
      );
    return [...statements, ...others].map((sql) => ({ sql, note: null }));
  }
}

const relationKinds: readonly CatalogKind[] = [
  'table',
  'foreign table',
  'view',
  'materialized view',
  'sequence',
  'index',
  'type',
];

const tableOf = (object: CatalogObject): string | null =>
  object.kind === 'default' || object.kind === 'sequence owner'
    ? `table ${object.identity.slice(0, object.identity.lastIndexOf('.'))}`
    : object.parent;

function changesType(from: CatalogObject, to: CatalogObject): boolean {
  return from.properties.type !== to.properties.type || from.properties.collation !== to.properties.collation;
}

/** Nothing makes it by itself, and it does not come with anything either. */
function unmade(object: CatalogObject): boolean {
  if (object.kind === 'column' || object.kind === 'constraint' || object.kind === 'index') {
    return !object.properties.inherited && !object.properties.attached;
  }
  return (
    object.kind === 'other' ||
    object.kind === 'user mapping' ||
    (object.kind === 'type' && object.properties.type === 'base')
  );
}

const objectClass: Partial<
  Record<CatalogKind, { readonly on: string | null; readonly own: keyof Snapshot['ownerPrivileges'] }>
> = {
  table: { on: 'tables', own: 'table' },
  'foreign table': { on: 'tables', own: 'table' },
  view: { on: 'tables', own: 'table' },
  'materialized view': { on: 'tables', own: 'table' },
  sequence: { on: 'sequences', own: 'sequence' },
  function: { on: 'functions', own: 'function' },
  procedure: { on: 'functions', own: 'function' },
  aggregate: { on: 'functions', own: 'function' },
  type: { on: 'types', own: 'type' },
  schema: { on: 'schemas', own: 'schema' },
  // No default privileges speak of these.
  'foreign data wrapper': { on: null, own: 'wrapper' },
  server: { on: null, own: 'server' },
};

/** What a new object of `postgres` is granted unasked: Postgres' own defaults, and default privileges. */
function initialAcl(kind: CatalogKind, on: string, of: Snapshot): Map<string, string> {
  const known = objectClass[kind];
  if (known === undefined) return new Map();
  const everywhere = of.objects.get(`default privilege ${known.on} by postgres`)?.properties.to as
    | Record<string, string>
    | undefined;
  const everyone: Partial<Record<CatalogKind, string>> = {
    function: 'X',
    procedure: 'X',
    aggregate: 'X',
    type: 'U',
  };
  const acl = new Map(
    Object.entries(everywhere ?? { postgres: of.ownerPrivileges[known.own], PUBLIC: everyone[kind] ?? '' }),
  );
  const { schema } = qualified(on.replace(/^[A-Z ]+ /, ''));
  const here = of.objects.get(`default privilege ${known.on} by postgres in ${schema}`)?.properties.to as
    | Record<string, string>
    | undefined;
  for (const [grantee, privileges] of Object.entries(here ?? {})) {
    const had = acl.get(grantee) ?? '';
    const more = (privileges.match(/[a-zA-Z]\*?/g) ?? []).filter((letter) => !had.includes(letter[0]!));
    acl.set(grantee, had + more.join(''));
  }
  return acl;
}

/** Edges that lie on a cycle. */
function inCycles<Edge extends { readonly from: string; readonly to: string }>(
  edges: readonly Edge[],
): Edge[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) push(next, from, to);
  const reaches = (from: string, goal: string): boolean => {
    const seen = new Set<string>();
    const open = [from];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node === goal) return true;
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(...(next.get(node) ?? []));
    }
    return false;
  };
  return edges.filter(({ from, to }) => reaches(to, from));
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
