/**
 * One run's hold on a server: the lock, the record of what stood before, `postgres` as an ordinary role; and the way
 * back. A killed run leaves its record in the server, and the next run begins by mending from it.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import {
  type ClusterState,
  DATABASE_PREFIX,
  ident,
  literal,
  recordCluster,
  restoreCluster,
} from './cluster.ts';
import { connect, type Login, NotSuperuser, ServerUnavailable } from './connection.ts';

/** Any two runs on one server take this same lock. The number means nothing. */
const LOCK = '5871330478164902715';
const JOURNAL = 'migration_guard';
const ADMIN = 'supabase_admin';

export interface ClusterOptions {
  /** Milliseconds to wait for another run on the same server. */
  readonly lockWaitMs: number;
  /** Use the server although it holds tables of somebody's. */
  readonly allowUsedServer: boolean;
}

export class ClusterRun {
  readonly admin: Login;
  readonly migrator: Login;
  /** Superuser connection to the maintenance database; holds the lock for as long as it lives. */
  readonly client: pg.Client;
  readonly #login: Login;
  readonly #before: ClusterState;
  #databases = 0;
  #users = 0;
  readonly #run = randomBytes(4).toString('hex');

  private constructor(client: pg.Client, login: Login, before: ClusterState, passwords: Passwords) {
    this.client = client;
    this.#login = login;
    this.#before = before;
    this.admin = { ...login, user: ADMIN, password: passwords.admin };
    this.migrator = { ...login, user: 'postgres', password: passwords.migrator };
  }

  static async begin(given: Login, options: ClusterOptions): Promise<ClusterRun> {
    refuseSupabase(given, options);
    const { client, login } = await superuser(given);
    try {
      await lock(client, options.lockWaitMs);
      await mendLeftovers(client, login);
      if (!options.allowUsedServer) await refuseUsed(client, login);
      const before = await recordCluster(client);
      await writeJournal(client, before);
      const passwords = await takeOver(client, login);
      return new ClusterRun(client, login, before, passwords);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** A name nobody else uses, and recognisably ours. */
  databaseName(): string {
    this.#databases += 1;
    return `${DATABASE_PREFIX}${this.#run}_${this.#databases}`;
  }

  /** Engines share the run; the last one to leave puts the server back as it was. */
  enter(): void {
    this.#users += 1;
  }

  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    try {
      await putBack(this.client, this.#login, this.#before);
    } finally {
      await this.client.end().catch(() => undefined);
    }
  }
}

interface Passwords {
  readonly admin: string | undefined;
  readonly migrator: string;
}

function refuseSupabase(login: Login, options: ClusterOptions): void {
  if (options.allowUsedServer || !/\.supabase\.(co|com|in|net|red)$/i.test(login.host)) return;
  throw new ServerUnavailable(
    `"${login.host}" is a Supabase project. Migrations are replayed on a throw-away server only: give the URL of a service container.`,
  );
}

/** The URL's user; or, where a killed run has left `postgres` an ordinary role, the superuser that it was. */
async function superuser(given: Login): Promise<{ client: pg.Client; login: Login }> {
  let refused: unknown = null;
  for (const user of new Set([given.user, ADMIN])) {
    const login = { ...given, user, database: 'postgres' };
    let client: pg.Client;
    try {
      client = await connect(login).catch((error) => {
        // No database "postgres": the URL's own will do for maintenance.
        if (error.cause?.code !== '3D000') throw error;
        return connect({ ...login, database: given.database });
      });
    } catch (error) {
      if (!/^28/.test((error as ServerUnavailable & { cause?: { code?: string } }).cause?.code ?? ''))
        throw error;
      refused ??= error;
      continue;
    }
    const { rows } = await client.query("select current_setting('is_superuser') as super");
    if (rows[0].super === 'on')
      return { client, login: { ...login, database: client.database ?? 'postgres' } };
    await client.end();
    refused ??= new NotSuperuser(
      `"${given.user}" is no superuser at ${given.host}:${given.port}. The replay lays down Supabase's roles and platform, which takes one: give the service container POSTGRES_USER: supabase_admin and name that user in the database URL.`,
    );
  }
  throw refused;
}

/** Schemas that hold what Supabase's own image brings, not somebody's tables. */
const platformSchemas =
  "'auth','storage','realtime','_realtime','vault','extensions','graphql','graphql_public','pgbouncer','pgsodium','cron','net','supabase_functions','supabase_migrations','_analytics','information_schema','migration_guard'";

async function refuseUsed(client: pg.Client, login: Login): Promise<void> {
  const { rows } = await client.query(
    'select datname from pg_database where datallowconn and not datistemplate order by 1',
  );
  for (const { datname } of rows) {
    const other = datname === login.database ? client : await connect({ ...login, database: datname });
    try {
      const found = await other.query(`
        select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname not in (${platformSchemas})
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        order by 1 limit 1`);
      if (found.rows.length > 0) {
        throw new ServerUnavailable(
          `The server at ${login.host}:${login.port} holds tables of somebody's (table "${found.rows[0].name}" in database "${datname}"). Migrations are replayed on a throw-away server only.`,
        );
      }
    } finally {
      if (other !== client) await other.end();
    }
  }
}

async function lock(client: pg.Client, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { rows } = await client.query(`select pg_try_advisory_lock(${LOCK}) as taken`);
    if (rows[0].taken === 't') return;
    if (Date.now() >= deadline) {
      throw new ServerUnavailable(
        `Another run holds this server, and did not let go of it within ${Math.round(waitMs / 1000)} seconds. Give each job a server of its own.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function writeJournal(client: pg.Client, before: ClusterState): Promise<void> {
  await client.query(`
    begin;
    create schema ${JOURNAL};
    create table ${JOURNAL}.journal (state jsonb not null);
    revoke all on ${JOURNAL}.journal from public;
    insert into ${JOURNAL}.journal values (${literal(JSON.stringify(before))});
    commit`);
}

async function mendLeftovers(client: pg.Client, login: Login): Promise<void> {
  const { rows } = await client.query(`select to_regclass('${JOURNAL}.journal') as journal`);
  if (rows[0].journal === null) {
    await dropDatabases(client);
    return;
  }
  const journal = await client.query(`select state from ${JOURNAL}.journal`);
  await putBack(client, login, JSON.parse(journal.rows[0].state) as ClusterState);
}

async function putBack(client: pg.Client, login: Login, before: ClusterState): Promise<void> {
  await dropDatabases(client);
  // Not by the bootstrap superuser's own session: Postgres lets nobody rename the role he is logged in as.
  await withHelper(client, login, (helper) => restoreCluster(helper, before, 'drop'));
  await client.query(`drop schema if exists ${JOURNAL} cascade`);
}

async function dropDatabases(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select datname from pg_database where starts_with(datname, '${DATABASE_PREFIX}')`,
  );
  if (rows.length === 0) return;
  await client.query(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots where starts_with(database, '${DATABASE_PREFIX}') and not active`,
  );
  for (const { datname } of rows)
    await client.query(`drop database if exists ${ident(datname)} with (force)`);
}

async function takeOver(client: pg.Client, login: Login): Promise<Passwords> {
  const { rows } = await client.query('select oid::text, rolname, rolsuper from pg_roles');
  const find = (name: string) => rows.find((role) => role.rolname === name);
  const migrator = randomBytes(12).toString('hex');
  let admin: string | undefined = randomBytes(12).toString('hex');
  const postgres = find('postgres');
  const bootstrap = postgres?.oid === '10';

  if (bootstrap) {
    // The bootstrap superuser can't be demoted (0A000), only renamed. It keeps its password, so that the URL still gets in.
    admin = login.password;
    await withHelper(client, login, async (helper) => {
      if (find(ADMIN)) await helper.query(`alter role ${ADMIN} rename to migration_guard_aside`);
      await helper.query(`alter role postgres rename to ${ADMIN}`);
      if (admin !== undefined) await helper.query(`alter role ${ADMIN} password ${literal(admin)}`);
    });
  } else if (login.user === ADMIN) {
    admin = login.password;
  } else {
    await client.query(
      `${find(ADMIN) ? 'alter' : 'create'} role ${ADMIN} login superuser password ${literal(admin)}`,
    );
  }
  const ordinary = `nosuperuser login createrole createdb replication bypassrls password ${literal(migrator)}`;
  const make = async (by: pg.Client) => {
    await by.query(`${postgres && !bootstrap ? 'alter' : 'create'} role postgres ${ordinary}`);
  };
  if (postgres && !bootstrap && login.user === 'postgres') await withHelper(client, login, make);
  else await make(client);
  return { admin, migrator };
}

/** A second superuser for as long as `work` takes. */
async function withHelper(
  client: pg.Client,
  login: Login,
  work: (helper: pg.Client) => Promise<void>,
): Promise<void> {
  const name = `migration_guard_helper_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await client.query(`create role ${name} superuser login password ${literal(password)}`);
  try {
    const helper = await connect({ ...login, user: name, password });
    try {
      await work(helper);
    } finally {
      await helper.end();
    }
  } finally {
    await client.query(`drop role if exists ${name}`);
  }
}
