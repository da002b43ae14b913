/**
 * Works out what an expression of a DO block gives, where the state and literals tell: EXISTS over the catalog, format(),
 * arrays, comparisons. Anything else is `undefined`: not known.
 */
import type { SyntaxNode } from '../../model/sql.ts';
import { isBuiltinType, qualified, quoteIdent, quoteLiteral, strings } from '../names.ts';
import { catalogRows, constraintDefinition, type Row, type Value } from './catalog-rows.ts';
import type { Draft } from './draft.ts';
import { figureColumnName } from './generated-names.ts';
import { nameParts } from './references.ts';
import { findByName } from './routines.ts';

export type Known = Value | undefined;
export type Variables = ReadonlyMap<string, Known>;

/** Rows of a query by alias: what a column name is looked up in. */
type Bindings = readonly { readonly alias: string; readonly row: Row }[];

/** More combinations of rows than this are not gone through. */
const rowLimit = 50_000;

export class Evaluator {
  readonly #draft: Draft;
  readonly #variables: Variables;

  constructor(draft: Draft, variables: Variables) {
    this.#draft = draft;
    this.#variables = variables;
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
        return this.#cast(
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
        const verdicts = found.map((bindings) => this.expression(condition, bindings));
        if (verdicts.includes(undefined)) continue;
        pending.delete(condition);
        found = found.filter((_, at) => verdicts[at] === true);
      }
    }
    for (const condition of pending) {
      const verdicts = found.map((bindings) => this.expression(condition, bindings));
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
      if (joined.length > rowLimit) return undefined;
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
      const verdicts: Known[] = left.map((row) => this.expression(condition, [row, ...outer]));
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
      const values = known(found.map((bindings) => this.expression(args[0], bindings)));
      if (values === undefined) return undefined;
      if (called === 'array_agg') return [{ array_agg: found.length === 0 ? null : values }];
      const separator = this.expression(args[1]);
      if (separator === undefined) return undefined;
      return [{ string_agg: (values as readonly Value[]).join(String(separator)) }];
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
          const values = this.expression(target.val.FuncCall.args?.[0], bindings);
          if (!Array.isArray(values)) return undefined;
          rows.push(...values.map((value: Value) => ({ [name]: value })));
          continue;
        }
        const value = this.expression(target.val, bindings);
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
      ? this.query(inner.subquery?.SelectStmt, outer)
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
        const value = this.expression(other, known);
        if (value !== undefined && value !== null) wanted.set(column.at(-1)!, value);
      }
    }
    return wanted;
  }

  #functionRows(call: SyntaxNode | undefined, alias: string, outer: Bindings): Row[] | undefined {
    const name = strings(call?.funcname).at(-1);
    const values = (call?.args ?? []).map((argument: SyntaxNode) => this.expression(argument, outer));
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
      const values = known((list.items ?? []).map((item: SyntaxNode) => this.expression(item, outer)));
      if (values === undefined) return undefined;
      rows.push(
        Object.fromEntries((values as readonly Value[]).map((value, at) => [`column${at + 1}`, value])),
      );
    }
    return rows;
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

  #cast(value: Known, type: string): Known {
    if (value === undefined || value === null) return value;
    switch (type) {
      case 'regclass':
        return typeof value === 'string' ? this.#relation(value) : undefined;
      case 'regnamespace':
        return typeof value === 'string' ? (nameParts(value)[0] ?? value) : undefined;
      case 'regtype':
        return typeof value === 'string' ? this.#type(value) : undefined;
      case 'regproc':
      case 'regprocedure':
      case 'oid':
        return value;
      case 'regrole':
        return typeof value === 'string' ? (nameParts(value)[0] ?? value) : undefined;
      case 'text':
      case 'name':
      case 'varchar':
      case 'bpchar':
        return typeof value === 'object' ? value : String(value);
      case 'bool':
        return value === 't' || value === 'true' ? true : value === 'f' || value === 'false' ? false : value;
      case 'int4':
      case 'int8':
        return Number(value);
      default:
        return value;
    }
  }

  #relation(text: string): Known {
    const key = this.#draft.relationNamed(nameParts(text));
    return this.#draft.isRelation(key) ? key : undefined;
  }
  #type(text: string): Known {
    const { schema, name } = qualified(nameParts(text));
    if (isBuiltinType(name)) return name;
    const key = this.#draft.typeKey(schema, name);
    return this.#draft.has('type', key) || this.#draft.has('table', key) ? key : undefined;
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
        return like(String(left), String(right), inside.kind === 'AEXPR_ILIKE') === !name.startsWith('!');
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
    if (values.includes(undefined)) return undefined;
    const [first, second, third] = values as Value[];
    switch (name) {
      case 'to_regclass':
        return this.#relation(String(first)) ?? null;
      case 'to_regtype':
        return this.#type(String(first)) ?? null;
      case 'to_regnamespace':
        return this.#draft.has('schema', String(first)) ? String(first) : null;
      case 'to_regproc':
      case 'to_regprocedure': {
        const written = String(first);
        const parts = nameParts(written.replace(/\(.*$/s, ''));
        const found = findByName(this.#draft, parts);
        const args = /\((.*)\)\s*$/s.exec(written)?.[1];
        if (args === undefined || found.length === 0) return found[0] ?? null;
        const count = args.trim() === '' ? 0 : args.split(',').length;
        return (
          found.find(
            (key) =>
              this.#draft.get('routine', key)!.arguments.filter((a) => a.mode !== 'out' && a.mode !== 'table')
                .length === count,
          ) ?? null
        );
      }
      case 'format':
        return formatted(values as Value[]);
      case 'quote_ident':
        return first === null ? null : quoteIdent(String(first));
      case 'quote_literal':
      case 'quote_nullable':
        return first === null ? null : quoteLiteral(String(first));
      case 'lower':
        return first === null ? null : String(first).toLowerCase();
      case 'upper':
        return first === null ? null : String(first).toUpperCase();
      case 'trim':
      case 'btrim':
        return first === null ? null : String(first).trim();
      case 'replace':
        return String(first).replaceAll(String(second), String(third));
      case 'concat':
        return (values as Value[]).map((value) => (value === null ? '' : String(value))).join('');
      case 'pg_get_function_identity_arguments':
      case 'oidvectortypes': {
        const key = String(first);
        return this.#draft.has('routine', key) ? key.slice(key.indexOf('(') + 1, -1) : undefined;
      }
      case 'pg_get_constraintdef':
        return constraintDefinition(this.#draft, String(first));
      case 'has_function_privilege':
      case 'has_table_privilege':
      case 'has_schema_privilege':
        return this.#holds(name.slice(4, -10), String(first), String(second), String(third));
      case 'array_to_string':
        return Array.isArray(first) ? first.join(String(second)) : undefined;
      case 'array_length':
      case 'cardinality':
        return Array.isArray(first) ? first.length : undefined;
      default:
        return undefined;
    }
  }

  /** has_…_privilege(role, object, privilege), by grants to the role and to PUBLIC. */
  #holds(kind: string, role: string, object: string, privilege: string): Known {
    const key = kind === 'table' ? this.#relation(object) : object;
    const found =
      kind === 'function'
        ? this.#draft.get('routine', object)
        : kind === 'table'
          ? (this.#draft.get('table', String(key)) ?? this.#draft.get('view', String(key)))
          : this.#draft.get('schema', object);
    if (found === undefined) return undefined;
    const wanted = privilege.toLowerCase();
    return (
      found.owner === role ||
      found.grants.some(
        (grant) =>
          (grant.grantee === role || grant.grantee === 'public') &&
          grant.privilege === wanted &&
          grant.columns === null,
      )
    );
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

/** Relations of which the state knows some rows only: that one is missing proves nothing. */
const openEnded = new Set(['pg_roles', 'pg_available_extensions']);

function known(values: readonly Known[]): Known {
  return values.includes(undefined) ? undefined : (values as readonly Value[]);
}

export function isRow(value: Known): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function constant(node: SyntaxNode): Known {
  if (node.isnull) return null;
  if (node.sval !== undefined) return node.sval.sval ?? '';
  if (node.ival !== undefined) return node.ival.ival ?? 0;
  if (node.boolval !== undefined) return node.boolval.boolval === true;
  if (node.fval !== undefined) return Number(node.fval.fval);
  return undefined;
}

function binary(name: string, left: Value, right: Value): Known {
  switch (name) {
    case '=':
      return left === right || (typeof left !== typeof right && String(left) === String(right));
    case '<>':
      return left !== right;
    case '||':
      return Array.isArray(left) || Array.isArray(right) ? [left, right].flat() : `${left}${right}`;
    case '<':
      return left! < right!;
    case '>':
      return left! > right!;
    case '<=':
      return left! <= right!;
    case '>=':
      return left! >= right!;
    case '+':
      return typeof left === 'number' && typeof right === 'number' ? left + right : undefined;
    case '-':
      return typeof left === 'number' && typeof right === 'number' ? left - right : undefined;
    case '~':
    case '~*':
    case '!~':
    case '!~*':
      try {
        return (
          new RegExp(String(right), name.endsWith('*') ? 'i' : '').test(String(left)) ===
          !name.startsWith('!')
        );
      } catch {
        return undefined;
      }
    default:
      return undefined;
  }
}

function like(text: string, pattern: string, ignoreCase: boolean): boolean {
  const source = pattern.replace(/\\(.)|[.*+?^${}()|[\]\\]|[%_]/gs, (match, escaped) => {
    if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return match === '%' ? '[\\s\\S]*' : match === '_' ? '[\\s\\S]' : `\\${match}`;
  });
  return new RegExp(`^${source}$`, ignoreCase ? 'i' : '').test(text);
}

/** format() with %s, %I, %L and positions. */
function formatted([template, ...values]: readonly Value[]): Known {
  if (typeof template !== 'string') return undefined;
  let next = 0;
  let wrong = false;
  const text = template.replace(/%(?:(\d+)\$)?([sIL%])/g, (_, position, kind) => {
    if (kind === '%') return '%';
    const at = position === undefined ? next : Number(position) - 1;
    next = at + 1;
    const value = values[at];
    if (value === undefined || (typeof value === 'object' && value !== null)) wrong = true;
    if (value === null) return kind === 'L' ? 'NULL' : '';
    if (kind === 'I') return quoteIdent(String(value));
    return kind === 'L' ? quoteLiteral(String(value)) : String(value);
  });
  return wrong ? undefined : text;
}

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
