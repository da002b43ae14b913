/** Which table's column a name in a predicate means: Postgres' own scoping, innermost FROM first. */
import type { SchemaState, Table, View } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { keyOf } from '../../../sql/names.ts';
import { isUserId } from '../callers/caller.ts';
import { bare, columnParts, constantOf, operatorOf } from '../syntax/tree.ts';

export interface Source {
  readonly alias: string;
  /** Key of the table or view; null for sub-selects, functions and CTEs. */
  readonly key: string | null;
  /** Null where they are not known. */
  readonly columns: ReadonlySet<string> | null;
}

export interface ColumnUse {
  readonly name: string;
  readonly source: Source;
  /** 0: the policy's own table. */
  readonly depth: number;
  /** Written without its table. */
  readonly unqualified: boolean;
  readonly location: number;
  /** What stands in FROM around it, the policy's own table first: the sub-select it is written in comes last. */
  readonly within: readonly Scope[];
}

export type Side =
  | { readonly is: 'column'; readonly column: ColumnUse }
  | { readonly is: 'user-id' }
  | { readonly is: 'constant'; readonly value: string | number | boolean | null }
  | { readonly is: 'select' }
  | { readonly is: 'other' };

/** `left operator right`; IN and = ANY are `=`. */
export interface Comparison {
  readonly operator: string;
  readonly left: Side;
  readonly right: Side;
  /** Number of sub-selects around it. */
  readonly depth: number;
  readonly location: number;
}

export interface Reading {
  readonly columns: readonly ColumnUse[];
  readonly comparisons: readonly Comparison[];
  /** Tables and views it reads in sub-selects. */
  readonly reads: readonly string[];
}

export type Scope = readonly Source[];

interface Kept {
  readonly table: Table | null;
  readonly reading: Reading;
  /** The relations it was resolved against, as they stood: objects of a state are replaced, never changed. */
  readonly relations: readonly (readonly [string, Table | View | undefined])[];
}

const kept = new WeakMap<SyntaxNode, Kept>();

/** Reads a predicate on `table` (or, without a table, a whole SELECT). */
export function readPredicate(node: SyntaxNode | null, table: Table | null, state: SchemaState): Reading {
  if (node === null) return { columns: [], comparisons: [], reads: [] };
  const known = kept.get(node);
  const relation = (key: string) => state.tables.get(key) ?? state.views.get(key);
  if (known?.table === table && known.relations.every(([key, object]) => relation(key) === object)) {
    return known.reading;
  }
  const reading = read(node, table, state);
  const relations = reading.reads.map((key) => [key, relation(key)] as const);
  kept.set(node, { table, reading, relations });
  return reading;
}

/** Reads all of an expression: the columns, the comparisons and the tables in it. */
function read(node: SyntaxNode, table: Table | null, state: SchemaState): Reading {
  const columns: ColumnUse[] = [];
  const comparisons: Comparison[] = [];
  const reads: string[] = [];

  const expression = (value: unknown, scopes: readonly Scope[], ctes: ReadonlySet<string>): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) expression(item, scopes, ctes);
      return;
    }
    const fields = value as SyntaxNode;
    for (const key in fields) {
      const inner = fields[key];
      if (key === 'SelectStmt') {
        select(inner, scopes, ctes);
        continue;
      }
      if (key === 'ColumnRef') {
        const use = resolve(inner, scopes);
        if (use !== null) columns.push(use);
      } else {
        const comparison = comparisonIn(key, inner, scopes);
        if (comparison !== null) comparisons.push(comparison);
      }
      expression(inner, scopes, ctes);
    }
  };

  const select = (statement: SyntaxNode, outer: readonly Scope[], known: ReadonlySet<string>): void => {
    const ctes = new Set(known);
    for (const cte of statement.withClause?.ctes ?? []) {
      expression(cte.CommonTableExpr?.ctequery, outer, ctes);
      ctes.add(cte.CommonTableExpr?.ctename);
    }
    if (statement.larg !== undefined || statement.rarg !== undefined) {
      for (const arm of [statement.larg, statement.rarg]) if (arm !== undefined) select(arm, outer, ctes);
      return;
    }
    const scope: Source[] = [];
    const scopes = [...outer, scope];
    const from = (item: SyntaxNode) => {
      if (item.RangeVar !== undefined) {
        const source = sourceOf(item.RangeVar, ctes, state);
        if (source.key !== null) reads.push(source.key);
        scope.push(source);
      } else if (item.JoinExpr !== undefined) {
        from(item.JoinExpr.larg);
        from(item.JoinExpr.rarg);
        expression(item.JoinExpr.quals, scopes, ctes);
      } else {
        const inner = item.RangeSubselect ?? item.RangeFunction ?? item.RangeTableSample ?? {};
        expression(inner.subquery ?? inner.functions, scopes, ctes);
        scope.push({ alias: inner.alias?.aliasname ?? '', key: null, columns: null });
      }
    };
    for (const item of statement.fromClause ?? []) from(item);
    for (const clause of clauses) expression(statement[clause], scopes, ctes);
  };

  const own: Scope =
    table === null
      ? []
      : [{ alias: table.name, key: table.key, columns: new Set(table.columns.map((column) => column.name)) }];
  expression(node, [own], new Set());
  return { columns, comparisons, reads };
}

/** Those of a SELECT behind its FROM. */
const clauses = ['targetList', 'whereClause', 'groupClause', 'havingClause', 'sortClause', 'limitCount'];

function sourceOf(range: SyntaxNode, ctes: ReadonlySet<string>, state: SchemaState): Source {
  const alias = range.alias?.aliasname ?? range.relname;
  if (range.schemaname === undefined && ctes.has(range.relname)) return { alias, key: null, columns: null };
  const key = relationKey(range, state);
  const relation = state.tables.get(key);
  const names = relation?.columns.map((column) => column.name) ?? state.views.get(key)?.columns ?? null;
  // An inheriting table has its parent's columns too; a relation that is not known has any.
  const complete = names !== null && (relation === undefined || relation.unknown.length === 0);
  return { alias, key, columns: complete ? new Set(names) : null };
}

/** Null where no source in scope is known to have the column. */
function resolve(ref: SyntaxNode, scopes: readonly Scope[]): ColumnUse | null {
  const parts = columnParts(ref);
  const name = parts.at(-1);
  if (name === undefined || ref.fields?.length !== parts.length) return null;
  const qualifier = parts.length > 1 ? parts.at(-2)! : null;
  const mayHold = ({ alias, columns }: Source) =>
    qualifier !== null ? alias === qualifier : columns === null || columns.has(name);
  for (let depth = scopes.length - 1; depth >= 0; depth -= 1) {
    const source = scopes[depth]!.find(mayHold);
    if (source === undefined) continue;
    // A source whose columns are not known may hold the name or not.
    if (qualifier === null && source.columns === null) return null;
    return {
      name,
      source,
      depth,
      unqualified: qualifier === null,
      location: ref.location ?? 0,
      within: scopes,
    };
  }
  return null;
}

function comparisonIn(kind: string, node: SyntaxNode, scopes: readonly Scope[]): Comparison | null {
  const isOperator = kind === 'A_Expr' && comparing.has(node.kind);
  if (!isOperator && !(kind === 'SubLink' && node.subLinkType === 'ANY_SUBLINK')) return null;
  const at = { depth: scopes.length - 1, location: node.location ?? 0 };
  return isOperator
    ? {
        operator: operatorOf(node),
        left: sideOf(node.lexpr, scopes),
        right: sideOf(node.rexpr, scopes),
        ...at,
      }
    : { operator: '=', left: sideOf(node.testexpr, scopes), right: { is: 'select' }, ...at };
}

function sideOf(value: SyntaxNode | null | undefined, scopes: readonly Scope[]): Side {
  const inner = bare(value);
  if (inner === null) return { is: 'other' };
  if (inner.ColumnRef !== undefined) {
    const column = resolve(inner.ColumnRef, scopes);
    return column === null ? { is: 'other' } : { is: 'column', column };
  }
  if (isUserId(inner)) return { is: 'user-id' };
  const constant = constantOf(inner);
  if (constant !== undefined) return { is: 'constant', value: constant };
  if (inner.SubLink !== undefined) return { is: 'select' };
  const items: SyntaxNode[] = inner.List?.items ?? inner.A_ArrayExpr?.elements ?? [];
  if (items.length > 0 && items.every((item) => constantOf(item) !== undefined))
    return { is: 'constant', value: String(constantOf(items[0]!)) };
  return { is: 'other' };
}

const comparing = new Set(['AEXPR_OP', 'AEXPR_IN', 'AEXPR_OP_ANY', 'AEXPR_NOT_DISTINCT']);

/** Key of a RangeVar without a schema: `public` first, else the one schema that has it. */
export function relationKey(range: SyntaxNode, state: SchemaState): string {
  if (range.schemaname !== undefined) return keyOf(range.schemaname, range.relname);
  const shown = keyOf('public', range.relname);
  if (state.tables.has(shown) || state.views.has(shown)) return shown;
  for (const table of state.tables.values()) if (table.name === range.relname) return table.key;
  return shown;
}

/** The other side of a comparison with a column of the policy's own table. */
export function ownComparisons(reading: Reading): { column: ColumnUse; other: Side; operator: string }[] {
  return reading.comparisons.flatMap(({ left, right, operator }) => [
    ...(left.is === 'column' && left.column.depth === 0
      ? [{ column: left.column, other: right, operator }]
      : []),
    ...(right.is === 'column' && right.column.depth === 0
      ? [{ column: right.column, other: left, operator }]
      : []),
  ]);
}
