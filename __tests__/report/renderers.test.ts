/** JSON, SARIF, the schema of the report, the page of the access matrix, the diagram, the help. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { SchemaDiagram } from '../../src/model/report.ts';
import { mermaid } from '../../src/report/diagram.ts';
import { helpParts } from '../../src/report/help.ts';
import { html } from '../../src/report/html.ts';
import { json } from '../../src/report/json.ts';
import { sarif } from '../../src/report/sarif.ts';
import { readReport, reportJsonSchema } from '../../src/report/schema.ts';
import {
  allWell,
  finding,
  halted,
  mistakes,
  nothingChanged,
  project,
  report,
  twoProjects,
} from '../support/sample-report.ts';

const require = createRequire(import.meta.url);

describe('the schema of the report', () => {
  const validate = new Ajv2020({ strict: false }).compile(reportJsonSchema());

  test.each(Object.entries({ mistakes, allWell, halted, nothingChanged, twoProjects }))(
    '%s is a report',
    (_, sample) => {
      const value = JSON.parse(json(sample));
      expect(readReport(value)).toHaveProperty('report');
      expect(validate(value)).toBe(true);
    },
  );

  test('values and fields that a later version adds are read', () => {
    const value = JSON.parse(json(mistakes));
    value.projects[0].findings[0].severity = 'fatal';
    value.projects[0].novelty = { any: 1 };
    expect(readReport(value)).toHaveProperty('report');
    expect(validate(value)).toBe(true);
  });

  test.each([
    ['another version', (value: Any) => (value.schemaVersion = 2), 'schemaVersion'],
    [
      'a missing field',
      (value: Any) => delete value.projects[0].findings[0].message,
      'projects.0.findings.0.message',
    ],
    [
      'a wrong type',
      (value: Any) => (value.projects[0].coverage.statements = '9'),
      'projects.0.coverage.statements',
    ],
    ['no object at all', (_: Any) => null, null],
  ])('%s is refused and the place is named', (_, spoil, place) => {
    const value = JSON.parse(json(mistakes));
    const answer = spoil(value);
    const spoilt = place === null ? answer : value;
    const result = readReport(spoilt);
    expect(result).toHaveProperty('problem');
    if (place !== null) expect((result as { problem: string }).problem).toContain(place);
    expect(validate(spoilt)).toBe(false);
  });
});
// biome-ignore lint/suspicious/noExplicitAny: JSON that is spoilt on purpose.
type Any = any;

describe('SARIF', () => {
  test('has a place, a level and a stable fingerprint for each finding', () => {
    const [run] = JSON.parse(sarif(mistakes)).runs;
    expect(run.results).toHaveLength(8);
    for (const result of run.results) {
      expect(result.locations).toHaveLength(1);
      expect(result.locations[0].physicalLocation.region.startLine).toBeGreaterThan(0);
      expect(result.partialFingerprints['migrationGuard/v1']).toBeTruthy();
      expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toContain(result.ruleId);
    }
  });

  test('the fingerprint does not move with the line', () => {
    const one = finding({ fingerprint: 'f', line: 3 });
    const marks = [one, { ...one, line: 99 }].map(
      (moved) =>
        JSON.parse(sarif(report({ projects: [project({ findings: [moved] })] }))).runs[0].results[0]
          .partialFingerprints,
    );
    expect(marks[0]).toEqual(marks[1]);
  });

  test('what was ignored is there, with its reason, and not as an open result', () => {
    const results = JSON.parse(sarif(mistakes)).runs[0].results;
    const ignored = results.filter((result: Any) => result.suppressions !== undefined);
    expect(ignored).toHaveLength(1);
    expect(ignored[0].suppressions).toEqual([
      { kind: 'inSource', justification: 'the table holds at most a dozen rows' },
    ]);
  });

  test('names of files become addresses', () => {
    const odd = finding({ file: 'a b/ü%#?.sql' });
    const [result] = JSON.parse(sarif(report({ projects: [project({ findings: [odd] })] }))).runs[0].results;
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('a%20b/%C3%BC%25%23%3F.sql');
  });

  test('is what the standard asks for, by its own schema', () => {
    const { id, $schema, ...schema } = JSON.parse(
      readFileSync(require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
    );
    // Draft 4, whose patterns are not written for Unicode mode.
    const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);
    const valid = (log: Any) => validate(log) || validate.errors;
    const odd = finding({ file: 'a b/ü#?.sql', line: null, column: null, endLine: null, endColumn: null });
    const samples = [mistakes, allWell, halted, nothingChanged, twoProjects];
    for (const sample of [...samples, report({ projects: [project({ findings: [odd] })] })])
      expect(valid(JSON.parse(sarif(sample)))).toBe(true);
    const log = JSON.parse(sarif(mistakes));
    log.runs[0].results[0].level = 'fatal';
    expect(valid(log)).not.toBe(true);
    expect(JSON.parse(sarif(halted)).runs[0].invocations[0].executionSuccessful).toBe(false);
  });
});

describe('the page of the access matrix', () => {
  test('shows who can do what, and behind a cell what was tried', () => {
    const page = html(mistakes);
    expect(page).toContain('<code>public.invoices</code>');
    expect(page).toContain('select: all rows');
    expect(page).toContain('-- as anon\nselect id, customer_id, total from public.invoices');
    expect(page).toContain('<small>was own rows</small>');
  });

  test('needs nothing from elsewhere and lets nothing of the SQL become HTML', () => {
    const bad = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\'';
    const poisoned = JSON.parse(JSON.stringify(mistakes.projects), (_, value) =>
      typeof value === 'string' ? bad : value,
    );
    const page = html({ ...mistakes, projects: poisoned });
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toContain('<img');
    expect(page).not.toMatch(/(src|href)="?https?:/);
    expect(page).toContain("default-src 'none'");
  });
});

describe('the diagram', () => {
  const [{ diagram }] = mistakes.projects as unknown as [{ diagram: SchemaDiagram }];

  test('names what is new, with keys and references', () => {
    expect(mermaid(diagram)).toMatchSnapshot();
  });

  test('whatever a name holds, no line leaves its shape', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(name, name, name, (table, column, type) => {
        const drawn = mermaid({
          tables: [
            {
              table,
              change: 'added',
              columns: [{ name: column, type, primaryKey: true, foreignKey: true, change: 'added' }],
            },
          ],
          references: [{ from: table, to: table, columns: [column], unique: false, change: 'removed' }],
        });
        const lines = (drawn ?? '').split('\n');
        expect(lines).toHaveLength(5);
        expect(lines[1]).toMatch(/^ {2}t0\["[\p{L}\p{N}_. -]*( \(new\))?"\] \{$/u);
        expect(lines[1]).toContain('(new)');
        expect(lines[2]).toMatch(/^ {4}[A-Za-z][\w[\]()-]* [A-Za-z][\w[\]()-]* PK, FK "new"$/);
        expect(lines[4]).toMatch(/^ {2}t0 \|\|--o\{ t0 : "[\p{L}\p{N}_. -]* \(removed\)"$/u);
      }),
    );
  });

  test('too many tables are not drawn', () => {
    const [table] = diagram.tables;
    expect(mermaid({ tables: Array.from({ length: 40 }, () => table!), references: [] })).toBeNull();
  });
});

describe('a help', () => {
  test('is taken apart into prose and code', () => {
    expect(helpParts('Rename it:\n\n```sh\ngit mv a b\n```\n\nThen push.')).toEqual([
      { language: null, text: 'Rename it:' },
      { language: 'sh', text: 'git mv a b' },
      { language: null, text: 'Then push.' },
    ]);
  });

  test('that is all SQL needs no fence', () => {
    expect(helpParts('alter table t enable row level security;')).toEqual([
      { language: 'sql', text: 'alter table t enable row level security;' },
    ]);
  });
});
