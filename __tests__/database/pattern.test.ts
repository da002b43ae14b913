/** Texts written back from the regular expressions that people put into CHECK constraints. */
import { textFitting } from '../../src/database/rows/pattern.ts';

it.each([
  ['^[A-Z0-9]{3}-VB[0-9]{5}$', 'AAA-VB00000', 'AAA-VB00001'],
  ['^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$', 'a@a.aa', 'a@a.ab'],
  ['^#[0-9a-f]{6}$', '#000000', '#000001'],
  ['^\\+?[1-9]\\d{1,14}$', '10', '11'],
  ['^(draft|open)-(a|b)$', 'draft-a', 'draft-a'],
  ['^[a-z0-9]+(?:-[a-z0-9]+)*$', 'a', 'b'],
  ['^[[:upper:]][[:alpha:]]*$', 'A', 'B'],
  ['^\\d{4}-(0[1-9]|1[0-2])$', '0000-01', '0000-02'],
  ['^https?://', 'http://', 'http://'],
])('%s gives %s, then %s', (pattern, first, second) => {
  expect(textFitting(pattern)).toBe(first);
  expect(textFitting(pattern, 1)).toBe(second);
  expect(first).toMatch(
    new RegExp(pattern.replace('[[:upper:]]', '[A-Z]').replace('[[:alpha:]]', '[A-Za-z]')),
  );
});

it.each(['(?=x)', '[a', '(a', '(a)\\1', 'a{900}'])('%s is not guessed at', (pattern) => {
  expect(textFitting(pattern)).toBeNull();
});
