/** A folder with `supabase/` in it: config.toml and what stands beside the migrations. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import type { Project } from '../model/migration.ts';
import { isRepository } from './work-tree.ts';

/** A wrong call or configuration: one sentence, what to do next. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/**
 * The folder that holds `supabase/`: the named one, or the nearest from `cwd` upwards within the same git repository.
 * Either may itself be that `supabase` folder. Throws UsageError where there is none.
 */
export async function findProject(cwd: string, named: string | null = null): Promise<string> {
  if (named === null) {
    const nearest = await projectAbove(resolve(cwd));
    if (nearest !== null) return nearest;
    throw new UsageError(
      `No "supabase" folder was found in "${cwd}" or above it. ${await whatToDo(resolve(cwd))}`,
    );
  }
  const folder = resolve(cwd, named);
  if (!(await isFolder(folder))) {
    throw new UsageError(
      `--project "${named}" is no folder. Name the folder that holds "supabase", or leave --project out for the nearest.`,
    );
  }
  const root = await projectAt(folder);
  if (root !== null) return root;
  throw new UsageError(`--project "${named}" holds no "supabase" folder. ${await whatToDo(folder)}`);
}

async function projectAbove(from: string): Promise<string | null> {
  for (let folder = from; ; folder = dirname(folder)) {
    const root = await projectAt(folder);
    if (root !== null || dirname(folder) === folder || (await isRepository(folder))) return root;
  }
}

async function projectAt(folder: string): Promise<string | null> {
  if (await isFolder(join(folder, 'supabase'))) return folder;
  const isSupabase = folder.endsWith(`${sep}supabase`) && (await isFolder(join(folder, 'migrations')));
  return isSupabase ? dirname(folder) : null;
}

async function whatToDo(folder: string): Promise<string> {
  const below = await projectsBelow(folder, 4);
  if (below.length === 0)
    return 'Make one with "supabase init", or name the folder that holds it with --project DIR.';
  const more = below.length > 5 ? ` and ${below.length - 5} more` : '';
  const there = below.slice(0, 5).map((root) => `"${relative(folder, root)}"`);
  return `Below it there is one in ${there.join(', ')}${more}: name it with --project DIR.`;
}

/** Folders below that hold `supabase/`, as in a monorepo. */
async function projectsBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const found: string[] = [];
  for (const name of names) {
    if (name === 'supabase') found.push(folder);
    else if (depth > 1) found.push(...(await projectsBelow(join(folder, name), depth - 1)));
  }
  return found;
}

/** What the file that the CLI writes says of the case that nothing is set. */
const saysHidden = /when unset, new entities are not auto-exposed/i;

/** Reads config.toml, roles.sql, seeds and tests. What can't be read is a note, never an error. */
export async function readProject(root: string, repositoryRoot: string): Promise<Project> {
  const folder = join(root, 'supabase');
  const notes: string[] = [];
  const { config, text } = await readConfig(join(folder, 'config.toml'), notes);
  const get = (...path: string[]) => path.reduce<unknown>((value, key) => field(value, key), config);
  const toRepository = (path: string) => relative(repositoryRoot, path).split(sep).join('/');
  const read = async (path: string) => ({ path: toRepository(path), sql: await readFile(path, 'utf8') });

  const seedPatterns = strings(get('db', 'seed', 'sql_paths')) ?? ['./seed.sql'];
  const seedFiles = get('db', 'seed', 'enabled') === false ? [] : await matching(folder, seedPatterns);
  const rolesFile = join(folder, 'roles.sql');
  // pg_prove takes these two endings.
  const below = await filesBelow(join(folder, 'tests'));
  const isTest = (file: string) => /\.(?:sql|pg)$/.test(file);
  const parts = below.filter((file) => !isTest(file) && /\.(?:sql|psql|inc|pgsql)\b/i.test(file));
  return {
    path: toRepository(root) || '.',
    root,
    major: number(get('db', 'major_version')) ?? 17,
    exposedSchemas: some(get('api', 'schemas')) ?? ['public', 'graphql_public'],
    extraSearchPath: strings(get('api', 'extra_search_path')) ?? ['public', 'extensions'],
    autoExposeNewTables: boolean(get('api', 'auto_expose_new_tables')),
    unsetHides: saysHidden.test(text),
    namesAutoExpose: text === '' || /\bauto_expose_new_tables\b/.test(text),
    thirdPartyAuth: Object.values(record(get('auth', 'third_party'))).some(
      (provider) => field(provider, 'enabled') === true,
    ),
    anonymousSignIns: get('auth', 'enable_anonymous_sign_ins') === true,
    phoneSignIns: get('auth', 'sms', 'enable_signup') === true,
    seeds: await Promise.all(seedFiles.map(read)),
    roles: (await isFile(rolesFile)) ? await read(rolesFile) : null,
    hooks: Object.entries(record(get('auth', 'hook'))).flatMap(([name, hook]) => {
      const uri = field(hook, 'uri');
      const enabled = field(hook, 'enabled') !== false;
      return enabled && typeof uri === 'string' && uri.startsWith('pg-functions://') ? [{ name, uri }] : [];
    }),
    buckets: Object.entries(record(get('storage', 'buckets'))).map(([name, bucket]) => ({
      name,
      public: field(bucket, 'public') === true,
    })),
    tests: await Promise.all(below.filter(isTest).map(read)),
    testParts: await Promise.all(parts.map(read)),
    notes,
  };
}

async function readConfig(path: string, notes: string[]): Promise<{ config: unknown; text: string }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    notes.push('There is no supabase/config.toml: the defaults of the Supabase CLI were taken.');
    return { config: {}, text: '' };
  }
  try {
    return { config: parseToml(text), text };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    notes.push(
      `supabase/config.toml could not be read (${reason}): the defaults of the Supabase CLI were taken.`,
    );
    return { config: {}, text };
  }
}

/** Files for `[db.seed].sql_paths`: plain paths and patterns with `*`, relative to `supabase/`, never outside it. */
async function matching(folder: string, patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  const all = patterns.some((pattern) => pattern.includes('*')) ? await filesBelow(folder) : [];
  for (const pattern of patterns) {
    const path = resolve(folder, pattern);
    if (!path.startsWith(folder + sep)) continue;
    if (!pattern.includes('*')) {
      if (await isFile(path)) found.add(path);
      continue;
    }
    const source = path
      .split('**')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*'))
      .join('.*');
    const test = new RegExp(`^${source}$`);
    for (const file of all) if (test.test(file)) found.add(file);
  }
  return [...found];
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [];
  }
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const strings = (value: unknown): string[] | null =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
/** An empty list says nothing: the CLI takes its defaults. */
const some = (value: unknown): string[] | null => {
  const list = strings(value);
  return list === null || list.length === 0 ? null : list;
};
const number = (value: unknown): number | null =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null;
const boolean = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);

const isFolder = (path: string) =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
const isFile = (path: string) =>
  stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
