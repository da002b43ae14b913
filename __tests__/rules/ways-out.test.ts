/** The SQL that a finding offers is run on the schema of its case: what can't run there helps nobody. */
import type { Engine } from '../../src/database/engine.ts';
import { rules } from '../../src/rules/index.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { findingsOf, listCases } from '../support/cases.ts';
import { type Fixture, readFixture, toMigration } from '../support/fixture.ts';
import { openTestEngine } from '../support/replay.ts';
import { waysOut } from '../support/ways-out.ts';

let engine: Engine;
beforeAll(async () => {
  await loadParser();
  engine = await openTestEngine('embedded');
});
afterAll(() => engine?.close());

/** Cases whose way out can't run as it is tried here, and why that is meant. */
const meant = [
  // In the place of two statements, not of the one that is pointed at.
  'safety/unique-constraint/fail-same-under-a-new-column-name',
  'safety/drop-column/fail-speaks-of-a-rename',
  // A policy of another table is to be written by hand before the old column goes.
  'safety/rename-column/fail-unique-and-asked-by-others',
];
// Cases of `replay` bring what a replay saw; their statements are not for running.
const categories = [...new Set(rules.map(({ id }) => id.split('/')[0]!))].filter((name) => name !== 'replay');

let held = 0;

test.each(categories)('%s: ways out run where they are offered', async (category) => {
  const failed: string[] = [];
  for (const rule of rules.filter(({ id }) => id.startsWith(`${category}/`))) {
    for (const path of listCases().get(rule.id) ?? []) {
      if (meant.some((name) => path.endsWith(`${name}.sql`))) continue;
      const fixture = readFixture(path);
      const findings = findingsOf(fixture, [rule]);
      for (const file of fixture.head) {
        const { path: name, text } = toMigration(file);
        const here = findings.filter((finding) => finding.file === name);
        if (here.length === 0) continue;
        const tried = await waysOut(engine, parseSource(name, text!), here, earlier(fixture, file.name));
        held += tried.filter(({ outcome }) => outcome === 'holds').length;
        failed.push(
          ...tried.filter(({ outcome }) => outcome === 'fails').map(({ shown }) => `${path}\n${shown}`),
        );
      }
    }
  }
  expect(failed).toEqual([]);
});

test('most of them are tried, and not passed over', () => {
  expect(held).toBeGreaterThan(300);
});

/** What runs before a file of the change: the base, and the change's own files of smaller names. */
const earlier = ({ base, head }: Fixture, name: string) =>
  [...base.filter((file) => !head.some((other) => other.name === file.name)), ...head]
    .filter((file) => file.name < name)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, text }) => parseSource(name, text).statements.map(({ sql }) => sql));
