/**
 * Policies read as trees, worked back to the columns, rows and claims that decide them. Only candidates come out of
 * here: what they really open is seen by trying.
 */
import type { Routine, SchemaState, Table } from '../model/schema.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { parseExpression, parseStatements } from '../sql/parse.ts';
import { bodyExpressions } from './plpgsql.ts';
import { any, type Caller, emptyReading, other, type Reading } from './reading.ts';
import { arrayLiteral, columnNames, constant, names, strip, unwrapCall } from './syntax.ts';

interface Source {
  readonly alias: string;
  /** Key of the table or view; null for what is made inside the query. */
  readonly key: string | null;
}

interface Scope {
  readonly sources: Source[];
  readonly outer: Scope | null;
  /** Holds the row the policy judges. */
  readonly home?: boolean;
  /** What arguments and variables of a function stand for. */
  readonly bindings: Map<string, Bound> | null;
}

interface Bound {
  readonly node: SyntaxNode;
  readonly scope: Scope;
}

const deepest = 5;
/** Open and closed values of time columns: years away from now, so that no clock decides a probe. */
const past = '2020-01-01 00:00:00+00';
const future = '2099-01-01 00:00:00+00';

export function readPolicies(table: Table, state: SchemaState): Reading {
  const reading = emptyReading();
  const reader = new PredicateReader(state, reading);
  for (const policy of table.policies) {
    for (const expression of [policy.using, policy.check]) {
      if (expression !== null) reader.readPolicy(table, expression.node ?? parseExpression(expression.text));
    }
  }
  return reading;
}

/**
 * What the policies of the base read of the same tables counts on the head too: a policy that no longer asks for a
 * status, or for a role, is tried in the worlds that the old one told apart.
 */
export function addEarlier(reading: Reading, earlier: Reading, state: SchemaState): void {
  const stands = ({ table, column }: { readonly table: string; readonly column: string }) =>
    state.tables.get(table)?.columns.some(({ name }) => name === column) === true;
  const known = new Set(
    [...reading.callers, ...reading.values, ...reading.links].map((atom) => JSON.stringify(atom)),
  );
  const isNew = (atom: object) => !known.has(JSON.stringify(atom));
  reading.callers.push(...earlier.callers.filter((atom) => isNew(atom) && stands(atom)));
  reading.values.push(...earlier.values.filter((atom) => isNew(atom) && stands(atom)));
  reading.links.push(
    ...earlier.links.filter((link) => isNew(link) && stands(link.left) && stands(link.right)),
  );
  const claims = new Set(reading.claims.map((claim) => JSON.stringify(claim)));
  reading.claims.push(...earlier.claims.filter((claim) => !claims.has(JSON.stringify(claim))));
  for (const key of earlier.tables) if (state.tables.has(key)) reading.tables.add(key);
}

/** What a function's body decides by, for helpers that are called from elsewhere (triggers, RPC). */
export function readRoutine(routine: Routine, state: SchemaState): Reading {
  const reading = emptyReading();
  new PredicateReader(state, reading).readBody(routine, new Map(), 0);
  return reading;
}

class PredicateReader {
  readonly #state: SchemaState;
  readonly #reading: Reading;
  readonly #bodies = new Set<string>();

  constructor(state: SchemaState, reading: Reading) {
    this.#state = state;
    this.#reading = reading;
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
    for (const from of select.fromClause ?? []) this.#from(from, scope, ctes, positive, depth);
    if (select.whereClause) this.#condition(select.whereClause, scope, positive, depth);
    if (select.havingClause) this.#condition(select.havingClause, scope, positive, depth);
    for (const target of select.targetList ?? []) {
      const value = target.ResTarget?.val;
      // A bare column here is what the query gives, and no condition.
      if (value && !value.ColumnRef) this.#condition(value, scope, positive, depth);
    }
    return scope;
  }

  #from(node: SyntaxNode, scope: Scope, ctes: ReadonlySet<string>, positive: boolean, depth: number): void {
    if (node.RangeVar) {
      const { schemaname, relname, alias } = node.RangeVar;
      const key = schemaname === undefined && ctes.has(relname) ? null : this.#relation(schemaname, relname);
      if (key !== null) this.#reading.tables.add(key);
      scope.sources.push({ alias: alias?.aliasname ?? relname, key });
    } else if (node.JoinExpr) {
      this.#from(node.JoinExpr.larg, scope, ctes, positive, depth);
      this.#from(node.JoinExpr.rarg, scope, ctes, positive, depth);
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
          if (item?.FuncCall) this.#call(item.FuncCall, scope, positive, depth);
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
      const column = this.#column(node.NullTest.arg, scope);
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
      this.#call(node.FuncCall, scope, positive, depth);
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
    const column = this.#column(node, scope);
    if (column !== null) {
      if (this.#typeOf(column) === 'boolean') this.#value(column, [String(wants)], [String(!wants)]);
      return;
    }
    const claim = this.#claim(node, scope);
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
      const list = strip(this.#bound(rexpr, scope)?.node ?? rexpr);
      const elements = list?.A_ArrayExpr?.elements ?? arrayLiteral(list);
      if (elements !== null) {
        for (const item of elements) this.#compare(lexpr, item, operator, scope, positive, depth);
        return;
      }
      const column = this.#column(rexpr, scope);
      const caller = this.#caller(lexpr, scope);
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
    if (this.#header({ A_Expr: expression }) !== null) return;
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
      const column = this.#column(side, scope);
      if (column !== null) {
        const caller = this.#caller(other, scope);
        if (caller !== null) {
          const form =
            op === '@>' || op === '&&' ? (this.#typeOf(column)?.endsWith('[]') ? 'array' : 'json') : 'plain';
          this.#reading.callers.push({ ...column, caller, form });
          return;
        }
        const value = constant(other, (node) => this.#bound(node, scope));
        if (value !== undefined) {
          this.#atom(column, op, value, positive);
          return;
        }
        const linked = this.#column(other, scope);
        if (linked !== null) {
          // `ctx.id = x` under NOT says nothing about rows that fit together.
          if (op === '=') this.#reading.links.push({ left: column, right: linked });
          return;
        }
      }
      const claim = this.#claim(side, scope);
      if (claim !== null) {
        const value = constant(other, (node) => this.#bound(node, scope));
        if (typeof value === 'string') {
          if (/^(=|<>|\?|@>|~~\*?)$/.test(op))
            this.#reading.claims.push({ path: claim, values: [value.replaceAll('%', '')] });
          return;
        }
      }
      const folder = this.#folder(side, scope);
      if (folder !== null) {
        const caller = this.#caller(other, scope);
        if (caller !== null) {
          this.#reading.callers.push({ ...folder.place, caller, form: 'folder', folder: folder.index });
          return;
        }
        const fixed = constant(other, (node) => this.#bound(node, scope));
        if (typeof fixed === 'string') {
          if (op === '=') this.#reading.folders.push({ index: folder.index, is: { literal: fixed } });
          return;
        }
        const inside = this.#column(other, scope);
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

  #atom(column: Place, operator: string, value: string | null, positive: boolean): void {
    if (value === null) return;
    const time = value === 'now()';
    const before = operator === '<' || operator === '<=';
    const after = operator === '>' || operator === '>=';
    let open: (string | null)[] | null = null;
    let closed: (string | null)[] = [any];
    if (time && (before || after)) {
      open = [before ? past : future];
      closed = [before ? future : past];
    } else if (
      operator === '=' ||
      operator === '~~' ||
      operator === '~~*' ||
      operator === '@>' ||
      operator === '&&'
    ) {
      open = [value.replaceAll('%', 'x')];
      closed = this.#typeOf(column) === 'boolean' ? [value === 'true' ? 'false' : 'true'] : [other];
    } else if (operator === '<>' || operator === '!=') {
      closed = [value];
      open = this.#typeOf(column) === 'boolean' ? [value === 'true' ? 'false' : 'true'] : [other];
    } else if ((before || after) && /^-?\d+(\.\d+)?$/.test(value)) {
      const number = Number(value);
      open = [String(before ? number - (operator === '<' ? 1 : 0) : number + (operator === '>' ? 1 : 0))];
      closed = [String(before ? number + (operator === '<' ? 0 : 1) : number - (operator === '>' ? 0 : 1))];
    }
    if (open === null) {
      this.#each(column);
      return;
    }
    if (positive) this.#value(column, open, closed);
    else this.#value(column, closed, open);
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
    const left = this.#column(test, scope);
    const right = this.#column(target, inner);
    if (left !== null && right !== null) {
      if (positive) this.#reading.links.push({ left, right });
      return;
    }
    const caller = this.#caller(test, scope);
    if (right !== null && caller !== null) this.#reading.callers.push({ ...right, caller, form: 'plain' });
    const folder = this.#folder(test, scope);
    if (folder !== null && right !== null) this.#reading.folders.push({ index: folder.index, is: right });
  }

  #call(call: SyntaxNode, scope: Scope, positive: boolean, depth: number): void {
    const routine = this.#routine(call);
    for (const arg of call.args ?? []) {
      // Arguments are conditions only where the function is Postgres' own (coalesce, lower, …).
      if (routine === null) this.#condition(arg, scope, positive, depth);
      const handed = this.#column(arg.NamedArgExpr?.arg ?? arg, scope);
      if (handed !== null) this.#each(handed);
    }
    if (routine === null || depth >= deepest) return;
    this.#reading.functions.add(routine.key);
    if (platformSchemas.has(routine.schema)) return;
    const bindings = this.#argumentsOf(routine, call, scope);
    const visit = `${routine.key} ${JSON.stringify(call.args ?? [], (key, value) => (key === 'location' ? undefined : value))}`;
    if (this.#bodies.has(visit)) return;
    this.#bodies.add(visit);
    const before = new Set(this.#reading.tables);
    this.readBody(routine, bindings, depth + 1);
    if (forgetsAnId(routine)) {
      for (const table of this.#reading.tables)
        if (!before.has(table) || routine.body.includes(table.split('.').at(-1)!))
          this.#reading.forgetful.add(table);
    }
  }

  /** What the arguments of a call stand for, by name and number. */
  #argumentsOf(routine: Routine, call: SyntaxNode, scope: Scope): Map<string, Bound> {
    const bindings = new Map<string, Bound>();
    const inputs = routine.arguments.filter(
      (argument) => argument.mode !== 'out' && argument.mode !== 'table',
    );
    (call.args ?? []).forEach((arg: SyntaxNode, index: number) => {
      const named = arg.NamedArgExpr;
      const bound = { node: named?.arg ?? arg, scope };
      const argument = named ? inputs.find((input) => input.name === named.name) : inputs[index];
      if (argument?.name) bindings.set(argument.name, bound);
      bindings.set(`$${named ? inputs.indexOf(argument!) + 1 : index + 1}`, bound);
      if (argument?.name) bindings.set(`${routine.name}.${argument.name}`, bound);
    });
    return bindings;
  }

  // What a node is ---------------------------------------------------------------------------------------------------

  #bound(node: SyntaxNode, scope: Scope): Bound | null {
    const bare = strip(node);
    const names = columnNames(bare);
    const key = bare?.ParamRef ? `$${bare.ParamRef.number}` : names?.join('.');
    if (key === undefined) return null;
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      // A column of the query hides an argument of the same name, as in SQL.
      if (names?.length === 1 && at.sources.some((source) => this.#has(source.key, names[0]!))) return null;
      const bound = at.bindings?.get(key) ?? at.bindings?.get(names?.[0] ?? '');
      if (bound) return bound;
    }
    return null;
  }

  #column(node: SyntaxNode, scope: Scope): Place | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare?.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      // A scalar sub-select stands for the column it gives.
      const select = bare.SubLink.subselect?.SelectStmt;
      const target = select?.targetList?.[0]?.ResTarget?.val;
      if (target && select.fromClause) {
        const inner: Scope = { sources: [], outer: scope, bindings: null };
        for (const from of select.fromClause) this.#from(from, inner, new Set(), true, deepest);
        return this.#column(target, inner);
      }
      return null;
    }
    const bound = this.#bound(bare ?? node, scope);
    if (bound !== null) return this.#column(bound.node, bound.scope);
    if (bare?.FuncCall) {
      const given = this.#returned(bare.FuncCall, scope);
      return given === null ? null : this.#column(given.node, given.scope);
    }
    const names = columnNames(bare);
    if (names === null) return null;
    const column = names.at(-1)!;
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      if (names.length > 1) {
        const source = at.sources.find((candidate) => candidate.alias === names.at(-2));
        if (source) return source.key === null ? null : { table: source.key, column, home: at.home === true };
      } else {
        const source = at.sources.find((candidate) => this.#has(candidate.key, column));
        if (source) return { table: source.key!, column, home: at.home === true };
      }
    }
    return null;
  }

  #caller(node: SyntaxNode, scope: Scope): Caller | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.#bound(bare, scope);
    if (bound !== null) return this.#caller(bound.node, bound.scope);
    if (bare.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      const select = bare.SubLink.subselect?.SelectStmt;
      if (select?.fromClause === undefined) {
        const target = select?.targetList?.[0]?.ResTarget?.val;
        return target ? this.#caller(target, scope) : null;
      }
      return null;
    }
    if (bare.FuncCall) {
      const called = names(bare.FuncCall.funcname).join('.');
      if (called === 'auth.uid') return { kind: 'uid' };
      if (called === 'auth.email') return { kind: 'email' };
      if ((bare.FuncCall.args ?? []).length === 0) {
        const routine = this.#routine(bare.FuncCall);
        if (routine !== null && !platformSchemas.has(routine.schema)) {
          this.#call(bare.FuncCall, scope, true, deepest - 1);
          const given = this.#returned(bare.FuncCall, scope);
          const caller = given && this.#caller(given.node, given.scope);
          return caller ?? { kind: 'function', key: routine.key };
        }
      }
    }
    const header = this.#header(bare);
    if (header !== null) return { kind: 'header', header };
    const claim = this.#claim(bare, scope);
    if (claim === null) return null;
    const path = claim.join('.');
    if (path === 'sub') return { kind: 'uid' };
    if (path === 'email') return { kind: 'email' };
    if (path === 'phone') return { kind: 'phone' };
    return { kind: 'claim', path: claim };
  }

  /** Path of a claim: `auth.jwt() -> 'app_metadata' ->> 'role'`. */
  #claim(node: SyntaxNode, scope: Scope): string[] | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.#bound(bare, scope);
    if (bound !== null) return this.#claim(bound.node, bound.scope);
    if (bare.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      const select = bare.SubLink.subselect?.SelectStmt;
      const target = select?.fromClause === undefined ? select?.targetList?.[0]?.ResTarget?.val : undefined;
      return target ? this.#claim(target, scope) : null;
    }
    if (bare.A_Expr?.kind === 'AEXPR_OP') {
      const operator = bare.A_Expr.name?.at(-1)?.String?.sval;
      const key = constant(bare.A_Expr.rexpr, () => null);
      if (typeof key !== 'string') return null;
      if (operator === '->' || operator === '->>') {
        const parent = this.#claimRoot(bare.A_Expr.lexpr, scope) ? [] : this.#claim(bare.A_Expr.lexpr, scope);
        return parent === null ? null : [...parent, key];
      }
      if (operator === '#>' || operator === '#>>') {
        if (!this.#claimRoot(bare.A_Expr.lexpr, scope)) return null;
        return key.replace(/^\{|\}$/g, '').split(',');
      }
    }
    if (bare.FuncCall) {
      const called = names(bare.FuncCall.funcname).join('.');
      if (called === 'auth.role') return ['role'];
      if (called === 'auth.email') return ['email'];
      if (called === 'auth.uid') return ['sub'];
      // The domain of an address.
      if (/^(split_part|right|substring)$/.test(called)) return this.#claim(bare.FuncCall.args?.[0], scope);
      if (called === 'current_setting') {
        const setting = constant(bare.FuncCall.args?.[0], () => null);
        if (typeof setting === 'string')
          return /^request\.jwt\.claim\.(.+)$/.exec(setting)?.slice(1, 2) ?? null;
      }
    }
    return null;
  }

  /** Name of a header: `current_setting('request.headers', true)::json ->> 'x-share-token'`. */
  #header(node: SyntaxNode): string | null {
    const { A_Expr: expression } = node;
    if (expression?.kind !== 'AEXPR_OP' || expression.name?.at(-1)?.String?.sval !== '->>') return null;
    const call = strip(unwrapCall(strip(expression.lexpr)))?.FuncCall;
    const asked =
      call !== undefined &&
      names(call.funcname).at(-1) === 'current_setting' &&
      constant(call.args?.[0], () => null) === 'request.headers';
    const header = asked ? constant(expression.rexpr, () => null) : null;
    if (typeof header !== 'string') return null;
    this.#reading.headers.add(header);
    return header;
  }

  /** What a helper function gives, where that is one expression or the column of one query. */
  #returned(call: SyntaxNode, scope: Scope): Bound | null {
    const routine = this.#routine(call);
    if (routine === null || platformSchemas.has(routine.schema) || this.#returning.has(routine.key))
      return null;
    this.#returning.add(routine.key);
    try {
      const outer: Scope = { sources: [], outer: null, bindings: this.#argumentsOf(routine, call, scope) };
      return this.#returnOf(routine, outer);
    } finally {
      this.#returning.delete(routine.key);
    }
  }
  readonly #returning = new Set<string>();

  #returnOf(routine: Routine, outer: Scope): Bound | null {
    const given = (statement: SyntaxNode | undefined): Bound | null => {
      const target = statement?.targetList?.length === 1 ? statement.targetList[0].ResTarget?.val : undefined;
      if (target === undefined) return null;
      const scope: Scope = { sources: [], outer, bindings: null };
      for (const from of statement!.fromClause ?? []) this.#from(from, scope, new Set(), true, deepest);
      return { node: target, scope };
    };
    if (routine.language === 'sql') {
      const last = parseStatements(routine.body)?.at(-1);
      if (last?.kind === 'ReturnStmt') return { node: last.node.returnval, scope: outer };
      return last?.kind === 'SelectStmt' ? given(last.node) : null;
    }
    if (routine.language !== 'plpgsql') return null;
    let result: Bound | null = null;
    for (const piece of bodyExpressions(routine.body)) {
      const [statement] = parseStatements(piece.sql) ?? [];
      if (statement?.kind !== 'SelectStmt') continue;
      const found = given(statement.node);
      if (piece.into.length === 1 && found !== null) outer.bindings!.set(piece.into[0]!, found);
      if (piece.returned) result = found;
    }
    return result;
  }

  #claimRoot(node: SyntaxNode, scope: Scope): boolean {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return false;
    const bound = this.#bound(bare, scope);
    if (bound !== null) return this.#claimRoot(bound.node, bound.scope);
    if (bare.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      const target = bare.SubLink.subselect?.SelectStmt?.targetList?.[0]?.ResTarget?.val;
      return target ? this.#claimRoot(target, scope) : false;
    }
    if (!bare.FuncCall) return false;
    const called = names(bare.FuncCall.funcname).join('.');
    if (called === 'auth.jwt') return true;
    return (
      called === 'current_setting' && constant(bare.FuncCall.args?.[0], () => null) === 'request.jwt.claims'
    );
  }

  /** `(storage.foldername(name))[n]`, `split_part(name, '/', n)`: the column whose folder it is. */
  #folder(node: SyntaxNode, scope: Scope): { place: Place; index: number } | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.#bound(bare, scope);
    if (bound !== null) return this.#folder(bound.node, bound.scope);
    const call = bare.A_Indirection ? strip(bare.A_Indirection.arg)?.FuncCall : bare.FuncCall;
    const called = call ? names(call.funcname).at(-1) : undefined;
    if (called !== 'foldername' && called !== 'split_part' && called !== 'string_to_array') return null;
    const place = this.#column(call.args[0], scope);
    const at = bare.A_Indirection ? bare.A_Indirection.indirection?.[0]?.A_Indices?.uidx : call.args[2];
    return place === null ? null : { place, index: Number(constant(at, () => null) ?? 1) };
  }

  #relation(schema: string | undefined, relation: string): string | null {
    const find = (inSchema: string) => {
      for (const map of [this.#state.tables, this.#state.views]) {
        for (const object of map.values()) {
          if (object.schema === inSchema && object.name === relation) return object.key;
        }
      }
      return null;
    };
    return schema === undefined ? find('public') : find(schema);
  }

  #routine(call: SyntaxNode): Routine | null {
    const path = names(call.funcname);
    const count = (call.args ?? []).length;
    const candidates = this.#routinesByName(path.at(-1)!).filter(
      (routine) => path.length === 1 || routine.schema === path[0],
    );
    return (
      candidates.find((routine) => routine.arguments.filter((a) => a.mode === 'in').length === count) ??
      candidates[0] ??
      null
    );
  }

  #byName: Map<string, Routine[]> | null = null;
  #routinesByName(routine: string): readonly Routine[] {
    if (this.#byName === null) {
      this.#byName = new Map();
      for (const candidate of this.#state.routines.values()) {
        const list = this.#byName.get(candidate.name);
        if (list) list.push(candidate);
        else this.#byName.set(candidate.name, [candidate]);
      }
    }
    return this.#byName.get(routine) ?? [];
  }

  #has(key: string | null, column: string): boolean {
    if (key === null) return false;
    const table = this.#state.tables.get(key);
    if (table) return table.columns.some((candidate) => candidate.name === column);
    return this.#state.views.get(key)?.columns.includes(column) ?? false;
  }

  #typeOf(place: Place): string | undefined {
    return this.#state.tables.get(place.table)?.columns.find((column) => column.name === place.column)?.type;
  }
}

interface Place {
  readonly table: string;
  readonly column: string;
  /** Of the row the policy judges. */
  readonly home: boolean;
}

const platformSchemas = new Set([
  'auth',
  'storage',
  'realtime',
  'vault',
  'extensions',
  'pg_catalog',
  'pgmq',
  'cron',
]);

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** An id among its arguments is nowhere in its body. */
const forgetsAnId = (routine: Routine): boolean =>
  routine.arguments.some(
    ({ name, type, mode }, index) =>
      mode === 'in' &&
      /^(uuid|bigint|integer)$/.test(type) &&
      !new RegExp(`\\$${index + 1}\\b${name === null ? '' : `|\\b${name}\\b`}`, 'i').test(routine.body),
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
