/**
 * Works out what an expression of a DO block gives, where the state and literals tell: EXISTS over the catalog, format(),
 * arrays, comparisons. Anything else is `undefined`: not known.
 */
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import type { Row, Value } from './catalog-rows.ts';
import type { Draft } from './draft.ts';
import { called, cast } from './known-functions.ts';
import { type Bindings, KnownRows } from './known-rows.ts';
import { binary, constant, isRow, type Known, known, like } from './known-values.ts';

export type Variables = ReadonlyMap<string, Known>;

export class Evaluator {
  readonly #draft: Draft;
  readonly #variables: Variables;
  readonly #rows: KnownRows;

  constructor(draft: Draft, variables: Variables) {
    this.#draft = draft;
    this.#variables = variables;
    this.#rows = new KnownRows(draft, (node, bindings) => this.expression(node, bindings));
  }

  expression(node: SyntaxNode | null | undefined, bindings: Bindings = []): Known {
    if (!node) return undefined;
    const [kind] = Object.keys(node);
    const inside: SyntaxNode = node[kind!];
    switch (kind) {
      case 'A_Const':
        return constant(inside);
      case 'ColumnRef':
        return this.#column(strings(inside.fields), bindings);
      case 'TypeCast':
        return cast(
          this.#draft,
          this.expression(inside.arg, bindings),
          strings(inside.typeName?.names).at(-1) ?? '',
        );
      case 'BoolExpr':
        return this.#boolean(inside, bindings);
      case 'NullTest': {
        const value = this.expression(inside.arg, bindings);
        if (value === undefined) return undefined;
        return (value === null) === (inside.nulltesttype === 'IS_NULL');
      }
      case 'BooleanTest': {
        const value = this.expression(inside.arg, bindings);
        if (value === undefined) return undefined;
        const wanted = {
          IS_TRUE: value === true,
          IS_NOT_TRUE: value !== true,
          IS_FALSE: value === false,
        } as const;
        return wanted[inside.booltesttype as keyof typeof wanted] ?? value !== false;
      }
      case 'A_Expr':
        return this.#operator(inside, bindings);
      case 'A_ArrayExpr':
        return known(
          (inside.elements ?? []).map((element: SyntaxNode) => this.expression(element, bindings)),
        );
      case 'FuncCall':
        return this.#call(inside, bindings);
      case 'CoalesceExpr':
        for (const argument of inside.args) {
          const value = this.expression(argument, bindings);
          if (value !== null) return value;
        }
        return null;
      case 'A_Indirection': {
        const value = this.expression(inside.arg, bindings);
        const index = this.expression(inside.indirection?.[0]?.A_Indices?.uidx, bindings);
        return Array.isArray(value) && typeof index === 'number' ? (value[index - 1] ?? null) : undefined;
      }
      case 'SubLink':
        return this.#subLink(inside, bindings);
      case 'SQLValueFunction':
        return inside.op === 'SVFOP_CURRENT_SCHEMA' ? this.#draft.creationSchema : undefined;
      default:
        return undefined;
    }
  }

  /** Rows of a SELECT, each with its columns in order; undefined where they are not known. */
  query(statement: SyntaxNode | undefined, outer: Bindings = []): Row[] | undefined {
    return this.#rows.of(statement, outer);
  }

  #column(names: readonly string[], bindings: Bindings): Known {
    const name = names.at(-1) ?? '';
    if (names.length > 1) {
      const alias = names.at(-2)!;
      const bound = bindings.find((binding) => binding.alias === alias);
      if (bound !== undefined) return bound.row[name];
      const record = this.#variables.get(alias);
      return isRow(record) ? record[name] : undefined;
    }
    const bound = bindings.find((binding) => name in binding.row);
    if (bound !== undefined) return bound.row[name];
    const value = this.#variables.get(name);
    if (!isRow(value)) return value;
    // A loop's variable that is no record takes the one column there is.
    const columns = Object.values(value);
    return columns.length === 1 ? columns[0] : undefined;
  }
  #boolean(inside: SyntaxNode, bindings: Bindings): Known {
    const values: Known[] = inside.args.map((argument: SyntaxNode) => this.expression(argument, bindings));
    switch (inside.boolop) {
      case 'NOT_EXPR':
        return typeof values[0] === 'boolean' ? !values[0] : values[0];
      case 'AND_EXPR':
        if (values.includes(false)) return false;
        return values.includes(undefined) ? undefined : values.includes(null) ? null : true;
      default:
        if (values.includes(true)) return true;
        return values.includes(undefined) ? undefined : values.includes(null) ? null : false;
    }
  }

  #operator(inside: SyntaxNode, bindings: Bindings): Known {
    const name = strings(inside.name).at(-1) ?? '';
    const left = this.expression(inside.lexpr, bindings);
    if (inside.kind === 'AEXPR_IN') {
      const list = (inside.rexpr?.List?.items ?? []).map((item: SyntaxNode) =>
        this.expression(item, bindings),
      );
      if (left === undefined || list.includes(undefined)) return undefined;
      return list.includes(left) === (name === '=');
    }
    const right = this.expression(inside.rexpr, bindings);
    if (left === undefined || right === undefined) return undefined;
    if (left === null || right === null) return inside.kind === 'AEXPR_DISTINCT' ? left !== right : null;
    switch (inside.kind) {
      case 'AEXPR_OP_ANY':
        return Array.isArray(right) && name === '=' ? right.includes(left) : undefined;
      case 'AEXPR_OP_ALL':
        return Array.isArray(right) && name === '<>' ? !right.includes(left) : undefined;
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE':
        return like(String(left), String(right), inside.kind === 'AEXPR_ILIKE', name.startsWith('!'));
      case 'AEXPR_DISTINCT':
        return left !== right;
      case 'AEXPR_NOT_DISTINCT':
        return left === right;
      case 'AEXPR_OP':
        return binary(name, left, right);
      default:
        return undefined;
    }
  }
  #call(call: SyntaxNode, bindings: Bindings): Known {
    const name = strings(call.funcname).at(-1) ?? '';
    const values: Known[] = (call.args ?? []).map((argument: SyntaxNode) =>
      this.expression(argument, bindings),
    );
    if (name === 'current_schema') return this.#draft.creationSchema;
    return values.includes(undefined) ? undefined : called(this.#draft, name, values as Value[]);
  }

  #subLink(inside: SyntaxNode, bindings: Bindings): Known {
    const rows = this.query(inside.subselect?.SelectStmt, bindings);
    if (rows === undefined) return undefined;
    const values = () => known(rows.map((row) => Object.values(row)[0]));
    switch (inside.subLinkType) {
      case 'EXISTS_SUBLINK':
        return rows.length > 0;
      case 'EXPR_SUBLINK':
        return rows.length === 0 ? null : Object.values(rows[0]!)[0];
      case 'ARRAY_SUBLINK':
        return values();
      case 'ANY_SUBLINK': {
        const test = this.expression(inside.testexpr, bindings);
        const all = values();
        return test === undefined || all === undefined ? undefined : (all as readonly Value[]).includes(test);
      }
      default:
        return undefined;
    }
  }
}
