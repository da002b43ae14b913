/** Runs a piece of SQL inside the transaction that the proof lives in. */
import type { DatabaseError, Session } from '../database/engine.ts';
import type { SourceFile, Statement } from '../model/sql.ts';

/** What to send for a statement so that it does here what it would do on Supabase; empty: it is passed over. */
export type SqlOf = (statement: Statement) => readonly string[];

export interface RunError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | null;
  /** Line of the statement within the source. */
  readonly line: number | null;
  readonly sql: string;
}

/** Null where all of it ran. BEGIN and COMMIT are left out, and so is CONCURRENTLY: neither changes what comes out. */
export async function run(session: Session, source: SourceFile, sqlOf: SqlOf): Promise<RunError | null> {
  if (source.issue) {
    return {
      sqlstate: '42601',
      message: source.issue.message,
      detail: null,
      line: source.issue.span.line,
      sql: '',
    };
  }
  const sent: { sql: string; statement: Statement }[] = [];
  for (const statement of source.statements) {
    if (statement.kind === 'TransactionStmt' || statement.kind === 'VacuumStmt') continue;
    for (const sql of sqlOf(withoutConcurrently(statement))) sent.push({ sql, statement });
  }
  const outcomes = await session.batch(['reset all', ...sent.map(({ sql }) => sql)], { stopOnError: true });
  const at = outcomes.findIndex((outcome) => !outcome.ok);
  const outcome = outcomes[at];
  if (outcome === undefined || outcome.ok) return null;
  const { sqlstate, message, detail } = outcome.error as DatabaseError;
  const statement = sent[at - 1]?.statement;
  return { sqlstate, message, detail, line: statement?.span.line ?? null, sql: statement?.sql ?? '' };
}

function withoutConcurrently(statement: Statement): Statement {
  const { kind, node } = statement;
  if (
    !node.concurrent &&
    !(kind === 'AlterTableStmt' || kind === 'ReindexStmt' || kind === 'RefreshMatViewStmt')
  ) {
    return statement;
  }
  if (!/\bconcurrently\b/i.test(statement.sql)) return statement;
  const sql = statement.sql.replace(/\bconcurrently\b\s*/i, '');
  return { ...statement, sql, node: { ...node, concurrent: false } };
}

/** Undoes what `work` did; the session stands as before, whatever happened. */
export async function apart<Result>(
  session: Session,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await session.exec(`savepoint ${name}`);
  try {
    return await work();
  } finally {
    await session.exec(`rollback to savepoint ${name}; release savepoint ${name}`);
  }
}
