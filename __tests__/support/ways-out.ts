/**
 * Does the SQL of a way out hold on the schema at hand? It runs in the place of the statement that the finding points at,
 * with the rest of the file after it; what is for later files behind that; and all of it behind the whole file. It holds
 * where one of these brings no error that the file itself does not have. CONCURRENTLY is left out, as all of it is rolled back.
 */
import type { Engine } from '../../src/database/engine.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { SourceFile, Statement } from '../../src/model/sql.ts';
import { parseSource } from '../../src/sql/parse.ts';
import { transactionControl } from '../../src/sql/transaction.ts';

export interface WayOut {
  readonly finding: Finding;
  /** Not tried: files with transaction control, statements that fail themselves, findings at no statement, gaps left to fill in. */
  readonly outcome: 'holds' | 'fails' | 'not tried';
  /** Of one that fails: its statements and what they ended with, in both places. */
  readonly shown: string;
}

/** Findings of one file, each with SQL in its way out; what stands `before` it is laid first. Leaves nothing behind. */
export async function waysOut(
  engine: Engine,
  source: SourceFile,
  findings: readonly Finding[],
  before: readonly string[] = [],
): Promise<readonly WayOut[]> {
  const texts = source.statements.map(({ sql }) => plain(sql));
  const whole = !source.statements.some((statement) => transactionControl(statement));
  const run = async (statements: readonly string[]) =>
    (await errors(engine, [...before, ...statements])).slice(before.length);
  const own = whole ? await run(texts) : [];
  const found: WayOut[] = [];
  for (const finding of findings) {
    const ways = sqlOf(finding);
    if (ways === null) continue;
    const at = source.statements.findIndex((statement) => holds(statement, finding));
    if (!whole || ways.length === 0 || at < 0 || own[at] !== null) {
      found.push({ finding, outcome: 'not tried', shown: '' });
      continue;
    }
    const fresh = (seen: readonly (string | null)[]) =>
      seen.filter((error): error is string => error !== null && error !== '' && !own.includes(error));
    const failed: string[] = [];
    for (const { statements: way, later } of ways) {
      const again = new Set(way.map(words));
      const moved = linesMoved(finding);
      const rest = texts.map((sql, index) =>
        index === at || again.has(words(sql)) || moved.has(source.statements[index]!.span.line)
          ? 'select 1'
          : sql,
      );
      const [above, below] = [rest.slice(0, at), rest.slice(at)];
      const errors: string[][] = [];
      for (const all of [
        [...texts, ...way],
        [...above, ...way, ...below],
        [...above, ...way.slice(0, later), ...below, ...way.slice(later)],
      ]) {
        errors.push(fresh(await run(all)));
        if (errors.at(-1)!.length === 0) break;
      }
      if (errors.every(({ length }) => length > 0))
        failed.push(
          ...errors.map(
            (seen, index) => `${['behind', 'instead', 'over files'][index]}: ${seen.join(' | ')}`,
          ),
          ...way,
        );
    }
    found.push({ finding, outcome: failed.length === 0 ? 'holds' : 'fails', shown: failed.join('\n') });
  }
  return found;
}

/**
 * The ways out in a finding's fences, each with its statements: a line `-- or …` tells one from the next. Null without
 * any, empty where they are no SQL (a gap left to fill in).
 */
function sqlOf({ help }: Finding): readonly Way[] | null {
  const fences = [...(help ?? '').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);
  if (fences.length === 0) return null;
  const texts = fences
    .join('\n')
    .replaceAll('where …', 'where true')
    .replaceAll(' and …;', ';')
    .split(/^-- or\b.*$/m);
  const sources = texts.map((text) => parseSource('way out', text));
  if (sources.some(({ issue, text }) => issue || text.includes('…'))) return [];
  return sources.map(({ text, statements }) => {
    const at = text.search(/^-- (?:in a later|in the next|in a file of its own|each in a file|then, in)/m);
    return {
      statements: statements.map(({ sql }) => plain(sql)),
      later: at < 0 ? statements.length : statements.filter(({ start }) => start < at).length,
    };
  });
}

interface Way {
  readonly statements: readonly string[];
  /** Index of the first that is for a later file. */
  readonly later: number;
}

/** Lines that move to a later file together with it, as the message says. */
const linesMoved = ({ message }: Finding): ReadonlySet<number> =>
  new Set(
    [...message.matchAll(/\bLines? ((?:\d+(?:, | and )?)+)[^.]*?\bmoves? (?:along|behind)\b/g)].flatMap(
      ([, lines]) => lines!.match(/\d+/g)!.map(Number),
    ),
  );

/** What two spellings of one statement share. */
function words(sql: string): string {
  return sql
    .toLowerCase()
    .replace(/\bif not exists\b|\bpublic\./g, ' ')
    .replace(/[\s"();]+/g, ' ')
    .trim();
}

function holds(statement: Statement, { line, column }: Finding): boolean {
  const { span } = statement;
  const from = line! > span.line || (line === span.line && (column ?? 1) >= span.column);
  return from && (line! < span.endLine || (line === span.endLine && (column ?? 1) <= span.endColumn));
}

function plain(sql: string): string {
  return sql.replace(/\bconcurrently\b/gi, '').replace(/^vacuum.*$/i, 'select 1');
}

/** The error of each statement, null for none: one transaction, a savepoint around each, and all of it undone. */
async function errors(engine: Engine, statements: readonly string[]): Promise<readonly (string | null)[]> {
  const session = engine.postgresRole;
  const found: (string | null)[] = [];
  await session.exec('reset all');
  await session.exec('begin');
  try {
    for (const sql of statements) {
      const [, outcome] = await session.batch(['savepoint way', sql, 'release savepoint way']);
      found.push(outcome?.ok === false ? outcome.error.message : null);
      if (outcome?.ok === false) await session.exec('rollback to savepoint way');
    }
  } finally {
    await session.exec('rollback');
  }
  return found;
}
