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

/** What a block has Postgres evaluate: a whole statement, or what stands behind a SELECT. */
export interface Evaluated extends Stretch {
  readonly as: 'statement' | 'expression';
  /** Conditions that handlers around it catch, in lower case. */
  readonly caught: readonly string[];
  /** Whether every call comes to it: nothing around it decides, and nothing before it can leave. */
  readonly always: boolean;
}

export interface PlBlock {
  readonly block: PlStatement;
  /** In the order of the text; dynamic SQL only as the expression that makes it. */
  readonly evaluated: readonly Evaluated[];
}

/** Null where the text is no block, or one that this reader can't make out. */
export function parsePlpgsql(text: string, start = 0, end = text.length): PlStatement | null {
  return parsePlBlock(text, start, end)?.block ?? null;
}

export function parsePlBlock(text: string, start = 0, end = text.length): PlBlock | null {
  try {
    const reader = new Reader(text, tokenize(text, start, end));
    const block = reader.outermost();
    return { block, evaluated: reader.evaluated };
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Unreadable extends Error {}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly evaluated: Evaluated[] = [];
  #at = 0;
  /** Around the statement that is being read: IF, CASE, loops, handlers. */
  #branches = 0;
  #mayHaveLeft = false;

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
      const isField = this.#is('.', -1);
      const token = this.#next();
      if (token.depth === 0 && !isField && token.kind !== 'string' && token.kind !== 'identifier') {
        if (cases === 0 && words.includes(token.text)) return { stretch: { start, end }, word: token.text };
        if (token.text === 'case') cases += 1;
        else if (token.text === 'end' && cases > 0) cases -= 1;
      }
      end = token.end;
    }
  }

  #evaluates({ start, end }: Stretch, as: Evaluated['as'] = 'expression'): void {
    if (start >= end) return;
    const always = this.#branches === 0 && !this.#mayHaveLeft;
    this.evaluated.push({ start, end, as, caught: [], always });
  }

  /** Reads what does not run at every call. */
  #branch<T>(read: () => T): T {
    this.#branches += 1;
    const result = read();
    this.#branches -= 1;
    return result;
  }

  /** `EXECUTE … [INTO …] [USING …]`, the word EXECUTE taken, up to one of the last words. */
  #dynamic(...ends: readonly string[]): { expression: Stretch; into: boolean } {
    const { stretch, word } = this.#until(...ends, 'using', 'into');
    this.#evaluates(stretch);
    let into = false;
    for (let next = word; !ends.includes(next); ) {
      into ||= next === 'into';
      const part = this.#until(...ends, 'using', 'into');
      if (next === 'using') this.#evaluates(part.stretch);
      next = part.word;
    }
    return { expression: stretch, into };
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
    const first = this.evaluated.length;
    const body = this.#statements('exception', 'end');
    const last = this.evaluated.length;
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
        handlers.push(this.#branch(() => this.#statements('when', 'end')));
      }
      for (let i = first; i < last; i += 1) {
        const inside = this.evaluated[i]!;
        this.evaluated[i] = { ...inside, caught: [...inside.caught, ...catches] };
      }
    }
    this.#expect('end');
    if (this.#peek()?.kind === 'word' && !this.#is(';')) this.#next();
    if (this.#is(';')) this.#next();
    return { kind: 'block', at: this.#from(start), declarations, body, catches, handlers };
  }

  #declaration(): Declaration {
    const variable = this.#name();
    if (this.#is('cursor') || this.#is('scroll') || this.#is('no')) return this.#cursor(variable);
    const { stretch, word } = this.#until(';', ':=', '=', 'default');
    const type = this.#text.slice(stretch.start, stretch.end);
    if (word === ';') return { variable, type, expression: null };
    const expression = this.#until(';').stretch;
    this.#evaluates(expression);
    return { variable, type, expression };
  }

  #cursor(variable: string): Declaration {
    const { stretch } = this.#until('for', 'is');
    const type = this.#text.slice(stretch.start, stretch.end);
    const query = this.#until(';').stretch;
    // Its parameters are variables of the query alone.
    if (!type.includes('(')) this.#evaluates(query, 'statement');
    return { variable, type, expression: null };
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
        const { expression, into } = this.#dynamic(';');
        return { kind: 'execute', at: plain(), expression, into };
      }
      case 'perform': {
        this.#next();
        const expression = this.#until(';').stretch;
        this.#evaluates(expression);
        return { kind: 'perform', expression, at: plain() };
      }
      case 'raise': {
        this.#next();
        const level = this.#peek()?.text ?? '';
        this.#raised();
        const harmless = ['notice', 'warning', 'info', 'log', 'debug'].includes(level);
        return { kind: 'raise', at: plain(), exception: !harmless };
      }
      case 'return':
      case 'exit':
      case 'continue': {
        const query = this.#leave(first.text);
        const how = first.text as 'return' | 'exit' | 'continue';
        return { kind: 'leave', at: plain(), how, query };
      }
      case 'assert':
        this.#next();
        this.#evaluates(this.#until(';').stretch);
        return null;
      case 'open':
        this.#open();
        return null;
      case 'null':
      case 'get':
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
      const expression = this.#until(';').stretch;
      this.#evaluates(expression);
      return { kind: 'assign', variable, expression, at: plain() };
    }
    if (this.#is(';')) {
      this.#next();
      return null;
    }
    const from = this.#at;
    const { stretch } = this.#until(';');
    if (this.#is('.', from + 1 - this.#at) || this.#is('[', from + 1 - this.#at)) {
      this.#assignsPart(from, stretch);
    } else this.#evaluates(stretch, 'statement');
    return this.#selectInto(from, stretch) ?? { kind: 'sql', at: stretch };
  }

  /** `new.total := 1`, `list[2] = 1`: the value is looked at, and a field that is set; what lies deeper is no expression. */
  #assignsPart(from: number, { start, end }: Stretch): void {
    const tokens = this.#tokens.slice(from, this.#at);
    const at = tokens.findIndex(({ depth, text }) => depth === 0 && (text === ':=' || text === '='));
    const sign = tokens[at];
    if (!sign) return;
    if (at === 3 && tokens[1]?.text === '.') this.#evaluates({ start, end: sign.start });
    this.#evaluates({ start: sign.end, end });
  }

  /** RETURN, EXIT and CONTINUE; the query of a RETURN QUERY. */
  #leave(word: string): Stretch | null {
    this.#next();
    if (word !== 'return') {
      const { word: last } = this.#until(';', 'when');
      if (last === 'when') this.#evaluates(this.#until(';').stretch);
      return null;
    }
    if (this.#is('query')) {
      this.#next();
      if (this.#is('execute')) {
        this.#next();
        this.#dynamic(';');
        return null;
      }
      const { stretch } = this.#until(';');
      this.#evaluates(stretch, 'statement');
      return stretch;
    }
    const goesOn = this.#is('next');
    if (goesOn) this.#next();
    this.#evaluates(this.#until(';').stretch);
    if (!goesOn) this.#mayHaveLeft = true;
    return null;
  }

  /** What a RAISE says: the arguments of its format, the values of its options. */
  #raised(): void {
    const from = this.#at;
    const end = this.#until(';').stretch.end;
    const tokens = this.#tokens.slice(from, this.#at - 1).filter(({ depth }) => depth === 0);
    const using = tokens.find(({ kind, text }) => kind === 'word' && text === 'using');
    const comma = tokens.find(({ text, start }) => text === ',' && start < (using?.start ?? end));
    if (comma) this.#evaluates({ start: comma.end, end: using?.start ?? end });
    if (!using) return;
    let option = 0;
    for (const token of tokens) {
      if (token.start < using.start) continue;
      if (option === 0 && (token.text === '=' || token.text === ':=')) option = token.end;
      else if (option !== 0 && token.text === ',') {
        this.#evaluates({ start: option, end: token.start });
        option = 0;
      }
    }
    if (option !== 0) this.#evaluates({ start: option, end });
  }

  #open(): void {
    this.#next();
    const { word } = this.#until(';', 'for');
    if (word === ';') return;
    if (this.#is('execute')) {
      this.#next();
      this.#dynamic(';');
    } else this.#evaluates(this.#until(';').stretch, 'statement');
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
      // A second condition is only looked at where the first did not hold.
      if (branches.length === 0) this.#evaluates(stretch);
      else this.#branch(() => this.#evaluates(stretch));
      const body = this.#branch(() => this.#statements('elsif', 'elseif', 'else', 'end'));
      branches.push({ condition: stretch, body });
      const word = this.#next().text;
      if (word === 'elsif' || word === 'elseif') continue;
      if (word === 'else') {
        otherwise = this.#branch(() => this.#statements('end'));
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
    this.#evaluates(this.#until('when').stretch);
    for (;;) {
      const { stretch } = this.#until('then');
      this.#branch(() => this.#evaluates(stretch));
      branches.push(this.#branch(() => this.#statements('when', 'else', 'end')));
      const word = this.#next().text;
      if (word === 'when') continue;
      if (word === 'else') {
        branches.push(this.#branch(() => this.#statements('end')));
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
        over = this.#until('loop').stretch;
        this.#evaluates(over);
        form = 'array';
      } else {
        this.#expect('in');
        ({ form, over } = this.#loopOver());
      }
    } else if (first.text === 'while') {
      form = 'while';
      over = this.#until('loop').stretch;
      this.#evaluates(over);
    }
    const body = this.#branch(() => this.#statements('end'));
    this.#expect('end');
    this.#expect('loop');
    this.#until(';');
    return { kind: 'loop', at: this.#from(first.start), form, variables, over, body };
  }

  /** A query, dynamic SQL, a cursor, or a range of numbers. */
  #loopOver(): { form: 'query' | 'execute' | 'range'; over: Stretch } {
    const from = this.#at;
    if (this.#is('execute')) {
      const { start } = this.#next();
      const { expression } = this.#dynamic('loop');
      return { form: 'execute', over: { start, end: expression.end } };
    }
    const over = this.#until('loop').stretch;
    const tokens = this.#tokens.slice(from, this.#at - 1).filter(({ depth }) => depth === 0);
    // `1..n` is read as one number.
    const dots = tokens.find(({ kind, text }) => text === '..' || (kind === 'number' && text.includes('..')));
    if (!dots) {
      this.#evaluates(over, 'statement');
      return { form: 'query', over };
    }
    const middle = dots.start + dots.text.indexOf('..');
    const by = tokens.find(({ kind, text, start }) => kind === 'word' && text === 'by' && start > middle);
    const start = tokens[0]?.text === 'reverse' ? tokens[0].end : over.start;
    this.#evaluates({ start, end: middle });
    this.#evaluates({ start: middle + 2, end: by?.start ?? over.end });
    if (by) this.#evaluates({ start: by.end, end: over.end });
    return { form: 'range', over };
  }
}
