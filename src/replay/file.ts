/**
 * One migration file, applied as the Supabase CLI applies it (supabase-facts, "How one file is applied"): RESET ALL, all
 * statements and the history row in one implicit transaction, standalone statements between two of them, BEGIN and
 * COMMIT in the file ending it early. Statement by statement where somebody watches, in one go where nobody does.
 */
import { type Engine, EngineLost, type Outcome, type Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { isStandalone, transactionControl } from '../sql/transaction.ts';
import { type Command, commandFor, detourSql, isMissing, literal, type Surroundings } from './commands.ts';
import { attempt, sqlError } from './errors.ts';

export interface MigrationFile {
  readonly path: string;
  readonly version: string;
  readonly name: string;
  readonly source: SourceFile;
}

/** Index of a step that is no statement: the history row or a COMMIT of the CLI's own; text that can't be parsed. */
export const BATCH_END = -1;
export const SYNTAX = -2;
/** Reason of a step that was stopped because it took another identity: never to be run again. */
export const ESCAPE = 'It takes an identity that postgres can not take on Supabase.';

/** What one statement did. */
export interface Step {
  readonly index: number;
  readonly outcome: 'applied' | 'failed' | 'passed over' | 'left out';
  readonly ms: number;
  readonly error: SqlError | null;
  /** Why it was passed over or left out. */
  readonly reason: string | null;
  /** True where positions in the error are positions in the statement's own text. */
  readonly verbatim: boolean;
}

/** Looks on while statements run: its query goes with each of them, and it may object to what it sees. */
export interface Watcher {
  readonly query: string;
  seen(index: number, outcome: Outcome, inTransaction: boolean): Promise<SqlError | null>;
  /** A statement outside any transaction is through. */
  alone(statement: Statement): Promise<void>;
  /** A transaction has ended: its locks are gone. */
  released(): void;
}

/** The engine went away under a statement (−1: under what stands around them). */
export class LostAt extends Error {
  readonly index: number;
  readonly lost: EngineLost;
  constructor(index: number, lost: EngineLost) {
    super(lost.message, { cause: lost });
    this.index = index;
    this.lost = lost;
  }
}

export interface FileOptions {
  /** Statements that are left out, and why. */
  readonly leaveOut?: ReadonlyMap<number, string>;
  /** Statements that an earlier try of this file has committed: not run again. */
  readonly settled?: ReadonlySet<number>;
  readonly watcher?: Watcher;
  /** False: statements only, no row in the history. */
  readonly history?: boolean;
}

export class FileRunner {
  readonly engine: Engine;
  readonly #session: Session;
  readonly #around: Surroundings;
  #settled = new Set<number>();

  constructor(engine: Engine, around: Surroundings) {
    this.engine = engine;
    this.#session = engine.postgresRole;
    this.#around = around;
  }

  command(statement: Statement): Command {
    return commandFor(statement, this.#around);
  }

  /** SQL that runs `sql` as superuser, in the transaction it is sent in. */
  asSuperuser(sql: string): string {
    return detourSql(sql, this.#around.secret);
  }

  isMissing(extension: string): boolean {
    return isMissing(extension, this.#around);
  }

  /** The whole file in one round trip. Null where it has to go statement by statement; else its error, or that it applied. */
  async inOneGo(file: MigrationFile): Promise<{ readonly error: SqlError | null } | null> {
    const { source } = file;
    if (source.issue) return null;
    // What is not the file's own text goes by itself: `current_query()` would show a file the secret in it.
    const parts = [''];
    const own = (text: string) => parts.push(`${parts.pop()}${text}`);
    let at = 0;
    for (const statement of source.statements) {
      if (isStandalone(statement) || transactionControl(statement)) return null;
      const command = this.command(statement);
      if (command.kind === 'pass over') return null;
      own(source.text.slice(at, statement.start));
      if (command.verbatim && command.sql.length === 1) own(statement.sql);
      else parts.push(...command.sql, '');
      at = statement.end;
    }
    own(`${source.text.slice(at)}\n;${historyRow(file)}`);
    await this.#session.exec('reset all');
    try {
      const [only, ...more] = parts;
      const error = await attempt(() =>
        more.length === 0 ? this.#session.exec(only!) : this.#together(parts),
      );
      return { error };
    } catch (error) {
      throw lostAt(BATCH_END, error);
    }
  }

  async #together(parts: readonly string[]): Promise<void> {
    const sent = parts.filter((part) => /\S/.test(part));
    const outcomes = await this.#session.batch(['begin', ...sent, 'commit'], { stopOnError: true });
    const last = outcomes.at(-1)!;
    if (last.ok) return;
    await this.#session.exec('rollback');
    throw last.error;
  }

  /**
   * Statement by statement, with the CLI's transactions around them. Stops at the first error; nothing of the
   * transaction it was in stays.
   */
  async asOne(file: MigrationFile, options: FileOptions = {}): Promise<readonly Step[]> {
    const { source } = file;
    const steps: Step[] = [];
    let inTransaction = false;
    let inBlock = false;
    const begin = async () => {
      if (!inTransaction) await this.#session.exec('begin');
      inTransaction = true;
    };
    const end = async (sql: string) => {
      if (inTransaction) await this.#session.exec(sql);
      inTransaction = false;
      inBlock = false;
      for (const step of steps) this.#settled.add(step.index);
      options.watcher?.released();
    };
    let index = BATCH_END;
    this.#settled = new Set();
    try {
      await this.#session.exec('reset all');
      for (const statement of source.statements) {
        if (isBehindIssue(source, statement)) break;
        index = statement.index;
        const left = options.leaveOut?.get(index);
        if (left !== undefined) {
          steps.push(passed(index, 'left out', left));
          continue;
        }
        const control = transactionControl(statement);
        if (control === 'open') {
          await begin();
          inBlock = true;
          steps.push(applied(index, 0));
          continue;
        }
        if (control === 'close') {
          const error = await attempt(() => end(statement.sql));
          steps.push(error ? failed(index, error, 0, true) : applied(index, 0));
          if (error) return await this.#givenUp(steps, inTransaction);
          continue;
        }
        const command = this.command(statement);
        if (command.kind === 'pass over') {
          steps.push(passed(index, 'passed over', command.reason));
          continue;
        }
        const alone = isStandalone(statement) && !inBlock;
        if (alone) await end('commit');
        else await begin();
        const step = await this.send(statement, command, inTransaction, options.watcher);
        steps.push(step);
        if (alone && step.outcome === 'applied') {
          this.#settled.add(index);
          await options.watcher?.alone(statement);
        }
        if (step.outcome === 'failed') return await this.#givenUp(steps, inTransaction);
      }
      if (source.issue) {
        // What Postgres can't parse stops the file there; it says so itself.
        await begin();
        index = SYNTAX;
        const error = await attempt(() => this.#session.exec(unparsed(source)));
        if (error) steps.push(failed(index, error, 0, false));
        return await this.#givenUp(steps, inTransaction);
      }
      index = BATCH_END;
      const error = await attempt(async () => {
        await begin();
        if (options.history !== false) await this.#session.exec(historyRow(file));
        await end('commit');
      });
      if (error) {
        steps.push(failed(BATCH_END, error, 0, false));
        return await this.#givenUp(steps, inTransaction);
      }
      return steps;
    } catch (error) {
      throw lostAt(index, error);
    }
  }

  /** What `asOne` last ended a transaction over before it failed: a COMMIT in the file, a standalone statement. */
  get settled(): ReadonlySet<number> {
    return this.#settled;
  }

  /** Each statement by itself: what works stays, whatever fails before it. */
  async oneByOne(file: MigrationFile, options: FileOptions = {}): Promise<readonly Step[]> {
    const steps: Step[] = [];
    let index = BATCH_END;
    try {
      await this.#session.exec('reset all');
      for (const statement of file.source.statements) {
        index = statement.index;
        const left = options.leaveOut?.get(index);
        const command = this.command(statement);
        if (left !== undefined) steps.push(passed(index, 'left out', left));
        else if (transactionControl(statement) || options.settled?.has(index)) steps.push(applied(index, 0));
        else if (command.kind === 'pass over') steps.push(passed(index, 'passed over', command.reason));
        else if (isStandalone(statement)) steps.push(await this.send(statement, command, false));
        else {
          await this.#session.exec('begin');
          const step = await this.send(statement, command, true);
          const error = await attempt(() =>
            this.#session.exec(step.outcome === 'failed' ? 'rollback' : 'commit'),
          );
          steps.push(error ? failed(index, error, step.ms, false) : step);
        }
      }
      return steps;
    } catch (error) {
      throw lostAt(index, error);
    }
  }

  async isApplied(version: string): Promise<boolean> {
    const rows = await this.#session.query(
      'select from supabase_migrations.schema_migrations where version = $1',
      [version],
    );
    return rows.length > 0;
  }

  /** As the CLI does before it applies anything: a file may have dropped it, and what follows it is to be tried all the same. */
  async ensureHistory(): Promise<void> {
    await this.#session.exec(`
      reset role;
      create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
      alter table supabase_migrations.schema_migrations add column if not exists statements text[], add column if not exists name text`);
  }

  /** The history row alone: for a file that is taken as applied. */
  async markApplied(version: string, name: string): Promise<void> {
    await this.#session.exec(
      `insert into supabase_migrations.schema_migrations (version, name) values (${literal(version)}, ${literal(name)}) on conflict do nothing`,
    );
  }

  /** One statement, with what stands around it. */
  async send(
    statement: Statement,
    command: Command,
    inTransaction: boolean,
    watcher?: Watcher,
  ): Promise<Step> {
    const { index } = statement;
    if (command.kind === 'pass over') return passed(index, 'passed over', command.reason);
    const sql = watcher && inTransaction ? [...command.sql, watcher.query] : [...command.sql];
    // In a transaction that has failed nothing more runs: what follows need not wait. COPY … FROM STDIN would read it.
    const together = inTransaction && statement.kind !== 'CopyStmt';
    const outcomes = await this.#session.batch(sql, { stopOnError: !together });
    const bad = outcomes.findIndex((outcome) => !outcome.ok);
    const main = outcomes[command.main];
    const wrong = outcomes[bad];
    if (wrong && !wrong.ok && bad < command.sql.length) {
      return failed(index, sqlError(wrong.error), wrong.ms, command.verbatim && bad === command.main);
    }
    const objection = watcher ? await watcher.seen(index, outcomes.at(-1)!, inTransaction) : null;
    if (objection) return { ...failed(index, objection, main?.ms ?? 0, false), reason: ESCAPE };
    return applied(index, main?.ms ?? 0);
  }

  async #givenUp(steps: readonly Step[], inTransaction: boolean): Promise<readonly Step[]> {
    if (inTransaction) await this.#session.exec('rollback');
    return steps;
  }
}

/** True for statements that Postgres never reads, because the text before them can't be parsed. */
function isBehindIssue({ issue }: SourceFile, { span }: Statement): boolean {
  if (issue === null) return false;
  const { line, column } = issue.span;
  return span.endLine > line || (span.endLine === line && span.endColumn > column);
}

/** From the end of the last statement that Postgres reads, on. */
function unparsed(source: SourceFile): string {
  const last = source.statements.findLast((statement) => !isBehindIssue(source, statement));
  return source.text.slice(last?.end ?? 0).replace(/^\s*;/, '');
}

/**
 * The file once more, and all of it taken back: the step that stops it, if one does. Statements that can't run in a
 * transaction block, and the file's own transaction control, are left out.
 */
export async function secondRun(
  runner: FileRunner,
  session: Session,
  file: MigrationFile,
): Promise<Step | null> {
  await session.exec('reset all; begin');
  try {
    for (const statement of file.source.statements) {
      if (isStandalone(statement) || transactionControl(statement)) continue;
      const command = runner.command(statement);
      if (command.kind === 'pass over') continue;
      const step = await runner.send(statement, command, true);
      if (step.outcome === 'failed') return step;
    }
    return null;
  } catch (error) {
    throw lostAt(BATCH_END, error);
  } finally {
    await session.exec('rollback').catch(() => undefined);
  }
}

export function historyRow({ version, name, source }: MigrationFile): string {
  const statements = source.statements.map((statement) => literal(statement.sql));
  const list = statements.length > 0 ? `array[${statements.join(',')}]` : `'{}'::text[]`;
  return `insert into supabase_migrations.schema_migrations (version, name, statements) values (${literal(version)}, ${literal(name)}, ${list})`;
}

const applied = (index: number, ms: number): Step => ({
  index,
  outcome: 'applied',
  ms,
  error: null,
  reason: null,
  verbatim: false,
});
const failed = (index: number, error: SqlError, ms: number, verbatim: boolean): Step => ({
  index,
  outcome: 'failed',
  ms,
  error,
  reason: null,
  verbatim,
});
const passed = (index: number, outcome: 'passed over' | 'left out', reason: string): Step => ({
  index,
  outcome,
  ms: 0,
  error: null,
  reason,
  verbatim: false,
});

const lostAt = (index: number, error: unknown): unknown =>
  error instanceof EngineLost ? new LostAt(index, error) : error;
