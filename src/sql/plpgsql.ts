/**
 * Reads a PL/pgSQL block: blocks with handlers, IF, CASE, loops, EXECUTE, assignments, SQL. (libpg_query's own PL/pgSQL
 * parser is not in the WebAssembly build.)
 */
import { Cursor, Unreadable } from './plpgsql-cursor.ts';
import type { Declaration, Evaluated, PlBlock, PlStatement, Stretch } from './plpgsql-tree.ts';

/** Null where the text is no block, or one that this reader can't make out. */
export function parsePlpgsql(text: string, start = 0, end = text.length): PlStatement | null {
  return parsePlBlock(text, start, end)?.block ?? null;
}

export function parsePlBlock(text: string, start = 0, end = text.length): PlBlock | null {
  try {
    const reader = new Reader(new Cursor(text, start, end));
    const block = reader.outermost();
    return { block, evaluated: reader.evaluated };
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Reader {
  readonly #cursor: Cursor;
  readonly evaluated: Evaluated[] = [];
  /** Around the statement that is being read: IF, CASE, loops, handlers. */
  #branches = 0;
  #mayHaveLeft = false;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  outermost(): PlStatement {
    this.#cursor.skipLabel();
    if (!this.#cursor.is('declare') && !this.#cursor.is('begin')) throw new Unreadable();
    return this.#block();
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
    const { stretch, word } = this.#cursor.until(...ends, 'using', 'into');
    this.#evaluates(stretch);
    let into = false;
    for (let next = word; !ends.includes(next); ) {
      into ||= next === 'into';
      const part = this.#cursor.until(...ends, 'using', 'into');
      if (next === 'using') this.#evaluates(part.stretch);
      next = part.word;
    }
    return { expression: stretch, into };
  }

  #block(): PlStatement {
    const start = this.#cursor.peek()!.start;
    const declarations: Declaration[] = [];
    if (this.#cursor.is('declare')) {
      this.#cursor.next();
      while (!this.#cursor.is('begin')) declarations.push(this.#declaration());
    }
    this.#cursor.expect('begin');
    const first = this.evaluated.length;
    const body = this.#statements('exception', 'end');
    const last = this.evaluated.length;
    const catches: string[] = [];
    // A handler for everything that raises again hides nothing.
    const caught: string[] = [];
    const handlers: PlStatement[][] = [];
    if (this.#cursor.is('exception')) {
      this.#cursor.next();
      while (this.#cursor.is('when')) {
        this.#cursor.next();
        const { stretch } = this.#cursor.until('then');
        const conditions = this.#cursor.text
          .slice(stretch.start, stretch.end)
          .toLowerCase()
          .split(/\s+or\s+/)
          .map((condition) => condition.trim());
        const handler = this.#branch(() => this.#statements('when', 'end'));
        const raisesAgain = handler.some((statement) => statement.kind === 'raise' && statement.exception);
        catches.push(...conditions);
        caught.push(...conditions.filter((condition) => condition !== 'others' || !raisesAgain));
        handlers.push(handler);
      }
      for (let i = first; i < last; i += 1) {
        const inside = this.evaluated[i]!;
        this.evaluated[i] = { ...inside, caught: [...inside.caught, ...caught] };
      }
    }
    this.#cursor.expect('end');
    if (this.#cursor.peek()?.kind === 'word' && !this.#cursor.is(';')) this.#cursor.next();
    if (this.#cursor.is(';')) this.#cursor.next();
    return { kind: 'block', at: this.#cursor.from(start), declarations, body, catches, handlers };
  }

  #declaration(): Declaration {
    const variable = this.#cursor.name();
    if (this.#cursor.is('cursor') || this.#cursor.is('scroll') || this.#cursor.is('no'))
      return this.#ofCursor(variable);
    const { stretch, word } = this.#cursor.until(';', ':=', '=', 'default');
    const type = this.#cursor.text.slice(stretch.start, stretch.end);
    if (word === ';') return { variable, type, expression: null };
    const expression = this.#cursor.until(';').stretch;
    this.#evaluates(expression);
    return { variable, type, expression };
  }

  #ofCursor(variable: string): Declaration {
    const { stretch } = this.#cursor.until('for', 'is');
    const type = this.#cursor.text.slice(stretch.start, stretch.end);
    const query = this.#cursor.until(';').stretch;
    // Its parameters are variables of the query alone.
    if (!type.includes('(')) this.#evaluates(query, 'statement');
    return { variable, type, expression: null };
  }

  #statements(...ends: readonly string[]): PlStatement[] {
    const statements: PlStatement[] = [];
    for (;;) {
      this.#cursor.skipLabel();
      if (this.#cursor.peek() === undefined) throw new Unreadable();
      if (ends.some((word) => this.#cursor.is(word))) return statements;
      const statement = this.#statement();
      if (statement !== null) statements.push(statement);
    }
  }

  #statement(): PlStatement | null {
    const first = this.#cursor.peek()!;
    const { start } = first;
    const plain = () => this.#cursor.from(start);
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
        this.#cursor.next();
        const { expression, into } = this.#dynamic(';');
        return { kind: 'execute', at: plain(), expression, into };
      }
      case 'perform': {
        this.#cursor.next();
        const expression = this.#cursor.until(';').stretch;
        this.#evaluates(expression);
        return { kind: 'perform', expression, at: plain() };
      }
      case 'raise': {
        this.#cursor.next();
        const level = this.#cursor.peek()?.text ?? '';
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
        this.#cursor.next();
        this.#evaluates(this.#cursor.until(';').stretch);
        return null;
      case 'open':
        this.#open();
        return null;
      case 'null':
      case 'get':
      case 'close':
      case 'fetch':
      case 'move':
        this.#cursor.until(';');
        return null;
      default:
        break;
    }
    if (this.#cursor.is(':=', 1) || (this.#cursor.is('=', 1) && first.kind !== 'sign')) {
      const variable = this.#cursor.name();
      this.#cursor.next();
      const expression = this.#cursor.until(';').stretch;
      this.#evaluates(expression);
      return { kind: 'assign', variable, expression, at: plain() };
    }
    if (this.#cursor.is(';')) {
      this.#cursor.next();
      return null;
    }
    const from = this.#cursor.at;
    const { stretch } = this.#cursor.until(';');
    if (
      this.#cursor.is('.', from + 1 - this.#cursor.at) ||
      this.#cursor.is('[', from + 1 - this.#cursor.at)
    ) {
      this.#assignsPart(from, stretch);
    } else this.#evaluates(stretch, 'statement');
    return this.#selectInto(from, stretch) ?? { kind: 'sql', at: stretch };
  }

  /** `new.total := 1`, `list[2] = 1`: the value is looked at, and a field that is set; what lies deeper is no expression. */
  #assignsPart(from: number, { start, end }: Stretch): void {
    const tokens = this.#cursor.since(from);
    const at = tokens.findIndex(({ depth, text }) => depth === 0 && (text === ':=' || text === '='));
    const sign = tokens[at];
    if (!sign) return;
    if (at === 3 && tokens[1]?.text === '.') this.#evaluates({ start, end: sign.start });
    this.#evaluates({ start: sign.end, end });
  }

  /** RETURN, EXIT and CONTINUE; the query of a RETURN QUERY. */
  #leave(word: string): Stretch | null {
    this.#cursor.next();
    if (word !== 'return') {
      const { word: last } = this.#cursor.until(';', 'when');
      if (last === 'when') this.#evaluates(this.#cursor.until(';').stretch);
      return null;
    }
    if (this.#cursor.is('query')) {
      this.#cursor.next();
      if (this.#cursor.is('execute')) {
        this.#cursor.next();
        this.#dynamic(';');
        return null;
      }
      const { stretch } = this.#cursor.until(';');
      this.#evaluates(stretch, 'statement');
      return stretch;
    }
    const goesOn = this.#cursor.is('next');
    if (goesOn) this.#cursor.next();
    this.#evaluates(this.#cursor.until(';').stretch);
    if (!goesOn) this.#mayHaveLeft = true;
    return null;
  }

  /** What a RAISE says: the arguments of its format, the values of its options. */
  #raised(): void {
    const from = this.#cursor.at;
    const end = this.#cursor.until(';').stretch.end;
    const tokens = this.#cursor
      .since(from)
      .slice(0, -1)
      .filter(({ depth }) => depth === 0);
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
    this.#cursor.next();
    const { word } = this.#cursor.until(';', 'for');
    if (word === ';') return;
    if (this.#cursor.is('execute')) {
      this.#cursor.next();
      this.#dynamic(';');
    } else this.#evaluates(this.#cursor.until(';').stretch, 'statement');
  }

  /** In PL/pgSQL the INTO of a SELECT names variables. */
  #selectInto(from: number, at: Stretch): PlStatement | null {
    const tokens = this.#cursor.since(from).slice(0, -1);
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
    const query = `${this.#cursor.text.slice(at.start, tokens[into]!.start)} ${this.#cursor.text.slice(tokens[next]?.end ?? at.end, at.end)}`;
    return { kind: 'select into', at, variables, query };
  }

  #if(): PlStatement {
    const { start } = this.#cursor.next();
    const branches: { condition: Stretch; body: PlStatement[] }[] = [];
    let otherwise: PlStatement[] = [];
    for (;;) {
      const { stretch } = this.#cursor.until('then');
      // A second condition is only looked at where the first did not hold.
      if (branches.length === 0) this.#evaluates(stretch);
      else this.#branch(() => this.#evaluates(stretch));
      const body = this.#branch(() => this.#statements('elsif', 'elseif', 'else', 'end'));
      branches.push({ condition: stretch, body });
      const word = this.#cursor.next().text;
      if (word === 'elsif' || word === 'elseif') continue;
      if (word === 'else') {
        otherwise = this.#branch(() => this.#statements('end'));
        this.#cursor.expect('end');
      }
      break;
    }
    this.#cursor.expect('if');
    this.#cursor.expect(';');
    return { kind: 'if', at: this.#cursor.from(start), branches, otherwise };
  }

  #case(): PlStatement {
    const { start } = this.#cursor.next();
    const branches: PlStatement[][] = [];
    this.#evaluates(this.#cursor.until('when').stretch);
    for (;;) {
      const { stretch } = this.#cursor.until('then');
      this.#branch(() => this.#evaluates(stretch));
      branches.push(this.#branch(() => this.#statements('when', 'else', 'end')));
      const word = this.#cursor.next().text;
      if (word === 'when') continue;
      if (word === 'else') {
        branches.push(this.#branch(() => this.#statements('end')));
        this.#cursor.expect('end');
      }
      break;
    }
    this.#cursor.expect('case');
    this.#cursor.expect(';');
    return { kind: 'case', at: this.#cursor.from(start), branches };
  }

  #loop(): PlStatement {
    const first = this.#cursor.next();
    const variables: string[] = [];
    let form: (PlStatement & { kind: 'loop' })['form'] = 'endless';
    let over: Stretch = { start: first.end, end: first.end };
    if (first.text === 'for' || first.text === 'foreach') {
      variables.push(this.#cursor.name());
      while (this.#cursor.is(',')) {
        this.#cursor.next();
        variables.push(this.#cursor.name());
      }
      if (first.text === 'foreach') {
        this.#cursor.until('array');
        over = this.#cursor.until('loop').stretch;
        this.#evaluates(over);
        form = 'array';
      } else {
        this.#cursor.expect('in');
        ({ form, over } = this.#loopOver());
      }
    } else if (first.text === 'while') {
      form = 'while';
      over = this.#cursor.until('loop').stretch;
      this.#evaluates(over);
    }
    const body = this.#branch(() => this.#statements('end'));
    this.#cursor.expect('end');
    this.#cursor.expect('loop');
    this.#cursor.until(';');
    return { kind: 'loop', at: this.#cursor.from(first.start), form, variables, over, body };
  }

  /** A query, dynamic SQL, a cursor, or a range of numbers. */
  #loopOver(): { form: 'query' | 'execute' | 'range'; over: Stretch } {
    const from = this.#cursor.at;
    if (this.#cursor.is('execute')) {
      const { start } = this.#cursor.next();
      const { expression } = this.#dynamic('loop');
      return { form: 'execute', over: { start, end: expression.end } };
    }
    const over = this.#cursor.until('loop').stretch;
    const tokens = this.#cursor
      .since(from)
      .slice(0, -1)
      .filter(({ depth }) => depth === 0);
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
