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
    // Tables without statistics look large: compiling one probe's policies took seconds where running them takes none.
    options: '-c jit=off',
    pipeline: true,
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
    await this.#one({ text: sql });
  }

  async query(
    sql: string,
    parameters?: readonly (string | number | boolean | null)[],
  ): Promise<readonly Row[]> {
    return (await this.#one(parameters ? { text: sql, values: [...parameters] } : { text: sql })).rows;
  }

  async batch(statements: readonly string[], options: BatchOptions = {}): Promise<readonly Outcome[]> {
    if (!options.stopOnError) return this.#send(statements.map((text) => ({ text })));
    const outcomes: Outcome[] = [];
    for (const text of statements) {
      const [outcome] = await this.#send([{ text }]);
      outcomes.push(outcome!);
      if (!outcome!.ok) break;
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

  async #one(query: pg.QueryConfig): Promise<Extract<Outcome, { ok: true }>> {
    const [outcome] = await this.#send([query]);
    if (!outcome!.ok) throw outcome!.error;
    return outcome!;
  }

  /** All are sent at once, each as a query of its own: an SQL error of one is no matter of the next. */
  async #send(queries: readonly pg.QueryConfig[]): Promise<readonly Outcome[]> {
    const client = await this.#connected();
    const watchdog = this.#watch();
    let began = performance.now();
    const sinceLast = () => {
      const before = began;
      began = performance.now();
      watchdog.refresh();
      return began - before;
    };
    const send = async (query: pg.QueryConfig): Promise<Outcome> => {
      try {
        // Several statements in one string answer with an array: the last one counts.
        const answer: pg.QueryResult | pg.QueryResult[] = await client.query(query);
        const result = Array.isArray(answer) ? (answer.at(-1) as pg.QueryResult) : answer;
        return { ok: true, rows: result.rows as Row[], affected: result.rowCount ?? 0, ms: sinceLast() };
      } catch (error) {
        return { ok: false, error: this.#translated(error, watchdog.ended), ms: sinceLast() };
      }
    };
    try {
      return await Promise.all(queries.map(send));
    } finally {
      watchdog.clear();
    }
  }

  /** `statement_timeout` is the first guard; SQL can switch it off or catch it, so two more stand behind it. */
  #watch() {
    const watchdog = {
      ended: false,
      /** Another statement's time begins. */
      refresh() {
        for (const timer of timers) timer.refresh();
      },
      clear() {
        for (const timer of timers) clearTimeout(timer);
      },
    };
    const timers = [
      setTimeout(() => this.#stop(this.#pid, 'cancel').catch(() => undefined), this.#limitMs + 1_000),
      setTimeout(() => {
        watchdog.ended = true;
        this.#stop(this.#pid, 'terminate').catch(() => undefined);
      }, this.#limitMs + 1_500),
    ];
    return watchdog;
  }

  /** Throws where it is no error of SQL: the connection is gone. */
  #translated(error: unknown, ended: boolean): DatabaseError {
    if (this.#lost) throw this.#lost;
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
    throw this.#lost;
  }
}
