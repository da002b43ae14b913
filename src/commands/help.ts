/** What `COMMAND --help` prints: the command's own usage and options. */

const project = '--project DIR          folder that holds supabase/ (default: the nearest)';
const change = [
  project,
  '--base REF             compare with this commit (default: the merge base with the default branch)',
  '--changed FILE…        take these files as the change; FILE without the option does the same',
  '--all                  judge every migration, each on top of those before it',
];
const config = '--config FILE          configuration (default: supabase/migration-guard.yml)';
const output = '--output FILE          write there instead of standard output';
const era =
  '--grants-era ERA       automatic, explicit or auto (default, by the date in the file names): whether new tables are granted to the API roles';
const engine = [
  '--database-url URL     replay on this throw-away Postgres instead of the embedded one',
  '--baseline FILE        lay this dump of the schema down first',
];
const verdict = [
  config,
  '--preset PRESET        recommended (default) or strict',
  era,
  '--format FORMAT        pretty, json, sarif, markdown or github',
  output,
  '--fail-on SEVERITY     error (default), warning or never',
];

interface Help {
  readonly usage: string;
  readonly options: readonly string[];
}

export const commandHelp: Readonly<Record<string, Help>> = {
  check: {
    usage: 'check [FILE…] [OPTIONS]',
    options: [
      ...change,
      ...engine,
      '--remote-url URL       read the migration history of this database (read-only): what it has run is not new',
      '--require checked      what could not be checked fails too',
      ...verdict,
    ],
  },
  lint: {
    usage: 'lint [FILE…] [--fix] [OPTIONS]',
    options: [
      '--fix                  mend on disk what is certain; with --all, what the default branch has is left alone',
      ...change,
      ...verdict,
    ],
  },
  access: {
    usage: 'access [OBJECT…] [--write] [--emit pgtap] [OPTIONS]',
    options: [
      'OBJECT                 only these, as in "public.notes" or "notes"',
      '--write                write what is seen into the configuration, as expected access',
      '--emit pgtap           print it as pgTAP tests',
      '--format FORMAT        pretty, markdown, html or json',
      output,
      project,
      config,
      era,
      ...engine,
    ],
  },
  rollback: {
    usage: 'rollback FILE [--write migration|companion] [OPTIONS]',
    options: [
      '--write migration      write it as the newest migration',
      '--write companion      write it to supabase/rollback/, where nothing runs by itself',
      output,
      project,
      config,
      era,
      ...engine,
    ],
  },
  init: {
    usage: 'init [--server]',
    options: ['--server               a workflow with a Postgres service', project],
  },
  status: {
    usage: 'status [OPTIONS]',
    options: [
      '--remote-url URL       say which of them this database has run (read-only)',
      '--base REF             say what differs from this commit (default: the merge base with the default branch)',
      '--all                  without git',
      '--format FORMAT        pretty or json',
      output,
      project,
    ],
  },
  new: { usage: 'new "what it does"', options: [project] },
  rules: { usage: 'rules [OPTIONS]', options: ['--format FORMAT        pretty or json', output] },
  explain: { usage: 'explain RULE', options: [] },
};

export function helpOf(name: string, summary: string): string {
  const { usage, options } = commandHelp[name]!;
  const list = options.length === 0 ? '' : `\n${options.map((line) => `  ${line}\n`).join('')}`;
  return `migration-guard ${name}: ${summary}\n\nUsage: migration-guard ${usage}\n${list}`;
}
