/**
 * What a function's body says of its arguments: the columns it compares them with or writes them to, and what it asks of
 * the rows it works on. By that it is called with values that find a row.
 */
import type { Routine, SchemaState } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { statementsOf } from '../../sql/body-statements.ts';
import { columnNames, constant, strip, unwrapCall } from '../predicate/syntax.ts';
import type { Value } from './type-values.ts';

/** `where note.id = p_id`; `set role = new_role`, for which a value is worth trying that is another one. */
export interface Compared {
  /** Place among the input arguments, from 0. */
  readonly argument: number;
  readonly table: string;
  readonly column: string;
  readonly written: boolean;
}

/** `where day >= p_from and day < p_until`: the first is the lower end, the other the upper one. */
export interface Bound {
  readonly argument: number;
  readonly table: string;
  readonly column: string;
  readonly end: 'lower' | 'upper';
}

/** `where status = 'active'`. */
export interface Asked {
  readonly table: string;
  readonly column: string;
  readonly value: Value;
}

export interface BodyReading {
  readonly compared: readonly Compared[];
  readonly bounds: readonly Bound[];
  readonly asked: readonly Asked[];
}

export function readArguments(routine: Routine, state: SchemaState): BodyReading {
  const reader = new Reader(routine, state);
  for (const { node } of statementsOf(routine)) reader.statement(node);
  return reader;
}

interface Column {
  readonly table: string;
  readonly column: string;
}

class Reader implements BodyReading {
  readonly compared: Compared[] = [];
  readonly bounds: Bound[] = [];
  readonly asked: Asked[] = [];
  readonly #routine: Routine;
  readonly #state: SchemaState;
  readonly #inputs: readonly (string | null)[];
  /** Alias to table, of the statement at hand: one that stands for two tables is rare, and no harm. */
  #sources = new Map<string, string>();

  constructor(routine: Routine, state: SchemaState) {
    this.#routine = routine;
    this.#state = state;
    this.#inputs = routine.arguments
      .filter(({ mode }) => mode !== 'out' && mode !== 'table')
      .map(({ name }) => name);
  }

  statement(node: SyntaxNode): void {
    this.#sources = new Map();
    this.#find(node);
    this.#walk(node);
  }

  #find(node: unknown): void {
    if (Array.isArray(node)) for (const each of node) this.#find(each);
    else if (node !== null && typeof node === 'object') {
      const { relname, schemaname, alias } = node as SyntaxNode;
      if (typeof relname === 'string') {
        const key = [schemaname, 'public', this.#routine.schema]
          .filter((schema) => typeof schema === 'string')
          .map((schema) => `${schema}.${relname}`)
          .find((each) => this.#state.tables.has(each));
        if (key !== undefined) this.#sources.set(alias?.aliasname ?? relname, key);
      }
      for (const each of Object.values(node)) this.#find(each);
    }
  }

  #walk(node: unknown): void {
    if (Array.isArray(node)) for (const each of node) this.#walk(each);
    else if (node !== null && typeof node === 'object') {
      const { A_Expr, whereClause, JoinExpr, ...rest } = node as SyntaxNode;
      if (A_Expr?.name?.at(-1)?.String?.sval === '=') {
        this.#pair(A_Expr.lexpr, A_Expr.rexpr);
        this.#pair(A_Expr.rexpr, A_Expr.lexpr);
      }
      if (A_Expr !== undefined) this.#bound(A_Expr);
      this.#asks(whereClause);
      if (JoinExpr?.jointype === 'JOIN_INNER') this.#asks(JoinExpr.quals);
      this.#writes(rest);
      for (const each of Object.values(node)) this.#walk(each);
    }
  }

  #pair(left: SyntaxNode | undefined, right: SyntaxNode | undefined): void {
    const column = this.#column(left);
    const argument = this.#argument(right);
    if (column !== null && argument !== -1) this.compared.push({ argument, ...column, written: false });
  }

  #bound({ kind, name, lexpr, rexpr }: SyntaxNode): void {
    const ends = (column: SyntaxNode, lower: SyntaxNode | undefined, upper: SyntaxNode | undefined) => {
      const of = this.#column(column);
      if (of === null) return;
      for (const [end, node] of [
        ['lower', lower],
        ['upper', upper],
      ] as const) {
        const argument = this.#argument(node);
        if (argument !== -1) this.bounds.push({ argument, ...of, end });
      }
    };
    const operator = name?.at(-1)?.String?.sval;
    if (kind === 'AEXPR_BETWEEN') ends(lexpr, rexpr?.List?.items?.[0], rexpr?.List?.items?.[1]);
    else if (/^>=?$/.test(operator)) {
      ends(lexpr, rexpr, undefined);
      ends(rexpr, undefined, lexpr);
    } else if (/^<=?$/.test(operator)) {
      ends(lexpr, undefined, rexpr);
      ends(rexpr, lexpr, undefined);
    }
  }

  /** `update t set role = new_role`. */
  #writes({ relation, targetList, fromClause }: SyntaxNode): void {
    if (typeof relation?.relname !== 'string' || fromClause !== undefined || !Array.isArray(targetList))
      return;
    const table = this.#sources.get(relation.alias?.aliasname ?? relation.relname);
    for (const { ResTarget: target } of targetList) {
      const argument = this.#argument(target?.val);
      if (table !== undefined && argument !== -1 && target.name)
        this.compared.push({ argument, table, column: target.name, written: true });
    }
  }

  /** What must hold of a row: conditions that AND joins. */
  #asks(node: SyntaxNode | undefined): void {
    if (node === undefined) return;
    const { BoolExpr, A_Expr, NullTest, BooleanTest } = node;
    if (BoolExpr?.boolop === 'AND_EXPR') for (const each of BoolExpr.args) this.#asks(each);
    // One way is enough.
    else if (BoolExpr?.boolop === 'OR_EXPR') this.#asks(BoolExpr.args[0]);
    else if (BoolExpr?.boolop === 'NOT_EXPR') this.#ask(BoolExpr.args[0], 'false');
    else if (NullTest?.nulltesttype === 'IS_NULL') this.#ask(NullTest.arg, null);
    else if (BooleanTest?.booltesttype === 'IS_TRUE') this.#ask(BooleanTest.arg, 'true');
    else if (BooleanTest?.booltesttype === 'IS_FALSE') this.#ask(BooleanTest.arg, 'false');
    else if (A_Expr?.name?.at(-1)?.String?.sval === '=') {
      const one = A_Expr.kind === 'AEXPR_IN' ? A_Expr.rexpr?.List?.items?.[0] : A_Expr.rexpr;
      const value = constant(one, () => null);
      if (value !== undefined && value !== null && value !== 'now()') this.#ask(A_Expr.lexpr, value);
    } else if (node.ColumnRef) this.#ask(node, 'true');
  }

  #ask(node: SyntaxNode | undefined, value: Value): void {
    const column = this.#column(node);
    if (
      column !== null &&
      !this.asked.some((one) => one.table === column.table && one.column === column.column)
    )
      this.asked.push({ ...column, value });
  }

  #column(node: SyntaxNode | undefined): Column | null {
    const names = columnNames(strip(unwrapCall(strip(node))));
    if (names === null) return null;
    const column = names.at(-1)!;
    const has = (key: string | undefined) =>
      key !== undefined && this.#state.tables.get(key)!.columns.some(({ name }) => name === column);
    const table =
      names.length > 1
        ? this.#sources.get(names.at(-2)!)
        : [...this.#sources.values()].find((key) => has(key));
    return has(table) ? { table: table!, column } : null;
  }

  /** -1 where it is none. A column of that name comes first, as in SQL. */
  #argument(node: SyntaxNode | undefined): number {
    const bare = strip(unwrapCall(strip(node)));
    if (bare?.ParamRef) return (bare.ParamRef.number ?? 0) - 1;
    const names = columnNames(bare);
    if (names === null || this.#column(bare) !== null) return -1;
    if (names.length > 2 || (names.length === 2 && names[0] !== this.#routine.name)) return -1;
    return this.#inputs.indexOf(names.at(-1)!);
  }
}
