/**
 * Writes __tests__/database/platform-list.json: what the public sources' own migrations make of the platform's schemas.
 * They are laid on a throw-away Postgres 17, and the catalog is read. The list holds names, types and rights, never their SQL.
 * usage: npm run platform-list -- postgres=DIR auth=DIR storage=DIR realtime=DIR vault=DIR cli=DIR
 *     [later=DIR]
 *   DIR: a clone of github.com/supabase/<name>, with or without a work tree; what is read is its HEAD.
 *   later: a folder of .sql files of supabase/postgres that are newer than the clone, or that belong to an extension: its
 *   migrations (`<digits>_….sql`), and scripts for after CREATE EXTENSION, laid last. Their names are recorded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { loadParser, parseSource } from '../src/sql/parse.ts';
import { readPlatformFacts } from './platform-facts.ts';
import { startServer } from './server.ts';

const repositories = ['postgres', 'auth', 'storage', 'realtime', 'vault', 'cli'] as const;
type Repository = (typeof repositories)[number];

const given = new Map(process.argv.slice(2).map((argument) => argument.split('=') as [string, string]));
const missing = repositories.filter((name) => !given.has(name));
if (missing.length > 0) {
  console.error(
    `Name a clone of each of ${missing.map((name) => `supabase/${name}`).join(', ')}: ${missing[0]}=DIR.`,
  );
  process.exit(2);
}

function git(repository: Repository, ...args: string[]): string {
  const folder = given.get(repository)!;
  const own = join(folder, '.git');
  return execFileSync('git', [`--git-dir=${existsSync(own) ? own : folder}`, ...args], {
    encoding: 'utf8',
    maxBuffer: 64_000_000,
  });
}
/** Files of a folder in the order of their names, numbers as numbers: `0011` comes after `00010`. */
function files(repository: Repository, folder: string, ending: string): { path: string; text: string }[] {
  return git(repository, 'ls-tree', '--name-only', 'HEAD', `${folder}/`)
    .split('\n')
    .filter((path) => path.endsWith(ending))
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .map((path) => ({ path, text: git(repository, 'show', `HEAD:${path}`) }));
}

const laterFolder = given.get('later');
const later = (laterFolder ? readdirSync(laterFolder).sort() : [])
  .filter((path) => path.endsWith('.sql'))
  .map((path) => ({ path, text: readFileSync(join(laterFolder!, path), 'utf8') }));

await loadParser();
const server = await startServer();
/** What could not be laid: only an extension that this server lacks, and what needs it, may be among it. */
const passedOver: string[] = [];
let client: pg.Client;

/** Statement by statement, each on its own, as `psql -f` sends a file. */
async function lay(role: string, path: string, text: string, lenient = false): Promise<void> {
  await client.query(`reset all; set session authorization ${role}`);
  const { statements, issue } = parseSource(path, text);
  if (issue) throw new Error(`${path}:${issue.span.line} ${issue.message}`);
  for (const { kind, sql, span } of statements) {
    if (kind === 'TransactionStmt') continue;
    try {
      await client.query(sql);
    } catch (error) {
      const said = `${path}:${span.line} ${(error as Error).message}`;
      if (!lenient) throw new Error(said);
      passedOver.push(said);
    }
  }
  await client.query('reset session authorization');
}

const connect = async (user: string) => {
  const url = new URL(server.url);
  url.username = user;
  const made = new pg.Client({ connectionString: url.href });
  // After an error the server is stopped under the open connection.
  made.on('error', () => {});
  await made.connect();
  return made;
};

try {
  // The image's bootstrap superuser is supabase_admin; postgres is a superuser until a migration demotes it.
  const first = await connect('postgres');
  await first.query("create role rename_bootstrap superuser login password 'scripts'");
  await first.end();
  client = await connect('rename_bootstrap');
  await client.query(
    "alter role postgres rename to supabase_admin; alter role supabase_admin password 'scripts'",
  );
  await client.query('create role postgres superuser login; alter database postgres owner to postgres');
  await client.end();
  client = await connect('supabase_admin');

  for (const { path, text } of files('postgres', 'migrations/db/init-scripts', '.sql'))
    await lay('postgres', path, text, true);
  for (const { path, text } of files('postgres', 'migrations/db/migrations', '.sql'))
    await lay('supabase_admin', path, text, true);
  for (const { path, text } of later.filter(({ path }) => /^\d/.test(path)))
    await lay('supabase_admin', path, text);

  // GoTrue: Go templates with the schema's name in them, `schema_migrations` in it.
  for (const { path, text } of files('auth', 'migrations', '.up.sql')) {
    await lay(
      'supabase_auth_admin',
      path,
      text.replace(/\{\{\s*index \.Options "Namespace"\s*\}\}/g, 'auth'),
    );
  }

  // Storage as the CLI starts it: roles are there, one tenant (its config.ts and the CLI's storage environment).
  await client.query(`alter role supabase_storage_admin set storage.install_roles = 'false'`);
  const settings = Object.entries({ install_roles: 'false', multitenant: 'false', super_user: 'postgres' });
  for (const { path, text } of files('storage', 'migrations/tenant', '.sql')) {
    await lay(
      'supabase_storage_admin',
      path,
      `${settings.map(([name, value]) => `set storage.${name} = '${value}';`).join(' ')} set search_path = storage, public, extensions; ${text}`,
    );
  }

  // Realtime: its own dump for new projects, in one piece.
  await client.query(git('realtime', 'show', 'HEAD:priv/repo/tenant_db_dump_17.sql').replace(/^\\.*$/gm, ''));
  await client.query('reset all');

  // Vault: an extension with a library. Functions in C are made of nothing here: their signatures are what counts.
  const vaultFiles = files('vault', 'sql', '.sql');
  const [install] = vaultFiles.filter(({ path }) => /--[\d.]+\.sql$/.test(path)).slice(-1);
  const version = /--([\d.]+)\.sql$/.exec(install!.path)![1]!;
  const upgrades = vaultFiles.filter(({ path }) => path.includes(`--${version}--`));
  await client.query('create schema if not exists vault');
  for (const { path, text } of [install!, ...upgrades]) {
    const sql = text
      .replace(/^\\.*$/gm, '')
      .replaceAll('@extschema@', 'vault')
      .replace(/language\s+c\b/gi, 'language plpgsql')
      .replace(/as\s+'MODULE_PATHNAME'\s*(,\s*'[^']*')?/gi, "as 'begin return null; end'");
    await lay('supabase_admin', path, `set search_path = vault; ${sql}`, true);
  }

  const webhooks = 'apps/cli-go/internal/db/start/templates/webhook.sql';
  await lay('supabase_admin', webhooks, git('cli', 'show', `HEAD:${webhooks}`), true);
  const history = git('cli', 'show', 'HEAD:apps/cli-go/pkg/migration/history.go');
  for (const [, sql] of history.matchAll(/= "((?:CREATE|ALTER) [^"]*)"/g)) {
    await lay('postgres', 'history.go', sql!);
  }

  for (const { path, text } of later.filter(({ path }) => !/^\d/.test(path)))
    await lay('supabase_admin', path, text);

  const facts = await readPlatformFacts(async (sql) => (await client.query(sql)).rows);
  const sources = {
    ...Object.fromEntries(
      repositories.map((name) => [
        `supabase/${name}`,
        git(name, 'log', '-1', '--format=%h %cs', '--abbrev=12').trim(),
      ]),
    ),
    later: later.map(({ path }) => path.replace(/\.sql$/, '')),
  };
  const path = '__tests__/database/platform-list.json';
  writeFileSync(path, `${JSON.stringify({ sources, ...facts }, null, 2)}\n`);
  execFileSync('npx', ['biome', 'format', '--write', path], { stdio: 'ignore' });
  console.log(
    `${path}: ${Object.keys(facts.tables).length} tables, ${Object.keys(facts.functions).length} functions.`,
  );
  if (passedOver.length > 0)
    console.log(`Passed over, for want of an extension:\n  ${passedOver.join('\n  ')}`);
  await client.end();
} finally {
  await server.stop();
}
