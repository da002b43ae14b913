/** Reports made by hand, for the renderers: one where a team's usual mistakes are found, one where all is well. */
import type { AccessCell, ObjectAccess } from '../../src/model/access.ts';
import type { Finding } from '../../src/model/finding.ts';
import { checklistIds, type ProjectReport, type Report } from '../../src/model/report.ts';

let count = 0;
export function finding(fields: Partial<Finding> = {}): Finding {
  count += 1;
  return {
    rule: 'rls/disabled',
    severity: 'error',
    evidence: ['catalog'],
    fingerprint: `f${count}`,
    new: true,
    mendedBy: null,
    message: 'Row level security is off on "public.invoices".',
    file: 'supabase/migrations/20261105101500_create_invoices.sql',
    line: 3,
    column: 1,
    endLine: 3,
    endColumn: 20,
    object: 'public.invoices',
    causes: [],
    help: null,
    docs: 'docs/rules/rls/disabled.md',
    repro: null,
    fix: null,
    ...fields,
  };
}

export function project(fields: Partial<ProjectReport> = {}): ProjectReport {
  return {
    path: '.',
    verdict: 'pass',
    failOn: 'error',
    base: {
      ref: 'main',
      sha: '1111111111111111111111111111111111111111',
      reproducible: true,
      applied: 41,
      total: 41,
    },
    engine: { kind: 'embedded', postgres: '17.5', grants: 'explicit', note: null },
    stages: (['discover', 'read', 'replay', 'inspect', 'probe', 'rollback', 'judge'] as const).map((id) => ({
      id,
      status: 'done' as const,
      reason: null,
    })),
    migrations: [
      {
        path: 'supabase/migrations/20260105090000_create_profiles.sql',
        version: '20260105090000',
        name: 'create_profiles',
        change: 'unchanged',
        status: 'applied',
        grants: 'automatic',
        durationMs: 9,
        error: null,
        statements: [],
      },
      {
        path: 'supabase/migrations/20261105101500_create_invoices.sql',
        version: '20261105101500',
        name: 'create_invoices',
        change: 'added',
        status: 'applied',
        grants: 'explicit',
        durationMs: 14,
        error: null,
        statements: [],
      },
    ],
    findings: [],
    preexisting: { error: 0, warning: 0, info: 0 },
    suppressed: [],
    notChecked: [],
    checklist: checklistIds.map((id) => ({ id, title: titles[id], status: 'pass', detail: '1 new table' })),
    access: { objects: [], changes: [], signUps: [] },
    rollback: [],
    schemaDiff: { added: [], removed: [], changed: [] },
    diagram: null,
    tests: [],
    timings: { totalMs: 2140, stages: { read: 12, boot: 870, replay: 640, probe: 480, rollback: 120 } },
    coverage: { statements: 9, statementsChecked: 9, objects: 2, objectsProbed: 2 },
    ...fields,
  };
}

const titles: Readonly<Record<(typeof checklistIds)[number], string>> = {
  naming: 'File names and order',
  'primary-keys': 'Primary keys',
  timestamps: 'created_at and updated_at',
  'foreign-keys': 'ON DELETE on foreign keys',
  'rls-enabled': 'Row level security on every table',
  policies: 'Policies for select, insert, update, delete',
  'service-role': 'The API can act as service_role',
  'foreign-key-indexes': 'An index for every foreign key',
  'filter-indexes': 'Indexes for columns that are filtered by',
  comments: 'Comments on tables',
  applies: 'Applies',
  'access-tested': 'Access tried with different roles',
  secrets: 'No hard-coded ids or secrets',
  rollback: 'Rollback documented',
};

export function report(fields: Partial<Report> = {}): Report {
  const projects = fields.projects ?? [project()];
  return {
    schemaVersion: 1,
    tool: { name: 'supabase-migration-guard', version: '0.1.0' },
    verdict: projects.some((entry) => entry.verdict === 'fail') ? 'fail' : 'pass',
    failOn: 'error',
    problem: null,
    ...fields,
    projects,
  };
}

const cell = (fields: Partial<AccessCell>): AccessCell => ({
  principal: 'user',
  command: 'select',
  subject: 'own',
  outcome: 'allowed',
  columns: [],
  representation: true,
  when: null,
  via: null,
  proof: [],
  reason: null,
  ...fields,
});

const objects: readonly ObjectAccess[] = [
  {
    object: 'public.invoices',
    kind: 'table',
    rls: false,
    ownerColumns: ['customer_id'],
    summary: [
      { principal: 'anon', command: 'select', access: 'all' },
      { principal: 'anon', command: 'insert', access: 'none' },
      { principal: 'user', command: 'select', access: 'all' },
      { principal: 'user', command: 'insert', access: 'all' },
      { principal: 'user', command: 'update', access: 'own' },
      { principal: 'user', command: 'delete', access: 'none' },
      { principal: 'service_role', command: 'select', access: 'all' },
      { principal: 'service_role', command: 'insert', access: 'all' },
      { principal: 'service_role', command: 'update', access: 'all' },
      { principal: 'service_role', command: 'delete', access: 'all' },
    ],
    cells: [
      cell({
        principal: 'anon',
        subject: 'foreign',
        proof: [
          { as: 'postgres (control)', sql: 'select count(*) from public.invoices', result: '2 rows' },
          {
            as: 'anon',
            sql: 'select id, customer_id, total from public.invoices',
            result: '2 rows, both of other people',
          },
        ],
      }),
    ],
  },
  {
    object: 'public.customers',
    kind: 'table',
    rls: true,
    ownerColumns: ['id'],
    summary: [
      { principal: 'anon', command: 'select', access: 'none' },
      { principal: 'user', command: 'select', access: 'all' },
      { principal: 'user', command: 'update', access: 'own' },
      { principal: 'service_role', command: 'select', access: 'all' },
    ],
    cells: [
      cell({
        subject: 'foreign',
        proof: [
          {
            as: 'user A',
            sql: "select * from public.customers where id = '0b0b…b' /* B's row */",
            result: '1 row',
          },
        ],
      }),
    ],
  },
];

const invoices = 'supabase/migrations/20261105101500_create_invoices.sql';
const status = 'supabase/migrations/20261106090000_add_status_to_orders.sql';

/** A pull request that a team really makes: two migrations, most of the usual mistakes. */
export const mistakes: Report = report({
  verdict: 'fail',
  projects: [
    project({
      verdict: 'fail',
      migrations: [
        ...project().migrations,
        {
          path: status,
          version: '20261106090000',
          name: 'add_status_to_orders',
          change: 'added',
          status: 'failed',
          grants: 'explicit',
          durationMs: 22,
          error: {
            sqlstate: '23502',
            message: 'column "status" of relation "orders" contains null values',
            line: 4,
            alsoOnBase: false,
          },
          statements: [
            {
              line: 4,
              endLine: 4,
              kind: 'AlterTableStmt',
              durationMs: 9,
              locks: [{ relation: 'public.orders', mode: 'AccessExclusiveLock' }],
              rewrites: [],
            },
            {
              line: 7,
              endLine: 7,
              kind: 'IndexStmt',
              durationMs: 3,
              locks: [
                { relation: 'public.customers', mode: 'ShareLock' },
                { relation: 'public.orders', mode: 'AccessShareLock' },
              ],
              rewrites: [],
            },
            {
              line: 9,
              endLine: 9,
              kind: 'AlterTableStmt',
              durationMs: 3,
              locks: [{ relation: 'public.payments', mode: 'AccessExclusiveLock' }],
              rewrites: ['public.payments'],
            },
          ],
        },
      ],
      findings: [
        finding({
          rule: 'access/anon-read',
          evidence: ['probe', 'catalog'],
          causes: ['rls/disabled'],
          message:
            'Anybody without a session can read all rows of "public.invoices". Row level security is off, so that no policy is looked at. Enable it and say with a policy who may read.',
          help: 'alter table public.invoices enable row level security;\n\ncreate policy "Customers read their invoices" on public.invoices\n  for select to authenticated\n  using (customer_id = (select auth.uid()));',
          repro: 'set local role anon;\nselect id, customer_id, total from public.invoices;\n-- 2 rows',
          docs: 'docs/rules/access/anon-read.md',
        }),
        finding({
          rule: 'data/breaks-on-rows',
          file: status,
          line: 4,
          evidence: ['replay'],
          object: 'public.orders',
          message:
            'Adding "status" NOT NULL without a default fails as soon as "public.orders" holds a row: column "status" of relation "orders" contains null values. Give it a default, or fill it before SET NOT NULL.',
          help: "alter table public.orders add column status text not null default 'open';",
          docs: 'docs/rules/data/breaks-on-rows.md',
        }),
        finding({
          rule: 'history/out-of-order',
          file: status,
          line: null,
          column: null,
          evidence: ['static'],
          object: null,
          message:
            'Version "20261106090000" is older than "20261107120000", the newest on main. "supabase db push" refuses it. Give the file a new timestamp.',
          docs: 'docs/rules/history/out-of-order.md',
          fix: {
            title: 'Rename the file',
            edits: [],
            rename: { from: status, to: 'supabase/migrations/20261123120000_add_status_to_orders.sql' },
          },
        }),
        finding({
          rule: 'access/widened',
          severity: 'warning',
          evidence: ['probe'],
          line: 21,
          object: 'public.customers',
          message:
            'Signed-in users now read all rows of "public.customers"; on main they read their own. The new policy "Support reads customers" is ORed with the older one. Name the role it is meant for.',
          docs: 'docs/rules/access/widened.md',
        }),
        finding({
          rule: 'safety/index-not-concurrent',
          severity: 'warning',
          evidence: ['static', 'replay'],
          file: status,
          line: 7,
          object: 'public.customers',
          message:
            'CREATE INDEX blocks writes to "public.customers" until it is done. Create it CONCURRENTLY in a file of its own.',
          help: 'create index concurrently if not exists idx_customers_email on public.customers (email);',
          docs: 'docs/rules/safety/index-not-concurrent.md',
        }),
        finding({
          rule: 'structure/table-comment',
          severity: 'info',
          evidence: ['static'],
          message: 'Table "public.invoices" has no comment. Say in one sentence what a row stands for.',
          help: "comment on table public.invoices is '…';",
          docs: 'docs/rules/structure/table-comment.md',
        }),
        finding({
          rule: 'rls/initplan',
          severity: 'info',
          evidence: ['static'],
          line: 18,
          message: 'Policy "Customers update" calls auth.uid() for every row. Wrap it in a sub-select.',
          docs: 'docs/rules/rls/initplan.md',
        }),
      ],
      preexisting: { error: 1, warning: 14, info: 3 },
      notChecked: [
        {
          what: 'extension "postgis"',
          why: 'the embedded engine does not have it: 1 statement was passed over',
          file: invoices,
          line: 2,
        },
      ],
      suppressed: [
        {
          finding: finding({
            rule: 'performance/foreign-key-index',
            severity: 'warning',
            object: 'public.invoices',
          }),
          reason: 'the table holds at most a dozen rows',
          by: 'comment',
          file: invoices,
          line: 12,
        },
      ],
      checklist: checklistIds.map((id) => ({
        id,
        title: titles[id],
        status:
          id === 'naming' || id === 'rls-enabled' || id === 'applies' || id === 'access-tested'
            ? 'fail'
            : id === 'comments' || id === 'policies'
              ? 'warn'
              : id === 'foreign-key-indexes'
                ? 'skip'
                : 'pass',
        detail:
          id === 'rls-enabled'
            ? '1 error: "public.invoices"'
            : id === 'foreign-key-indexes'
              ? 'nothing of the kind in this change'
              : '1 new table',
      })),
      access: {
        objects,
        changes: [
          {
            object: 'public.customers',
            principal: 'user',
            command: 'select',
            before: 'own',
            after: 'all',
            direction: 'widened',
          },
          {
            object: 'public.orders',
            principal: 'user',
            command: 'update',
            before: 'own',
            after: 'none',
            direction: 'narrowed',
          },
          {
            object: 'public.invoices',
            principal: 'anon',
            command: 'select',
            before: null,
            after: 'all',
            direction: 'widened',
          },
        ],
        signUps: [],
      },
      rollback: [
        {
          path: invoices,
          plan: 'section',
          planPath: invoices,
          planLine: 40,
          status: 'restores',
          sql: null,
          differences: [],
          losesData: [],
          error: null,
          detail: null,
        },
        {
          path: status,
          plan: 'generated',
          planPath: null,
          planLine: null,
          status: 'differs',
          sql: 'drop index if exists public.idx_customers_email;\nalter table public.orders drop column if exists status;',
          differences: ['column order of "public.orders"'],
          losesData: ['values of "public.orders.status"'],
          error: null,
          detail: null,
        },
      ],
      schemaDiff: {
        added: [
          { kind: 'table', object: 'public.invoices', before: null, after: '5 columns, primary key (id)' },
          {
            kind: 'policy',
            object: 'public.customers."Support reads customers"',
            before: null,
            after: 'for select to authenticated using (true)',
          },
          { kind: 'index', object: 'public.idx_customers_email', before: null, after: 'btree (email)' },
        ],
        removed: [{ kind: 'grant', object: 'public.orders', before: 'update to authenticated', after: null }],
        changed: [
          { kind: 'column', object: 'public.payments.amount', before: 'integer', after: 'numeric(12,2)' },
        ],
      },
      diagram: {
        tables: [
          {
            table: 'public.customers',
            change: 'unchanged',
            columns: [{ name: 'id', type: 'uuid', primaryKey: true, foreignKey: false, change: 'unchanged' }],
          },
          {
            table: 'public.invoices',
            change: 'added',
            columns: [
              { name: 'id', type: 'uuid', primaryKey: true, foreignKey: false, change: 'unchanged' },
              { name: 'customer_id', type: 'uuid', primaryKey: false, foreignKey: true, change: 'unchanged' },
              {
                name: 'total',
                type: 'numeric(12,2)',
                primaryKey: false,
                foreignKey: false,
                change: 'unchanged',
              },
              {
                name: 'created_at',
                type: 'timestamp with time zone',
                primaryKey: false,
                foreignKey: false,
                change: 'unchanged',
              },
            ],
          },
          {
            table: 'public.payments',
            change: 'changed',
            columns: [
              { name: 'id', type: 'uuid', primaryKey: true, foreignKey: false, change: 'unchanged' },
              {
                name: 'amount',
                type: 'numeric(12,2)',
                primaryKey: false,
                foreignKey: false,
                change: 'changed',
              },
            ],
          },
        ],
        references: [
          {
            from: 'public.invoices',
            to: 'public.customers',
            columns: ['customer_id'],
            unique: false,
            change: 'added',
          },
        ],
      },
      coverage: { statements: 14, statementsChecked: 13, objects: 5, objectsProbed: 5 },
    }),
  ],
});

/** A correct migration. */
export const allWell: Report = report({
  projects: [
    project({
      access: {
        objects: [
          {
            ...objects[0]!,
            rls: true,
            cells: [],
            summary: [
              { principal: 'anon', command: 'select', access: 'none' },
              { principal: 'user', command: 'select', access: 'own' },
              { principal: 'user', command: 'insert', access: 'own' },
              { principal: 'service_role', command: 'select', access: 'all' },
            ],
          },
        ],
        changes: [
          {
            object: 'public.invoices',
            principal: 'user',
            command: 'select',
            before: null,
            after: 'own',
            direction: 'widened',
          },
        ],
        signUps: [],
      },
      schemaDiff: {
        added: [
          { kind: 'table', object: 'public.invoices', before: null, after: '5 columns, primary key (id)' },
        ],
        removed: [],
        changed: [],
      },
      rollback: [
        {
          path: invoices,
          plan: 'section',
          planPath: invoices,
          planLine: 40,
          status: 'restores',
          sql: null,
          differences: [],
          losesData: [],
          error: null,
          detail: null,
        },
      ],
    }),
  ],
});

export const nothingChanged: Report = report({ verdict: 'pass', projects: [] });

export const halted: Report = report({
  verdict: 'incomplete',
  projects: [
    project({
      verdict: 'incomplete',
      engine: null,
      stages: [
        { id: 'discover', status: 'done', reason: null },
        { id: 'read', status: 'done', reason: null },
        {
          id: 'replay',
          status: 'failed',
          reason: 'the database at "localhost:5432" did not answer within 10 s',
        },
      ],
      coverage: { statements: 9, statementsChecked: 0, objects: 0, objectsProbed: 0 },
      checklist: checklistIds.map((id) => ({ id, title: titles[id], status: 'skip', detail: 'not checked' })),
    }),
  ],
});

/** A main that does not apply from zero. */
export const brokenMain: Report = report({
  projects: [
    project({
      base: { ref: 'main', sha: null, reproducible: false, applied: 3, total: 41 },
      engine: {
        kind: 'embedded',
        postgres: '17.5',
        grants: 'mixed',
        note: 'The project asks for Postgres 15; this is 17.5.',
      },
      coverage: { statements: 9, statementsChecked: 6, objects: 2, objectsProbed: 1 },
    }),
  ],
});

export const twoProjects: Report = report({
  verdict: 'fail',
  projects: [
    { ...mistakes.projects[0]!, path: 'apps/shop' },
    { ...allWell.projects[0]!, path: 'apps/admin' },
  ],
});
