/** Names in a PL/pgSQL body that mean an argument and a column alike: Postgres refuses them on the call (42702). */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { parseStatements } from '../../../sql/parse.ts';
import { type PlpgsqlQuery, readPlpgsql } from '../../../sql/plpgsql-queries.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { type Comparison, type Reading, readPredicate, relationKey, type Side } from '../conditions/scope.ts';

export interface Ambiguous {
  readonly name: string;
  /** Of the table that has the column. */
  readonly table: string;
  /** From 1, in the body. */
  readonly bodyLine: number;
  /** `OUT` and columns of RETURNS TABLE are variables too, which few expect. */
  readonly isResult: boolean;
  /** ON CONFLICT names columns alone, and takes no table before them. */
  readonly inConflict: boolean;
  /** `n.id = id`: the column has its table before it, and what stands alone is meant as the argument. */
  readonly isArgument: boolean;
  /** So is every other name of the body that is both. */
  readonly allArguments: boolean;
}

/** The first such name; null where there is none, or nothing is known. */
export function ambiguousName(routine: Routine, state: SchemaState): Ambiguous | null {
  if (routine.language !== 'plpgsql') return null;
  const named = routine.arguments.filter(
    ({ name }) =>
      name !== null && new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`).test(routine.body),
  );
  if (named.length === 0) return null;
  const read = readPlpgsql(routine.body);
  if (read === null || read.resolvesConflicts) return null;
  const names = new Set(named.map(({ name }) => name));
  const all = read.queries.flatMap((query) =>
    namesRead(query, state)
      .filter(({ name }) => names.has(name))
      .map((found) => ({ found, start: query.start })),
  );
  const [first] = all;
  if (first === undefined) return null;
  const { mode } = named.find(({ name }) => name === first.found.name)!;
  return {
    ...first.found,
    bodyLine: routine.body.slice(0, first.start).split('\n').length,
    isResult: mode === 'out' || mode === 'table',
    allArguments: all.every(({ found }) => found.isArgument),
  };
}

type Found = Pick<Ambiguous, 'name' | 'table' | 'inConflict' | 'isArgument'>;

/** The parts of a statement whose columns may be variables. */
function partsOf({ kind, node }: Statement, ofOneTable: boolean): readonly SyntaxNode[] {
  if (kind === 'SelectStmt') return [{ SelectStmt: node }];
  if (kind === 'InsertStmt') return [node.selectStmt];
  return ofOneTable && /^(?:Update|Delete)Stmt$/.test(kind) ? [node.whereClause] : [];
}

/** Columns that stand without their table where Postgres looks for variables too. */
function namesRead({ sql }: PlpgsqlQuery, state: SchemaState): Found[] {
  const [statement] = parseStatements(sql) ?? [];
  if (statement === undefined) return [];
  const { kind, node } = statement;
  const own =
    node.relation === undefined ? null : (state.tables.get(relationKey(node.relation, state)) ?? null);
  const alone = node.fromClause === undefined && node.usingClause === undefined;
  const parts = partsOf(statement, alone && own !== null);
  const sorted = new Set<number>();
  for (const part of parts) sortedAt(part, sorted);
  const returned = alone && own !== null ? (node.returningList ?? []) : [];
  const uses: readonly Reading[] = [
    ...parts.map((part) => readPredicate(part ?? null, kind === 'InsertStmt' ? null : own, state)),
    ...returned.map((item: SyntaxNode) => readPredicate(item, own, state)),
  ];
  const inferred = (node.onConflictClause?.infer?.indexElems ?? []).flatMap(({ IndexElem }: SyntaxNode) =>
    own?.unknown.length === 0 && own.columns.some(({ name }) => name === IndexElem?.name)
      ? [{ name: IndexElem.name, table: own.key, inConflict: true, isArgument: false }]
      : [],
  );
  return [
    ...uses.flatMap(({ columns, comparisons }) =>
      columns.flatMap(({ name, source, unqualified, location }) =>
        unqualified && source.key !== null && source.columns?.has(name) && !sorted.has(location)
          ? [
              {
                name,
                table: source.key,
                inConflict: false,
                isArgument: comparisons.some(
                  (comparison) =>
                    comparison.operator === '=' && isBeside(comparison, name, source.key!, location),
                ),
              },
            ]
          : [],
      ),
    ),
    ...inferred,
  ];
}

/** Compared with the column of that name, which has its table before it. */
function isBeside({ left, right }: Comparison, name: string, table: string, location: number): boolean {
  const column = (side: Side) => (side.is === 'column' ? side.column : null);
  return [
    [column(left), column(right)],
    [column(right), column(left)],
  ].some(
    ([bare, other]) =>
      bare?.location === location &&
      other?.unqualified === false &&
      other.name === name &&
      other.source.key === table,
  );
}

/** A bare name in ORDER BY, GROUP BY or DISTINCT ON may mean a column of the result. */
function sortedAt(value: unknown, found: Set<number>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) sortedAt(item, found);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (/^(?:sort|group|distinct)Clause$/.test(key)) {
      for (const item of inner as SyntaxNode[]) {
        const column = item.SortBy?.node?.ColumnRef ?? item.ColumnRef;
        if (column !== undefined) found.add(column.location ?? 0);
      }
    }
    sortedAt(inner, found);
  }
}
