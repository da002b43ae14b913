/** Certain fixes, laid into a file. */
import { applyEdits } from '../../src/report/fix.ts';

const edit = (line: number, from: number, to: number, text: string) => ({
  file: 'a.sql',
  startLine: line,
  startColumn: from,
  endLine: line,
  endColumn: to,
  text,
});

test('edits of one file do not move each other', () => {
  expect(applyEdits('one two\nthree', [edit(1, 1, 4, '1'), edit(1, 5, 8, '2'), edit(2, 6, 6, '!')])).toBe(
    '1 2\nthree!',
  );
});

test('a byte-order mark stays, and is no character of the first line', () => {
  expect(applyEdits('\ufeffjson\n', [edit(1, 1, 5, 'jsonb')])).toBe('\ufeffjsonb\n');
});
