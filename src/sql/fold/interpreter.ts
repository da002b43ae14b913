/** PL/pgSQL, run as far as the state tells what it does. */
import type { Place } from '../../model/finding.ts';
import type { ObjectRef, Routine, Unknown } from '../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../model/sql.ts';
import { literalIn, statementsAt } from '../do.ts';
import { parseExpression, parseStatements } from '../parse.ts';
import type { PlStatement, Stretch } from '../plpgsql-tree.ts';
import type { Row, Value } from './catalog-rows.ts';
import { leaves, matters, mayChangeSchema, rowsOnly, wordsThatMatter } from './do-matters.ts';
import type { Draft } from './draft.ts';
import { Evaluator } from './evaluate.ts';
import { Failed } from './failed.ts';
import { isRow, type Known } from './known-values.ts';
import { type Site, siteAt, siteOf } from './site.ts';
import { folds } from './statements.ts';

/** Folds one statement; the door back to the dispatcher. */
export type FoldStatement = (draft: Draft, statement: Statement, site: Site) => void;

/** A loop is not gone through more often than this. */
const turnLimit = 2_000;
/** What a statement of a block takes of `Draft.spend`; SQL that a block puts together takes one more a character. */
export const statementEffort = 1000;

type Flow = 'on' | 'left' | 'raised' | 'exit' | 'continue';

/** Runs PL/pgSQL on a draft, statement by statement. */
export class Interpreter {
  readonly #draft: Draft;
  /** Null where the body is no stretch of the file: then every place is the DO statement's. */
  readonly #source: SourceFile | null;
  readonly #text: string;
  readonly #origin: Place;
  readonly #index: number;
  readonly #fold: FoldStatement;
  readonly #variables = new Map<string, Known>();
  #turns = 0;
  #needed: ReadonlySet<string> = new Set();
  readonly #parsed = new Map<string, SyntaxNode | null>();
  /** A dynamic statement that could not be followed. */
  #missed: Place | null = null;
  /** Where statements start that ran or may have run, and whether that was followed to the end. */
  readonly #reached = new Set<number>();
  #followed = false;

  constructor(
    draft: Draft,
    source: SourceFile | null,
    text: string,
    origin: Place,
    index: number,
    fold: FoldStatement,
  ) {
    this.#draft = draft;
    this.#source = source;
    this.#text = text;
    this.#origin = origin;
    this.#index = index;
    this.#fold = fold;
  }

  bindArguments(routine: Routine, args: readonly SyntaxNode[]): void {
    const inputs = routine.arguments.filter((arg) => arg.mode !== 'out' && arg.mode !== 'table');
    for (const [at, { name }] of inputs.entries()) {
      const value = args[at] === undefined ? undefined : this.#evaluator().expression(args[at]);
      this.#variables.set(`$${at + 1}`, value);
      if (name !== null) this.#variables.set(name, value);
    }
  }

  /** Where one of its statements is not known, the tables it changed may have been changed further: dropped and made anew. */
  runAll(block: PlStatement): void {
    if (!matters(block, this.#text)) return;
    this.#needed = wordsThatMatter(block, this.#text);
    const outer = this.#draft.changedTables;
    const changed = new Set<string>();
    this.#draft.changedTables = changed;
    this.#followed = this.run([block]) !== 'raised' && this.#missed !== this.#origin;
    this.#draft.changedTables = outer;
    for (const key of changed) outer?.add(key);
    if (this.#missed === null) return;
    for (const key of changed)
      this.#draft.unknown(this.#missed, 'what else this block does to it', { kind: 'table', key }, 'block');
  }

  /**
   * Statements of the block that the state says are not run: behind a condition that does not hold, or behind a RETURN.
   * None where the block raises, or was not followed to its end.
   */
  idle(block: PlStatement): readonly Stretch[] {
    if (!this.#followed) return [];
    return leaves(block).flatMap((inner) =>
      (inner.kind === 'sql' || inner.kind === 'execute') && !this.#reached.has(inner.at.start)
        ? [inner.at]
        : [],
    );
  }

  /** False once the block has done more than a migration would: what else it does is not known. */
  #affords(effort: number): boolean {
    if (this.#draft.spend(effort)) return true;
    if (this.#missed !== this.#origin)
      this.#draft.unknown(
        this.#origin,
        'what else this block does: it runs too many statements',
        null,
        'any',
      );
    this.#missed = this.#origin;
    return false;
  }

  #mayRun(statement: PlStatement): void {
    for (const inner of leaves(statement)) if ('at' in inner) this.#reached.add(inner.at.start);
  }

  run(statements: readonly PlStatement[]): Flow {
    for (const statement of statements) {
      if (!this.#affords(statementEffort)) return 'left';
      const flow = this.#one(statement);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #one(statement: PlStatement): Flow {
    const holdsOthers = statement.kind === 'if' || statement.kind === 'case' || statement.kind === 'loop';
    if (holdsOthers && !matters(statement, this.#text)) {
      this.#forgetVariables(statement);
      this.#mayRun(statement);
      return 'on';
    }
    if (statement.kind === 'sql' || statement.kind === 'execute') this.#reached.add(statement.at.start);
    switch (statement.kind) {
      case 'block':
        return this.#block(statement);
      case 'if':
        return this.#if(statement);
      case 'case':
        this.#giveUp(statement, 'which branch of this CASE runs', 'else');
        return 'on';
      case 'loop':
        return this.#loop(statement);
      case 'assign':
        if (this.#needed.has(statement.variable)) {
          const { variable, expression } = statement;
          this.#variables.set(variable, expression === null ? null : this.#value(expression));
        }
        return 'on';
      case 'select into':
        this.#selectInto(statement.variables, statement.query);
        return 'on';
      case 'execute':
        this.#execute(statement.at, statement.expression, statement.into);
        return 'on';
      case 'perform':
        this.#sqlText(statement.at, `select ${this.#slice(statement.expression)}`);
        return 'on';
      case 'sql':
        this.#sql(statement.at);
        return 'on';
      case 'raise':
        return statement.exception ? 'raised' : 'on';
      case 'leave':
        return statement.how === 'return' ? 'left' : statement.how;
    }
  }

  #block(block: PlStatement & { kind: 'block' }): Flow {
    for (const { variable, expression } of block.declarations) {
      this.#variables.set(variable, expression === null ? null : this.#value(expression));
    }
    if (block.catches.length === 0) return this.run(block.body);
    this.#draft.tolerant += 1;
    const flow = this.run(block.body);
    this.#draft.tolerant -= 1;
    return flow === 'raised' ? 'on' : flow;
  }

  #if(statement: PlStatement & { kind: 'if' }): Flow {
    for (const { condition, body } of statement.branches) {
      const verdict = this.#value(condition);
      if (verdict === true) return this.run(body);
      if (verdict === undefined) {
        const asked = this.#slice(condition).trim().replace(/\s+/g, ' ');
        this.#giveUp(statement, `whether "${asked}" holds`, 'else');
        return 'on';
      }
    }
    return this.run(statement.otherwise);
  }

  #loop(loop: PlStatement & { kind: 'loop' }): Flow {
    const turns = this.#turnsOf(loop);
    if (turns === undefined || turns.length + this.#turns > turnLimit) {
      this.#giveUp(loop, 'what this loop goes through', 'any');
      return 'on';
    }
    for (const turn of turns) {
      this.#turns += 1;
      this.#bind(loop.variables, turn);
      const flow = this.run(loop.body);
      if (flow === 'exit') return 'on';
      if (flow === 'left' || flow === 'raised') return flow;
    }
    return 'on';
  }

  #turnsOf(loop: PlStatement & { kind: 'loop' }): readonly Value[] | undefined {
    switch (loop.form) {
      case 'array': {
        const value = this.#value(loop.over);
        return Array.isArray(value) ? value : value === null ? [] : undefined;
      }
      case 'range': {
        const [from, to, more] = this.#slice(loop.over).split('..');
        const [first, last] = [from, to].map((part) => this.#expression(part ?? ''));
        if (typeof first !== 'number' || typeof last !== 'number' || more !== undefined) return undefined;
        return last - first > turnLimit
          ? undefined
          : Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
      }
      case 'query':
        return this.#rows(unwrapped(this.#slice(loop.over)));
      default:
        return undefined;
    }
  }

  /** One variable takes the whole row, several a column each. */
  #bind(variables: readonly string[], turn: Value): void {
    const columns = isRow(turn) ? Object.values(turn) : [turn];
    const [only] = variables;
    if (variables.length === 1) this.#variables.set(only!, turn);
    else for (const [at, name] of variables.entries()) this.#variables.set(name, columns[at]);
  }

  #selectInto(variables: readonly string[], query: string): void {
    if (!variables.some((name) => this.#needed.has(name))) return;
    const rows = this.#rows(query);
    const first = rows?.[0];
    if (rows === undefined || (first === undefined && rows.length > 0)) {
      for (const variable of variables) this.#variables.set(variable, undefined);
    } else if (first === undefined) {
      for (const variable of variables) this.#variables.set(variable, null);
    } else this.#bind(variables, first);
  }

  #rows(query: string): Row[] | undefined {
    const [statement, more] = parseStatements(query) ?? [];
    if (statement?.kind !== 'SelectStmt' || more !== undefined) return undefined;
    return this.#evaluator().query(statement.node);
  }

  #evaluator(): Evaluator {
    return new Evaluator(this.#draft, this.#variables);
  }

  #value(at: Stretch): Known {
    return this.#expression(this.#slice(at));
  }
  #expression(text: string): Known {
    let node = this.#parsed.get(text);
    if (node === undefined) {
      node = parseExpression(text);
      this.#parsed.set(text, node);
    }
    return this.#evaluator().expression(node);
  }
  #slice(at: Stretch): string {
    return this.#text.slice(at.start, at.end);
  }

  // — statements —

  #sql(at: Stretch): void {
    if (this.#source === null) {
      this.#sqlText(at, this.#slice(at));
      return;
    }
    const statements = statementsAt(this.#source, at, this.#index);
    // What can't be parsed by itself holds a variable where SQL has none.
    if (statements !== null) {
      for (const statement of statements) this.#run(statement, siteOf(this.#source, statement));
    } else if (mayChangeSchema(this.#slice(at))) this.#notFollowed(at, this.#slice(at));
  }

  #sqlText(at: Stretch, text: string): void {
    if (!this.#affords(text.length)) return;
    const statements = parseStatements(text);
    for (const statement of statements ?? []) {
      if (!this.#affords(statementEffort)) return;
      this.#run(statement, siteAt(this.#place(at), text, statement));
    }
    if (statements === null && mayChangeSchema(text)) this.#notFollowed(at, text);
  }

  #execute(at: Stretch, expression: Stretch, into: boolean): void {
    // What is run for rows alone: its beginning is written out.
    if (into || rowsOnly.test(this.#slice(expression))) return;
    const literal = this.#source === null ? null : literalIn(this.#text, expression);
    const statements = literal === null ? null : statementsAt(this.#source!, literal, this.#index);
    if (statements !== null) {
      for (const statement of statements) this.#run(statement, siteOf(this.#source!, statement));
      return;
    }
    const text = this.#value(expression);
    if (typeof text === 'string') this.#sqlText(at, text);
    else this.#notFollowed(at, this.#slice(expression));
  }

  #run(statement: Statement, site: Site): void {
    try {
      this.#fold(this.#draft, statement, site);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
    }
  }

  // — what is not known —

  #notFollowed(at: Stretch, text: string): void {
    this.#missed = this.#place(at);
    this.#draft.unknown(this.#place(at), `what "${text.trim().replace(/\s+/g, ' ')}" runs`, null, 'else');
  }

  /** The statements inside may have run or not. */
  #giveUp(statement: PlStatement, why: string, about: Unknown['about']): void {
    this.#forgetVariables(statement);
    this.#mayRun(statement);
    for (const inner of leaves(statement)) {
      if (inner.kind === 'execute') {
        const text = this.#value(inner.expression);
        if (typeof text !== 'string') this.#draft.unknown(this.#place(inner.at), why, null, about);
        else this.#perhaps(inner.at, text, why, about);
      } else if (inner.kind === 'sql') this.#perhaps(inner.at, this.#slice(inner.at), why, about);
    }
  }

  #forgetVariables(statement: PlStatement): void {
    for (const inner of leaves(statement)) {
      const names =
        inner.kind === 'assign' ? [inner.variable] : inner.kind === 'select into' ? inner.variables : [];
      for (const name of names) this.#variables.set(name, undefined);
    }
  }

  #perhaps(at: Stretch, text: string, why: string, about: Unknown['about']): void {
    if (!mayChangeSchema(text)) return;
    const statements = parseStatements(text);
    for (const { kind, node } of statements ?? []) {
      if (typeof folds[kind] !== 'function') continue;
      const object = objectOf(this.#draft, node);
      // A statement that names its object is about no other.
      this.#draft.unknown(this.#place(at), why, object, object === null ? about : 'else');
    }
    if (statements === null) this.#draft.unknown(this.#place(at), why, null, about);
  }

  #place(at: Stretch): Place {
    if (this.#source === null) return this.#origin;
    const from = this.#source.position(at.start);
    const to = this.#source.position(at.end);
    return {
      file: this.#source.path,
      line: from.line,
      column: from.column,
      endLine: to.line,
      endColumn: to.column,
    };
  }
}

/** `(select …)`: the parentheses of FOR r IN (…) LOOP. */
function unwrapped(query: string): string {
  const text = query.trim();
  return text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text;
}

/** The table or view a statement is about; null where it is about something else. */
function objectOf(draft: Draft, node: SyntaxNode): ObjectRef | null {
  const range = node.relation ?? node.table;
  if (range?.relname === undefined) return null;
  const key = draft.relation(range);
  return draft.has('table', key)
    ? { kind: 'table', key }
    : draft.has('view', key)
      ? { kind: 'view', key }
      : null;
}
