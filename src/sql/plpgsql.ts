/**
 * The structure of a PL/pgSQL block, as far as it decides which statements run: blocks with handlers, IF, CASE, loops,
 * EXECUTE, assignments, SQL. (libpg_query's own PL/pgSQL parser is not in the WebAssembly build.)
 */
import { type Token, tokenize } from './tokens.ts';

/** Offsets in the text that was parsed. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export type PlStatement =
  | {
      readonly kind: 'block';
      readonly at: Stretch;
      readonly declarations: readonly Declaration[];
      readonly body: readonly PlStatement[];
      /** Conditions of its handlers in lower case: `duplicate_object`, `others`. */
      readonly catches: readonly string[];
      readonly handlers: readonly (readonly PlStatement[])[];
    }
  | {
      readonly kind: 'if';
      readonly at: Stretch;
      readonly branches: readonly { readonly condition: Stretch; readonly body: readonly PlStatement[] }[];
      readonly otherwise: readonly PlStatement[];
    }
  | { readonly kind: 'case'; readonly at: Stretch; readonly branches: readonly (readonly PlStatement[])[] }
  | {
      readonly kind: 'loop';
      readonly at: Stretch;
      readonly form: 'query' | 'execute' | 'range' | 'array' | 'while' | 'endless';
      readonly variables: readonly string[];
      /** The query, the range, the array, the condition. */
      readonly over: Stretch;
      readonly body: readonly PlStatement[];
    }
  | { readonly kind: 'execute'; readonly at: Stretch; readonly expression: Stretch; readonly into: boolean }
  | ({ readonly kind: 'assign'; readonly at: Stretch } & Assignment)
  /** SELECT … INTO variables. */
  | {
      readonly kind: 'select into';
      readonly at: Stretch;
      readonly variables: readonly string[];
      /** The query without its INTO. */
      readonly query: string;
    }
  | { readonly kind: 'raise'; readonly at: Stretch; readonly exception: boolean }
  | {
      readonly kind: 'leave';
      readonly at: Stretch;
      readonly how: 'return' | 'exit' | 'continue';
      /** Of RETURN QUERY. */
      readonly query: Stretch | null;
    }
  | { readonly kind: 'perform'; readonly at: Stretch; readonly expression: Stretch }
  | { readonly kind: 'sql'; readonly at: Stretch };

export interface Assignment {
  readonly variable: string;
  readonly expression: Stretch | null;
}

export interface Declaration extends Assignment {
  /** As written, CONSTANT and NOT NULL included. */
  readonly type: string;
}

/** Null where the text is no block, or one that this reader can't make out. */
export function parsePlpgsql(text: string, start = 0, end = text.length): PlStatement | null {
  try {
    return new Reader(text, tokenize(text, start, end)).outermost();
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Unreadable extends Error {}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  outermost(): PlStatement {
    this.#skipLabel();
    if (!this.#is('declare') && !this.#is('begin')) throw new Unreadable();
    return this.#block();
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }
  #is(word: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token?.text === word && (token.kind === 'word' || token.kind === 'sign');
  }
  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Unreadable();
    this.#at += 1;
    return token;
  }
  #expect(word: string): Token {
    if (!this.#is(word)) throw new Unreadable();
    return this.#next();
  }
  #skipLabel(): void {
    while (this.#is('<<')) while (!this.#next().text.startsWith('>>'));
  }

  /** Up to the first of some words outside parentheses and CASE … END; the word itself is taken. */
  #until(...words: readonly string[]): { stretch: Stretch; word: string } {
    const start = this.#peek()?.start ?? 0;
    let end = start;
    let cases = 0;
    for (;;) {
      const token = this.#next();
      if (token.depth === 0 && token.kind !== 'string' && token.kind !== 'identifier') {
        if (cases === 0 && words.includes(token.text)) return { stretch: { start, end }, word: token.text };
        if (token.text === 'case') cases += 1;
        else if (token.text === 'end' && cases > 0) cases -= 1;
      }
      end = token.end;
    }
  }

  #from(start: number): Stretch {
    return { start, end: this.#tokens[this.#at - 1]?.end ?? start };
  }

  #block(): PlStatement {
    const start = this.#peek()!.start;
    const declarations: Declaration[] = [];
    if (this.#is('declare')) {
      this.#next();
      while (!this.#is('begin')) declarations.push(this.#declaration());
    }
    this.#expect('begin');
    const body = this.#statements('exception', 'end');
    const catches: string[] = [];
    const handlers: PlStatement[][] = [];
    if (this.#is('exception')) {
      this.#next();
      while (this.#is('when')) {
        this.#next();
        const { stretch } = this.#until('then');
        catches.push(
          ...this.#text
            .slice(stretch.start, stretch.end)
            .toLowerCase()
            .split(/\s+or\s+/)
            .map((condition) => condition.trim()),
        );
        handlers.push(this.#statements('when', 'end'));
      }
    }
    this.#expect('end');
    if (this.#peek()?.kind === 'word' && !this.#is(';')) this.#next();
    if (this.#is(';')) this.#next();
    return { kind: 'block', at: this.#from(start), declarations, body, catches, handlers };
  }

  #declaration(): Declaration {
    const variable = this.#name();
    const { stretch, word } = this.#until(';', ':=', '=', 'default');
    const type = this.#text.slice(stretch.start, stretch.end);
    return { variable, type, expression: word === ';' ? null : this.#until(';').stretch };
  }

  #name(): string {
    const token = this.#next();
    return token.kind === 'identifier' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text;
  }

  #statements(...ends: readonly string[]): PlStatement[] {
    const statements: PlStatement[] = [];
    for (;;) {
      this.#skipLabel();
      if (this.#peek() === undefined) throw new Unreadable();
      if (ends.some((word) => this.#is(word))) return statements;
      const statement = this.#statement();
      if (statement !== null) statements.push(statement);
    }
  }

  #statement(): PlStatement | null {
    const first = this.#peek()!;
    const { start } = first;
    const plain = () => this.#from(start);
    switch (first.kind === 'word' ? first.text : '') {
      case 'declare':
      case 'begin':
        return this.#block();
      case 'if':
        return this.#if();
      case 'case':
        return this.#case();
      case 'for':
      case 'foreach':
      case 'while':
      case 'loop':
        return this.#loop();
      case 'execute': {
        this.#next();
        const { stretch, word } = this.#until(';', 'using', 'into');
        if (word !== ';') this.#until(';');
        return { kind: 'execute', at: plain(), expression: stretch, into: word === 'into' };
      }
      case 'perform':
        this.#next();
        return { kind: 'perform', expression: this.#until(';').stretch, at: plain() };
      case 'raise': {
        this.#next();
        const level = this.#peek()?.text ?? '';
        this.#until(';');
        const harmless = ['notice', 'warning', 'info', 'log', 'debug'].includes(level);
        return { kind: 'raise', at: plain(), exception: !harmless };
      }
      case 'return':
      case 'exit':
      case 'continue': {
        const asks = this.#is('query', 1) && !this.#is('execute', 2);
        this.#next();
        if (asks) this.#next();
        const { stretch } = this.#until(';');
        const how = first.text as 'return' | 'exit' | 'continue';
        return { kind: 'leave', at: plain(), how, query: asks ? stretch : null };
      }
      case 'null':
      case 'get':
      case 'assert':
      case 'open':
      case 'close':
      case 'fetch':
      case 'move':
        this.#until(';');
        return null;
      default:
        break;
    }
    if (this.#is(':=', 1) || (this.#is('=', 1) && first.kind !== 'sign')) {
      const variable = this.#name();
      this.#next();
      return { kind: 'assign', variable, expression: this.#until(';').stretch, at: plain() };
    }
    if (this.#is(';')) {
      this.#next();
      return null;
    }
    const from = this.#at;
    const { stretch } = this.#until(';');
    return this.#selectInto(from, stretch) ?? { kind: 'sql', at: stretch };
  }

  /** In PL/pgSQL the INTO of a SELECT names variables. */
  #selectInto(from: number, at: Stretch): PlStatement | null {
    const tokens = this.#tokens.slice(from, this.#at - 1);
    if (tokens[0]?.text !== 'select' && tokens[0]?.text !== 'with') return null;
    const into = tokens.findIndex(
      (token) => token.depth === 0 && token.kind === 'word' && token.text === 'into',
    );
    if (into === -1) return null;
    const variables: string[] = [];
    let next = into + 1;
    if (tokens[next]?.text === 'strict') next += 1;
    for (; next < tokens.length; next += 2) {
      const token = tokens[next]!;
      variables.push(token.kind === 'identifier' ? token.text.slice(1, -1) : token.text);
      if (tokens[next + 1]?.text !== ',') break;
    }
    const query = `${this.#text.slice(at.start, tokens[into]!.start)} ${this.#text.slice(tokens[next]?.end ?? at.end, at.end)}`;
    return { kind: 'select into', at, variables, query };
  }

  #if(): PlStatement {
    const { start } = this.#next();
    const branches: { condition: Stretch; body: PlStatement[] }[] = [];
    let otherwise: PlStatement[] = [];
    for (;;) {
      const { stretch } = this.#until('then');
      branches.push({ condition: stretch, body: this.#statements('elsif', 'elseif', 'else', 'end') });
      const word = this.#next().text;
      if (word === 'elsif' || word === 'elseif') continue;
      if (word === 'else') {
        otherwise = this.#statements('end');
        this.#expect('end');
      }
      break;
    }
    this.#expect('if');
    this.#expect(';');
    return { kind: 'if', at: this.#from(start), branches, otherwise };
  }

  #case(): PlStatement {
    const { start } = this.#next();
    const branches: PlStatement[][] = [];
    this.#until('when');
    for (;;) {
      this.#until('then');
      branches.push(this.#statements('when', 'else', 'end'));
      const word = this.#next().text;
      if (word === 'when') continue;
      if (word === 'else') {
        branches.push(this.#statements('end'));
        this.#expect('end');
      }
      break;
    }
    this.#expect('case');
    this.#expect(';');
    return { kind: 'case', at: this.#from(start), branches };
  }

  #loop(): PlStatement {
    const first = this.#next();
    const variables: string[] = [];
    let form: (PlStatement & { kind: 'loop' })['form'] = 'endless';
    let over: Stretch = { start: first.end, end: first.end };
    if (first.text === 'for' || first.text === 'foreach') {
      variables.push(this.#name());
      while (this.#is(',')) {
        this.#next();
        variables.push(this.#name());
      }
      if (first.text === 'foreach') {
        this.#until('array');
        form = 'array';
      } else {
        this.#expect('in');
        form = this.#is('execute') ? 'execute' : 'query';
      }
      const from = this.#at;
      over = this.#until('loop').stretch;
      const inside = this.#tokens.slice(from, this.#at - 1);
      if (form === 'query' && inside.some((token) => token.depth === 0 && token.text === '..'))
        form = 'range';
    } else if (first.text === 'while') {
      form = 'while';
      over = this.#until('loop').stretch;
    }
    const body = this.#statements('end');
    this.#expect('end');
    this.#expect('loop');
    this.#until(';');
    return { kind: 'loop', at: this.#from(first.start), form, variables, over, body };
  }
}
