/** Indexes, and the constraints that stand on one: primary keys, unique and exclusion constraints. */
import type { Index, Key, Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, strings } from '../names.ts';
import type { Draft } from './draft.ts';
import { chooseRelationName, figureColumnName, joinColumns, truncated } from './generated-names.ts';
import { elementPlace, listBehind, restBehind, type Site, writtenExpression } from './site.ts';
import { childrenOf, tableToAlter } from './table-access.ts';

export function createIndex(draft: Draft, node: SyntaxNode, site: Site): void {
  const key = draft.relation(node.relation);
  const view = draft.get('view', key);
  const relation = view ?? tableToAlter(draft, key, site);
  const names = indexColumnNames(node);
  const name =
    node.idxname ??
    chooseRelationName(draft, relation.schema, relation.name, joinColumns(names), 'idx', false);
  if (indexNamed(draft, relation.schema, truncated(name)) !== null) return;
  const index: Index = {
    name: truncated(name),
    columns: (node.indexParams ?? []).map(({ IndexElem: element }: SyntaxNode) => plainColumn(element)),
    expressions: (node.indexParams ?? []).flatMap(({ IndexElem: element }: SyntaxNode, at: number) =>
      plainColumn(element) === null
        ? [writtenExpression(element.expr, () => listBehind(site, 'on')[at] ?? '')]
        : [],
    ),
    unique: node.unique === true,
    method: node.accessMethod ?? 'btree',
    predicate:
      node.whereClause === undefined
        ? null
        : writtenExpression(node.whereClause, () => restBehind(site, 'where', 'last')),
    include: (node.indexIncludingParams ?? []).map(({ IndexElem: element }: SyntaxNode) => element.name),
    constraint: false,
    valid: true,
    definition: definitionOf(node),
    origin: site.origin,
  };
  if (view !== undefined) draft.put('view', { ...view, indexes: [...view.indexes, index] });
  else addIndex(draft, relation as Table, index, names, node.relation.inh === true);
}

/** A column in parentheses is a column; null for an expression. */
function plainColumn(element: SyntaxNode): string | null {
  const expression = element.expr?.CollateClause?.arg ?? element.expr;
  return element.name ?? strings(expression?.ColumnRef?.fields).at(-1) ?? null;
}

/** On a partitioned table an index goes to all partitions, each under a name of its own. */
function addIndex(
  draft: Draft,
  table: Table,
  index: Index,
  columnNames: readonly string[],
  toPartitions: boolean,
): void {
  draft.put('table', { ...table, indexes: [...table.indexes, index] });
  if (!toPartitions) return;
  for (const partition of childrenOf(draft, table.key)) {
    if (partition.kind !== 'partition') continue;
    // One that says the same and belongs to no other index of the parent is taken in its place.
    const alike = (holder: Table) =>
      holder.indexes.filter((own) => own.definition === index.definition).length;
    if (alike(partition) > alike(table)) continue;
    const name = chooseRelationName(
      draft,
      partition.schema,
      partition.name,
      joinColumns(columnNames),
      'idx',
      false,
    );
    addIndex(draft, partition, { ...index, name }, columnNames, true);
  }
}

/** ChooseIndexColumnNames(): an expression is called after its function, else `expr`; doubles are numbered. */
function indexColumnNames(node: SyntaxNode): string[] {
  const names: string[] = [];
  for (const { IndexElem: element } of [...(node.indexParams ?? []), ...(node.indexIncludingParams ?? [])]) {
    const wanted: string = element.name ?? figureColumnName(element.expr) ?? 'expr';
    let name = wanted;
    for (let i = 1; names.includes(name); i += 1) name = `${wanted}${i}`;
    names.push(name);
  }
  return names;
}

/** Everything but the name, for comparison with other indexes of the same source. */
function definitionOf(node: SyntaxNode): string {
  const params = (node.indexParams ?? []).map(({ IndexElem: element }: SyntaxNode) =>
    [
      plainColumn(element) === null
        ? `(${withoutLocations(element.expr)})`
        : quoteIdent(plainColumn(element)!),
      element.collation === undefined ? '' : `COLLATE ${strings(element.collation).join('.')}`,
      strings(element.opclass).at(-1) ?? '',
      element.ordering === 'SORTBY_DESC' ? 'DESC' : '',
      nullsOrder(element),
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
  const include = (node.indexIncludingParams ?? []).map(({ IndexElem: element }: SyntaxNode) =>
    quoteIdent(element.name),
  );
  return [
    node.unique ? 'UNIQUE ' : '',
    `${node.accessMethod ?? 'btree'} (${params.join(', ')})`,
    include.length > 0 ? ` INCLUDE (${include.join(', ')})` : '',
    node.nulls_not_distinct ? ' NULLS NOT DISTINCT' : '',
    node.whereClause === undefined ? '' : ` WHERE ${withoutLocations(node.whereClause)}`,
  ].join('');
}

function nullsOrder(element: SyntaxNode): string {
  const descending = element.ordering === 'SORTBY_DESC';
  if (element.nulls_ordering === 'SORTBY_NULLS_FIRST') return descending ? '' : 'NULLS FIRST';
  if (element.nulls_ordering === 'SORTBY_NULLS_LAST') return descending ? 'NULLS LAST' : '';
  return '';
}

const withoutLocations = (node: SyntaxNode) => JSON.stringify(withoutLocation(node));

function withoutLocation(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLocation);
  if (typeof value !== 'object' || value === null) return value;
  const kept: SyntaxNode = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key !== 'location') kept[key] = withoutLocation(inner);
  }
  return kept;
}

/** A primary key, unique or exclusion constraint, as a table element or a column's own. */
export interface IndexConstraint {
  readonly kind: 'primary' | 'unique' | 'exclusion';
  readonly node: SyntaxNode;
  readonly columns: readonly (string | null)[];
}

export function indexConstraint(node: SyntaxNode, column: string | null): IndexConstraint | null {
  const kind = indexConstraintKinds[node.contype as string];
  if (kind === undefined) return null;
  const columns =
    kind === 'exclusion'
      ? (node.exclusions ?? []).map((pair: SyntaxNode) => pair.List?.items?.[0]?.IndexElem?.name ?? null)
      : column !== null
        ? [column]
        : strings(node.keys);
  return { kind, node, columns };
}

const indexConstraintKinds: Readonly<Record<string, IndexConstraint['kind']>> = {
  CONSTR_PRIMARY: 'primary',
  CONSTR_UNIQUE: 'unique',
  CONSTR_EXCLUSION: 'exclusion',
};

/**
 * Those of one statement as Postgres makes them (transformIndexConstraints): the primary key first; one that says the
 * same as an earlier one is merged into it.
 */
export function mergeIndexConstraints(constraints: readonly IndexConstraint[]): IndexConstraint[] {
  const merged: IndexConstraint[] = [];
  for (const constraint of [...constraints].sort((a, b) => rank(a) - rank(b))) {
    const twin = merged.findIndex((other) => saysTheSame(other, constraint));
    if (twin === -1) merged.push(constraint);
    else if (merged[twin]!.node.conname === undefined) {
      const first = merged[twin]!;
      merged[twin] = { ...first, node: { ...first.node, conname: constraint.node.conname } };
    }
  }
  return merged;
}

const rank = (constraint: IndexConstraint) => (constraint.kind === 'primary' ? 0 : 1);

function saysTheSame(a: IndexConstraint, b: IndexConstraint): boolean {
  return (
    a.kind !== 'exclusion' &&
    b.kind !== 'exclusion' &&
    a.columns.join('\0') === b.columns.join('\0') &&
    strings(a.node.including).join('\0') === strings(b.node.including).join('\0') &&
    (a.node.nulls_not_distinct ?? false) === (b.node.nulls_not_distinct ?? false) &&
    (a.node.deferrable ?? false) === (b.node.deferrable ?? false) &&
    (a.node.initdeferred ?? false) === (b.node.initdeferred ?? false)
  );
}

export function addIndexConstraint(
  draft: Draft,
  tableKey: string,
  constraint: IndexConstraint,
  site: Site,
): void {
  const { node, kind } = constraint;
  const table = draft.get('table', tableKey);
  if (table === undefined) return;
  const origin = elementPlace(site, node);
  const key = kind === 'primary' ? table.primaryKey : undefined;
  if (key) return;
  if (node.indexname !== undefined) {
    useIndex(draft, table, constraint, origin);
    return;
  }
  const columns = constraint.columns;
  const including = strings(node.including);
  const named = [...columns.map((column, at) => column ?? expressionName(node, at)), ...including];
  const name = truncated(node.conname ?? '') || defaultName(draft, table, kind, named);
  const method = node.access_method ?? 'btree';
  const printed = columns.map((column) => (column === null ? '(expression)' : quoteIdent(column)));
  putConstraint(draft, table, kind, {
    name,
    columns,
    expressions: (node.exclusions ?? []).flatMap((pair: SyntaxNode, at: number) => {
      const expression = pair.List?.items?.[0]?.IndexElem?.expr;
      if (expression === undefined) return [];
      return [writtenExpression(expression, () => listBehind(site, 'exclude', site.offset(node))[at] ?? '')];
    }),
    unique: kind !== 'exclusion',
    method,
    predicate: node.where_clause === undefined ? null : { text: '', node: node.where_clause },
    include: including,
    constraint: true,
    valid: true,
    definition: `${kind === 'exclusion' ? '' : 'UNIQUE '}${method} (${printed.join(', ')})${
      including.length > 0 ? ` INCLUDE (${including.map(quoteIdent).join(', ')})` : ''
    }${node.nulls_not_distinct ? ' NULLS NOT DISTINCT' : ''}`,
    origin,
  });
}

function expressionName(node: SyntaxNode, at: number): string {
  return figureColumnName(node.exclusions?.[at]?.List?.items?.[0]?.IndexElem?.expr) ?? 'expr';
}

function defaultName(
  draft: Draft,
  table: Table,
  kind: IndexConstraint['kind'],
  columns: readonly string[],
): string {
  return kind === 'primary'
    ? chooseRelationName(draft, table.schema, table.name, null, 'pkey', true)
    : chooseRelationName(
        draft,
        table.schema,
        table.name,
        joinColumns(columns),
        kind === 'unique' ? 'key' : 'excl',
        true,
      );
}

/** Puts the constraint and its index on a table and, by Postgres' own names, on its partitions. */
export function putConstraint(draft: Draft, table: Table, kind: IndexConstraint['kind'], index: Index): void {
  const columns = index.columns.filter((column) => column !== null);
  const key: Key = { name: index.name, columns, origin: index.origin };
  draft.put('table', {
    ...table,
    columns:
      kind === 'primary'
        ? table.columns.map((column) =>
            columns.includes(column.name) ? { ...column, notNull: true } : column,
          )
        : table.columns,
    primaryKey: kind === 'primary' ? key : table.primaryKey,
    uniques: kind === 'unique' ? [...table.uniques, key] : table.uniques,
    exclusions: kind === 'exclusion' ? [...table.exclusions, key] : table.exclusions,
    indexes: [...table.indexes, index],
  });
  for (const partition of childrenOf(draft, table.key)) {
    if (partition.kind !== 'partition') continue;
    if (kind === 'primary' && partition.primaryKey !== null) continue;
    const name = defaultName(draft, partition, kind, [...columns, ...index.include]);
    putConstraint(draft, partition, kind, { ...index, name });
  }
}

/** ADD CONSTRAINT … USING INDEX: the index takes the constraint's name. */
function useIndex(
  draft: Draft,
  table: Table,
  { kind, node }: IndexConstraint,
  origin: Index['origin'],
): void {
  const index = table.indexes.find((candidate) => candidate.name === node.indexname);
  if (index === undefined) return;
  const without = { ...table, indexes: table.indexes.filter((candidate) => candidate !== index) };
  putConstraint(draft, without, kind, {
    ...index,
    name: node.conname ?? index.name,
    constraint: true,
    origin,
  });
}

/** The table or view that holds an index of this name. */
export function indexNamed(
  draft: Draft,
  schema: string,
  name: string,
): { kind: 'table'; holder: Table; index: Index } | { kind: 'view'; holder: View; index: Index } | null {
  for (const key of draft.lookups.holdersOfIndex(schema, name)) {
    const table = draft.get('table', key);
    const inTable = table?.indexes.find((candidate) => candidate.name === name);
    if (inTable !== undefined) return { kind: 'table', holder: table!, index: inTable };
    const view = draft.get('view', key);
    const inView = view?.indexes.find((candidate) => candidate.name === name);
    if (inView !== undefined) return { kind: 'view', holder: view!, index: inView };
  }
  return null;
}

/** By a name with or without a schema. */
export function findIndex(draft: Draft, schema: string | null, name: string): ReturnType<typeof indexNamed> {
  for (const candidate of schema === null ? draft.searchPath : [schema]) {
    const found = indexNamed(draft, candidate, name);
    if (found !== null) return found;
  }
  return null;
}

/** Names of an index's columns as Postgres gives them, for the names of indexes made after it. */
export function columnNamesOf(index: Index): string[] {
  let expression = 0;
  const names: string[] = [];
  for (const column of [...index.columns, ...index.include]) {
    const wanted = column ?? figureColumnName(index.expressions[expression++]?.node ?? undefined) ?? 'expr';
    let name = wanted;
    for (let i = 1; names.includes(name); i += 1) name = `${wanted}${i}`;
    names.push(name);
  }
  return names;
}
