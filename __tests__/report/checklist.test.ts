import type { Facts } from '../../src/model/facts.ts';
import type { Finding } from '../../src/model/finding.ts';
import { checklistIds, type StageReport } from '../../src/model/report.ts';
import type { Table } from '../../src/model/schema.ts';
import { checklist } from '../../src/report/checklist.ts';
import { finding, mistakes } from '../support/sample-report.ts';

const stages: readonly StageReport[] = (
  ['discover', 'read', 'replay', 'inspect', 'probe', 'rollback', 'judge'] as const
).map((id) => ({ id, status: 'done', reason: null }));

const path = 'supabase/migrations/1_a.sql';
const table = (fields: Partial<Table> = {}): Table =>
  ({
    kind: 'table',
    key: 'public.t',
    columns: [],
    foreignKeys: [],
    policies: [],
    unknown: [],
    ...fields,
  }) as unknown as Table;

/** As much of the facts as the checklist looks at: one new table in one migration. */
function facts(
  fields: {
    tables?: readonly Table[];
    applied?: boolean;
    failed?: boolean;
    before?: readonly Table[];
    rollback?: Facts['rollback'];
    probed?: boolean;
  } = {},
): Facts {
  const {
    tables = [table()],
    before = [],
    applied = true,
    failed = false,
    rollback = null,
    probed = true,
  } = fields;
  return {
    history: { changes: [{ kind: 'added', path }] },
    changeSets: [
      {
        migrations: [{ migration: { path } }],
        before: { tables: new Map(before.map((entry) => [entry.key, entry])) },
        touched: new Set(tables.map(({ key }) => `table ${key}`)),
        created: new Set(tables.map(({ key }) => `table ${key}`)),
      },
    ],
    head: { tables: new Map(tables.map((entry) => [entry.key, entry])) },
    replay: {
      runs: [
        failed
          ? { path, status: 'failed', error: { sqlstate: '23505', alsoOnBase: false } }
          : { path, status: applied ? 'applied' : 'not-checkable' },
      ],
    },
    access: probed
      ? { head: { objects: [{ object: 'public.t', cells: [{ principal: 'service_role' }] }] } }
      : null,
    rollback,
  } as unknown as Facts;
}

const items = (findings: readonly Finding[] = [], given = facts(), ran = stages) =>
  new Map(checklist({ facts: given, findings, stages: ran }).map((item) => [item.id, item]));

test('has the 14 items of the contract in their order', () => {
  expect(checklist({ facts: facts(), findings: [], stages }).map(({ id }) => id)).toEqual([...checklistIds]);
});

test('an item passes with what was looked at', () => {
  expect(items().get('primary-keys')).toMatchObject({ status: 'pass', detail: '1 new table' });
  expect(items().get('applies')).toMatchObject({ status: 'pass', detail: '1 of 1 migration applied' });
  expect(items().get('access-tested')?.detail).toBe('1 object as anon, two users and service_role');
});

test('an error fails its item, a warning or a note asks to look, and the object is named', () => {
  const found = items([
    finding({ rule: 'rls/disabled', object: 'public.t' }),
    finding({ rule: 'structure/table-comment', severity: 'info', object: 'public.t' }),
  ]);
  expect(found.get('rls-enabled')).toMatchObject({ status: 'fail', detail: '1 error: "public.t"' });
  expect(found.get('comments')).toMatchObject({ status: 'warn', detail: '1 note: "public.t"' });
  expect(found.get('policies')?.status).toBe('skip');
});

test('a rule speaks against the item that names it, else against that of its category', () => {
  const failed = (rule: string) =>
    [...items([finding({ rule })]).values()].filter(({ status }) => status === 'fail').map(({ id }) => id);
  expect(failed('rls/turned-off')).toEqual(['rls-enabled']);
  expect(failed('rls/recursion')).toEqual(['policies']);
  expect(failed('access/service-role-blocked')).toEqual(['service-role']);
  expect(failed('access/anon-read')).toEqual(['access-tested']);
  expect(failed('rls/policy-index')).toEqual(['filter-indexes']);
  expect(failed('platform/not-owner')).toEqual(['applies']);
});

test('what the base had, and what a later migration mends, is not held against it', () => {
  const found = items([
    finding({ rule: 'rls/disabled', new: false }),
    finding({ rule: 'rls/disabled', mendedBy: 'x.sql' }),
  ]);
  expect(found.get('rls-enabled')?.status).toBe('pass');
});

test('a table that no migration makes is not said to be without row level security', () => {
  const off = table({ rls: false });
  const elsewhere = table({ key: 'public.u', rls: false, unknown: [{}] } as unknown as Partial<Table>);
  const detail = (...tables: readonly Table[]) => items([], facts({ tables })).get('rls-enabled')?.detail;
  expect(detail(off)).toBe('1 table, 1 of them without');
  expect(detail(elsewhere)).toBe('1 table, of 1 it is not known');
  expect(detail(off, elsewhere)).toBe('2 tables, 1 of them without, of 1 it is not known');
});

test('a stage that did not run is never shown as passed', () => {
  for (const status of ['skipped', 'failed'] as const) {
    const ran = stages.map((stage) =>
      stage.id === 'probe' ? { ...stage, status, reason: 'no database' } : stage,
    );
    expect(items([], facts(), ran).get('access-tested')).toMatchObject({
      status: 'skip',
      detail: 'not checked: no database',
    });
  }
  expect(items([], facts(), []).get('applies')?.status).toBe('skip');
});

test('a stage that came half way asks to look', () => {
  const ran = stages.map((stage) =>
    stage.id === 'probe' ? { ...stage, status: 'partial' as const, reason: 'a time limit' } : stage,
  );
  expect(items([], facts(), ran).get('access-tested')).toMatchObject({ status: 'warn' });
});

test('a migration that could not be applied here is not said to apply', () => {
  expect(items([], facts({ applied: false })).get('applies')).toMatchObject({
    status: 'skip',
    detail: '0 of 1 migration applied',
  });
});

test('a rollback counts when it was tried and is exact', () => {
  const [good, differs] = mistakes.projects[0]!.rollback as unknown as [never, never];
  expect(items([], facts({ rollback: [good] })).get('rollback')).toMatchObject({ status: 'pass' });
  expect(items([], facts({ rollback: [good, differs] })).get('rollback')).toMatchObject({
    status: 'warn',
    detail: '1 of 2 rollbacks tried and exact',
  });
});

test('where there is nothing of the kind, it says so', () => {
  const found = items([], facts({ tables: [], probed: false }));
  for (const id of ['primary-keys', 'foreign-keys', 'rls-enabled', 'service-role'] as const) {
    expect(found.get(id)).toMatchObject({ status: 'skip', detail: 'nothing of the kind in this change' });
  }
});

test('what failed has not applied, also where a finding of another item says why', () => {
  const items = checklist({ facts: facts({ failed: true }), findings: [], stages });
  expect(items.find(({ id }) => id === 'applies')).toMatchObject({
    status: 'fail',
    detail: '0 of 1 migration applied',
  });
});

test('of the foreign keys of a table those are counted that the change brings', () => {
  const old = { columns: ['a_id'], references: 'public.a' };
  const added = { columns: ['b_id'], references: 'public.b' };
  const of = (foreignKeys: readonly object[]) => table({ foreignKeys } as unknown as Partial<Table>);
  const detail = (now: readonly object[]) =>
    items([], facts({ tables: [of(now)], before: [of([old])] })).get('foreign-keys')?.detail;
  expect(detail([old])).toBe('nothing of the kind in this change');
  expect(detail([old, added])).toBe('1 foreign key');
});

test('new tables without the two columns are not counted as having them', () => {
  const columns = [{ name: 'created_at' }, { name: 'updated_at' }];
  const both = table({ key: 'public.a', columns } as unknown as Partial<Table>);
  expect(items([], facts({ tables: [both] })).get('timestamps')?.detail).toBe('1 new table');
  expect(items([], facts({ tables: [both, table()] })).get('timestamps')?.detail).toMatch(
    /^1 of 2 new tables with both/,
  );
});

test('where the file failed, its rollback was not tried', () => {
  expect(items([], facts({ failed: true, rollback: [] })).get('rollback')).toMatchObject({
    status: 'skip',
    detail: 'not tried: nothing of the change applied whole',
  });
});
