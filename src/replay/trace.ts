/** What a statement does to relations that stood before the pull request: the locks it takes, the tables it writes anew. */
import type { Engine, Outcome, Row } from '../database/engine.ts';
import type { LockMode, SeenLock, SqlError } from '../model/replay.ts';
import type { Statement } from '../model/sql.ts';
import { ownError } from './errors.ts';
import type { Watcher } from './file.ts';
import { documentedLocks } from './standalone-locks.ts';

interface Relation {
  readonly key: string;
  /** Key of the table, for an index or a TOAST table its owner's. */
  readonly table: string;
  filenode: string | null;
}

export interface StatementTrace {
  readonly locks: readonly SeenLock[];
  readonly rewrites: readonly string[];
}

/** Weakest first (manual, 13.3.1): of several modes on one relation the strongest is said. */
const strength: readonly LockMode[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

export class Tracer implements Watcher {
  readonly query = `select relation::text, mode from pg_catalog.pg_locks
    where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted and relation >= 16384
    union all select session_user::text, 'session user'`;
  readonly #engine: Engine;
  readonly #known = new Map<string, Relation>();
  readonly #traces = new Map<number, StatementTrace>();
  #held = new Set<string>();
  #newest = '0';

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Knows the relations that stand now; those made later are nobody's yet. `among`: only those that it knew by name. */
  static async start(engine: Engine, among?: Tracer): Promise<Tracer> {
    const tracer = new Tracer(engine);
    await tracer.learn();
    if (among) {
      const keys = new Set([...among.#known.values()].map(({ key }) => key));
      for (const [oid, { key }] of tracer.#known) if (!keys.has(key)) tracer.#known.delete(oid);
    }
    return tracer;
  }

  /** What was made since the last look stands now. */
  async learn(): Promise<void> {
    const rows = await this.#engine.admin.query(`
      select c.oid::text, pg_relation_filenode(c.oid)::text as filenode,
        quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
        quote_ident(tn.nspname) || '.' || quote_ident(t.relname) as table
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_index i on i.indexrelid = c.oid
      join pg_class t on t.oid = coalesce(i.indrelid, c.oid)
      join pg_namespace tn on tn.oid = t.relnamespace
      where c.oid > ${this.#newest} and c.relkind in ('r', 'p', 'm', 'v', 'i', 'I', 'S', 'f')
        and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      order by c.oid`);
    for (const { oid, key, table, filenode } of rows) {
      this.#known.set(oid!, { key: key!, table: table!, filenode: filenode ?? null });
      this.#newest = oid!;
    }
  }

  async seen(index: number, outcome: Outcome, inTransaction: boolean): Promise<SqlError | null> {
    const rows: readonly Row[] = inTransaction && outcome.ok ? outcome.rows : [];
    const user = rows.find(({ mode }) => mode === 'session user')?.relation ?? 'postgres';
    // The embedded engine's login is a superuser; on Supabase it is postgres, and this would have been refused.
    if (user !== 'postgres') return ownError('42501', 'permission denied to set session authorization');
    const strongest = new Map<string, LockMode>();
    const exclusive: string[] = [];
    for (const { relation, mode } of rows) {
      const known = this.#known.get(relation!);
      const lock = `${relation} ${mode}`;
      if (!known || this.#held.has(lock)) continue;
      this.#held.add(lock);
      if (mode === 'AccessExclusiveLock') exclusive.push(relation!);
      const before = strongest.get(known.table);
      if (!before || strength.indexOf(mode as LockMode) > strength.indexOf(before)) {
        strongest.set(known.table, mode as LockMode);
      }
    }
    const locks = [...strongest].map(([relation, mode]) => ({ relation, mode })).sort(byRelation);
    // A rewrite takes ACCESS EXCLUSIVE, at this statement or earlier in its transaction.
    const locked = rows.filter((row) => row.mode === 'AccessExclusiveLock' && this.#known.has(row.relation!));
    const rewrites = locked.length > 0 ? await this.#rewrites(locked.map((row) => row.relation!)) : [];
    this.#traces.set(index, { locks, rewrites });
    return null;
  }

  async alone(statement: Statement): Promise<void> {
    const relations = [...this.#known.values()];
    const locks = documentedLocks(statement).flatMap(({ schema, name, mode }): SeenLock[] => {
      const key = `${quoted(schema ?? 'public')}.${quoted(name)}`;
      const known = relations.find((relation) => relation.key === key);
      return known ? [{ relation: known.table, mode, source: 'manual' }] : [];
    });
    const oids = [...this.#known.keys()];
    const rewrites = oids.length > 0 ? await this.#rewrites(oids) : [];
    this.#traces.set(statement.index, { locks, rewrites });
  }

  released(): void {
    this.#held = new Set();
  }

  /** Whether a relation stood before the pull request. */
  knows(oid: string): boolean {
    return this.#known.has(oid);
  }

  /** After a file that was rolled back: what it wrote anew is as it was. */
  async forget(): Promise<void> {
    this.take();
    const rows = await this.#engine.admin.query(
      'select oid::text, pg_relation_filenode(oid)::text as filenode from pg_class',
    );
    for (const { oid, filenode } of rows) {
      const known = this.#known.get(oid!);
      if (known) known.filenode = filenode ?? null;
    }
  }

  /** What was seen since the last call, by index of the statement. */
  take(): ReadonlyMap<number, StatementTrace> {
    const traces = new Map(this.#traces);
    this.#traces.clear();
    this.released();
    return traces;
  }

  async #rewrites(oids: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#engine.postgresRole.query(
      `select oid::text, pg_catalog.pg_relation_filenode(oid)::text as filenode, relkind from pg_catalog.pg_class where oid in (${oids.join(',')})`,
    );
    const rewritten = new Set<string>();
    for (const { oid, filenode, relkind } of rows) {
      const known = this.#known.get(oid!)!;
      if (known.filenode === filenode) continue;
      known.filenode = filenode ?? null;
      if (relkind === 'r' || relkind === 'm') rewritten.add(known.key);
    }
    return [...rewritten].sort();
  }
}

/** As quote_ident writes it, but for keywords. */
const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

const byRelation = (a: SeenLock, b: SeenLock): number => (a.relation < b.relation ? -1 : 1);
