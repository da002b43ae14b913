import type { Routine, SchemaState, Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { parseStatements } from '../../sql/parse.ts';
import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { readPredicate } from '../support/conditions/scope.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { createIndex, isIndexed } from '../support/tables/coverage.ts';
import { hasKnownKeys } from '../support/tables/tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'performance/filter-index',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'catalog'],
  summary: 'a column by which views, functions or policies filter, without an index',
  why: 'What is filtered often and has no index is read by scanning the table, each time. Views, functions and policies say which columns these are. Columns of few values (booleans) gain nothing from an index and are left out.',
  remedy:
    'Index the column.\n\n```sql\ncreate index if not exists idx_orders_status on public.orders (status);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/indexes-intro.html'],
  fixable: true,
  table(table, { state, set, home, report }) {
    if (table.kind === 'partition' || !hasKnownKeys(table) || isPlatform(table.schema)) return;
    for (const [column, { by, beside }] of filtersOf(table, state)) {
      // Another column of the same filter finds the rows.
      if (beside.some((other) => isIndexed(table, [other]))) continue;
      const filtered = table.columns.find(({ name }) => name === column);
      if (filtered === undefined || filtered.type === 'boolean' || isIndexed(table, [column])) continue;
      // In an index at all, behind others: the author thought of it.
      if (table.indexes.some((index) => index.columns.includes(column))) continue;
      if (table.foreignKeys.some(({ columns }) => columns.includes(column))) continue;
      const isNew = set.created.has(`table ${table.key}`);
      const sql = createIndex(table, [column], !isNew);
      report({
        message: `${by} filters "${table.key}" by "${column}", which has no index. Each call scans the whole table. Add an index if the table grows.`,
        at: home(filtered.origin ?? table.origin),
        object: table.key,
        key: column,
        evidence: evidenceOf(state),
        help: sqlFence(sql),
        fix: isNew ? appendFix(set, table.origin, 'Index the column', sql) : undefined,
      });
    }
  },
});

/** Who filters by a column, and by which others of the table it does. */
interface FilteredBy {
  readonly by: string;
  readonly beside: readonly string[];
}

const cache = new WeakMap<SchemaState, ReadonlyMap<string, ReadonlyMap<string, FilteredBy>>>();

/** Columns by which views and SQL functions of the state find rows of a table, and one that does. */
function filtersOf(table: Table, state: SchemaState): ReadonlyMap<string, FilteredBy> {
  let all = cache.get(state);
  if (all === undefined) {
    all = read(state);
    cache.set(state, all);
  }
  return all.get(table.key) ?? new Map();
}

function read(state: SchemaState) {
  const found = new Map<string, Map<string, FilteredBy>>();
  const add = (filters: readonly Filter[], by: string) => {
    for (const { table, column } of filters) {
      const columns = found.get(table) ?? new Map<string, FilteredBy>();
      const beside = filters.flatMap((other) =>
        other.table === table && other.column !== column ? [other.column] : [],
      );
      if (!columns.has(column)) columns.set(column, { by, beside });
      found.set(table, columns);
    }
  };
  for (const view of state.views.values()) add(filtersIn(view, state), `View "${view.key}"`);
  for (const routine of state.routines.values()) {
    if (routine.language !== 'sql' || isPlatform(routine.schema)) continue;
    add(filtersIn(routine, state), `Function "${routine.key}"`);
  }
  return found;
}

interface Filter {
  readonly table: string;
  readonly column: string;
}

// Objects of a state are replaced, never changed: what one reads is found out once.
const known = new WeakMap<View | Routine, readonly Filter[]>();

function filtersIn(object: View | Routine, state: SchemaState): readonly Filter[] {
  let filters = known.get(object);
  if (filters === undefined) {
    const nodes =
      'body' in object
        ? (parseStatements(object.body) ?? []).map(({ kind, node }) => ({ [kind]: node }))
        : [object.definition.node];
    filters = nodes.flatMap((node) => compared(node, state));
    known.set(object, filters);
  }
  return filters;
}

function compared(node: SyntaxNode | null, state: SchemaState): Filter[] {
  return readPredicate(node, null, state).comparisons.flatMap(({ left, right, operator }): Filter[] => {
    if (!/^(=|<|>|<=|>=)$/.test(operator)) return [];
    const [side, other] = left.is === 'column' ? [left, right] : [right, left];
    // A join compares two columns: foreign keys are told apart.
    if (side.is !== 'column' || other.is === 'column' || side.column.source.key === null) return [];
    return [{ table: side.column.source.key, column: side.column.name }];
  });
}
