/** `pg` behind the `Session` contract: values as text, errors as Postgres reported them, a watchdog on every statement. */
import pg from 'pg';
import {
  type BatchOptions,
  DatabaseError,
  EngineLost,
  type Outcome,
  type Row,
  type Session,
} from '../engine.ts';

/** Where a server is and who logs in. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly ssl: pg.ClientConfig['ssl'];
}

/** Why a server can't be used, as one sentence for the reader. */
export class ServerUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerUnavailable';
  }
}

/** The server is there and lets the user in, who is no superuser. */
export class NotSuperuser extends ServerUnavailable {}

/** What `database-url` says, with `pg`'s own defaults for what it leaves out. */
export function loginOf(url: string): Login {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new ServerUnavailable('The database URL has to start with "postgres://" or "postgresql://".');
  }
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url });
  } catch (error) {
    throw new ServerUnavailable(`The database URL can't be read: ${(error as Error).message}.`);
  }
  const { host, port, user, password, database, ssl } = client;
  return {
    host,
    port,
    user: user ?? 'postgres',
    password: password ?? undefined,
    database: database ?? 'postgres',
    ssl: ssl as pg.ClientConfig['ssl'],
  };
}

/** Connects, or says in a sentence why not. `limitMs` becomes the session's own `statement_timeout`, so that RESET ALL comes back to it. */
export async function connect(login: Login, limitMs?: number): Promise<pg.Client> {
  const client = new pg.Client({
    ...login,
    application_name: 'supabase-migration-guard',
    connectionTimeoutMillis: 10_000,
    ...(limitMs ? { statement_timeout: limitMs } : {}),
    types: { getTypeParser: () => (value: unknown) => value as never },
  });
  client.on('error', () => undefined); // the next statement tells
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw refusal(error, login);
  }
  return client;
}

function refusal(error: unknown, login: Login): ServerUnavailable {
  const { code, message } = error as { code?: string; message: string };
  const at = `${login.host}:${login.port}`;
  const said = (text: string) => new ServerUnavailable(text, { cause: error });
  switch (code) {
    case 'ECONNREFUSED':
      return said(`Nothing listens at ${at}. Start the Postgres that the database URL names.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return said(`The host "${login.host}" of the database URL can't be found.`);
    case '28P01':
    case '28000':
      return said(
        `${at} does not let "${login.user}" in: ${message}. Look at user and password of the database URL.`,
      );
    case '3D000':
      return said(`There is no database "${login.database}" at ${at}.`);
    default:
      return said(`Can't connect to ${at}: ${message}.`);
  }
}

/** One connection that is opened at its first use and can be closed and opened again in between. */
export class ServerSession implements Session {
  readonly #login: Login;
  readonly #limitMs: number;
  /** Ends another session's statement, or that session: its backend's process id, and how. */
  readonly #stop: (pid: number, how: 'cancel' | 'terminate') => Promise<void>;
  /** SQL that each connection begins with. */
  readonly #first: string | null;
  #client: pg.Client | null = null;
  #pid = 0;
  #lost: EngineLost | null = null;

  constructor(login: Login, limitMs: number, stop: ServerSession['stop'], first: string | null = null) {
    this.#first = first;
    this.#login = login;
    this.#limitMs = limitMs;
    this.#stop = stop;
  }

  get stop() {
    return this.#stop;
  }

  async exec(sql: string): Promise<void> {
    await this.#run(sql);
  }

  async query(
    sql: string,
    parameters?: readonly (string | number | boolean | null)[],
  ): Promise<readonly Row[]> {
    const result = await this.#run(sql, parameters);
    return result.rows as Row[];
  }

  async batch(statements: readonly string[], options: BatchOptions = {}): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const sql of statements) {
      const started = performance.now();
      try {
        const result = await this.#run(sql);
        const ms = performance.now() - started;
        outcomes.push({ ok: true, rows: result.rows as Row[], affected: result.rowCount ?? 0, ms });
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        outcomes.push({ ok: false, error, ms: performance.now() - started });
        if (options.stopOnError) break;
      }
    }
    return outcomes;
  }

  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#lost) throw this.#lost;
    if (!this.#client) {
      this.#client = await connect(this.#login, this.#limitMs);
      const { rows } = await this.#client.query('select pg_backend_pid() as pid');
      this.#pid = Number(rows[0].pid);
      if (this.#first !== null) await this.#client.query(this.#first);
    }
    return this.#client;
  }

  async #run(sql: string, parameters?: readonly unknown[]): Promise<pg.QueryResult> {
    const client = await this.#connected();
    // statement_timeout is the first guard; SQL can switch it off or catch it, so two more stand behind it.
    let ended = false;
    const cancel = setTimeout(
      () => this.#stop(this.#pid, 'cancel').catch(() => undefined),
      this.#limitMs + 1_000,
    );
    const terminate = setTimeout(() => {
      ended = true;
      this.#stop(this.#pid, 'terminate').catch(() => undefined);
    }, this.#limitMs + 1_500);
    try {
      // Several statements in one string answer with an array: the last one counts.
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(
        parameters ? { text: sql, values: [...parameters] } : { text: sql },
      );
      return Array.isArray(result) ? (result.at(-1) as pg.QueryResult) : result;
    } catch (error) {
      throw this.#translated(error, ended);
    } finally {
      clearTimeout(cancel);
      clearTimeout(terminate);
    }
  }

  #translated(error: unknown, ended: boolean): Error {
    // 57P01 admin_shutdown, 57P02 crash_shutdown: the backend is gone with its connection.
    if (error instanceof pg.DatabaseError && error.code && !ended && !/^57P0[123]$/.test(error.code)) {
      return new DatabaseError({
        sqlstate: error.code,
        message: error.message,
        detail: error.detail ?? null,
        hint: error.hint ?? null,
        position: error.position ? Number(error.position) : null,
        where: error.where ?? null,
        schema: error.schema ?? null,
        table: error.table ?? null,
        column: error.column ?? null,
        dataType: error.dataType ?? null,
        constraint: error.constraint ?? null,
      });
    }
    const message = ended
      ? `A statement did not end within ${this.#limitMs / 1000} seconds.`
      : `The connection to the server broke: ${(error as Error).message}.`;
    this.#lost = new EngineLost(ended ? 'time-limit' : 'connection', message);
    this.#client?.end().catch(() => undefined);
    this.#client = null;
    return this.#lost;
  }
}
