/**
 * What the application's own code asks of the database, as far as its text shows it: `.from('note').delete()`, on a client
 * that holds the anon key or on another. Nothing is run and nothing is resolved but relative and aliased imports: what the text
 * does not show is left out.
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientCall } from '../model/client.ts';
import type { Call } from './call.ts';
import {
  appClientsIn,
  callsInApp,
  isAppCode,
  isAppTest,
  isServerClient,
  mentionsServer,
} from './calls-in-app.ts';
import { callsInScript } from './calls-in-script.ts';

/** Files of the repository's code, bytes of one of them: what is more is no application written by hand. */
const mostFiles = 20_000;
const largestFile = 512 * 1024;

const code = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|dart|swift|kt)$/;
/** Neither tests nor tools nor what was built. */
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
  const apps = appsIn(texts, schema);
  return [...texts].flatMap(([path, text]) => {
    const app = apps.get(languageOf(path));
    const found = isAppCode(path) ? callsOfApp(text, app !== undefined) : callsOfScript(path, text, modules);
    return found.calls.flatMap(({ name, schema: written, commands, client, ...call }) =>
      commands.map((command) => ({
        path,
        by: found.by(client),
        object: `${written ?? app ?? schema}.${name}`,
        command,
        ...call,
      })),
    );
  });
}

interface Found {
  readonly calls: readonly Call[];
  /** As whom the client of that name asks. */
  readonly by: (client: string) => ClientCall['by'];
}

const others = () => 'other' as const;
const usersIf =
  (isUsers: (client: string) => boolean): Found['by'] =>
  (client) =>
    isUsers(client) ? 'user' : 'other';

function callsOfScript(path: string, text: string, modules: Modules): Found {
  if (!/\.(?:from|rpc)\b/.test(text)) return { calls: [], by: others };
  const calls = callsInScript(text);
  if (isEdgeFunction.test(path)) {
    const visitors = visitorClients(text);
    return { calls, by: (client) => (visitors.has(client) ? 'visitor' : 'other') };
  }
  if (holdsServiceKey(text)) return { calls, by: others };
  const isAnon = runsInBrowser(path, text) ? () => true : anonClients(path, text, modules);
  return { calls, by: usersIf((client) => !isServerName.test(client) && isAnon(client)) };
}

function callsOfApp(text: string, isApps: boolean): Found {
  if (!/\.(?:from|rpc)\b|\bpostgrest\b/.test(text)) return { calls: [], by: others };
  const isUsers = isApps && !mentionsServer(text) ? (client: string) => !isServerClient(client) : () => false;
  return { calls: callsInApp(text), by: usersIf(isUsers) };
}

/** Names of clients that are made with the anon key and without the header that hands the user's token on. */
function visitorClients(text: string): ReadonlySet<string> {
  const made = new Map<string, boolean>();
  const making =
    /\b(?:const|let)\s{1,4}(\w{1,80})\s{0,4}(?::[^=;]{0,80})?=\s{0,20}createClient(?:<[^()]{0,80}>)?\(([^;]{0,800})/g;
  for (const [, name, rest] of text.matchAll(making)) {
    const [, key, options = '{}'] = argumentTexts(rest!) ?? [];
    const isVisitors =
      key !== undefined &&
      /anon_?key|publishable/i.test(key) &&
      !/service_?role|service_?key|secret/i.test(key) &&
      options.startsWith('{') &&
      !/authorization|accessToken|\bheaders\b|\.\.\./i.test(options);
    // One name for several clients of the file: all of them have to be.
    made.set(name!, isVisitors && made.get(name!) !== false);
  }
  return /\bsetSession\b/.test(text)
    ? new Set()
    : new Set([...made].flatMap(([name, isVisitors]) => (isVisitors ? [name] : [])));
}

/** The arguments up to the parenthesis that closes them; null where none does. */
function argumentTexts(text: string): readonly string[] | null {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if ('([{'.includes(text[i]!)) depth += 1;
    else if (')]}'.includes(text[i]!)) depth -= 1;
    if (depth < 0 || (depth === 0 && text[i] === ',')) {
      found.push(text.slice(from, i).trim());
      from = i + 1;
    }
    if (depth < 0) return found.filter((each) => each !== '');
  }
  return null;
}

/** They mostly hold the service key. */
const isEdgeFunction = /(?:^|\/)supabase\/functions\//;

const languageOf = (path: string) => path.slice(path.lastIndexOf('.'));

/** The schema that clients of each language of apps ask; none where a server is among them, or several schemas are. */
function appsIn(texts: ReadonlyMap<string, string>, schema: string): ReadonlyMap<string, string> {
  const byLanguage = new Map<string, string[]>();
  for (const [path, text] of texts) {
    if (!isAppCode(path)) continue;
    const known = byLanguage.get(languageOf(path));
    if (known === undefined) byLanguage.set(languageOf(path), [text]);
    else known.push(text);
  }
  return new Map(
    [...byLanguage].flatMap(([language, all]) => {
      const { server, schemas } = appClientsIn(all);
      return server || schemas.length > 1 ? [] : [[language, schemas[0] ?? schema]];
    }),
  );
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
        if (entry.name === 'supabase' && isProject(join(root, path))) {
          projects.push(path);
          folders.push(`${path}/functions/`);
        } else if (!noApplication.test(entry.name) || isPackage(folder, entry.name)) folders.push(`${path}/`);
      } else if (entry.isFile() && code.test(entry.name) && !noApplicationFile.test(entry.name)) {
        if (isAppCode(path) && isAppTest(path)) continue;
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

/** Below `src/main/java` and the like folders are packages: `com/example/notes`, `features/docs`. */
const isPackage = (folder: string, name: string) =>
  /\/(?:java|kotlin)\//.test(folder) && /^(?:examples?|docs|public|static|archive|vendor)$/.test(name);

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

/** Names of clients that hold the service key. */
const isServerName = /admin|service|privileged|root/i;

const holdsServiceKey = (text: string) =>
  /service_?-?role|service_?key|secret_?key|sb_secret|createAdmin|supabaseAdmin|['"]server-only['"]/i.test(
    text,
  );

/** Nothing but that import says that the service key may be there. */
const isServerOnly = (text: string) => !holdsServiceKey(text.replace(/['"]server-only['"]/g, ''));

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

const mostClients = 20;

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

const mostImports = 100;
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
    // An alias in two apps of the repository is that of the app that it stands in.
    const near = nearest(found, importer);
    return near === undefined ? undefined : fileOf(near);
  };
  const keys = new Map<string, Key | null>();
  const look = (path: string, hops: number): Key | null => {
    const text = texts.get(path)!;
    // A module of the server that makes its client with the anon key and the user's cookies asks as the user.
    if (holdsServiceKey(text) && !(isServerOnly(text) && makesClient(text))) return 'unknown';
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

/** The one that shares the most folders with the file; undefined where several share as many. */
function nearest(paths: readonly string[], file: string): string | undefined {
  const folders = file.split('/').slice(0, -1);
  const shared = (path: string) => {
    const parts = path.split('/');
    const apart = folders.findIndex((folder, at) => folder !== parts[at]);
    return apart === -1 ? folders.length : apart;
  };
  const most = Math.max(...paths.map(shared));
  const [first, ...others] = paths.filter((path) => shared(path) === most);
  return others.length === 0 ? first : undefined;
}

const makesClient = (module: string) =>
  importsOf(module).some(
    ({ names, specifier }) =>
      specifier.startsWith('@supabase/') && [...names].some((name) => /^create\w*Client$/.test(name)),
  );

const holdsAnonKey = (module: string) =>
  /anon_?key|publishable|['"]eyJ/i.test(module) ||
  // What a browser's bundle may hold.
  /\b(?:NEXT_PUBLIC|VITE|EXPO_PUBLIC|REACT_APP|NUXT_PUBLIC|PUBLIC)_\w{0,40}SUPABASE\w{0,40}KEY\b/.test(
    module,
  ) ||
  /create(?:Browser|ClientComponent)/.test(module);
