/** What a reader sees, for every case of every rule: wording and place are reviewed together. */
import { basename } from 'node:path';
import type { Finding } from '../../src/model/finding.ts';
import { rules } from '../../src/rules/index.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { findingsOf, listCases } from '../support/cases.ts';
import { type Fixture, readFixture } from '../support/fixture.ts';

const cases = listCases();
// Those whose wording does not hang on what probes saw.
const categories = [
  'history',
  'structure',
  'types',
  'integrity',
  'safety',
  'replay',
  'rollback',
  'config',
  'extensions',
  'roles',
];
/** One rule alone is enough, but for the one that judges the others' suppressions. */
const said = (rule: Rule, fixture: Fixture) =>
  findingsOf(fixture, rule.id === 'config/unused-suppression' ? rules : [rule]).filter(
    (f) => f.rule === rule.id,
  );
const failing = (id: string) => (cases.get(id) ?? []).filter((path) => basename(path).startsWith('fail-'));

beforeAll(loadParser);

function rendered(finding: Finding, fixture: Fixture): string {
  const { rule, severity, file, line, column, endLine, endColumn, message } = finding;
  const text =
    fixture.head.find(({ name }) => file?.endsWith(`/${name}`))?.text.split('\n')[(line ?? 1) - 1] ?? '';
  const width =
    endLine === line ? Math.max(1, (endColumn ?? 0) - (column ?? 0)) : text.length - (column ?? 1) + 1;
  const shown =
    text.trim() === ''
      ? []
      : [`  ${text}`, `  ${' '.repeat((column ?? 1) - 1)}${'^'.repeat(Math.max(1, width))}`];
  return [`${severity} ${rule} ${line ?? '-'}:${column ?? '-'}`, ...shown, `  ${message}`].join('\n');
}

test.each(categories)('%s: what is printed', (category) => {
  const printed = rules
    .filter(({ id }) => id.startsWith(`${category}/`))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((rule) =>
      failing(rule.id).flatMap((path) => {
        const fixture = readFixture(path);
        return said(rule, fixture).map(
          (finding) => `${basename(path, '.sql')}\n${rendered(finding, fixture)}`,
        );
      }),
    );
  expect(printed.join('\n\n')).toMatchSnapshot();
});

test('every message is a few plain sentences with a full stop, and offers a way out', () => {
  const wrong: string[] = [];
  for (const { id } of rules) {
    for (const path of failing(id)) {
      for (const { rule, message, help } of findingsOf(readFixture(path)).filter(
        (finding) => finding.rule === id,
      )) {
        if (!/[.)]$/.test(message) || /!(?=\s|$)|\p{Extended_Pictographic}/u.test(message))
          wrong.push(`${rule}: ${message}`);
        if (message.split(/(?<=[a-z0-9")])\.\s+(?=[A-Z"'])/).length > 5)
          wrong.push(`${rule} is long: ${message}`);
        if (help === null || help.trim() === '') wrong.push(`${rule} offers no help`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('the SQL to write instead names the tables at hand, never those of an example', () => {
  const strangers = rules.flatMap((rule) =>
    failing(rule.id).flatMap((path) => {
      const fixture = readFixture(path);
      const told = [...fixture.base, ...fixture.head].map(({ text }) => text).join('\n');
      return said(rule, fixture).flatMap(({ help, message, object }) =>
        [...(help ?? '').matchAll(/\bpublic\.(\w+)/g)]
          .filter(
            ([, name]) =>
              !`${told}\n${message}\n${object}`.includes(name!) && !/_(backup|new|seq|in_step)$/.test(name!),
          )
          .map(([name]) => `${basename(path)}: ${name}`),
      );
    }),
  );
  expect(strangers).toEqual([]);
});
