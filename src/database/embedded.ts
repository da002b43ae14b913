/** The default engine: PGlite, started from a snapshot that already holds the platform. Nothing to install. */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { compileQuickly } from '../wasm.ts';
import { assets } from './assets.ts';
import type { Answer, Request, RequestResult, WorkerOutcome, WorkerStart } from './embedded-protocol.ts';
import { clockSlots } from './embedded-protocol.ts';
import {
  type BatchOptions,
  type Checkpoint,
  DatabaseError,
  type Engine,
  EngineLost,
  type EngineOptions,
  type Outcome,
  type Row,
  type Session,
} from './engine.ts';
import { bundlesFor } from './platform/extensions.ts';

export async function openEmbedded(options: EngineOptions): Promise<Engine> {
  return start({ kind: 'brotli', path: assets.snapshot }, options);
}

let compiled: Promise<WebAssembly.Module> | undefined;
const compile = () => {
  compileQuickly();
  compiled ??= readFile(assets.wasm).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
};

async function start(state: WorkerStart['state'], options: EngineOptions): Promise<Engine> {
  const clock = new SharedArrayBuffer(clockSlots.count * Float64Array.BYTES_PER_ELEMENT);
  const data: WorkerStart = {
    wasm: await compile(),
    files: assets.files,
    state,
    user: 'supabase_admin',
    extensions: bundlesFor(options.extensions).map(({ name }) => ({ name, path: assets.extension(name) })),
    clock,
  };
  // An empty environment: no token stands beside hostile SQL. Its output is dropped: Postgres logs to it.
  const worker = new Worker(assets.worker, {
    workerData: data,
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.unref();
  const channel = new Channel(worker, new Float64Array(clock), options.statementLimitMs);
  const postgres = await channel.ready;
  return new Embedded(channel, postgres, options);
}

/** Requests to one worker, answered in order, and the watch over its time limit. */
class Channel {
  readonly ready: Promise<string>;
  readonly #worker: Worker;
  readonly #clock: Float64Array;
  readonly #limitMs: number;
  readonly #waiting = new Map<number, { resolve(result: RequestResult): void; reject(error: Error): void }>();
  #lastId = 0;
  #lost: EngineLost | null = null;
  #watch: NodeJS.Timeout | null = null;

  constructor(worker: Worker, clock: Float64Array, limitMs: number) {
    this.#worker = worker;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.ready = new Promise((resolve, reject) => {
      worker.ref();
      worker.on('message', (answer: Answer) => {
        if (answer.id === 0) {
          worker.unref();
          resolve(('result' in answer && 'version' in answer.result && answer.result.version) || '');
        } else this.#settle(answer);
      });
      const gone = (reason: string) => {
        const error = new EngineLost('crash', `The embedded Postgres stopped: ${reason}.`);
        reject(error);
        this.#lose(error);
      };
      worker.on('error', (error) => gone(error.message));
      worker.on('exit', (code) => gone(`its thread ended with code ${code}`));
    });
    this.ready.catch(() => {});
  }

  request(body: Omit<Extract<Request, { op: 'run' }>, 'id'>): Promise<readonly WorkerOutcome[]>;
  request(body: Omit<Extract<Request, { op: 'query' }>, 'id'>): Promise<readonly WorkerOutcome[]>;
  request(body: Omit<Extract<Request, { op: 'dump' }>, 'id'>): Promise<Uint8Array>;
  request(body: object): Promise<RequestResult> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#waiting.size === 1) this.#startWatch();
      this.#worker.postMessage({ id, ...body });
    });
  }

  async end(): Promise<void> {
    this.#lose(new EngineLost('crash', 'The embedded Postgres was closed.'));
    await this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#stopWatch();
    if (waiting === undefined) return;
    if ('crash' in answer) {
      const running = this.#clock[clockSlots.startedAt]! > 0 ? this.#clock[clockSlots.index]! : null;
      const error = new EngineLost('crash', `The embedded Postgres broke: ${answer.crash}`, running);
      waiting.reject(error);
      this.#lose(error);
      void this.#worker.terminate();
    } else waiting.resolve(answer.result as RequestResult);
  }

  #startWatch(): void {
    this.#worker.ref();
    this.#watch = setInterval(() => {
      const startedAt = this.#clock[clockSlots.startedAt]!;
      if (startedAt === 0 || Date.now() - startedAt < this.#limitMs) return;
      const error = new EngineLost(
        'time-limit',
        `A statement ran longer than ${Math.round(this.#limitMs / 100) / 10} seconds.`,
        this.#clock[clockSlots.index]!,
      );
      this.#lose(error);
      void this.#worker.terminate();
    }, 50);
  }

  #stopWatch(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    this.#worker.unref();
  }

  #lose(error: EngineLost): void {
    this.#lost ??= error;
    this.#stopWatch();
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}

class Embedded implements Engine {
  readonly kind = 'embedded';
  readonly postgres: string;
  readonly major: number;
  readonly admin: Session;
  readonly postgresRole: Session;
  readonly #channel: Channel;
  readonly #options: EngineOptions;

  constructor(channel: Channel, postgres: string, options: EngineOptions) {
    this.#channel = channel;
    this.#options = options;
    this.postgres = postgres;
    this.major = Number.parseInt(postgres, 10);
    // One connection serves both; whoever speaks takes the session over first.
    const seat = { role: 'supabase_admin' };
    this.admin = new Seat(channel, seat, 'supabase_admin', 'set session authorization supabase_admin');
    this.postgresRole = new Seat(channel, seat, 'postgres', 'set session authorization postgres');
  }

  /** Its superuser has a virtual machine to himself, and nothing else. */
  act<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return work(this.admin);
  }

  async checkpoint(): Promise<Checkpoint> {
    await this.admin.exec('checkpoint');
    return new TarCheckpoint(await this.#channel.request({ op: 'dump' }));
  }

  open(from: Checkpoint): Promise<Engine> {
    if (!(from instanceof TarCheckpoint)) throw new TypeError('That checkpoint was made by another engine.');
    return start({ kind: 'tar', bytes: from.bytes }, this.#options);
  }

  close(): Promise<void> {
    return this.#channel.end();
  }
}

class TarCheckpoint implements Checkpoint {
  readonly kind = 'embedded';
  bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  async drop(): Promise<void> {
    this.bytes = new Uint8Array();
  }
}

class Seat implements Session {
  readonly #channel: Channel;
  readonly #seat: { role: string };
  readonly #role: string;
  readonly #takeOver: string;

  constructor(channel: Channel, seat: { role: string }, role: string, takeOver: string) {
    this.#channel = channel;
    this.#seat = seat;
    this.#role = role;
    this.#takeOver = takeOver;
  }

  async exec(sql: string): Promise<void> {
    await this.#sit();
    unwrap((await this.#channel.request({ op: 'run', statements: [sql], stopOnError: true }))[0]!);
  }

  async query(
    sql: string,
    parameters: readonly (string | number | boolean | null)[] = [],
  ): Promise<readonly Row[]> {
    await this.#sit();
    const values = parameters.map((value) => (value === null ? null : String(value)));
    const outcomes =
      values.length === 0
        ? await this.#channel.request({ op: 'run', statements: [sql], stopOnError: true })
        : await this.#channel.request({ op: 'query', sql, parameters: values });
    return unwrap(outcomes[0]!);
  }

  async batch(statements: readonly string[], options: BatchOptions = {}): Promise<readonly Outcome[]> {
    await this.#sit();
    const outcomes = await this.#channel.request({
      op: 'run',
      statements,
      stopOnError: options.stopOnError ?? false,
    });
    return outcomes.map((outcome) =>
      outcome.ok ? outcome : { ...outcome, error: new DatabaseError(outcome.error) },
    );
  }

  async #sit(): Promise<void> {
    if (this.#seat.role === this.#role) return;
    const [outcome] = await this.#channel.request({
      op: 'run',
      statements: [this.#takeOver],
      stopOnError: true,
    });
    unwrap(outcome!);
    this.#seat.role = this.#role;
  }
}

function unwrap(outcome: WorkerOutcome): readonly Row[] {
  if (!outcome.ok) throw new DatabaseError(outcome.error);
  return outcome.rows;
}
