/** `migration-guard rollback FILE`: the way back of a migration, tried in Postgres; printed, or written. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { check } from '../check.ts';
import type { RollbackResult } from '../model/rollback.ts';
import { readMigrations } from '../project/migrations.ts';
import { findProject, UsageError } from '../project/project.ts';
import { nextVersion } from '../project/template.ts';
import { type Command, print, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { failedStages, withProgress } from './show.ts';

const words = {
  restores: 'It was run: the catalog is as before.',
  differs: 'It was run, and the catalog differs from before:',
  failed: 'It was run, and failed:',
  irreversible: 'It was run: the catalog is as before, but this data is not brought back:',
  'not-run': 'It was not run:',
};

export const rollback: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, {
    ...sharedOptions,
    write: { type: 'string' },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError('Name one migration, as in: migration-guard rollback 20260101000000_x.sql.');
  const { write } = values;
  if (write !== undefined && write !== 'migration' && write !== 'companion') {
    throw new UsageError(`--write is migration or companion, not "${write}".`);
  }
  const shared = readShared(values, [file]);
  // As it stood when that migration was the newest: what came later may need what it made.
  const selection = { kind: 'changed', files: [file], asNewest: true } as const;
  const report = await withProgress(terminal, (io) =>
    check({ ...toCheckSettings(shared, terminal, 'rollback'), selection }, io),
  );
  const [project] = report.projects;
  const result = project?.rollback[0];
  const sql = result?.alternative ?? result?.sql;
  const failed = failedStages(report);
  if (!sql && failed !== '') {
    terminal.stderr.write(`migration-guard: The way back could not be looked for. ${failed}\n`);
    return 3;
  }
  if (project === undefined || result === undefined || !sql) {
    const reason =
      result?.detail ?? project?.migrations.find(({ change }) => change !== 'unchanged')?.error?.message;
    terminal.stderr.write(
      `migration-guard: No way back could be found or written for "${file}"${reason ? `: ${reason}` : ''}.\n`,
    );
    return 1;
  }
  const status = !result.alternative
    ? result.status
    : result.losesData.length > 0
      ? 'irreversible'
      : 'restores';
  const own = [
    ...result.differences.map((line) => `  ${line}`),
    ...(result.error ? [`  ${withDetail(result.error)}`] : []),
  ];
  const notes = [
    ...(result.alternative ? [notTaken(result), ...own, 'What follows was generated instead.'] : []),
    words[status],
    ...(result.alternative ? [] : own),
    ...result.losesData.map((line) => `  ${line}`),
    ...(result.upAgain ? ['The migration was run once more after it, and led to the same catalog.'] : []),
    ...(result.detail ? [result.detail] : []),
  ];
  const root = await findProject(terminal.cwd, shared.project);
  const name = result.path.slice(result.path.lastIndexOf('/') + 1);
  const later = (await readdir(join(root, 'supabase', 'migrations'))).filter(
    (other) => /^\d+_.*\.sql$/.test(other) && other > name && other !== basename(result.planPath ?? ''),
  ).length;
  if (later > 0) {
    const [stand, them] = later === 1 ? ['migration stands', 'it'] : ['migrations stand', 'them'];
    notes.push(
      `It leads back from where this migration was the newest: ${later} later ${stand} on it. Undo ${them} first.`,
    );
  }
  const text = `${notes.map((line) => `-- ${line.replaceAll('\n', '\n-- ')}`).join('\n')}\n${sql.trimEnd()}\n`;
  if (write === undefined) await print(terminal, shared.output, text);
  else {
    const path = await placeFor(root, result.path, write);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(
        `"${relative(terminal.cwd, path)}" can't be written (${error.code}). Remove it first, or print the SQL without --write.`,
      );
    });
    terminal.stdout.write(`${relative(terminal.cwd, path)}\n`);
    // What the file can't do is not left to be found in it.
    if (status !== 'restores' || result.detail) terminal.stderr.write(`${notes.join('\n')}\n`);
  }
  return status === 'restores' || status === 'irreversible' ? 0 : 1;
};

/** What the migration brings along and what became of it, where another way back is printed. */
function notTaken({ plan, planPath, planLine, status }: RollbackResult): string {
  const where =
    plan === 'section' ? `Its own Rollback section (line ${planLine})` : `Its own rollback "${planPath}"`;
  return `${where} was run, and ${status === 'failed' ? 'failed:' : 'leaves a difference:'}`;
}

const withDetail = ({ message, detail }: NonNullable<RollbackResult['error']>): string =>
  [message, ...(detail?.split('\n') ?? [])].join('\n  ');

/** A companion never lies in `migrations/`: the Supabase CLI would run `x.down.sql` there as a migration. */
async function placeFor(root: string, migration: string, write: 'migration' | 'companion'): Promise<string> {
  const name = migration.slice(migration.lastIndexOf('/') + 1);
  if (write === 'companion') return join(root, 'supabase', 'rollback', name);
  const folder = join(root, 'supabase', 'migrations');
  const { migrations } = await readMigrations(folder, 'supabase/migrations');
  const version = nextVersion(
    new Date(),
    migrations.map((one) => one.version),
  );
  return join(folder, `${version}_rollback_${name.replace(/^\d+_/, '')}`);
}
