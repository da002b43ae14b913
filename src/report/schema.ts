/**
 * The report's shape for readers outside: `docs/report.schema.json` is generated from it, and a report that comes from
 * somewhere else (the artifact of a fork's run) is checked against it. Enumerations are open and objects may hold more:
 * fields can be added, never changed.
 */
import { z } from 'zod';
import type { Report } from '../model/report.ts';

const open = (...known: readonly [string, ...string[]]) => z.union([z.enum(known), z.string()]);
const text = z.string().nullable();
const number = z.number().nullable();
const count = z.number();
const strings = z.array(z.string());

const severity = open('error', 'warning', 'info');
const command = open('select', 'insert', 'update', 'delete', 'execute');
const principal = open('anon', 'user', 'user-anonymous', 'service_role');
const access = open('none', 'own', 'all', 'conditional', 'unknown');
const grants = open('automatic', 'explicit', 'mixed');
const verdict = open('pass', 'fail', 'incomplete');
const change = open('added', 'removed', 'changed', 'unchanged');

const edit = z.object({
  file: z.string(),
  startLine: count,
  startColumn: count,
  endLine: count,
  endColumn: count,
  text: z.string(),
});

const finding = z.object({
  rule: z.string(),
  severity,
  evidence: z.array(open('static', 'replay', 'catalog', 'probe', 'rollback')),
  fingerprint: z.string(),
  new: z.boolean(),
  mendedBy: text,
  message: z.string(),
  file: text,
  line: number,
  column: number,
  endLine: number,
  endColumn: number,
  object: text,
  causes: strings,
  help: text,
  docs: z.string(),
  repro: text,
  fix: z
    .looseObject({
      title: z.string(),
      edits: z.array(edit),
      rename: z.object({ from: z.string(), to: z.string() }).optional(),
    })
    .nullable(),
});

const migration = z.object({
  path: z.string(),
  version: z.string(),
  name: z.string(),
  change: open('added', 'edited', 'renamed', 'removed', 'unchanged'),
  status: open('applied', 'partial', 'failed', 'skipped', 'not-checkable', 'not-run'),
  grants,
  durationMs: count,
  error: z
    .object({ sqlstate: z.string(), message: z.string(), line: count, alsoOnBase: z.boolean() })
    .nullable(),
  statements: z.array(
    z.object({
      line: count,
      endLine: count,
      kind: z.string(),
      durationMs: count,
      locks: z.array(z.object({ relation: z.string(), mode: z.string(), source: open('manual').optional() })),
      rewrites: strings,
    }),
  ),
});

const proof = z.object({ as: z.string(), sql: z.string(), result: z.string() });

const object = z.object({
  object: z.string(),
  kind: open('table', 'view', 'function', 'bucket', 'channel'),
  rls: z.boolean().nullable(),
  summary: z.array(z.object({ principal, command, access })),
  cells: z.array(
    z.object({
      principal,
      command,
      subject: open('own', 'foreign', 'unowned', 'spoof', 'transfer'),
      outcome: open('allowed', 'no-permission', 'filtered', 'check-failed', 'constraint', 'error', 'unknown'),
      columns: strings,
      representation: z.boolean(),
      when: text,
      via: text,
      reached: z
        .object({ how: open('gave', 'changed', 'made', 'counted'), column: z.string().optional() })
        .optional(),
      proof: z.array(proof),
      reason: text,
    }),
  ),
  ownerColumns: strings,
});

const signUpError = z.object({ sqlstate: z.string(), message: z.string(), where: text });
const signUp = z.object({
  variant: open('email-metadata', 'email', 'phone', 'anonymous'),
  status: open('works', 'fails'),
  step: text,
  error: signUpError.nullable(),
  created: z.record(z.string(), count),
  needs: z
    .array(
      z.object({
        table: z.string(),
        column: z.string(),
        value: z.string(),
        laid: z.boolean(),
        error: signUpError,
      }),
    )
    .optional(),
});

const rollback = z.object({
  path: z.string(),
  plan: open('file', 'section', 'generated', 'none'),
  planPath: text,
  planLine: number,
  status: open('restores', 'differs', 'failed', 'irreversible', 'not-run'),
  sql: text,
  differences: strings,
  losesData: strings,
  error: z
    .object({ sqlstate: z.string(), message: z.string(), detail: text.optional(), line: number })
    .nullable(),
  detail: text,
});

const diffEntry = z.object({ kind: z.string(), object: z.string(), before: text, after: text });

const diagram = z.object({
  tables: z.array(
    z.object({
      table: z.string(),
      change,
      columns: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          primaryKey: z.boolean(),
          foreignKey: z.boolean(),
          change,
        }),
      ),
    }),
  ),
  references: z.array(
    z.object({ from: z.string(), to: z.string(), columns: strings, unique: z.boolean(), change }),
  ),
});

const project = z.object({
  path: z.string(),
  verdict,
  failOn: open('error', 'warning', 'never'),
  base: z.object({
    ref: text,
    sha: text,
    reproducible: z.boolean().nullable(),
    applied: number,
    total: number,
  }),
  engine: z
    .object({
      kind: open('embedded', 'server'),
      postgres: z.string(),
      grants,
      grantsBy: open('date').optional(),
      note: text,
    })
    .nullable(),
  stages: z.array(
    z.object({
      id: open('discover', 'read', 'replay', 'inspect', 'probe', 'rollback', 'judge'),
      status: open('done', 'partial', 'skipped', 'failed'),
      reason: text,
    }),
  ),
  migrations: z.array(migration),
  findings: z.array(finding),
  preexisting: z.object({ error: count, warning: count, info: count }),
  suppressed: z.array(
    z.object({ finding, reason: z.string(), by: open('comment', 'config'), file: z.string(), line: number }),
  ),
  notChecked: z.array(
    z.object({
      what: z.string(),
      why: z.string(),
      file: text,
      line: number,
      access: z.object({ object: z.string(), policy: text }).optional(),
    }),
  ),
  checklist: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: open('pass', 'fail', 'warn', 'skip'),
      detail: z.string(),
    }),
  ),
  access: z.object({
    objects: z.array(object),
    changes: z.array(
      z.object({
        object: z.string(),
        principal,
        command,
        before: access.nullable(),
        after: access.nullable(),
        direction: open('widened', 'narrowed', 'shifted', 'unclear'),
        gained: z.array(z.string()).optional(),
        lost: z.array(z.string()).optional(),
      }),
    ),
    signUps: z.array(signUp),
  }),
  rollback: z.array(rollback),
  schemaDiff: z.object({
    added: z.array(diffEntry),
    removed: z.array(diffEntry),
    changed: z.array(diffEntry),
  }),
  diagram: diagram.nullable(),
  tests: z.array(
    z.object({
      path: z.string(),
      status: open('passed', 'failed', 'error', 'not-checkable'),
      passed: count,
      failed: count,
      detail: text,
    }),
  ),
  timings: z.object({ totalMs: count, stages: z.record(z.string(), count) }),
  coverage: z.object({ statements: count, statementsChecked: count, objects: count, objectsProbed: count }),
});

export const reportSchema = z
  .looseObject({
    schemaVersion: z.literal(1),
    tool: z.object({ name: z.literal('supabase-migration-guard'), version: z.string() }),
    verdict,
    failOn: open('error', 'warning', 'never'),
    projects: z.array(project),
    problem: text,
  })
  .describe(
    'What `migration-guard check --format json` prints. Enumerations are open: expect values you do not know.',
  );

/** Fails to compile where the model has a field that the schema reads otherwise. */
type Holds<T extends true> = T;
type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
export type SchemaFitsModel = Holds<Mutable<Report> extends z.input<typeof reportSchema> ? true : false>;

export const reportJsonSchema = (): object => ({
  $id: 'https://github.com/supabase-migration-guard/report.schema.json',
  title: 'Report of Supabase Migration Guard',
  ...z.toJSONSchema(reportSchema, { io: 'input' }),
});

/** A report from outside; the reason where it is none. */
export function readReport(value: unknown): { readonly report: Report } | { readonly problem: string } {
  const result = reportSchema.safeParse(value);
  if (result.success) return { report: result.data as unknown as Report };
  const [issue] = result.error.issues;
  return { problem: `${issue!.path.join('.') || 'the report'}: ${issue!.message}` };
}
