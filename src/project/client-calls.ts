/**
 * What the application's own code asks of the database, as far as its text shows it: `.from('note').delete()` on a
 * client that holds the anon key. Nothing is run and nothing is resolved but relative and aliased imports: what the text
 * does not show is left out.
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientCall } from '../model/client.ts';

/** Files of the repository's code, bytes of one of them: what is more is no application written by hand. */
const mostFiles = 20_000;
const largestFile = 512 * 1024;

const code = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|dart)$/;
/** Neither tests nor tools nor what was built; Edge Functions mostly hold the service key. */
const noApplication =
  /^(?:\.|node_modules$|dist$|build$|out$|coverage$|vendor$|public$|static$|scripts?$|tests?$|__tests__$|__mocks__$|mocks?$|e2e$|cypress$|playwright$|fixtures$|stories$|examples?$|docs$|seeds?$|archive$)/i;
const noApplicationFile = /\.(?:test|spec|stories|d|config|min)\.[^.]+$/i;

/**
 * Calls in the code of the repository, in the order of paths and lines. Where the repository holds several projects, of
 * the code beside this one. Never throws: a file that can't be read is none.
 */
export function readClientCalls(
  repositoryRoot: string,
  projectPath: string,
  schema: string,
): readonly ClientCall[] {
  const { files, projects } = listCode(repositoryRoot);
  const below = projects.length > 1 && projectPath !== '.' ? `${projectPath}/` : '';
  const texts = new Map<string, string>();
  for (const path of files.filter((each) => each.startsWith(below)).sort()) {
    const text = readText(join(repositoryRoot, path));
    if (text?.includes('upabase')) texts.set(path, text);
  }
  return clientCallsIn(texts, schema);
}

/** The same of texts by their paths. `schema`: where a name without one is looked for. */
export function clientCallsIn(texts: ReadonlyMap<string, string>, schema: string): readonly ClientCall[] {
  const modules = modulesIn(texts);
  return [...texts].flatMap(([path, text]) => {
    if (!/\.(?:from|rpc)\b/.test(text) || holdsServiceKey(text)) return [];
    const inBrowser = runsInBrowser(path, text);
    const isAnon = inBrowser ? () => true : anonClients(path, text, modules);
    return callsIn(text)
      .filter(({ client }) => !isServerName.test(client) && isAnon(client))
      .flatMap(({ name, schema: written, commands, ...call }) =>
        commands.map((command) => ({
          path,
          object: `${written ?? schema}.${name}`,
          command,
          ...call,
        })),
      );
  });
}

/** One after the other and without waiting: for thousands of small files that takes a fifth of the time. */
function listCode(root: string): { files: readonly string[]; projects: readonly string[] } {
  const files: string[] = [];
  const projects: string[] = [];
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const entry of entriesOf(join(root, folder))) {
      const path = `${folder}${entry.name}`;
      // A link is neither: what it leads to may lie outside.
      if (entry.isDirectory()) {
        if (entry.name === 'supabase' && isProject(join(root, path))) projects.push(path);
        else if (!noApplication.test(entry.name)) folders.push(`${path}/`);
      } else if (entry.isFile() && code.test(entry.name) && !noApplicationFile.test(entry.name)) {
        if (files.push(path) === mostFiles) return { files, projects };
      }
    }
  }
  return { files, projects };
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** `src/lib/supabase` is the home of a client, and no project. */
const isProject = (folder: string) =>
  ['config.toml', 'migrations', 'functions'].some((name) => existsSync(join(folder, name)));

function readText(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > largestFile ? null : text;
  } catch {
    return null;
  }
}

interface Call extends Pick<ClientCall, 'line' | 'method' | 'columns' | 'embeds' | 'single'> {
  /** The name before `.from`. */
  readonly client: string;
  readonly name: string;
  readonly schema: string | null;
  readonly commands: readonly ClientCall['command'][];
}

const commandsOf: Readonly<Record<string, readonly ClientCall['command'][]>> = {
  select: ['select'],
  insert: ['insert'],
  upsert: ['insert', 'update'],
  update: ['update'],
  delete: ['delete'],
  rpc: ['execute'],
};

// The text is hostile: every repetition below has an end, so that no pattern takes more than a few steps a character.

/** `.from('note').delete(`, `.rpc('totals'`. */
const asked =
  /\.from(?:<[^<>()]{0,80}>)?\(\s{0,40}(['"`])(\w{1,63})\1(?:\s{1,4}as\s{1,4}\w{1,20})?\s{0,40}\)\s{0,200}\.(select|insert|upsert|update|delete)\s{0,4}[(<]|\.(rpc)(?:<[^<>()]{0,80}>)?\(\s{0,40}['"`](\w{1,63})['"`]/g;
/** What stands before it: a name, perhaps `(name as any)`, `name()`, and a schema. */
const before =
  /(?<![\w$])([\w$]{1,80})(?:\s{1,4}as\s{1,4}[\w.]{1,60}\))?(?:!|\(\))?\)?\s{0,100}(?:\.schema\(\s{0,10}['"`](\w{1,63})['"`]\s{0,10}\)\s{0,100})?$/;

/** Of one file: no more are written by hand. */
const mostCalls = 1_000;
const mostClients = 20;
const mostImports = 100;

function callsIn(text: string): Call[] {
  const calls: Call[] = [];
  let line = 1;
  let counted = 0;
  for (const match of text.matchAll(asked)) {
    const at = match.index;
    for (
      let next = text.indexOf('\n', counted);
      next !== -1 && next < at;
      next = text.indexOf('\n', counted)
    ) {
      line += 1;
      counted = next + 1;
    }
    const head = before.exec(text.slice(Math.max(0, at - 400), at));
    // `storage.from('files').update()` is a bucket's.
    if (head === null || head[1] === 'storage' || isComment(text, at)) continue;
    const method = (match[3] ?? match[4])!;
    const chain = method === 'rpc' ? '' : chainFrom(text, at);
    const ignores = method === 'upsert' && /ignoreDuplicates:\s{0,4}true/.test(text.slice(at, at + 1500));
    calls.push({
      line,
      client: head[1]!,
      name: (match[2] ?? match[5])!,
      schema: head[2] ?? null,
      method,
      commands: ignores ? ['insert'] : commandsOf[method]!,
      columns: columnsIn(chain),
      embeds: embedsIn(chain),
      single: /\.single\(/.test(chain),
    });
    if (calls.length === mostCalls) break;
  }
  return calls;
}

/** The call and what is chained to it, as far as a semicolon, an empty line or the next call. */
function chainFrom(text: string, at: number): string {
  const rest = text.slice(at, at + 1_500);
  const end = /;|\n[ \t]{0,80}\n|\.from\(|\.rpc\(/.exec(rest.slice(5));
  return end === null ? rest : rest.slice(0, end.index + 5);
}

/** Whose key is not named: `users(…)`, `author:users(…)`, and not `users!author_id(…)` but for a join's kind. */
function embedsIn(chain: string): readonly string[] {
  const lists = [...chain.matchAll(/\.select\(\s{0,40}['"`]([^'"`]{0,2000})['"`]/g)].map(([, list]) => list!);
  return lists.flatMap((list) =>
    [...list.matchAll(/(?<![\w!])(\w{1,63})(?:!(?:inner|left))?\(/g)].map(([, name]) => name!),
  );
}

function columnsIn(chain: string): readonly string[] {
  const found = new Set<string>();
  for (const [, list] of chain.matchAll(/\.select\(\s{0,40}['"`]([^'"`]{0,1000})['"`]/g)) {
    // `author:users(name)` names columns of another table.
    let plain = list!;
    for (let before = ''; before !== plain; ) {
      before = plain;
      plain = plain.replace(/[\w!:]{0,100}\([^()]{0,1000}\)/g, '');
    }
    for (const item of plain.split(',')) {
      const [, column] = /^\s*(?:\w+:)?(\w+)/.exec(item) ?? [];
      if (column !== undefined) found.add(column);
    }
  }
  const filters =
    /\.(?:eq|neq|gt|gte|lt|lte|like|ilike|is|in|contains|containedBy|overlaps|textSearch|order|not|filter|match)\(\s{0,40}['"`](\w{1,63})['"`]/g;
  for (const [, column] of chain.matchAll(filters)) found.add(column!);
  const written = /\.(?:insert|upsert|update)\(\s{0,40}\[?\s{0,40}\{([^{}]{0,1200})/.exec(chain)?.[1] ?? '';
  for (const [, column] of written.matchAll(/(?:^|[,\n])\s{0,80}['"]?(\w{1,63})['"]?\s{0,4}(?=[:,\n]|$)/g))
    found.add(column!);
  return [...found];
}

/** As far as its line shows. */
function isComment(text: string, at: number): boolean {
  const line = text.slice(Math.max(text.lastIndexOf('\n', at - 1) + 1, at - 500), at);
  return /^[ \t]{0,80}(?:\/\/|\*|\/\*|<!--)/.test(line) || /(?:^|[ \t])\/\/[ \t]/.test(line);
}

/** Names of clients that hold the service key. */
const isServerName = /admin|service|privileged|root/i;

const holdsServiceKey = (text: string) =>
  /service_?-?role|service_?key|secret_?key|sb_secret|createAdmin|supabaseAdmin|['"]server-only['"]/i.test(
    text,
  );

/** Code that a browser (or an app) runs: the service key is never there. */
function runsInBrowser(path: string, text: string): boolean {
  if (/^[ \t]{0,40}['"]use server['"]/m.test(text)) return false;
  // Flutter's code is the app itself.
  if (/\.(?:vue|svelte|dart)$/.test(path)) return true;
  return (
    /^(?:\s|\/\/[^\n]*\n|\/\*[^*]*\*\/)*['"]use client['"]/.test(text.slice(0, 4_000)) ||
    /\b(?:useState|useEffect|useLayoutEffect|useReducer|useQuery|useMutation|useInfiniteQuery|useSWR|useRouter|useNavigate)\s{0,4}[(<]/.test(
      text,
    )
  );
}

/** Whether the client of that name holds the anon key, by the modules it comes from. */
function anonClients(path: string, text: string, modules: Modules): (client: string) => boolean {
  const known = new Map<string, boolean>();
  const imports = importsOf(text);
  const look = (client: string): boolean => {
    const name = client.replace(/\$/g, '\\$');
    const made = new RegExp(
      `(?:\\b(?:const|let|var)\\s{1,4}(?:\\{[^{}]{0,80})?|\\bthis\\.)${name}\\b[^=;]{0,80}=\\s{0,20}(?:await\\s{1,4})?(\\w{1,80})\\s{0,4}(?:<[^()]{0,80}>)?\\(`,
      'g',
    );
    const sources = [client, ...[...text.matchAll(made)].map(([, maker]) => maker!)];
    const from = imports.filter(({ names }) => sources.some((source) => names.has(source)));
    // One name for several clients of the file: which of them is asked is not known.
    return (
      from.length > 0 &&
      from.every(({ specifier }) => {
        const module = specifier.startsWith('@supabase/') ? path : modules.resolve(specifier, path);
        return module !== undefined && modules.key(module) === 'anon';
      })
    );
  };
  return (client) => {
    if (!known.has(client)) known.set(client, known.size < mostClients && look(client));
    return known.get(client)!;
  };
}

interface Import {
  readonly names: ReadonlySet<string>;
  readonly specifier: string;
}

function importsOf(text: string): readonly Import[] {
  return [...text.matchAll(/\bfrom\s{1,4}['"]([^'"\n]{1,200})['"]/g)].flatMap((match) => {
    const head = text.slice(Math.max(0, match.index - 2_000), match.index);
    const start = head.lastIndexOf('import');
    if (start === -1) return [];
    return [{ names: new Set(head.slice(start).match(/[\w$]+/g)), specifier: match[1]! }];
  });
}

interface Modules {
  /** Path of the file that a specifier leads to, relative or by an alias; undefined where it is none or several. */
  resolve(specifier: string, importer: string): string | undefined;
  /** Which key the clients hold that a file makes or hands on; null where it has none. */
  key(path: string): Key | null;
}

type Key = 'anon' | 'unknown';

/** Files between a client and who calls it: `lib/supabase.ts`, an index, a loader. */
const mostHops = 3;

function modulesIn(texts: ReadonlyMap<string, string>): Modules {
  const byLastPart = new Map<string, string[]>();
  for (const path of texts.keys()) {
    const plain = path.replace(code, '').replace(/\/index$/, '');
    const last = plain.split('/').at(-1)!;
    const known = byLastPart.get(last);
    if (known === undefined) byLastPart.set(last, [plain]);
    else known.push(plain);
  }
  const fileOf = (plain: string) =>
    ['ts', 'js', 'tsx', 'jsx', 'mts', 'mjs']
      .flatMap((ending) => [`${plain}.${ending}`, `${plain}/index.${ending}`])
      .find((path) => texts.has(path));
  const resolve = (specifier: string, importer: string) => {
    const isRelative = specifier.startsWith('.');
    const parts = isRelative ? importer.split('/').slice(0, -1) : [];
    for (const part of specifier.replace(code, '').split('/')) {
      if (part === '..') parts.pop();
      // `@/lib`, `~/lib`, `$lib`.
      else if (part !== '.' && !/^[@~$]?$/.test(part)) parts.push(part.replace(/^\$(?=lib$)/, ''));
    }
    const plain = parts.join('/').replace(/\/index$/, '');
    if (isRelative) return fileOf(plain);
    const found = (byLastPart.get(plain.split('/').at(-1)!) ?? []).filter(
      (each) => each === plain || each.endsWith(`/${plain}`),
    );
    // An alias in two apps of the repository: which of them is meant is not known.
    return found.length === 1 ? fileOf(found[0]!) : undefined;
  };
  const keys = new Map<string, Key | null>();
  const look = (path: string, hops: number): Key | null => {
    const text = texts.get(path)!;
    if (holdsServiceKey(text)) return 'unknown';
    if (makesClient(text)) return holdsAnonKey(text) ? 'anon' : 'unknown';
    if (hops === mostHops) return null;
    const handed = [...text.matchAll(/\b(?:from\s{1,4}|import\(\s{0,4})['"]([^'"\n]{1,200})['"]/g)]
      .slice(0, mostImports)
      .flatMap(([, specifier]) => resolve(specifier!, path) ?? [])
      .flatMap((module) => (module === path ? [] : (key(module, hops + 1) ?? [])));
    return handed.length === 0 ? null : handed.every((each) => each === 'anon') ? 'anon' : 'unknown';
  };
  const key = (path: string, hops: number) => {
    let known = keys.get(path);
    if (known === undefined) {
      // Files that import each other.
      keys.set(path, null);
      known = look(path, hops);
      keys.set(path, known);
    }
    return known;
  };
  return { resolve, key: (path) => key(path, 0) };
}

const makesClient = (module: string) =>
  importsOf(module).some(
    ({ names, specifier }) =>
      specifier.startsWith('@supabase/') && [...names].some((name) => /^create\w*Client$/.test(name)),
  );

const holdsAnonKey = (module: string) =>
  /anon_?key|publishable|['"]eyJ/i.test(module) || /create(?:Browser|ClientComponent)/.test(module);
