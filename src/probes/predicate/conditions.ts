/** Conditions of policies, read from the top down to the comparisons they are made of. */
import type { Routine, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { parseStatements } from '../../sql/parse.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { comparedValues } from './compared-values.ts';
import { Meaning } from './meaning.ts';
import { NamedObjects } from './named-objects.ts';
import { bodyExpressions } from './plpgsql.ts';
import { any, type Reading } from './reading.ts';
import { type Bound, deepest, type Place, platformSchemas, type Scope } from './scope.ts';
import { arrayLiteral, constant, strip } from './syntax.ts';

export class ConditionReader {
  readonly #reading: Reading;
  readonly #objects: NamedObjects;
  readonly #meaning: Meaning;
  readonly #bodies = new Set<string>();

  constructor(state: SchemaState, reading: Reading) {
    this.#reading = reading;
    this.#objects = new NamedObjects(state);
    this.#meaning = new Meaning(this.#objects, this, reading.headers);
  }

  readPolicy(table: Table, node: SyntaxNode | null): void {
    if (node === null) {
      this.#reading.unread.add(`a policy of ${table.key}`);
      return;
    }
    this.#condition(
      node,
      { sources: [{ alias: table.name, key: table.key }], outer: null, home: true, bindings: null },
      true,
      0,
    );
  }

  readBody(routine: Routine, bindings: Map<string, Bound>, depth: number): void {
    const scope: Scope = { sources: [], outer: null, bindings };
    if (routine.language === 'sql') {
      const statements = parseStatements(routine.body);
      if (statements === null) this.#reading.unread.add(routine.key);
      for (const statement of statements ?? []) {
        if (statement.kind === 'SelectStmt') this.#select(statement.node, scope, true, depth);
        else if (statement.kind === 'ReturnStmt' && statement.node.returnval) {
          this.#condition(statement.node.returnval, scope, true, depth);
        }
      }
      return;
    }
    if (routine.language !== 'plpgsql') {
      this.#reading.unread.add(routine.key);
      return;
    }
    for (const piece of bodyExpressions(routine.body)) {
      const [statement] = parseStatements(piece.sql) ?? [];
      if (statement?.kind !== 'SelectStmt') {
        if (statement === undefined) this.#reading.unread.add(routine.key);
        continue;
      }
      const inner = this.#select(statement.node, scope, true, depth);
      piece.into.forEach((variable, index) => {
        const target = statement.node.targetList?.[index]?.ResTarget?.val;
        if (target !== undefined && !leadsBack(variable, target, bindings))
          bindings.set(variable, { node: target, scope: inner });
      });
    }
  }

  /** Reads a query; gives the scope its target list stands in. */
  #select(select: SyntaxNode, outer: Scope, positive: boolean, depth: number): Scope {
    const ctes = new Set<string>();
    for (const entry of select.withClause?.ctes ?? []) {
      const cte = entry.CommonTableExpr;
      ctes.add(cte.ctename);
      if (cte.ctequery?.SelectStmt) this.#select(cte.ctequery.SelectStmt, outer, positive, depth);
    }
    for (const side of [select.larg, select.rarg]) {
      if (side) this.#select(side.SelectStmt ?? side, outer, positive, depth);
    }
    const scope: Scope = { sources: [], outer, bindings: null };
    for (const from of select.fromClause ?? []) this.from(from, scope, ctes, positive, depth);
    if (select.whereClause) this.#condition(select.whereClause, scope, positive, depth);
    if (select.havingClause) this.#condition(select.havingClause, scope, positive, depth);
    for (const target of select.targetList ?? []) {
      const value = target.ResTarget?.val;
      if (!value) continue;
      // A bare column here is what the query gives, and no condition: but for a flag, `select p.is_admin from …`.
      const column = value.ColumnRef ? this.#meaning.column(value, scope) : null;
      if (!value.ColumnRef || (column !== null && this.#objects.typeOf(column) === 'boolean'))
        this.#condition(value, scope, positive, depth);
    }
    return scope;
  }

  from(node: SyntaxNode, scope: Scope, ctes: ReadonlySet<string>, positive: boolean, depth: number): void {
    if (node.RangeVar) {
      const { schemaname, relname, alias } = node.RangeVar;
      const key =
        schemaname === undefined && ctes.has(relname) ? null : this.#objects.relation(schemaname, relname);
      if (key !== null) this.#reading.tables.add(key);
      scope.sources.push({ alias: alias?.aliasname ?? relname, key });
    } else if (node.JoinExpr) {
      this.from(node.JoinExpr.larg, scope, ctes, positive, depth);
      this.from(node.JoinExpr.rarg, scope, ctes, positive, depth);
      if (node.JoinExpr.quals) this.#condition(node.JoinExpr.quals, scope, positive, depth);
      const sides = scope.sources.slice(-2);
      for (const column of node.JoinExpr.usingClause ?? []) {
        const [left, right] = sides;
        if (left?.key && right?.key) {
          const shared = column.String.sval;
          this.#reading.links.push({
            left: { table: left.key, column: shared },
            right: { table: right.key, column: shared },
          });
        }
      }
    } else if (node.RangeSubselect) {
      this.#select(node.RangeSubselect.subquery.SelectStmt, scope, positive, depth);
      scope.sources.push({ alias: node.RangeSubselect.alias?.aliasname ?? '', key: null });
    } else if (node.RangeFunction) {
      for (const list of node.RangeFunction.functions ?? []) {
        for (const item of list.List?.items ?? []) {
          if (item?.FuncCall) this.call(item.FuncCall, scope, positive, depth);
        }
      }
      scope.sources.push({ alias: node.RangeFunction.alias?.aliasname ?? '', key: null });
    }
  }

  #condition(node: SyntaxNode, scope: Scope, positive: boolean, depth: number): void {
    if (node.BoolExpr) {
      const inner = node.BoolExpr.boolop === 'NOT_EXPR' ? !positive : positive;
      for (const arg of node.BoolExpr.args) this.#condition(arg, scope, inner, depth);
    } else if (node.A_Expr) {
      this.#comparison(node.A_Expr, scope, positive, depth);
    } else if (node.NullTest) {
      const isNull = node.NullTest.nulltesttype === 'IS_NULL';
      const column = this.#meaning.column(node.NullTest.arg, scope);
      if (column !== null)
        this.#value(column, [isNull === positive ? null : any], [isNull === positive ? any : null]);
      else this.#condition(node.NullTest.arg, scope, positive, depth);
    } else if (node.BooleanTest) {
      const type: string = node.BooleanTest.booltesttype;
      const wants = (type === 'IS_TRUE' || type === 'IS_NOT_FALSE') === positive;
      this.#boolean(node.BooleanTest.arg, scope, wants, depth);
    } else if (node.ColumnRef) {
      this.#boolean(node, scope, positive, depth);
    } else if (node.SubLink) {
      this.#subLink(node.SubLink, scope, positive, depth);
    } else if (node.FuncCall) {
      this.call(node.FuncCall, scope, positive, depth);
    } else if (node.CoalesceExpr) {
      for (const arg of node.CoalesceExpr.args ?? []) this.#condition(arg, scope, positive, depth);
    } else if (node.CaseExpr) {
      if (node.CaseExpr.arg) this.#condition(node.CaseExpr.arg, scope, positive, depth);
      for (const when of node.CaseExpr.args ?? []) {
        const { expr, result } = when.CaseWhen;
        if (node.CaseExpr.arg) this.#compare(node.CaseExpr.arg, expr, '=', scope, positive, depth);
        else this.#condition(expr, scope, positive, depth);
        this.#condition(result, scope, positive, depth);
      }
      if (node.CaseExpr.defresult) this.#condition(node.CaseExpr.defresult, scope, positive, depth);
    } else if (node.TypeCast) {
      this.#condition(node.TypeCast.arg, scope, positive, depth);
    } else if (node.A_Indirection) {
      this.#condition(node.A_Indirection.arg, scope, positive, depth);
    } else if (node.A_ArrayExpr) {
      for (const element of node.A_ArrayExpr.elements ?? []) this.#condition(element, scope, positive, depth);
    } else if (node.List) {
      for (const item of node.List.items ?? []) this.#condition(item, scope, positive, depth);
    } else if (node.RowExpr) {
      for (const arg of node.RowExpr.args ?? []) this.#condition(arg, scope, positive, depth);
    } else if (node.NamedArgExpr) {
      this.#condition(node.NamedArgExpr.arg, scope, positive, depth);
    }
  }

  #boolean(node: SyntaxNode, scope: Scope, wants: boolean, depth: number): void {
    const column = this.#meaning.column(node, scope);
    if (column !== null) {
      if (this.#objects.typeOf(column) === 'boolean') this.#value(column, [String(wants)], [String(!wants)]);
      return;
    }
    const claim = this.#meaning.claim(node, scope);
    if (claim !== null) {
      this.#reading.claims.push({ path: claim, values: [String(wants)] });
      return;
    }
    if (!node.ColumnRef) this.#condition(node, scope, wants, depth);
  }

  #comparison(expression: SyntaxNode, scope: Scope, positive: boolean, depth: number): void {
    const operator: string = expression.name?.at(-1)?.String?.sval ?? '';
    const { kind, lexpr, rexpr } = expression;
    if (kind === 'AEXPR_IN') {
      for (const item of rexpr?.List?.items ?? [])
        this.#compare(lexpr, item, operator, scope, positive, depth);
      return;
    }
    if (kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') {
      const list = strip(this.#meaning.bound(rexpr, scope)?.node ?? rexpr);
      const elements = list?.A_ArrayExpr?.elements ?? arrayLiteral(list);
      if (elements !== null) {
        for (const item of elements) this.#compare(lexpr, item, operator, scope, positive, depth);
        return;
      }
      const column = this.#meaning.column(rexpr, scope);
      const caller = this.#meaning.caller(lexpr, scope);
      if (column !== null && caller !== null) {
        this.#reading.callers.push({ ...column, caller, form: 'array' });
        return;
      }
      this.#compare(lexpr, rexpr, operator, scope, positive, depth);
      return;
    }
    if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_BETWEEN_SYM') {
      const [low, high] = rexpr?.List?.items ?? [];
      if (low) this.#compare(lexpr, low, '>=', scope, positive, depth);
      if (high) this.#compare(lexpr, high, '<=', scope, positive, depth);
      return;
    }
    if (kind === 'AEXPR_DISTINCT') {
      this.#compare(lexpr, rexpr, '<>', scope, positive, depth);
      return;
    }
    if (kind === 'AEXPR_NOT_DISTINCT') {
      this.#compare(lexpr, rexpr, '=', scope, positive, depth);
      return;
    }
    if (kind === 'AEXPR_NULLIF') {
      this.#condition(lexpr, scope, positive, depth);
      return;
    }
    if (this.#meaning.header({ A_Expr: expression }) !== null) return;
    if (lexpr === undefined || rexpr === undefined) {
      if (rexpr ?? lexpr) this.#condition(rexpr ?? lexpr, scope, positive, depth);
      return;
    }
    this.#compare(lexpr, rexpr, operator, scope, positive, depth);
  }

  #compare(
    left: SyntaxNode,
    right: SyntaxNode,
    operator: string,
    scope: Scope,
    positive: boolean,
    depth: number,
  ): void {
    for (const [side, other, op] of [
      [left, right, operator],
      [right, left, mirrored[operator] ?? operator],
    ] as const) {
      const column = this.#meaning.column(side, scope);
      if (column !== null) {
        const caller = this.#meaning.caller(other, scope);
        if (caller !== null) {
          const form =
            op === '@>' || op === '&&'
              ? this.#objects.typeOf(column)?.endsWith('[]')
                ? 'array'
                : 'json'
              : 'plain';
          const apart = (op === '<>') === positive;
          this.#reading.callers.push({ ...column, caller, form, ...(apart && { apart }) });
          return;
        }
        const value = constant(other, (node) => this.#meaning.bound(node, scope));
        if (value !== undefined) {
          this.#compared(column, op, value, positive);
          return;
        }
        const linked = this.#meaning.column(other, scope);
        if (linked !== null) {
          // `ctx.id = x` under NOT says nothing about rows that fit together.
          if (op === '=') this.#reading.links.push({ left: column, right: linked });
          return;
        }
      }
      const claim = this.#meaning.claim(side, scope);
      if (claim !== null) {
        const value = constant(other, (node) => this.#meaning.bound(node, scope));
        if (typeof value === 'string') {
          if (/^(=|<>|\?|@>|~~\*?)$/.test(op))
            this.#reading.claims.push({ path: claim, values: [value.replaceAll('%', '')] });
          return;
        }
      }
      const folder = this.#meaning.folder(side, scope);
      if (folder !== null) {
        const caller = this.#meaning.caller(other, scope);
        if (caller !== null) {
          this.#reading.callers.push({ ...folder.place, caller, form: 'folder', folder: folder.index });
          return;
        }
        const fixed = constant(other, (node) => this.#meaning.bound(node, scope));
        if (typeof fixed === 'string') {
          if (op === '=') this.#reading.folders.push({ index: folder.index, is: { literal: fixed } });
          return;
        }
        const inside = this.#meaning.column(other, scope);
        if (inside !== null) {
          this.#reading.folders.push({ index: folder.index, is: inside });
          return;
        }
      }
    }
    // A comparison of things that hold something else: read on inside.
    this.#condition(left, scope, positive, depth);
    this.#condition(right, scope, positive, depth);
  }

  /** Tables that a helper reads without looking at an id it is handed. */
  #remember(routine: Routine, reads: (table: string) => boolean): void {
    if (!forgetsAnId(routine)) return;
    for (const table of this.#reading.tables)
      if (reads(table) || routine.body.includes(table.split('.').at(-1)!)) this.#reading.forgetful.add(table);
  }

  followed(routine: Routine): void {
    this.#remember(routine, () => false);
  }

  #compared(column: Place, operator: string, value: string | null, positive: boolean): void {
    if (value === null) return;
    const values = comparedValues(operator, value, this.#objects.typeOf(column));
    if (values === null) this.#each(column);
    else if (positive) this.#value(column, values.open, values.closed);
    else this.#value(column, values.closed, values.open);
  }

  #value(column: Place, open: readonly (string | null)[], closed: readonly (string | null)[]): void {
    const { table, column: at, home } = column;
    this.#reading.values.push({ table, column: at, open, closed, home });
  }

  /** `level(m.role) >= 2`, `m.role >= 'admin'`: the values of the caller's row are tried one after the other. */
  #each({ table, column, home }: Place): void {
    if (!home) this.#reading.values.push({ table, column, open: [], closed: [], home, each: true });
  }

  #subLink(link: SyntaxNode, scope: Scope, positive: boolean, depth: number): void {
    const select = link.subselect?.SelectStmt;
    if (!select) return;
    const inner = this.#select(select, scope, positive, depth);
    if (link.testexpr && (link.subLinkType === 'ANY_SUBLINK' || link.subLinkType === 'ALL_SUBLINK')) {
      const target = select.targetList?.[0]?.ResTarget?.val;
      if (target !== undefined) this.#pair(link.testexpr, scope, target, inner, positive);
    } else if (link.subLinkType === 'EXPR_SUBLINK' && select.fromClause === undefined) {
      // `(select is_admin())`: the wrapped call was read as a target.
    }
  }

  /** `test in (select target …)`: both sides in scopes of their own. */
  #pair(test: SyntaxNode, scope: Scope, target: SyntaxNode, inner: Scope, positive: boolean): void {
    const left = this.#meaning.column(test, scope);
    const right = this.#meaning.column(target, inner);
    if (left !== null && right !== null) {
      if (positive) this.#reading.links.push({ left, right });
      return;
    }
    const caller = this.#meaning.caller(test, scope);
    if (right !== null && caller !== null) this.#reading.callers.push({ ...right, caller, form: 'plain' });
    const folder = this.#meaning.folder(test, scope);
    if (folder !== null && right !== null) this.#reading.folders.push({ index: folder.index, is: right });
  }

  call(call: SyntaxNode, scope: Scope, positive: boolean, depth: number): void {
    const routine = this.#objects.routine(call);
    for (const arg of call.args ?? []) {
      // Arguments are conditions only where the function is Postgres' own (coalesce, lower, …).
      if (routine === null) this.#condition(arg, scope, positive, depth);
      const handed = this.#meaning.column(arg.NamedArgExpr?.arg ?? arg, scope);
      if (handed !== null) this.#each(handed);
    }
    if (routine === null || depth >= deepest) return;
    this.#reading.functions.add(routine.key);
    if (platformSchemas.has(routine.schema)) return;
    const bindings = this.#meaning.argumentsOf(routine, call, scope);
    const visit = `${routine.key} ${JSON.stringify(call.args ?? [], (key, value) => (key === 'location' ? undefined : value))}`;
    if (this.#bodies.has(visit)) return;
    this.#bodies.add(visit);
    const before = new Set(this.#reading.tables);
    this.readBody(routine, bindings, depth + 1);
    this.#remember(routine, (table) => !before.has(table));
  }
}

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** An id among its arguments is nowhere in its body. */
const forgetsAnId = (routine: Routine): boolean =>
  routine.arguments.some(
    ({ name, type, mode }, index) =>
      mode === 'in' &&
      /^(uuid|bigint|integer)$/.test(type) &&
      !new RegExp(
        `\\$${index + 1}\\b${name === null ? '' : `|\\b${escapeRegExp(name)}(?![\\w$])`}`,
        'i',
      ).test(routine.body),
  );

/** `n := n + 1`, or by way of other variables: followed, such a variable would never end. Constants are no names. */
function leadsBack(
  variable: string,
  node: SyntaxNode,
  bindings: ReadonlyMap<string, Bound>,
  seen: Set<string> = new Set(),
): boolean {
  for (const [, name] of JSON.stringify(node).matchAll(/"String":\{"sval":"(\w+)"/g)) {
    if (name === variable) return true;
    const next = seen.has(name!) ? undefined : bindings.get(name!);
    seen.add(name!);
    if (next !== undefined && leadsBack(variable, next.node, bindings, seen)) return true;
  }
  return false;
}
