/**
 * Functions that refuse by a comparison which is null where nobody is signed in: `if p_user <> auth.uid() then raise`. IF
 * takes null for false, and a visitor passes. Told only where nothing else on the way may stop them, and they get to tables.
 */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { parseStatements } from '../../../sql/parse.ts';
import { parsePlpgsql } from '../../../sql/plpgsql.ts';
import type { PlStatement, Stretch } from '../../../sql/plpgsql-tree.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { routineLooksAtCaller, routinesCalled } from '../callers/caller.ts';
import { inputsOf } from '../callers/inputs.ts';
import { relationKey } from '../conditions/scope.ts';
import {
  constant,
  expressionOf,
  isNothing,
  keepsAllOut,
  nothing,
  spend,
  truthWithoutUser,
  within,
  withoutUser,
} from '../conditions/without-user.ts';
import { codeOf } from '../syntax/bodies.ts';
import { functionCalls } from '../syntax/tree.ts';
import { tablesTouched } from './touched-tables.ts';

export interface NullBlind {
  /** From 1, in the body. */
  readonly bodyLine: number;
  /** Offset of the condition in the body. */
  readonly start: number;
  readonly condition: string;
  /** Tables that a visitor then gets to. */
  readonly tables: readonly string[];
}

/** The first such comparison. */
export function nullBlindRefusal(routine: Routine, state: SchemaState): NullBlind | null {
  const found = searched(routine, state);
  return found === null || !found.sure || found.tables.length === 0 ? null : found;
}

/**
 * One that hangs on a row of the caller's, a rank: it is null for a user who has none as well. Whether anything behind it
 * stops them is not asked, for where it was seen that nothing does.
 */
export function nullBlindByRow(routine: Routine, state: SchemaState): NullBlind | null {
  const found = searched(routine, state);
  return found?.byRow === true ? found : null;
}

interface Search extends NullBlind {
  readonly byRow: boolean;
  /** A visitor comes out behind it, as far as can be told. */
  readonly sure: boolean;
}

function searched(routine: Routine, state: SchemaState): Search | null {
  if (routine.language !== 'plpgsql' || !routine.securityDefiner || routine.strict) return null;
  const known = blind.get(routine);
  if (known?.state === state) return known.found;
  const found = search(routine, state);
  blind.set(routine, { state, found });
  return found;
}

const blind = new WeakMap<Routine, { state: SchemaState; found: Search | null }>();

/** Of one function, with all that it calls: bodies may call each other over and over. */
const mostSteps = 500;

function search(routine: Routine, state: SchemaState): Search | null {
  if (!/<>|!=|\bnot\b/i.test(routine.body) || !/\braise\b/i.test(routine.body)) return null;
  const text = routine.body.replace(/^(\s*#\w+\s+\w+)+/, (match) => match.replace(/\S/g, ' '));
  const block = parsePlpgsql(text);
  if (block === null) return null;
  const visit = new Visit(routine, text, state);
  const end = within(mostSteps, () => visit.run([block]));
  return visit.refusal === null
    ? null
    : { ...visit.refusal, tables: [...visit.tables], sure: end !== 'unclear' };
}

/** How a visitor comes out of a list of statements; `unclear` where something may stop them that is not known here. */
type End = 'on' | 'left' | 'unclear';

class Visit {
  refusal: Omit<Search, 'tables' | 'sure'> | null = null;
  readonly tables = new Set<string>();
  readonly #known = new Map<string, SyntaxNode>();
  /** Variables that a row of the caller's fills, where there is one. */
  readonly #ofRow = new Set<string>();
  readonly #routine: Routine;
  readonly #text: string;
  readonly #state: SchemaState;
  readonly #depth: number;

  constructor(routine: Routine, text: string, state: SchemaState, depth = 0) {
    this.#depth = depth;
    this.#routine = routine;
    this.#text = text;
    this.#state = state;
  }

  run(statements: readonly PlStatement[]): End {
    for (const statement of statements) {
      const end = this.#step(statement);
      if (end !== 'on') return end;
    }
    return 'on';
  }

  #step(statement: PlStatement): End {
    if (!spend()) return 'unclear';
    switch (statement.kind) {
      case 'block': {
        for (const { variable, expression } of statement.declarations)
          if (this.#assign(variable, expression) === 'unclear') return 'unclear';
        return this.run(statement.body);
      }
      case 'assign':
        return this.#assign(statement.variable, statement.expression);
      case 'if':
        return this.#branch(statement);
      case 'select into':
        return this.#select(statement.variables, statement.query, this.#slice(statement.at));
      case 'raise':
        // Refused after all: nothing of it stays.
        return statement.exception ? 'unclear' : 'on';
      case 'leave':
        if (statement.how !== 'return') return 'unclear';
        this.#work(
          statement.query === null ? this.#slice(statement.at) : this.#slice(statement.query),
          false,
        );
        return statement.query === null && !/^return\s+next\b/i.test(this.#slice(statement.at))
          ? 'left'
          : 'on';
      case 'sql':
        return this.#work(this.#slice(statement.at), true);
      case 'perform':
        this.#known.delete('found');
        return this.#perform(this.#slice(statement.expression));
      default: {
        // CASE, loops, dynamic SQL: what they do is not followed.
        const written = this.#slice(statement.at);
        if (this.#asks(written) || /\braise\s+(exception|')/i.test(written)) return 'unclear';
        this.#forget(written);
        return 'on';
      }
    }
  }

  #branch({ branches, otherwise }: Extract<PlStatement, { kind: 'if' }>): End {
    let sure = true;
    for (const { condition, body } of branches) {
      const written = this.#slice(condition);
      const node = expressionOf(written);
      if (node === null) return 'unclear';
      const truth = truthWithoutUser(node, this.#known, this.#state);
      if (truth === 'true' && sure) return this.run(body);
      if (truth === 'null' && this.#refuses(body))
        this.refusal ??= {
          start: condition.start,
          bodyLine: this.#text.slice(0, condition.start).split('\n').length,
          condition: written.trim(),
          byRow: this.#hangsOnRow(written),
        };
      if (truth !== 'unknown' && truth !== 'true') continue;
      // Who is asking decides, in a way that is not known here.
      if (this.#asks(written)) return 'unclear';
      sure = false;
      if (!this.#refuses(body) && this.#aside(body) === 'unclear') return 'unclear';
    }
    return sure ? this.run(otherwise) : this.#refuses(otherwise) ? 'on' : this.#aside(otherwise);
  }

  #hangsOnRow(written: string) {
    const { bare } = codeOf(written);
    return (
      /\bfrom\b/i.test(bare) ||
      [...this.#ofRow].some((name) => new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(bare))
    );
  }

  /** What may run, and need not. */
  #aside(statements: readonly PlStatement[]): End {
    const end = this.run(statements);
    for (const { at } of statements) this.#forget(this.#slice(at));
    // Whoever leaves there has had their turn; the others go on.
    return end === 'unclear' ? 'unclear' : 'on';
  }

  #refuses(body: readonly PlStatement[]) {
    const last = body.at(-1);
    return last?.kind === 'raise' && last.exception;
  }

  #assign(variable: string, expression: Stretch | null): End {
    const written = expression === null ? '' : this.#slice(expression);
    const node = written === '' ? null : expressionOf(written);
    if (node !== null && this.#mayRefuse(node)) return 'unclear';
    // A NULL that is written there is nobody's absence.
    const value = node === null || isNothing(node) ? null : withoutUser(node, this.#known, this.#state);
    this.#set(variable, value !== null && isNothing(value) ? nothing : null);
    if (this.#hangsOnRow(written)) this.#ofRow.add(variable);
    if (value === null || isNothing(value)) return 'on';
    const truth = truthWithoutUser(value, this.#known, this.#state);
    if (truth === 'null') this.#set(variable, nothing);
    else if (truth !== 'unknown' && /^\s*(not\b|exists\b|\()|=|\bis\b|\bin\b/i.test(written))
      this.#set(variable, constant(truth === 'true'));
    return 'on';
  }

  /** It calls what asks who is calling, and raises: `require_user()`. */
  #mayRefuse(node: SyntaxNode) {
    return functionCalls(node)
      .flatMap((call) => routinesCalled(call, this.#state))
      .some(
        (routine) =>
          /\braise\b/i.test(codeOf(routine.body).bare) && routineLooksAtCaller(routine, this.#state),
      );
  }

  #set(variable: string, value: SyntaxNode | null) {
    if (value === null) this.#known.delete(variable);
    else this.#known.set(variable, value);
  }

  #select(variables: readonly string[], query: string, whole: string): End {
    const [statement] = parseStatements(query) ?? [];
    const node = statement?.kind === 'SelectStmt' ? statement.node : null;
    if (node === null) return this.#asks(whole) ? 'unclear' : 'on';
    if (this.#mayRefuse(node)) return 'unclear';
    const list: readonly SyntaxNode[] = node.targetList ?? [];
    const counts = JSON.stringify(list).includes('"FuncCall"');
    if (node.fromClause === undefined) {
      variables.forEach((variable, at) => {
        const value = list[at]?.ResTarget?.val;
        const given = value === undefined ? null : withoutUser(value, this.#known, this.#state);
        this.#set(variable, isNothing(given) ? nothing : null);
      });
    } else if (!counts && keepsAllOut(node.whereClause, this.#known, this.#state)) {
      // STRICT raises where there is no row.
      if (/\binto\s+strict\b/i.test(whole)) return 'unclear';
      for (const variable of variables) {
        this.#set(variable, nothing);
        this.#ofRow.add(variable);
      }
      this.#set('found', constant(false));
    } else {
      for (const variable of variables) this.#set(variable, null);
      this.#set('found', null);
      if (this.#routine.returns !== 'void') this.#reach(query);
    }
    return 'on';
  }

  /** A function of the project that is followed as well, with what is known of its arguments: a log of who did it. */
  #perform(written: string): End {
    const call = expressionOf(written)?.FuncCall;
    const [routine, ...others] = call === undefined ? [] : routinesCalled(call, this.#state);
    if (routine === undefined || others.length > 0 || this.#depth > 1 || !isPlainCall(written))
      return this.#asks(written) ? 'unclear' : 'on';
    const taken = inputsOf(routine);
    const given: readonly SyntaxNode[] = call!.args ?? [];
    const inner = new Visit(routine, routine.body, this.#state, this.#depth + 1);
    for (const [at, arg] of given.entries()) {
      const name = arg.NamedArgExpr?.name ?? taken[at]?.name;
      const value = withoutUser(arg.NamedArgExpr?.arg ?? arg, this.#known, this.#state);
      if (name != null && isNothing(value)) inner.#set(name, nothing);
    }
    return inner.#whole() ? 'on' : 'unclear';
  }

  /** Whether the body is run through, as far as can be told. */
  #whole(): boolean {
    if (this.#routine.language === 'sql') {
      const statements = parseStatements(this.#text);
      return (
        true ===
        statements?.every(({ start, end }) => this.#work(this.#text.slice(start, end), true) === 'on')
      );
    }
    const block = this.#routine.language === 'plpgsql' ? parsePlpgsql(this.#text) : null;
    return block !== null && this.run([block]) !== 'unclear';
  }

  /** A statement on tables, or a value that is given back. */
  #work(written: string, writes: boolean): End {
    const sql = written.replace(/^\s*return\s+(query\s+|next\s+)?(?!with\b|select\b)/i, 'select ');
    const statements = parseStatements(withoutInto(sql));
    const [statement] = statements ?? [];
    if (statement === undefined) return writes && this.#asks(written) ? 'unclear' : 'on';
    const { kind, node } = statement;
    if ((kind === 'InsertStmt' || kind === 'UpdateStmt') && this.#isRefused(node)) return 'unclear';
    this.#known.delete('found');
    const into = intoVariables.exec(written.slice(behindReturning(written)))?.[1];
    for (const variable of into?.split(',') ?? []) this.#set(variable.trim().split('.')[0]!, null);
    if (node.whereClause !== undefined && keepsAllOut(node.whereClause, this.#known, this.#state)) {
      this.#set('found', constant(false));
      return 'on';
    }
    this.#reach(written);
    return 'on';
  }

  #reach(written: string) {
    if (this.refusal === null) return;
    for (const table of tablesTouched({ ...this.#routine, body: written }, this.#state))
      this.tables.add(table);
  }

  /** Puts null where the table takes none. */
  #isRefused(node: SyntaxNode): boolean {
    const table = this.#state.tables.get(relationKey(node.relation, this.#state));
    const needs = (name: string) =>
      table === undefined ||
      table.primaryKey?.columns.includes(name) === true ||
      table.columns.some((column) => column.name === name && column.notNull);
    if (node.targetList !== undefined)
      return node.targetList.some(
        ({ ResTarget }: SyntaxNode) => this.#isNull(ResTarget?.val) && needs(ResTarget?.name),
      );
    const names: readonly string[] = (node.cols ?? []).map(({ ResTarget }: SyntaxNode) => ResTarget?.name);
    const select = node.selectStmt?.SelectStmt;
    const rows: readonly SyntaxNode[] = select?.valuesLists ?? [];
    const values = rows.map((row: SyntaxNode) => row.List?.items ?? []);
    if (rows.length === 0 && select?.targetList !== undefined)
      values.push(select.targetList.map(({ ResTarget }: SyntaxNode) => ResTarget?.val));
    if (names.length === 0) return values.some((row) => row.some((value: SyntaxNode) => this.#isNull(value)));
    const left = (table?.columns ?? []).filter(
      (column) =>
        column.notNull &&
        !names.includes(column.name) &&
        /\bauth\s*\.\s*(uid|jwt)\b/i.test(JSON.stringify(column.default ?? '')),
    );
    return (
      left.length > 0 ||
      values.some((row) =>
        row.some((value: SyntaxNode, at: number) => this.#isNull(value) && needs(names[at]!)),
      )
    );
  }

  /** Null because nobody is signed in; one that is written as NULL is meant. */
  #isNull(value: SyntaxNode | undefined) {
    return (
      value !== undefined && !isNothing(value) && isNothing(withoutUser(value, this.#known, this.#state))
    );
  }

  /** Looks at who is asking, itself or by what it calls. */
  #asks(written: string) {
    const { bare } = codeOf(written);
    return (
      routineLooksAtCaller({ ...this.#routine, key: '', body: written }, this.#state) ||
      [...this.#known].some(
        ([name, value]) => isNothing(value) && new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(bare),
      )
    );
  }

  /** Variables that a piece of code may have filled. */
  #forget(written: string) {
    for (const name of [...this.#known.keys()])
      if (name === 'found' || new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(codeOf(written).bare))
        this.#known.delete(name);
  }

  #slice({ start, end }: Stretch) {
    return this.#text.slice(start, end);
  }
}

/** INTO behind the last RETURNING: of PL/pgSQL's own. */
const intoVariables = /\binto\s{1,40}(?:strict\s{1,40})?([\w\s,."]{1,1000})(?=;|$)/i;

function behindReturning(sql: string): number {
  let at = sql.length;
  for (const { index } of sql.matchAll(/\breturning\b/gi)) at = index;
  return at;
}

function withoutInto(sql: string): string {
  const at = behindReturning(sql);
  return sql.slice(0, at) + sql.slice(at).replace(intoVariables, '');
}

/** `log_event(auth.uid(), 'paid')`, and nothing around or behind it. */
const isPlainCall = (written: string) => /^\s*[\w."]+\s*\([\s\S]*\)\s*$/.test(written);
