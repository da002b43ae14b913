/**
 * Whether a mutation changes what anybody can do: hand-written rows and statements, run before and after it on a real
 * server. Shares nothing with `src/probes`.
 */
import type { Engine, Outcome } from '../../src/database/engine.ts';
import { grantsSql } from '../../src/database/platform/index.ts';
import type { Ask, SweepSchema } from './schemas.ts';

/** What came of each statement, in the schema's order. */
export type Vector = readonly string[];

export interface Verdict {
  /** Statements whose outcome differs. */
  readonly changed: readonly { readonly ask: Ask; readonly before: string; readonly after: string }[];
  /** More is reached by one of them, less by one of them. */
  readonly wider: boolean;
  readonly narrower: boolean;
}

/** A statement on a table of the platform is not `postgres`' own to run; supautils lets it. */
const onPlatform = (sql: string) => /\bon storage\.|\bstorage\.buckets\b/i.test(sql);

/** Lays the schema on a fresh engine, as a migration of the explicit era would be. */
export async function laySchema(engine: Engine, schema: SweepSchema): Promise<void> {
  await engine.admin.exec(grantsSql('explicit'));
  for (const statement of statementsOf(schema.sql)) {
    await (onPlatform(statement) ? engine.admin : engine.postgresRole).exec(statement);
  }
}

/** At semicolons that end a line, outside of dollar quotes. */
export function statementsOf(sql: string): string[] {
  const found: string[] = [];
  let pending = '';
  for (const line of sql.split('\n')) {
    pending += `${line}\n`;
    const quoted = (pending.match(/\$\$/g) ?? []).length % 2 === 1;
    if (!quoted && line.endsWith(';')) {
      found.push(pending);
      pending = '';
    }
  }
  return found;
}

/** Throws where the mutation or the rows do not run: then there is no verdict. */
export async function observe(
  engine: Engine,
  schema: SweepSchema,
  mutation: readonly string[],
): Promise<Vector> {
  const prepare = [
    'begin',
    ...mutation.flatMap((sql) => (onPlatform(sql) ? [sql] : ['set local role postgres', sql, 'reset role'])),
    ...schema.rows,
  ];
  const asks = schema.asks.map(({ role, claims, sql, afterwards }) => [
    'savepoint ask',
    `select set_config('request.jwt.claims', '${claims}', true)`,
    ...(role === null ? [] : [`set local role ${role}`]),
    sql,
    ...(afterwards === null ? [] : ['reset role', afterwards]),
    'rollback to savepoint ask',
  ]);
  const outcomes = await engine.admin.batch([...prepare, ...asks.flat(), 'rollback']);
  for (const [at, outcome] of outcomes.slice(0, prepare.length).entries()) {
    if (!outcome.ok) throw new Error(`${prepare[at]}: ${outcome.error.message}`);
  }
  let at = prepare.length;
  return asks.map((statements, index) => {
    const { role, afterwards } = schema.asks[index]!;
    const main = outcomes[at + (role === null ? 2 : 3)]!;
    const later = afterwards === null ? null : outcomes[at + statements.length - 2]!;
    at += statements.length;
    return later === null || !main.ok ? told(main) : `${told(main)}, then ${told(later)}`;
  });
}

function told(outcome: Outcome): string {
  if (!outcome.ok) return `error ${outcome.error.sqlstate}`;
  return outcome.rows.length > 0 ? JSON.stringify(outcome.rows) : String(outcome.affected);
}

/** Refused, and nothing to be had, are the same to an onlooker; only where neither says more it is no change. */
const reached = (text: string): number =>
  text.startsWith('error')
    ? 0
    : text.startsWith('[')
      ? JSON.parse(text.split(', then ')[0]!).length
      : Number(text);

export function compare(schema: SweepSchema, before: Vector, after: Vector): Verdict {
  const changed = schema.asks
    .map((ask, at) => ({ ask, before: before[at]!, after: after[at]! }))
    .filter((entry) => entry.before !== entry.after && reached(entry.before) + reached(entry.after) > 0);
  return {
    changed,
    wider: changed.some((entry) => reached(entry.after) > reached(entry.before)),
    narrower: changed.some((entry) => reached(entry.after) < reached(entry.before)),
  };
}
