/**
 * Replay: what a pull request's migrations do, seen in Postgres.
 *
 * In this order: `base()` (roles.sql, a baseline, the base's migrations; a main that does not apply is gone on with),
 * `mark()` (the state to come back to), `changes()` (the changed migrations, as the CLI would apply them on production,
 * traced). Then, in any order: `rows()`, `rerun()`, `fromZero()`, `functions()`, `tests()`. `facts()` at any time.
 *
 * `engine` is where the database stands now. It is another one after a statement passed its time limit: ask for it
 * again after each step.
 */

import { bundledSql } from '../database/bundle-sql.ts';
import { diff } from '../database/catalog/diff.ts';
import { snapshot } from '../database/catalog/snapshot.ts';
import type { Checkpoint, Engine } from '../database/engine.ts';
import { grantsSql, platformSchemas } from '../database/platform/index.ts';
import type { NotChecked } from '../model/finding.ts';
import type { History, Migration, Project } from '../model/migration.ts';
import type {
  BrokenFunction,
  GrantsEra,
  MigrationError,
  MigrationRun,
  ReplayFacts,
  RerunFailure,
  RowsFailure,
  SkippedCreate,
  SqlError,
  StatementRun,
  TestFileRun,
} from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { parseSource } from '../sql/parse.ts';
import type { Surroundings } from './commands.ts';
import { openDetour } from './detour.ts';
import { isTimeLimit, migrationError, ownError, timeLimitError } from './errors.ts';
import { extensionsIn } from './extensions.ts';
import {
  BATCH_END,
  ESCAPE,
  FileRunner,
  LostAt,
  type MigrationFile,
  type Step,
  SYNTAX,
  secondRun,
} from './file.ts';
import { type BodyProblem, type CatalogFunction, checkBody, readFunctions } from './functions.ts';
import { type Excuse, everMade, type Missing, missingIn, namesOf, Shortfall } from './names.ts';
import { runTests } from './pgtap.ts';
import { rowsPass } from './rows-pass.ts';
import { skippedCreates } from './skipped-creates.ts';
import { type StatementTrace, Tracer } from './trace.ts';

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
  /** Called around each changed migration, the era of grants set, no transaction open. */
  watch?(when: 'before' | 'after', path: string, engine: Engine): Promise<void>;
}

/** Statements that take the engine with them: after so many in one file the rest of it is left. */
const LOSSES_PER_FILE = 3;

/** What was done to the database since the last mark, to do it again on another engine. */
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

export class Replay {
  readonly #input: ReplayInput;
  #engine: Engine;
  #runner: FileRunner | null = null;
  #secret = '';
  #era: GrantsEra = 'automatic';
  #mark: Checkpoint | null = null;
  /** The platform alone: where a file was edited, removed, renamed or is out of order. */
  #zero: Checkpoint | null = null;
  /** Definitions of functions at the mark, by key. */
  #functionsBefore: ReadonlyMap<string, string> = new Map();
  #done: Done[] = [];

  readonly #runs: MigrationRun[] = [];
  readonly #notChecked: NotChecked[] = [];
  readonly #rows: RowsFailure[] = [];
  readonly #brokenFunctions: BrokenFunction[] = [];
  readonly #skippedCreates: SkippedCreate[] = [];
  readonly #tests: TestFileRun[] = [];
  readonly #orderDifferences: string[] = [];
  readonly #reruns: RerunFailure[] = [];
  readonly #shortfall = new Shortfall();
  /** Whether everything so far applied, but for what an extension took along. */
  #whole = true;
  #reproducible = true;
  #baseApplied = 0;
  #baseFailedStatements = 0;
  #firstFailure: ReplayFacts['base']['firstFailure'] = null;
  #made: ReadonlySet<string> | null = null;

  constructor(input: ReplayInput) {
    this.#input = input;
    this.#engine = input.engine;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** How a statement is sent so that it does what it would on Supabase; empty where it can't be here. */
  sqlOf(statement: Statement): readonly string[] {
    const command = this.#runner!.command(statement);
    return command.kind === 'run' ? command.sql : [];
  }

  async base(): Promise<void> {
    const { project, history, baseline } = this.#input;
    await this.#settle(this.#engine, true);
    if (needsFromZero(history)) this.#zero = await this.#engine.checkpoint();
    if (project.roles) {
      const file = fileOf(project.roles.path, '', '', parseSource(project.roles.path, project.roles.sql));
      await this.#baseFile(file, false);
    }
    let taken: readonly Migration[] = [];
    if (baseline) {
      const file = fileOf(baseline.path, '', '', parseSource(baseline.path, baseline.text));
      await this.#baseFile(file, false);
      taken = history.base.filter(({ version }) => baseline.version === null || version <= baseline.version);
      await this.#redo({ how: 'taken as applied', migrations: taken });
    }
    this.#baseApplied += taken.length;
    for (const migration of history.base) {
      if (taken.includes(migration)) continue;
      await this.#toEra(this.#input.eraOf(migration.version));
      if (migration.text === null) {
        this.#unreadable(migration);
        this.#whole = false;
        this.#reproducible = false;
        continue;
      }
      const run = await this.#baseFile(this.#fileOf(migration), true);
      if (run.status === 'applied') this.#baseApplied += 1;
    }
  }

  /** The state now, to come back to. Drop the checkpoint when the replay is over. */
  async mark(): Promise<Checkpoint> {
    this.#functionsBefore = await definitions(this.#engine);
    this.#mark = await this.#engine.checkpoint();
    this.#done = [];
    return this.#mark;
  }

  /** After the engine was lost in other hands: another one, in the state it had. */
  async recover(): Promise<void> {
    await this.#recover();
  }

  async close(): Promise<void> {
    await this.#mark?.drop();
    await this.#zero?.drop();
    await this.#engine.close();
  }

  /** Migrations of the head that production has not seen, in the order it will. */
  async changes(): Promise<void> {
    const { history } = this.#input;
    let tracer = await Tracer.start(this.#engine);
    for (const migration of pending(history)) {
      const era = this.#input.eraOf(migration.version);
      await this.#toEra(era);
      if (migration.text === null) {
        this.#unreadable(migration);
        continue;
      }
      const engine = this.#engine;
      await this.#input.watch?.('before', migration.path, engine);
      await this.#changedFile(this.#fileOf(migration), era, tracer);
      await this.#input.watch?.('after', migration.path, this.#engine);
      if (this.#engine !== engine) tracer = await Tracer.start(this.#engine, tracer);
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
   * whose tables could hold any.
   */
  async rows(): Promise<void> {
    const { history, project } = this.#input;
    const files = pending(history).flatMap((migration) => {
      const run = this.#runs.findLast(
        ({ path, statements }) => path === migration.path && statements.length > 0,
      );
      if (!run || migration.text === null) return [];
      return [{ file: this.#fileOf(migration), era: this.#input.eraOf(migration.version), run }];
    });
    if (history.all || files.length === 0 || !this.#mark) return;
    const engine = await this.#engine.open(this.#mark);
    try {
      const found = await rowsPass({
        engine,
        runner: new FileRunner(engine, await surroundings(engine, this.#secret)),
        seeds: project.seeds.map(({ path, sql }) => fileOf(path, '', '', parseSource(path, sql))),
        files,
        setEra: (era) => setEra(engine, era),
      });
      this.#rows.push(...found.failures);
      this.#notChecked.push(...found.notChecked);
    } finally {
      await engine.close();
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
        const step = await secondRun(this.#runner!, this.#engine.postgresRole, file);
        const statement = step && file.source.statements[step.index];
        if (!step?.error || !statement) continue;
        const { path } = file;
        this.#reruns.push({ path, index: step.index, line: statement.span.line, error: step.error });
      } catch (error) {
        if (!(error instanceof LostAt)) throw error;
        await this.#recover();
        this.#notChecked.push({ what: 'A second run', why: error.message, file: file.path, line: null });
      }
    }
  }

  /** Bodies of functions that changed, or that name what a changed migration drops. */
  async functions(): Promise<void> {
    const { history } = this.#input;
    const files = pending(history).flatMap((migration) =>
      migration.text === null ? [] : [this.#fileOf(migration)],
    );
    const statements = files.flatMap(({ source }) => source.statements);
    if (statements.length === 0) return;
    const dropped = new Set(statements.flatMap((statement) => [...namesOf(statement).drops]));
    const ever = this.#namesEver();
    for (const routine of await readFunctions(this.#engine.admin, (schema) => platformSchemas.has(schema))) {
      const changed = this.#functionsBefore.get(routine.key) !== look(routine);
      if (!changed && dropped.size === 0) continue;
      const problems = await checkBody(this.#engine.admin, routine);
      const problem = problems.find(({ error }) => this.#excuse(error) === null);
      if (!problem) continue;
      const missing = missingIn(problem.error);
      const names =
        missing === null
          ? []
          : [missing.name, ...(missing.table ? [`${missing.table}.${missing.name}`] : [])];
      if (!changed && !this.#isDropped(missing, dropped)) continue;
      // Made by some migration, and dropped by none that can be read: dynamic SQL, or a temporary table of the caller's.
      if (!missing?.column && names.some((name) => ever.makes.has(name) && !ever.drops.has(name))) continue;
      this.#brokenFunctions.push(placeOfFunction(files, routine, problem));
    }
  }

  /** The project's own pgTAP files, on an engine of their own. */
  async tests(): Promise<void> {
    const { tests } = this.#input.project;
    if (tests.length === 0) return;
    const checkpoint = await this.#engine.checkpoint();
    const engine = await this.#engine.open(checkpoint);
    try {
      const runner = new FileRunner(engine, await surroundings(engine, this.#secret));
      // As after `supabase db reset`: the tests find the seeds there.
      for (const { path, sql } of this.#input.project.seeds) {
        await runner.oneByOne(fileOf(path, '', '', parseSource(path, sql)));
      }
      const excuse = (error: SqlError) => this.#excuse(error);
      this.#tests.push(...(await runTests({ engine, runner, files: tests, excuse })));
    } finally {
      await engine.close();
      await checkpoint.drop();
    }
  }

  /**
   * All migrations of the head in string order, as `supabase db reset` and preview branches run them, compared with base
   * first and changes last, as production does. Only where the two can differ.
   */
  async fromZero(): Promise<void> {
    if (!this.#zero) return;
    const { history } = this.#input;
    const engine = await this.#engine.open(this.#zero);
    const open = this.#zero;
    const zero = new Replay({
      ...this.#input,
      engine,
      reopen: () => this.#engine.open(open),
      history: { ...history, base: history.head, changes: [] },
    });
    try {
      await zero.base();
      const runs = zero.facts().runs;
      for (const run of runs) {
        const known = this.#runs.findLast(({ path }) => path === run.path);
        if (!run.error || known?.error || known?.status === 'partial') continue;
        this.#orderDifferences.push(`${run.path}:${run.error.line} fails from zero: ${run.error.message}`);
        if (known?.status === 'skipped') {
          const error = { ...run.error, alsoOnBase: false };
          this.#runs.splice(this.#runs.indexOf(known), 1, { ...run, status: 'failed', error });
        }
      }
      if (!zero.facts().base.reproducible || !this.#whole) return;
      const production = await snapshot(this.#engine.admin);
      const difference = diff(production, await snapshot(zero.engine.admin), { sameDatabase: false });
      for (const { kind, object } of difference.added) {
        this.#orderDifferences.push(
          `${kind} ${object} is there from zero, and not where main was deployed first.`,
        );
      }
      for (const { kind, object } of difference.removed) {
        this.#orderDifferences.push(
          `${kind} ${object} is there where main was deployed first, and not from zero.`,
        );
      }
      for (const { kind, object } of difference.changed) {
        this.#orderDifferences.push(
          `${kind} ${object} differs from what it is where main was deployed first.`,
        );
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
      orderDifferences: this.#orderDifferences,
      notChecked: this.#notChecked,
    };
  }

  // A file of the base ------------------------------------------------------------------------------------------------

  async #baseFile(file: MigrationFile, history: boolean): Promise<MigrationRun> {
    const started = performance.now();
    const leaveOut = new Map<number, string>();
    let { failure, steps } = await this.#wholeFile(file, leaveOut, history);
    if (failure) {
      steps = await this.#whatCanBe(file, leaveOut);
      // Production has it, or main would not have gone on.
      if (history) await this.#redo({ how: 'taken as applied', migrations: [file] });
    }
    const bad = steps.filter((step) => step.outcome === 'failed' || step.outcome === 'left out');
    const statements = [...bad, ...steps.filter((step) => step.outcome === 'passed over')]
      .sort((a, b) => a.index - b.index)
      .map((step) => statementRun(file, step, undefined));
    const excuse = failure?.error ? this.#excuse(failure.error) : null;
    const error = failure?.error ? errorOf(file, failure, true) : null;
    const run: MigrationRun = {
      ...blank(file, this.#era),
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
    this.#remember(file, steps);
    this.#lacks(file);
    if (failure && error && excuse?.because !== 'extension') {
      this.#firstFailure ??= { path: file.path, line: error.line, error: failure.error! };
      this.#reproducible = false;
      this.#whole = false;
    }
    this.#baseFailedStatements += bad.length;
    this.#runs.push(run);
    return run;
  }

  /** The way it goes on Supabase: all or nothing. Ends with the file applied, or with nothing of it and the reason. */
  async #wholeFile(
    file: MigrationFile,
    leaveOut: Map<number, string>,
    history: boolean,
    tracer?: Tracer,
  ): Promise<{ failure: Step | null; steps: readonly Step[] }> {
    try {
      if (!tracer && history) {
        const answer = await this.#runner!.inOneGo(file);
        if (answer?.error === null) {
          this.#done.push({ how: 'in one go', file, leaveOut, history });
          return { failure: null, steps: [] };
        }
      }
    } catch (error) {
      if (!(error instanceof LostAt)) throw error;
      await this.#recover();
    }
    try {
      const steps = await this.#runner!.asOne(file, {
        leaveOut,
        history,
        ...(tracer ? { watcher: tracer } : {}),
      });
      const failure = steps.find((step) => step.outcome === 'failed') ?? null;
      if (!failure) this.#done.push({ how: 'as one', file, leaveOut: new Map(leaveOut), history });
      return { failure, steps };
    } catch (error) {
      if (!(error instanceof LostAt)) throw error;
      await this.#recover();
      const sql = timeLimitError(error.lost);
      leaveOut.set(error.index, sql.message);
      return { failure: { ...failedAt(error.index, sql) }, steps: [] };
    }
  }

  /** After a failure: each statement by itself, without those that take the engine with them. */
  async #whatCanBe(file: MigrationFile, leaveOut: Map<number, string>): Promise<readonly Step[]> {
    const failed = this.#runner!;
    for (let losses = 0; losses < LOSSES_PER_FILE; losses += 1) {
      try {
        // An engine that was opened anew holds nothing of what the first try committed.
        const runner = this.#runner!;
        const settled = runner === failed ? runner.settled : new Set<number>();
        const steps = await runner.oneByOne(file, { leaveOut, settled });
        await runner.ensureHistory();
        this.#done.push({ how: 'one by one', file, leaveOut: new Map(leaveOut), history: false });
        return steps;
      } catch (error) {
        if (!(error instanceof LostAt)) throw error;
        await this.#recover();
        leaveOut.set(error.index, timeLimitError(error.lost).message);
      }
    }
    return [];
  }

  // A changed file ----------------------------------------------------------------------------------------------------

  async #changedFile(file: MigrationFile, era: GrantsEra, tracer: Tracer): Promise<void> {
    const started = performance.now();
    const leaveOut = new Map<number, string>();
    const { failure, steps } = await this.#wholeFile(file, leaveOut, true, tracer);
    const durationMs = performance.now() - started;
    const traces = tracer.take();
    if (!failure) {
      const statements = steps.map((step) => statementRun(file, step, traces.get(step.index)));
      const over = statements.some(({ status }) => status === 'not-checkable');
      this.#runs.push({ ...blank(file, era), status: over ? 'partial' : 'applied', durationMs, statements });
      this.#remember(file, steps);
      this.#lacks(file);
      const { postgresRole } = this.#engine;
      this.#skippedCreates.push(...(await skippedCreates(postgresRole, file, (oid) => tracer.knows(oid))));
      return;
    }

    await tracer.forget().catch(() => undefined);
    if (failure.reason === ESCAPE) leaveOut.set(failure.index, ESCAPE);
    if (failure.error && isTimeLimit(failure.error)) leaveOut.set(failure.index, failure.error.message);
    const kept = await this.#whatCanBe(file, leaveOut);
    const statements: StatementRun[] = [];
    let wrong: Step | null = null;
    let excused = false;
    const judge = (step: Step): { status: StatementRun['status']; reason: string | null } => {
      const excuse = this.#excuse(step.error!);
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
      if (step.outcome !== 'applied') this.#remember(file, [step]);
    }
    if (failure.index === SYNTAX) {
      wrong = failure;
      statements.push({ ...statementRun(file, failure, undefined), status: 'failed' });
    }
    if (!wrong && (await this.#runner!.isApplied(file.version))) {
      // Whatever it needs: the history can't take its version a second time.
      wrong = failedAt(
        BATCH_END,
        ownError('23505', 'duplicate key value violates unique constraint "schema_migrations_pkey"'),
      );
    }
    // With --all, the files before are what main is to those after them.
    if (this.#input.history.all) this.#whole = false;
    this.#runs.push({
      ...blank(file, era),
      status: wrong ? 'failed' : kept.some(isApplied) ? 'partial' : excused ? 'not-checkable' : 'failed',
      durationMs,
      statements,
      error: wrong ? errorOf(file, wrong, false) : null,
    });
  }

  #excuse(error: SqlError): Excuse | null {
    return this.#shortfall.excuse(error, () => this.#everMade(), this.#whole);
  }

  #isDropped(missing: Missing | null, dropped: ReadonlySet<string>): boolean {
    if (missing === null) return false;
    if (dropped.has(missing.name) || dropped.has(`${missing.table}.${missing.name}`)) return true;
    return missing.column && [...dropped].some((name) => name.endsWith(`.${missing.name}`));
  }

  #namesEver(): { readonly makes: ReadonlySet<string>; readonly drops: ReadonlySet<string> } {
    const drops = new Set<string>();
    for (const { path, text } of [...this.#input.history.base, ...this.#input.history.head]) {
      const source = this.#input.sources.get(path) ?? parseSource(path, text ?? '');
      for (const statement of source.statements) for (const name of namesOf(statement).drops) drops.add(name);
    }
    return { makes: this.#everMade(), drops };
  }

  #everMade(): ReadonlySet<string> {
    this.#made ??= everMade([
      ...this.#input.sources.values(),
      ...this.#input.history.base.flatMap((migration) =>
        migration.text === null ? [] : [this.#fileOf(migration).source],
      ),
    ]);
    return this.#made;
  }

  /** What did not happen, so that what fails for want of it is not blamed. */
  #remember(file: MigrationFile, steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.outcome === 'applied') continue;
      const statement = file.source.statements[step.index];
      if (!statement) {
        if (file.source.issue) this.#shortfall.addFile(file.source, file.path);
        continue;
      }
      if (step.outcome !== 'passed over') {
        this.#shortfall.add(statement, `line ${statement.span.line} of ${file.path}`);
      } else {
        this.#shortfall.addExtension(statement.node.extname);
        this.#notChecked.push({
          what: `CREATE EXTENSION "${statement.node.extname}"`,
          why: step.reason ?? '',
          file: file.path,
          line: statement.span.line,
        });
      }
    }
  }

  /** Extensions that a DO block creates, and swallows that they are missing. */
  #lacks({ source }: MigrationFile): void {
    for (const statement of source.statements) {
      if (statement.kind !== 'DoStmt') continue;
      for (const { name } of extensionsIn(statement.sql)) {
        if (this.#runner!.isMissing(name)) this.#shortfall.addExtension(name);
      }
    }
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

  // The engine under it -----------------------------------------------------------------------------------------------

  async #settle(engine: Engine, fresh: boolean): Promise<void> {
    this.#engine = engine;
    if (fresh) this.#secret = await openDetour(engine);
    this.#runner = new FileRunner(engine, await surroundings(engine, this.#secret));
  }

  /** The engine is gone: another one, at the last mark, and what followed done again. */
  async #recover(): Promise<void> {
    const lost = this.#engine;
    const done = this.#done;
    this.#done = [];
    if (this.#mark) {
      const engine = await lost.open(this.#mark);
      await lost.close().catch(() => undefined);
      await this.#settle(engine, false);
    } else {
      await lost.close().catch(() => undefined);
      await this.#settle(await this.#input.reopen(), true);
      if (this.#zero) this.#zero = await this.#engine.checkpoint();
    }
    for (const step of done) await this.#redo(step);
  }

  async #redo(done: Done): Promise<void> {
    const runner = this.#runner!;
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
        await setEra(this.#engine, done.era);
        break;
      case 'taken as applied':
        for (const { version, name } of done.migrations) await runner.markApplied(version, name);
        break;
    }
    this.#done.push(done);
  }

  async #toEra(era: GrantsEra): Promise<void> {
    if (this.#era === era) return;
    this.#era = era;
    await this.#redo({ how: 'era', era });
  }

  #fileOf(migration: Migration): MigrationFile {
    const known = this.#input.sources.get(migration.path);
    const text = migration.text ?? '';
    const source = known?.text === text ? known : parseSource(migration.path, text);
    return fileOf(migration.path, migration.version, migration.name, source);
  }
}

/** Where string order from zero and "base first" can give different databases. */
function needsFromZero({ all, base, changes, head }: History): boolean {
  if (all) return false;
  const newest = base.reduce(
    (version, migration) => (migration.version > version ? migration.version : version),
    '',
  );
  return changes.some(
    (change) =>
      change.kind !== 'added' || (head.find(({ path }) => path === change.path)?.version ?? newest) < newest,
  );
}

async function definitions(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const routines = await readFunctions(engine.admin, (schema) => platformSchemas.has(schema));
  return new Map(routines.map((routine) => [routine.key, look(routine)]));
}

/** What a body's correctness hangs on in the function itself: its definition, and the tables it is a trigger of. */
const look = ({ definition, tables }: CatalogFunction): string => [definition, ...tables].join('\n');

/** The last statement that makes a function of that name, and the line of the body's problem. */
function placeOfFunction(
  files: readonly MigrationFile[],
  routine: CatalogFunction,
  problem: BodyProblem,
): BrokenFunction {
  for (const { path, source } of [...files].reverse()) {
    const makesIt = source.statements.filter(
      ({ kind, node }) =>
        kind === 'CreateFunctionStmt' && node.funcname?.at(-1)?.String?.sval === routine.name,
    );
    // Of several by that name the one that holds the body.
    const statement = makesIt.findLast(({ sql }) => sql.includes(routine.body)) ?? makesIt.at(-1);
    if (!statement) continue;
    const body = statement.sql.indexOf(routine.body);
    const first = body === -1 ? statement.span.line : source.position(statement.start + body).line;
    const line = problem.bodyLine === null ? statement.span.line : first + problem.bodyLine - 1;
    return { ...problem, function: routine.key, path, line };
  }
  return { ...problem, function: routine.key, path: null, line: null };
}

/** Files of the head that `db push` would run: those whose version the base has not applied from the same file. */
function pending(history: History): readonly Migration[] {
  const old = new Set(seenByVersion(history));
  const changed = new Set(history.changes.map((change) => change.path));
  return history.head.filter((migration) => changed.has(migration.path) && !old.has(migration));
}

/** Files that were edited or renamed but kept their version: the CLI compares versions only, and runs them never again. */
function seenByVersion(history: History): readonly Migration[] {
  const onBase = new Map(history.base.map((migration) => [migration.path, migration.version]));
  return history.changes.flatMap((change) => {
    if (change.kind !== 'edited' && change.kind !== 'renamed') return [];
    const migration = history.head.find(({ path }) => path === change.path);
    return migration && onBase.get(change.previousPath ?? change.path) === migration.version
      ? [migration]
      : [];
  });
}

export async function surroundings(engine: Engine, secret: string): Promise<Surroundings> {
  const [row] = await engine.admin.query('select current_database() as name');
  const available = await engine.admin.query('select name from pg_available_extensions');
  const names = new Set(available.map(({ name }) => name!));
  return {
    engine: engine.kind,
    secret,
    database: row!.name!,
    available: names,
    pgtap:
      engine.kind === 'server' && !names.has('pgtap')
        ? await bundledSql('pgtap', 'extensions').catch(() => null)
        : null,
  };
}

export async function setEra(engine: Engine, era: GrantsEra): Promise<void> {
  // On Supabase a project's event triggers do not fire for superusers (supautils); event_triggers is new in 17.
  const quiet = engine.major >= 17 ? 'set local event_triggers = off;' : '';
  await engine.admin.exec(`begin; ${quiet} ${grantsSql(era)}; commit`);
}

const fileOf = (path: string, version: string, name: string, source: SourceFile): MigrationFile => ({
  path,
  version,
  name,
  source,
});

const blank = ({ path, version }: { path: string; version: string }, grants: GrantsEra): MigrationRun => ({
  path,
  version,
  grants,
  status: 'not-run',
  durationMs: 0,
  statements: [],
  error: null,
});

const isApplied = (step: Step): boolean => step.outcome === 'applied';

const failedAt = (index: number, error: SqlError): Step => ({
  index,
  outcome: 'failed',
  ms: 0,
  error,
  reason: null,
  verbatim: false,
});

function errorOf(file: MigrationFile, step: Step, onBase: boolean): MigrationError {
  const { source } = file;
  if (source.issue && step.index === SYNTAX) {
    return {
      ...step.error!,
      line: source.issue.span.line,
      lineColumn: source.issue.span.column,
      alsoOnBase: onBase,
    };
  }
  return migrationError(source, source.statements[step.index] ?? null, step.error!, step.verbatim, onBase);
}

function statementRun(file: MigrationFile, step: Step, trace: StatementTrace | undefined): StatementRun {
  const statement = file.source.statements[step.index];
  const issue = file.source.issue;
  const status = {
    applied: 'applied',
    failed: 'failed',
    'passed over': 'not-checkable',
    'left out': 'failed',
  } as const;
  return {
    index: step.index,
    line: statement?.span.line ?? issue?.span.line ?? 1,
    endLine: statement?.span.endLine ?? issue?.span.endLine ?? 1,
    kind: statement?.kind ?? '',
    durationMs: step.ms,
    locks: trace?.locks ?? [],
    rewrites: trace?.rewrites ?? [],
    status: status[step.outcome],
    error: step.error,
    reason: step.reason,
  };
}
