/** What a node of a policy is: a column, the caller, a claim, a header, the folder of a path; through casts, helpers and variables. */
import type { Routine } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { parseStatements } from '../../sql/parse.ts';
import type { NamedObjects } from './named-objects.ts';
import { bodyExpressions } from './plpgsql.ts';
import type { Caller } from './reading.ts';
import { type Bound, deepest, type Place, platformSchemas, type Scope } from './scope.ts';
import { columnNames, constant, names, strip, unwrapCall } from './syntax.ts';

/** Whoever reads conditions: what is met on the way to a meaning is read by it too. */
export interface Walk {
  from(node: SyntaxNode, scope: Scope, ctes: ReadonlySet<string>, positive: boolean, depth: number): void;
  call(call: SyntaxNode, scope: Scope, positive: boolean, depth: number): void;
  /** What a helper gives was taken for what stands in its body. */
  followed(routine: Routine): void;
}

export class Meaning {
  readonly #objects: NamedObjects;
  readonly #walk: Walk;
  /** Request headers that are asked for. */
  readonly #headers: Set<string>;
  /** What is being looked up: a variable may be set from itself, `total := coalesce(total, 0)`. */
  readonly #underWay = new Set<Bound>();

  constructor(objects: NamedObjects, walk: Walk, headers: Set<string>) {
    this.#objects = objects;
    this.#walk = walk;
    this.#headers = headers;
  }

  /** What the arguments of a call stand for, by name and number. */
  argumentsOf(routine: Routine, call: SyntaxNode, scope: Scope): Map<string, Bound> {
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

  #once<T>(bound: Bound, none: T, read: (bound: Bound) => T): T {
    if (this.#underWay.has(bound)) return none;
    this.#underWay.add(bound);
    try {
      return read(bound);
    } finally {
      this.#underWay.delete(bound);
    }
  }

  bound(node: SyntaxNode, scope: Scope): Bound | null {
    const bare = strip(node);
    const names = columnNames(bare);
    const key = bare?.ParamRef ? `$${bare.ParamRef.number}` : names?.join('.');
    if (key === undefined) return null;
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      // A column of the query hides an argument of the same name, as in SQL.
      if (names?.length === 1 && at.sources.some((source) => this.#objects.has(source.key, names[0]!)))
        return null;
      const bound = at.bindings?.get(key) ?? at.bindings?.get(names?.[0] ?? '');
      if (bound) return bound;
    }
    return null;
  }

  column(node: SyntaxNode, scope: Scope): Place | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare?.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      // A scalar sub-select stands for the column it gives.
      const select = bare.SubLink.subselect?.SelectStmt;
      const target = select?.targetList?.[0]?.ResTarget?.val;
      if (target && select.fromClause) {
        const inner: Scope = { sources: [], outer: scope, bindings: null };
        for (const from of select.fromClause) this.#walk.from(from, inner, new Set(), true, deepest);
        return this.column(target, inner);
      }
      return null;
    }
    const bound = this.bound(bare ?? node, scope);
    if (bound !== null) return this.#once(bound, null, (given) => this.column(given.node, given.scope));
    if (bare?.FuncCall) {
      const given = this.#returned(bare.FuncCall, scope);
      return given === null ? null : this.column(given.node, given.scope);
    }
    const names = columnNames(bare);
    if (names === null) return null;
    const column = names.at(-1)!;
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      if (names.length > 1) {
        const source = at.sources.find((candidate) => candidate.alias === names.at(-2));
        if (source) return source.key === null ? null : { table: source.key, column, home: at.home === true };
      } else {
        const source = at.sources.find((candidate) => this.#objects.has(candidate.key, column));
        if (source) return { table: source.key!, column, home: at.home === true };
      }
    }
    return null;
  }

  caller(node: SyntaxNode, scope: Scope): Caller | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.bound(bare, scope);
    if (bound !== null) return this.#once(bound, null, (given) => this.caller(given.node, given.scope));
    if (bare.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      const select = bare.SubLink.subselect?.SelectStmt;
      if (select?.fromClause === undefined) {
        const target = select?.targetList?.[0]?.ResTarget?.val;
        return target ? this.caller(target, scope) : null;
      }
      return null;
    }
    if (bare.FuncCall) {
      const called = names(bare.FuncCall.funcname).join('.');
      if (called === 'auth.uid') return { kind: 'uid' };
      if (called === 'auth.email') return { kind: 'email' };
      if ((bare.FuncCall.args ?? []).length === 0) {
        const routine = this.#objects.routine(bare.FuncCall);
        if (routine !== null && !platformSchemas.has(routine.schema)) {
          this.#walk.call(bare.FuncCall, scope, true, deepest - 1);
          const given = this.#returned(bare.FuncCall, scope);
          const caller = given && this.caller(given.node, given.scope);
          return caller ?? { kind: 'function', key: routine.key };
        }
      }
    }
    const header = this.header(bare);
    if (header !== null) return { kind: 'header', header };
    const claim = this.claim(bare, scope);
    if (claim === null) return null;
    const path = claim.join('.');
    if (path === 'sub') return { kind: 'uid' };
    if (path === 'email') return { kind: 'email' };
    if (path === 'phone') return { kind: 'phone' };
    return { kind: 'claim', path: claim };
  }

  /** Path of a claim: `auth.jwt() -> 'app_metadata' ->> 'role'`. */
  claim(node: SyntaxNode, scope: Scope): string[] | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.bound(bare, scope);
    if (bound !== null) return this.#once(bound, null, (given) => this.claim(given.node, given.scope));
    if (bare.SubLink?.subLinkType === 'EXPR_SUBLINK') {
      const select = bare.SubLink.subselect?.SelectStmt;
      const target = select?.fromClause === undefined ? select?.targetList?.[0]?.ResTarget?.val : undefined;
      return target ? this.claim(target, scope) : null;
    }
    if (bare.A_Expr?.kind === 'AEXPR_OP') {
      const operator = bare.A_Expr.name?.at(-1)?.String?.sval;
      const key = constant(bare.A_Expr.rexpr, () => null);
      if (typeof key !== 'string') return null;
      if (operator === '->' || operator === '->>') {
        const parent = this.#claimRoot(bare.A_Expr.lexpr, scope) ? [] : this.claim(bare.A_Expr.lexpr, scope);
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
      if (/^(split_part|right|substring)$/.test(called)) return this.claim(bare.FuncCall.args?.[0], scope);
      if (called === 'current_setting') {
        const setting = constant(bare.FuncCall.args?.[0], () => null);
        if (typeof setting === 'string')
          return /^request\.jwt\.claim\.(.+)$/.exec(setting)?.slice(1, 2) ?? null;
      }
      if ((bare.FuncCall.args ?? []).length === 0) {
        const given = this.#returned(bare.FuncCall, scope);
        const claim = given && this.claim(given.node, given.scope);
        // What else its body reads counts too: `coalesce(claim, (select role …))`.
        if (claim !== null) this.#walk.call(bare.FuncCall, scope, true, deepest - 1);
        return claim;
      }
    }
    return null;
  }

  #claimRoot(node: SyntaxNode, scope: Scope): boolean {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return false;
    const bound = this.bound(bare, scope);
    if (bound !== null) return this.#once(bound, false, (given) => this.#claimRoot(given.node, given.scope));
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

  /** Name of a header: `current_setting('request.headers', true)::json ->> 'x-share-token'`. */
  header(node: SyntaxNode): string | null {
    const { A_Expr: expression } = node;
    if (expression?.kind !== 'AEXPR_OP' || expression.name?.at(-1)?.String?.sval !== '->>') return null;
    const call = strip(unwrapCall(strip(expression.lexpr)))?.FuncCall;
    const asked =
      call !== undefined &&
      names(call.funcname).at(-1) === 'current_setting' &&
      constant(call.args?.[0], () => null) === 'request.headers';
    const header = asked ? constant(expression.rexpr, () => null) : null;
    if (typeof header !== 'string') return null;
    this.#headers.add(header);
    return header;
  }

  /** `(storage.foldername(name))[n]`, `split_part(name, '/', n)`: the column whose folder it is. */
  folder(node: SyntaxNode, scope: Scope): { place: Place; index: number } | null {
    const bare = strip(unwrapCall(strip(node)));
    if (bare === undefined) return null;
    const bound = this.bound(bare, scope);
    if (bound !== null) return this.#once(bound, null, (given) => this.folder(given.node, given.scope));
    const call = bare.A_Indirection ? strip(bare.A_Indirection.arg)?.FuncCall : bare.FuncCall;
    const called = call ? names(call.funcname).at(-1) : undefined;
    if (called !== 'foldername' && called !== 'split_part' && called !== 'string_to_array') return null;
    const place = this.column(call.args[0], scope);
    const at = bare.A_Indirection ? bare.A_Indirection.indirection?.[0]?.A_Indices?.uidx : call.args[2];
    return place === null ? null : { place, index: Number(constant(at, () => null) ?? 1) };
  }

  /** What a helper function gives, where that is one expression or the column of one query. */
  #returned(call: SyntaxNode, scope: Scope): Bound | null {
    const routine = this.#objects.routine(call);
    if (routine === null || platformSchemas.has(routine.schema) || this.#returning.has(routine.key))
      return null;
    this.#returning.add(routine.key);
    try {
      const outer: Scope = { sources: [], outer: null, bindings: this.argumentsOf(routine, call, scope) };
      const given = this.#returnOf(routine, outer);
      if (given !== null) this.#walk.followed(routine);
      return given;
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
      for (const from of statement!.fromClause ?? []) this.#walk.from(from, scope, new Set(), true, deepest);
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
}
