/** Places that no statement gives. */
import type { Place } from '../../model/finding.ts';

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
