/** What `check` says of a mutant: the correct schema is the base, the mutant the one changed migration. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../../src/check.ts';
import type { AccessChange } from '../../src/model/access.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { ProjectReport } from '../../src/model/report.ts';
import type { Mutant } from './mutants.ts';
import type { Verdict } from './oracle.ts';
import type { SweepSchema } from './schemas.ts';

export interface Seen {
  /** New findings about access, gravest first. */
  readonly findings: readonly Pick<Finding, 'rule' | 'severity' | 'object' | 'causes' | 'message'>[];
  readonly changes: readonly AccessChange[];
}

export type Catch = 'error' | 'warning' | 'change' | 'missed';

const aboutAccess = /^(access|rls|grants|views|functions|storage)\//;
const now = Date.parse('2026-11-26T12:00:00Z');

/** `sql` null: the schema itself is the change. */
export async function seenBy(schema: SweepSchema, sql: readonly string[] | null): Promise<Seen> {
  const root = mkdtempSync(join(tmpdir(), 'guard-sweep-'));
  try {
    const migrations = join(root, 'supabase', 'migrations');
    mkdirSync(migrations, { recursive: true });
    const files = { base: '20261101000000_base.sql', mutant: '20261102000000_mutant.sql' };
    writeFileSync(join(migrations, files.base), schema.sql);
    if (sql !== null) writeFileSync(join(migrations, files.mutant), `${sql.join(';\n')};\n`);
    const report = await check({
      cwd: root,
      project: root,
      everyProject: false,
      selection: { kind: 'changed', files: [join(migrations, sql === null ? files.base : files.mutant)] },
      remote: null,
      baseTip: [],
      openPullRequests: [],
      configFile: null,
      configFromBase: false,
      overrides: { grantsEra: 'explicit' },
      stages: 'access',
      now,
    });
    return seenIn(report.projects[0]!);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function seenIn(project: ProjectReport): Seen {
  const failed = project.migrations.find(({ status }) => status !== 'applied');
  if (failed !== undefined)
    throw new Error(`${failed.path}: ${failed.status} ${failed.error?.message ?? ''}`);
  return {
    findings: project.findings.filter(({ rule, new: isNew }) => isNew && aboutAccess.test(rule)),
    changes: project.access?.changes ?? [],
  };
}

/** A finding counts where it is about the mutant's object, or about what the changed statements name. */
export function caught(mutant: Mutant, verdict: Verdict, { findings, changes }: Seen): Catch {
  const named = verdict.changed.flatMap(({ ask }) => ask.sql.match(/\b(?:public|private)\.\w+/g) ?? []);
  const about = [mutant.object, ...named];
  const fits = (object: string | null) =>
    object !== null &&
    (about.some((name) => object === name || object.startsWith(`${name}(`)) ||
      (mutant.object.startsWith('storage.') && /^(storage\.|buckets?\b|letters|team-files)/.test(object)));
  const those = findings.filter(
    ({ object, message }) => fits(object) || message.includes(` opens ${mutant.object}`),
  );
  if (those.some(({ severity }) => severity === 'error')) return 'error';
  if (those.some(({ severity }) => severity === 'warning')) return 'warning';
  return changes.some(({ object }) => fits(object)) ? 'change' : 'missed';
}
