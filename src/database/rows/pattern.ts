/** A text that fits a regular expression of a CHECK (manual, 9.7.3), written back from it: the shortest, all choices the first. */

/** What people write in checks: no look-around, no back references. */
class Unreadable extends Error {}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const NAMED: Readonly<Record<string, string>> = {
  alpha: LETTERS + LETTERS.toUpperCase(),
  alnum: LETTERS + LETTERS.toUpperCase() + DIGITS,
  digit: DIGITS,
  lower: LETTERS,
  upper: LETTERS.toUpperCase(),
  space: ' ',
  punct: '-_.',
  xdigit: `${DIGITS}abcdefABCDEF`,
};
const ESCAPED: Readonly<Record<string, string>> = {
  d: DIGITS,
  w: `${LETTERS + DIGITS}_`,
  s: ' ',
  D: LETTERS,
  W: '-',
  S: LETTERS,
};
const MOST = 400;

/**
 * `turn` (0, 1, …) tells texts apart where the last set of characters leaves a choice. Null where the expression can't be
 * read. The text is a guess: Postgres has to say whether it fits.
 */
export function textFitting(pattern: string, turn = 0): string | null {
  try {
    return new Sampler(pattern, turn).whole();
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Sampler {
  readonly #pattern: string;
  readonly #turn: number;
  #at = 0;
  /** Where the last character stands that may be another one, and what it may be. */
  #choice: { at: number; among: string } | null = null;

  constructor(pattern: string, turn: number) {
    this.#pattern = pattern;
    this.#turn = turn;
  }

  whole(): string {
    const text = this.#alternatives(0);
    if (this.#at < this.#pattern.length) throw new Unreadable();
    const choice = this.#choice;
    if (choice === null || text[choice.at] === undefined) return text;
    const other = choice.among[(choice.among.indexOf(text[choice.at]!) + this.#turn) % choice.among.length]!;
    return text.slice(0, choice.at) + other + text.slice(choice.at + 1);
  }

  /** The first of several; the others are read over. `before`: how many characters stand in front. */
  #alternatives(before: number): string {
    const first = this.#sequence(before);
    const kept = this.#choice;
    while (this.#pattern[this.#at] === '|') {
      this.#at += 1;
      this.#sequence(before);
    }
    this.#choice = kept;
    return first;
  }

  #sequence(before: number): string {
    let text = '';
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at]!)) {
      const kept = this.#choice;
      const piece = this.#piece(before + text.length);
      const times = this.#least();
      if (times === 0) this.#choice = kept;
      else if (times > 1 && this.#choice !== kept && this.#choice !== null)
        this.#choice = { ...this.#choice, at: this.#choice.at + (times - 1) * piece.length };
      text += piece.repeat(times);
      if (before + text.length > MOST) throw new Unreadable();
    }
    return text;
  }

  #piece(at: number): string {
    const character = this.#pattern[this.#at]!;
    this.#at += 1;
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return this.#oneOf(`a${LETTERS.slice(1)}`, at);
      case '(': {
        if (this.#pattern[this.#at] === '?') {
          if (this.#pattern[this.#at + 1] !== ':') throw new Unreadable();
          this.#at += 2;
        }
        const inside = this.#alternatives(at);
        if (this.#pattern[this.#at] !== ')') throw new Unreadable();
        this.#at += 1;
        return inside;
      }
      case '[':
        return this.#oneOf(this.#set(), at);
      case '\\': {
        const escaped = this.#pattern[this.#at];
        this.#at += 1;
        if (escaped === undefined) throw new Unreadable();
        const set = ESCAPED[escaped];
        if (set !== undefined) return this.#oneOf(set, at);
        // \A, \Z, \m, \M, \y stand between characters; other letters and digits mean something else.
        if (/[AZmMyb]/.test(escaped)) return '';
        if (/[\p{L}\p{N}]/u.test(escaped)) throw new Unreadable();
        return escaped;
      }
      default:
        return character;
    }
  }

  #oneOf(set: string, at: number): string {
    this.#choice = { at, among: set };
    return set[0]!;
  }

  /** Behind its "[". */
  #set(): string {
    const negated = this.#pattern[this.#at] === '^';
    if (negated) this.#at += 1;
    let set = '';
    for (let first = true; ; first = false) {
      const character = this.#pattern[this.#at];
      if (character === undefined) throw new Unreadable();
      if (character === ']' && !first) break;
      const named = /^\[:(\w+):\]/.exec(this.#pattern.slice(this.#at));
      if (named) {
        set += NAMED[named[1]!] ?? '';
        this.#at += named[0].length;
        continue;
      }
      this.#at += 1;
      if (character === '\\') {
        const escaped = this.#pattern[this.#at] ?? '';
        this.#at += 1;
        set += ESCAPED[escaped] ?? escaped;
        continue;
      }
      const to = this.#pattern[this.#at + 1];
      if (this.#pattern[this.#at] === '-' && to !== undefined && to !== ']') {
        this.#at += 2;
        for (let code = character.charCodeAt(0); code <= to.charCodeAt(0); code += 1)
          set += String.fromCharCode(code);
      } else set += character;
    }
    this.#at += 1;
    if (negated)
      set = [...`${LETTERS}${LETTERS.toUpperCase()}${DIGITS}-`].filter((c) => !set.includes(c)).join('');
    if (set === '') throw new Unreadable();
    return set;
  }

  /** How often the piece has to come: what may be left out is. */
  #least(): number {
    const quantifier = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(this.#pattern.slice(this.#at));
    if (!quantifier) return 1;
    this.#at += quantifier[0].length;
    const [, sign, least] = quantifier;
    return sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
  }
}
