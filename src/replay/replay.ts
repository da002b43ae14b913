/**
 * Replay: what a pull request's migrations do, seen in Postgres.
 *
 * In this order: `base()` (roles.sql, a baseline, the base's migrations; a main that does not apply is gone on with),
 * `mark()` (the state to come back to), `changes()` (the changed migrations, as the CLI would apply them on production,
 * traced). Then, in any order: `rows()`, `rerun()`, `fromZero()`, `functions()`, `ownFiles()`. `facts()` at any time.
 *
 * `engine` is where the database stands now. It is another one after a statement passed its time limit: ask for it
 * again after each step.
 */

import type { Checkpoint, Engine } from '../database/engine.ts';
import type { NotChecked } from '../model/finding.ts';
import type { History, Migration, Project } from '../model/migration.ts';
import type {
  BrokenFunction,
  GrantsEra,
  MigrationRun,
  ReplayFacts,
  RerunFailure,
  RowsFailure,
  SeedFailure,
  SkippedCreate,
  StatementRun,
  TestFailure,
  TestFileRun,
} from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import type { TriedWayOut, WayOut } from '../model/way-out.ts';
import { parseSource } from '../sql/parse.ts';
import { Blame } from './blame.ts';
import { brokenFunctions, type FunctionLooks, functionLooks } from './broken-functions.ts';
import { isTimeLimit, ownError } from './errors.ts';
import { BATCH_END, ESCAPE, LostAt, type MigrationFile, type Step, SYNTAX, secondRun } from './file.ts';
import { Ground } from './ground.ts';
import { needsFromZero, orderDifferences, pending, seenByVersion } from './order.ts';
import { ownFiles } from './own-files.ts';
import { PlpgsqlCheck } from './plpgsql-check.ts';
import { type RowsWatch, rowsPass, runForGood } from './rows-pass.ts';
import { blank, errorOf, failedAt, fileOf, isApplied, statementRun } from './runs.ts';
import { skippedCreates } from './skipped-creates.ts';
import { setEra } from './surroundings.ts';
import { Tracer } from './trace.ts';
import { runWaysOut } from './ways-out.ts';

export interface Baseline {
  readonly path: string;
  readonly text: string;
  /** Migrations up to and with this version are taken as applied; null: all of the base. */
  readonly version: string | null;
}

export interface ReplayInput {
  readonly engine: Engine;
  /** A fresh engine of the same kind, the platform in it. The old one is closed by then. */
  reopen(): Promise<Engine>;
  readonly project: Project;
  readonly history: History;
  /** Syntax of the head's migrations by path. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  readonly eraOf: (version: string) => GrantsEra;
  readonly baseline: Baseline | null;
  /** A seed or a test as it stands on the base, null where it is not there; without it, as on the head. */
  textOnBase?(path: string): Promise<string | null>;
  /** Called around each changed migration, the era of grants set, no transaction open. */
  watch?(when: 'before' | 'after', path: string, engine: Engine): Promise<void>;
}

/** Where the changed migrations ran on tables with rows. */
export interface RowsGround {
  readonly engine: Engine;
  /** Paths of those that applied whole. */
  readonly whole: ReadonlySet<string>;
  readonly run: (source: SourceFile) => ReturnType<typeof runForGood>;
}

export class Replay {
  readonly #input: ReplayInput;
  readonly #ground: Ground;
  readonly #blame: Blame;
  #functionsBefore: FunctionLooks = new Map();

  readonly #runs: MigrationRun[] = [];
  readonly #notChecked: NotChecked[] = [];
  readonly #rows: RowsFailure[] = [];
  #brokenFunctions: readonly BrokenFunction[] = [];
  readonly #skippedCreates: SkippedCreate[] = [];
  readonly #tests: TestFileRun[] = [];
  readonly #testFailures: TestFailure[] = [];
  #seedFailure: SeedFailure | null = null;
  readonly #orderDifferences: string[] = [];
  readonly #reruns: RerunFailure[] = [];
  #reproducible = true;
  #baseApplied = 0;
  #baseFailedStatements = 0;
  #firstFailure: ReplayFacts['base']['firstFailure'] = null;

  constructor(input: ReplayInput) {
    this.#input = input;
    this.#ground = new Ground(input.engine, () => input.reopen());
    this.#blame = new Blame(() =>
      [...input.history.base, ...input.history.head].flatMap((migration) =>
        migration.text === null ? [] : [this.#fileOf(migration).source],
      ),
    );
  }

  get engine(): Engine {
    return this.#ground.engine;
  }

  /** How a statement is sent so that it does what it would on Supabase; empty where it can't be here. */
  sqlOf(statement: Statement): readonly string[] {
    const command = this.#ground.runner.command(statement);
    return command.kind === 'run' ? command.sql : [];
  }

  async base(): Promise<void> {
    const { project, history, baseline } = this.#input;
    await this.#ground.begin(needsFromZero(history));
    if (project.roles) {
      const file = fileOf(project.roles.path, '', '', parseSource(project.roles.path, project.roles.sql));
      await this.#baseFile(file, false);
    }
    let taken: readonly Migration[] = [];
    if (baseline) {
      const file = fileOf(baseline.path, '', '', parseSource(baseline.path, baseline.text));
      await this.#baseFile(file, false);
      taken = history.base.filter(({ version }) => baseline.version === null || version <= baseline.version);
      await this.#ground.takeAsApplied(taken);
    }
    this.#baseApplied += taken.length;
    for (const migration of history.base) {
      if (taken.includes(migration)) continue;
      await this.#ground.toEra(this.#input.eraOf(migration.version));
      if (migration.text === null) {
        this.#unreadable(migration);
        this.#blame.whole = false;
        this.#reproducible = false;
        continue;
      }
      const run = await this.#baseFile(this.#fileOf(migration), true);
      if (run.status === 'applied') this.#baseApplied += 1;
    }
  }

  /** The state now, to come back to. Drop the checkpoint when the replay is over. */
  async mark(): Promise<Checkpoint> {
    this.#functionsBefore = await this.engine.act(functionLooks);
    return this.#ground.mark();
  }

  /** After the engine was lost in other hands: another one, in the state it had. */
  async recover(): Promise<void> {
    await this.#ground.recover();
  }

  async close(): Promise<void> {
    await this.#ground.close();
  }

  /** Migrations of the head that production has not seen, in the order it will. */
  async changes(): Promise<void> {
    const { history } = this.#input;
    let tracer = await Tracer.start(this.engine);
    for (const migration of pending(history)) {
      const era = this.#input.eraOf(migration.version);
      await this.#ground.toEra(era);
      if (migration.text === null) {
        this.#unreadable(migration);
        continue;
      }
      const engine = this.engine;
      await this.#input.watch?.('before', migration.path, engine);
      await this.#changedFile(this.#fileOf(migration), era, tracer);
      await this.#input.watch?.('after', migration.path, this.engine);
      if (this.engine !== engine) tracer = await Tracer.start(this.engine, tracer);
      // With --all each file is a pull request of its own, and what the one before it made stood before.
      if (history.all) await tracer.learn();
    }
    for (const migration of seenByVersion(history)) {
      this.#runs.push({
        ...blank(migration, this.#input.eraOf(migration.version)),
        status: 'skipped',
      });
    }
  }

  /**
   * The changed migrations on tables with rows, on a second engine from the mark. Not with `--all`: there is no base
   * whose tables could hold any. With `watch` that engine stays open, for who goes on from there: to be closed.
   */
  async rows(watch: RowsWatch | null = null): Promise<RowsGround | null> {
    const { history, project } = this.#input;
    const files = pending(history).flatMap((migration) => {
      const run = this.#runs.findLast(
        ({ path, statements }) => path === migration.path && statements.length > 0,
      );
      if (!run || migration.text === null) return [];
      return [{ file: this.#fileOf(migration), era: this.#input.eraOf(migration.version), run }];
    });
    if (history.all || files.length === 0 || !this.#ground.marked) return null;
    const { engine, runner } = await this.#ground.beside(this.#ground.marked);
    let kept = false;
    try {
      const found = await rowsPass({
        engine,
        runner,
        seeds: project.seeds.map(({ path, sql }) => fileOf(path, '', '', parseSource(path, sql))),
        files,
        setEra: (era) => setEra(engine, era, (sql) => runner.asSuperuser(sql)),
        watch,
      });
      this.#rows.push(...found.failures);
      this.#notChecked.push(...found.notChecked);
      if (watch === null) return null;
      kept = true;
      return { engine, whole: found.whole, run: (source) => runForGood(runner, source) };
    } finally {
      if (!kept) await engine.close();
    }
  }

  /** Each changed migration a second time, and back: what stops it. */
  async rerun(): Promise<void> {
    if (this.#input.history.all) return;
    for (const migration of pending(this.#input.history)) {
      const run = this.#runs.findLast(({ path }) => path === migration.path);
      if (run?.status !== 'applied') continue;
      const file = this.#fileOf(migration);
      try {
        const step = await secondRun(this.#ground.runner, this.engine.postgresRole, file);
        const statement = step && file.source.statements[step.index];
        if (!step?.error || !statement) continue;
        const { path } = file;
        this.#reruns.push({ path, index: step.index, line: statement.span.line, error: step.error });
      } catch (error) {
        if (!(error instanceof LostAt)) throw error;
        await this.#ground.recover();
        this.#notChecked.push({ what: 'A second run', why: error.message, file: file.path, line: null });
      }
    }
  }

  /** Ways out that findings offer, behind the head and for good: the last that is done with this database. */
  async waysOut(ways: readonly WayOut[]): Promise<readonly TriedWayOut[]> {
    return runWaysOut(this.#ground.runner, this.engine.postgresRole, ways);
  }

  /** The project's own seeds and pgTAP files, on an engine of their own. */
  async ownFiles(runsTests = true): Promise<void> {
    const { project, history, textOnBase } = this.#input;
    if (project.seeds.length === 0 && (!runsTests || project.tests.length === 0)) return;
    const head = await this.engine.checkpoint();
    try {
      const texts = new Map([...project.seeds, ...project.tests].map(({ path, sql }) => [path, sql]));
      const found = await ownFiles({
        project,
        runsTests,
        head,
        base: history.base.length > 0 ? this.#ground.marked : null,
        open: (checkpoint) => this.#ground.beside(checkpoint),
        textOnBase: textOnBase ?? (async (path) => texts.get(path) ?? null),
        excuse: (error) => this.#blame.excuse(error),
        changed: pending(history).flatMap((migration) =>
          migration.text === null ? [] : [this.#fileOf(migration).source],
        ),
      });
      this.#tests.push(...found.tests);
      this.#testFailures.push(...found.testFailures);
      this.#seedFailure = found.seedFailure;
      this.#notChecked.push(...found.notChecked);
    } finally {
      await head.drop();
    }
  }

  /** Bodies of functions that changed, or that name what a changed migration drops. */
  async functions(): Promise<void> {
    const files = pending(this.#input.history).flatMap((migration) =>
      migration.text === null ? [] : [this.#fileOf(migration)],
    );
    const { runner } = this.#ground;
    const found = await PlpgsqlCheck.during(
      this.engine,
      (sql) => runner.asSuperuser(sql),
      (second) =>
        this.engine.act((session) =>
          brokenFunctions({ session, files, before: this.#functionsBefore, blame: this.#blame, second }),
        ),
    );
    this.#brokenFunctions = found.broken;
    this.#notChecked.push(...found.notChecked);
  }

  /**
   * All migrations of the head in string order, as `supabase db reset` and preview branches run them, compared with base
   * first and changes last, as production does. Only where the two can differ.
   */
  async fromZero(): Promise<void> {
    const open = this.#ground.zero;
    if (!open) return;
    const { history } = this.#input;
    const zero = new Replay({
      ...this.#input,
      engine: await this.engine.open(open),
      reopen: () => this.engine.open(open),
      history: { ...history, base: history.head, changes: [] },
    });
    try {
      await zero.base();
      const { runs, base } = zero.facts();
      for (const run of runs) {
        const known = this.#runs.findLast(({ path }) => path === run.path);
        if (!run.error || known?.error || known?.status === 'partial') continue;
        this.#orderDifferences.push(`${run.path}:${run.error.line} fails from zero: ${run.error.message}`);
        if (known?.status === 'skipped') {
          const error = { ...run.error, alsoOnBase: false };
          this.#runs.splice(this.#runs.indexOf(known), 1, { ...run, status: 'failed', error });
        }
      }
      if (base.reproducible && this.#blame.whole) {
        this.#orderDifferences.push(...(await orderDifferences(this.engine, zero.engine)));
      }
    } finally {
      await zero.engine.close();
    }
  }

  facts(): ReplayFacts {
    return {
      base: {
        reproducible: this.#reproducible,
        applied: this.#baseApplied,
        total: this.#input.history.base.length,
        firstFailure: this.#firstFailure,
        failedStatements: this.#baseFailedStatements,
      },
      runs: this.#runs,
      rows: this.#rows,
      reruns: this.#reruns,
      brokenFunctions: this.#brokenFunctions,
      skippedCreates: this.#skippedCreates,
      tests: this.#tests,
      testFailures: this.#testFailures,
      seedFailure: this.#seedFailure,
      orderDifferences: this.#orderDifferences,
      notChecked: this.#notChecked,
    };
  }

  // A file of the base ------------------------------------------------------------------------------------------------

  async #baseFile(file: MigrationFile, history: boolean): Promise<MigrationRun> {
    const started = performance.now();
    const leaveOut = new Map<number, string>();
    let { failure, steps } = await this.#ground.wholeFile(file, leaveOut, history);
    if (failure) {
      steps = await this.#ground.whatCanBe(file, leaveOut);
      // Production has it, or main would not have gone on.
      if (history) await this.#ground.takeAsApplied([file]);
    }
    const bad = steps.filter((step) => step.outcome === 'failed' || step.outcome === 'left out');
    const statements = [...bad, ...steps.filter((step) => step.outcome === 'passed over')]
      .sort((a, b) => a.index - b.index)
      .map((step) => statementRun(file, step, undefined));
    const excuse = failure?.error ? this.#blame.excuse(failure.error) : null;
    const error = failure?.error ? errorOf(file, failure, true) : null;
    const run: MigrationRun = {
      ...blank(file, this.#ground.era),
      status: failure
        ? steps.some(isApplied)
          ? 'partial'
          : 'failed'
        : statements.length > 0
          ? 'partial'
          : 'applied',
      durationMs: performance.now() - started,
      statements,
      error,
    };
    this.#notChecked.push(...this.#blame.remember(file, steps));
    this.#blame.rememberSwallowed(file, (name) => this.#ground.runner.isMissing(name));
    if (error && excuse?.because === 'extension') {
      const what = 'A statement that needs an extension';
      this.#notChecked.push({ what, why: excuse.reason, file: file.path, line: error.line });
    }
    if (failure && error && excuse?.because !== 'extension') {
      this.#firstFailure ??= { path: file.path, line: error.line, error: failure.error! };
      this.#reproducible = false;
      this.#blame.whole = false;
    }
    this.#baseFailedStatements += bad.length;
    this.#runs.push(run);
    return run;
  }

  // A changed file ----------------------------------------------------------------------------------------------------

  async #changedFile(file: MigrationFile, era: GrantsEra, tracer: Tracer): Promise<void> {
    const started = performance.now();
    const leaveOut = new Map<number, string>();
    const { failure, steps } = await this.#ground.wholeFile(file, leaveOut, true, tracer);
    const durationMs = performance.now() - started;
    const traces = tracer.take();
    if (!failure) {
      const statements = steps.map((step) => statementRun(file, step, traces.get(step.index)));
      const over = statements.some(({ status }) => status === 'not-checkable');
      this.#runs.push({ ...blank(file, era), status: over ? 'partial' : 'applied', durationMs, statements });
      this.#notChecked.push(...this.#blame.remember(file, steps));
      this.#blame.rememberSwallowed(file, (name) => this.#ground.runner.isMissing(name));
      const { postgresRole } = this.engine;
      this.#skippedCreates.push(...(await skippedCreates(postgresRole, file, (oid) => tracer.knows(oid))));
      return;
    }

    await tracer.forget().catch(() => undefined);
    if (failure.reason === ESCAPE) leaveOut.set(failure.index, ESCAPE);
    if (failure.error && isTimeLimit(failure.error)) leaveOut.set(failure.index, failure.error.message);
    const kept = await this.#ground.whatCanBe(file, leaveOut);
    const statements: StatementRun[] = [];
    let wrong: Step | null = null;
    let excused = false;
    const judge = (step: Step): { status: StatementRun['status']; reason: string | null } => {
      const excuse = this.#blame.excuse(step.error!, file.source.statements[step.index]);
      if (excuse) {
        excused = true;
        return { status: 'not-checkable', reason: excuse.reason };
      }
      if (wrong === null) {
        wrong = step;
        return { status: 'failed', reason: null };
      }
      return { status: 'not-run', reason: 'A statement before it fails, and it fails by itself as well.' };
    };
    if (failure.index === BATCH_END) wrong = failure;
    for (const statement of file.source.statements) {
      const step =
        failure.index === statement.index ? failure : kept.find(({ index }) => index === statement.index);
      if (!step) continue;
      const run = statementRun(file, step, traces.get(step.index));
      if (step.outcome === 'failed') statements.push({ ...run, ...judge(step) });
      else statements.push(run);
      if (step.outcome !== 'applied') this.#notChecked.push(...this.#blame.remember(file, [step]));
    }
    if (failure.index === SYNTAX) {
      wrong = failure;
      statements.push({ ...statementRun(file, failure, undefined), status: 'failed' });
    }
    if (!wrong && (await this.#ground.runner.isApplied(file.version))) {
      // Whatever it needs: the history can't take its version a second time.
      wrong = failedAt(
        BATCH_END,
        ownError('23505', 'duplicate key value violates unique constraint "schema_migrations_pkey"'),
      );
    }
    const status = (): MigrationRun['status'] => {
      if (wrong) return 'failed';
      if (kept.some(isApplied)) return 'partial';
      return excused ? 'not-checkable' : 'failed';
    };
    // With --all, the files before are what main is to those after them.
    if (this.#input.history.all) this.#blame.whole = false;
    this.#runs.push({
      ...blank(file, era),
      status: status(),
      durationMs,
      statements,
      error: wrong ? errorOf(file, wrong, false) : null,
    });
  }

  #unreadable(migration: Migration): void {
    const why = migration.unreadable ?? 'It is no UTF-8 text.';
    this.#runs.push({
      ...blank(migration, this.#input.eraOf(migration.version)),
      status: 'not-checkable',
      error: { ...ownError('22021', why), line: 1, lineColumn: 1, alsoOnBase: false },
    });
    this.#notChecked.push({ what: migration.path, why, file: migration.path, line: null });
  }

  #fileOf(migration: Migration): MigrationFile {
    const known = this.#input.sources.get(migration.path);
    const text = migration.text ?? '';
    const source = known?.text === text ? known : parseSource(migration.path, text);
    return fileOf(migration.path, migration.version, migration.name, source);
  }
}
