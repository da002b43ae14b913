import { pretty } from '../../src/report/pretty.ts';
import {
  allWell,
  brokenMain,
  finding,
  halted,
  mistakes,
  nothingChanged,
  project,
  report,
} from '../support/sample-report.ts';

test('a terminal without colours gets none', () => {
  expect(pretty(mistakes, { colour: false })).toMatchSnapshot();
  expect(pretty(allWell, { colour: false })).toMatchSnapshot();
});

test('colours are there when they are asked for, and change nothing else', () => {
  const coloured = pretty(mistakes, { colour: true });
  expect(coloured).toContain('\u001b[31merror\u001b[39m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(pretty(mistakes, { colour: false }));
});

test('SQL cannot speak to the terminal', () => {
  const text = pretty(
    report({
      projects: [project({ findings: [finding({ message: '\u001b[2J\u0007gone', file: '\u009b31m.sql' })] })],
    }),
    { colour: false },
  );
  expect(text).toContain('U+001B[2JU+0007gone');
  expect(text).toContain('U+009B31m.sql');
});

test('the last lines say what happens on merge and how much was checked', () => {
  expect(pretty(brokenMain, { colour: false })).toContain(
    'Nothing would break in what could be checked.\n6 of 9 changed statements checked',
  );
  expect(pretty(nothingChanged, { colour: false })).toBe('No migration is changed.\n');
  expect(pretty(halted, { colour: false })).toContain(
    'stage replay: the database at "localhost:5432" did not answer',
  );
});

test('that the dates of files tell who new tables are granted to is said, with the setting', () => {
  const engine = { kind: 'embedded', postgres: '17.5', grants: 'explicit', note: null } as const;
  const said = (grantsBy?: 'date') =>
    pretty(report({ projects: [project({ engine: { ...engine, ...(grantsBy ? { grantsBy } : {}) } })] }), {
      colour: false,
    });
  expect(said('date')).toContain("New tables are granted to nobody, by the files' dates (grants-era: auto).");
  expect(said()).not.toContain('grants-era');
});
