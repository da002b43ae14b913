/** `migration-guard new "create customer invoices table"`: an empty migration in the structure of the handbook. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readMigrations } from '../project/migrations.ts';
import { findProject, UsageError } from '../project/project.ts';
import { migrationTemplate, nextVersion, timeKeeper, toName } from '../project/template.ts';
import { type Command, readArguments } from './command.ts';

export const newMigration: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, { project: { type: 'string' } });
  const words = positionals.join(' ').trim();
  const name = toName(words);
  if (name === '')
    throw new UsageError('Say what the migration does, as in: migration-guard new "create invoices table".');
  const root = await findProject(terminal.cwd, values.project);
  const folder = join(root, 'supabase', 'migrations');
  const { migrations } = await readMigrations(folder, 'supabase/migrations');
  const now = new Date();
  const version = nextVersion(
    now,
    migrations.map((migration) => migration.version),
  );
  const path = join(folder, `${version}_${name}.sql`);
  const keeper = timeKeeper(migrations.map(({ text }) => text ?? ''));
  await mkdir(folder, { recursive: true });
  await writeFile(path, migrationTemplate(words, name, version, keeper), { flag: 'wx' });
  terminal.stdout.write(`${relative(terminal.cwd, path)}\n`);
  return 0;
};
