/** Stage 1: which projects of this checkout a change touches, and their migrations before and after it. */
import { readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Change, History, Migration } from '../model/migration.ts';
import { compareNames, readMigrations, toMigrations } from '../project/migrations.ts';
import { findProject, UsageError } from '../project/project.ts';
import { workTreeOf } from '../project/work-tree.ts';
import { type BaseFile, compareMigrations } from './compare.ts';
import { blobId, type CommitReader, Git, type Tree } from './git.ts';

/** The guard could not do its work: one sentence, what to do next. Exit code 3. */
export class CannotCheck extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CannotCheck';
  }
}

/** There is no git to say what changed. */
export class NoRepository extends UsageError {}

export type Selection =
  /** Against a commit; null: the merge base with the default branch. */
  | { readonly kind: 'base'; readonly ref: string | null }
  /** These files are the change; all others are the base. Needs no git. */
  | {
      readonly kind: 'changed';
      readonly files: readonly string[];
      /** The base ends where the first of them begins: the state they were written for. */
      readonly asNewest?: boolean;
    }
  /** Each migration by itself on top of those before it. Needs no git. */
  | { readonly kind: 'all' };

export interface DiscoverOptions {
  readonly cwd: string;
  /** Folder that holds `supabase/`; null: the nearest, or with `everyProject` all that the change touches. */
  readonly project: string | null;
  readonly everyProject: boolean;
  readonly selection: Selection;
  /** Where the base commit is looked for after the local git: GitHub's trees and blobs. */
  readonly remote: CommitReader | null;
  /** Of all projects of the repository. */
  readonly openPullRequests: History['openPullRequests'];
  /** All migrations on the tip of the base branch. */
  readonly baseTip: History['baseTip'];
}

export interface DiscoveredProject {
  readonly root: string;
  readonly repositoryRoot: string;
  readonly history: History;
  /** False where nothing changed that could matter: no migration, no configuration, no seed. */
  readonly touched: boolean;
  readonly base: { readonly ref: string | null; readonly sha: string | null };
  /** The guard's own configuration as it stands on the base; null where it is not there; undefined: read the head's. */
  readonly baseConfig: string | null | undefined;
  readonly baseFile: (path: string) => Promise<string | null>;
}

export async function discover(options: DiscoverOptions): Promise<readonly DiscoveredProject[]> {
  if (options.selection.kind !== 'base') return [await withoutGit(options, options.selection)];
  const every = options.everyProject && options.project === null;
  const root = every ? null : await findProject(options.cwd, options.project);
  const git = await Git.open(root ?? options.cwd);
  if (git === null) {
    throw new NoRepository(
      `"${root ?? options.cwd}" is in no git repository, so there is no base to compare with. Use --all, or name the changed files with --changed FILE.`,
    );
  }
  const base = await findBase(git, options.selection.ref, options.remote);
  const roots = root === null ? await changedProjects(git, base) : [root];
  return Promise.all(roots.map((each) => againstBase(git, base, each, options)));
}

interface Base {
  readonly ref: string | null;
  /** Null before the first commit, where the base is empty. */
  readonly sha: string | null;
  readonly tree: Tree;
  readonly reader: CommitReader;
}

/**
 * The local object; GitHub's API; a fetch of that one commit. Never "assume empty", but in a repository that has no
 * commit at all.
 */
async function findBase(git: Git, ref: string | null, remote: CommitReader | null): Promise<Base> {
  const name = ref ?? (await defaultBase(git));
  const local = name === null ? null : await git.resolve(name);
  if (name !== null && local !== null)
    return { ref, sha: local, tree: (await git.tree(local))!, reader: git };
  if (name === null && (await git.hasNoCommit())) return { ref, sha: null, tree: new Map(), reader: git };
  const isCommit = name !== null && /^[0-9a-f]{40,64}$/.test(name);
  const reasons: string[] = ['it is not in this checkout'];
  if (isCommit && remote !== null) {
    try {
      const tree = await remote.tree(name);
      if (tree !== null) return { ref, sha: name, tree, reader: remote };
      reasons.push('GitHub gave an incomplete listing of it');
    } catch (error) {
      reasons.push(`GitHub did not give it (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  if (name !== null && (await git.fetch(name))) {
    const fetched = await git.resolve(isCommit ? name : 'FETCH_HEAD');
    if (fetched !== null) return { ref, sha: fetched, tree: (await git.tree(fetched))!, reader: git };
  }
  reasons.push('"git fetch" did not bring it');
  throw new CannotCheck(
    `The base "${name ?? 'main'}" to compare with could not be found: ${reasons.join(', ')}. Check out with "fetch-depth: 0", name another commit with --base, or use --all.`,
  );
}

/** The merge base with the default branch; on that branch itself, the last commit. */
async function defaultBase(git: Git): Promise<string | null> {
  for (const name of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master']) {
    const commit = await git.resolve(name);
    if (commit !== null) return (await git.mergeBase('HEAD', commit)) ?? commit;
  }
  return git.resolve('HEAD');
}

/** Files on the default branch, where this branch left it: what databases have run, as far as they are migrations. */
export async function mergedFiles(folder: string): Promise<ReadonlySet<string>> {
  const git = await Git.open(folder);
  const commit = git === null ? null : await defaultBase(git);
  const tree = commit === null ? null : await git!.tree(commit);
  return new Set(tree?.keys());
}

/** Every folder whose `supabase/` differs from the base in a way that matters to the guard. */
async function changedProjects(git: Git, base: Base): Promise<string[]> {
  const roots = new Set<string>();
  const head = new Set(await git.files());
  for (const path of new Set([...head, ...base.tree.keys()])) {
    const match = /^(?:(.*)\/)?supabase\/(.+)$/.exec(path);
    if (match === null || !concerns(match[2]!)) continue;
    const root = match[1] ?? '';
    if (roots.has(root)) continue;
    if (!head.has(path) || !base.tree.has(path) || (await headId(git.root, path)) !== base.tree.get(path))
      roots.add(root);
  }
  const withMigrations = [...roots].filter((root) => {
    const folder = `${root === '' ? '' : `${root}/`}supabase/migrations/`;
    return [...head, ...base.tree.keys()].some((path) => path.startsWith(folder));
  });
  return withMigrations.sort().map((root) => join(git.root, root));
}

/** Files under `supabase/` that can change what the migrations do, or how they are judged. */
function concerns(path: string): boolean {
  return (
    path.startsWith('migrations/') ||
    path.startsWith('tests/') ||
    path.startsWith('seed') ||
    ['config.toml', 'roles.sql', 'baseline.sql', 'migration-guard.yml'].includes(path)
  );
}

async function headId(root: string, path: string): Promise<string | null> {
  try {
    return blobId(await readFile(join(root, path)));
  } catch {
    return null;
  }
}

async function againstBase(
  git: Git,
  base: Base,
  root: string,
  options: DiscoverOptions,
): Promise<DiscoveredProject> {
  const inRepository = relative(git.root, root).split(sep).join('/');
  const prefix = inRepository === '' ? '' : `${inRepository}/`;
  const folder = `${prefix}supabase/migrations`;
  const head = await readMigrations(join(root, 'supabase', 'migrations'), folder);
  const readText = async (id: string) => new TextDecoder().decode(await base.reader.blob(id));

  const headIds = new Map<string, string>();
  for (const migration of head.migrations) {
    headIds.set(migration.path, (await headId(git.root, migration.path)) ?? '');
  }
  const headByPath = new Map(head.migrations.map((migration) => [migration.path, migration]));
  const below = [...base.tree].filter(([path]) => path.startsWith(`${folder}/`));
  const files = below.filter(([path]) => !path.slice(folder.length + 1).includes('/'));
  const folders = new Set(
    below
      .map(([path]) => path.slice(folder.length + 1))
      .filter((name) => name.includes('/'))
      .map((name) => name.split('/')[0]!),
  );
  const onBase = toMigrations(
    [
      ...(await Promise.all(
        files.map(async ([path, id]) => {
          const same = headIds.get(path) === id ? headByPath.get(path) : undefined;
          const bytes = same?.text != null ? Buffer.from(same.text) : await base.reader.blob(id);
          return { fileName: path.slice(folder.length + 1), kind: 'file' as const, bytes, unreadable: null };
        }),
      )),
      ...[...folders].map((fileName) => ({
        fileName,
        kind: 'folder' as const,
        bytes: null,
        unreadable: null,
      })),
    ],
    folder,
  );
  const baseFiles: BaseFile[] = onBase.migrations.map((migration) => ({
    path: migration.path,
    id: base.tree.get(migration.path)!,
    text: async () => migration.text,
  }));
  const changes = await compareMigrations(baseFiles, head.migrations, headIds);
  const configPath = `${prefix}supabase/migration-guard.yml`;
  const configId = base.tree.get(configPath);
  const otherChanges: string[] = [];
  const headFiles = (await git.files()).filter((path) => path.startsWith(`${prefix}supabase/`));
  for (const path of new Set([
    ...headFiles,
    ...[...base.tree.keys()].filter((p) => p.startsWith(`${prefix}supabase/`)),
  ])) {
    if (path.startsWith(`${folder}/`) || !concerns(path.slice(prefix.length + 'supabase/'.length))) continue;
    if ((await headId(git.root, path)) !== (base.tree.get(path) ?? null)) otherChanges.push(path);
  }
  const skippedChanged = head.skipped.some(
    ({ path }) => !onBase.skipped.some((entry) => entry.path === path),
  );
  return {
    root,
    repositoryRoot: git.root,
    touched: changes.length > 0 || otherChanges.length > 0 || skippedChanged,
    base: { ref: base.ref, sha: base.sha },
    baseConfig: configId === undefined ? null : await readText(configId),
    baseFile: async (path) => {
      const id = base.tree.get(path);
      return id === undefined ? null : readText(id);
    },
    history: {
      base: onBase.migrations,
      head: head.migrations,
      skipped: head.skipped,
      skippedOnBase: onBase.skipped,
      changes,
      otherChanges: otherChanges.sort(),
      openPullRequests: inFolder(folder, options.openPullRequests),
      baseTip: newOnTip(folder, options.baseTip, onBase.migrations, head.migrations),
      remote: null,
      ranBefore: [],
      baseCommit: base.sha,
      all: false,
    },
  };
}

const inFolder = <T extends { readonly path: string }>(folder: string, entries: readonly T[]): readonly T[] =>
  entries.filter(({ path }) => path.startsWith(`${folder}/`));

function newOnTip(
  folder: string,
  tip: History['baseTip'],
  base: readonly Migration[],
  head: readonly Migration[],
): History['baseTip'] {
  const known = new Set([...base, ...head].map(({ path }) => path));
  return inFolder(folder, tip).filter(({ path }) => !known.has(path));
}

async function withoutGit(options: DiscoverOptions, selection: Selection): Promise<DiscoveredProject> {
  const root = await findProject(options.cwd, options.project);
  const repositoryRoot = (await workTreeOf(root)) ?? root;
  const folder = relative(repositoryRoot, join(root, 'supabase', 'migrations'))
    .split(sep)
    .join('/');
  const { migrations, skipped } = await readMigrations(join(root, 'supabase', 'migrations'), folder);
  const listed =
    selection.kind === 'changed' ? await listedMigrations(selection.files, options, root, migrations) : null;
  const isChanged = (migration: Migration) => listed === null || listed.has(migration.path);
  const first = migrations.find(isChanged);
  const standsBefore = ({ version }: Migration) =>
    selection.kind !== 'changed' || !selection.asNewest || !first || version < first.version;
  const changes: Change[] = migrations
    .filter(isChanged)
    .map(({ path }) => ({ kind: 'added', path, previousPath: null, before: null }));
  return {
    root,
    repositoryRoot,
    touched: true,
    base: { ref: null, sha: null },
    baseConfig: undefined,
    baseFile: async () => null,
    history: {
      base:
        listed === null
          ? []
          : migrations.filter((migration) => !isChanged(migration) && standsBefore(migration)),
      head: migrations,
      skipped,
      skippedOnBase: listed === null ? [] : skipped.filter((entry) => !listed.has(entry.path)),
      changes,
      otherChanges: [],
      openPullRequests: inFolder(folder, options.openPullRequests),
      baseTip: newOnTip(folder, options.baseTip, [], migrations),
      remote: null,
      ranBefore: [],
      baseCommit: null,
      all: selection.kind === 'all',
    },
  };
}

/** `--changed` takes paths as the shell gives them, file names alone, and paths from the repository's root. */
async function listedMigrations(
  files: readonly string[],
  options: DiscoverOptions,
  root: string,
  migrations: readonly Migration[],
): Promise<ReadonlySet<string>> {
  const repositoryRoot = (await workTreeOf(root)) ?? root;
  const known = new Map<string, string>();
  for (const { path, fileName } of migrations) {
    known.set(resolve(repositoryRoot, path), path);
    known.set(fileName, path);
  }
  const listed = new Set<string>();
  for (const file of files) {
    const places = [options.cwd, root, repositoryRoot, join(root, 'supabase', 'migrations')];
    const candidates = [...places.map((place) => resolve(place, file)), file];
    const path = candidates.map((candidate) => known.get(candidate)).find((found) => found !== undefined);
    const there = path ?? (/\.sql$/.test(file) ? await firstThere(candidates.slice(0, -1)) : null);
    if (there === null)
      throw new UsageError(`"${file}" is no migration of "${root}". Name files of supabase/migrations.`);
    listed.add(path ?? relative(repositoryRoot, there).split(sep).join('/'));
  }
  return new Set([...listed].sort(compareNames));
}

async function firstThere(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const found = await readFile(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}
