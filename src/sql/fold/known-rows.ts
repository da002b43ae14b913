/** Rows of a SELECT over the catalog, VALUES or functions, as far as the state tells them. */
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { catalogRows, type Row, type Value } from './catalog-rows.ts';
import type { Draft } from './draft.ts';
import { figureColumnName } from './generated-names.ts';
import { isRow, joined, type Known, known } from './known-values.ts';

/** Rows of a query by alias: what a column name is looked up in. */
export type Bindings = readonly { readonly alias: string; readonly row: Row }[];

/** What an expression gives beside these rows. */
type Evaluate = (node: SyntaxNode | undefined, bindings?: Bindings) => Known;

/** More combinations of rows than this are not gone through. */
const rowLimit = 50_000;

export class KnownRows {
  readonly #draft: Draft;
  readonly #value: Evaluate;

  constructor(draft: Draft, value: Evaluate) {
    this.#draft = draft;
    this.#value = value;
  }

  /** Each with its columns in order; undefined where they are not known. */
  of(statement: SyntaxNode | undefined, outer: Bindings = []): Row[] | undefined {
    if (statement === undefined || statement.larg !== undefined || statement.withClause !== undefined)
      return undefined;
    if (statement.valuesLists !== undefined) return this.#values(statement.valuesLists, outer);
    if (statement.groupClause !== undefined || statement.havingClause !== undefined) return undefined;
    const conditions = conjuncts(statement.whereClause);
    const items: SyntaxNode[] = [];
    for (const item of statement.fromClause ?? []) if (!flatten(item, items, conditions)) return undefined;
    let found: Bindings[] = [outer];
    const pending = new Set(conditions);
    for (const item of items) {
      const next = this.#joined(found, item, outer, pending);
      if (next === undefined) return undefined;
      found = next;
      // A condition prunes as soon as all it names is there.
      for (const condition of pending) {
        const verdicts = found.map((bindings) => this.#value(condition, bindings));
        if (verdicts.includes(undefined)) continue;
        pending.delete(condition);
        found = found.filter((_, at) => verdicts[at] === true);
      }
    }
    for (const condition of pending) {
      const verdicts = found.map((bindings) => this.#value(condition, bindings));
      // Without rows there is nothing a condition could be unknown of.
      if (verdicts.includes(undefined)) return undefined;
      found = found.filter((_, at) => verdicts[at] === true);
    }
    const ofRoles = items.some((item) => openEnded.has(item.RangeVar?.relname));
    return ofRoles && found.length === 0 ? undefined : this.#targets(statement, found);
  }

  /** Each row so far with each row of one more relation; those that a join condition names are fetched by it. */
  #joined(
    found: readonly Bindings[],
    item: SyntaxNode,
    outer: Bindings,
    pending: Iterable<SyntaxNode>,
  ): Bindings[] | undefined {
    const alias: string | undefined = item.RangeVar?.alias?.aliasname ?? item.RangeVar?.relname;
    const size = (bindings: Bindings) =>
      alias === undefined ? 0 : this.#wanted(pending, alias, bindings).size;
    const linked =
      item.RangeFunction !== undefined || (found[0] !== undefined && size(found[0]) > size(outer));
    let shared: readonly Bindings[number][] | undefined;
    const joined: Bindings[] = [];
    for (const bindings of found) {
      const rows = linked
        ? this.#source(item, bindings, pending)
        : (shared ?? this.#source(item, outer, pending));
      if (rows === undefined) return undefined;
      if (!linked) shared ??= this.#askedAlone(rows, outer, pending);
      for (const row of shared ?? rows) joined.push([row, ...bindings]);
      if (joined.length > rowLimit || !this.#draft.spend(rows.length + 1)) return undefined;
    }
    return joined;
  }

  /** What one relation's rows can be asked alone is asked first: else there are too many pairs. */
  #askedAlone(
    rows: readonly Bindings[number][],
    outer: Bindings,
    pending: Iterable<SyntaxNode>,
  ): readonly Bindings[number][] {
    let left = rows;
    for (const condition of pending) {
      const verdicts: Known[] = left.map((row) => this.#value(condition, [row, ...outer]));
      if (!verdicts.includes(undefined)) left = left.filter((_, at) => verdicts[at] === true);
    }
    return left;
  }

  #targets(statement: SyntaxNode, found: readonly Bindings[]): Row[] | undefined {
    const targets: readonly SyntaxNode[] = (statement.targetList ?? []).map(
      ({ ResTarget: target }: SyntaxNode) => target,
    );
    const [only] = targets;
    const called = strings(only?.val?.FuncCall?.funcname).at(-1);
    if (targets.length === 1 && called === 'count') return [{ count: found.length }];
    if (targets.length === 1 && (called === 'array_agg' || called === 'string_agg')) {
      const args: readonly SyntaxNode[] = only!.val.FuncCall.args ?? [];
      const values = known(found.map((bindings) => this.#value(args[0], bindings)));
      if (values === undefined) return undefined;
      if (called === 'array_agg') return [{ array_agg: found.length === 0 ? null : values }];
      const separator = this.#value(args[1]);
      if (separator === undefined) return undefined;
      const text = joined(values as readonly Value[], String(separator));
      return text === undefined ? undefined : [{ string_agg: text }];
    }
    const rows: Row[] = [];
    for (const bindings of found) {
      let row: Record<string, Value> = {};
      for (const target of targets) {
        const fields: readonly SyntaxNode[] | undefined = target.val?.ColumnRef?.fields;
        if (fields?.at(-1)?.A_Star !== undefined) {
          for (const binding of [...bindings].reverse()) row = { ...row, ...binding.row };
          continue;
        }
        const name: string = target.name ?? figureColumnName(target.val) ?? '?column?';
        const unnest = strings(target.val?.FuncCall?.funcname).at(-1) === 'unnest';
        if (unnest && targets.length === 1) {
          const values = this.#value(target.val.FuncCall.args?.[0], bindings);
          if (!Array.isArray(values)) return undefined;
          rows.push(...values.map((value: Value) => ({ [name]: value })));
          continue;
        }
        const value = this.#value(target.val, bindings);
        // A column that is not known does no harm until it is used.
        if (value !== undefined) row[name] = value;
      }
      const unnested =
        targets.length === 1 && strings(targets[0]!.val?.FuncCall?.funcname).at(-1) === 'unnest';
      if (!unnested) rows.push(row);
    }
    return rows;
  }

  #source(
    item: SyntaxNode,
    outer: Bindings,
    conditions: Iterable<SyntaxNode>,
  ): { alias: string; row: Row }[] | undefined {
    if (item.RangeVar !== undefined) {
      const { schemaname, relname, alias } = item.RangeVar;
      const name: string = alias?.aliasname ?? relname;
      const wanted = this.#wanted(conditions, name, outer);
      const rows = catalogRows(this.#draft, schemaname ?? null, relname, wanted);
      return rows?.map((row) => ({ alias: name, row }));
    }
    const inner = item.RangeSubselect ?? item.RangeFunction;
    if (inner === undefined) return undefined;
    const alias: string = inner.alias?.aliasname ?? '';
    const names = strings(inner.alias?.colnames);
    const rows = item.RangeSubselect
      ? this.of(inner.subquery?.SelectStmt, outer)
      : this.#functionRows(inner.functions?.[0]?.List?.items?.[0]?.FuncCall, alias, outer);
    return rows?.map((row) => ({
      alias,
      row:
        names.length === 0
          ? row
          : Object.fromEntries(
              Object.values(row).map((value, at) => [names[at] ?? `column${at + 1}`, value]),
            ),
    }));
  }

  /** Conditions of the kind `column = value`. */
  #wanted(conditions: Iterable<SyntaxNode>, alias: string, known: Bindings): ReadonlyMap<string, Value> {
    const wanted = new Map<string, Value>();
    for (const { A_Expr: comparison } of conditions) {
      if (comparison?.kind !== 'AEXPR_OP' || strings(comparison.name).at(-1) !== '=') continue;
      const { lexpr: left, rexpr: right } = comparison;
      for (const [one, other] of [
        [left, right],
        [right, left],
      ]) {
        const column = strings((one?.TypeCast?.arg ?? one)?.ColumnRef?.fields);
        if (column.length === 0 || (column.length > 1 && column.at(-2) !== alias)) continue;
        const value = this.#value(other, known);
        if (value !== undefined && value !== null) wanted.set(column.at(-1)!, value);
      }
    }
    return wanted;
  }

  #functionRows(call: SyntaxNode | undefined, alias: string, outer: Bindings): Row[] | undefined {
    const name = strings(call?.funcname).at(-1);
    const values = (call?.args ?? []).map((argument: SyntaxNode) => this.#value(argument, outer));
    if (name === 'unnest' && Array.isArray(values[0]))
      return values[0].map((value: Value) => ({ [alias || 'unnest']: value }));
    if (name === 'aclexplode' && Array.isArray(values[0])) return values[0].filter(isRow);
    if (name === 'generate_series' && typeof values[0] === 'number' && typeof values[1] === 'number') {
      const count = Math.max(0, values[1] - values[0] + 1);
      if (count > 1000 || values.length > 2) return undefined;
      return Array.from({ length: count }, (_, at) => ({ [alias || 'generate_series']: values[0] + at }));
    }
    return undefined;
  }

  #values(lists: readonly SyntaxNode[], outer: Bindings): Row[] | undefined {
    const rows: Row[] = [];
    for (const { List: list } of lists) {
      const values = known((list.items ?? []).map((item: SyntaxNode) => this.#value(item, outer)));
      if (values === undefined) return undefined;
      rows.push(
        Object.fromEntries((values as readonly Value[]).map((value, at) => [`column${at + 1}`, value])),
      );
    }
    return rows;
  }
}

/** Relations of which the state knows some rows only: that one is missing proves nothing. */
const openEnded = new Set(['pg_roles', 'pg_available_extensions']);
function conjuncts(node: SyntaxNode | undefined): SyntaxNode[] {
  if (node === undefined) return [];
  if (node.BoolExpr?.boolop === 'AND_EXPR') return node.BoolExpr.args.flatMap(conjuncts);
  return [node];
}
/** Inner joins are a list of relations and conditions; with any other the rows are not known. */
function flatten(item: SyntaxNode, items: SyntaxNode[], conditions: SyntaxNode[]): boolean {
  const join = item.JoinExpr;
  if (join === undefined) {
    items.push(item);
    return true;
  }
  if (
    join.jointype !== 'JOIN_INNER' ||
    join.usingClause !== undefined ||
    join.isNatural ||
    join.alias !== undefined
  ) {
    return false;
  }
  conditions.push(...conjuncts(join.quals));
  return flatten(join.larg, items, conditions) && flatten(join.rarg, items, conditions);
}
