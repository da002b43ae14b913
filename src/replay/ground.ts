/**
 * The database under a replay: where it stands, what was done to it since the last mark, and how to come back there after
 * a statement took it away. A statement that did is left out from then on.
 */
import type { Checkpoint, Engine } from '../database/engine.ts';
import type { Migration } from '../model/migration.ts';
import type { GrantsEra } from '../model/replay.ts';
import { sparedIn } from '../sql/spared.ts';
import { openDetour } from './detour.ts';
import { timeLimitError } from './errors.ts';
import { FileRunner, LostAt, type MigrationFile, type Step, type Watcher } from './file.ts';
import { failedAt } from './runs.ts';
import { setEra, surroundings } from './surroundings.ts';

/** Statements that take the engine with them: after so many in one file the rest of it is left. */
const LOSSES_PER_FILE = 3;

const SPARED =
  'Postgres refuses the file as a whole for its syntax error, so what stood before still stands.';

/** What was done, to do it again on another engine. */
type Done =
  | {
      readonly how: 'in one go' | 'as one' | 'one by one';
      readonly file: MigrationFile;
      readonly leaveOut: ReadonlyMap<number, string>;
      readonly history: boolean;
    }
  | { readonly how: 'era'; readonly era: GrantsEra }
  | { readonly how: 'taken as applied'; readonly migrations: readonly Named[] };

type Named = Pick<Migration, 'version' | 'name'>;

export class Ground {
  readonly #reopen: () => Promise<Engine>;
  #engine: Engine;
  #runner: FileRunner | null = null;
  #secret = '';
  #era: GrantsEra = 'automatic';
  #mark: Checkpoint | null = null;
  #zero: Checkpoint | null = null;
  #done: Done[] = [];

  /** `reopen`: a fresh engine of the same kind, the platform in it. The old one is closed by then. */
  constructor(engine: Engine, reopen: () => Promise<Engine>) {
    this.#engine = engine;
    this.#reopen = reopen;
  }

  /** `keepZero`: the platform alone can be opened again later. */
  async begin(keepZero: boolean): Promise<void> {
    await this.#settle(this.#engine, true);
    if (keepZero) this.#zero = await this.#engine.checkpoint();
  }

  get engine(): Engine {
    return this.#engine;
  }

  get runner(): FileRunner {
    return this.#runner!;
  }

  get era(): GrantsEra {
    return this.#era;
  }

  get marked(): Checkpoint | null {
    return this.#mark;
  }

  get zero(): Checkpoint | null {
    return this.#zero;
  }

  async mark(): Promise<Checkpoint> {
    this.#mark = await this.#engine.checkpoint();
    this.#done = [];
    return this.#mark;
  }

  /** Another engine in the state of a checkpoint, beside this one; close it. */
  async beside(checkpoint: Checkpoint): Promise<{ readonly engine: Engine; readonly runner: FileRunner }> {
    const engine = await this.#engine.open(checkpoint);
    return { engine, runner: new FileRunner(engine, await surroundings(engine, this.#secret)) };
  }

  async toEra(era: GrantsEra): Promise<void> {
    if (this.#era === era) return;
    this.#era = era;
    await this.#do({ how: 'era', era });
  }

  /** Rows in the history and nothing else. */
  async takeAsApplied(migrations: readonly Named[]): Promise<void> {
    await this.#do({ how: 'taken as applied', migrations });
  }

  /**
   * The way it goes on Supabase: all or nothing. Ends with the file applied, or with nothing of it and the reason.
   * Without a watcher nothing is known of single statements that applied.
   */
  async wholeFile(
    file: MigrationFile,
    leaveOut: Map<number, string>,
    history: boolean,
    watcher?: Watcher,
  ): Promise<{ failure: Step | null; steps: readonly Step[] }> {
    try {
      if (!watcher && history) {
        const answer = await this.runner.inOneGo(file);
        if (answer?.error === null) {
          this.#done.push({ how: 'in one go', file, leaveOut, history });
          return { failure: null, steps: [] };
        }
      }
    } catch (error) {
      if (!(error instanceof LostAt)) throw error;
      await this.recover();
    }
    try {
      const steps = await this.runner.asOne(file, { leaveOut, history, ...(watcher ? { watcher } : {}) });
      const failure = steps.find((step) => step.outcome === 'failed') ?? null;
      if (!failure) this.#done.push({ how: 'as one', file, leaveOut: new Map(leaveOut), history });
      return { failure, steps };
    } catch (error) {
      if (!(error instanceof LostAt)) throw error;
      await this.recover();
      const sql = timeLimitError(error.lost);
      leaveOut.set(error.index, sql.message);
      return { failure: { ...failedAt(error.index, sql) }, steps: [] };
    }
  }

  /**
   * After a failure: each statement by itself, without those that take the engine with them, nor those that take away what
   * a file that is refused as a whole leaves standing.
   */
  async whatCanBe(file: MigrationFile, leaveOut: Map<number, string>): Promise<readonly Step[]> {
    const failed = this.runner;
    for (const { index } of sparedIn(file.source))
      if (!leaveOut.has(index) && !failed.settled.has(index)) leaveOut.set(index, SPARED);
    for (let losses = 0; losses < LOSSES_PER_FILE; losses += 1) {
      try {
        // An engine that was opened anew holds nothing of what the first try committed.
        const { runner } = this;
        const settled = runner === failed ? runner.settled : new Set<number>();
        const steps = await runner.oneByOne(file, { leaveOut, settled });
        await runner.ensureHistory();
        this.#done.push({ how: 'one by one', file, leaveOut: new Map(leaveOut), history: false });
        return steps;
      } catch (error) {
        if (!(error instanceof LostAt)) throw error;
        await this.recover();
        leaveOut.set(error.index, timeLimitError(error.lost).message);
      }
    }
    return [];
  }

  /** The engine is gone: another one, at the last mark, and what followed done again. */
  async recover(): Promise<void> {
    const lost = this.#engine;
    const done = this.#done;
    this.#done = [];
    if (this.#mark) {
      const engine = await lost.open(this.#mark);
      await lost.close().catch(() => undefined);
      await this.#settle(engine, false);
    } else {
      await lost.close().catch(() => undefined);
      await this.#settle(await this.#reopen(), true);
      if (this.#zero) this.#zero = await this.#engine.checkpoint();
    }
    for (const step of done) await this.#do(step);
  }

  async close(): Promise<void> {
    await this.#mark?.drop();
    await this.#zero?.drop();
    await this.#engine.close();
  }

  async #settle(engine: Engine, fresh: boolean): Promise<void> {
    this.#engine = engine;
    if (fresh) this.#secret = await openDetour(engine);
    this.#runner = new FileRunner(engine, await surroundings(engine, this.#secret));
  }

  async #do(done: Done): Promise<void> {
    const { runner } = this;
    switch (done.how) {
      case 'in one go':
        await runner.inOneGo(done.file);
        break;
      case 'as one':
        await runner.asOne(done.file, done);
        break;
      case 'one by one':
        await runner.oneByOne(done.file, done);
        break;
      case 'era':
        await setEra(this.#engine, done.era, (sql) => runner.asSuperuser(sql));
        break;
      case 'taken as applied':
        for (const { version, name } of done.migrations) await runner.markApplied(version, name);
        break;
    }
    this.#done.push(done);
  }
}
