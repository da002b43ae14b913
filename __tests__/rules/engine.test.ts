import { mergeFindings } from '../../src/report/merge.ts';
import { judge } from '../../src/rules/engine.ts';
import { rules } from '../../src/rules/index.ts';
import { rule as define } from '../../src/rules/rule.ts';
import { defaultRuleSettings } from '../../src/rules/settings.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { factsOf } from '../support/facts.ts';
import { parseFixture } from '../support/fixture.ts';

beforeAll(loadParser);

const judged = (sql: string, settings = {}, which = rules) => {
  const fixture = parseFixture('test', sql);
  return judge(factsOf(fixture), { ...defaultRuleSettings, ...settings }, which);
};
const only = (id: string) => rules.filter((rule) => rule.id === id);

const dropped = `-- base:
create table public.note (id uuid primary key, body text, kind text);
-- head:
`;

describe('suppressions', () => {
  const id = 'safety/drop-column';

  test('a comment above a statement takes its finding out and keeps it in the report with its reason', () => {
    const { findings, suppressed } = judged(
      `${dropped}-- guard-ignore ${id}: nothing reads it\nalter table public.note drop column body;\nalter table public.note drop column kind;`,
      {},
      only(id),
    );
    expect(findings.map(({ line }) => line)).toEqual([6]);
    expect(suppressed.map(({ finding, reason, by, line }) => [finding.line, reason, by, line])).toEqual([
      [5, 'nothing reads it', 'comment', 4],
    ]);
  });

  test('a comment for the whole file takes out all findings of its rule', () => {
    const { findings, suppressed } = judged(
      `${dropped}-- guard-ignore-file ${id}: the table is dead\nalter table public.note drop column body;\nalter table public.note drop column kind;`,
      {},
      only(id),
    );
    expect(findings).toEqual([]);
    expect(suppressed).toHaveLength(2);
  });

  test('a comment without a reason takes nothing out and is reported', () => {
    const { findings, suppressed } = judged(
      `${dropped}-- guard-ignore ${id}\nalter table public.note drop column body;`,
      {},
      [...only(id), ...only('config/unused-suppression')],
    );
    expect(findings.map(({ rule }) => rule).sort()).toEqual(['config/unused-suppression', id]);
    expect(suppressed).toEqual([]);
  });

  test('the configuration takes out by path and by object, with its reason', () => {
    const sql = `${dropped}alter table public.note drop column body;`;
    const scope = { rules: { [id]: 'off' as const }, reason: 'scratch data' };
    for (const settings of [
      { paths: [{ match: 'supabase/migrations/2026*', ...scope }], file: 'supabase/migration-guard.yml' },
      { objects: [{ match: 'public.n*', ...scope }], file: 'supabase/migration-guard.yml' },
    ]) {
      const { findings, suppressed } = judged(sql, settings, only(id));
      expect(findings).toEqual([]);
      expect(suppressed).toMatchObject([
        { by: 'config', reason: 'scratch data', file: 'supabase/migration-guard.yml' },
      ]);
    }
    const { findings } = judged(sql, { objects: [{ match: 'public.other', ...scope }] }, only(id));
    expect(findings).toHaveLength(1);
  });
});

describe('levels', () => {
  const id = 'safety/drop-column';
  const sql = `${dropped}alter table public.note drop column body;`;
  const level = (settings: object) =>
    judged(sql, settings, only(id)).findings.map(({ severity }) => severity);

  test('come from the preset, then the rule, then its category, and an id wins over its category', () => {
    expect(level({})).toEqual(['warning']);
    expect(level({ rules: { [id]: { level: 'error' } } })).toEqual(['error']);
    expect(level({ rules: { 'safety/*': { level: 'info' } } })).toEqual(['info']);
    expect(level({ rules: { 'safety/*': { level: 'info' }, [id]: { level: 'error' } } })).toEqual(['error']);
    expect(level({ rules: { [id]: { level: 'off' } } })).toEqual([]);
  });

  test('are raised for a path or an object, also of a rule that is off elsewhere', () => {
    const scope = { match: 'public.note', rules: { 'safety/*': 'error' as const }, reason: 'it holds money' };
    expect(level({ rules: { [id]: { level: 'off' } }, objects: [scope] })).toEqual(['error']);
  });

  test('strict turns the house style into warnings', () => {
    const table = 'create table public.note (id uuid primary key);';
    const severity = (preset: string) =>
      judged(table, { preset }, only('structure/table-comment')).findings.map((finding) => finding.severity);
    expect(severity('recommended')).toEqual(['info']);
    expect(severity('strict')).toEqual(['warning']);
  });
});

describe('new and old', () => {
  const id = only('structure/primary-key');

  test('what stood before is counted and not listed', () => {
    const { findings, stood } = judged(
      '-- base:\ncreate table public.old (body text);\n-- head:\ncreate table public.new (body text);',
      {},
      id,
    );
    expect(findings.map(({ object }) => object)).toEqual(['public.new']);
    expect(stood.map(({ severity }) => severity)).toEqual(['warning']);
  });

  test('what the change mends is neither listed nor counted', () => {
    const { findings, stood } = judged(
      '-- base:\ncreate table public.old (id uuid not null);\n-- head:\nalter table public.old add primary key (id);',
      {},
      id,
    );
    expect(findings).toEqual([]);
    expect(stood).toEqual([]);
  });

  test('with --all each migration is its own change, and one that a later one mends says by which', () => {
    const { findings } = judged(
      `-- config: all = true
-- file: 20260101000000_a.sql
create table public.one (id uuid not null);
create table public.two (id uuid not null);
-- file: 20260102000000_b.sql
alter table public.one add primary key (id);
-- file: 20260103000000_c.sql
alter table public.two add column body text;`,
      {},
      id,
    );
    expect(findings.map(({ object, file, mendedBy }) => [object, file, mendedBy])).toEqual([
      ['public.one', 'supabase/migrations/20260101000000_a.sql', 'supabase/migrations/20260102000000_b.sql'],
      ['public.two', 'supabase/migrations/20260101000000_a.sql', null],
    ]);
  });

  test('what was wrong with a table before it was moved or renamed is not new', () => {
    const moving = `create schema app;
alter table public.one set schema app;
alter table public.two rename to three;`;
    const bare = 'create table public.one (id uuid);\ncreate table public.two (id uuid);';
    const change = judged(`-- base:\n${bare}\n-- head:\n${moving}`, {}, id);
    expect(change.findings).toEqual([]);
    expect(change.stood).toHaveLength(2);
    const all = judged(
      `-- config: all = true
-- file: 20260101000000_a.sql
${bare}
-- file: 20260102000000_b.sql
${moving}
-- file: 20260103000000_c.sql
alter table app.one add primary key (id);`,
      {},
      id,
    );
    expect(all.findings.map(({ object, mendedBy }) => [object, mendedBy])).toEqual([
      ['public.one', 'supabase/migrations/20260103000000_c.sql'],
      ['public.two', null],
    ]);
  });

  test('with --all nothing is mended by migrations that only came later', () => {
    const { findings } = judged(
      `-- config: all = true
-- file: 20260101000000_a.sql
create table public.note (id uuid primary key, user_id uuid references auth.users (id), body text);
alter table public.note enable row level security;
create function public.purge() returns void language sql security definer set search_path = '' as $$ delete from public.note $$;
-- file: 20260102000000_b.sql
comment on function public.purge() is 'Empties the table.';
-- file: 20260103000000_c.sql
create type public.mood as enum ('sad');`,
      {},
      only('functions/exposed-definer'),
    );
    expect(findings.map(({ object, mendedBy }) => [object, mendedBy])).toEqual([['public.purge()', null]]);
  });

  test('with --all no fix goes into a file that a later one undoes', () => {
    const { findings } = judged(
      `-- config: all = true
-- file: 20260101000000_a.sql
create table public.note (id uuid primary key, body text);
create table public.page (id uuid primary key, body text);
-- file: 20260102000000_b.sql
alter table public.note disable row level security;`,
      {},
      only('rls/disabled'),
    );
    expect(findings.map(({ object, fix }) => [object, fix?.edits[0]?.file ?? null])).toEqual([
      ['public.note', null],
      ['public.page', 'supabase/migrations/20260101000000_a.sql'],
    ]);
  });

  test.each([
    [
      'rls/policies-without-rls',
      'create policy "own" on public.note for select to authenticated using (body = \'mine\');',
    ],
    ['rls/realtime', 'alter publication supabase_realtime add table public.note;'],
  ])('with --all %s enables nothing that a later file switches', (id, sql) => {
    const fixOf = (later: string) =>
      judged(
        `-- config: all = true
-- file: 20260101000000_a.sql
create table public.note (id uuid primary key, body text);
${sql}
${later}`,
        {},
        only(id),
      ).findings.map(({ fix }) => fix !== null);
    const undone = '-- file: 20260102000000_b.sql\nalter table public.note disable row level security;';
    expect([fixOf(''), fixOf(undone)]).toEqual([[true], [false]]);
  });

  test('a fingerprint holds when lines move, and differs between objects', () => {
    const print = (sql: string) => judged(sql, {}, id).findings.map(({ fingerprint }) => fingerprint);
    const [here] = print('create table public.note (body text);');
    const [moved] = print('\n\n-- moved\ncreate table public.note (body text);');
    const [other] = print('create table public.page (body text);');
    expect(moved).toBe(here);
    expect(other).not.toBe(here);
  });
});

test('a rule that throws is named, and the others still run', () => {
  const broken = define({
    id: 'test/broken',
    severity: { recommended: 'error', strict: 'error' },
    evidence: ['static'],
    summary: 'throws',
    why: 'It throws.',
    remedy: 'None.',
    since: '0.1.0',
    sources: [],
    fixable: false,
    statement: {
      CreateStmt() {
        throw new Error('no such thing');
      },
    },
  });
  const { findings, failed } = judged('create table public.note (body text);', {}, [
    broken,
    ...only('structure/primary-key'),
  ]);
  expect(failed).toEqual([
    { rule: 'test/broken', message: 'no such thing (on supabase/migrations/20260101000000_change.sql:1)' },
  ]);
  expect(findings.map(({ rule }) => rule)).toEqual(['structure/primary-key']);
});

test('visitors meet a node wherever the tree names it, with what stands around it', () => {
  const seen: string[] = [];
  const nested = define({
    ...only('structure/primary-key')[0]!,
    id: 'test/nested',
    table: undefined,
    statement: {
      Constraint: (node, _statement, _context, ancestors) => {
        seen.push([...ancestors.map(({ kind }) => kind), node.contype].join(' > '));
      },
    },
  });
  judged(
    'create table public.note (id uuid primary key);\nalter table public.note add check (id is not null);',
    {},
    [nested],
  );
  expect(seen).toEqual([
    'CreateStmt > ColumnDef > CONSTR_PRIMARY',
    'AlterTableStmt > AlterTableCmd > CONSTR_CHECK',
  ]);
});

test('what a DO block writes out is judged at its line in the file', () => {
  const { findings } = judged(
    `${dropped}do $$\nbegin\n  alter table public.note\n    drop column body;\nend $$;`,
    {},
    only('safety/drop-column'),
  );
  expect(findings.map(({ line, column }) => [line, column])).toEqual([[7, 5]]);
});

test('what fails on rows joins the warning about an action of the same statement, lines below its first', () => {
  const { findings } = judged(`-- base:
create table public.note (id uuid primary key, slug text);
-- head:
-- replay: {"rows":[{"path":"supabase/migrations/20260101000000_change.sql","index":0,"line":5,"on":"values","table":"public.note","countQuery":null,"error":{"sqlstate":"23505","message":"could not create unique index"}}]}
alter table public.note
  add constraint note_slug_key unique (slug);`);
  const merged = mergeFindings(findings, new Map(rules.map((rule) => [rule.id, rule])));
  expect(
    merged
      .filter(({ rule }) => /unique|breaks/.test(rule))
      .map(({ rule, line, causes }) => [rule, line, causes]),
  ).toEqual([['safety/unique-constraint', 6, ['data/breaks-on-rows', 'safety/lock-timeout']]]);
});

test('what a statement writes that did not run here was read, and is in no catalog', () => {
  const looks = define({
    ...only('structure/primary-key')[0]!,
    id: 'test/looks',
    evidence: ['catalog'],
    table: undefined,
    statement: {
      CreateStmt: (node, statement, { report, placeOf }) => {
        report({ message: 'Seen.', at: placeOf(statement), object: node.relation.relname });
      },
    },
  });
  const run = (status: string, statements: readonly [line: number, status: string][]) =>
    `-- replay: ${JSON.stringify({
      runs: [
        {
          path: 'supabase/migrations/20260101000000_change.sql',
          version: '20260101000000',
          status,
          grants: 'automatic',
          durationMs: 1,
          error: null,
          statements: statements.map(([line, outcome], index) => ({
            index,
            line,
            endLine: line,
            status: outcome,
          })),
        },
      ],
    })}\n`;
  const seen = (head: string) =>
    judged(`${head}create table public.note (id int);\ncreate table public.page (id int);`, {}, [
      looks,
    ]).findings.map(({ evidence }) => evidence.join());
  expect(seen(run('applied', []))).toEqual(['catalog', 'catalog']);
  expect(
    seen(
      run('partial', [
        [2, 'applied'],
        [3, 'failed'],
      ]),
    ),
  ).toEqual(['catalog', 'static']);
  expect(seen(run('partial', [[3, 'failed']]))).toEqual(['catalog', 'static']);
  expect(seen(run('failed', []))).toEqual(['static', 'static']);
});
