/** Values that make CHECK constraints true together: Postgres picks them from many rows of candidates in one query. */
import type { Session } from '../engine.ts';

export interface CheckedColumn {
  readonly name: string;
  /** As `format_type` prints it. */
  readonly type: { readonly name: string };
  readonly notNull: boolean;
}

export interface CheckedTable<Column extends CheckedColumn = CheckedColumn> {
  readonly columns: readonly Column[];
  readonly checks: readonly Check[];
}

export interface Check {
  readonly name: string;
  /** As `pg_get_constraintdef` prints it. */
  readonly text: string;
  readonly columns: readonly string[];
}

/** Columns of one constraint that are changed together, and rows of candidates in a query. */
const MOST_COLUMNS = 6;
const MOST_ROWS = 3_000;

/**
 * What to change of `values` so that `broken` holds, and with it every other check of those columns where that can be:
 * as few columns as possible. Null where nothing suggested does. Inside a transaction, which it leaves as it was.
 * `suggested`: what else a column may hold; `hints` is the text of all checks of those columns.
 */
export async function satisfying<Column extends CheckedColumn>(
  session: Session,
  table: CheckedTable<Column>,
  broken: Check,
  values: ReadonlyMap<string, string | null>,
  suggested: (column: Column, hints: string) => readonly (string | null)[],
): Promise<ReadonlyMap<string, string | null> | null> {
  const varied = table.columns.filter(({ name }) => broken.columns.includes(name)).slice(0, MOST_COLUMNS);
  const touched = table.checks.filter((check) =>
    check.columns.some((name) => varied.some((c) => c.name === name)),
  );
  const hints = touched.map(({ text }) => text).join(' ');
  const choices = varied.map((column) => {
    const now = values.get(column.name);
    const others = suggested(column, hints);
    const all = [...(now === undefined ? [] : [now]), ...others, ...(column.notNull ? [] : [null])];
    return [...new Set(all)];
  });
  if (choices.some((list) => list.length === 0)) return null;
  const known = new Set([...values.keys(), ...varied.map(({ name }) => name)]);
  const together = touched.filter(({ columns }) => columns.every((name) => known.has(name)));
  const rows = fewestChangesFirst(choices.map((list) => list.length));
  for (const checks of together.length > 1 ? [together, [broken]] : [[broken]]) {
    const fixed = table.columns.filter(
      (column) => !varied.includes(column) && checks.some(({ columns }) => columns.includes(column.name)),
    );
    const columns = [...varied, ...fixed];
    const given = rows.map((row, at) => {
      const list = columns.map(({ name, type }, i) =>
        written(i < varied.length ? choices[i]![row[i]!]! : (values.get(name) ?? null), type),
      );
      return `(${[at, ...list].join(', ')})`;
    });
    const names = ['of_row', ...columns.map(({ name }) => quoted(name))].join(', ');
    const wanted = checks.map(({ text }) => `(${conditionOf(text)}) is not false`).join(' and ');
    const [, outcome] = await session.batch([
      'savepoint choice',
      `select of_row from (values ${given.join(', ')}) as given (${names}) where ${wanted} order by of_row limit 1`,
      'rollback to savepoint choice',
      'release savepoint choice',
    ]);
    const found = outcome?.ok ? outcome.rows[0]?.of_row : undefined;
    if (found == null) continue;
    const row = rows[Number(found)]!;
    return new Map(varied.map(({ name }, i) => [name, choices[i]![row[i]!]!]));
  }
  return null;
}

/** Indexes into each list of choices: the first of each is what stands now. */
function fewestChangesFirst(lengths: readonly number[]): readonly (readonly number[])[] {
  const rows: number[][] = [];
  const add = (row: number[], from: number, changes: number): void => {
    if (rows.length >= MOST_ROWS) return;
    if (changes === 0) {
      rows.push(row);
      return;
    }
    for (let at = from; at <= lengths.length - changes; at += 1) {
      for (let choice = 1; choice < lengths[at]!; choice += 1) {
        add(row.with(at, choice), at + 1, changes - 1);
        if (rows.length >= MOST_ROWS) return;
      }
    }
  };
  for (let changes = 0; changes <= lengths.length; changes += 1)
    add(
      lengths.map(() => 0),
      0,
      changes,
    );
  return rows;
}

const conditionOf = (text: string): string =>
  text.replace(/^CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?$/s, '$1');

const written = (value: string | null, { name }: CheckedColumn['type']): string =>
  `${value === null ? 'null' : `'${value.replaceAll("'", "''")}'`}::${name}`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
