/** Positions in a text: lines and columns, and the way from libpg_query's UTF-8 bytes to JavaScript's UTF-16 units. */
import type { Span } from '../model/finding.ts';

/** A pattern for just this text. */
export const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Smallest index for which `holds` is true; `length` where it never is. `holds` must be monotonous. */
export function lowerBound(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface Positions {
  position(offset: number): { line: number; column: number };
  span(start: number, end: number): Span;
  offsetOfByte(byte: number): number;
}

export function createPositions(text: string): Positions {
  const lineStarts = startsOfLines(text);
  const position = (offset: number) => {
    const at = Math.min(Math.max(0, offset), text.length);
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (lineStarts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at - lineStarts[low]! + 1 };
  };
  return {
    position,
    span(start, end) {
      const from = position(start);
      const to = position(end);
      return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
    },
    offsetOfByte: byteToOffset(text),
  };
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function byteToOffset(text: string): (byte: number) => number {
  if (Buffer.byteLength(text) === text.length) return (byte) => Math.min(byte, text.length);
  // For each character outside ASCII: the byte just behind it, and how many more bytes than units there are by then.
  const behind: number[] = [];
  const surplus: number[] = [];
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at)!;
    if (code < 0x80) {
      bytes += 1;
      continue;
    }
    bytes += code < 0x800 ? 2 : code <= 0xffff ? 3 : 4;
    if (code > 0xffff) at += 1;
    behind.push(bytes);
    surplus.push(bytes - (at + 1));
  }
  return (byte) => {
    let low = -1;
    let high = behind.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (behind[middle]! <= byte) low = middle;
      else high = middle;
    }
    return Math.min(text.length, byte - (low === -1 ? 0 : surplus[low]!));
  };
}

/** Behind the block comment that begins there: Postgres nests them. The text's end where nothing closes it. */
export function endOfBlockComment(text: string, at: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
