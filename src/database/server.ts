/** The other engine: any throw-away Postgres by `database-url`. See `server/cluster-run.ts` for what it does to the server. */
import { type Checkpoint, type Engine, EngineLost, type EngineOptions, type Session } from './engine.ts';
import { platformFiles } from './platform/index.ts';
import {
  type ClusterState,
  ident,
  literal,
  recordCluster,
  restoreCluster,
  settingValue,
} from './server/cluster.ts';
import { type ClusterOptions, ClusterRun } from './server/cluster-run.ts';
import { connect, loginOf, NotSuperuser, ServerSession, ServerUnavailable } from './server/connection.ts';

export { NotSuperuser, ServerUnavailable };

export type ServerOptions = EngineOptions & Partial<ClusterOptions>;

/** A fresh database with Supabase's platform on the server at `url`. Throws `ServerUnavailable`, whose message is for the reader. */
export async function openServer(url: string, options: ServerOptions): Promise<Engine> {
  const run = await ClusterRun.begin(loginOf(url), {
    lockWaitMs: options.lockWaitMs ?? 600_000,
    allowUsedServer: options.allowUsedServer ?? false,
  });
  run.enter();
  try {
    const database = run.databaseName();
    await run.client.query(`create database ${ident(database)} template template0 encoding 'UTF8'`);
    await layPlatform(run, database);
    return await ServerEngine.on(run, database, options);
  } catch (error) {
    await run.leave();
    throw error;
  }
}

async function layPlatform(run: ClusterRun, database: string): Promise<void> {
  // Messages are read by the probes, and must be English whatever the server speaks.
  await run.client.query(`alter database ${ident(database)} set lc_messages to 'C'`);
  const client = await connect({ ...run.admin, database });
  try {
    for (const { name, sql } of platformFiles('server')) {
      await client.query(sql).catch((error: Error) => {
        throw new ServerUnavailable(
          `Supabase's platform can't be laid on this server (${name}): ${error.message}.`,
          {
            cause: error,
          },
        );
      });
    }
  } finally {
    await client.end();
  }
}

class ServerEngine implements Engine {
  readonly kind = 'server';
  readonly postgres: string;
  readonly major: number;
  readonly admin: ServerSession;
  readonly postgresRole: ServerSession;
  readonly #run: ClusterRun;
  readonly #database: string;
  readonly #options: ServerOptions;
  /** The server's roles to come back to when this engine closes; null for the first one: the run itself knows. */
  readonly #outside: ClusterState | null;
  #closed = false;

  private constructor(
    run: ClusterRun,
    database: string,
    options: ServerOptions,
    version: string,
    outside: ClusterState | null,
  ) {
    this.#run = run;
    this.#database = database;
    this.#options = options;
    this.#outside = outside;
    this.postgres = version.split(' ')[0]!;
    this.major = Number.parseInt(version, 10);
    const stop = async (pid: number, how: 'cancel' | 'terminate') => {
      await run.client.query(`select pg_${how}_backend(${pid})`);
    };
    // A superuser's session runs nothing of the project's: neither what it named as Postgres' own nor what it hung on DDL.
    // There is no such setting before 17: DDL goes by the detour there (see `replay/detour.ts`).
    const first = `set search_path = pg_catalog, pg_temp${this.major >= 17 ? '; set event_triggers = off' : ''}`;
    this.admin = new ServerSession({ ...run.admin, database }, options.statementLimitMs, stop, first);
    this.postgresRole = new ServerSession({ ...run.migrator, database }, options.statementLimitMs, stop);
  }

  static async on(
    run: ClusterRun,
    database: string,
    options: ServerOptions,
    outside: ClusterState | null = null,
  ): Promise<ServerEngine> {
    const { rows } = await run.client.query('show server_version');
    return new ServerEngine(run, database, options, rows[0].server_version, outside);
  }

  async act<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { client, migrator } = this.#run;
    // SET without INHERIT: a function of postgres' is not let in where it would not be on Supabase.
    const how = this.major >= 16 ? ' with inherit false, set true' : '';
    const { rows } = await client.query(`
      select r.rolname as role from pg_roles r where r.rolname in ('supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin')
        and not pg_has_role('postgres', r.oid, 'member')`);
    const roles = rows.map(({ role }) => role).join(', ');
    if (roles !== '') await client.query(`grant ${roles} to postgres${how}`);
    const login = { ...migrator, database: this.#database };
    const session = new ServerSession(login, this.#options.statementLimitMs, this.admin.stop);
    try {
      return await work(session);
    } finally {
      await session.disconnect();
      if (roles !== '') await client.query(`revoke ${roles} from postgres`);
    }
  }

  async checkpoint(): Promise<Checkpoint> {
    const database = this.#run.databaseName();
    await this.#copy(this.#database, database);
    return new TemplateCheckpoint(this.#run, database, await recordCluster(this.#run.client));
  }

  async open(from: Checkpoint): Promise<Engine> {
    if (!(from instanceof TemplateCheckpoint))
      throw new TypeError('That checkpoint was made by another engine.');
    const database = this.#run.databaseName();
    await this.#copy(from.database, database);
    // Roles made since then are not there for the new engine; this one gets them back when the new one closes.
    const outside = await recordCluster(this.#run.client);
    await restoreCluster(this.#run.client, from.cluster, 'put aside');
    this.#run.enter();
    return ServerEngine.on(this.#run, database, this.#options, outside);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#disconnect();
      await this.#run.client.query(`drop database if exists ${ident(this.#database)} with (force)`);
      if (this.#outside) await restoreCluster(this.#run.client, this.#outside, 'drop');
    } finally {
      await this.#run.leave();
    }
  }

  async #disconnect(): Promise<void> {
    await this.admin.disconnect();
    await this.postgresRole.disconnect();
  }

  /** CREATE DATABASE … TEMPLATE, with what was set for the template (which Postgres does not copy). */
  async #copy(from: string, to: string): Promise<void> {
    if (this.#closed) throw new EngineLost('connection', 'This engine is closed.');
    await this.#disconnect();
    const { client } = this.#run;
    // A backend takes a moment to leave after its client has.
    await client.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [from],
    );
    const { rows } = await client.query(
      `select pg_get_userbyid(d.datdba) as owner, d.datacl::text as acl from pg_database d where d.datname = ${literal(from)}`,
    );
    await client.query(`create database ${ident(to)} template ${ident(from)} owner ${ident(rows[0].owner)}`);
    const settings = await client.query(`
      select r.rolname as role, unnest(s.setconfig) as setting from pg_db_role_setting s
      join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole where d.datname = ${literal(from)}`);
    for (const { role, setting } of settings.rows) {
      const at = setting.indexOf('=');
      const target = role === null ? `database ${ident(to)}` : `role ${ident(role)} in database ${ident(to)}`;
      const name = setting.slice(0, at);
      await client.query(
        `alter ${target} set ${ident(name)} to ${settingValue(name, setting.slice(at + 1))}`,
      );
    }
    const grants = await client.query(`
      select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee, string_agg(a.privilege_type, ', ') as privileges
      from pg_database d, aclexplode(d.datacl) a where d.datname = ${literal(from)} and a.grantee <> d.datdba group by 1`);
    for (const { grantee, privileges } of grants.rows) {
      await client.query(`grant ${privileges} on database ${ident(to)} to ${grantee}`);
    }
  }
}

class TemplateCheckpoint implements Checkpoint {
  readonly kind = 'server';
  readonly database: string;
  readonly cluster: ClusterState;
  readonly #run: ClusterRun;

  constructor(run: ClusterRun, database: string, cluster: ClusterState) {
    this.#run = run;
    this.database = database;
    this.cluster = cluster;
  }

  async drop(): Promise<void> {
    await this.#run.client
      .query(`drop database if exists ${ident(this.database)} with (force)`)
      .catch(() => undefined);
  }
}
