/** Finds the command and runs it. One file a command; each is loaded only when it is called. */
import { CannotCheck } from '../changes/discover.ts';
import { nearest } from '../config/load.ts';
import { UsageError } from '../project/project.ts';
import { version } from '../version.ts';
import type { Command, Terminal } from './command.ts';
import { helpOf } from './help.ts';

const commands: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  check: {
    summary: 'lint, replay, probe and roll back what changed',
    load: async () => (await import('./check.ts')).check,
  },
  lint: {
    summary: 'read the SQL only; --fix mends what is certain',
    load: async () => (await import('./lint.ts')).lint,
  },
  rules: { summary: 'list every rule', load: async () => (await import('./rules.ts')).rules },
  explain: {
    summary: 'say what a rule means and what to do',
    load: async () => (await import('./explain.ts')).explain,
  },
  access: { summary: 'show who reaches which rows', load: async () => (await import('./access.ts')).access },
  rollback: {
    summary: 'print or write the way back of a migration',
    load: async () => (await import('./rollback.ts')).rollback,
  },
  init: {
    summary: 'write the workflow and the configuration',
    load: async () => (await import('./init.ts')).init,
  },
  status: {
    summary: 'list the migrations as the Supabase CLI will run them',
    load: async () => (await import('./status.ts')).status,
  },
  new: {
    summary: 'write a migration with the house structure',
    load: async () => (await import('./new.ts')).newMigration,
  },
};

/** Each command's own options: migration-guard COMMAND --help
Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 the guard could not work. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  const say = (text: string) => terminal.stderr.write(`migration-guard: ${text}\n`);
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      terminal.stdout.write(help());
      return name === undefined ? 2 : 0;
    }
    if (name === '--version' || name === '-v') {
      terminal.stdout.write(`${version}\n`);
      return 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined) {
      const near = nearest(name, Object.keys(commands));
      throw new UsageError(
        `There is no command "${name}".${near === null ? '' : ` Did you mean "${near}"?`} See "migration-guard --help".`,
      );
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.stdout.write(helpOf(name, command.summary));
      return 0;
    }
    return await (await command.load())(rest, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      say(error.message);
      return 2;
    }
    say(error instanceof CannotCheck ? error.message : unexpected(error));
    return 3;
  }
}

function unexpected(error: unknown): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:\n${detail}`;
}

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Supabase Migration Guard ${version}: what a migration will really do, before you merge it.

Usage: migration-guard COMMAND [OPTIONS]

${list.join('\n')}

What to look at
  --project DIR          folder that holds supabase/ (default: the nearest)
  --base REF             compare with this commit (default: the merge base with the default branch)
  --changed FILE…        take these files as the change
  --all                  judge every migration, each on top of those before it
How
  --database-url URL     replay on this throw-away Postgres instead of the embedded one
  --baseline FILE        lay this dump of the schema down first
  --remote-url URL       read the migration history of this database (read-only): what it has run is not new
  --config FILE          configuration (default: supabase/migration-guard.yml)
What to say
  --format FORMAT        pretty, json, sarif, markdown or github
  --output FILE          write there instead of standard output
  --fail-on SEVERITY     error (default), warning or never

Exit code: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 could not do its work.
`;
}
