/** A place in the tokens of a PL/pgSQL body, and the ways to go on from it. */
import type { Stretch } from './plpgsql-tree.ts';
import { type Token, tokenize } from './tokens.ts';

/** The text is no PL/pgSQL, or none that this reader knows. */
export class Unreadable extends Error {}

export class Cursor {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, start: number, end: number) {
    this.text = text;
    this.#tokens = tokenize(text, start, end);
  }

  /** Index of the token that comes next. */
  get at(): number {
    return this.#at;
  }

  /** Tokens from an index up to here. */
  since(index: number): readonly Token[] {
    return this.#tokens.slice(index, this.#at);
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }
  is(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.text === word && (token.kind === 'word' || token.kind === 'sign');
  }
  next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Unreadable();
    this.#at += 1;
    return token;
  }
  expect(word: string): Token {
    if (!this.is(word)) throw new Unreadable();
    return this.next();
  }
  skipLabel(): void {
    while (this.is('<<')) while (!this.next().text.startsWith('>>'));
  }

  /** Up to the first of some words outside parentheses and CASE … END; the word itself is taken. */
  until(...words: readonly string[]): { stretch: Stretch; word: string } {
    const start = this.peek()?.start ?? 0;
    let end = start;
    let cases = 0;
    for (;;) {
      const isField = this.is('.', -1);
      const token = this.next();
      if (token.depth === 0 && !isField && token.kind !== 'string' && token.kind !== 'identifier') {
        if (cases === 0 && words.includes(token.text)) return { stretch: { start, end }, word: token.text };
        if (token.text === 'case') cases += 1;
        else if (token.text === 'end' && cases > 0) cases -= 1;
      }
      end = token.end;
    }
  }

  from(start: number): Stretch {
    return { start, end: this.#tokens[this.#at - 1]?.end ?? start };
  }

  name(): string {
    const token = this.next();
    return token.kind === 'identifier' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text;
  }
}
