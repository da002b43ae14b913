/**
 * A second look at PL/pgSQL bodies by plpgsql_check, where the server has it. It plans what a body holds, and planning
 * calls functions that say they are immutable: so the extension is laid by the superuser and asked by `Engine.act`'s.
 */
import type { Engine, Row, Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import { readPlpgsql } from '../sql/plpgsql-queries.ts';
import { offsetOfCharacter, ownError } from './errors.ts';
import type { BodyProblem, CatalogFunction } from './functions.ts';
import { catches, looksAround, takesAnything } from './plpgsql-body.ts';
import { isMadeIn, lineOf } from './sql-body.ts';

const ownSchema = 'migration_guard_plpgsql_check';

/** Syntax errors, what does not exist, what is ambiguous, what does not fit: true of every call (SQLSTATE class 42). */
const isCertain = (sqlstate: string): boolean => sqlstate.startsWith('42') && sqlstate !== '42501';

export class PlpgsqlCheck {
  readonly #schema: string;

  private constructor(schema: string) {
    this.#schema = schema;
  }

  /**
   * Has the extension in the database for as long as `work` takes; null where the engine lacks it. `asSuperuser` makes
   * SQL that runs as superuser without what the project hung on DDL.
   */
  static async during<T>(
    engine: Engine,
    asSuperuser: (sql: string) => string,
    work: (check: PlpgsqlCheck | null) => Promise<T>,
  ): Promise<T> {
    // The embedded engine's is a stand-in that brings nothing.
    if (engine.kind === 'embedded') return work(null);
    const [row] = await engine.admin.query(`
      select installed_version is not null as installed, (select quote_ident(n.nspname) from pg_catalog.pg_extension e
        join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = name) as schema
      from pg_catalog.pg_available_extensions where name = 'plpgsql_check'`);
    if (!row) return work(null);
    if (row.installed === 't') return work(new PlpgsqlCheck(row.schema!));
    await engine.admin.query(
      asSuperuser(`create schema ${ownSchema}; create extension plpgsql_check with schema ${ownSchema};
        grant usage on schema ${ownSchema} to postgres`),
    );
    try {
      return await work(new PlpgsqlCheck(ownSchema));
    } finally {
      await engine.admin.query(asSuperuser(`drop schema ${ownSchema} cascade`));
    }
  }

  /** Null where it can't be asked about this function. In a transaction, the function's search path set. */
  async check(session: Session, routine: CatalogFunction): Promise<readonly BodyProblem[] | null> {
    if (routine.arguments.some(({ type }) => takesAnything(type)) || looksAround(routine)) return null;
    // Which rows a trigger's are is known from its table.
    if (routine.isTrigger && routine.tables.length === 0) return null;
    const [, answer] = await session.batch([
      'savepoint second_look',
      this.#question(routine),
      'rollback to savepoint second_look',
      'release savepoint second_look',
    ]);
    if (!answer?.ok) return null;
    const problems = answer.rows.flatMap((row) => problemOf(routine, row) ?? []);
    // It may ask which table it serves: wrong is what is wrong for each of them.
    const everywhere = (problem: BodyProblem) =>
      problems.filter(
        ({ error, bodyLine }) => bodyLine === problem.bodyLine && error.message === problem.error.message,
      ).length >= Math.max(1, routine.tables.length);
    return problems.filter(everywhere);
  }

  #question({ oid, isTrigger }: CatalogFunction): string {
    const ask = (relation: string, tables: string) =>
      `${this.#schema}.plpgsql_check_function_tb(${oid}, ${relation}, fatal_errors := false, other_warnings := false, extra_warnings := false${tables})`;
    const columns = 'c.lineno, c.sqlstate, c.message, c.detail, c.hint, c."position", c.query';
    return isTrigger
      ? `select ${columns} from (select distinct tgrelid, tgoldtable, tgnewtable from pg_catalog.pg_trigger where tgfoid = ${oid} and not tgisinternal) t,
          ${ask('t.tgrelid', ', oldtable := t.tgoldtable, newtable := t.tgnewtable')} c where c.level = 'error'`
      : `select ${columns} from ${ask('0', '')} c where c.level = 'error'`;
  }
}

function problemOf(routine: CatalogFunction, row: Row): BodyProblem | null {
  const sqlstate = row.sqlstate ?? '';
  const error: SqlError = { ...ownError(sqlstate, row.message ?? ''), detail: row.detail!, hint: row.hint! };
  if (!isCertain(sqlstate) || isMadeIn(routine, error)) return null;
  const line = Number(row.lineno ?? 0);
  const query = row.query ?? '';
  const inside = row.position ? lineOf(query, offsetOfCharacter(query, Number(row.position))) - 1 : 0;
  const caught = handlersAt(routine.body, line);
  const how = caught === null ? 'meant' : catches(caught, error);
  if (how === 'meant') return null;
  return { error, bodyLine: line > 0 ? line + inside : null, table: null, swallowed: how === 'swallowed' };
}

/** Conditions that handlers around a line catch; null where that can't be told. */
function handlersAt(body: string, line: number): readonly string[] | null {
  const read = readPlpgsql(body);
  if (read === null) return /\bexception\s+when\b/i.test(body) ? null : [];
  return read.queries.find(({ start }) => lineOf(body, start) >= line)?.caught ?? [];
}
