import { rules } from '../../src/rules/index.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { checkCase, listCases } from '../support/cases.ts';
import { readFixture } from '../support/fixture.ts';

const cases = listCases();

beforeAll(loadParser);

describe.each(rules.map(({ id }) => id))('%s', (id) => {
  const paths = cases.get(id) ?? [];
  const names = paths.map((path) => path.split('/').at(-1)!);

  test('has a case that fails and one that passes', () => {
    expect(names.some((name) => name.startsWith('fail-'))).toBe(true);
    expect(names.some((name) => name.startsWith('pass-'))).toBe(true);
  });

  if (paths.length > 0) {
    test.each(names)('%s says what is expected', (name) => {
      expect(checkCase(id, paths[names.indexOf(name)]!)).toEqual([]);
    });
  }
});

test('a case that passes expects of its own rule a note at most', () => {
  const loud = [...cases].flatMap(([id, paths]) =>
    paths.filter(
      (path) =>
        path.split('/').at(-1)!.startsWith('pass-') &&
        readFixture(path).expected.some(({ rule, severity }) => rule === id && severity !== 'info'),
    ),
  );
  expect(loud).toEqual([]);
});

test('every folder of cases belongs to a rule', () => {
  const known = new Set(rules.map(({ id }) => id));
  expect([...cases.keys()].filter((id) => !known.has(id))).toEqual([]);
});
