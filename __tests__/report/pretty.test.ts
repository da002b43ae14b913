import { helpParts } from '../../src/report/help.ts';
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

test('offered SQL stands by itself and is copied as it stands: nothing beside it, an empty line around it', () => {
  const help = [
    'Fill it first:',
    "```sql\nupdate public.note\n  set kind = 'text';\n\nalter table public.note alter kind set not null;\n```",
    'Set NOT NULL in the file after that.',
  ].join('\n\n');
  const text = pretty(report({ projects: [project({ findings: [finding({ help })] })] }), { colour: false });
  expect(text).toContain(
    `seen in the catalog

  Fill it first:

    update public.note
      set kind = 'text';

    alter table public.note alter kind set not null;

  Set NOT NULL in the file after that.

Checklist`,
  );
});

test('SQL without a fence is told from the sentences around it', () => {
  const parts = (help: string) => helpParts(help).map(({ language, text }) => [language, text]);
  const body =
    'create function f() returns void language sql\nbegin atomic\n  select 1;\n\n  select 2;\nend;';
  expect(parts(`${body}\n\nSeen in the replay: ShareLock on "public.note".`)).toEqual([
    ['sql', body],
    [null, 'Seen in the replay: ShareLock on "public.note".'],
  ]);
  expect(parts('Count them:\n\nselect count(*) from public.note;')).toEqual([
    [null, 'Count them:'],
    ['sql', 'select count(*) from public.note;'],
  ]);
  expect(parts('Set a default, or drop the column.')).toEqual([[null, 'Set a default, or drop the column.']]);
});

test("the project's own database tests have a line, passing ones too; without any there is none", () => {
  const file = (name: string, status: 'passed' | 'failed') => ({
    path: `supabase/tests/${name}.sql`,
    status,
    passed: 2,
    failed: status === 'failed' ? 1 : 0,
    detail: null,
  });
  const said = (...tests: ReturnType<typeof file>[]) =>
    pretty(report({ projects: [project({ tests })] }), { colour: false });
  expect(said(file('a', 'passed'), file('b', 'passed'))).toContain(
    '\n\nDatabase tests: 2 of 2 files passed.\n\n',
  );
  expect(said(file('a', 'passed'), file('b', 'failed'))).toContain('Database tests: 1 of 2 files passed.');
  expect(said()).not.toContain('Database tests');
});

test('where the SQL was only read, statements are said to be read, not left unchecked', () => {
  const read = project({
    coverage: { statements: 6, statementsChecked: 0, objects: 0, objectsProbed: 0 },
    stages: [{ id: 'replay', status: 'skipped', reason: 'only the SQL was read' }],
  });
  expect(pretty(report({ projects: [read] }), { colour: false })).toContain(
    'Reading found nothing that breaks.\n6 changed statements read, none run.',
  );
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
