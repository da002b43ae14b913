/** Places that no statement gives. */
import type { Place } from '../../../model/finding.ts';
import type { SourceFile } from '../../../model/sql.ts';

/** The beginning of a file: for what is wrong with the file as such. */
export const startOf = (file: string): Place => ({ file, line: 1, column: 1, endLine: 1, endColumn: 1 });

/** A whole line, or lines, of a file whose text is not at hand. */
export const linesOf = (file: string, line: number, endLine = line): Place => ({
  file,
  line,
  column: 1,
  endLine,
  endColumn: 1,
});

const lineStarts = new WeakMap<SourceFile, readonly number[]>();

/** UTF-16 offset of a line and column: the way back from `position`. */
export function offsetOf(source: SourceFile, line: number, column: number): number {
  let starts = lineStarts.get(source);
  if (starts === undefined) {
    const found = [0];
    for (let at = source.text.indexOf('\n'); at !== -1; at = source.text.indexOf('\n', at + 1))
      found.push(at + 1);
    starts = found;
    lineStarts.set(source, starts);
  }
  return (starts[line - 1] ?? source.text.length) + column - 1;
}
