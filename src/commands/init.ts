/** `migration-guard init`: the workflow and the configuration, once, never over what is there. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Git } from '../changes/git.ts';
import { configName } from '../config/load.ts';
import { findProject } from '../project/project.ts';
import { type Command, noWords, readArguments } from './command.ts';

export const init: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, {
    project: { type: 'string' },
    server: { type: 'boolean' },
  });
  noWords('init', positionals);
  const root = await findProject(terminal.cwd, values.project);
  const top = (await Git.open(root))?.root ?? root;
  await write(join(top, '.github', 'workflows', 'migration-guard.yml'), workflow(values.server ?? false));
  await write(join(root, configName), configuration);
  terminal.stdout.write(
    'Commit these files, open a pull request, then make the job "migration-guard" a required check of your main branch.\n',
  );
  return 0;

  async function write(path: string, text: string) {
    const shown = relative(terminal.cwd, path);
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(path, text, { flag: 'wx' });
      terminal.stdout.write(`wrote    ${shown}\n`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      terminal.stdout.write(`kept     ${shown} (it is there already)\n`);
    }
  }
};

/** The same as in README.md: a test holds them together. */
export const workflow = (server: boolean) => `name: Supabase Migration Guard
on:
  # No "paths" filter: a required check must report on every pull request. Without migrations it ends at once.
  pull_request:
  merge_group:
concurrency:
  # A newer commit of the pull request makes an older run pointless.
  group: migration-guard-\${{ github.ref }}
  cancel-in-progress: true
permissions: {}
jobs:
  migration-guard:
    runs-on: ubuntu-latest
    permissions:
      contents: read # to read the migrations
      pull-requests: write # to post the comment
${
  server
    ? `    services:
      postgres:
        image: postgres:17
        env:
          POSTGRES_USER: supabase_admin
          POSTGRES_DB: postgres
          POSTGRES_PASSWORD: postgres
        ports: ['5432:5432']
        options: --health-cmd pg_isready --health-interval 2s --health-retries 20
`
    : ''
}    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: supabase-migration-guard/supabase-migration-guard@v0
${
  server
    ? `        with:
          database-url: postgresql://supabase_admin:postgres@localhost:5432/postgres
`
    : ''
}`;

const configuration = `# Supabase Migration Guard. Everything here has a default: leave out what you do not want to change.
# All keys: docs/configuration.md. On pull requests this file is read from the base branch.
preset: recommended
fail-on: error
# rules:
#   structure/table-comment: warning
#   safety/index-not-concurrent: off
`;
