/** A checkout's git, asked without a shell. Names from the repository are hostile: always behind `--`, always NUL-separated. */
import { createHash } from 'node:crypto';

/** Path in the repository to blob id. */
export type Tree = ReadonlyMap<string, string>;

/** Somewhere a commit's files can be read: a local git, or GitHub's API. */
export interface CommitReader {
  /** Files whose path has a `supabase` folder in it; null where that commit can't be had here. */
  tree(commit: string): Promise<Tree | null>;
  blob(id: string): Promise<Uint8Array>;
}

export class Git implements CommitReader {
  /** Absolute path of the work tree's top. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Null where `folder` is in no git work tree, or git is not installed. */
  static async open(folder: string): Promise<Git | null> {
    try {
      const root = (await git(folder, ['rev-parse', '--show-toplevel'])).toString('utf8').trim();
      return root === '' ? null : new Git(root);
    } catch {
      return null;
    }
  }

  /** An empty repository, so that paths below it are relative to it. */
  static async init(folder: string): Promise<void> {
    await git(folder, ['init', '--quiet']);
  }

  /** The commit a name stands for; null where this checkout does not have it. */
  async resolve(name: string): Promise<string | null> {
    try {
      const answer = await this.#git([
        'rev-parse',
        '--verify',
        '--quiet',
        '--end-of-options',
        `${name}^{commit}`,
      ]);
      return answer.toString('utf8').trim() || null;
    } catch {
      return null;
    }
  }

  /** Nothing was committed or fetched yet, on any branch: there is no state before what lies here. */
  async hasNoCommit(): Promise<boolean> {
    if ((await this.resolve('HEAD')) !== null) return false;
    const any = await this.#git(['rev-list', '--all', '--max-count=1']).catch(() => null);
    return any !== null && any.length === 0;
  }

  /** A commit's id and parents as it names them itself, also where a shallow clone has cut its history. */
  async commit(name: string): Promise<{ readonly sha: string; readonly parents: readonly string[] } | null> {
    const sha = await this.resolve(name);
    if (sha === null) return null;
    const [head = ''] = (await this.#git(['cat-file', 'commit', sha])).toString('utf8').split('\n\n');
    return { sha, parents: [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1]!) };
  }

  async mergeBase(a: string, b: string): Promise<string | null> {
    try {
      return (await this.#git(['merge-base', '--end-of-options', a, b])).toString('utf8').trim() || null;
    } catch {
      return null;
    }
  }

  /** One commit, without its history, from the remote that the checkout came from. */
  async fetch(commit: string): Promise<boolean> {
    try {
      await this.#git(['fetch', '--quiet', '--depth=1', '--no-tags', 'origin', '--end-of-options', commit]);
      return true;
    } catch {
      return false;
    }
  }

  async tree(commit: string): Promise<Tree | null> {
    let listing: Buffer;
    try {
      listing = await this.#git(['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit]);
    } catch {
      return null;
    }
    const files = new Map<string, string>();
    for (const line of split(listing)) {
      // `100644 blob 1234…\tpath`; 120000 is a link, 160000 a submodule.
      const match = /^100\d{3} blob ([0-9a-f]+)\t([\s\S]*)$/.exec(line);
      if (match !== null && isSupabase(match[2]!)) files.set(match[2]!, match[1]!);
    }
    return files;
  }

  blob(id: string): Promise<Buffer> {
    return this.#git(['cat-file', 'blob', id]);
  }

  /** Files of the work tree below a `supabase` folder, tracked or not, unless ignored. */
  async files(): Promise<readonly string[]> {
    const listing = await this.#git([
      'ls-files',
      '-z',
      '--cached',
      '--others',
      '--exclude-standard',
      '--deduplicate',
      '--',
      ':(top,glob)**/supabase/**',
    ]);
    return split(listing);
  }

  #git(args: readonly string[]): Promise<Buffer> {
    return git(this.root, args);
  }
}

/** Git's name for a file's content (SHA-1 repositories). */
export function blobId(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export const isSupabase = (path: string) => /(^|\/)supabase\//.test(path);

const split = (listing: Buffer) => listing.toString('utf8').split('\0').filter(Boolean);

async function git(folder: string, args: readonly string[]): Promise<Buffer> {
  // Loaded when it is needed: what is told which files to look at starts no git.
  const { execFile } = await import('node:child_process');
  // A runner's container often works in a checkout of another owner.
  const all = ['-c', 'safe.directory=*', '-c', 'core.quotePath=false', ...args];
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      all,
      {
        cwd: folder,
        encoding: 'buffer',
        maxBuffer: 1 << 30,
        env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
      },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
  });
}
